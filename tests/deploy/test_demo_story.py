"""The month that `callout demo` plays, as it is told: believable, in order, and the same again."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from statistics import median
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest

from local.demo.people import PLACES, place_at
from local.demo.steps import (
    Accept,
    Assign,
    Bill,
    Block,
    Cancel,
    ComeBack,
    Complete,
    Create,
    InOffice,
    Join,
    LogIn,
    LogOut,
    OfTask,
    OnPhone,
    PutAside,
    Reject,
    Send,
    SendClient,
    Settle,
    Vanish,
)
from local.demo.story import Story, story, unfinished
from shared.contract.invoice import InvoiceStatus

THURSDAY = datetime(2026, 11, 19, 13, 20, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 9, 5, tzinfo=UTC)
IN_THE_NIGHT = datetime(2026, 7, 8, 2, 40, tzinfo=UTC)
MOMENTS = pytest.mark.parametrize(
    "now", [THURSDAY, SUNDAY, IN_THE_NIGHT], ids=["thursday", "sunday", "night"]
)

S = TypeVar("S")


@cache
def month(now: datetime = THURSDAY) -> Story:
    return story(now)


def steps(told: Story, kind: type[S]) -> list[S]:
    return [step for step in told.steps if isinstance(step, kind)]


def of_task(told: Story) -> dict[int, list[OfTask]]:
    found: dict[int, list[OfTask]] = {}
    for step in told.steps:
        if isinstance(step, OfTask):
            found.setdefault(step.task, []).append(step)
    return found


def test_the_same_seed_tells_the_same_story() -> None:
    """And another seed another one."""
    assert story(THURSDAY, tasks=60, seed=7) == story(THURSDAY, tasks=60, seed=7)
    assert story(THURSDAY, tasks=60, seed=7) != story(THURSDAY, tasks=60, seed=8)


@MOMENTS
def test_it_is_as_large_as_asked_for(now: datetime) -> None:
    told = month(now)
    assert len(steps(told, Create)) == 2000
    assert len(steps(told, Bill)) == 800
    assert len(steps(told, Join)) == 30
    assert told.since.date() == told.until.astimezone(ZoneInfo(told.place.zone)).date() - timedelta(days=29)


@pytest.mark.parametrize("tasks", [1, 3, 20, 150])
@pytest.mark.parametrize("days", [1, 2, 5])
def test_a_small_one_is_told_too(tasks: int, days: int) -> None:
    """For a first look, or a test."""
    told = story(THURSDAY, days=days, tasks=tasks, technicians=3, invoices=4)
    assert len(steps(told, Create)) == tasks


@MOMENTS
def test_steps_are_in_order_and_none_is_ahead(now: datetime) -> None:
    """The clock that it is played on only goes forward, and never ahead of the system's."""
    told = month(now)
    moments = [step.at for step in told.steps]
    assert moments == sorted(moments)
    assert told.since <= moments[0]
    assert moments[-1] <= now


@MOMENTS
def test_the_office_works_in_its_hours(now: datetime) -> None:
    """Whoever does something there is logged in at that moment; technicians answer between dawn and evening."""
    told = month(now)
    there: set[str] = set()
    for step in told.steps:
        if isinstance(step, LogIn):
            there.add(step.clerk)
        if isinstance(step, InOffice):
            assert step.clerk in there, step
            assert time(6, 30) <= step.at.time() < time(18, 40), step
        if isinstance(step, LogOut):
            there.remove(step.clerk)
        if isinstance(step, Accept | Reject | Complete):
            assert time(7) <= step.at.time() < time(19, 40), step


def test_weekdays_are_busier() -> None:
    by_day = Counter(step.at.weekday() for step in steps(month(), Create))
    assert min(by_day[day] for day in range(4)) > 2 * max(by_day[5], by_day[6])
    assert by_day[6] > 0


@MOMENTS
def test_offers_are_answered_as_people_do(now: datetime) -> None:
    """About one in eight is refused, some are never answered; half of the answers come within ten minutes."""
    told = month(now)
    offers, refused = len(steps(told, Send)), len(steps(told, Reject))
    assert 0.08 < refused / offers < 0.16
    assert 0.02 < 1 - (refused + len(steps(told, Accept))) / offers < 0.12
    assert len({step.reason for step in steps(told, Reject)}) > 8
    waits = answer_times(told)
    assert 5 < median(waits) < 11
    assert max(waits) > 60


def answer_times(told: Story) -> list[float]:
    """Minutes from each offer to its answer, where that came on the same day."""
    found = []
    for story_of_one in of_task(told).values():
        for before, after in pairwise(story_of_one):
            if (
                isinstance(before, Send)
                and isinstance(after, Accept | Reject)
                and before.at.date() == after.at.date()
            ):
                found.append((after.at - before.at) / timedelta(minutes=1))
    return found


