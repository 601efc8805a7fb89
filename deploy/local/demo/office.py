"""When the office is open, and who sits there."""

import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from local.demo.people import CLERKS, LOOKER, Clerk
from local.demo.steps import Hire, LogIn, LogOut, Step

OWNER = "owner"
"""The login that Callout makes by itself at its first start."""

OPENS, CLOSES = time(7, 15), time(18, 15)
SETTLED = timedelta(minutes=12)  # until whoever comes has logged in, and before they leave


class Office:
    def __init__(self, zone: ZoneInfo, days: Sequence[date], now: datetime, dice: random.Random) -> None:
        self._zone = zone
        self._dice = dice
        self.days = days
        self.steps: list[Step] = [*self._hired(), *self._comings_and_goings(), *self._owner_looks_in(now)]

    def hours(self, day: date) -> tuple[datetime, datetime]:
        return datetime.combine(day, OPENS, self._zone), datetime.combine(day, CLOSES, self._zone)

    def open_from(self, at: datetime) -> datetime:
        """That moment, or soon after the office opens again. What can wait for Monday does."""
        opens, closes = self.hours(at.date())
        if opens <= at < closes:
            return at
        day = at.date() if at < opens else self.working_day(at.date() + timedelta(days=1))
        return self.hours(day)[0] + timedelta(minutes=self._dice.triangular(0, 45, 12))

    def working_day(self, day: date) -> date:
        """That day, or the next on which everybody works: from Monday to Friday, and today."""
        while not self._works(day):
            day += timedelta(days=1)
        return day

    def _works(self, day: date) -> bool:
        return day.weekday() < 5 or day == self.days[-1]

    def on_duty(self, at: datetime) -> str:
        """Who sends people out at this moment of the opening hours."""
        there = [clerk.login for clerk in CLERKS[:-1] if self._is_there(clerk, at)]
        return self._dice.choice(there)

    def _is_there(self, clerk: Clerk, at: datetime) -> bool:
        works = self._works(at.date()) or clerk.weekends
        return works and clerk.begins <= (at - SETTLED).time() and at.time() < _minus(clerk.ends)

    def accounts(self, at: datetime) -> datetime:
        """The next moment at which the one who keeps the accounts is there."""
        keeper = CLERKS[-1]
        day = self.working_day(at.date())
        if day == at.date() and at.time() >= _minus(keeper.ends):
            day = self.working_day(day + timedelta(days=1))
        begins = datetime.combine(day, keeper.begins, self._zone) + SETTLED
        return max(at, begins + timedelta(minutes=self._dice.uniform(0, 90))) if at < begins else at

    def _hired(self) -> list[Step]:
        """The owner sets everything up before the first day begins."""
        at = datetime.combine(self.days[0], time(6, 32), self._zone)
        made: list[Step] = [LogIn(at, OWNER)]
        for n, clerk in enumerate((*CLERKS, LOOKER), 1):
            made.append(Hire(at + timedelta(minutes=n), OWNER, clerk))
        return [*made, LogOut(at + timedelta(minutes=18), OWNER)]

    def _owner_looks_in(self, now: datetime) -> list[Step]:
        """For a few minutes in the morning, and a moment ago."""
        mornings = [datetime.combine(day, time(8, 2), self._zone) for day in self.days if self._works(day)]
        return [
            step
            for at in (*mornings, now - timedelta(minutes=24))
            for step in (LogIn(at, OWNER), LogOut(at + timedelta(minutes=5), OWNER))
        ]

    def _comings_and_goings(self) -> list[Step]:
        made: list[Step] = []
        for day in self.days:
            looks = LOOKER if day.weekday() in (0, 3) else None
            for clerk in (*CLERKS, *((looks,) if looks else ())):
                if self._works(day) or clerk.weekends:
                    come = timedelta(minutes=self._dice.uniform(0, 8))
                    made.append(LogIn(datetime.combine(day, clerk.begins, self._zone) + come, clerk.login))
                    made.append(LogOut(datetime.combine(day, clerk.ends, self._zone) - come / 2, clerk.login))
        return made


def _minus(ends: time) -> time:
    return (datetime.combine(date.min, ends) - SETTLED).time()
