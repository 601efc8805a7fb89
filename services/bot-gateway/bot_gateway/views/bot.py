"""The bot connection, and what waits for it."""

from datetime import datetime
from typing import Literal

import asyncpg
from msgspec import Struct

from bot_gateway.domain import Link
from shared.contract.bot import bot_link


class BotInfo(Struct, frozen=True):
    id: int
    username: str
    name: str
    link: str


class Updates(Struct, frozen=True):
    """How updates come to the bot, as the replica that leads last saw it.

    mode     polling: Telegram is asked for them; webhook: Telegram brings them to `address`
    waiting  updates that it has not brought yet
    trouble  why they don't come, in Telegram's words; empty where they do
    """

    mode: Literal["polling", "webhook"]
    address: str
    waiting: int
    trouble: str
    at: datetime


class TokenView(Struct, frozen=True):
    """state: none, connected or refused (with Telegram's reason); the token is only ever shown masked.

    updates  null until the bot is heard
    """

    state: Link
    bot: BotInfo | None = None
    token: str = ""
    reason: str = ""
    at: datetime | None = None
    updates: Updates | None = None


async def token(pool: asyncpg.Pool) -> TokenView:
    row = await pool.fetchrow(
        """
        SELECT link, bot_id, username, name, reason, at, masked, address, waiting, trouble, looked_at
        FROM bot LEFT JOIN bot_token USING (only_row) LEFT JOIN reception USING (bot_id)
        """
    )
    if row is None or row["link"] == Link.NONE:
        return TokenView(Link.NONE)
    info = BotInfo(row["bot_id"], row["username"], row["name"], bot_link(row["username"]))
    return TokenView(Link(row["link"]), info, row["masked"] or "", row["reason"], row["at"], _updates(row))


def _updates(row: asyncpg.Record) -> Updates | None:
    if row["link"] != Link.CONNECTED or row["looked_at"] is None:
        return None
    mode: Literal["polling", "webhook"] = "webhook" if row["address"] else "polling"
    return Updates(mode, row["address"], row["waiting"], row["trouble"], row["looked_at"])


async def last_bot(pool: asyncpg.Pool) -> int | None:
    """The id of the bot that was connected last, also if it no longer is."""
    bot_id: int | None = await pool.fetchval("SELECT bot_id FROM bot")
    return bot_id


async def technician_count(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("SELECT count(*) FROM technicians WHERE standing <> 'deleted'") or 0


class Queue(Struct, frozen=True):
    """What waits for Telegram, and what was put aside."""

    waiting: int
    oldest: datetime | None
    set_aside: int


async def queue(pool: asyncpg.Pool) -> Queue:
    row = await pool.fetchrow(
        """
        SELECT count(*) AS waiting, min(queued_at) AS oldest,
               (SELECT count(*) FROM updates WHERE set_aside_at IS NOT NULL) AS set_aside
        FROM deliveries WHERE status IN ('queued', 'sending')
        """
    )
    assert row is not None
    return Queue(row["waiting"], row["oldest"], row["set_aside"])
