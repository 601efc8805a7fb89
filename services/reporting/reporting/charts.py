"""Statistics as the charts of the overview draw them: labels, and series with a colour of Tabler's each."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import msgspec
from babel import Locale
from babel.dates import format_skeleton
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from msgspec import Struct

from reporting.domain import Period
from reporting.views import OUTCOMES, Statistics
from reporting.views.statistics import Times
from shared.language import _, locale, words

COLOURS = {"completed": "green", "open": "azure", "rejected": "red", "cancelled": "secondary"}
THIN = 1  # decimals of a second are nothing that a chart shows


class Series(Struct, frozen=True):
    """values are counts, or seconds; None where there is nothing."""

    name: str
    colour: str
    values: Sequence[float | None]


class Chart(Struct, frozen=True):
    """A chart's content, as JSON in the page. days are short, for the axis; titles whole, for the pointer."""

    kind: Literal["stack", "times"]
    days: list[str]
    titles: list[str]
    series: list[Series]

    @property
    def data(self) -> Markup:
        """For an attribute in single quotes."""
        return htmlsafe_json_dumps(self, dumps=lambda chart: msgspec.json.encode(chart).decode())


def outcomes(statistics: Statistics, period: Period) -> Chart:
    return Chart(
        "stack",
        *_labels(period, locale()),
        [Series(words(each), COLOURS[each], statistics.outcomes[each]) for each in OUTCOMES],
    )


def times(measured: Times, period: Period, colour: str) -> Chart:
    return Chart(
        "times",
        *_labels(period, locale()),
        [
            Series(_("Half of them within"), colour, _rounded(measured.medians)),
            Series(_("Nine of ten within"), "secondary", _rounded(measured.p90s)),
        ],
    )


def _rounded(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else round(value, THIN) for value in values]


@lru_cache(maxsize=64)
def _labels(period: Period, where: Locale) -> tuple[list[str], list[str]]:
    short = [format_skeleton("MMMd", day, locale=where) for day in period.begins]
    whole = [format_skeleton("yMMMEd", day, locale=where) for day in period.begins]
    return short, [_("Week from %(day)s", day=day) for day in whole] if period.weekly else whole
