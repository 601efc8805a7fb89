"""Updates that Telegram brings to the webhook: stored before they are confirmed, handled once and in order, and refused
from anybody else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from bot_gateway.telegram import inbox
from bot_gateway.telegram.reception import webhook_secret
from local.phone import BOT_ID
from local.servers import Servers
from shared import tracing
from shared.contract.admin import Role
from shared.contract.task import Action
from tests.bot_gateway.conftest import Gateway, started, stopped
from tests.bot_gateway.webhooks import (
    HEADER,
    address,
    all_brought,
    brought,
    by_webhook,
    connected,
    next_number,
    says_help,
    stored,
    telegram,
    updates_shown,
)
from tests.conftest import SettingsFor
from tests.people import Person, buttons, eventually


@pytest.fixture
async def bare(settings_for: SettingsFor, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with by_webhook(settings_for, tmp_path) as gateway:
        yield gateway


@pytest.fixture
async def gateway(bare: Gateway) -> Gateway:
    return await connected(bare)


async def test_a_press_comes_by_webhook_and_is_carried_out(gateway: Gateway, yasmin: Person) -> None:
    """Nothing is fetched; what is stored is what the allowlist lets through; program and page say how it came."""
    info = await gateway.sent(yasmin)
    assert await yasmin.presses(info, "Accept") == "You accepted the task."
    assert gateway.desk.done() == [(1042, 1, Action.ACCEPT)]
    assert await gateway.calls("getUpdates") == []
    await all_brought(gateway)
    assert set(gateway.door.answered) == {200}
    told = await telegram(gateway, "getWebhookInfo")
    assert told["url"] == address(gateway)
    assert sorted(told["allowed_updates"]) == ["callback_query", "message", "my_chat_member"]
    assert not any("boiler" in body for body in await gateway.kept())
    shown = await updates_shown(gateway)
    assert (shown["mode"], shown["address"], shown["trouble"]) == ("webhook", address(gateway), "")
    async with gateway.as_role(Role.OWNER, browser=True) as browser:
        page = (await browser.get("/settings/telegram")).text
    assert address(gateway) in page.replace("<wbr>", "")


@pytest.mark.parametrize("secret", ["", "wrong", "wr\u00f6ng", "of another bot", "of another installation"])
async def test_whoever_does_not_know_the_secret_is_refused(
    gateway: Gateway, yasmin: Person, secret: str
) -> None:
    """Nothing of it is kept, whoever else they are; with the secret the same is taken in."""
    known = {
        "of another bot": webhook_secret(gateway.settings, BOT_ID + 1),
        "of another installation": webhook_secret(replace(gateway.settings, secret="x" * 40), BOT_ID),
    }
    await gateway.quiet()
    before = await stored(gateway)
    update = says_help(yasmin, before[-1] + 1)
    async with gateway.as_role(Role.OWNER) as owner:
        answer = await owner.post(f"/telegram/updates/{BOT_ID}", json=update)
    assert answer.status_code == 401
    assert await brought(gateway, update, known.get(secret, secret)) == 401
    assert await stored(gateway) == before
    assert await brought(gateway, update) == 200
    assert await stored(gateway) == [*before, before[-1] + 1]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"update_id": "7"}', 422),
        (b'{"update_id": 9999999999999999999}', 422),
        (b"[" * 100_000, 422),
        (b" " * 300_000, 413),
    ],
    ids=["nothing", "a list", "no number", "a word", "beyond all numbers", "only brackets", "too large"],
)
async def test_what_is_no_update_is_not_kept(
    gateway: Gateway, yasmin: Person, body: bytes, status: int
) -> None:
    before = await stored(gateway)
    assert await brought(gateway, body) == status
    assert await stored(gateway) == before


async def test_the_same_update_twice_is_one(gateway: Gateway, yasmin: Person) -> None:
    """Telegram brings again what it saw no answer to; also twice at once."""
    update = says_help(yasmin, await next_number(gateway))
    assert await asyncio.gather(*(brought(gateway, update) for _ in range(5))) == [200] * 5
    await gateway.quiet()
    assert await brought(gateway, update) == 200
    await gateway.quiet()
    assert sum("You get your tasks here" in each["text"] for each in await yasmin.messages()) == 1


async def test_invisible_characters_hold_nobody_up(gateway: Gateway, yasmin: Person) -> None:
    """A person would be asked to correct them; Telegram would only bring the same again, for a day."""
    info = await gateway.sent(yasmin)
    answered = len(gateway.door.answered)
    await yasmin.taps(info, "t:1042:1:\u0008accept")
    assert gateway.door.answered[answered:] == [200]
    assert gateway.desk.done() == []


async def test_the_database_is_away_and_the_press_comes_again(
    gateway: Gateway, yasmin: Person, servers: Servers
) -> None:
    """503, so Telegram keeps it; once PostgreSQL is back it is carried out, once."""
    info = await gateway.sent(yasmin)
    await gateway.quiet()
    await servers.stop_postgres()
    answered = len(gateway.door.answered)
    try:
        accept = next(data for name, data in buttons(info).items() if "Accept" in name)
        tap = {"message_id": info["message_id"], "data": accept}
        await gateway.phones.http.post(f"/phone/people/{yasmin.id}/taps", json=tap)

        async def refused() -> bool:
            """Telegram's word of the 503"""
            told = await telegram(gateway, "getWebhookInfo")
            assert told["pending_update_count"] == 1
            return "503" in told.get("last_error_message", "")

        await eventually(refused)
    finally:
        await servers.start_postgres()

    async def accepted() -> bool:
        """the press"""
        return gateway.desk.done() == [(1042, 1, Action.ACCEPT)]

    await eventually(accepted)
    await all_brought(gateway)
    assert set(gateway.door.answered[answered:-1]) == {503}
    assert gateway.door.answered[-1] == 200


