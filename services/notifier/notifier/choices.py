"""What the settings can be chosen from, in the reader's words."""

from collections.abc import Container
from datetime import time
from functools import cache
from itertools import groupby
from zoneinfo import available_timezones

from babel import Locale
from babel.dates import get_day_names
from babel.lists import format_list
from babel.numbers import get_currency_name

from shared import language, money
from shared.language import _

FORMATS_ONLY = ("de", "es", "fr", "it")
"""Languages whose dates and money are offered without sentences; others are taken too where Babel knows them."""
STEP = 30  # minutes between two times that can be chosen

Options = list[tuple[str, str]]


def languages(present: str) -> Options:
    """Tag → its name; of one without sentences, that only dates and money follow it."""
    tags = [*language.languages(), *FORMATS_ONLY]
    return [(tag, _language(tag)) for tag in dict.fromkeys([*tags, present])]


def _language(tag: str) -> str:
    if tag in language.languages():
        return language.languages()[tag]
    name = Locale.parse(tag, sep="-").get_display_name(language.locale()) or tag
    return _("%(language)s, for dates and money only", language=name)


def currencies(present: str) -> Options:
    """Code → "EUR · Euro", of the money that is paid with somewhere today."""
    return [
        (code, f"{code} · {get_currency_name(code, locale=language.locale())}")
        for code in sorted(money.currencies() | {present})
    ]


def zones(present: str) -> list[tuple[str, list[str]]]:
    """Part of the world → its zones."""
    ordered = sorted({*_places(), "UTC", present})
    return [(part, list(each)) for part, each in groupby(ordered, key=lambda name: name.partition("/")[0])]


@cache
def _places() -> frozenset[str]:
    """Read once: it means hundreds of looks at the disk."""
    return frozenset(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))


def weekdays() -> list[tuple[int, str]]:
    """ISO number → name, from the day on which the reader's week begins."""
    names = get_day_names("wide", locale=language.locale())
    first = language.locale().first_week_day
    return [((first + day) % 7 + 1, names[(first + day) % 7]) for day in range(7)]


def enumerated(days: Container[int]) -> str:
    """ISO numbers → "Monday, Tuesday, and Friday"."""
    return format_list([name for number, name in weekdays() if number in days], locale=language.locale())


def beginnings(present: time) -> Options:
    return [(_clock(each), _clock(each)) for each in sorted({*_times(), present})]


def ends(present: time) -> Options:
    """Midnight is the end of the day."""
    later = sorted({*_times(), present} - {time(0)})
    return [*((_clock(each), _clock(each)) for each in later), (_clock(time(0)), "24:00")]


def _times() -> list[time]:
    return [time(*divmod(minutes, 60)) for minutes in range(0, 24 * 60, STEP)]


def _clock(moment: time) -> str:
    return moment.isoformat("minutes")
