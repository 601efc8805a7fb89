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
    firsts, pasts = [first_id(begin) for begin, _ in spans], [first_id(end) for _, end in spans]
    happened: list[dict[str, int]] = [{} for _ in spans]
    for row in await connection.fetch(_HAPPENED, firsts, pasts, list(_COUNTED)):
        happened[row["span"] - 1][_COUNTED[row["kind"]]] = row["count"]
    times = {row["span"]: row["median"] for row in await connection.fetch(_ANSWER_TIMES, firsts, pasts)}
    return [
        Day(
            **{name: each.get(name, 0) for name in _COUNTED.values()}, answer_seconds=seconds(times.get(span))
        )
        for span, each in enumerate(happened, 1)
    ]


async def standing(connection: Connection) -> Mapping[str, int]:
    """status → how many tasks stand in it"""
    return {row["status"]: row["tasks"] for row in await connection.fetch("SELECT * FROM status_counts")}


_COUNTED = {
    "TaskCreated": "created",
    "TaskSent": "sent",
    "TaskAccepted": "accepted",
    "TaskRejected": "rejected",
    "TaskCompleted": "completed",
    "InvoiceCreated": "invoices",
}

_SPANS = "unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS spans (first, past, span)"

_HAPPENED = f"""
SELECT span, kind, count(*) FROM {_SPANS} JOIN audit ON id >= first AND id < past AND kind = ANY($3)
WHERE NOT (kind = 'TaskRejected' AND EXISTS (
    SELECT FROM responses WHERE event = audit.id AND taken_back_at IS NOT NULL))
GROUP BY span, kind
"""  # noqa: S608 - own words

_ANSWER_TIMES = f"""
SELECT span, percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS median
FROM {_SPANS} JOIN responses ON event >= first AND event < past WHERE taken_back_at IS NULL GROUP BY span
"""  # noqa: S608 - own words
