"""Telegram's bad days, our own, and what is left when the process dies in between."""

import asyncio
from time import monotonic
from typing import Any

import asyncpg
import pytest
from aiogram.methods import SendMessage

from bot_gateway.handlers import Handlers
from bot_gateway.telegram.connection import Connection, Line, Session, speak_as
from local.phone import BOT_ID, PRACTICE_TOKEN
from shared.contract.invoice import InvoiceSent
from shared.contract.task import (
    ClientInfoSent,
    TaskAccepted,
    TaskAssigned,
    TaskCreated,
    TaskSent,
)
from tests.bot_gateway.conftest import Gateway, stopped
from tests.bot_gateway.examples import BOILER
from tests.people import Person, eventually, within


def storm(kind: str, times: int = 1, method: str = "sendMessage", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "method": method, "times": times, **more}


async def send(gateway: Gateway, yasmin: Person, task: int = 1042) -> None:
    await gateway.hears(
        "task", task, TaskCreated(task, BOILER, 12), TaskAssigned(yasmin.id), TaskSent(yasmin.id, 1)
    )


async def row(gateway: Gateway, task: int = 1042) -> dict[str, Any]:
    found = await gateway.service.pool.fetchrow(
        "SELECT status, tries, trouble, reason FROM deliveries WHERE task = $1 AND method = 'send'", task
    )
    return dict(found or {})


@pytest.mark.parametrize(
    ("kind", "spent"),
    [("429", 0), ("500", 1), ("502", 1), ("504", 1)],
    ids=["429", "500", "502", "proxy page"],
)
async def test_what_passes_is_waited_for(gateway: Gateway, yasmin: Person, kind: str, spent: int) -> None:
    """The message comes, once; a 429 spends no try."""
    await gateway.phones.weather(storm(kind, retry_after=1))
    await send(gateway, yasmin)
    await yasmin.sees("#1042", button="Accept")
    assert len(await gateway.told("DeliverySent")) == 1
    assert (await row(gateway))["tries"] == spent
    assert sum("#1042" in message["text"] for message in await yasmin.messages()) == 1


async def test_retry_after_is_obeyed(gateway: Gateway, yasmin: Person) -> None:
    """Nothing goes to this chat before the time that Telegram named."""
    await gateway.quiet()
    before = len(await gateway.calls("sendMessage"))
    await gateway.phones.weather(storm("429", retry_after=3))
    await send(gateway, yasmin)
    await yasmin.sees("#1042")
    refused, sent = (await gateway.calls("sendMessage"))[before:]
    assert (refused["code"], sent["code"]) == (429, 200)
    assert sent["at"] - refused["at"] >= 2.9


async def test_a_connection_that_breaks_leaves_unknown_and_is_not_repeated(
    gateway: Gateway, yasmin: Person
) -> None:
    """It may be in the chat (here it is), so it is not sent again."""
    await gateway.phones.weather(storm("drop_after"))
    await send(gateway, yasmin)
    [told] = await gateway.told("DeliveryUnknown")
    assert (told["purpose"], told["task"], told["offer"]) == ("task_info", 1042, 1)
    await asyncio.sleep(1.5)
    assert sum("#1042" in message["text"] for message in await yasmin.messages()) == 1
    assert (await row(gateway))["status"] == "unknown"


async def test_an_edit_that_breaks_is_repeated(gateway: Gateway, yasmin: Person) -> None:
    """The same edit again does no harm."""
    await gateway.sent(yasmin)
    await gateway.phones.weather(storm("drop_after", method="editMessageText"))
    await gateway.hears("task", 1042, TaskAccepted(yasmin.id, 1))
    await yasmin.sees("accepted")
    await gateway.quiet()
    assert len(await gateway.calls("editMessageText")) == 2
    assert "DeliveryFailed" not in await gateway.events("delivery")


@pytest.mark.parametrize(("what", "trouble"), [("block", "blocked"), ("deactivate", "deactivated")])
async def test_who_cannot_be_reached_is_told_and_not_tried_again(
    gateway: Gateway, yasmin: Person, what: str, trouble: str
) -> None:
    """Distinct, permanent, with a sentence for the admin."""
    await gateway.phones.http.post(f"/phone/people/{yasmin.id}/{what}")
    await send(gateway, yasmin)
    [failed] = await gateway.told("DeliveryFailed")
    assert (failed["trouble"], failed["task"], failed["technician"]) == (trouble, 1042, yasmin.id)
    assert failed["reason"].endswith(".")
    assert (await row(gateway))["tries"] == 0
    noticed = {"block": "TechnicianBlockedBot", "deactivate": "TechnicianAccountGone"}[what]
    assert noticed in await gateway.events("technician")


