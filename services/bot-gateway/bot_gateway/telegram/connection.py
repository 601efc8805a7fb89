"""The bot that is connected now, and how to speak as it.

The token is read from its encrypted row whenever the bot's version changes, and is
nowhere else: no log line, event or error holds it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any, TypeVar

import aiogram
import asyncpg
import structlog
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramAPIError, TelegramNotFound, TelegramUnauthorizedError
from aiogram.methods import GetMe, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp import ClientTimeout
from cryptography.fernet import Fernet, InvalidToken

from bot_gateway.domain import Link

from .answers import MethodLacking, UnreadableAnswer, address_of, ask, may_lack, read, result_of
from .received import User

A = TypeVar("A")

log = structlog.get_logger()

LOOK = 2.0  # seconds until a token that another replica was given is noticed
TIMEOUT = 30.0
FINISH = 4.0  # seconds that a message on its way is given, when its bot is replaced or the service stops
IDLE = 2.0
"""Seconds for which a connection that nobody uses is kept. The server ends one after a time that only it knows (some
after five seconds). A message that is written to it in that moment is lost, and nobody can tell that from one that
arrived without an answer: so this is far less."""


class Session(AiohttpSession):
    """As aiogram's, but of an answer only whether it came well is read here: see `answers`."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self._connector_init["keepalive_timeout"] = IDLE

    async def make_request(
        self, bot: aiogram.Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        try:
            return await super().make_request(bot, method, timeout)
        except UnicodeDecodeError:
            raise UnreadableAnswer(method, HTTPStatus.OK, address_of(bot)) from None

    def check_response(
        self, bot: aiogram.Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        result: Any = result_of(method, status_code, content, address_of(bot))
        return Response.model_construct(ok=True, result=result)


def speak_as(token: str, telegram_api: str, timeout: float = TIMEOUT) -> aiogram.Bot:
    """A client for one token; close its session when done."""
    session = Session(api=TelegramAPIServer.from_base(telegram_api))
    # A connection that was never made is not an answer that never came: the two are told apart.
    session.timeout = ClientTimeout(total=timeout, sock_connect=8)  # type: ignore[assignment]  # aiohttp takes both
    return aiogram.Bot(token, session=session)


class Line:
    """One connected bot. `version` is that of the stream `bot.main` which connected it."""

    def __init__(self, bot: aiogram.Bot, bot_id: int, username: str, version: int) -> None:
        self.bot = bot
        self.bot_id = bot_id
        self.username = username
        self.version = version
        self._users = 0
        self._free = asyncio.Event()
        self._free.set()

    async def call(self, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        """What it answers, unread. Raises MethodLacking where that is all that is wrong: as long as the server knows
        the token, a 404 is about the method."""
        try:
            return await self.bot(method, request_timeout=timeout)
        except (TelegramAPIError, UnreadableAnswer) as error:
            if isinstance(method, GetMe) or not may_lack(error):
                raise
            await self._knows_token(method, timeout)
            raise MethodLacking(method, address_of(self.bot)) from None

    async def _knows_token(self, method: TelegramMethod[Any], timeout: int | None) -> None:
        """Else it is all that is wrong. Where it can't be asked, still nothing is known of the method but its 404."""
        try:
            await ask(self.bot, GetMe(), User, timeout)
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise
        except (TelegramAPIError, UnreadableAnswer):
            raise UnreadableAnswer(method, HTTPStatus.NOT_FOUND, address_of(self.bot)) from None

    async def ask(self, method: TelegramMethod[Any], kind: type[A], timeout: int | None = None) -> A:
        """What is needed of its answer; raises UnreadableAnswer where it lacks that."""
        return read(self.bot, method, await self.call(method, timeout), kind)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """For a message on its way: a connection closed under it would leave open whether it arrived."""
        self._users += 1
        self._free.clear()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._free.set()

    async def close(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH):
                await self._free.wait()
        with suppress(Exception):  # nobody needs it any more
            await self.bot.session.close()


class Connection:
    def __init__(self, pool: asyncpg.Pool, cipher: Fernet, telegram_api: str) -> None:
        self._pool = pool
        self._cipher = cipher
        self._telegram_api = telegram_api
        self._changed = asyncio.Event()
        self._version = -1
        self._refreshing = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self.line: Line | None = None
        self.link: Link | None = None  # not known before the first look

    async def watch(self) -> None:
        """Every replica: notices what another one was told."""
        try:
            while True:
                await self.refresh()
                await asyncio.sleep(LOOK)
        except asyncio.CancelledError:
            # Only at the end: a look that fails is repeated, and finds nothing changed.
            await self._switch(None)
            raise

    async def refresh(self) -> None:
        """Speaks as the bot that the rows name; at once where they have changed."""
        async with self._refreshing:
            row = await self._pool.fetchrow(
                "SELECT link, bot_id, username, version, sealed FROM bot LEFT JOIN bot_token USING (only_row)"
            )
            version = row["version"] if row else 0
            if version == self._version:
                return
            self._version = version
            self.link = Link(row["link"]) if row else Link.NONE
            await self._switch(self._open(row) if row and self.link is Link.CONNECTED else None)

    def _open(self, row: asyncpg.Record) -> Line | None:
        try:
            token = self._cipher.decrypt(bytes(row["sealed"])).decode()
        except (InvalidToken, TypeError):
            log.error("the stored token can't be read: CALLOUT_SECRET has changed; enter the token again")
            return None
        return Line(speak_as(token, self._telegram_api), row["bot_id"], row["username"], row["version"])

    async def _switch(self, line: Line | None) -> None:
        old, self.line = self.line, line
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        if old:
            closing = asyncio.create_task(old.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def changed_from(self, line: Line | None) -> None:
        """Returns once another bot (or none) is connected than `line`."""
        while self.line is line:
            await self._changed.wait()

    async def within(self, line: Line, work: Any) -> None:
        """Awaits `work`, but no longer than `line` is the one that is connected."""
        working = asyncio.ensure_future(work)
        watching = asyncio.ensure_future(self.changed_from(line))
        try:
            await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
        finally:
            for each in (working, watching):
                each.cancel()
            await asyncio.gather(working, watching, return_exceptions=True)
