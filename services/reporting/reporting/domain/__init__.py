"""The rules of reporting: a report's life, how long is too long, and the days of a statistic."""

from .hours import limit_began
from .period import CHOICES, DAY, Period, begin_of, chosen_period, span
from .report import REPORTS, DeleteReport, Report, ReportCommand, decide, evolve, gone, words

__all__ = [
    "CHOICES",
    "DAY",
    "REPORTS",
    "DeleteReport",
    "Period",
    "Report",
    "ReportCommand",
    "begin_of",
    "chosen_period",
    "decide",
    "evolve",
    "gone",
    "limit_began",
    "span",
    "words",
]
