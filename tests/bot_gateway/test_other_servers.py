"""A Bot API server of one's own, whose answers hold only what is needed, and one that answers strangely."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from shared.contract.task import (
    Action,
    ClientInfoSent,
    OfferWithdrawn,
    TaskAccepted,
    TaskAssigned,
    TaskCreated,
    TaskSent,
)
from shared.sentences import lacking, unreadable
from tests.bot_gateway.conftest import Gateway
from tests.bot_gateway.emulator import RITA, TOKEN, Emulator, emulated
from tests.bot_gateway.examples import BOILER
from tests.people import eventually

NOT_FOUND: Any = (404, {"ok": False, "error_code": 404, "description": "Not Found: method not found"})


@pytest.fixture
async def server(bare: Gateway) -> AsyncIterator[Emulator]:
    """The gateway's Bot API; no bot is connected yet."""
    async with emulated() as emulator:
        bare.settings = replace(bare.settings, telegram_api=emulator.address)
        await bare.restart()
        yield emulator


async def connected(gateway: Gateway) -> None:
    await gateway.call("PUT", "/api/telegram/token", {"token": TOKEN})


async def joined(gateway: Gateway, server: Emulator) -> None:
    await connected(gateway)
    server.says("/start")
    await shown(server, "Welcome")


async def shown(server: Emulator, words: str) -> int:
    """The newest message in Rita's chat that says this."""

    async def look() -> int | None:
        found = server.holding(words)
        return found[-1] if found else None

    look.__doc__ = f"“{words}” in {server.texts}"
    found: int = await eventually(look)
    return found


async def sent(gateway: Gateway, task: int = 1042) -> None:
    await gateway.hears("task", task, TaskCreated(task, BOILER, 12), TaskAssigned(RITA), TaskSent(RITA, 1))


async def delivery(gateway: Gateway, task: int = 1042) -> dict[str, Any]:
    """The row, once it has ended."""

    async def ended() -> dict[str, Any] | None:
        """the end of the delivery"""
        found = await gateway.service.pool.fetchrow(
            "SELECT status, reason, trouble, tries FROM deliveries WHERE task = $1 AND ended_at IS NOT NULL",
            task,
        )
        return dict(found) if found else None

    found: dict[str, Any] = await eventually(ended)
    return found


async def test_the_whole_workflow_works_with_nothing_but_what_is_needed(
    bare: Gateway, server: Emulator
) -> None:
    """No names, no types, no dates: joined, offered, accepted, informed, completed, and every message is "sent"."""
    await joined(bare, server)
    technician = (await bare.call("GET", f"/api/technicians/{RITA}"))["name"]
    assert technician == f"Technician {RITA}"
    await sent(bare)
    card = await shown(server, "#1042")
    assert (await delivery(bare))["status"] == "sent"
    server.presses(card, "t:1042:1:accept")
    await eventually(lambda: _done(bare, 1))
    await bare.hears("task", 1042, TaskAccepted(RITA, 1), ClientInfoSent(RITA, 1, 12))
    client = await shown(server, "Sigrid Lindqvist")
    server.presses(client, "t:1042:1:complete")
    await eventually(lambda: _done(bare, 2))
    assert [action for _, _, action in bare.desk.done()] == [Action.ACCEPT, Action.COMPLETE]
    await bare.quiet()
    rows = await bare.service.pool.fetch("SELECT purpose, method, status, reason FROM deliveries")
    assert [tuple(row) for row in rows if row["status"] != "sent"] == []


async def _done(gateway: Gateway, presses: int) -> bool:
    """the presses, carried out"""
    return len(gateway.desk.done()) == presses


@pytest.mark.parametrize(
    "refusal",
    [
        NOT_FOUND,
        (400, {"ok": False, "error_code": 400, "description": "Bad Request: method not found"}),
        (404, "<h1>404</h1>"),
        (501, {"ok": False}),
    ],
    ids=["404", "400", "a page", "501"],
)
async def test_what_a_server_lacks_is_done_without(
    bare: Gateway, server: Emulator, refusal: tuple[int, Any]
) -> None:
    """The list of commands, and the notice over the chat; neither means that the token is refused."""
    server.answers = {"setMyCommands": refusal, "answerCallbackQuery": refusal}
    await joined(bare, server)
    await sent(bare)
    server.presses(await shown(server, "#1042"), "t:1042:1:accept")
    await shown(server, "You accepted the task.")
    assert (await bare.call("GET", "/api/telegram/token"))["state"] == "connected"


