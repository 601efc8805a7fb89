"""Fetching what Telegram has for the bot: stored first, confirmed to Telegram after.

The next `getUpdates` confirms by its offset, so it is only asked once the rows are committed.
It begins without an offset (Telegram then gives all that is unconfirmed), since after a quiet
week `update_id` goes on at random (Bot API, Update).
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import asyncpg
import structlog
from aiogram.exceptions import TelegramConflictError
from aiogram.methods import DeleteWebhook, GetUpdates

from shared.contract.site import Site

from . import reception
from .answers import UnreadableAnswer, address_of
from .arrivals import Arrivals
from .connection import Connection, Line
from .introduction import introduce, quietly
from .metrics import POLL_TROUBLE, RECEIVING, SERVICE
from .received import KINDS, numbered
from .reception import WAITS, Refuse
from .troubles import Kind, sort

log = structlog.get_logger()

LONG_POLL = 25  # seconds that Telegram may hold a request open


class Poller:
    def __init__(
        self,
        pool: asyncpg.Pool,
        connection: Connection,
        refuse: Refuse,
        arrivals: Arrivals,
        site: Callable[[], Site],
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._refuse = refuse
        self._arrivals = arrivals
        self._site = site

    async def run(self) -> None:
        while True:
            line = self._connection.line
            if line is None:
                await self._connection.changed_from(None)
            else:
                await self._connection.within(line, self._poll(line))

    async def _poll(self, line: Line) -> None:
        """Until the token is refused; whoever waits for another token cancels it."""
        await introduce(line, self._site())
        await reception.note(self._pool, line.bot_id)
        offset: int | None = None
        failures = 0
        while True:
            asked = GetUpdates(offset=offset, timeout=LONG_POLL, allowed_updates=KINDS)
            try:
                batch = await line.ask(asked, list[Any], LONG_POLL + 10)
                updates = numbered(batch)
                if batch and not updates:
                    raise UnreadableAnswer(asked, HTTPStatus.OK, address_of(line.bot))
            except Exception as error:
                await self._failed(line, error, failures)
                failures += 1
                continue
            if failures > 1:
                await reception.note(self._pool, line.bot_id)
            failures = 0
            RECEIVING.labels(SERVICE).set_to_current_time()
            if updates:
                await self._arrivals.fetched(line.bot_id, updates)
                offset = max(update["update_id"] for update in updates) + 1

    async def _failed(self, line: Line, error: Exception, before: int) -> None:
        """Waits, the longer the more failures in a row there were before."""
        mishap = sort(error)
        if mishap.kind is Kind.TOKEN:
            log.warning("bot refused", reason=mishap.reason)
            await self._refuse(line, mishap.reason)
            await asyncio.Event().wait()
        if isinstance(error, TelegramConflictError) and "webhook" in error.message.lower():
            await quietly(line, DeleteWebhook())  # what waits for it is kept
        wait = max(WAITS[min(before, len(WAITS) - 1)], float(mishap.seconds))
        POLL_TROUBLE.labels(mishap.kind).inc()
        log.warning("updates not fetched", reason=mishap.reason, failures=before + 1, wait=wait)
        if before:  # one broken line is nothing to tell anybody of
            await reception.note(self._pool, line.bot_id, trouble=mishap.reason)
        await asyncio.sleep(wait)
