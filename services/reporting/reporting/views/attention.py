"""What needs a human now: of each kind the most pressing ones, and how many there are."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Generic, TypeVar

import asyncpg
from msgspec import Struct

from reporting.views.lines import Line, lines
from reporting.views.reach import Reached, reached
from reporting.views.rows import Connection, actor_streams, first_id
from shared import names
from shared.contract.delivery import Purpose
from shared.contract.event import stream_name

SHOWN = 5  # of each kind
LOST = timedelta(days=7)  # how long a delivery that failed is shown

T = TypeVar("T")


class Some(Struct, Generic[T], frozen=True):
    """The most pressing ones, and how many there are of them in all."""

    shown: list[T]
    count: int


class Waiting(Struct, frozen=True):
    """A task that waits since a moment; reason is why it was rejected, where that was said. set_by is the
    name of who gave it its status by hand: then no technician did. unreached is why nothing that is sent to the
    technician arrives: `blocked` or `gone`; else empty. exchanged: it is for another client now, whose data its
    technician does not hold."""

    id: int
    title: str
    priority: str
    technician: int | None
    technician_name: str | None
    since: datetime
    reason: str | None
    set_by: str | None
    unreached: str
    exchanged: bool


class Undelivered(Struct, frozen=True):
    """line tells what did not arrive, and of whose task; unreached is why it would not now either: `blocked`, `gone`,
    or `unreached` where the bot never met them; else empty."""

    line: Line
    purpose: Purpose
    invoice: int | None
    unreached: str


class Overdue(Struct, frozen=True):
    """An invoice that should have been paid; client is a name."""

    id: int
    task: int
    title: str
    client: str
    total: Decimal
    currency: str
    due_on: date


class Attention(Struct, frozen=True):
    rejected: Some[Waiting]
    unanswered: Some[Waiting]
    undelivered: Some[Undelivered]
    without_client_info: Some[Waiting]
    overdue: Some[Overdue]

    @property
    def count(self) -> int:
        return (
            self.rejected.count
            + self.unanswered.count
            + self.undelivered.count
            + self.without_client_info.count
            + self.overdue.count
        )


async def attention(connection: Connection, now: datetime, late: datetime, today: date) -> Attention:
    """late  what waits since before that waits for too long; today  by the site's clock"""
    rejected = await connection.fetch(_REJECTED, SHOWN)
    unanswered = await connection.fetch(_UNANSWERED, late, SHOWN)
    without_client_info = await connection.fetch(_WITHOUT_CLIENT_INFO, late, SHOWN)
    overdue = await connection.fetch(_OVERDUE, today, SHOWN)
    undelivered = await connection.fetch(_UNDELIVERED, first_id(now - LOST), SHOWN)
    told = await lines(connection, undelivered)
    waiting = (*rejected, *unanswered, *without_client_info)
    reach = await reached(
        connection, [row["technician"] for row in (*waiting, *undelivered) if row["technician"]]
    )
    who = await names.known_to(
        connection,
        {stream_name("technician", row["technician"]) for row in waiting if row["technician"]}
        | {stream_name("client", row["client"]) for row in overdue}
        | set(actor_streams(row["by_hand"] for row in waiting if row["by_hand"])),
    )
    return Attention(
        rejected=_waiting(rejected, who, reach),
        unanswered=_waiting(unanswered, who, reach),
        undelivered=Some(
            [
                Undelivered(
                    line,
                    Purpose(row["purpose"]),
                    row["invoice"],
                    reach(row["technician"]).with_failure(row["id"], row["trouble"]),
                )
                for line, row in zip(told, undelivered, strict=True)
            ],
            _count(undelivered),
        ),
        without_client_info=_waiting(without_client_info, who, reach),
        overdue=_overdue(overdue, who),
    )


def _waiting(rows: Sequence[asyncpg.Record], who: names.Names, reach: Reached) -> Some[Waiting]:
    shown = [
        Waiting(
            id=row["task"],
            title=row["title"],
            priority=row["priority"],
            technician=row["technician"],
            technician_name=who.technician(row["technician"]) if row["technician"] else None,
            since=row["since"],
            reason=row["reason"],
            set_by=who.actor(row["by_hand"]) if row["by_hand"] else None,
            unreached=reach(row["technician"]).why,
            exchanged=row["status"] == "in_progress",
        )
        for row in rows
    ]
    return Some(shown, _count(rows))


def _overdue(rows: Sequence[asyncpg.Record], who: names.Names) -> Some[Overdue]:
    shown = [
        Overdue(
            id=row["invoice"],
            task=row["task"],
            title=row["title"],
            client=who.client(row["client"]),
            total=row["total"],
            currency=row["currency"],
            due_on=row["due_on"],
        )
        for row in rows
    ]
    return Some(shown, _count(rows))


