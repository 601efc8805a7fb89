"""How far a service is behind, measured every few seconds by the replica that leads.

Apart from the relay and the fold: what hangs would not tell how long it has hung.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import asyncpg
import structlog
from prometheus_client import Gauge

from shared.bus import BUS_TROUBLE, STREAM, Bus
from shared.journal.database import is_away
from shared.metrics import DEAD_LETTERS, FOLD_LAG, OUTBOX, OUTBOX_AGE

log = structlog.get_logger()

EVERY = 5.0

_COUNTS = """
SELECT count(*) AS events, coalesce(extract(epoch FROM now() - min(queued_at)), 0)::float AS oldest,
       (SELECT count(*) FROM dead_letters) AS dead
FROM outbox
"""


async def measured(look: Callable[[], Awaitable[None]], forget: Callable[[], None]) -> None:
    """Looks once. What can't be measured is absent from then on, never old; and nobody ceases to lead for it."""
    try:
        async with asyncio.timeout(EVERY):
            await look()
    except Exception as error:
        forget()
        if not is_away(error) and not isinstance(
            error, BUS_TROUBLE
        ):  # whoever needs that server says so in the log
            log.exception("not measured")


class Lag:
    def __init__(self, service: str, pool: asyncpg.Pool, bus: Bus) -> None:
        self._service = service
        self._pool = pool
        self._bus = bus

    async def run(self) -> None:
        while True:
            await measured(self._count, partial(self._forget, OUTBOX, OUTBOX_AGE, DEAD_LETTERS))
            await measured(self._look_at_the_bus, partial(self._forget, FOLD_LAG))
            await asyncio.sleep(EVERY)

    def _forget(self, *gauges: Gauge) -> None:
        for gauge in gauges:
            gauge.remove(self._service)

    async def _count(self) -> None:
        row = await self._pool.fetchrow(_COUNTS)
        assert row is not None
        OUTBOX.labels(self._service).set(row["events"])
        OUTBOX_AGE.labels(self._service).set(row["oldest"])
        DEAD_LETTERS.labels(self._service).set(row["dead"])

    async def _look_at_the_bus(self) -> None:
        place = await self._bus.js.consumer_info(STREAM, self._service)
        FOLD_LAG.labels(self._service).set((place.num_pending or 0) + (place.num_ack_pending or 0))
