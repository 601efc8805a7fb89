"""Measured values in words. Pages show hundreds of them, mostly the same, so what Babel made is kept."""

from functools import lru_cache

from babel import Locale
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from shared.language import locale

NOTHING = "–"
"""Where nothing was measured."""
UNITS = ((90, 1, "second"), (90 * 60, 60, "minute"), (48 * 3600, 3600, "hour"), (None, 86400, "day"))
"""Up to so many seconds a time is told in units of so many."""
FINE = 10
"""Fewer hours or days than this are told with one digit after the point."""


def duration(seconds: float | None) -> str:
    """ "45 sec", "12 min", "2.5 hr"."""
    if seconds is None:
        return NOTHING
    size, unit = next((size, unit) for most, size, unit in UNITS if most is None or seconds < most)
    amount = seconds / size
    return _in_units(round(amount, 1 if size >= 3600 and amount < FINE else 0), unit, locale())


def count(number: int) -> str:
    return _count(number, locale())


def percent(share: float | None) -> str:
    """0.857 → "86%"."""
    return NOTHING if share is None else format_percent(share, locale=locale())


@lru_cache(maxsize=10_000)
def _in_units(amount: float, unit: str, where: Locale) -> str:
    return format_unit(
        int(amount) if amount == int(amount) else amount, f"duration-{unit}", "short", locale=where
    )


@lru_cache(maxsize=10_000)
def _count(number: int, where: Locale) -> str:
    return format_decimal(number, locale=where)
