"""What needs a human first, and how the day goes."""

from datetime import datetime, timedelta

from msgspec import Struct

from reporting.views.lines import AuditFilter, Line, audit, lines
from reporting.views.rows import Connection, first_id, seconds
from reporting.views.story import TaskReport, task_reports

SHOWN = 20  # rows of each list
OVERDUE = timedelta(days=7)  # how long a failed delivery is shown


class Today(Struct, frozen=True):
    """What happened since midnight; answer_seconds is the mean over accepted and rejected offers."""

    created: int
    sent: int
    accepted: int
    rejected: int
    completed: int
    invoices: int
    answer_seconds: float | None


class Overview(Struct, frozen=True):
    counts: dict[str, int]
    rejected: list[TaskReport]
    unanswered: list[TaskReport]
    unanswered_count: int
    undelivered: list[Line]
    today: Today
    recent: list[Line]


async def overview(
    connection: Connection, now: datetime, midnight: datetime, no_answer: timedelta
) -> Overview:
    """What needs a human first. no_answer is how long an offer may stay without an answer."""
    counts = {row["status"]: row["tasks"] for row in await connection.fetch("SELECT * FROM status_counts")}
    rejected = await connection.fetch(_REJECTED, SHOWN)
    unanswered = await connection.fetch(_UNANSWERED, now - no_answer, SHOWN)
    waiting: int = await connection.fetchval(_UNANSWERED_COUNT, now - no_answer)
    undelivered = await connection.fetch(_UNDELIVERED, first_id(now - OVERDUE), SHOWN)
    kinds = await connection.fetch(_TODAY, list(_COUNTED), first_id(midnight))
    answer = await connection.fetchval(_ANSWER_TIME, first_id(midnight))
    happened = {row["kind"]: row["count"] for row in kinds}
    return Overview(
        counts=counts,
        rejected=await task_reports(connection, rejected),
        unanswered=await task_reports(connection, unanswered),
        unanswered_count=waiting,
        undelivered=await lines(connection, undelivered),
        today=Today(
            **{name: happened.get(kind, 0) for kind, name in _COUNTED.items()},
            answer_seconds=seconds(answer),
        ),
        recent=await audit(connection, AuditFilter(), None, SHOWN),
    )


_COUNTED = {
    "TaskCreated": "created",
    "TaskSent": "sent",
    "TaskAccepted": "accepted",
    "TaskRejected": "rejected",
    "TaskCompleted": "completed",
    "InvoiceCreated": "invoices",
}

_REJECTED = "SELECT * FROM reports WHERE status = 'rejected' ORDER BY task DESC LIMIT $1"
_UNANSWERED = "SELECT * FROM reports WHERE status = 'sent' AND sent_at < $1 ORDER BY sent_at LIMIT $2"
_UNANSWERED_COUNT = "SELECT count(*) FROM reports WHERE status = 'sent' AND sent_at < $1"

# What did not arrive, was not tried again since, and still matters: of a task or its client only the
# current offer, of an invoice while it is to be paid, of a retraction always.
_UNDELIVERED = """
SELECT f.id, f.stream, f.version, f.kind, f.at, f.actor, f.data, f.task
FROM audit f
LEFT JOIN reports r ON r.task = f.task
LEFT JOIN report_invoices i ON i.invoice = f.invoice
WHERE f.kind IN ('DeliveryFailed', 'DeliveryUnknown') AND f.id >= $1 AND f.task IS NOT NULL
AND CASE f.data->>'purpose'
    WHEN 'task_info' THEN r.status = 'sent' AND r.offer = (f.data->>'offer')::int
    WHEN 'client_info' THEN r.status IN ('accepted', 'in_progress') AND r.offer = (f.data->>'offer')::int
    WHEN 'invoice' THEN i.status = 'pending'
    ELSE f.data->>'purpose' = 'retraction'
END
AND NOT EXISTS (
    SELECT FROM audit later
    WHERE later.task = f.task AND later.id > f.id
    AND later.kind IN ('DeliverySent', 'DeliveryFailed', 'DeliveryUnknown')
    AND later.data->>'purpose' = f.data->>'purpose'
    AND later.data->>'technician' = f.data->>'technician'
    AND later.invoice IS NOT DISTINCT FROM f.invoice
)
ORDER BY f.id DESC LIMIT $2
"""

_TODAY = "SELECT kind, count(*) FROM audit WHERE kind = ANY($1) AND id >= $2 GROUP BY kind"
_ANSWER_TIME = "SELECT avg(took) FROM responses WHERE event >= $1"
