"""How it stands with Telegram, measured every few seconds by the replica that leads; the others know nothing of it."""

import asyncio
from contextlib import suppress

import asyncpg

from bot_gateway import views
from bot_gateway.domain import Link
from shared import clock
from shared.journal.database import DATABASE_AWAY
from shared.journal.lag import EVERY

from .metrics import LINK, POLLED, SERVICE, WAITING, WAITING_AGE


class Gauges:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def run(self) -> None:
        try:
            while True:
                with suppress(*DATABASE_AWAY):  # whoever needs it says so in the log
                    await self._look()
                await asyncio.sleep(EVERY)
        finally:
            for gauge in (WAITING, WAITING_AGE, POLLED):
                gauge.remove(SERVICE)
            for state in Link:
                LINK.remove(state)

    async def _look(self) -> None:
        queue = await views.queue(self._pool)
        WAITING.labels(SERVICE).set(queue.waiting)
        WAITING_AGE.labels(SERVICE).set((clock.now() - queue.oldest).total_seconds() if queue.oldest else 0)
        now = (await views.token(self._pool)).state
        for state in Link:
            LINK.labels(state).set(state is now)
