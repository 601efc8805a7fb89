"""How some days went, counted from the rows of their tasks, on a real PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import msgspec
import pytest

from reporting.domain import Period
from reporting.figures import duration, percent
from reporting.projections import fold_batch
from reporting.views import days as views_days
from reporting.views import statistics
from shared.contract import Recorded
from shared.contract.event import by_technician
from shared.contract.task import (
    Status,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskDeleted,
    TaskDetails,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
)
from shared.contract.technician import TechnicianRegistered
from shared.journal.database import transaction
from shared.language import speaking
from tests.reporting.conftest import Told
from tests.reporting.histories import LENA, RAMI, Teller, wrong_button

UTC_ZONE, BEIRUT = ZoneInfo("UTC"), ZoneInfo("Asia/Beirut")
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)


def week() -> Teller:
    """Monday: one done in two hours, one rejected; Tuesday: one done in four hours, one open, one deleted."""
    t = Teller()
    t.now = MONDAY
    t.tell(f"technician.{RAMI}", TechnicianRegistered(RAMI, "Rami"), by_technician(RAMI), 0)
    t.tell(f"technician.{LENA}", TechnicianRegistered(LENA, "Lena"), by_technician(LENA), 0)
    _begun(t, 1001, RAMI)
    t.tell("task.1001", TaskAccepted(RAMI, 1), by_technician(RAMI), 60)
    t.tell("task.1001", TaskCompleted(RAMI, 1), by_technician(RAMI), 7140)
    _begun(t, 1002, RAMI)
    t.tell("task.1002", TaskRejected(RAMI, 1), by_technician(RAMI), 180)
    t.now = MONDAY + timedelta(days=1)
    _begun(t, 1003, LENA)
    t.tell("task.1003", TaskAccepted(LENA, 1), by_technician(LENA), 600)
    t.tell("task.1003", TaskStatusChanged(Status.ACCEPTED, Status.COMPLETED), after=13800)
    _begun(t, 1004, LENA)
    t.tell("task.1005", TaskCreated(1005, TaskDetails("Mistake"), 7), after=0)
    t.tell("task.1005", TaskDeleted(), after=0)
    return t


def _begun(t: Teller, number: int, technician: int) -> None:
    t.tell(f"task.{number}", TaskCreated(number, TaskDetails("Job"), 7), after=0)
    t.tell(f"task.{number}", TaskAssigned(technician), after=0)
    t.tell(f"task.{number}", TaskSent(technician, 1), after=0)


def days(first: datetime, count: int) -> Period:
    return Period(first.date(), (first + timedelta(days=count - 1)).date())


async def folded(pool: asyncpg.Pool, told: Sequence[Recorded]) -> None:
    async with transaction(pool) as connection:
        await fold_batch(connection, told)


async def test_each_day_tells_what_became_of_its_tasks(pool: asyncpg.Pool) -> None:
    """Counted where they were created; a deleted one is in no count."""
    await folded(pool, week().told)
    found = await statistics(pool, days(MONDAY, 3).bounds(UTC_ZONE))
    assert found.outcomes == {
        "completed": [1, 1, 0],
        "open": [0, 1, 0],
        "rejected": [1, 0, 0],
        "cancelled": [0, 0, 0],
    }
    assert found.tasks == 4


async def test_times_are_medians_and_nine_of_ten(pool: asyncpg.Pool) -> None:
    """Of the answers of each day, and of all days together; nothing measured is nothing, not zero."""
    await folded(pool, week().told)
    found = await statistics(pool, days(MONDAY, 3).bounds(UTC_ZONE))
    assert found.response.counts == [2, 1, 0]
    assert found.response.medians == [120, 600, None]
    assert found.response.p90s == [168, 600, None]
    assert found.response.median == 180
    assert found.response.p90 == pytest.approx(516)
    assert found.completion.medians == [7200, 14400, None]
    assert found.completion.median == 10800


async def test_a_rejection_that_was_taken_back_is_nobodys_answer(pool: asyncpg.Pool) -> None:
    """Neither counted nor timed; the one in earnest is, five minutes after the offer."""
    teller = Teller()
    teller.now = MONDAY
    wrong_button(teller)
    await folded(pool, teller.told)
    bounds = days(MONDAY, 1).bounds(UTC_ZONE)
    found = await statistics(pool, bounds)
    assert [(t.technician, t.rejected, t.response_seconds) for t in found.technicians] == [(RAMI, 1, 300)]
    assert (found.response.counts, found.response.medians) == ([1], [300])
    [today] = await views_days(pool, [(bounds[0], bounds[1])])
    assert (today.rejected, today.answer_seconds) == (1, 300)


async def test_technicians_are_told_by_what_they_completed(pool: asyncpg.Pool) -> None:
    """Rami accepted one of two; a completion set by hand is nobody's answer."""
    await folded(pool, week().told)
    found = await statistics(pool, days(MONDAY, 3).bounds(UTC_ZONE))
    told = [
        (t.technician, t.accepted, t.rejected, t.completed, t.response_seconds) for t in found.technicians
    ]
    assert told == [(RAMI, 1, 1, 1, 120), (LENA, 1, 0, 0, 600)]
    assert [each.acceptance for each in found.technicians] == [0.5, 1]


