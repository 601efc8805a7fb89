"""What narrows a list of tasks, as it stands in an address."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.language import _
from shared.numbers import BIGGEST
from shared.refusal import Refused, Why
from tasks.domain import checks
from tasks.views import Wanted

NAMES = (
    "q",
    "status",
    "technician",
    "priority",
    "client",
    "scheduled_from",
    "scheduled_to",
    "created_from",
    "created_to",
)

CHOSEN = re.compile(r"(.*) #([0-9]{1,19})", re.DOTALL)
"""How somebody who was looked up stands in a field: `Sigrid Lindqvist #12`."""


def wanted_of(query: Mapping[str, str], zone: ZoneInfo) -> Wanted:
    """zone  in which a day begins and ends; the last day counts too"""
    get = query.get
    status, priority = get("status"), get("priority")
    return Wanted(
        status=checks.status_of(status) if status else None,
        technician=looked_up(get("technician", "")),
        words=get("q", ""),
        client=looked_up(get("client", "")),
        priority=checks.one_priority(priority) if priority else None,
        created_from=day(query, "created_from", zone),
        created_to=day(query, "created_to", zone, after=1),
        scheduled_from=day(query, "scheduled_from", zone),
        scheduled_to=day(query, "scheduled_to", zone, after=1),
    )


def day(query: Mapping[str, str], name: str, zone: ZoneInfo, after: int = 0) -> datetime | None:
    """Where that day begins, or so many days after it."""
    typed = query.get(name, "")
    if not typed:
        return None
    try:
        found = date.fromisoformat(typed) + timedelta(days=after)
        return datetime.combine(found, time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        sentence = _("“%(typed)s” is no day. Write it like 2030-05-17.", typed=checks.shorten(typed))
        raise Refused(sentence, Why.INVALID, {name: sentence}) from None


def looked_up(typed: str) -> int | None:
    """The number of `Sigrid Lindqvist #12`, or of `12`; None where nothing was typed, and 0 for what is nobody."""
    if not typed.strip():
        return None
    found = CHOSEN.fullmatch(typed)
    return number_in(found[2] if found else typed)


def number_in(typed: str) -> int:
    """0, which nothing has as its number, for what is none."""
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 20 else 0
    return number if number <= BIGGEST else 0
