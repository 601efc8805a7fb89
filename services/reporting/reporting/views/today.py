"""How the day goes, beside the same hours of yesterday and of a week ago."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from reporting.views.rows import Connection, first_id, seconds


class Day(Struct, frozen=True):
    """What happened from a midnight on; answer_seconds is the median over accepted and rejected offers."""

    created: int
    sent: int
    accepted: int
    rejected: int
    completed: int
    invoices: int
    answer_seconds: float | None


async def days(connection: Connection, spans: Sequence[tuple[datetime, datetime]]) -> list[Day]:
    """A `Day` for each span of time, from its begin to before its end."""
    return [await _day(connection, begin, end) for begin, end in spans]


async def standing(connection: Connection) -> Mapping[str, int]:
    """status → how many tasks stand in it"""
    return {row["status"]: row["tasks"] for row in await connection.fetch("SELECT * FROM status_counts")}


async def _day(connection: Connection, begin: datetime, end: datetime) -> Day:
    ids = first_id(begin), first_id(end)
    rows = await connection.fetch(_HAPPENED, list(_COUNTED), *ids)
    happened = {row["kind"]: row["count"] for row in rows}
    return Day(
        **{name: happened.get(kind, 0) for kind, name in _COUNTED.items()},
        answer_seconds=seconds(await connection.fetchval(_ANSWER_TIME, *ids)),
    )


_COUNTED = {
    "TaskCreated": "created",
    "TaskSent": "sent",
    "TaskAccepted": "accepted",
    "TaskRejected": "rejected",
    "TaskCompleted": "completed",
    "InvoiceCreated": "invoices",
}

_HAPPENED = "SELECT kind, count(*) FROM audit WHERE kind = ANY($1) AND id >= $2 AND id < $3 GROUP BY kind"
_ANSWER_TIME = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY took) FROM responses WHERE event >= $1 AND event < $2
"""
