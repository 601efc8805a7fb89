"""Tasks as far as the bot knows them, and what was sent about them."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from bot_gateway.domain import LIVE, OfferState
from shared.contract.task import TaskDetails

HELD = "status IN ('assigned', 'sent', 'accepted', 'in_progress')"
"""Of a card: its technician has it to do. In these words, since the index cards_held is for them."""


class Card(Struct, frozen=True):
    """An offer with what its technician may know of the task.

    version  of the task's stream
    client   whose data the technician holds for it, and may keep; None: nobody's
    over     a newer offer or a withdrawal ended it for good
    """

    task: int
    offer: int
    technician: int
    state: OfferState
    details: TaskDetails
    version: int = 0
    client: int | None = None
    over: bool = False


_DETAILS: msgspec.json.Decoder[TaskDetails] = msgspec.json.Decoder(TaskDetails)
_CARD = """
SELECT task, offers.offer, offers.technician, state, details, version, client, over FROM offers JOIN cards USING (task)
"""


async def card(pool: asyncpg.Pool, task: int, offer: int) -> Card | None:
    row = await pool.fetchrow(f"{_CARD} WHERE task = $1 AND offers.offer = $2", task, offer)
    return _card(row) if row else None


async def open_cards(pool: asyncpg.Pool, technician: int) -> list[Card]:
    """Those that the technician can still do something about, in order of time; those without one last."""
    rows = await pool.fetch(
        f"{_CARD} WHERE offers.technician = $1 AND NOT over AND state = ANY($2) "
        "ORDER BY (details->>'scheduled_at')::timestamptz NULLS LAST, task LIMIT 100",
        technician,
        list(LIVE),
    )
    return [_card(row) for row in rows]


class Done(Struct, frozen=True):
    """A task of a technician as the office sees it: how it stands, or how their part in it ended."""

    task: int
    title: str
    state: str
    at: datetime | None = None


async def held(pool: asyncpg.Pool, technician: int) -> list[Done]:
    """What they are assigned and have not finished, sent or not, the oldest task first."""
    rows = await pool.fetch(
        f"SELECT task, details, status FROM cards WHERE technician = $1 AND {HELD} ORDER BY task LIMIT 50",  # noqa: S608 - own words
        technician,
    )
    return [Done(row["task"], _DETAILS.decode(row["details"]).title, row["status"]) for row in rows]


async def recent(pool: asyncpg.Pool, technician: int) -> list[Done]:
    """The newest tasks that were ever sent to them and are no longer theirs to do, each with their last part in it."""
    rows = await pool.fetch(
        f"""
        SELECT last.task, details, state, coalesce(answered_at, sent_at) AS at FROM (
            SELECT DISTINCT ON (task) task, offer, state, sent_at, answered_at FROM offers
            WHERE technician = $1 ORDER BY task DESC, offer DESC LIMIT 100
        ) last JOIN cards USING (task)
        WHERE cards.technician IS DISTINCT FROM $1 OR NOT {HELD} ORDER BY last.task DESC LIMIT 10
        """,  # noqa: S608 - own words
        technician,
    )
    return [Done(row["task"], _DETAILS.decode(row["details"]).title, row["state"], row["at"]) for row in rows]


def _card(row: asyncpg.Record) -> Card:
    return Card(
        row["task"],
        row["offer"],
        row["technician"],
        OfferState(row["state"]),
        _DETAILS.decode(row["details"]),
        row["version"],
        row["client"],
        row["over"],
    )


async def delivery_of_message(pool: asyncpg.Pool, chat: int, message: int) -> tuple[UUID, int, int] | None:
    """The row, task and offer of a message in a chat, where it is about a task."""
    row = await pool.fetchrow(
        """
        SELECT id, task, offer FROM deliveries
        WHERE chat_id = $1 AND method = 'send' AND task IS NOT NULL AND message_ids @> ARRAY[$2::bigint]
        ORDER BY seq DESC LIMIT 1
        """,
        chat,
        message,
    )
    return (row["id"], row["task"], row["offer"]) if row else None


class DeliveryView(Struct, frozen=True):
    """One message to a technician, for the admin who wonders whether it arrived."""

    id: UUID
    purpose: str
    task: int | None
    invoice: int | None
    status: str
    reason: str | None
    at: datetime


async def deliveries(pool: asyncpg.Pool, technician: int) -> list[DeliveryView]:
    """The last few that admins have sent to this technician."""
    rows = await pool.fetch(
        """
        SELECT id, purpose, task, invoice, status, reason, coalesce(ended_at, queued_at) AS at FROM deliveries
        WHERE chat_id = $1 AND method IN ('send', 'document') AND purpose NOT IN ('reply', 'summary')
        ORDER BY seq DESC LIMIT 10
        """,
        technician,
    )
    return [DeliveryView(**dict(row)) for row in rows]
