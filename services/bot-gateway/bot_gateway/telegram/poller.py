"""Fetching what Telegram has for the bot: stored first, confirmed to Telegram after.

The next `getUpdates` confirms by its offset, so it is only asked once the rows are committed.
It begins without an offset (Telegram then gives all that is unconfirmed), since after a quiet
week `update_id` goes on at random (Bot API, Update).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import structlog
from aiogram.exceptions import TelegramConflictError
from aiogram.methods import DeleteWebhook, SetMyCommands, TelegramMethod
from aiogram.types import BotCommand

from shared.contract.site import Site
from shared.language import _, languages, speaking

from . import messages
from .connection import Connection, Line
from .metrics import POLL_TROUBLE, POLLED, SERVICE, UPDATES
from .troubles import Kind, sort

log = structlog.get_logger()

LONG_POLL = 25  # seconds that Telegram may hold a request open
KINDS = ["message", "callback_query", "my_chat_member"]
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds after the first, second, … failure in a row

Refuse = Callable[[Line, str], Awaitable[None]]


class GetRawUpdates(TelegramMethod[list[dict[str, Any]]]):
    """`getUpdates` as it comes: one update that can't be parsed must not hide the others."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    timeout: int = LONG_POLL
    allowed_updates: list[str] = KINDS


class Poller:
    def __init__(
        self,
        pool: asyncpg.Pool,
        connection: Connection,
        refuse: Refuse,
        stored: Callable[[], None],
        site: Callable[[], Site],
    ) -> None:
        """refuse  told when the token is no longer accepted; stored  wakes the inbox"""
        self._pool = pool
        self._connection = connection
        self._refuse = refuse
        self._stored = stored
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
        await self._introduce(line)
        offset: int | None = None
        failures = 0
        while True:
            try:
                batch = await line.bot(GetRawUpdates(offset=offset), request_timeout=LONG_POLL + 10)
            except Exception as error:
                mishap = sort(error)
                if mishap.kind is Kind.TOKEN:
                    log.warning("bot refused", reason=mishap.reason)
                    await self._refuse(line, mishap.reason)
                    await asyncio.Event().wait()
                if isinstance(error, TelegramConflictError) and "webhook" in error.message.lower():
                    await self._quietly(line, DeleteWebhook())
                wait = max(WAITS[min(failures, len(WAITS) - 1)], float(mishap.seconds))
                failures += 1
                POLL_TROUBLE.labels(mishap.kind).inc()
                log.warning("updates not fetched", reason=mishap.reason, failures=failures, wait=wait)
                await asyncio.sleep(wait)
                continue
            failures = 0
            POLLED.labels(SERVICE).set_to_current_time()
            if batch:
                await self._store(line.bot_id, batch)
                self._stored()
                offset = max(int(update["update_id"]) for update in batch) + 1

    async def _store(self, bot_id: int, batch: list[dict[str, Any]]) -> None:
        stored = await self._pool.fetch(
            """
            INSERT INTO updates (bot_id, update_id, chat_id, body)
            SELECT $1::bigint, * FROM unnest($2::bigint[], $3::bigint[], $4::bytea[])
            ON CONFLICT (bot_id, update_id) DO NOTHING RETURNING seq
            """,
            bot_id,
            [int(update["update_id"]) for update in batch],
            [_chat(update) for update in batch],
            [json.dumps(kept(update)).encode() for update in batch],
        )
        UPDATES.inc(len(stored))

    async def _introduce(self, line: Line) -> None:
        """The list of commands beside the technician's text field; the bot works without it too.

        One for each language that has sentences, and the site's for all others (Bot API, setMyCommands).
        """
        for only_for, tag in [(None, self._site().language), *((each, each) for each in languages())]:
            with speaking(tag):
                commands = [
                    BotCommand(command=name, description=_(told)) for name, told in messages.COMMANDS.items()
                ]
            await self._quietly(line, SetMyCommands(commands=commands, language_code=only_for))

    async def _quietly(self, line: Line, method: TelegramMethod[bool]) -> None:
        try:
            await line.bot(method)
        except Exception as error:
            log.info("not essential", method=type(method).__name__, reason=sort(error).reason)


KEPT = {
    "message": {"message_id", "date", "chat", "from", "text"},
    "callback_query": {"id", "from", "data", "chat_instance", "message"},
    "my_chat_member": {"chat", "from", "date", "old_chat_member", "new_chat_member"},
}
UNDER_BUTTON = {"message_id", "date", "chat"}


def kept(update: dict[str, Any]) -> dict[str, Any]:
    """What is stored of an update: what the dialogue reads, and nothing that a message of ours said.

    With a press Telegram sends the message that the button is under, with a reply the one that is
    answered: a client's data would come back that way.
    """
    small: dict[str, Any] = {"update_id": update["update_id"]}
    for kind, fields in KEPT.items():
        inner = update.get(kind)
        if isinstance(inner, dict):
            small[kind] = _only(inner, fields)
            if isinstance(inner.get("message"), dict):
                small[kind]["message"] = _only(inner["message"], UNDER_BUTTON)
    return small


def _only(fields: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in names}


def chat_of(update: dict[str, Any]) -> int:
    """Whose queue an update waits in: its chat, else its sender; 0 for what has neither."""
    for kind in KINDS:
        inner = update.get(kind) or {}
        for place in (inner, inner.get("message") or {}):
            if "chat" in place:
                return int(place["chat"]["id"])
        if "from" in inner:
            return int(inner["from"]["id"])
    return 0


def _chat(update: dict[str, Any]) -> int:
    try:
        return chat_of(update)
    except (KeyError, TypeError, ValueError, AttributeError):
        return 0  # not as the Bot API describes it: the inbox will say what is wrong with it
