"""The thin thread: token, Start, task info with its buttons, a press, and its answer."""

import asyncio
from pathlib import Path

import pytest

from bot_gateway.app import practise
from bot_gateway.telegram import connection
from local.phone import PRACTICE_TOKEN
from shared.contract.task import Action, TaskAccepted
from tests.bot_gateway.conftest import Gateway, running
from tests.conftest import SettingsFor
from tests.people import Person, buttons, eventually


async def test_the_thread(bare: Gateway) -> None:
    """From a fresh installation to an accepted task."""
    answer = await bare.call(
        "PUT", "/api/telegram/token", {"token": "4242424242:AAPracticePhoneOpensNothingAtAll001"}
    )
    assert answer == {
        "bot": {
            "id": 4242424242,
            "username": "callout_practice_bot",
            "name": "Callout Practice",
            "link": "https://t.me/callout_practice_bot",
        }
    }
    yasmin = await bare.joined()
    known = await bare.call("GET", f"/api/technicians/{yasmin.id}")
    assert known["name"] == "Yasmin Farouk"
    assert known["username"] == "yasmin_fixes"
    assert known["profile_link"] == "https://t.me/yasmin_fixes"
    assert (known["status"], known["reviewed"]) == ("active", False)

    info = await bare.sent(yasmin)
    assert buttons(info) == {"✅ Accept": "t:1042:1:accept", "❌ Reject": "t:1042:1:reject"}
    assert "Leaking boiler" in info["text"]
    assert await yasmin.presses(info, "Accept") == "You accepted the task."
    [tap] = bare.desk.taps
    assert (tap.task, tap.offer, tap.technician, tap.action) == (1042, 1, yasmin.id, Action.ACCEPT)

    await bare.hears("task", 1042, TaskAccepted(yasmin.id, 1))
    shown = await yasmin.sees("Task #1042: accepted")
    assert shown["message_id"] == info["message_id"]
    assert buttons(shown) == {}
    [delivered] = await bare.told("DeliverySent")
    assert (delivered["purpose"], delivered["task"], delivered["message_id"]) == (
        "task_info",
        1042,
        info["message_id"],
    )


async def test_the_practice_bot_is_in_use_at_once(
    settings_for: SettingsFor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No look at the rows is waited for; and once it was removed, it is not connected again."""
    monkeypatch.setattr(connection, "LOOK", 3600)
    async with running(settings_for, tmp_path) as fresh:
        await practise(fresh.service, PRACTICE_TOKEN)
        await fresh.joined()
        await fresh.call("DELETE", "/api/telegram/token", status=204)
        await practise(fresh.service, PRACTICE_TOKEN)
        assert await fresh.events("bot") == ["BotConnected", "BotDisconnected"]


async def test_ten_starts_at_once_are_one_technician(gateway: Gateway) -> None:
    """One record, one event, so one notification."""
    person = await gateway.phones.person("Bruno Costa")
    await asyncio.gather(*(person.start() for _ in range(10)))
    await person.sees("Welcome")
    await gateway.quiet()
    assert await gateway.events("technician") == ["TechnicianRegistered"]
    assert len((await gateway.call("GET", "/api/technicians"))["items"]) == 1


async def test_a_hundred_technicians_at_once(gateway: Gateway) -> None:
    """There is no limit on how many, and nobody waits for the others."""
    people = [await gateway.phones.person(f"Technician {n}") for n in range(100)]
    await asyncio.gather(*(person.start() for person in people))

    async def all_known() -> bool:
        """a hundred technicians"""
        return (await gateway.events("technician")).count("TechnicianRegistered") == 100

    await eventually(all_known)
    first = await gateway.call("GET", "/api/technicians?limit=60")
    second = await gateway.call("GET", f"/api/technicians?limit=60&after={first['next']}")
    assert second["next"] is None
    assert {each["telegram_id"] for each in first["items"] + second["items"]} == {p.id for p in people}


async def test_a_new_name_is_noticed_on_the_next_contact(gateway: Gateway, yasmin: Person) -> None:
    """Telegram tells nobody when people rename themselves."""
    await gateway.phones.http.patch(f"/phone/people/{yasmin.id}", json={"name": "Yasmin Haddad"})
    await yasmin.says("/help")
    await yasmin.sees("You get your tasks here")
    await gateway.told("TechnicianProfileChanged")
    assert (await gateway.call("GET", f"/api/technicians/{yasmin.id}"))["name"] == "Yasmin Haddad"


async def test_a_block_is_known_at_once_and_start_heals_it(gateway: Gateway, yasmin: Person) -> None:
    """`my_chat_member` tells of it."""
    await yasmin.blocks()
    await gateway.told("TechnicianBlockedBot")
    assert (await gateway.call("GET", f"/api/technicians/{yasmin.id}"))["status"] == "blocked"
    await yasmin.start()
    await gateway.told("TechnicianUnblockedBot")
    await yasmin.sees("Hello again")
    assert (await gateway.call("GET", f"/api/technicians/{yasmin.id}"))["status"] == "active"
