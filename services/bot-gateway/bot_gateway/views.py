"""Rows → Structs, in hand-written SQL."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from bot_gateway.domain import LIVE, Link, OfferState, Profile, Standing
from shared.contract.bot import bot_link
from shared.contract.task import TaskDetails
from shared.contract.technician import profile_link
from shared.numbers import BIGGEST
from shared.refusal import Refused, Why

# ── Technicians ──────────────────────────────────────────────────────────────


class TechnicianView(Struct, frozen=True, kw_only=True):
    """One technician as admins see them.

    name           the team's own name, or else Telegram's
    status         active, blocked (the bot can't reach them) or deactivated (by an admin)
    reviewed       False until an admin has looked: *Review / edit* or *Keep as is*
    version        for an edit that must not overwrite another admin's
    own_name       empty where the team gave none
    """

    telegram_id: int
    name: str
    telegram_name: str
    username: str | None
    profile_link: str
    language: str | None
    status: str
    reachable: bool
    reviewed: bool
    note: str
    registered_at: datetime
    version: int
    own_name: str


_TECHNICIAN = """
SELECT id, telegram_name, username, language, name, note, shown, standing, blocked, reviewed, registered_at, version
FROM technicians
"""


class Key(NamedTuple):
    """Where the next page of the list goes on."""

    registered_at: datetime
    telegram_id: int


def key(technician: TechnicianView) -> Key:
    return Key(technician.registered_at, technician.telegram_id)


async def technicians(
    pool: asyncpg.Pool,
    after: Key | None,
    limit: int,
    *,
    q: str = "",
    status: str = "",
) -> list[TechnicianView]:
    """The newest first, `limit` + 1 of them; `after` is the last one of the page before."""
    conditions = ["standing <> 'deleted'"]
    given: list[Any] = [limit + 1]
    if after:
        if abs(after.telegram_id) > BIGGEST or not after.registered_at.tzinfo:
            raise Refused("That page is not known. Please begin at the first.", Why.INVALID)
        given += after
        conditions.append(f"(registered_at, id) < (${len(given) - 1}, ${len(given)})")
    if q := q.strip():
        given.append(f"%{_literal(q)}%")
        conditions.append(
            f"(shown ILIKE ${len(given)} OR telegram_name ILIKE ${len(given)} OR username ILIKE ${len(given)})"
        )
    if status:
        if status not in STATUS:
            sentence = f"A status is one of {', '.join(STATUS)}."
            raise Refused(sentence, Why.INVALID, {"status": sentence})
        conditions.append(STATUS[status])
    rows = await pool.fetch(
        f"{_TECHNICIAN} WHERE {' AND '.join(conditions)} ORDER BY registered_at DESC, id DESC LIMIT $1",
        *given,
    )
    return [_technician(row) for row in rows]


STATUS = {
    "active": "standing = 'active' AND NOT blocked",
    "blocked": "standing = 'active' AND blocked",
    "deactivated": "standing = 'deactivated'",
    "new": "NOT reviewed",
}


async def technician(pool: asyncpg.Pool, telegram_id: int) -> TechnicianView:
    row = await _one(pool, telegram_id)
    if row is None or row["standing"] == Standing.DELETED:
        raise Refused("There is no such technician.", Why.MISSING)
    return _technician(row)


class Contact(Struct, frozen=True):
    """What the bot knows of whoever writes to it."""

    profile: Profile
    standing: Standing
    blocked: bool
    shown: str


async def contact(pool: asyncpg.Pool, telegram_id: int) -> Contact:
    row = await _one(pool, telegram_id)
    if row is None:
        return Contact(Profile(""), Standing.ABSENT, False, "")
    profile = Profile(row["telegram_name"], row["username"], row["language"])
    return Contact(profile, Standing(row["standing"]), row["blocked"], row["shown"])


async def _one(pool: asyncpg.Pool, telegram_id: int) -> asyncpg.Record | None:
    if not 0 < telegram_id <= BIGGEST:
        return None
    return await pool.fetchrow(f"{_TECHNICIAN} WHERE id = $1", telegram_id)


def _technician(row: asyncpg.Record) -> TechnicianView:
    standing, blocked = Standing(row["standing"]), row["blocked"]
    return TechnicianView(
        telegram_id=row["id"],
        name=row["shown"],
        telegram_name=row["telegram_name"],
        username=row["username"],
        profile_link=profile_link(row["id"], row["username"]),
        language=row["language"],
        status="blocked" if blocked and standing is Standing.ACTIVE else standing.value,
        reachable=not blocked and standing is Standing.ACTIVE,
        reviewed=row["reviewed"],
        note=row["note"],
        registered_at=row["registered_at"],
        version=row["version"],
        own_name=row["name"],
    )


def _literal(text: str) -> str:
    """For LIKE, in which these three mean something."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


# ── The bot ──────────────────────────────────────────────────────────────────


class BotInfo(Struct, frozen=True):
    id: int
    username: str
    name: str
    link: str


class TokenView(Struct, frozen=True):
    """state: none, connected or refused (with Telegram's reason); the token is only ever shown masked."""

    state: Link
    bot: BotInfo | None = None
    token: str = ""
    reason: str = ""
    at: datetime | None = None


async def token(pool: asyncpg.Pool) -> TokenView:
    row = await pool.fetchrow(
        "SELECT link, bot_id, username, name, reason, at, masked FROM bot LEFT JOIN bot_token USING (only_row)"
    )
    if row is None or row["link"] == Link.NONE:
        return TokenView(Link.NONE)
    info = BotInfo(row["bot_id"], row["username"], row["name"], bot_link(row["username"]))
    return TokenView(Link(row["link"]), info, row["masked"] or "", row["reason"], row["at"])


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


# ── Tasks, as far as the bot knows them ──────────────────────────────────────


class Card(Struct, frozen=True):
    """An offer with what its technician may know of the task."""

    task: int
    offer: int
    technician: int
    state: OfferState
    details: TaskDetails


_DETAILS: msgspec.json.Decoder[TaskDetails] = msgspec.json.Decoder(TaskDetails)
_CARD = "SELECT task, offers.offer, offers.technician, state, details FROM offers JOIN cards USING (task)"


async def card(pool: asyncpg.Pool, task: int, offer: int) -> Card | None:
    row = await pool.fetchrow(f"{_CARD} WHERE task = $1 AND offers.offer = $2", task, offer)
    return _card(row) if row else None


async def open_cards(pool: asyncpg.Pool, technician: int) -> list[Card]:
    """Those that the technician can still do something about, the oldest task first."""
    rows = await pool.fetch(
        f"{_CARD} WHERE offers.technician = $1 AND NOT over AND state = ANY($2) ORDER BY task LIMIT 20",
        technician,
        list(LIVE),
    )
    return [_card(row) for row in rows]


def _card(row: asyncpg.Record) -> Card:
    return Card(
        row["task"],
        row["offer"],
        row["technician"],
        OfferState(row["state"]),
        _DETAILS.decode(row["details"]),
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


async def awaited_reason(pool: asyncpg.Pool, technician: int) -> tuple[int, int] | None:
    """Task and offer whose rejection this technician was asked about, within the last day."""
    row = await pool.fetchrow(
        "SELECT task, offer FROM awaited_reasons WHERE technician = $1 AND asked_at > now() - interval '1 day'",
        technician,
    )
    return (row["task"], row["offer"]) if row else None


class DeliveryView(Struct, frozen=True):
    """One message to a technician, for the admin who wonders whether it arrived."""

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
        SELECT purpose, task, invoice, status, reason, coalesce(ended_at, queued_at) AS at FROM deliveries
        WHERE chat_id = $1 AND method IN ('send', 'document') AND purpose <> 'reply' ORDER BY seq DESC LIMIT 10
        """,
        technician,
    )
    return [DeliveryView(**dict(row)) for row in rows]