async def test_whom_the_bot_never_met_is_chat_not_found(gateway: Gateway) -> None:
    """The technician exists, but has not pressed Start in this bot."""
    person = await gateway.phones.person("Bruno Costa")
    await send(gateway, person)
    [failed] = await gateway.told("DeliveryFailed")
    assert failed["trouble"] == "chat_not_found"


async def test_a_revoked_token_stops_everything_and_the_queue_waits(gateway: Gateway, yasmin: Person) -> None:
    """Until a new one is entered; then what waited goes out. No hot loop meanwhile."""
    await gateway.quiet()
    await gateway.phones.weather(storm("401", 50, "*"))
    await send(gateway, yasmin)
    assert await gateway.told("BotRefused") == [
        {"type": "BotRefused", "username": "callout_practice_bot", "reason": "Unauthorized"}
    ]
    shown = await gateway.call("GET", "/api/telegram/token")
    assert (shown["state"], shown["reason"]) == ("refused", "Unauthorized")
    before = len(await gateway.calls())
    await asyncio.sleep(1.5)
    assert len(await gateway.calls()) <= before + 1  # a question that was held open is over some time
    assert (await row(gateway))["status"] == "queued"
    await gateway.phones.weather()
    await gateway.connect()
    await yasmin.sees("#1042", button="Accept")


async def test_a_refusal_of_a_token_that_was_replaced_meanwhile_changes_nothing(gateway: Gateway) -> None:
    """A call under the old token comes back with 401 after the new one was saved."""
    await gateway.connect()
    settings, service = gateway.settings, gateway.service
    cipher = settings.fernet("bot-token")
    handlers = Handlers(
        service.journal,
        service.pool,
        Connection(service.pool, cipher, settings.telegram_api),
        cipher,
        settings.telegram_api,
    )
    old = Line(speak_as(PRACTICE_TOKEN, settings.telegram_api), BOT_ID, "callout_practice_bot", version=1)
    await handlers.refuse(old, "Unauthorized")
    assert await gateway.events("bot") == ["BotConnected", "BotConnected"]
    assert (await gateway.call("GET", "/api/telegram/token"))["state"] == "connected"


async def test_two_pollers_do_not_fight_in_a_hot_loop(gateway: Gateway, yasmin: Person) -> None:
    """409: each time a longer wait, and the updates come all the same."""
    await gateway.phones.weather(storm("500", 3, "getUpdates"))
    before = len(await gateway.calls("getUpdates"))
    await yasmin.says("/help")
    await gateway.phones.http.get(f"/bot{PRACTICE_TOKEN}/getUpdates?timeout=0")
    await asyncio.sleep(2)
    assert len(await gateway.calls("getUpdates")) - before <= 5
    await gateway.phones.weather()
    await yasmin.sees("You get your tasks here")


async def test_updates_that_can_not_be_fetched_are_told_of(gateway: Gateway) -> None:
    """To programs, the page and the doctor, until they come again."""
    await gateway.phones.weather(storm("500", 1000, "getUpdates"))
    await (await gateway.phones.person("Bruno Costa")).start()  # ends a question that was held open

    async def trouble() -> str:
        """the trouble"""
        updates = (await gateway.call("GET", "/api/telegram/token"))["updates"]
        return str(updates["trouble"]) if updates else ""

    await eventually(trouble)
    await gateway.phones.weather()

    async def over() -> bool:
        """the end of the trouble"""
        return not await trouble()

    await eventually(over)


async def test_the_queue_survives_a_restart(gateway: Gateway, yasmin: Person) -> None:
    """What waits for Telegram goes out after it."""
    await gateway.quiet()
    await gateway.phones.weather(storm("500", 1000))
    await send(gateway, yasmin)
    await eventually(lambda: _tries(gateway))
    await gateway.restart(kill=True)
    await gateway.phones.weather()
    await yasmin.sees("#1042", button="Accept")
    assert len(await gateway.told("DeliverySent")) == 1


async def _tries(gateway: Gateway) -> bool:
    """a first try"""
    return bool((await row(gateway)).get("tries"))


async def test_killed_while_a_message_was_on_its_way(gateway: Gateway, yasmin: Person) -> None:
    """Rows that say `sending` at the start: a new message is unknown, an edit is made again."""
    info = await gateway.sent(yasmin)
    await gateway.quiet()
    await stopped(gateway.service)
    pool = await asyncpg.connect(gateway.settings.postgres)
    await pool.execute("UPDATE offers SET state = 'withdrawn', over = true")
    await pool.execute(
        """
        INSERT INTO deliveries (id, chat_id, purpose, method, task, offer, target, status)
        SELECT gen_random_uuid(), chat_id, p, m, task, offer, CASE m WHEN 'edit' THEN id END, 'sending'
        FROM deliveries, (VALUES ('client_info', 'send'), ('retraction', 'edit')) AS v(p, m) WHERE task = 1042
        """
    )
    await pool.close()
    await gateway.restart()
    [told] = await gateway.told("DeliveryUnknown")
    assert (told["purpose"], told["task"]) == ("client_info", 1042)
    shown = await yasmin.sees("was withdrawn")
    assert shown["message_id"] == info["message_id"]
    assert not any("Client for" in message["text"] for message in await yasmin.messages())


