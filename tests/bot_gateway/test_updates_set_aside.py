"""What technicians wrote is kept sealed; what can't be read of it is kept whole, for seven days, to be tried again."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest
from msgspec.structs import replace

from bot_gateway.telegram.set_aside import forget_old
from tests.bot_gateway.conftest import Gateway
from tests.bot_gateway.emulator import BOT, RITA, TOKEN, Emulator, emulated
from tests.people import eventually

WORDS = "The boiler of Sigrid leaks"
STRANGE: Any = {"message_id": "seven", "chat": {"id": RITA}, "from": {"id": RITA}, "text": WORDS}


@pytest.fixture
async def server(bare: Gateway) -> AsyncIterator[Emulator]:
    """The gateway's Bot API; Rita has pressed Start."""
    async with emulated() as emulator:
        bare.settings = replace(bare.settings, telegram_api=emulator.address)
        await bare.restart()
        await bare.call("PUT", "/api/telegram/token", {"token": TOKEN})
        emulator.says("/start")
        await told(emulator, "Welcome")
        yield emulator


async def told(server: Emulator, words: str) -> None:
    async def look() -> bool:
        return bool(server.holding(words))

    look.__doc__ = f"“{words}”"
    await eventually(look)


async def aside(gateway: Gateway, number: int) -> asyncpg.Record:
    """The row of an update, once it is set aside."""

    async def look() -> asyncpg.Record | None:
        """the update, set aside"""
        return await gateway.service.pool.fetchrow(
            "SELECT * FROM updates WHERE update_id = $1 AND set_aside_at IS NOT NULL", number
        )

    found: asyncpg.Record = await eventually(look)
    return found


async def left_by_the_version_before(gateway: Gateway, trouble: str, *, sealed: bool = True) -> None:
    """Rita's /help, of which that version could not make anything."""
    message = {"message_id": 7, "chat": {"id": RITA}, "from": {"id": RITA}, "text": "/help"}
    body = msgspec.json.encode({"whole": {"update_id": 1, "message": message, "news": WORDS}})
    await gateway.service.pool.execute(
        """
        INSERT INTO updates (bot_id, update_id, chat_id, body, trouble, faults, set_aside_at)
        VALUES ($1, 1, $2, $3, $4, 1, now())
        """,
        BOT,
        RITA,
        gateway.settings.fernet("updates").encrypt(body) if sealed else body,
        trouble,
    )


async def test_nothing_that_somebody_wrote_can_be_read_in_the_table(bare: Gateway, server: Emulator) -> None:
    """Neither what was handled nor what could not be."""
    server.says(WORDS)
    await aside(bare, server.happens(message=STRANGE))
    await bare.quiet()
    bodies = await bare.service.pool.fetch("SELECT body FROM updates")
    assert len(bodies) == 3
    assert not any(b"boiler" in row["body"] for row in bodies)
    assert sum(WORDS in body for body in await bare.kept()) == 2


async def test_an_update_that_can_not_be_read_is_kept_whole_and_told_of(
    bare: Gateway, server: Emulator
) -> None:
    """Where it can't be read is said, and nothing of what it says; tried again by this version, it stays."""
    number = server.happens(message=STRANGE)
    row = await aside(bare, number)
    assert "$.message.message_id" in row["trouble"]
    assert "boiler" not in row["trouble"]
    assert msgspec.json.decode((await bare.kept())[-1]) == {
        "whole": {"update_id": number, "message": STRANGE}
    }
    server.says("/help")
    await told(server, "You get your tasks here")
    [listed] = await bare.service.set_aside.listed()
    assert (listed.bot_id, listed.update_id, listed.chat_id) == (BOT, number, RITA)
    assert (listed.kept_until - listed.received_at).days == 7
    assert await bare.service.set_aside.retry() == (0, 1)
    assert len(await bare.service.set_aside.listed()) == 1


async def test_what_can_be_read_now_is_handled_when_it_is_tried_again(
    bare: Gateway, server: Emulator
) -> None:
    """By the command; what it held besides is not kept any more."""
    await left_by_the_version_before(bare, "Unreadable: Expected `array`")
    assert await bare.service.set_aside.retry() == (1, 0)
    await told(server, "You get your tasks here")
    await bare.quiet()
    assert await bare.service.set_aside.listed() == []
    assert not any(WORDS in body for body in await bare.kept())


@pytest.mark.parametrize("trouble", ["Unreadable: Expected `array`", "ValidationError: : json_invalid"])
async def test_a_newer_version_tries_again_by_itself_what_it_can_read(
    bare: Gateway, server: Emulator, trouble: str
) -> None:
    """As it begins to lead: while an upgrade ran, the version before may have met what it did not know."""
    await left_by_the_version_before(bare, trouble)
    await bare.restart()
    await told(server, "You get your tasks here")


async def test_what_broke_its_handler_is_only_tried_again_by_command(bare: Gateway, server: Emulator) -> None:
    """It may break it again, five times."""
    await left_by_the_version_before(bare, "KeyError: 'ours'")
    await bare.restart()
    server.says("/tasks")
    await told(server, "You have no open tasks")
    assert not server.holding("You get your tasks here")
    assert await bare.service.set_aside.retry() == (1, 0)
    await told(server, "You get your tasks here")


async def test_what_the_version_before_stored_is_handled(bare: Gateway, server: Emulator) -> None:
    """It stored updates as they came, without a seal."""
    await left_by_the_version_before(bare, "", sealed=False)
    await bare.service.pool.execute("UPDATE updates SET set_aside_at = NULL, due_at = now()")
    await told(server, "You get your tasks here")


async def test_without_the_secret_it_says_so(bare: Gateway, server: Emulator) -> None:
    """Another CALLOUT_SECRET than it was sealed under: set aside, not lost, and in nobody's way."""
    number = server.happens(message=STRANGE)
    await aside(bare, number)
    bare.settings = replace(bare.settings, secret="another" * 6)
    sealed = bare.settings.fernet("updates").encrypt(b"{}")
    await bare.service.pool.execute(
        "UPDATE updates SET body = $1, set_aside_at = NULL, due_at = now() WHERE update_id = $2",
        sealed,
        number,
    )
    assert "CALLOUT_SECRET" in (await aside(bare, number))["trouble"]


async def test_after_seven_days_it_is_forgotten(bare: Gateway, server: Emulator) -> None:
    """Not a day before."""
    await aside(bare, server.happens(message=STRANGE))
    for age, left in (("6 days 23 hours", 1), ("7 days 1 hour", 0)):
        await bare.service.pool.execute(
            f"UPDATE updates SET set_aside_at = now() - interval '{age}' WHERE set_aside_at IS NOT NULL"
        )
        await forget_old(bare.service.pool)
        assert len(await bare.service.set_aside.listed()) == left
