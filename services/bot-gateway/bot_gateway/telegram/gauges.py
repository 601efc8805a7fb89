"""How it stands with Telegram, measured every few seconds by the replica that leads; the others know nothing of it."""

import asyncio

import asyncpg

from bot_gateway import views
from bot_gateway.domain import Link
from shared import clock
from shared.journal.lag import EVERY, measured

from .metrics import LINK, RECEIVING, SERVICE, WAITING, WAITING_AGE


class Gauges:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def run(self) -> None:
        try:
            while True:
                await measured(self._look, self._forget)
                await asyncio.sleep(EVERY)
        finally:
            self._forget()
            RECEIVING.clear()

    async def _look(self) -> None:
        queue = await views.queue(self._pool)
        WAITING.labels(SERVICE).set(queue.waiting)
        WAITING_AGE.labels(SERVICE).set((clock.now() - queue.oldest).total_seconds() if queue.oldest else 0)
        now = (await views.token(self._pool)).state
        for state in Link:
            LINK.labels(state).set(state is now)

    def _forget(self) -> None:
        for gauge in (WAITING, WAITING_AGE, LINK):
            gauge.clear()
