"""Lists as CSV, streamed page by page, so that the length of a list costs no memory and no long transaction."""

import csv
import io
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from reporting import views
from reporting.views import AuditFilter, ReportFilter

PAGE = 500

# With one of these first, a spreadsheet takes the cell for a formula (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

AUDIT_HEAD = ("at", "by", "actor", "kind", "sentence", "task", "stream", "version", "id")
REPORT_HEAD = (
    "task",
    "title",
    "area",
    "priority",
    "status",
    "technician",
    "client",
    "scheduled_at",
    "created_at",
    "first_sent_at",
    "accepted_at",
    "completed_at",
    "response_seconds",
)


async def audit(pool: asyncpg.Pool, wanted: AuditFilter, zone: ZoneInfo) -> AsyncIterator[str]:
    """Newest first; times in the site's zone, with their offset."""
    yield rows([AUDIT_HEAD], zone)
    after = None
    while page := await views.audit(pool, wanted, after, PAGE):
        after = page[-1].id
        yield rows(
            (
                (
                    line.at,
                    line.by,
                    line.actor,
                    line.kind,
                    line.sentence,
                    line.task,
                    line.stream,
                    line.version,
                    line.id,
                )
                for line in page
            ),
            zone,
        )


async def reports(pool: asyncpg.Pool, wanted: ReportFilter, zone: ZoneInfo) -> AsyncIterator[str]:
    """Highest number first; times in the site's zone, with their offset."""
    yield rows([REPORT_HEAD], zone)
    after = None
    while page := await views.reports(pool, wanted, after, PAGE):
        after = page[-1].id
        yield rows(
            (
                (
                    task.id,
                    task.title,
                    task.area,
                    task.priority,
                    task.status,
                    task.technician_name,
                    task.client,
                    task.scheduled_at,
                    task.created_at,
                    task.first_sent_at,
                    task.accepted_at,
                    task.completed_at,
                    task.response_seconds,
                )
                for task in page
            ),
            zone,
        )


def rows(cells: Iterable[Iterable[Any]], zone: ZoneInfo) -> str:
    """RFC 4180."""
    text = io.StringIO()
    csv.writer(text).writerows([cell(each, zone) for each in row] for row in cells)
    return text.getvalue()


def cell(value: Any, zone: ZoneInfo) -> str:
    """A value as a spreadsheet shows it; text that it would calculate gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
