"""Taking in what other services published: batches when behind, single events when not.

Rows and cursor are written in one transaction, so an event that comes twice changes
nothing. Events of one stream are applied in order: each must be the one after the
cursor. What can't be applied becomes a dead letter, and later events of that stream
wait behind it; all other streams flow on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import asyncpg
import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext

from shared import tracing
from shared.bus import ACK_WAIT, BUS_TROUBLE, Bus
from shared.contract import Recorded
from shared.journal.database import DATABASE_AWAY, part, transaction
from shared.journal.dead_letters import Apply, Dead, bury, replace, retry, waiting
from shared.journal.fold_rules import Aside, fate, received
from shared.journal.followed import Followed
from shared.metrics import FOLDED
from shared.tracing import SpanKind

log = structlog.get_logger()

BATCH = 500
IDLE = 2.0  # seconds that one pull waits; then the consumer is looked after
RETRY = 0.5  # seconds until an event that came too early, or met a passing fault, is given again
LOST = int(3 * ACK_WAIT / RETRY)
"""Deliveries after which a gap in a stream counts as lost, not as late. Whoever took the missing event and
died keeps it for ACK_WAIT, and once the gap is given up the event is not taken in any more: so, much longer."""

After = Callable[[list[Recorded]], Awaitable[None]]

_ADVANCE = """
INSERT INTO cursors (stream, version) SELECT * FROM unnest($1::text[], $2::int[])
ON CONFLICT (stream) DO UPDATE SET version = EXCLUDED.version
"""


def each(fold: Callable[[asyncpg.Connection, Recorded], Awaitable[None]]) -> Apply:
    """Takes a batch in one by one."""

    async def apply(connection: asyncpg.Connection, batch: Sequence[Recorded]) -> None:
        for recorded in batch:
            with tracing.inside(tracing.of_event(recorded.id)):
                await fold(connection, recorded)

    return apply


class Fold:
    """The one reader of the bus for a service; run by the replica that leads."""

    def __init__(
        self,
        service: str,
        pool: asyncpg.Pool,
        bus: Bus,
        aggregates: Sequence[str],
        apply: Apply,
        after: After | None,
    ) -> None:
        """`apply` takes a batch in, in its order; alone, an event is a batch of one.

        `after` is told of each committed batch.
        """
        self._service = service
        self._pool = pool
        self._bus = bus
        self._subjects = [f"events.{aggregate}.>" for aggregate in aggregates]
        self._apply = apply
        self._after = after

    async def run(self) -> None:
        await self._read_what_can_be_read_now()
        subscription = await self._bus.consumer(self._service, self._subjects)
        try:
            while True:
                messages = await self._pull(subscription)
                if not messages:
                    continue
                behind = messages[0].metadata.num_pending
                if behind:
                    with suppress(NatsTimeoutError, asyncio.TimeoutError):
                        messages += await subscription.fetch(min(behind, BATCH), timeout=0.2)
                await self._take(messages)
        finally:
            with suppress(Exception):  # the connection may be what broke; the next run subscribes anew
                await subscription.unsubscribe()

    async def _read_what_can_be_read_now(self) -> None:
        """An older version of this service, which led while this one came, sets aside what it does not know yet.

        What still fails stays as it is, and nobody is told of it again.
        """
        taken: list[Recorded] = []

        async def apply(connection: asyncpg.Connection, batch: Sequence[Recorded]) -> None:
            await self._apply(connection, batch)
            taken.extend(batch)

        applied, failed = await retry(self._pool, apply, self._service, gaps=False)
        if applied or failed:
            log.info("dead letters read again", service=self._service, applied=applied, failed=len(failed))
        if taken and self._after:
            await self._after(taken)

    async def _pull(self, subscription: JetStreamContext.PullSubscription) -> list[Msg]:
        """The next event; or none, after looking whether stream and consumer are still there."""
        try:
            return await subscription.fetch(1, timeout=IDLE)
        except (TimeoutError, NatsTimeoutError):
            pass  # there is none
        except NatsError as error:
            log.warning("pull failed", service=self._service, error=str(error))
            await asyncio.sleep(RETRY)
        try:
            await self._bus.ensure_consumer(self._service, self._subjects)
        except BUS_TROUBLE as error:
            log.warning("bus not reached", service=self._service, error=str(error) or type(error).__name__)
            await asyncio.sleep(RETRY)
        return []

    async def _take(self, messages: list[Msg]) -> None:
        read = [_read(message) for message in messages]
        came = {
            event.id: (message.headers or {}).get(tracing.HEADER)
            for message, event in read
            if not isinstance(event, Dead)
        }
        batch = Followed("folded", SpanKind.CONSUMER, self._service, came)
        try:
            with tracing.carrying(batch.traces):
                try:
                    applied, early = await self._commit(read, one_by_one=False)
                except DATABASE_AWAY:
                    raise
                except Exception:
                    # One of them is poison: find it, with a savepoint for each.
                    applied, early = await self._commit(read, one_by_one=True)
        except BaseException:  # a stop too: else nobody has them before ACK_WAIT is over
            with suppress(NatsError):
                await _give_again(messages)
            raise
        if applied:
            FOLDED.labels(self._service).inc(len(applied))
            batch.tell(applied)
            if self._after:
                await self._after(applied)
        for message in messages:
            if message not in early:
                await message.ack()
        await _give_again(early)

    async def _commit(
        self, read: list[tuple[Msg, Recorded | Dead]], *, one_by_one: bool
    ) -> tuple[list[Recorded], list[Msg]]:
        """Applies a batch in one transaction; answers what was applied and what came too early."""
        applied: list[Recorded] = []
        early: list[Msg] = []
        async with transaction(self._pool) as connection:
            streams = list({event.stream for _, event in read})
            rows = await connection.fetch(
                "SELECT stream, version FROM cursors WHERE stream = ANY($1)", streams
            )
            seen: dict[str, int] = {row["stream"]: row["version"] for row in rows}
            blocked = await waiting(connection, streams)
            moved: dict[str, int] = {}
            for message, event in read:
                stream = event.stream
                becomes = fate(
                    event,
                    message.data,
                    seen.get(stream, 0),
                    blocked=stream in blocked,
                    lost=_lost(message),
                )
                if becomes is Aside.SKIP:
                    continue
                if becomes is Aside.AGAIN:
                    await replace(connection, event, message.data)
                    continue
                if becomes is Aside.WAIT:
                    early.append(message)
                    continue
                if one_by_one and not isinstance(becomes, Dead):
                    error = await self._try(connection, becomes)
                    becomes = Dead.of(becomes, message.data, error) if error else becomes
                if isinstance(becomes, Dead):
                    await bury(connection, self._service, becomes)
                    blocked.add(stream)
                else:
                    applied.append(becomes)
                seen[stream] = moved[stream] = event.version
            if applied and not one_by_one:
                await self._apply(connection, applied)
            if moved:
                await connection.execute(_ADVANCE, list(moved), list(moved.values()))
        return applied, early

    async def _try(self, connection: asyncpg.Connection, event: Recorded) -> str | None:
        try:
            async with part(connection):
                await self._apply(connection, [event])
        except DATABASE_AWAY:
            raise
        except Exception as error:
            log.exception(
                "event not applied", service=self._service, stream=event.stream, version=event.version
            )
            return f"{type(error).__name__}: {error}"
        return None


def _read(message: Msg) -> tuple[Msg, Recorded | Dead]:
    sequence = message.metadata.sequence.stream
    return message, received(message.data, message.subject, message.headers or {}, sequence)


def _lost(message: Msg) -> bool:
    return (message.metadata.num_delivered or 1) >= LOST


async def _give_again(messages: list[Msg]) -> None:
    for message in messages:
        await message.nak(delay=RETRY)
