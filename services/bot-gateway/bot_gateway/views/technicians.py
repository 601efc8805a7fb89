"""Who they are, how they can be reached, what they have to do and how they answer."""

from datetime import datetime
from typing import Any

import asyncpg
from msgspec import Struct

from bot_gateway.domain import Profile, Standing
from shared import namesakes
from shared.contract.event import stream_name
from shared.contract.technician import TechnicianDeleted, profile_link
from shared.language import _
from shared.namesakes import Namesake
from shared.numbers import BIGGEST
from shared.refusal import Refused, Why
from shared.text import has_control

from .work import HELD


class TechnicianView(Struct, frozen=True, kw_only=True):
    """One technician as admins see them.

    name             the team's own name, or else Telegram's
    status           active, blocked (they have blocked the bot), gone (their Telegram account is) or deactivated (an
                     admin has paused their access)
    reachable        whether messages arrive: only where they are active
    reviewed         whether they are kept: False until *Review / edit*, *Keep as is* or the first sending to them
    returned         they had been deleted, and pressed Start again
    deleted_at       when that was
    namesakes        who else is shown by this name, who joined first in front; a few of them
    version          for an edit that must not overwrite another admin's
    own_name         empty where the team gave none
    open_tasks       those that they are assigned and have not finished, sent or not
    accepted         offers that they accepted, ever; rejected, completed: likewise
    acceptance_rate  percent of the offers they answered; null where they answered none
    answers_within   seconds: the median from an offer to its answer, of the last 50; null where there is none
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
    returned: bool
    deleted_at: datetime | None
    namesakes: list[Namesake]
    version: int
    own_name: str
    open_tasks: int
    accepted: int
    rejected: int
    completed: int
    acceptance_rate: int | None
    answers_within: int | None


_WHO = """
SELECT id, telegram_name, username, language, name, note, shown, standing, blocked, gone, reviewed, registered_at,
       version
FROM technicians
"""

_WITH_LOAD = f"""
SELECT * FROM (
    SELECT t.*, coalesce(load.tasks, 0) AS held FROM technicians t LEFT JOIN (
        SELECT technician AS id, count(*) AS tasks FROM cards WHERE {HELD} GROUP BY technician
    ) load USING (id)
) t
"""  # noqa: S608 - own words

# Only of those that are shown; the median is of the few last answers, by the index offers_answered.
_THEIR_ANSWERS = """
SELECT who.*, coalesce(accepted, 0) AS accepted, coalesce(rejected, 0) AS rejected,
       coalesce(completed, 0) AS completed, within
