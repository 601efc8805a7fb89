"""How far a service is behind, measured every few seconds by the replica that leads.

Apart from the relay and the fold: what hangs would not tell how long it has hung.
"""

import asyncio

import asyncpg

from shared.bus import BUS_TROUBLE, STREAM, Bus
from shared.journal.database import DATABASE_AWAY
from shared.metrics import DEAD_LETTERS, FOLD_LAG, OUTBOX, OUTBOX_AGE

EVERY = 5.0

_COUNTS = """
SELECT count(*) AS events, coalesce(extract(epoch FROM now() - min(queued_at)), 0)::float AS oldest,
       (SELECT count(*) FROM dead_letters) AS dead
FROM outbox
"""


class Lag:
    def __init__(self, service: str, pool: asyncpg.Pool, bus: Bus) -> None:
        self._service = service
        self._pool = pool
        self._bus = bus

    async def run(self) -> None:
        # A server that is away leaves its gauges absent, never old; whoever needs it says so in the log.
        while True:
            try:
                await self._count()
            except DATABASE_AWAY:
                for gauge in (OUTBOX, OUTBOX_AGE, DEAD_LETTERS):
                    gauge.remove(self._service)
            try:
                await self._look_at_the_bus()
            except BUS_TROUBLE:
                FOLD_LAG.remove(self._service)
            await asyncio.sleep(EVERY)

    async def _count(self) -> None:
        row = await self._pool.fetchrow(_COUNTS)
        assert row is not None
        OUTBOX.labels(self._service).set(row["events"])
        OUTBOX_AGE.labels(self._service).set(row["oldest"])
        DEAD_LETTERS.labels(self._service).set(row["dead"])

    async def _look_at_the_bus(self) -> None:
        place = await self._bus.js.consumer_info(STREAM, self._service)
        FOLD_LAG.labels(self._service).set((place.num_pending or 0) + (place.num_ack_pending or 0))
