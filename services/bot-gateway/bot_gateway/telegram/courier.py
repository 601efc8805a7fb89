"""Bringing deliveries to Telegram: one loop, in order within each chat, at Telegram's pace.

A row is `queued`, then `sending` (committed before the call goes out), then `sent`, `failed`,
`unknown` or `dropped`. A new message that was `sending` when the process died is `unknown`,
because `sendMessage` has no idempotency key; edits and deletions are simply repeated.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog
from aiogram.methods import TelegramMethod

from bot_gateway.domain import Link
from shared import tracing
from shared.bus import AnswerBroke
from shared.contract.delivery import Trouble
from shared.journal.database import DATABASE_AWAY
from shared.language import N_
from shared.refusal import Refused, Why
from shared.sentences import kept_failing
from shared.tracing import SpanKind

from .answers import Sent
from .connection import FINISH, Connection, Line
from .ledger import Ledger
from .limits import Pace
from .metrics import CALLS, IN_FLIGHT
from .outgoing import Outgoing
from .plan import Drop, Fail, Recall, Row, Steps, Told
from .troubles import Kind, Mishap, sort

log = structlog.get_logger()

AT_ONCE = 24  # deliveries under way side by side, each in another chat
SWEEP = 1.0  # finds what another replica has queued
BREATH = 0.05  # seconds between two looks at a long queue
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)  # seconds after the first, second, … try
TRIES = 12  # tries of what reaches Telegram and fails there, about six minutes
AWAY = 3.0  # seconds until another service is asked again
BROKE = N_("A part of Callout broke while it was asked for what is to be sent.")

Refuse = Callable[[Line, str], Awaitable[None]]


class Courier:
    def __init__(
        self,
        ledger: Ledger,
        outgoing: Outgoing,
        connection: Connection,
        refuse: Refuse,
        pace: Pace,
    ) -> None:
        self._ledger = ledger
        self._outgoing = outgoing
        self._connection = connection
        self._refuse = refuse
        self._pace = pace
        self._woken = asyncio.Event()
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._silent_until = 0.0
        self._unreached = 0
        self._paused: dict[int, float] = {}

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        await self._ledger.recover()
        try:
            while True:
                self._woken.clear()
                await self._look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP):  # unlike wait_for, this loses no cancellation
                        await self._woken.wait()
                if self._busy:
                    await asyncio.sleep(BREATH)
        finally:
            await self._finish()

    async def _look(self) -> None:
        """Starts whatever can go out now; raises what a delivery under way has raised."""
        for chat, task in list(self._busy.items()):
            if task.done():
                del self._busy[chat]
                task.result()
        line = self._connection.line
        if line is None:
            if self._connection.link is Link.NONE:
                await self._ledger.give_up()
            return
        now = self._now()
        self._paused = {chat: until for chat, until in self._paused.items() if until > now}
        if now < self._silent_until or len(self._busy) >= AT_ONCE:
            return
        closed = [*self._busy, *self._paused]
        for row in await self._ledger.due(closed, AT_ONCE - len(self._busy)):
            if row.chat_id not in self._busy:
                self._busy[row.chat_id] = asyncio.create_task(self._carry(line, row))

    async def _carry(self, line: Line, row: Row) -> None:
        names = {"delivery": str(row.id), "purpose": row.purpose.value}
        with (
            IN_FLIGHT.track_inprogress(),
            tracing.span(f"deliver {row.purpose}", SpanKind.CONSUMER, after=tracing.read(row.trace), **names),
            structlog.contextvars.bound_contextvars(**names),
        ):
            await self._bring(line, row)

    async def _bring(self, line: Line, row: Row) -> None:
        try:
            plan = await self._outgoing.plan(row, line.bot_id)
            match plan:
                case Drop(reason):
                    await self._ledger.dropped(row, reason)
                case Fail(reason, trouble):
                    await self._ledger.failed(row, line.bot_id, trouble, reason)
                case Recall(target):
                    await self._ledger.recall(row, target, AWAY)
                case Told(message):
                    await self._ledger.told(row, message)
                case Steps():
                    with line.in_use():
                        await self._carry_out(line, row, plan)
        except DATABASE_AWAY:
            raise
        except Refused as refused:
            if refused.why is Why.UNAVAILABLE:
                await self._ledger.requeue(row, AWAY, refused.sentence, spend=False)
            else:
                await self._ledger.failed(row, line.bot_id, Trouble.REFUSED, refused.sentence)
        except AnswerBroke as broke:
            log.error("delivery waits for an answer that broke", error=str(broke))
            await self._again(row, BROKE, line.bot_id)
        except Exception as error:
            # A fault of ours. Its text could hold what was to be sent, so only its kind and place are told.
            place = traceback.extract_tb(error.__traceback__)[-1]
            told = f"{type(error).__name__} in {place.name}, line {place.lineno}"
            log.error("delivery broke", error=told)
            if await self._ledger.may_be_out(row):
                await self._ledger.unknown(row, line.bot_id, told)
            else:
                await self._again(row, told, line.bot_id)
        finally:
            self._woken.set()

    async def _carry_out(self, line: Line, row: Row, plan: Steps) -> None:
        if row.makes_messages:
            await self._wait(self._pace.chat(row.chat_id, self._now()))
        if self._connection.line is not line or not await self._ledger.claim(row, line.bot_id, plan.record):
            return
        made = list(row.message_ids) if row.makes_messages else []
        for n, step in enumerate(plan.steps):
            if n and row.makes_messages:
                await self._wait(self._pace.chat(row.chat_id, self._now()))
            result = await self._call(line, step.call, row.makes_messages)
            if isinstance(result, Mishap) and result.kind in (Kind.TOO_OLD, Kind.LACKING) and step.otherwise:
                result = await self._call(line, step.otherwise, row.makes_messages)
            if isinstance(result, Mishap):
                if result.kind in (Kind.DONE, Kind.GONE) and not row.makes_messages:
                    continue
                await self._mishap(line, row, result)
                return
            if row.makes_messages:
                made.append(result)
                if n < len(plan.steps) - 1:
                    await self._ledger.part(row, made)
        if plan.lacking:
            await self._ledger.failed(row, line.bot_id, Trouble.REFUSED, plan.lacking)
        else:
            await self._ledger.sent(row, line.bot_id, made)

    async def _call(self, line: Line, call: TelegramMethod[Any], makes_message: bool) -> int | Mishap:
        """The id of the message that was made (0 where none was), or what went wrong."""
        await self._wait(self._pace.everyone(self._now()))
        name = call.__api_method__
        with tracing.span(f"telegram {name}", SpanKind.CLIENT) as span:
            try:
                if makes_message:
                    made = (await line.ask(call, Sent)).message_id
                else:
                    made = 0
                    await line.call(call)
            except Exception as error:
                mishap = sort(error)
                CALLS.labels(name, mishap.kind).inc()
                if mishap.kind is not Kind.DONE:
                    span.error = mishap.kind.value
                log.info("telegram", method=name, outcome=mishap.kind.value, reason=mishap.reason)
                return mishap
            self._unreached = 0
            CALLS.labels(name, "done").inc()
            log.info("telegram", method=name, outcome="done")
        return made

    async def _mishap(self, line: Line, row: Row, mishap: Mishap) -> None:
        match mishap.kind:
            case Kind.WAIT:
                self._hush(row.chat_id, mishap.seconds)
                await self._ledger.requeue(row, mishap.seconds, mishap.reason, spend=False)
            case Kind.UNREACHABLE:
                wait = WAITS[min(self._unreached, len(WAITS) - 2)]
                self._unreached += 1
                self._silent_until = self._now() + wait
                await self._ledger.requeue(row, wait, mishap.reason, spend=False)
            case Kind.TOKEN:
                await self._ledger.requeue(row, 0, mishap.reason, spend=False)
                await self._refuse(line, mishap.reason)
            case Kind.UNCLEAR if row.makes_messages:
                await self._ledger.unknown(row, line.bot_id, mishap.reason)
            case Kind.AGAIN | Kind.UNCLEAR:
                await self._again(row, mishap.reason, line.bot_id)
            case _:
                await self._ledger.failed(row, line.bot_id, mishap.trouble, mishap.reason)

    async def _again(self, row: Row, reason: str, bot_id: int) -> None:
        if row.tries + 1 >= TRIES:
            await self._ledger.failed(row, bot_id, Trouble.REFUSED, kept_failing(reason))
        else:
            await self._ledger.requeue(row, WAITS[min(row.tries, len(WAITS) - 1)], reason, spend=True)

    def _hush(self, chat: int, seconds: int) -> None:
        """429: this chat rests; where several are told so at once, all of them do."""
        until = self._now() + seconds
        self._paused[chat] = until
        if len(self._paused) >= 3:
            self._silent_until = max(self._silent_until, until)

    async def _finish(self) -> None:
        """What has gone out is given a moment to be written down."""
        tasks = list(self._busy.values())
        self._busy.clear()
        until = self._now() + FINISH
        while any(not task.done() for task in tasks) and (left := until - self._now()) > 0:
            with suppress(asyncio.CancelledError):  # asked to end again and again: see `shared.service.end`
                await asyncio.wait(tasks, timeout=left)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