FROM ({who}) who
LEFT JOIN answers ON answers.technician = who.id
LEFT JOIN LATERAL (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - sent_at)) AS within
    FROM (
        SELECT answered_at, sent_at FROM offers
        WHERE technician = who.id AND answered_at IS NOT NULL AND sent_at IS NOT NULL
        ORDER BY answered_at DESC LIMIT 50
    ) last
) answered ON true
"""

STATUS = {
    "new": "NOT reviewed",
    "active": "standing = 'active' AND NOT blocked AND NOT gone",
    "blocked": "standing = 'active' AND blocked AND NOT gone",
    "gone": "standing = 'active' AND gone",
    "deactivated": "standing = 'deactivated'",
}


class Order(Struct, frozen=True):
    """A way to go through the list.

    column     its first key; the second is the id
    ascending  or else the greatest first
    key        what both are, as `?after=` holds them
    of         the field that shows the column
    compared   how the database compares the first key: it knows other small letters than Python does
    """

    column: str
    ascending: bool
    key: Any
    of: str
    compared: str = "{}"

    def place(self, technician: TechnicianView) -> tuple[Any, int]:
        """Where the next page goes on."""
        return getattr(technician, self.of), technician.telegram_id


ORDERS = {
    "": Order("registered_at", False, tuple[datetime, int], "registered_at"),
    "name": Order("shown", True, tuple[str, int], "name", "lower({})"),
    "load": Order("held", False, tuple[int, int], "open_tasks"),
}
"""`?sort=`: the newest first, by name, the busiest first."""


def order(sort: str) -> Order:
    if sort not in ORDERS:
        sentence = _("The list can be sorted by %(choices)s.", choices=", ".join(filter(None, ORDERS)))
        raise Refused(sentence, Why.INVALID, {"sort": sentence})
    return ORDERS[sort]


async def technicians(
    pool: asyncpg.Pool,
    after: tuple[Any, int] | None,
    limit: int,
    *,
    q: str = "",
    status: str = "",
    order: Order = ORDERS[""],
) -> list[TechnicianView]:
    """`limit` + 1 of them in this order; `after` is the place of the last one of the page before."""
    conditions = ["standing <> 'deleted'"]
    given: list[Any] = [limit + 1]
    by = order.compared.format(order.column)
    if after:
        _check(after)
        given += after
        sign = ">" if order.ascending else "<"
        last = order.compared.format(f"${len(given) - 1}")
        conditions.append(f"({by}, id) {sign} ({last}, ${len(given)})")
    if q := q.strip():
        given.append(f"%{_literal(q.removeprefix('@'))}%")
        named = " OR ".join(
            f"{column} ILIKE ${len(given)}" for column in ("shown", "telegram_name", "username", "id::text")
        )
        conditions.append(f"({named})")
    if status:
        if status not in STATUS:
            sentence = _("A status is one of %(choices)s.", choices=", ".join(STATUS))
            raise Refused(sentence, Why.INVALID, {"status": sentence})
        conditions.append(STATUS[status])
    way = "" if order.ascending else " DESC"
    in_order = f"ORDER BY {by}{way}, id{way}"
    who = f"{_WITH_LOAD} WHERE {' AND '.join(conditions)} {in_order} LIMIT $1"
    rows = await pool.fetch(f"{_THEIR_ANSWERS.format(who=who)} {in_order}", *given)
    same = await _namesakes(pool, [row["id"] for row in rows])
    return [_technician(row, same) for row in rows]


async def _namesakes(pool: asyncpg.Pool, technicians: list[int]) -> dict[int, list[Namesake]]:
    return await namesakes.of(pool, technicians, shown="shown", since="registered_at", standing="standing")


def _check(after: tuple[Any, int]) -> None:
    """Whether the database could hold it."""
    first, number = after
    wrong = abs(number) > BIGGEST
    match first:
        case datetime():
            wrong |= first.tzinfo is None
        case int():
            wrong |= abs(first) > BIGGEST
        case str():
            wrong |= has_control(first)
    if wrong:
        raise Refused(_("That page is not known. Please begin at the first."), Why.INVALID)


async def technician(pool: asyncpg.Pool, telegram_id: int) -> TechnicianView:
    row = None
    if 0 < telegram_id <= BIGGEST:
        row = await pool.fetchrow(_THEIR_ANSWERS.format(who=f"{_WITH_LOAD} WHERE id = $1"), telegram_id)
    if row is None or row["standing"] == Standing.DELETED:
        raise Refused(_("There is no such technician."), Why.MISSING)
    return _technician(row, await _namesakes(pool, [telegram_id]))


class Totals(Struct, frozen=True):
    """How many there are of each status by which the list can be filtered."""

    all: int
    new: int
    active: int
    blocked: int
    gone: int
    deactivated: int


async def totals(pool: asyncpg.Pool) -> Totals:
    counts = ", ".join(f"count(*) FILTER (WHERE {where}) AS {name}" for name, where in STATUS.items())
    row = await pool.fetchrow(
        f"SELECT count(*) AS all, {counts} FROM technicians WHERE standing <> 'deleted'"  # noqa: S608 - own words
    )
    assert row is not None
    return Totals(**dict(row))


class Contact(Struct, frozen=True):
    """What the bot knows of whoever writes to it."""

    profile: Profile
    standing: Standing
    reached: bool
    shown: str


async def contact(pool: asyncpg.Pool, telegram_id: int) -> Contact:
    row = None
    if 0 < telegram_id <= BIGGEST:
        row = await pool.fetchrow(f"{_WHO} WHERE id = $1", telegram_id)
    if row is None:
        return Contact(Profile(""), Standing.ABSENT, False, "")
    profile = Profile(row["telegram_name"], row["username"], row["language"])
    return Contact(profile, Standing(row["standing"]), not (row["blocked"] or row["gone"]), row["shown"])


async def deleted_at(pool: asyncpg.Pool, telegram_id: int) -> datetime | None:
    """When they were deleted last, if ever."""
    found: datetime | None = await pool.fetchval(
        "SELECT max(at) FROM events WHERE stream = $1 AND type = $2",
        stream_name("technician", telegram_id),
        TechnicianDeleted.__name__,
    )
    return found


def _technician(row: asyncpg.Record, same: dict[int, list[Namesake]]) -> TechnicianView:
    standing = Standing(row["standing"])
    status = standing.value
    if standing is Standing.ACTIVE and (row["gone"] or row["blocked"]):
        status = "gone" if row["gone"] else "blocked"
    answered = row["accepted"] + row["rejected"]
    return TechnicianView(
        telegram_id=row["id"],
        name=row["shown"],
        telegram_name=row["telegram_name"],
        username=row["username"],
        profile_link=profile_link(row["id"], row["username"]),
        language=row["language"],
        status=status,
        reachable=status == Standing.ACTIVE,
        reviewed=row["reviewed"],
        note=row["note"],
        registered_at=row["registered_at"],
        returned=row["deleted_at"] is not None,
        deleted_at=row["deleted_at"],
        namesakes=same.get(row["id"], []),
        version=row["version"],
        own_name=row["name"],
        open_tasks=row["held"],
        accepted=row["accepted"],
        rejected=row["rejected"],
        completed=row["completed"],
        acceptance_rate=round(100 * row["accepted"] / answered) if answered else None,
        answers_within=None if row["within"] is None else round(row["within"]),
    )


def _literal(text: str) -> str:
    """For LIKE, in which these three mean something."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
