"""The technicians: who is there, who is chosen, and whom no message reaches."""

import random
from datetime import datetime, time, timedelta

from local.demo import words
from local.demo.office import Office
from local.demo.people import FIRST_NAMES, LAST_NAMES, NAMES, Technician
from local.demo.steps import Block, ComeBack, Join, LetGo, Review, Step, Vanish

TRADES = {"plumbing": 30, "heating": 26, "electric": 24, "lifts": 8, "ventilation": 8, "locks": 4}
LATEST = time(19, 40)  # nobody answers after it
LONG = timedelta(days=6)  # no task lasts longer: who goes soon is given none
ENOUGH = 6  # technicians, for one of them to be missed now and then


class Crew:
    def __init__(self, count: int, office: Office, now: datetime, dice: random.Random) -> None:
        self._dice = dice
        self._office = office
        self._now = now
        self._all = {one.id: one for one in _people(count, dice)}
        self._joined: dict[int, datetime] = {}
        self._blocked: dict[int, tuple[datetime, datetime | None]] = {}
        self._vanished: dict[int, tuple[datetime, datetime | None]] = {}
        self._known_missing: set[int] = set()
        self.steps: list[Step] = [*self._joining(), *self._leaving()]

    def by_id(self, technician: int) -> Technician:
        return self._all[technician]

    def trade(self) -> str:
        return self._dice.choices(list(TRADES), list(TRADES.values()))[0]

    def choose(self, at: datetime, trade: str, *, but: int | None = None) -> int:
        """Somebody of that trade who is there, as far as the office knows."""
        there = [one for one in self._all.values() if self._is_there(one.id, at) and one.id != but]
        skilled = [one for one in there if one.trade == trade] or there or list(self._all.values())[:1]
        missed = self._missed(at)
        if missed is not None and missed != but:
            return missed
        return self._dice.choices(skilled, [one.load for one in skilled])[0].id

    def _missed(self, at: datetime) -> int | None:
        """One who has deleted the account is given one task more; then everybody knows."""
        for technician, (since, noticed) in self._vanished.items():
            if noticed and since <= at < noticed and technician not in self._known_missing:
                self._known_missing.add(technician)
                return technician
        return None

    def is_reached(self, technician: int, at: datetime) -> bool:
        """Whether a message arrives."""
        vanished, _ = self._vanished.get(technician, (at + LONG, None))
        since, until = self._blocked.get(technician, (at + LONG, None))
        return at < vanished and not (since <= at and (until is None or at < until))

    def missing(self, at: datetime) -> list[tuple[int, datetime]]:
        """Whom no message reaches though nobody has let them go, and since when."""
        known = {one: since for one, (since, noticed) in self._vanished.items() if not noticed}
        known |= {one: since for one, (since, _) in self._blocked.items()}
        return [(one, since) for one, since in known.items() if not self.is_reached(one, at)]

    def awake(self, at: datetime) -> datetime:
        """That moment, or the next morning: nobody presses anything at night."""
        if self._office.hours(at.date())[0] <= at and at.time() < LATEST:
            return at
        early = at < self._office.hours(at.date())[0]
        day = at.date() if early else at.date() + timedelta(days=1)
        return self._office.hours(day)[0] + timedelta(minutes=self._dice.uniform(2, 140))

    def _is_there(self, technician: int, at: datetime) -> bool:
        """Has joined, and stays long enough to finish what is begun now."""
        since, until = self._blocked.get(technician, (at + LONG, None))
        away = at > since - LONG and (until is None or at < until)
        vanishes, _ = self._vanished.get(technician, (at + LONG, None))
        return self._joined[technician] + timedelta(minutes=20) <= at and not away and at <= vanishes - LONG

    def _joining(self) -> list[Step]:
        """Most on the first morning, a few in the days after, the last one today."""
        made: list[Step] = []
        days = self._office.days
        everybody = list(self._all.values())
        late = max(0, len(everybody) - max(ENOUGH, round(len(everybody) * 0.83)))
        start = self._office.hours(days[0])[0]
        for n, who in enumerate(everybody):
            at = start - timedelta(minutes=15) + timedelta(seconds=20 * n + self._dice.uniform(0, 15))
            if n >= len(everybody) - late:
                part = n + 1 - (len(everybody) - late)
                at = self._office.hours(days[(len(days) - 1) * part // late])[0] + timedelta(minutes=9 * part)
                at = min(at, self._now - timedelta(minutes=28))
            self._joined[who.id] = at
            made.append(Join(at, who))
            if n < len(everybody) - 1 or not late:
                seen = self._office.open_from(at + timedelta(minutes=self._dice.uniform(14, 70)))
                note = self._dice.choice(words.TECHNICIAN_NOTES) if self._dice.random() < 0.3 else ""
                made.append(Review(seen, self._office.on_duty(seen), who.id, note))
        return made

    def _leaving(self) -> list[Step]:
        """One blocks the bot for two days and one since yesterday evening; two delete their accounts, one today."""
        days = self._office.days
        settled = list(self._all)[: round(len(self._all) * 0.8)]
        made: list[Step] = []
        if len(settled) < ENOUGH or len(days) < 2:
            return made
        for_a_while, for_good, once, today = settled[-1], settled[-2], settled[-3], settled[-4]
        if len(days) >= 14:
            since = self._office.hours(days[len(days) // 2])[0] - timedelta(minutes=25)
            back = since + timedelta(days=2, hours=1)
            self._blocked[for_a_while] = since, back
            made += [Block(since, for_a_while), ComeBack(back, for_a_while)]
            day = self._office.working_day(days[len(days) * 3 // 4])
            gone = self._office.hours(day)[0] + timedelta(hours=1.4)
            noticed = gone + timedelta(hours=3)
            self._vanished[once] = gone, noticed
            made += [Vanish(gone, once), LetGo(noticed, self._office.on_duty(noticed), once)]
        evening = self._office.hours(days[-2])[1] + timedelta(minutes=75)
        self._blocked[for_good] = evening, None
        vanished = self._now - timedelta(minutes=95)
        self._vanished[today] = vanished, None
        return [*made, Block(evening, for_good), Vanish(vanished, today)]


def _people(count: int, dice: random.Random) -> list[Technician]:
    found = []
    trades = list(TRADES)
    for n, number in enumerate(dice.sample(range(2 * 10**8, 7 * 10**9), count)):
        if n < len(NAMES):
            name, username, language, trade = NAMES[n]
        else:
            name = f"{dice.choice(FIRST_NAMES)} {dice.choice(LAST_NAMES)}"
            username, language, trade = f"crew_{number}", "en", trades[n % len(trades)]
        eager = min(0.98, max(0.6, dice.gauss(0.88, 0.07)))
        pace, load = dice.uniform(0.6, 1.6), dice.uniform(0.6, 1.6)
        found.append(Technician(number, name, username, language, trade, eager, pace, load))
    return found