async def test_what_can_not_be_deleted_is_emptied(bare: Gateway, server: Emulator) -> None:
    """A server without deleteMessage keeps no client's data either."""
    await joined(bare, server)
    await sent(bare)
    await bare.hears("task", 1042, TaskAccepted(RITA, 1), ClientInfoSent(RITA, 1, 12))
    card = await shown(server, "Sigrid Lindqvist")
    await bare.hears("task", 1042, OfferWithdrawn(RITA, 1))
    assert await shown(server, "the client's data was removed") == card
    assert server.asked("deleteMessage")
    assert server.holding("Sigrid") == []


async def test_a_method_that_is_needed_and_lacking_is_told_of(bare: Gateway, server: Emulator) -> None:
    """The message has failed, with the reason; the token has not."""
    await joined(bare, server)
    server.answers["sendMessage"] = NOT_FOUND
    await sent(bare)
    failed = await delivery(bare)
    assert (failed["status"], failed["reason"]) == ("failed", lacking(server.address, "sendMessage"))
    assert (await bare.call("GET", "/api/telegram/token"))["state"] == "connected"


async def test_a_404_is_about_the_token_where_the_server_says_so_twice(
    bare: Gateway, server: Emulator
) -> None:
    """That of the method that was asked, and that of getMe."""
    await joined(bare, server)
    server.answers |= {"sendMessage": NOT_FOUND, "getMe": NOT_FOUND}
    await sent(bare)
    [refused] = await bare.told("BotRefused")
    assert refused["reason"] == "Not Found: method not found"


async def test_a_404_from_a_server_that_is_half_there_is_tried_again(bare: Gateway, server: Emulator) -> None:
    """Nothing was sent, so nothing is unknown; and nothing is wrong with the token."""
    await joined(bare, server)
    server.answers |= {"sendMessage": NOT_FOUND, "getMe": (200, "starting …")}
    await sent(bare)

    async def tried() -> bool:
        """a first try"""
        return bool(await bare.service.pool.fetchval("SELECT tries FROM deliveries WHERE task = 1042"))

    await eventually(tried)
    server.answers.clear()
    await shown(server, "#1042")
    assert (await delivery(bare))["status"] == "sent"


@pytest.mark.parametrize(
    "answer",
    [(200, "<html>Welcome to nginx!</html>"), (200, {"ok": True, "result": {}}), (404, "gone"), (200, "[]")],
    ids=["a page", "no id", "no Bot API", "a list"],
)
async def test_a_token_whose_server_can_not_be_read_is_told_as_that(
    bare: Gateway, server: Emulator, answer: tuple[int, Any]
) -> None:
    """With the address, which may be the wrong one; nobody says that Telegram does not answer."""
    server.answers["getMe"] = answer
    refused = await bare.call("PUT", "/api/telegram/token", {"token": TOKEN}, status=503)
    assert refused["detail"].startswith(unreadable(server.address).rstrip("."))
    assert "CALLOUT_TELEGRAM_API" in refused["detail"]
    assert TOKEN not in str(refused)


async def test_a_message_whose_answer_can_not_be_read_is_unknown_and_says_why(
    bare: Gateway, server: Emulator
) -> None:
    """Without a message's id nobody can say "sent"; it is not sent twice."""
    await joined(bare, server)
    server.answers["sendMessage"] = (200, {"ok": True, "result": {"message": 7}})
    await sent(bare)
    unknown = await delivery(bare)
    assert (unknown["status"], unknown["reason"]) == ("unknown", unreadable(server.address))
    [event] = await bare.told("DeliveryUnknown")
    assert event["reason"] == unreadable(server.address)
    assert len([each for each in server.asked("sendMessage") if "#1042" in each["text"]]) == 1


async def test_updates_that_can_not_be_read_are_told_as_that(bare: Gateway, server: Emulator) -> None:
    """On the page and to programs, until they can."""
    await connected(bare)
    server.answers["getUpdates"] = (200, "{}")

    async def trouble() -> str:
        """the trouble"""
        updates = (await bare.call("GET", "/api/telegram/token"))["updates"]
        return str(updates["trouble"]) if updates else ""

    assert await eventually(trouble) == unreadable(server.address)
    del server.answers["getUpdates"]
    await joined(bare, server)


async def test_a_kind_that_nobody_knows_yet_is_in_nobodys_way(bare: Gateway, server: Emulator) -> None:
    """Nor is an update without a number, or what is none at all."""
    await connected(bare)
    server.brings("telepathy", {"message": {"text": "/start"}})
    server.happens(telepathy={"from": {"id": RITA}, "thought": "?"})
    server.happens(edited_message={"chat": 7})
    server.says("/start", hologram=[{"deep": True}], date=None, sender_boost_count="many")
    await shown(server, "Welcome")
    aside = "SELECT count(*) FROM updates WHERE set_aside_at IS NOT NULL"
    assert await bare.service.pool.fetchval(aside) == 0
