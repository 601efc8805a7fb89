"""Reports and the audit log as rows of a table, with the words of whoever reads it."""

from reporting.handlers import Handlers
from reporting.views import AuditFilter, Line, ReportFilter, TaskReport
from shared.language import _, words
from shared.sentences import label
from shared.web.tables import Pages, Row, in_pages


def report_head() -> Row:
    return (
        _("Task"),
        _("Title"),
        _("Area"),
        _("Priority"),
        _("Status"),
        _("Technician"),
        _("Client"),
        _("Scheduled"),
        _("Created"),
        _("First sent"),
        _("Accepted"),
        _("Completed"),
        _("Seconds to the answer"),
    )


def reports(handlers: Handlers, wanted: ReportFilter) -> Pages:
    """Highest number first."""
    return in_pages(
        lambda after, rows: handlers.reports(wanted, after, rows), lambda task: task.id, _report_row
    )


def _report_row(task: TaskReport) -> Row:
    return (
        task.id,
        task.title,
        task.area,
        words(task.priority),
        words(task.status),
        task.technician_name,
        task.client,
        task.scheduled_at,
        task.created_at,
        task.first_sent_at,
        task.accepted_at,
        task.completed_at,
        task.response_seconds,
    )


def audit_head() -> Row:
    return (
        _("When"),
        _("Who"),
        _("Kind"),
        _("What"),
        _("Task"),
        _("Stream"),
        _("Version"),
        _("Id of the event"),
    )


def audit(handlers: Handlers, wanted: AuditFilter) -> Pages:
    """Newest first."""
    return in_pages(lambda after, rows: handlers.audit(wanted, after, rows), lambda line: line.id, _audit_row)


def _audit_row(line: Line) -> Row:
    return line.at, line.by, label(line.kind), line.sentence, line.task, line.stream, line.version, line.id
