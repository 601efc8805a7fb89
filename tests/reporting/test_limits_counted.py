"""How long is too long, counted in working hours; and the days that a statistic is about."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reporting.domain import Period, chosen_period, limit_began
from shared.contract.site import WorkingHours
from shared.refusal import Refused, Why

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = WorkingHours((1, 2, 3, 4, 5), time(9), time(17))
ALWAYS = WorkingHours()
HALF_AN_HOUR = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "began"),
    [
        ("2026-11-18T12:00", "2026-11-18T11:30"),
        ("2026-11-18T09:10", "2026-11-17T16:40"),  # ten minutes of today, twenty of yesterday
        ("2026-11-18T07:00", "2026-11-17T16:30"),  # nobody is there yet
        ("2026-11-23T09:10", "2026-11-20T16:40"),  # Monday: a weekend lies between
        ("2026-11-22T13:00", "2026-11-20T16:30"),  # Sunday
        (
            "2026-11-18T09:30",
            "2026-11-17T17:00",
        ),  # all of the limit is of today: what came at night is in time
    ],
)
def test_the_limit_runs_only_while_the_office_works(now: str, began: str) -> None:
    """Nine to five on weekdays, half an hour."""
    assert limit_began(berlin(now), HALF_AN_HOUR, OFFICE, BERLIN) == berlin(began)


def test_without_hours_the_limit_runs_day_and_night() -> None:
    """Also across midnight and the change of the clocks."""
    now = berlin("2026-10-25T04:00")
    assert limit_began(now, timedelta(hours=6), ALWAYS, BERLIN) == now.astimezone(UTC) - timedelta(hours=6)


def test_hours_may_go_on_past_midnight() -> None:
    """A shift of Friday night still runs on Saturday morning, though Saturday is no working day."""
    night = WorkingHours((5,), time(22), time(6))
    assert limit_began(berlin("2026-11-21T02:00"), timedelta(hours=3), night, BERLIN) == berlin(
        "2026-11-20T23:00"
    )


def test_an_office_that_never_works_is_never_late() -> None:
    """No moment is so far back; and it is found out at once."""
    now = berlin("2026-11-21T02:00")
    assert limit_began(now, MINUTE, WorkingHours(()), BERLIN) < now - timedelta(days=366)


TIMES = st.builds(time, st.sampled_from([0, *range(4, 24)]), st.sampled_from([0, 15, 30, 45]))
"""Not those between one and three, which the change of the clocks has twice or not at all."""
HOURS = st.builds(WorkingHours, st.lists(st.integers(1, 7), min_size=1, unique=True).map(tuple), TIMES, TIMES)


@given(
    hours=HOURS,
    zone=st.sampled_from([BERLIN, ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu")]),
    now=st.integers(0, 525_600).map(lambda minute: datetime(2026, 1, 15, tzinfo=UTC) + MINUTE * minute),
    limit=st.integers(1, 1500),
    ago=st.integers(0, 10_000),
)
@settings(deadline=None, max_examples=200)
def test_what_waits_since_before_waits_for_too_long_and_nothing_else_does(
    hours: WorkingHours, zone: ZoneInfo, now: datetime, limit: int, ago: int
) -> None:
    """Minute by minute: as many working minutes lie between then and now as the comparison says."""
    sent = now - MINUTE * ago
    waited = sum(working(now - MINUTE * each, hours, zone) for each in range(1, ago + 1))
    assert (sent < limit_began(now, MINUTE * limit, hours, zone)) == (waited > limit)


def working(moment: datetime, hours: WorkingHours, zone: ZoneInfo) -> bool:
    """Whether somebody who looks at the clock on the wall in this minute would be at work."""
    local = moment.astimezone(zone)
    clock, today, yesterday = local.time(), local.isoweekday(), (local - timedelta(days=1)).isoweekday()
    if hours.begins < hours.ends:
        return today in hours.days and hours.begins <= clock < hours.ends
    return (today in hours.days and clock >= hours.begins) or (yesterday in hours.days and clock < hours.ends)


TODAY = date(2026, 11, 22)


def test_a_period_ends_today_unless_other_days_were_chosen() -> None:
    """Both ends count; days in the wrong order are meant the other way round."""
    assert chosen_period("7", "", "", TODAY) == Period(date(2026, 11, 16), TODAY, 7)
    assert chosen_period("", "", "", TODAY) == Period(date(2026, 10, 24), TODAY, 30)
    chosen = Period(date(2026, 11, 1), date(2026, 11, 3))
    assert chosen_period("7", "2026-11-01", "2026-11-03", TODAY) == chosen
    assert chosen_period("", "2026-11-03", "2026-11-01", TODAY) == chosen
    assert len(chosen.begins) == 3


def test_each_day_begins_at_midnight_of_the_site() -> None:
    """Also the day that has 25 hours."""
    bounds = Period(date(2026, 10, 24), date(2026, 10, 25)).bounds(BERLIN)
    assert [bound.isoformat() for bound in bounds] == [
        "2026-10-23T22:00:00+00:00",
        "2026-10-24T22:00:00+00:00",
        "2026-10-25T23:00:00+00:00",
    ]


def test_a_long_period_is_told_by_the_week() -> None:
    """A year has no room for its days; the last week may be a short one."""
    year = chosen_period("", "2025-11-23", "2026-11-22", TODAY)
    assert year.weekly
    assert len(year.begins) == 53
    assert year.begins[1] - year.begins[0] == timedelta(days=7)
    bounds = year.bounds(ZoneInfo("UTC"))
    assert (bounds[0], bounds[-1]) == (datetime(2025, 11, 23, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
    assert not chosen_period("92", "", "", TODAY).weekly


@pytest.mark.parametrize(
    ("days", "first", "last"),
    [
        ("0", "", ""),
        ("many", "", ""),
        ("9999", "", ""),
        ("", "2025-01-01", ""),
        ("", "0001-01-01", "0001-01-02"),
        ("", "yesterday", ""),
    ],
)
def test_a_period_that_means_nothing_or_is_too_long_is_refused(days: str, first: str, last: str) -> None:
    """With a sentence beside the field."""
    with pytest.raises(Refused) as refused:
        chosen_period(days, first, last, TODAY)
    assert refused.value.why is Why.INVALID
    assert refused.value.fields
