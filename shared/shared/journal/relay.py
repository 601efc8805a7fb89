"""Publishing what the journal holds: the outbox, emptied in order of position.

A crash between publish and commit publishes the batch again under the same ids, and
every fold ignores what it has seen. A redacted stream is purged from the bus and published
anew from version 1, so that a reader that starts from nothing finds no gap in it. The relay
is woken at each commit; the slow look every `SWEEP` seconds finds what another replica committed.
"""

import asyncio
from contextlib import suppress
from datetime import datetime

import asyncpg
import msgspec
import structlog

from shared.bus import BUS_TROUBLE, Bus
from shared.contract.event import Envelope
from shared.journal.database import transaction
from shared.journal.followed import Followed
from shared.metrics import PUBLISHED
from shared.tracing import SpanKind

log = structlog.get_logger()

BATCH = 500
SWEEP = 1.0
RETRY = 0.5  # seconds, while the bus does not answer
REFILL = 600.0  # seconds that queueing a whole journal may take

# Taken out before they are read: what is redacted meanwhile waits for this transaction, or this one for it.
# One statement for both would read the events as they were before it waited.
_TAKE = """
DELETE FROM outbox WHERE position = ANY(ARRAY(SELECT position FROM outbox ORDER BY position LIMIT $1))
RETURNING position, again, trace
"""
_COLUMNS = "position, id, stream, version, type, schema, data, actor, at, command_id, causation_id"
_READ = f"SELECT {_COLUMNS} FROM events WHERE position = ANY($1) ORDER BY position"  # noqa: S608 - own column names
_TAKE_STREAM = "DELETE FROM outbox USING events e WHERE e.position = outbox.position AND e.stream = $1"
_READ_STREAM = f"SELECT {_COLUMNS} FROM events WHERE stream = $1 ORDER BY version"  # noqa: S608 - own column names


class Relay:
    """The one publisher of a service; run by the replica that leads."""

    def __init__(self, service: str, pool: asyncpg.Pool, bus: Bus) -> None:
        self._service = service
        self._pool = pool
        self._bus = bus
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        looked = 0.0
        clock = asyncio.get_running_loop().time
        while True:
            self._woken.clear()
            more = True
            try:
                while more:
                    if clock() - looked >= SWEEP:
                        await self.refill()
                        looked = clock()
                    more = await self._drain()
            except BUS_TROUBLE as error:
                # What was not confirmed stays in the outbox and is published again.
                log.warning(
                    "bus not reached", service=self._service, error=str(error) or type(error).__name__
                )
                looked = 0.0
                await asyncio.sleep(RETRY)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP):
                    await self._woken.wait()

    async def refill(self) -> None:
        """Queues the whole journal again where the bus has lost or never had it.

        JetStream only distributes: a stream that was made anew since the last look is empty.
        """
        created = await self._bus.provision()
        known: datetime | None = await self._pool.fetchval("SELECT bus_created FROM published")
        if known == created:
            return
        async with transaction(self._pool) as connection:
            await connection.execute(
                "INSERT INTO outbox SELECT position FROM events ON CONFLICT DO NOTHING", timeout=REFILL
            )
            await connection.execute(
                "INSERT INTO published (bus_created) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET bus_created = $1",
                created,
            )
        log.info("journal queued for the bus", service=self._service, stream_created=created.isoformat())

    async def _drain(self) -> bool:
        """Publishes one batch; says whether there may be more."""
        async with transaction(self._pool) as connection:
            taken = {row["position"]: row for row in await connection.fetch(_TAKE, BATCH)}
            rows = await connection.fetch(_READ, list(taken)) if taken else []
            redacted = {row["stream"] for row in rows if taken[row["position"]]["again"]}
            first = [_envelope(row) for row in rows if row["stream"] not in redacted]
            traces = {row["id"]: taken[row["position"]]["trace"] for row in rows}
            batch = Followed("published", SpanKind.PRODUCER, self._service, traces)
            if first:
                await self._bus.publish_events(first, traces=batch.traces)
            for stream in sorted(redacted):
                await self._replace(connection, stream)
        batch.tell(first)
        PUBLISHED.labels(self._service).inc(len(rows))
        return len(rows) == BATCH

    async def _replace(self, connection: asyncpg.Connection, stream: str) -> None:
        """The whole stream at once: a batch may hold any part of it, and a purge takes back what others held."""
        await connection.execute(_TAKE_STREAM, stream)
        rows = await connection.fetch(_READ_STREAM, stream)
        await self._bus.forget(stream)
        await self._bus.publish_events([_envelope(row) for row in rows], anew=True)


def _envelope(row: asyncpg.Record) -> Envelope[msgspec.Raw]:
    fields = dict(row)
    fields.pop("position")
    fields["data"] = msgspec.Raw(fields["data"].encode())
    return Envelope(**fields)
