"""Event → rows: the invoices themselves, and what is remembered of tasks, technicians, deliveries and the logo."""

from collections.abc import Awaitable, Callable
from typing import assert_never

import asyncpg
import msgspec

from invoices import logo
from shared import reach
from shared.contract import Recorded
from shared.contract.delivery import DeliveryFailed, DeliverySent, DeliveryState, DeliveryUnknown, Purpose
from shared.contract.invoice import (
    InvoiceCreated,
    InvoiceDeleted,
    InvoiceEvent,
    InvoiceSent,
    InvoiceStatus,
    InvoiceStatusChanged,
)
from shared.contract.site import SiteLogoChanged
from shared.contract.task import (
    ClientInfoSent,
    Status,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskEdited,
    TaskEvent,
    TaskSent,
    TaskStatusChanged,
    TaskUnassigned,
    status_after,
)
from shared.contract.technician import (
    TechnicianDeleted,
    TechnicianEdited,
    TechnicianRegistered,
    TechnicianReviewed,
)
from shared.sentences import maybe_there

TABLES = ("invoices", "dispatches", "tasks", "technicians", "logo", "logos")


async def project(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """An event of an invoice → its row."""
    number, event = int(recorded.key), recorded.data
    assert isinstance(event, InvoiceEvent)
    match event:
        case InvoiceCreated():
            await _insert(connection, recorded, event)
        case InvoiceSent(issuer=issuer):
            await connection.execute(
                "INSERT INTO dispatches (invoice, version, event, state, at) VALUES ($1, $2, $3, $4, $5)",
                number,
                recorded.version,
                recorded.id,
                DeliveryState.QUEUED,
                recorded.at,
            )
            await connection.execute(
                "UPDATE invoices SET version = $2, sent_at = $3, issuer = $4 WHERE number = $1",
                number,
                recorded.version,
                recorded.at,
                None if issuer is None else msgspec.json.encode(issuer).decode(),
            )
            await logo.keep_today(connection)
        case InvoiceStatusChanged(after=after):
            await connection.execute(
                "UPDATE invoices SET version = $2, status = $3, paid_at = $4 WHERE number = $1",
                number,
                recorded.version,
                after,
                recorded.at if after is InvoiceStatus.PAID else None,
            )
        case InvoiceDeleted():
            await connection.execute("DELETE FROM invoices WHERE number = $1", number)
            await connection.execute("DELETE FROM dispatches WHERE invoice = $1", number)
        case _:
            assert_never(event)


async def _insert(connection: asyncpg.Connection, recorded: Recorded, event: InvoiceCreated) -> None:
    await connection.execute(
        """
        INSERT INTO invoices (number, version, task, client, technician, status, currency, lines,
                              tax_percent, subtotal, tax, total, due_on, created_at, task_title)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        """,
        event.number,
        recorded.version,
        event.task,
        event.client,
        event.technician,
        InvoiceStatus.PENDING,
        event.currency,
        msgspec.json.encode(event.lines).decode(),
        event.tax_percent,
        event.subtotal,
        event.tax,
        event.total,
        event.due_on,
        recorded.at,
        event.title,
    )


async def fold(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """An event of another service → what this one remembers of it."""
    if (apply := FOLDS.get(recorded.aggregate)) is not None:
        await apply(connection, recorded)


async def _task(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """A deleted task keeps its row, since its invoices stay."""
    number, event = int(recorded.key), recorded.data
    assert isinstance(event, TaskEvent)
    match event:
        case TaskCreated(details=details, client=client):
            await connection.execute(
                "INSERT INTO tasks (number, title, client, status) VALUES ($1, $2, $3, $4)",
                number,
                details.title,
                client,
                Status.NEW,
            )
            return
        case TaskEdited(details=details, client=client):
            await connection.execute(
                "UPDATE tasks SET title = $2, client = $3 WHERE number = $1", number, details.title, client
            )
        case TaskAssigned(technician=technician):
            await connection.execute("UPDATE tasks SET technician = $2 WHERE number = $1", number, technician)
        case TaskUnassigned():
            await connection.execute("UPDATE tasks SET technician = NULL WHERE number = $1", number)
        case TaskSent(technician=technician) | ClientInfoSent(technician=technician):
            sql = "UPDATE technicians SET sent_at = greatest(sent_at, $2) WHERE id = $1"
            await connection.execute(sql, technician, recorded.at)
        case TaskCompleted(technician=technician):
            await connection.execute(
                "UPDATE tasks SET completed_by = $2 WHERE number = $1", number, technician
            )
        case TaskStatusChanged(after=Status.COMPLETED):
            await connection.execute("UPDATE tasks SET completed_by = technician WHERE number = $1", number)
        case _:
            pass
    before = await connection.fetchval("SELECT status FROM tasks WHERE number = $1", number)
    after = status_after(event, Status(before))
    if after != before:
        await connection.execute("UPDATE tasks SET status = $2 WHERE number = $1", number, after)


async def _technician(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """Whether they can be sent anything, and whether somebody has kept them."""
    technician = int(recorded.key)
    match recorded.data:
        case TechnicianRegistered():
            sql = (
                "INSERT INTO technicians (id, state, kept, joined_at) VALUES ($1, 'active', false, $2) "
                "ON CONFLICT (id) DO UPDATE SET state = 'active', blocked = false, gone = false, kept = false, "
                "joined_at = $2"
            )
            await connection.execute(sql, technician, recorded.at)
        case TechnicianReviewed() | TechnicianEdited():
            await connection.execute("UPDATE technicians SET kept = true WHERE id = $1", technician)
        case TechnicianDeleted():
            await connection.execute("UPDATE technicians SET state = 'deleted' WHERE id = $1", technician)
        case _:
            await reach.remember(connection, recorded, "state")


async def _delivery(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """What became of the sending that caused it."""
    match recorded.data:
        case DeliverySent(purpose=Purpose.INVOICE):
            state, reason = DeliveryState.SENT, ""
        case DeliveryFailed(purpose=Purpose.INVOICE, reason=why):
            state, reason = DeliveryState.FAILED, why
        case DeliveryUnknown(purpose=Purpose.INVOICE, reason=why):
            state, reason = DeliveryState.UNKNOWN, maybe_there(why) if why else ""
        case _:
            return
    await connection.execute(
        "UPDATE dispatches SET state = $2, reason = $3, at = $4 WHERE event = $1",
        recorded.causation_id,
        state,
        reason,
        recorded.at,
    )


async def _site(connection: asyncpg.Connection, recorded: Recorded) -> None:
    match recorded.data:
        case SiteLogoChanged(image=None):
            await logo.take_away(connection)
        case SiteLogoChanged(image=bytes(image), media_type=media_type):
            await logo.take(connection, image, media_type)
        case _:
            pass


FOLDS: dict[str, Callable[[asyncpg.Connection, Recorded], Awaitable[None]]] = {
    "task": _task,
    "technician": _technician,
    "delivery": _delivery,
    "site": _site,
}
"""aggregate → what takes its events in"""
