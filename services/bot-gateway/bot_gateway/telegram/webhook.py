"""Has Telegram bring updates to this installation, and looks again and again whether it does.

What is brought is taken in by `receiver`, on any replica; this is for the one that leads.
"""

import asyncio
from collections.abc import Callable

import asyncpg
import structlog
from aiogram.methods import DeleteWebhook, GetWebhookInfo, SetWebhook

from shared.contract.site import Site

from . import reception
from .answers import MethodLacking, WebhookInfo
from .connection import Connection, Line
from .introduction import introduce, quietly
from .metrics import POLL_TROUBLE, RECEIVING, SERVICE
from .received import KINDS
from .reception import WAITS, Refuse
from .troubles import Kind, mask, sort

log = structlog.get_logger()

LOOK = 30.0  # seconds between two looks at whether updates come
AT_ONCE = 10
"""Updates that Telegram may bring at the same time; each holds a database connection for a moment."""


class Webhook:
    def __init__(
        self,
        pool: asyncpg.Pool,
        connection: Connection,
        refuse: Refuse,
        site: Callable[[], Site],
        address: str,
        secret: Callable[[int], str],
    ) -> None:
        """
        address  where Telegram brings updates, without the bot's id
        secret   what it says with each, by the bot's id
        """
        self._pool = pool
        self._connection = connection
        self._refuse = refuse
        self._site = site
        self._address = address
        self._secret = secret

    async def run(self) -> None:
        while True:
            line = self._connection.line
            if line is None:
                await self._connection.changed_from(None)
                continue
            with line.in_use():  # so that it still serves to take the webhook away
                await self._connection.within(line, self._keep(line))
                await self._let_go(line)

    async def _keep(self, line: Line) -> None:
        """Until the token is refused; whoever waits for another token cancels it."""
        await introduce(line, self._site())
        address = f"{self._address}/{line.bot_id}"
        ours = False  # what Telegram has may be of another address or secret
        taken = False
        failures = 0
        while True:
            try:
                told = await self._look(line, address)
                if ours and told.url != address:
                    ours, taken = False, True
                if not ours:
                    told = await self._set(line, address)
                    ours = True
            except Exception as error:
                mishap = sort(error)
                if mishap.kind is Kind.TOKEN:
                    log.warning("bot refused", reason=mishap.reason)
                    await self._refuse(line, mishap.reason)
                    await asyncio.Event().wait()
                wait = max(WAITS[min(failures, len(WAITS) - 1)], float(mishap.seconds))
                failures += 1
                POLL_TROUBLE.labels(mishap.kind).inc()
                log.warning("webhook not known to work", reason=mishap.reason, failures=failures, wait=wait)
                if (
                    mishap.kind is Kind.PERMANENT
                ):  # for all else nobody has looked, and the doctor says since when
                    await reception.note(self._pool, line.bot_id, address, trouble=mishap.reason)
                await asyncio.sleep(wait)
                continue
            failures = 0
            await self._note(line, address, told, taken)
            taken = False
            await asyncio.sleep(LOOK)

    async def _set(self, line: Line, address: str) -> WebhookInfo:
        """Updates that wait at Telegram are kept, and come from now on."""
        await line.call(
            SetWebhook(
                url=address,
                secret_token=self._secret(line.bot_id),
                allowed_updates=KINDS,
                max_connections=AT_ONCE,
                drop_pending_updates=False,
            )
        )
        log.info("webhook set", url=address)
        return await self._look(line, address)

    async def _look(self, line: Line, address: str) -> WebhookInfo:
        """Where the server can't be asked, what it was told is taken for true."""
        try:
            return await line.ask(GetWebhookInfo(), WebhookInfo)
        except MethodLacking:
            return WebhookInfo(address)

    async def _note(self, line: Line, address: str, told: WebhookInfo, taken: bool) -> None:
        trouble = mask(reception.trouble_of(told))
        if taken:
            log.warning("another program had taken the webhook away; it is set again", url=address)
        if trouble:
            log.warning("updates not brought", reason=trouble, waiting=told.pending_update_count)
        else:
            RECEIVING.labels(SERVICE).set_to_current_time()
        await reception.note(
            self._pool,
            line.bot_id,
            address,
            waiting=told.pending_update_count,
            trouble=trouble,
            taken=taken,
        )

    async def _let_go(self, line: Line) -> None:
        """Takes the webhook from a bot that is not to be heard any more; not where only its token is another, or
        this replica ends."""
        if await reception.is_let_go(self._pool, line.bot_id):
            await quietly(line, DeleteWebhook())
