"""The days that a statistic is about, on the site's clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.language import _
from shared.refusal import Refused, Why

CHOICES = (7, 30, 90)
"""Days up to today that are offered."""
USUAL = 30
LONGEST = 366
"""Days that a statistic goes over at most."""
DAILY = 92
"""More days than this are told by the week."""
DAY = timedelta(days=1)


class Period(Struct, frozen=True):
    """first and last are days, both inclusive; ahead is how many days up to today they are, None for others."""

    first: date
    last: date
    ahead: int | None = None

    @property
    def weekly(self) -> bool:
        return (self.last - self.first).days >= DAILY

    @property
    def begins(self) -> list[date]:
        """The first day of each part: all days, or every seventh."""
        return [
            self.first + DAY * n for n in range(0, (self.last - self.first).days + 1, 7 if self.weekly else 1)
        ]

    def bounds(self, zone: ZoneInfo) -> list[datetime]:
        """When each part begins, and when the last one ends: one more than there are parts."""
        return [begin_of(day, zone) for day in [*self.begins, self.last + DAY]]


def chosen_period(days: str, first: str, last: str, today: date) -> Period:
    """What the address says: `days` up to today, or `first` and `last` as ISO dates, or nothing."""
    if first or last:
        end = day_of("to", last) or today
        begin = day_of("from", first) or end - DAY * (USUAL - 1)
        if begin > end:
            begin, end = end, begin
        if (end - begin).days >= LONGEST:
            raise _refused(
                "from", _("A statistic goes over %(most)s days at most. Choose a shorter time.", most=LONGEST)
            )
        return Period(begin, end)
    if days and (not days.isdecimal() or len(days) > 3 or not 1 <= int(days) <= LONGEST):
        raise _refused("days", _("The days are a number from 1 to %(most)s.", most=LONGEST))
    ahead = int(days) if days else USUAL
    return Period(today - DAY * (ahead - 1), today, ahead)


def day_of(field: str, typed: str) -> date | None:
    """An ISO date that was typed into a field; None where nothing was."""
    if not typed:
        return None
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        found = None
    if found is None or not EARLIEST <= found <= LATEST:
        raise _refused(field, _("Write the date as year-month-day, such as 2026-12-31."))
    return found


def span(first: str, last: str, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """From the begin of the first day, and before the end of the last, as they were typed; None for neither."""
    begin, end = day_of("from", first), day_of("to", last)
    return begin_of(begin, zone) if begin else None, begin_of(end + DAY, zone) if end else None


def begin_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


EARLIEST, LATEST = date(1970, 1, 2), date(9998, 12, 30)
"""Days that every clock has in every zone."""


def _refused(field: str, sentence: str) -> Refused:
    return Refused(sentence, Why.INVALID, {field: sentence})
