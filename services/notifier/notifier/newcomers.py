"""Who joined, and which notification tells of it: beyond five within a minute, one tells of all.

Decided by the times of the events, once for each, so that a replay, a rebuild and another replica come to the same.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

import asyncpg
from msgspec import Struct

from shared.contract import Recorded
from shared.contract.technician import TechnicianRegistered

Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool

ONE_BY_ONE = 5
MINUTE = timedelta(minutes=1)


class Joined(Struct, frozen=True):
    """One newcomer of a notification."""

    technician: int
    returned: bool


class Told(Struct, frozen=True):
    """Which notification tells of a registration; crowded: it is one that may tell of several."""

    notification: UUID
    crowded: bool


_TOLD_BEFORE = """
WITH near AS (
    SELECT * FROM newcomers WHERE at > $1::timestamptz - $2::interval AND at < $1::timestamptz + $2::interval
), beginning AS (
    SELECT at FROM near WHERE at < $1 UNION SELECT $1
)
SELECT (
    SELECT max((SELECT count(*) FROM near n WHERE n.at >= b.at AND n.at < b.at + $2)) FROM beginning b
) AS many, (
    SELECT notification FROM near WHERE crowded AND event = notification
    ORDER BY abs(extract(epoch FROM at - $1)) LIMIT 1
) AS crowd
"""
"""many: of those told already, the most who joined within one minute with this one. Who pressed Start together
is not told in the order of the presses, so the minute may begin before this one or end after it."""


async def told_by(connection: asyncpg.Connection, recorded: Recorded) -> Told:
    event = recorded.data
    assert isinstance(event, TechnicianRegistered)
    known = await connection.fetchrow(
        "UPDATE newcomers SET answered = false WHERE event = $1 RETURNING notification, crowded", recorded.id
    )
    if known:  # it is folded again; what answered it follows
        return Told(known["notification"], known["crowded"])
    before = await connection.fetchrow(_TOLD_BEFORE, recorded.at, MINUTE)
    assert before is not None
    crowded = before["many"] >= ONE_BY_ONE
    notification: UUID = (crowded and before["crowd"]) or recorded.id
    await connection.execute(
        "INSERT INTO newcomers (event, technician, returned, at, notification, crowded) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        recorded.id,
        int(recorded.key),
        event.returned,
        recorded.at,
        notification,
        crowded,
    )
    if notification != recorded.id:  # whoever put it aside had not seen this one
        await connection.execute("DELETE FROM put_aside WHERE id = $1", notification)
    return Told(notification, crowded)


async def answer(connection: asyncpg.Connection, technician: int) -> None:
    """What tells of several waits until each of them is answered."""
    await connection.execute(
        """
        WITH answered AS (
            UPDATE newcomers SET answered = true WHERE technician = $1 AND NOT answered RETURNING notification
        )
        DELETE FROM waiting USING answered WHERE id = notification AND NOT EXISTS (
            SELECT FROM newcomers n WHERE n.notification = id AND NOT n.answered AND n.technician <> $1
        )
        """,
        technician,
    )


async def of(connection: Connection, notifications: Sequence[UUID]) -> dict[UUID, list[Joined]]:
    """Notification → of whom it tells, who joined first in front."""
    rows = await connection.fetch(
        "SELECT notification, technician, returned FROM newcomers WHERE notification = ANY($1) ORDER BY at, event",
        notifications,
    )
    found: dict[UUID, list[Joined]] = {}
    for row in rows:
        found.setdefault(row["notification"], []).append(Joined(row["technician"], row["returned"]))
    return found
