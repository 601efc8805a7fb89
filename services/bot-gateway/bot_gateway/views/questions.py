"""Which rejections a technician was asked about, and which message of a chat is about which offer."""

from datetime import datetime
from uuid import UUID

import asyncpg
from msgspec import Struct

from bot_gateway.domain import OfferState

Offer = tuple[int, int]
"""Task, and the number of the offer."""


class Question(Struct, frozen=True):
    """Nobody has answered it yet. asked_at  when it last reached the chat, or was on its way there"""

    task: int
    offer: int
    asked_at: datetime

    @property
    def about(self) -> Offer:
        return self.task, self.offer


async def open_questions(pool: asyncpg.Pool, technician: int) -> list[Question]:
    """The newest first; a few, since only a question that is the only one is answered without naming it."""
    rows = await pool.fetch(
        """
        SELECT q.task, q.offer, greatest(q.asked_at, d.ended_at) AS asked_at FROM (
            SELECT * FROM reason_questions WHERE technician = $1 AND open ORDER BY asked_at DESC LIMIT 10
        ) q LEFT JOIN deliveries d ON d.id = q.message
        UNION ALL
        SELECT task, offer, asked_at FROM awaited_reasons a WHERE technician = $1 AND NOT EXISTS (
            SELECT FROM reason_questions WHERE technician = $1 AND task = a.task AND offer = a.offer)
        ORDER BY asked_at DESC
        """,
        technician,
    )
    return [Question(row["task"], row["offer"], row["asked_at"]) for row in rows]


async def rejected_at(pool: asyncpg.Pool, technician: int, about: Offer) -> datetime | None:
    """When the press on Reject was stored; None where that is not known."""
    sql = "SELECT rejected_at FROM reason_questions WHERE technician = $1 AND task = $2 AND offer = $3"
    found: datetime | None = await pool.fetchval(sql, technician, *about)
    return found


async def is_rejected(pool: asyncpg.Pool, technician: int, about: Offer) -> bool:
    """As far as it was heard of here."""
    sql = "SELECT state FROM offers WHERE task = $2 AND offer = $3 AND technician = $1"
    return bool(await pool.fetchval(sql, technician, *about) == OfferState.REJECTED)


class Sent(Struct, frozen=True):
    """A message of ours, by what it is about. button  the data of its first button, which says it too
    asks  it opened the answering field"""

    about: Offer | None
    button: str | None
    asks: bool


async def message_of_ours(pool: asyncpg.Pool, bot: int, chat: int, message: int) -> Sent | None:
    row = await pool.fetchrow(
        """
        SELECT coalesce(task, (payload #>> '{about,0}')::bigint) AS task,
               coalesce(offer, (payload #>> '{about,1}')::integer) AS offer,
               payload #>> '{keyboard,0,0,1}' AS button,
               coalesce((payload ->> 'ask')::boolean, false) AS asks
        FROM deliveries
        WHERE chat_id = $2 AND bot_id = $1 AND method <> 'edit' AND message_ids @> ARRAY[$3::bigint]
        ORDER BY seq DESC LIMIT 1
        """,
        bot,
        chat,
        message,
    )
    if row is None:
        return None
    known = row["task"] is not None and row["offer"] is not None
    return Sent((row["task"], row["offer"]) if known else None, row["button"], row["asks"])


async def question(pool: asyncpg.Pool, chat: int, button: str) -> UUID | None:
    """The row of the message in a chat that asks with this button: its callback data."""
    found: UUID | None = await pool.fetchval(
        """
        SELECT id FROM deliveries
        WHERE chat_id = $1 AND method = 'send' AND purpose = 'reply'
          AND jsonb_path_exists(payload, '$.keyboard[*][*][1] ? (@ == $button)', jsonb_build_object('button', $2::text))
        ORDER BY seq DESC LIMIT 1
        """,
        chat,
        button,
    )
    return found
