"""How long something has lasted, in words."""

from datetime import UTC, datetime, timedelta

from babel.dates import format_timedelta

from shared.language import locale


def age(since: datetime) -> str:
    """ "12 min", "3 hr", "2 days"; below a minute that minute."""
    lasted = max(datetime.now(UTC) - since, timedelta(minutes=1))
    return format_timedelta(lasted, granularity="minute", threshold=1.5, format="short", locale=locale())


def longer_than(since: datetime, minutes: int) -> bool:
    return datetime.now(UTC) - since > timedelta(minutes=minutes)
