"""A month of work, made up without I/O: the same seed, the same moment, the same story.

Tasks are told one after the other, each from its first call to its end, and whatever would be later than now
is left out. So today's work is half done by itself; `unfinished` sees to it that some of each kind is there.
"""

import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from local.demo import words
from local.demo.crew import Crew
from local.demo.money import Done, bills
from local.demo.office import OWNER, Office
from local.demo.people import FIRST_NAMES, HOUSES, LAST_NAMES, Place, place_at
from local.demo.steps import (
    Accept,
    Assign,
    Cancel,
    Complete,
    Create,
    Edit,
    Reject,
    Send,
    SendClient,
    Step,
)
from shared.contract.task import ClientInfo, Priority, TaskDetails

__all__ = ["OWNER", "Story", "story"]

DAYS = (1.2, 1.1, 1.0, 1.0, 0.9, 0.3, 0.15)  # how busy, Monday to Sunday
HOURS = (0.5, 1.4, 1.6, 1.4, 1.0, 0.6, 0.9, 1.1, 1.0, 0.7, 0.3)  # calls an hour, from seven on
ANSWER = 8.0  # minutes, the median
SILENT, CALLED_OFF, EDITED = 0.035, 0.045, 0.05  # of all offers; of all tasks
PRIORITIES = {Priority.LOW: 12, Priority.NORMAL: 62, Priority.HIGH: 20, Priority.URGENT: 6}


class Story(Struct, frozen=True):
    """since: before the first step; until: the moment at which it was told, after the last."""

    place: Place
    since: datetime
    until: datetime
    steps: tuple[Step, ...]


def story(
    now: datetime,
    *,
    days: int = 30,
    tasks: int = 2000,
    technicians: int = 30,
    invoices: int = 800,
    seed: int = 1,
) -> Story:
    """Invoices are as many as asked for, or as tasks were completed."""
    teller = Teller(now, days, technicians, random.Random(seed))  # noqa: S311 - a story is no secret
    teller.tell(tasks)
    teller.steps += bills(teller.completed, invoices, teller.office, teller.crew, now, teller.random)
    past = [step for step in teller.steps if step.at <= now]
    return Story(teller.place, teller.since, now, tuple(sorted(past, key=lambda step: step.at)))


