"""Row → screen: rows → Structs, in hand-written SQL."""

from .lines import KINDS, AuditFilter, Line, actors, audit, timeline
from .rows import first_id
from .story import (
    FullReport,
    ReportFilter,
    TaskReport,
    has_report,
    is_deleted,
    report,
    reports,
    technicians,
)
from .today import Overview, overview

__all__ = [
    "KINDS",
    "AuditFilter",
    "FullReport",
    "Line",
    "Overview",
    "ReportFilter",
    "TaskReport",
    "actors",
    "audit",
    "first_id",
    "has_report",
    "is_deleted",
    "overview",
    "report",
    "reports",
    "technicians",
    "timeline",
]