async def test_each_outcome_names_the_event_that_caused_it(gateway: Gateway, yasmin: Person) -> None:
    """So others need not guess which of two sendings it was."""
    *_, sent = await gateway.hears(
        "task", 1042, TaskCreated(1042, BOILER, 12), TaskAssigned(yasmin.id), TaskSent(yasmin.id, 1)
    )
    _, first, second = await gateway.hears(
        "task",
        1042,
        TaskAccepted(yasmin.id, 1),
        ClientInfoSent(yasmin.id, 1, 12),
        ClientInfoSent(yasmin.id, 1, 12),
    )
    await gateway.quiet()
    await gateway.phones.weather(storm("drop_after", method="sendDocument"))
    [unclear] = await gateway.hears("invoice", 7, InvoiceSent(1042, yasmin.id))
    await gateway.told("DeliveryUnknown")
    await gateway.phones.http.post(f"/phone/people/{yasmin.id}/block")
    [blocked] = await gateway.hears("invoice", 7, InvoiceSent(1042, yasmin.id))
    await gateway.told("DeliveryFailed")
    rows = await gateway.service.pool.fetch(
        "SELECT type, causation_id FROM events WHERE stream LIKE 'delivery.%' ORDER BY position"
    )
    assert [tuple(row) for row in rows] == [
        ("DeliverySent", sent),
        ("DeliverySent", first),
        ("DeliverySent", second),
        ("DeliveryUnknown", unclear),
        ("DeliveryFailed", blocked),
    ]


async def test_messages_of_one_chat_keep_their_order(gateway: Gateway, yasmin: Person) -> None:
    """Also when the first one has to wait."""
    await gateway.quiet()
    await gateway.phones.weather(storm("429", retry_after=1))
    await asyncio.gather(*(send(gateway, yasmin, 2000 + n) for n in range(3)))
    await eventually(lambda: _all_sent(gateway, 3))
    shown = [m["message_id"] for m in await yasmin.messages() if "Task #200" in m["text"]]
    rows = await gateway.service.pool.fetch(
        "SELECT message_ids[1] AS id FROM deliveries WHERE task >= 2000 ORDER BY seq"
    )
    assert [each["id"] for each in rows] == sorted(shown)


async def _all_sent(gateway: Gateway, count: int) -> bool:
    """every delivery"""
    sql = "SELECT count(*) FROM deliveries WHERE task >= 2000 AND status = 'sent'"
    return bool(await gateway.service.pool.fetchval(sql) == count)


async def test_sixty_at_once_stay_within_telegrams_limit(gateway: Gateway) -> None:
    """No 429 from a Telegram that allows thirty a second."""

    async def welcomed() -> float:
        people = [await gateway.phones.person(f"Technician {n}") for n in range(60)]
        await asyncio.gather(*(person.start() for person in people))
        began = monotonic()
        for person in people:
            await person.sees("Welcome")
        return monotonic() - began

    await within(10, welcomed)
    assert all(call["code"] == 200 for call in await gateway.calls("sendMessage"))


async def test_a_look_at_the_database_that_fails_takes_no_bot_away(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL is away for a moment: the same bot goes on, and nobody waits for another."""
    settings, pool = gateway.settings, gateway.service.pool
    connection = Connection(pool, settings.fernet("bot-token"), settings.telegram_api)
    await connection.refresh()
    line = connection.line
    assert line is not None

    async def away(*_: Any) -> None:
        raise asyncpg.ConnectionDoesNotExistError

    with monkeypatch.context() as patched:
        patched.setattr(asyncpg.Pool, "fetchrow", away)
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await connection.watch()
    await connection.refresh()
    assert connection.line is line
    await line.close()


async def test_a_message_on_its_way_at_a_stop_is_written_down(
    gateway: Gateway, yasmin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer, which comes when the stop has begun, is waited for; so it is known to have arrived."""
    await gateway.quiet()
    make_request, stopping = Session.make_request, gateway.service

    async def slow(session: Session, bot: Any, method: Any, timeout: int | None = None) -> Any:
        answer = await make_request(session, bot, method, timeout)
        if isinstance(method, SendMessage):
            while stopping.ready():
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
        return answer

    monkeypatch.setattr(Session, "make_request", slow)
    await send(gateway, yasmin)
    await eventually(lambda: _sending(gateway))
    await gateway.restart()
    assert (await row(gateway))["status"] == "sent"
    assert "DeliveryUnknown" not in await gateway.events("delivery")


async def _sending(gateway: Gateway) -> bool:
    """a message on its way"""
    return (await row(gateway)).get("status") == "sending"
