"""How a number of days went: folded from the rows of their tasks each time it is asked for.

A day is one of the site's clock, so its bounds come along as moments, and a change of the zone takes effect at once.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import asyncpg
from msgspec import Struct

from reporting.views.rows import first_id
from shared import names
from shared.contract.event import stream_name

OUTCOMES = ("completed", "open", "rejected", "cancelled")
"""Where the tasks of a day stand now; `open` is all that is still to be done."""
MOST = 12  # technicians that are shown


class Times(Struct, frozen=True):
    """Seconds by day, None where nothing was measured; median and p90 of all days together last."""

    counts: list[int]
    medians: list[float | None]
    p90s: list[float | None]
    median: float | None
    p90: float | None


class TechnicianTimes(Struct, frozen=True):
    """response_seconds is the median. accepted, rejected and completed are offers answered in these days."""

    technician: int
    name: str
    accepted: int
    rejected: int
    completed: int
    response_seconds: float | None

    @property
    def acceptance(self) -> float | None:
        answered = self.accepted + self.rejected
        return self.accepted / answered if answered else None


class Statistics(Struct, frozen=True):
    """outcomes: for each of `OUTCOMES`, the tasks created on each day. More technicians than are shown: `others`."""

    outcomes: dict[str, list[int]]
    response: Times
    completion: Times
    technicians: list[TechnicianTimes]
    others: int

    @property
    def tasks(self) -> int:
        return sum(map(sum, self.outcomes.values()))

    @property
    def is_empty(self) -> bool:
        return not (self.tasks or sum(self.response.counts) or sum(self.completion.counts))


async def statistics(pool: asyncpg.Pool, bounds: Sequence[datetime]) -> Statistics:
    """bounds  when each day begins, and when the last one ends

    The four questions are asked side by side: each is a matter of milliseconds, and together they were of thirty.
    """
    begin, end, days = bounds[0], bounds[-1], len(bounds) - 1
    ids = first_id(begin), first_id(end)
    created, response, completion, found = await asyncio.gather(
        pool.fetch(_OUTCOMES, bounds, begin, end),
        pool.fetch(_RESPONSE, bounds, *ids),
        pool.fetch(_COMPLETION, bounds, begin, end),
        pool.fetch(_TECHNICIANS, *ids),
    )
    outcomes = {outcome: [0] * days for outcome in OUTCOMES}
    for row in created:
        outcomes[row["outcome"]][row["day"] - 1] = row["tasks"]
    who = await names.known_to(pool, (stream_name("technician", row["technician"]) for row in found[:MOST]))
    return Statistics(
        outcomes=outcomes,
        response=_times(response, days),
        completion=_times(completion, days),
        technicians=[
            TechnicianTimes(
                technician=row["technician"],
                name=who.technician(row["technician"]),
                accepted=row["accepted"],
                rejected=row["rejected"],
                completed=row["completed"],
                response_seconds=row["median"],
            )
            for row in found[:MOST]
        ],
        others=max(0, len(found) - MOST),
    )


def _times(rows: Sequence[asyncpg.Record], days: int) -> Times:
    counts = [0] * days
    medians: list[float | None] = [None] * days
    p90s: list[float | None] = [None] * days
    median = p90 = None
    for row in rows:
        day, found = row["day"], row["times"] or (None, None)
        if day is None:
            median, p90 = found
        elif 1 <= day <= days:
            counts[day - 1] = row["count"]
            medians[day - 1], p90s[day - 1] = found
    return Times(counts, medians, p90s, median, p90)


_OUTCOMES = """
SELECT width_bucket(created_at, $1::timestamptz[]) AS day, count(*) AS tasks,
    CASE WHEN status IN ('completed', 'rejected', 'cancelled') THEN status ELSE 'open' END AS outcome
FROM reports WHERE created_at >= $2 AND created_at < $3 AND status <> 'deleted'
GROUP BY day, outcome
"""

# Times as plain numbers of seconds: sorting intervals takes twice as long.
_RESPONSE = """
SELECT width_bucket(at, $1::timestamptz[]) AS day, count(*),
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY date_part('epoch', took)) AS times
FROM responses WHERE event >= $2 AND event < $3 AND took IS NOT NULL AND taken_back_at IS NULL
GROUP BY GROUPING SETS ((1), ())
"""

_COMPLETION = """
SELECT width_bucket(completed_at, $1::timestamptz[]) AS day, count(*),
    percentile_cont(ARRAY[0.5, 0.9])
        WITHIN GROUP (ORDER BY date_part('epoch', completed_at - coalesce(first_sent_at, created_at))) AS times
FROM reports WHERE completed_at >= $2 AND completed_at < $3
GROUP BY GROUPING SETS ((1), ())
"""

# Counted apart from the medians: only what is counted alone needs no sorting.
_TECHNICIANS = """
SELECT * FROM (
    SELECT technician,
        count(*) FILTER (WHERE response = 'accepted') AS accepted,
        count(*) FILTER (WHERE response = 'rejected') AS rejected,
        count(*) FILTER (WHERE response = 'completed') AS completed
    FROM responses WHERE event >= $1 AND event < $2 AND taken_back_at IS NULL GROUP BY technician
) counted
LEFT JOIN (
    SELECT technician, percentile_cont(0.5) WITHIN GROUP (ORDER BY date_part('epoch', took)) AS median
    FROM responses WHERE event >= $1 AND event < $2 AND took IS NOT NULL AND taken_back_at IS NULL
    GROUP BY technician
) timed USING (technician)
ORDER BY completed DESC, accepted DESC, technician
"""