class Teller:
    def __init__(self, now: datetime, days: int, technicians: int, dice: random.Random) -> None:
        self.random = dice
        self.place = place_at(now)
        self.zone = ZoneInfo(self.place.zone)
        self.now = now.astimezone(self.zone)
        self.days = [self.now.date() - timedelta(days=back) for back in reversed(range(days))]
        self.since = datetime.combine(self.days[0], time(6, 30), self.zone)
        self.office = Office(self.zone, self.days, self.now, dice)
        self.crew = Crew(technicians, self.office, self.now, dice)
        self.steps: list[Step] = [*self.office.steps, *self.crew.steps]
        self.completed: list[Done] = []
        self._task = 0
        self._clients: list[tuple[datetime, str]] = []

    def tell(self, tasks: int) -> None:
        kinds = unfinished(tasks)
        calls = sorted(self._calls(tasks - sum(kinds.values())))
        for called in calls:
            self._from_call_to_end(called)
        for kind, count in kinds.items():
            for _ in range(count):
                self._leave(kind)

    def _calls(self, count: int) -> list[datetime]:
        """When somebody rings: more on weekdays and in the morning; today, whatever day it is, until now."""
        gone = (self.now - datetime.combine(self.now.date(), time(7), self.zone)) / timedelta(hours=11)
        shares = [DAYS[day.weekday()] * self.random.uniform(0.85, 1.15) for day in self.days]
        shares[-1] = max(shares[-1], 0.9) * min(max(gone, 0.0), 1.0)
        found = []
        for day in self.random.choices(self.days, shares, k=count):
            hour = self.random.choices(range(len(HOURS)), HOURS)[0]
            moment = self.office.open_from(self._at(day, 7 + hour + self.random.random()))
            found.append(moment if moment < self.now else self._earlier_today())
        return found

    def _at(self, day: date, hour: float) -> datetime:
        return datetime.combine(day, time(), self.zone) + timedelta(hours=hour)

    def _earlier_today(self) -> datetime:
        opened = self._at(self.now.date(), 7.25)
        return opened + (self.now - opened) * self.random.uniform(0, 0.95)

    # ── One task ─────────────────────────────────────────────────────────────

    def _from_call_to_end(self, called: datetime) -> None:
        task, job, scheduled = self._create(called, within_days=3)
        at, technician = self._assigned(task, called)
        ends = self.random.random() < CALLED_OFF and self.random.choice(("early", "waiting", "late"))
        if ends == "early":
            return self._cancel(task, at)
        if self.random.random() < EDITED:
            self._edit(task, at)
        offered = self._offer_until_taken(task, at, technician, give_up=ends == "waiting")
        if offered is None:
            return None
        at, technician = offered
        if ends == "late":
            return self._cancel(task, at + self._minutes(5, 90))
        start = self.office.open_from(at + self._minutes(1, 14))
        self._in_office(SendClient, start, task)
        hours = self.random.triangular(1, 5, 2)
        done = self.crew.awake(max(start, scheduled - timedelta(minutes=20)) + timedelta(hours=hours))
        self.steps.append(Complete(done, technician, task))
        self.completed.append(Done(task, done, technician, job))
        return None

    def _create(
        self, called: datetime, within_days: int, technician: int | None = None, *, later: bool = False
    ) -> tuple[int, words.Job, datetime]:
        """The task, what it is about, and when it is to be done (the call's moment: as soon as possible)."""
        trade = self.crew.trade()
        job = self.random.choice(words.JOBS[trade])
        task, self._task = self._task, self._task + 1
        self._trade = trade
        scheduled = self._scheduled(called, within_days, later=later)
        client, contact = self._client(called)
        area = self.random.choices(words.AREAS, range(len(words.AREAS) + 4, 4, -1))[0]
        priority = self.random.choices(list(PRIORITIES), list(PRIORITIES.values()))[0]
        title = job.title + self.random.choice(words.TITLES_WHERE)
        self._details = details = TaskDetails(title, job.description, area, priority, scheduled)
        clerk = self.office.on_duty(called)
        self.steps.append(Create(called, clerk, task, details, client, contact, technician))
        return task, job, scheduled or called

    def _scheduled(self, called: datetime, within_days: int, *, later: bool) -> datetime | None:
        if not later and self.random.random() < 0.4:
            return None
        ahead = self.random.choices(range(3), (12, 2, 1))[0] if not later else self.random.randint(1, 4)
        day = self.office.working_day(called.date() + timedelta(days=min(ahead, within_days + later)))
        wanted = self._at(day, self.random.choice((8, 8.5, 9, 10, 11, 13, 14, 15, 16)))
        half_hours = called.replace(minute=0, second=0, microsecond=0) + timedelta(
            hours=self.random.randint(2, 4)
        )
        return max(wanted, half_hours) if day == called.date() else wanted

    def _client(self, called: datetime) -> tuple[int, ClientInfo | None]:
        """Somebody who has called before, or somebody new."""
        first, last = self.random.choice(FIRST_NAMES), self.random.choice(LAST_NAMES)
        name = self.random.choice(HOUSES) if self.random.random() < 0.18 else f"{first} {last}"
        before = [n for n, (since, _) in enumerate(self._clients) if since < called]
        same = [n for n in before if self._clients[n][1] == name]
        if before and (same or self.random.random() < 0.6):
            return (same or [self.random.choice(before)])[0], None
        self._clients.append((called, name))
        mailbox = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha())
        contact = ClientInfo(
            name=name,
            phone=self.place.phone.format(self.random.randrange(100)),
            email=f"{mailbox}@example.org" if self.random.random() < 0.7 else "",
            address=f"{self.random.randint(1, 120)} {self.random.choice(words.STREETS)}",
            notes=self.random.choice(words.CLIENT_NOTES),
        )
        return len(self._clients) - 1, contact

    def _assigned(self, task: int, called: datetime) -> tuple[datetime, int]:
        """Most are given to somebody while the client is still on the phone."""
        technician = self.crew.choose(called, self._trade)
        if self.random.random() < 0.6:
            created = self.steps[-1]
            assert isinstance(created, Create)
            self.steps[-1] = Create(
                created.at, created.clerk, task, created.details, created.client, created.contact, technician
            )
            return called, technician
        at = self.office.open_from(called + self._minutes(1, 35))
        self._in_office(Assign, at, task, technician)
        return at, technician

    def _offer_until_taken(
        self, task: int, at: datetime, technician: int, *, give_up: bool
    ) -> tuple[datetime, int] | None:
        """Offered, refused or left unanswered, offered to the next; who takes it, and when."""
        while True:
            at = self.office.open_from(at + self._minutes(0.3, 5))
            arrives = self.crew.is_reached(technician, at)
            self._in_office(Send, at, task, arrives)
            if give_up:
                self._cancel(task, at + self._minutes(4, 40))
                return None
            if not arrives:
                at += self._minutes(3, 25)
            elif self.random.random() < SILENT:
                at += self._minutes(45, 130)
            else:
                answered = self.crew.awake(at + self._answer_time(technician))
                if self.random.random() < self.crew.by_id(technician).eager:
                    self.steps.append(Accept(answered, technician, task))
                    return answered, technician
                self.steps.append(Reject(answered, technician, task, self.random.choice(words.REASONS)))
                at = answered + self._minutes(2, 25)
            at = self.office.open_from(at)
            technician = self.crew.choose(at, self._trade, but=technician)
            self._in_office(Assign, at, task, technician)

    def _answer_time(self, technician: int) -> timedelta:
        minutes = self.random.lognormvariate(0, 0.9) * ANSWER * self.crew.by_id(technician).pace
        return timedelta(minutes=min(max(minutes, 0.4), 200))

    def _cancel(self, task: int, at: datetime) -> None:
        self._in_office(Cancel, self.office.open_from(at + self._minutes(2, 20)), task)

    def _edit(self, task: int, at: datetime) -> None:
        priority = self.random.choice((Priority.HIGH, Priority.URGENT))
        before = self._details
        told = f"{before.description} {self.random.choice(words.EDITS)}"
        details = structs.replace(before, priority=priority, description=told)
        self.steps.append(Edit(at + timedelta(seconds=9), self.office.on_duty(at), task, details))

    def _in_office(self, step: Callable[..., Step], at: datetime, *more: int) -> None:
        self.steps.append(step(at, self.office.on_duty(at), *more))

    def _minutes(self, least: float, most: float) -> timedelta:
        return timedelta(minutes=self.random.triangular(least, most, least + (most - least) / 4))

    # ── What is left open today ──────────────────────────────────────────────

    def _leave(self, kind: str) -> None:
        """A task that stands where the overview looks, a while ago and until now."""
        if kind == "undelivered":
            return self._leave_undelivered()
        ago = {"silent": (36, 130), "working": (25, 150)}.get(kind, (3, 60))
        at = self.now - timedelta(minutes=self.random.uniform(*ago))
        called = at - timedelta(minutes=self.random.uniform(2, 14))
        task, *_ = self._create(called, 0, later=kind == "coming")
        if kind == "new" or (kind == "coming" and task % 2):
            return None
        technician = self.crew.choose(called, self._trade)
        self._in_office(Assign, at - timedelta(seconds=70), task, technician)
        if kind in ("assigned", "coming"):
            return None
        self._in_office(Send, at, task)
        if kind in ("silent", "waiting"):
            return None
        answered = at + min(self._answer_time(technician), (self.now - at) / 3)
        if kind == "rejected":
            self.steps.append(Reject(answered, technician, task, self.random.choice(words.REASONS)))
            return None
        self.steps.append(Accept(answered, technician, task))
        if kind == "working":
            self._in_office(SendClient, answered + (self.now - answered) / 4, task)
        return None

    def _leave_undelivered(self) -> None:
        """Given to somebody who could be reached then, and sent when they could not any more."""
        missing = self.crew.missing(self.now)
        if not missing:
            return self._leave("waiting")
        technician, since = self.random.choice(missing)
        given = min(since, self.office.hours(since.date())[1]) - timedelta(minutes=self.random.uniform(5, 25))
        task, *_ = self._create(given, 0)
        self._in_office(Assign, given + timedelta(seconds=50), task, technician)
        self._in_office(Send, self.now - timedelta(minutes=self.random.uniform(12, 60)), task, False)
        return None


UNFINISHED = {
    "silent": 6, "rejected": 5, "undelivered": 2, "new": 7, "accepted": 6, "working": 14, "waiting": 5,
    "assigned": 4, "coming": 9,
}  # fmt: skip
"""How many of two thousand tasks stand so today, besides those that just happen to."""


def unfinished(tasks: int) -> dict[str, int]:
    scaled = {kind: max(1, round(count * tasks / 2000)) for kind, count in UNFINISHED.items()}
    while sum(scaled.values()) > tasks:
        scaled.popitem()
    return scaled
