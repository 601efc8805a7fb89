"""Publishing what the journal holds: the outbox, emptied in order of position.

A crash between publish and delete publishes the batch again under the same ids, and
every fold ignores what it has seen. The relay is woken at each commit; the slow look
every `SWEEP` seconds finds what another replica committed.
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
from shared.metrics import OUTBOX, PUBLISHED

log = structlog.get_logger()

BATCH = 500
SWEEP = 1.0
RETRY = 0.5  # seconds, while the bus does not answer
REFILL = 600.0  # seconds that queueing a whole journal may take

_NEXT = """
SELECT e.position, e.id, e.stream, e.version, e.type, e.schema, e.data, e.actor, e.at, e.command_id, e.causation_id
FROM outbox JOIN events e USING (position) ORDER BY position LIMIT $1
"""


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
                        await self._count()
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
            rows = await connection.fetch(_NEXT, BATCH)
            if rows:
                await self._bus.publish_events([_envelope(row) for row in rows])
                await connection.execute(
                    "DELETE FROM outbox WHERE position = ANY($1)", [row["position"] for row in rows]
                )
        PUBLISHED.labels(self._service).inc(len(rows))
        return len(rows) == BATCH

    async def _count(self) -> None:
        """Not after each batch: counting a long outbox again and again takes longer than emptying it."""
        OUTBOX.labels(self._service).set(await self._pool.fetchval("SELECT count(*) FROM outbox"))


def _envelope(row: asyncpg.Record) -> Envelope[msgspec.Raw]:
    fields = dict(row)
    fields.pop("position")
    fields["data"] = msgspec.Raw(fields["data"].encode())
    return Envelope(**fields)
