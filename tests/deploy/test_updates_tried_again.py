"""Updates that could not be handled, as an operator meets them."""

import asyncpg
import msgspec

from local.phone import BOT_ID
from tests.deploy.test_doctor import findings
from tests.people import eventually
from tests.running import Callout, only


@only("one process")
async def test_the_operator_hears_of_an_unreadable_update_and_has_it_handled(fresh: Callout) -> None:
    """From the doctor, from the list, and by the command after an upgrade; nothing of its text is shown."""
    sami = await fresh.phones.person("Sami Haddad")
    await sami.start()
    await sami.sees("Sami")
    settings = fresh.settings["bot-gateway"]
    message = {"message_id": 7, "chat": {"id": sami.id}, "from": {"id": sami.id}, "text": "/help"}
    whole = msgspec.json.encode({"whole": {"update_id": 1, "message": message}})
    database = await asyncpg.connect(settings.postgres)
    try:
        await database.execute(
            """
            INSERT INTO updates (bot_id, update_id, chat_id, body, trouble, faults, set_aside_at)
            VALUES ($1, 1, $2, $3, 'Unreadable: Expected `array` - at `$.message`', 1, now())
            """,
            BOT_ID,
            sami.id,
            settings.fernet("updates").encrypt(whole),
        )
        _, found = await findings(fresh.servers)
        [told] = [each for each in found if "could not be handled" in each.says]
        assert "1 can't be read" in told.says
        assert "callout updates retry" in told.do
        listed = await fresh.command("updates", "list", service="bot-gateway")
        assert f"{BOT_ID}/1" in listed
        assert "$.message" in listed
        assert "/help" not in listed
        retried = await fresh.command("updates", "retry", service="bot-gateway")
        assert retried.strip() == "Handled again, as soon as the service runs: 1. Still can't be read: 0."
        await sami.sees("You get your tasks here")

        async def handled() -> bool:
            """the end of what was set aside"""
            return "There are none." in await fresh.command("updates", "list", service="bot-gateway")

        await eventually(handled)
    finally:
        await database.close()
