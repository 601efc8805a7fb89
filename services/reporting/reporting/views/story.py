"""The reports of tasks: one line each, or one in full."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
from msgspec import UNSET, Struct, UnsetType, field

from reporting.domain import words
from reporting.views.lines import Line, timeline
from reporting.views.rows import Connection, actor_streams, filtered, seconds
from shared import names
from shared.contract.event import stream_name
from shared.contract.invoice import InvoiceStatus
from shared.contract.task import Priority, Status
from shared.journal.database import transaction


class ReportFilter(Struct, frozen=True):
    """technician is the Telegram id of whoever holds the task or ever held it; q is words of title, area and
    description (of the last one its beginning is enough), or a task's number; created from begin on, and before end."""

    status: Status | None = None
    technician: int | None = None
    q: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


class TaskReport(Struct, frozen=True):
    """A task as its report begins. response_seconds is from sending the current offer to its answer."""

    id: int
    title: str
    description: str
    area: str
    priority: Priority
    scheduled_at: datetime | None
    client_id: int
    client: str
    technician: int | None
    technician_name: str | None
    status: Status
    offer: int
    created_at: datetime
    created_by: str
    first_sent_at: datetime | None
    sent_at: datetime | None
    accepted_at: datetime | None
    completed_at: datetime | None
    response_seconds: float | None


class Answer(Struct, frozen=True):
    """What a technician answered to an offer; seconds since the offer was sent, where it was one. A rejection that
    was taken back says when, and counts nowhere."""

    technician: int
    technician_name: str
    response: str
    offer: int
    at: datetime
    seconds: float | None
    reason: str | UnsetType = UNSET
    taken_back_at: datetime | UnsetType = UNSET


class StatusChange(Struct, frozen=True):
    before: str | None = field(name="from")
    after: str = field(name="to")
    at: datetime
    actor: str
    by: str


class ReportedInvoice(Struct, frozen=True):
    id: int
    status: InvoiceStatus
    currency: str
    total: Decimal
    due_on: date | None
    created_at: datetime
    sent_at: datetime | None
    paid_at: datetime | None
    status_history: list[StatusChange]


class FullReport(Struct, frozen=True):
    """The whole story of one task, oldest first."""

    task: TaskReport
    responses: list[Answer]
    invoices: list[ReportedInvoice]
    status_history: list[StatusChange]
    timeline: list[Line]


async def reports(pool: asyncpg.Pool, wanted: ReportFilter, after: int | None, rows: int) -> list[TaskReport]:
    """Highest number first."""
    clauses: list[tuple[str, Any]] = [
        ("task < $", after),
        ("status = $", wanted.status),
        (_HELD, wanted.technician),
        ("created_at >= $", wanted.begin),
        ("created_at < $", wanted.end),
    ]
    if wanted.q:
        number = re.fullmatch(r"\s*#?(\d{1,18})\s*", wanted.q)
        asked = " & ".join(f"'{word}'" for word in words(wanted.q))
        if number:
            clauses.append(("task = $", int(number[1])))
        elif asked:
            clauses.append((_MATCHES, f"{asked}:*"))
        else:
            return []
    where, values = filtered(*clauses)
    async with transaction(pool) as connection:
        if wanted.q:
            # One plan for every word would be a bad one for rare words: 900 ms instead of 5 at 1,000,000 tasks.
            await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        found = await connection.fetch(f"{_REPORTS} AND {where} ORDER BY task DESC LIMIT {rows:d}", *values)
        return await task_reports(connection, found)


async def technicians(connection: Connection) -> list[tuple[int, str]]:
    """Whoever holds a task or ever held one, with the name, in the order of names."""
    found = [row["technician"] for row in await connection.fetch(_TECHNICIANS)]
    known = await names.known_to(connection, (stream_name("technician", each) for each in found))
    return sorted(((each, known.technician(each)) for each in found), key=lambda pair: pair[1].casefold())


async def is_deleted(connection: Connection, task: int) -> bool:
    return bool(await connection.fetchval("SELECT true FROM deleted_reports WHERE task = $1", task))


async def has_report(connection: Connection, task: int) -> bool:
    """True for a deleted one too."""
    return bool(await connection.fetchval("SELECT true FROM reports WHERE task = $1", task))


