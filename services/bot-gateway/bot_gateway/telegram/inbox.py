"""Stored updates, handled in order within each chat and side by side across chats.

Telegram may bring one to the webhook before an earlier one, so there a gap in their numbers is waited for a moment
(Bot API, Update: `update_id` serves "to restore the correct update sequence").

A crash between storing and handling loses nothing: what has no `handled_at` is taken again.
What needs `tasks` while that is down stays, with a promise to the technician; later presses of
the same chat wait behind it, while everything else of that chat goes on. What breaks its handler,
here or in `tasks`, is tried a few times and then set aside, where it is in nobody's way; the technician
is told so.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import asyncpg
import structlog

from shared import tracing
from shared.journal.database import DATABASE_AWAY
from shared.refusal import Refused, Why
from shared.tracing import SpanKind

from .dialogue import Dialogue
from .effects import Stored
from .metrics import SET_ASIDE
from .received import Unreadable
from .set_aside import SetAside, forget_old
from .troubles import mask

log = structlog.get_logger()

AT_ONCE = 6  # chats side by side; each holds a database connection now and then
SWEEP = 1.0
FAULTS = 5  # tries of an update that breaks its handler
LONGEST_WAIT = 10.0

GAP = timedelta(seconds=2)  # how long one that was brought waits for those before it

# The first update of each bot before which one is missing that may still come: none from there on is taken yet.
_READY = """
WITH gaps AS (
    SELECT bot_id, min(update_id) AS first FROM updates u
    WHERE handled_at IS NULL AND set_aside_at IS NULL AND received_at > now() - $1::interval
      AND NOT EXISTS (SELECT FROM updates WHERE bot_id = u.bot_id AND update_id = u.update_id - 1)
      AND EXISTS (SELECT FROM updates WHERE bot_id = u.bot_id AND update_id < u.update_id)
    GROUP BY bot_id
), ready AS (
    SELECT * FROM updates u
    WHERE handled_at IS NULL AND set_aside_at IS NULL
      AND NOT EXISTS (SELECT FROM gaps WHERE bot_id = u.bot_id AND first <= u.update_id)
)
"""
_CHATS = f"{_READY} SELECT DISTINCT chat_id FROM ready WHERE due_at <= now()"  # noqa: S608 - from above
_OF_CHAT = f"""
{_READY}
SELECT seq, bot_id, update_id, chat_id, body, coalesce(arrived_at, received_at) AS at, promised, trace,
       due_at > now() AS early FROM ready
WHERE chat_id = $2 ORDER BY min(seq) OVER (PARTITION BY bot_id), update_id LIMIT 100
"""  # noqa: S608 - likewise


class Inbox:
    def __init__(
        self,
        pool: asyncpg.Pool,
        dialogue: Dialogue,
        aside: SetAside,
        said: Callable[[], None],
        gap: timedelta = timedelta(0),
    ) -> None:
        """
        aside  those that a version before this one may not have been able to read
        said   wakes the courier: there may be an answer to bring
        gap    how long an update waits for those before it; none where they come in order
        """
        self._pool = pool
        self._dialogue = dialogue
        self._aside = aside
        self._said = said
        self._gap = gap
        self._woken = asyncio.Event()
        self._busy: set[int] = set()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        self._busy.clear()
        if again := await self._aside.retry_readable():
            log.info("updates that could not be read are taken again", updates=again)
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as chats:
            chats.create_task(self._sweep_old())
            while True:
                self._woken.clear()
                rows = await self._pool.fetch(_CHATS, self._gap)
                for row in rows:
                    if row["chat_id"] not in self._busy:
                        self._busy.add(row["chat_id"])
                        chats.create_task(self._chat(row["chat_id"], room))
                with suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP):  # unlike wait_for, this loses no cancellation
                        await self._woken.wait()

    async def _chat(self, chat: int, room: asyncio.Semaphore) -> None:
        try:
            async with room:
                rows = await self._pool.fetch(_OF_CHAT, self._gap, chat)
                held = False
                for row in rows:
                    fields = dict(row)
                    if fields.pop("early") or not await self._take(Stored(**fields, held=held)):
                        held = True
                self._said()
        finally:
            self._busy.discard(chat)
            self._woken.set()  # more may have come meanwhile

    async def _take(self, stored: Stored) -> bool:
        """False where it has to be taken again later."""
        with (
            tracing.span(
                "update", SpanKind.CONSUMER, after=tracing.read(stored.trace), update_id=stored.update_id
            ),
            structlog.contextvars.bound_contextvars(update_id=stored.update_id),
        ):
            taken = await self._handled(stored)
            log.info("update", again=not taken)
        return taken

    async def _handled(self, stored: Stored) -> bool:
        try:
            await self._dialogue.take(stored)
        except DATABASE_AWAY:
            raise
        except Refused as refused:
            if refused.why is not Why.UNAVAILABLE:
                return await self._fault(stored, refused)
            await self._defer(stored)
            return False
        except Exception as error:
            return await self._fault(stored, error)
        return True

    async def _defer(self, stored: Stored) -> None:
        # Noted before it is said: a press is answered once, so after a crash in between, the confirmation has to be a
        # message all the same.
        await self._pool.execute(
            """
            UPDATE updates SET promised = true, tries = tries + 1, trace = coalesce(trace, $3),
                   due_at = now() + least($2, 0.5 * 2 ^ least(tries, 10)) * interval '1 second'
            WHERE seq = $1
            """,
            stored.seq,
            LONGEST_WAIT,
            tracing.header(),
        )
        if not stored.promised:
            await self._dialogue.promise(stored)

    async def _fault(self, stored: Stored, error: Exception) -> bool:
        """Counts a fault; True where the update is set aside, so that others need not wait for it."""
        hopeless = isinstance(error, Unreadable)  # it will not parse better next time
        told = mask(f"{type(error).__name__}: {error}")[:500]
        aside: bool = await self._pool.fetchval(
            """
            UPDATE updates SET faults = faults + 1, trouble = $2, due_at = now() + (faults + 1) * interval '1 second',
                   trace = coalesce(trace, $4),
                   set_aside_at = CASE WHEN faults + 1 >= $3 THEN now() END
            WHERE seq = $1 RETURNING set_aside_at IS NOT NULL
            """,
            stored.seq,
            told.replace("\x00", ""),
            1 if hopeless else FAULTS,
            tracing.header(),
        )
        log.error("update not handled", seq=stored.seq, error=told, set_aside=aside)
        if aside:
            SET_ASIDE.inc()
        if aside and not hopeless:
            await self._dialogue.regret(stored)
        return aside

    async def _sweep_old(self) -> None:
        while True:
            await forget_old(self._pool)
            await asyncio.sleep(3600)