async def test_what_can_not_be_stored_is_not_confirmed(gateway: Gateway, yasmin: Person) -> None:
    """The answer waits for the row: Telegram keeps the update until there is one."""
    await gateway.quiet()
    answered = len(gateway.door.answered)
    pool = gateway.service.pool
    await pool.execute("ALTER TABLE updates ADD CONSTRAINT no_room CHECK (false) NOT VALID")
    await yasmin.says("/help")

    async def tried() -> bool:
        """a second try"""
        return len(gateway.door.answered) > answered + 1

    await eventually(tried)
    assert 200 not in gateway.door.answered[answered:]
    await pool.execute("ALTER TABLE updates DROP CONSTRAINT no_room")
    await yasmin.sees("You get your tasks here")


async def test_killed_after_a_press_was_confirmed_to_telegram(gateway: Gateway, yasmin: Person) -> None:
    """It is in the table, so it has its effect after the restart, though Telegram does not bring it again."""
    info = await gateway.sent(yasmin)
    await gateway.desk.close()
    await yasmin.presses(info, "Accept")
    await all_brought(gateway)
    await gateway.restart(kill=True)
    await gateway.desk.open()
    await yasmin.sees("You accepted the task.")
    assert gateway.desk.done() == [(1042, 1, Action.ACCEPT)]
    assert await gateway.calls("deleteWebhook", "getUpdates") == []


async def test_any_replica_takes_in_what_the_leader_handles(
    gateway: Gateway, yasmin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is woken over the bus; when it dies, the other one leads, and nothing is lost on the way."""
    info, other = await gateway.sent(yasmin), await gateway.sent(yasmin, 1043)
    second = gateway.door.replica = await started(gateway.settings)
    try:
        monkeypatch.setattr(inbox, "SWEEP", 60.0)
        await yasmin.says("/help")
        await yasmin.sees("You get your tasks here")  # the look that was under way is over
        assert await yasmin.presses(info, "Accept") == "You accepted the task."
        monkeypatch.undo()
        for task in gateway.service._tasks:
            task.cancel()
        await stopped(gateway.service)
        assert await yasmin.presses(other, "Accept") == "You accepted the task."
    finally:
        gateway.service = second
    assert gateway.desk.done() == [(1042, 1, Action.ACCEPT), (1043, 1, Action.ACCEPT)]


async def test_a_press_that_is_overtaken_is_handled_first(
    gateway: Gateway, yasmin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telegram brings presses and messages side by side; the reason of a rejection comes after it all the same."""
    monkeypatch.setattr(inbox, "SWEEP", 0.05)
    # However slow the machine is, the press comes before the gap is given up.
    monkeypatch.setattr("bot_gateway.app.GAP", timedelta(minutes=10))
    await gateway.restart()
    info = await gateway.sent(yasmin)
    await gateway.quiet()
    overtaken = asyncio.Event()

    async def hold(body: bytes) -> None:
        if b"callback_query" in body:
            await overtaken.wait()

    gateway.door.before = hold
    reject = next(data for name, data in buttons(info).items() if "Reject" in name)
    pressed = asyncio.create_task(yasmin.taps(info, reject))
    before = await next_number(gateway)

    async def on_its_way() -> bool:
        """a press that waits at Telegram"""
        return bool((await telegram(gateway, "getWebhookInfo"))["pending_update_count"])

    await eventually(on_its_way)
    await yasmin.says("The boat is in the dock")

    async def reason_stored() -> bool:
        """the reason, before the press"""
        return await stored_since(gateway, before) == [before + 1]

    await eventually(reason_stored)
    await asyncio.sleep(0.3)
    assert gateway.desk.taps == []
    overtaken.set()
    await pressed
    await gateway.quiet()
    assert gateway.desk.done() == [(1042, 1, Action.REJECT), (1042, 1, Action.EXPLAIN)]


async def stored_since(gateway: Gateway, number: int) -> list[int]:
    return [each for each in await stored(gateway) if each >= number]


async def test_a_number_that_never_comes_is_not_waited_for_long(gateway: Gateway, yasmin: Person) -> None:
    """After a quiet week Telegram goes on with any number."""
    number = await next_number(gateway) + 5_000_000
    assert await brought(gateway, says_help(yasmin, number)) == 200
    await yasmin.sees("You get your tasks here")


async def test_an_answer_belongs_to_the_trace_of_the_request(gateway: Gateway, yasmin: Person) -> None:
    """From Telegram's knock to the message that it leads to."""
    await gateway.quiet()
    trace = tracing.Trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")

    update = says_help(yasmin, await next_number(gateway))
    async with httpx.AsyncClient() as somebody:
        answer = await somebody.post(
            address(gateway),
            json=update,
            headers={HEADER: webhook_secret(gateway.settings, BOT_ID), "traceparent": trace.header},
        )
    assert answer.status_code == 200
    await yasmin.sees("You get your tasks here")
    kept = await gateway.service.pool.fetchval("SELECT trace FROM deliveries ORDER BY seq DESC LIMIT 1")
    assert trace.trace_id in kept