async def test_a_change_of_the_zone_moves_tasks_to_their_days_at_once(pool: asyncpg.Pool) -> None:
    """Half past ten in the evening in London is half past midnight in Beirut."""
    t = Teller()
    t.now = datetime(2026, 11, 16, 22, 30, tzinfo=UTC)
    t.tell("task.1001", TaskCreated(1001, TaskDetails("Late"), 7), after=0)
    await folded(pool, t.told)
    for zone, expected in ((UTC_ZONE, [1, 0]), (BEIRUT, [0, 1])):
        found = await statistics(pool, days(MONDAY, 2).bounds(zone))
        assert found.outcomes["open"] == expected


async def test_days_without_anything_are_empty(pool: asyncpg.Pool) -> None:
    """So the page can say so."""
    await folded(pool, week().told)
    found = await statistics(pool, days(MONDAY - timedelta(days=30), 7).bounds(UTC_ZONE))
    assert found.is_empty
    assert found.technicians == []
    assert found.response.median is None


async def test_the_overview_has_the_charts_of_the_days_in_its_address(
    told: Told, office: httpx.AsyncClient
) -> None:
    """As data in an attribute, which no policy takes for a script, and as a table for those who don't see them."""
    await told(week().told)
    text = (await office.get("/?from=2026-11-16&to=2026-11-17")).text
    data = text.partition('id="outcomes-chart"')[2].partition("data-chart='")[2].partition("'")[0]
    chart = msgspec.json.decode(data)
    assert chart["days"] == ["Nov 16", "Nov 17"]
    assert {each["name"]: each["values"] for each in chart["series"]}["Completed"] == [1, 1]
    assert "<td" in text.partition('id="as-table"')[2]
    assert 'id="outcomes-chart"' not in (await office.get("/?from=2020-01-01&to=2020-01-07")).text
    assert (await office.get("/?days=soon")).status_code == 422


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "–"),
        (0, "0 sec"),
        (89, "89 sec"),
        (90, "2 min"),
        (5399, "90 min"),
        (9000, "2.5 hr"),
        (7200, "2 hr"),
        (100_000, "28 hr"),
        (259_200, "3 days"),
    ],
)
def test_a_time_is_told_in_the_unit_that_fits(seconds: float | None, told: str) -> None:
    """With a digit after the point only where it says something."""
    assert duration(seconds) == told


def test_figures_are_told_in_the_readers_language() -> None:
    """By Babel, as everything that is counted."""
    assert percent(0.857) == "86%"
    with speaking("ar"):
        assert duration(259_200) == "3 أيام"
