"""Row → screen: rows → Structs, in hand-written SQL."""

from .attention import Attention, attention
from .lines import KINDS, AuditFilter, Line, actors, audit, recent, timeline
from .rows import first_id
from .statistics import OUTCOMES, Statistics, statistics
from .story import (
    Answer,
    FullReport,
    ReportFilter,
    TaskReport,
    has_report,
    is_deleted,
    report,
    reports,
    technicians,
)
from .today import Day, days, standing

__all__ = [
    "KINDS",
    "OUTCOMES",
    "Answer",
    "Attention",
    "AuditFilter",
    "Day",
    "FullReport",
    "Line",
    "ReportFilter",
    "Statistics",
    "TaskReport",
    "actors",
    "attention",
    "audit",
    "days",
    "first_id",
    "has_report",
    "is_deleted",
    "recent",
    "report",
    "reports",
    "standing",
    "statistics",
    "technicians",
    "timeline",
]
