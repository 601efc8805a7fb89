"""Who is shown by the same name as somebody else, for services that keep technicians in a table `technicians`.

Its column `called` is what `same_name` makes of the name that is shown: without regard to case and spaces.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias

import asyncpg
from msgspec import Struct

Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool

MOST = 3  # of each; whoever has more of them is found by the search


class Namesake(Struct, frozen=True):
    """registered_at is null for who joined before that was kept here."""

    telegram_id: int
    name: str
    username: str | None
    registered_at: datetime | None


async def of(
    connection: Connection, technicians: Iterable[int], *, shown: str, since: str, standing: str
) -> dict[int, list[Namesake]]:
    """Technician → who else has the name and was not deleted, who joined first in front.

    shown, since, standing  the columns that hold what is shown, when they joined, and whether they were deleted
    """
    rows = await connection.fetch(
        f"""
        SELECT who.id AS of, other.* FROM technicians who CROSS JOIN LATERAL (
            SELECT id, {shown} AS shown, username, {since} AS since FROM technicians
            WHERE called = who.called AND id <> who.id AND {standing} <> 'deleted'
            ORDER BY {since}, id LIMIT {MOST}
        ) other
        WHERE who.id = ANY($1) ORDER BY other.since, other.id
        """,  # noqa: S608 - the columns' names come from a service's own code
        list(technicians),
    )
    found: dict[int, list[Namesake]] = {}
    for row in rows:
        namesake = Namesake(row["id"], row["shown"], row["username"], row["since"])
        found.setdefault(row["of"], []).append(namesake)
    return found