def _count(rows: Sequence[asyncpg.Record]) -> int:
    return rows[0]["all"] if rows else 0


_REJECTED = """
SELECT r.*, h.at AS since, h.by_hand, CASE WHEN h.by_hand IS NULL THEN e.reason END AS reason
FROM (
    SELECT *, count(*) OVER () AS all FROM reports WHERE status = 'rejected' ORDER BY task DESC LIMIT $1
) r
CROSS JOIN LATERAL (
    SELECT c.at, CASE WHEN a.kind = 'TaskStatusChanged' THEN a.actor END AS by_hand
    FROM status_history c JOIN audit a ON a.id = c.event
    WHERE c.task = r.task AND c.invoice IS NULL AND c.after = 'rejected' ORDER BY c.event DESC LIMIT 1
) h
LEFT JOIN rejection_reasons e ON e.task = r.task AND e.offer = r.offer
ORDER BY r.task DESC
"""

_UNANSWERED = """
SELECT *, sent_at AS since, NULL AS reason, NULL AS by_hand, count(*) OVER () AS all
FROM reports WHERE status = 'sent' AND sent_at < $1 ORDER BY sent_at LIMIT $2
"""

# What no technician has accepted became so by hand: then it waits since that moment. Work that is under way for
# another client than before waits as well.
_WITHOUT_CLIENT_INFO = """
SELECT *, NULL AS reason, count(*) OVER () AS all
FROM (
    SELECT r.*, coalesce(r.accepted_at, h.at, r.created_at) AS since, h.by_hand
    FROM reports r
    LEFT JOIN LATERAL (
        SELECT c.at, a.actor AS by_hand FROM status_history c JOIN audit a ON a.id = c.event
        WHERE r.accepted_at IS NULL AND c.task = r.task AND c.invoice IS NULL AND c.after = 'accepted'
        ORDER BY c.event DESC LIMIT 1
    ) h ON true
    WHERE r.status = 'accepted' AND coalesce(r.accepted_at, r.created_at) < $1
    UNION ALL
    SELECT r.*, r.exchanged_at, NULL FROM reports r WHERE r.status = 'in_progress' AND r.exchanged_at < $1
) accepted
WHERE since < $1 ORDER BY since LIMIT $2
"""

# What did not arrive, was not tried again since, and still matters: of a task or its client only the
# current offer, of an invoice while it is to be paid, of a retraction always.
_UNDELIVERED = """
SELECT f.id, f.stream, f.version, f.kind, f.at, f.actor, f.data, f.task, f.invoice, f.data->>'purpose' AS purpose,
    (f.data->>'technician')::bigint AS technician, f.data->>'trouble' AS trouble, count(*) OVER () AS all
FROM audit f
LEFT JOIN reports r ON r.task = f.task
LEFT JOIN report_invoices i ON i.invoice = f.invoice
WHERE f.kind IN ('DeliveryFailed', 'DeliveryUnknown') AND f.id >= $1 AND f.task IS NOT NULL
AND CASE f.data->>'purpose'
    WHEN 'task_info' THEN r.status = 'sent' AND r.offer = (f.data->>'offer')::int
    WHEN 'client_info' THEN r.status IN ('accepted', 'in_progress') AND r.offer = (f.data->>'offer')::int
    WHEN 'change' THEN r.status IN ('sent', 'accepted', 'in_progress') AND r.offer = (f.data->>'offer')::int
    WHEN 'invoice' THEN i.status = 'pending'
    ELSE f.data->>'purpose' = 'retraction'
END
AND NOT EXISTS (
    SELECT FROM audit later
    WHERE later.task = f.task AND later.id > f.id AND CASE
        WHEN later.kind = 'ClientInfoSent' THEN f.data->>'purpose' IN ('client_info', 'change')
        WHEN later.kind = 'InvoiceSent' THEN f.data->>'purpose' = 'invoice' AND later.invoice = f.invoice
        WHEN later.kind IN ('DeliverySent', 'DeliveryFailed', 'DeliveryUnknown') THEN
            later.data->>'purpose' = f.data->>'purpose'
            AND later.data->>'technician' = f.data->>'technician'
            AND later.invoice IS NOT DISTINCT FROM f.invoice
        ELSE false
    END
)
ORDER BY f.id DESC LIMIT $2
"""

_OVERDUE = """
SELECT i.*, r.title, r.client
FROM (
    SELECT *, count(*) OVER () AS all FROM report_invoices
    WHERE status = 'pending' AND due_on < $1 ORDER BY due_on, invoice LIMIT $2
) i
JOIN reports r USING (task)
ORDER BY i.due_on, i.invoice
"""
