"""How long is too long, counted only while the office works."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.contract.site import WorkingHours

HORIZON = timedelta(days=400)
"""Nothing is looked for further back; also where an office never works."""
DAY = timedelta(days=1)


def limit_began(now: datetime, limit: timedelta, hours: WorkingHours, zone: ZoneInfo) -> datetime:
    """The moment in whose working time since then `limit` has just passed.

    What waits since before it waits for longer than `limit`; all else does not. Hours are on the clock of
    `zone`; a day whose end is not after its begin ends on the next day.
    """
    day = now.astimezone(zone).date()
    while (begin := _moment(day, hours.begins, zone)) > now - HORIZON:
        if day.isoweekday() in hours.days:
            over = day if hours.ends > hours.begins else day + DAY
            end = min(_moment(over, hours.ends, zone), now)
            if end - begin > limit:
                return end - limit
            limit -= max(end - begin, timedelta())
        day -= DAY
    return now - HORIZON


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
