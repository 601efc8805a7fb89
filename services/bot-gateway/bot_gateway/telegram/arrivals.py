"""What Telegram tells, however it comes: stored once, before it is confirmed to Telegram and before it is handled."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import asyncpg
from cryptography.fernet import Fernet

from shared import clock, tracing
from shared.asyncapi import Word
from shared.bus import BUS_TROUBLE, Bus
from shared.numbers import BIGGEST

from .metrics import UPDATES
from .received import KINDS, kept, seal

ARRIVED = "updates.arrived"
"""The subject that wakes the inbox, on whichever replica it is, after a commit."""

_WOKEN = Word(
    ARRIVED,
    "UpdatesArrived",
    "send",
    "Rows were committed: the inbox of the replica that leads looks.",
    {"type": "string", "maxLength": 0},
    content_type="text/plain",
)
WORDS = (
    _WOKEN,
    Word(ARRIVED, "UpdatesArrived", "receive", _WOKEN.summary, _WOKEN.payload, "bus", "text/plain"),
)


class Arrivals:
    def __init__(self, pool: asyncpg.Pool, bus: Bus, cipher: Fernet, woken: Callable[[], None]) -> None:
        """
        cipher  seals what is stored
        woken   wakes the inbox, if it runs here
        """
        self._pool = pool
        self._cipher = cipher
        self._bus = bus
        self._woken = woken

    async def fetched(self, bot_id: int, batch: list[dict[str, Any]]) -> None:
        """By the replica that leads, so each update begins a trace of its own as it is handled."""
        await self._store(bot_id, batch, None)
        self._woken()

    async def brought(self, bot_id: int, update: dict[str, Any]) -> None:
        """By a request to any replica."""
        await self._store(bot_id, [update], tracing.header())
        self._woken()
        with suppress(*BUS_TROUBLE, OSError, RuntimeError):  # the inbox looks by itself soon
            await self._bus.publish(ARRIVED)

    async def listen(self) -> None:
        """For ever: hears of what other replicas have stored."""

        async def heard(_body: bytes) -> None:
            self._woken()

        await self._bus.listen(ARRIVED, heard)
        await asyncio.Event().wait()

    async def _store(self, bot_id: int, batch: list[dict[str, Any]], trace: str | None) -> None:
        stored = await self._pool.fetch(
            """
            INSERT INTO updates (bot_id, update_id, chat_id, body, trace, arrived_at)
            SELECT $1::bigint, one.*, $5::text, $6::timestamptz FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) one
            ON CONFLICT (bot_id, update_id) DO NOTHING RETURNING seq
            """,
            bot_id,
            [update["update_id"] for update in batch],
            [chat_of(update) for update in batch],
            [seal(self._cipher, kept(update)) for update in batch],
            trace,
            clock.now(),
        )
        UPDATES.inc(len(stored))


def chat_of(update: dict[str, Any]) -> int:
    """Whose queue an update waits in: its chat, else its sender; 0 for what names neither as the Bot API does."""
    for kind in KINDS:
        match update.get(kind):
            case (
                {"chat": {"id": int(chat)}}
                | {"message": {"chat": {"id": int(chat)}}}
                | {"from": {"id": int(chat)}}
            ):
                return chat if abs(chat) <= BIGGEST else 0
    return 0