def test_work_takes_hours_and_some_is_called_off() -> None:
    told = month()
    hours = [
        (after.at - before.at) / timedelta(hours=1)
        for one in of_task(told).values()
        for before, after in pairwise(one)
        if isinstance(before, SendClient) and isinstance(after, Complete)
    ]
    assert 1 < median(hours) < 5
    assert min(hours) >= 1
    assert 0.02 < len(steps(told, Cancel)) / 2000 < 0.07


@MOMENTS
def test_each_step_is_possible_after_those_before(now: datetime) -> None:
    """Accepted by whom it was offered to, completed by whom the client's data went to, and so on."""
    told = month(now)
    joined: set[int] = set()
    silent: set[int] = set()
    holder: dict[int, int] = {}
    state: dict[int, str] = {}
    clients: set[int] = set()
    for step in told.steps:
        match step:
            case Join(_, who):
                joined.add(who.id)
            case Block(_, technician) | Vanish(_, technician):
                silent.add(technician)
            case ComeBack(_, technician):
                silent.remove(technician)
            case Create(_, _, task, _, client, contact, technician):
                assert (contact is None) == (client in clients)
                clients.add(client)
                state[task] = "new"
                if technician:
                    assert technician in joined - silent
                    state[task], holder[task] = "assigned", technician
            case Assign(_, _, task, technician):
                assert technician in joined
                state[task], holder[task] = "assigned", technician
            case Send(_, _, task, arrives):
                assert state[task] == "assigned"
                assert arrives == (holder[task] not in silent)
                state[task] = "sent"
            case Accept(_, technician, task) | Reject(_, technician, task):
                assert (state[task], holder[task]) == ("sent", technician)
                state[task] = "accepted" if isinstance(step, Accept) else "rejected"
            case SendClient(_, _, task):
                assert state[task] == "accepted"
                state[task] = "in progress"
            case Complete(_, technician, task):
                assert (state[task], holder[task]) == ("in progress", technician)
                state[task] = "completed"
            case Cancel(_, _, task):
                assert state[task] != "completed"
                state[task] = "cancelled"
            case Bill(_, _, _, task) | PutAside(_, _, task):
                assert state[task] == "completed"
        if isinstance(step, OnPhone) and not isinstance(step, Block | Vanish | ComeBack):
            assert step.technician in joined - silent


@MOMENTS
def test_today_is_half_done(now: datetime) -> None:
    """Each list of the overview has something, among it offers that wait longer than the limit of 30 minutes."""
    told = month(now)
    last = {task: done[-1] for task, done in of_task(told).items()}
    today = {
        task: step
        for task, step in last.items()
        if step.at.date() == told.until.astimezone(step.at.tzinfo).date()
    }
    counted = Counter[type](type(step) for step in today.values())
    for kind, least in {Create: 7, Assign: 4, Send: 10, Accept: 6, SendClient: 14, Reject: 5}.items():
        assert counted[kind] >= least, kind
    waiting = [told.until - step.at for step in today.values() if isinstance(step, Send) and step.arrives]
    assert sum(wait > timedelta(minutes=30) for wait in waiting) >= 5
    assert any(isinstance(step, Send) and not step.arrives for step in today.values())
    scheduled = [step.details.scheduled_at for step in steps(told, Create) if step.details.scheduled_at]
    assert sum(at > told.until + timedelta(hours=12) for at in scheduled) >= 6


@MOMENTS
def test_some_bills_are_paid_some_void_and_some_overdue(now: datetime) -> None:
    told = month(now)
    settled = {step.invoice: step.status for step in steps(told, Settle)}
    fates = Counter(settled.values())
    assert fates[InvoiceStatus.PAID] > 350
    assert 10 < fates[InvoiceStatus.VOID] < 60
    overdue = [bill for bill in steps(told, Bill) if bill.invoice not in settled and bill.due_on < now.date()]
    assert len(overdue) > 15


def test_wherever_it_is_told_the_day_is_half_over() -> None:
    """At every hour of a summer's and a winter's day there is a place where it is between ten and five."""
    for hour in range(24):
        for begun in (THURSDAY, IN_THE_NIGHT):
            now = begun.replace(hour=hour, minute=30)
            assert 10 <= now.astimezone(ZoneInfo(place_at(now).zone)).hour < 17
    assert place_at(THURSDAY) == PLACES[0]


@pytest.mark.parametrize("tasks", [1, 5, 9, 40, 2000, 10_000])
def test_what_is_left_open_grows_with_the_whole(tasks: int) -> None:
    counts = unfinished(tasks)
    assert 0 < sum(counts.values()) <= tasks
    assert tasks < 9 or all(counts.values())