async def report(connection: Connection, task: int) -> FullReport | None:
    """None where there is none, or no longer one."""
    head = await connection.fetchrow(f"{_REPORTS} AND task = $1", task)
    if head is None:
        return None
    answers = await connection.fetch(_RESPONSES, task)
    changes = await connection.fetch("SELECT * FROM status_history WHERE task = $1 ORDER BY event", task)
    invoices = await connection.fetch("SELECT * FROM report_invoices WHERE task = $1 ORDER BY invoice", task)
    who = await names.known_to(
        connection,
        {stream_name("technician", row["technician"]) for row in answers}
        | set(actor_streams(row["actor"] for row in changes)),
    )
    return FullReport(
        task=(await task_reports(connection, [head]))[0],
        responses=[
            Answer(
                technician=row["technician"],
                technician_name=who.technician(row["technician"]),
                response=row["response"],
                offer=row["offer"],
                at=row["at"],
                seconds=seconds(row["took"]),
                reason=row["reason"] or UNSET,
                taken_back_at=row["taken_back_at"] or UNSET,
            )
            for row in answers
        ],
        invoices=[
            ReportedInvoice(
                id=row["invoice"],
                status=InvoiceStatus(row["status"]),
                currency=row["currency"],
                total=row["total"],
                due_on=row["due_on"],
                created_at=row["created_at"],
                sent_at=row["sent_at"],
                paid_at=row["paid_at"],
                status_history=[_change(each, who) for each in changes if each["invoice"] == row["invoice"]],
            )
            for row in invoices
        ],
        status_history=[_change(row, who) for row in changes if row["invoice"] is None],
        timeline=await timeline(connection, task),
    )


async def task_reports(connection: Connection, rows: Sequence[asyncpg.Record]) -> list[TaskReport]:
    streams = {stream_name("client", row["client"]) for row in rows}
    streams |= {stream_name("technician", row["technician"]) for row in rows if row["technician"]}
    who = await names.known_to(connection, streams)
    return [
        TaskReport(
            id=row["task"],
            title=row["title"],
            description=row["description"],
            area=row["area"],
            priority=Priority(row["priority"]),
            scheduled_at=row["scheduled_at"],
            client_id=row["client"],
            client=who.client(row["client"]),
            technician=row["technician"],
            technician_name=who.technician(row["technician"]) if row["technician"] else None,
            status=Status(row["status"]),
            offer=row["offer"],
            created_at=row["created_at"],
            created_by=row["created_by"],
            first_sent_at=row["first_sent_at"],
            sent_at=row["sent_at"],
            accepted_at=row["accepted_at"],
            completed_at=row["completed_at"],
            response_seconds=seconds(row["response_time"]),
        )
        for row in rows
    ]


def _change(row: asyncpg.Record, who: names.Names) -> StatusChange:
    return StatusChange(row["before"], row["after"], row["at"], row["actor"], who.actor(row["actor"]))


_REPORTS = """
SELECT * FROM reports WHERE NOT EXISTS (SELECT FROM deleted_reports d WHERE d.task = reports.task)
"""

_MATCHES = "task IN (SELECT w.task FROM report_words w WHERE w.words @@ $::text::tsquery)"

_RESPONSES = """
SELECT responses.*, CASE WHEN response = 'rejected' AND taken_back_at IS NULL THEN reason END AS reason
FROM responses LEFT JOIN rejection_reasons USING (task, offer) WHERE task = $1 ORDER BY event
"""

_HELD = """
task IN (SELECT a.task FROM audit a WHERE a.kind = 'TaskAssigned' AND (a.data->>'technician')::bigint = $)
"""

_HOLDER = "SELECT (data->>'technician')::bigint AS technician FROM audit WHERE kind = 'TaskAssigned'"

# Each step asks the index for the next one, so it costs as much as there are technicians, not tasks.
_TECHNICIANS = f"""
WITH RECURSIVE known AS (
    ({_HOLDER} ORDER BY 1 LIMIT 1)
    UNION ALL
    SELECT ({_HOLDER} AND (data->>'technician')::bigint > known.technician ORDER BY 1 LIMIT 1)
    FROM known WHERE technician IS NOT NULL
)
SELECT technician FROM known WHERE technician IS NOT NULL LIMIT 500
"""  # noqa: S608 - a constant of this module
