"""Events → rows. The only writer of the tables in `TABLES`."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeAlias, assert_never
from uuid import UUID, uuid5

import asyncpg
from msgspec.structs import asdict

from shared import reach
from shared.contract import Recorded
from shared.contract.client import ClientAdded, ClientContactChanged, ClientErased, ClientEvent, ClientRenamed
from shared.contract.delivery import (
    DeliveryEvent,
    DeliveryFailed,
    DeliverySent,
    DeliveryState,
    DeliveryUnknown,
    Purpose,
)
from shared.contract.event import by_service
from shared.contract.invoice import InvoiceCreated, InvoiceDeleted, InvoiceStatus, InvoiceStatusChanged
from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    RejectionExplained,
    RejectionTakenBack,
    Status,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskDeleted,
    TaskEdited,
    TaskEvent,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
    TaskUnassigned,
    status_after,
)
from shared.contract.technician import (
    TechnicianDeleted,
    TechnicianEdited,
    TechnicianProfileChanged,
    TechnicianRegistered,
    TechnicianReviewed,
)
from shared.journal import Decider, Journal, first_time
from shared.language import N_
from shared.sentences import maybe_there

from .domain import client as client_rules
from .domain import task as task_rules
from .domain.client import Client, ClientCommand
from .domain.task import ENDS_THE_OFFER, HELD, OPEN, FreeTask, Task, TaskCommand

DOUBTED = N_("The connection broke while it was sent: it may be in the chat or not.")

TABLES = ("tasks", "offers", "deliveries", "technicians", "clients", "invoices")

TASKS: Decider[TaskCommand, Task, TaskEvent] = Decider(
    aggregate="task",
    initial=Task(),
    decide=task_rules.decide,
    evolve=task_rules.evolve,
    events=TaskEvent,
)
CLIENTS: Decider[ClientCommand, Client, ClientEvent] = Decider(
    aggregate="client",
    initial=Client(),
    decide=client_rules.decide,
    evolve=client_rules.evolve,
    events=ClientEvent,
)

Columns: TypeAlias = dict[str, Any]


# ── Own events ───────────────────────────────────────────────────────────────


async def project(connection: asyncpg.Connection, recorded: Recorded) -> None:
    match recorded.aggregate:
        case "task":
            await project_task(connection, recorded, recorded.data)  # type: ignore[arg-type]  # by its aggregate
        case "client":
            await project_client(connection, recorded, recorded.data)  # type: ignore[arg-type]  # by its aggregate


async def project_task(connection: asyncpg.Connection, recorded: Recorded, event: TaskEvent) -> None:
    number, at = int(recorded.key), recorded.at
    columns = task_columns(event) | {"version": recorded.version, "updated_at": at}
    if isinstance(event, TaskEdited):
        await follow_edit(connection, number, event, recorded.id)
    if isinstance(event, TaskCreated):
        await insert(connection, "tasks", columns | {"number": number, "status_since": at, "created_at": at})
    else:
        await update_task(connection, number, columns)
    offer = offer_columns(event, at, recorded.id)
    if offer:
        await upsert_offer(connection, number, offer)
    if isinstance(event, ClientInfoSent):
        await connection.execute(
            "UPDATE offers SET informed = true, change_event = NULL, change_state = NULL, change_reason = NULL "
            "WHERE task = $1 AND offer = $2",
            number,
            event.offer,
        )


async def follow_edit(connection: asyncpg.Connection, number: int, event: TaskEdited, event_id: UUID) -> None:
    """Whoever holds the open offer is told of what has changed; of another client they hold nothing."""
    was = await connection.fetchrow("SELECT * FROM tasks WHERE number = $1", number)
    assert was is not None
    told = any(was[name] != value for name, value in asdict(event.details).items())
    if was["client"] != event.client:
        sql = "UPDATE offers SET informed = false WHERE task = $1 AND informed RETURNING offer"
        told |= was["offer"] in [row["offer"] for row in await connection.fetch(sql, number)]
    if told and was["stands"] and was["status"] in OPEN:
        sql = f"UPDATE offers SET {CHANGING} WHERE task = $2 AND offer = $3"  # noqa: S608 - own words
        await connection.execute(sql, event_id, number, was["offer"])


def task_columns(event: TaskEvent) -> Columns:
    """What of a task's row is another after this event. A test holds it against `evolve`, in every state."""
    status = status_after(event, Status.ABSENT)
    changed: Columns = {} if status is Status.ABSENT else {"status": status}
    match event:
        case TaskCreated(_, details, client) | TaskEdited(details, client):
            return changed | asdict(details) | {"client": client}
        case TaskAssigned(technician):
            return changed | {"technician": technician, "stands": False}
        case TaskUnassigned():
            return changed | {"technician": None, "stands": False}
        case TaskSent(technician, offer) | ClientInfoSent(technician, offer):
            return changed | {"technician": technician, "offer": offer, "stands": True}
        case TaskStatusChanged(_, after):
            ended = {"stands": False} if after in ENDS_THE_OFFER else {}
            freed = {"technician": None} if after is Status.NEW else {}
            return changed | ended | freed
        case OfferWithdrawn() | TaskDeleted():
            return changed | {"stands": False}
        case TaskAccepted() | TaskRejected() | RejectionExplained() | RejectionTakenBack() | TaskCompleted():
            return changed
        case _:
            assert_never(event)


def offer_columns(event: TaskEvent, at: datetime, event_id: UUID) -> Columns:
    """The moment of an offer that this event is, with the offer's number and technician."""
    match event:
        case TaskSent(technician, offer):
            moment: Columns = {"sent_at": at, "task_info_event": event_id}
        case TaskAccepted(technician, offer):
            moment = {"accepted_at": at}
        case TaskRejected(technician, offer):
            moment = {"rejected_at": at}
        case RejectionExplained(technician, offer, reason):
            moment = {"reason": reason}
        case RejectionTakenBack(technician, offer):
            moment = {"rejected_at": None, "reason": None}
        case ClientInfoSent(technician, offer):
            moment = {"client_info_at": at, "client_info_event": event_id}
        case TaskCompleted(technician, offer):
            moment = {"completed_at": at}
        case OfferWithdrawn(technician, offer):
            moment = {"withdrawn_at": at}
        case _:
            return {}
    return {"offer": offer, "technician": technician, **moment}


async def project_client(connection: asyncpg.Connection, recorded: Recorded, event: ClientEvent) -> None:
    client, version = int(recorded.key), recorded.version
    match event:
        case ClientAdded(name):
            row = {"id": client, "version": version, "name": name, "created_at": recorded.at}
            await insert(connection, "clients", row)
        case ClientRenamed(name):
            sql = "UPDATE clients SET version = $2, name = $3 WHERE id = $1"
            await connection.execute(sql, client, version, name)
            await connection.execute(TELL_HOLDERS, recorded.id, client)
        case ClientContactChanged():
            await connection.execute("UPDATE clients SET version = $2 WHERE id = $1", client, version)
            await connection.execute(TELL_HOLDERS, recorded.id, client)
        case ClientErased():
            sql = "UPDATE clients SET version = $2, name = '', erased = true WHERE id = $1"
            await connection.execute(sql, client, version)
            of_client = "task IN (SELECT number FROM tasks WHERE client = $1)"
            sql = f"UPDATE offers SET informed = false WHERE informed AND {of_client}"  # noqa: S608 - own words
            await connection.execute(sql, client)
        case _:
            assert_never(event)


CHANGING = "change_event = $1, change_state = 'queued', change_reason = NULL"
TELL_HOLDERS = f"""
UPDATE offers o SET {CHANGING} FROM tasks t
WHERE t.client = $2 AND t.stands AND t.status IN ('accepted', 'in_progress')
  AND (o.task, o.offer) = (t.number, t.offer) AND o.informed
"""  # noqa: S608 - own words


# ── Other services' events ───────────────────────────────────────────────────

Fold: TypeAlias = Callable[[asyncpg.Connection, Recorded], Awaitable[None]]


def fold(journal: Callable[[], Journal]) -> Fold:
    """The journal is for what an event sets off here: a deleted technician's tasks become free."""

    async def apply(connection: asyncpg.Connection, recorded: Recorded) -> None:
        await reach.remember(connection, recorded, "status")
        match recorded.data:
            case (
                TechnicianRegistered()
                | TechnicianProfileChanged()
                | TechnicianEdited()
                | TechnicianReviewed()
            ):
                await fold_profile(connection, recorded)
            case TechnicianDeleted():
                sql = "UPDATE technicians SET status = 'deleted', deleted_at = $2 WHERE id = $1"
                await connection.execute(sql, int(recorded.key), recorded.at)
                if await first_time(connection, recorded):
                    await free_tasks(connection, journal(), recorded)
            case DeliverySent(Purpose.TASK_INFO | Purpose.CLIENT_INFO):
                await fold_delivery(connection, recorded, DeliveryState.SENT)
            case DeliveryFailed(Purpose.TASK_INFO | Purpose.CLIENT_INFO, reason=reason):
                await fold_delivery(connection, recorded, DeliveryState.FAILED, reason)
            case DeliveryUnknown(Purpose.TASK_INFO | Purpose.CLIENT_INFO, reason=why):
                await fold_delivery(connection, recorded, DeliveryState.UNKNOWN, doubt(why))
            case DeliverySent(Purpose.CHANGE):
                await fold_change(connection, recorded, DeliveryState.SENT)
            case DeliveryFailed(Purpose.CHANGE, reason=reason):
                await fold_change(connection, recorded, DeliveryState.FAILED, reason)
            case DeliveryUnknown(Purpose.CHANGE, reason=why):
                await fold_change(connection, recorded, DeliveryState.UNKNOWN, doubt(why))
            case InvoiceCreated(number, task):
                row = {"number": number, "task": task, "status": InvoiceStatus.PENDING}
                await insert(connection, "invoices", row)
            case InvoiceStatusChanged(after=status):
                sql = "UPDATE invoices SET status = $2 WHERE number = $1"
                await connection.execute(sql, int(recorded.key), status)
            case InvoiceDeleted():
                await connection.execute("DELETE FROM invoices WHERE number = $1", int(recorded.key))

    return apply


async def fold_profile(connection: asyncpg.Connection, recorded: Recorded) -> None:
    technician = int(recorded.key)
    match recorded.data:
        case TechnicianRegistered(_, name, username, deleted_at=deleted_at):
            sql = (
                "INSERT INTO technicians AS t (id, name, username, status, kept, joined_at, deleted_at) "
                "VALUES ($1, $2, $3, 'active', false, $4, $5) ON CONFLICT (id) "
                "DO UPDATE SET name = $2, username = $3, status = 'active', given_name = '', blocked = false, "
                "gone = false, kept = false, joined_at = $4, deleted_at = coalesce($5, t.deleted_at)"
            )
            await connection.execute(sql, technician, name, username, recorded.at, deleted_at)
        case TechnicianProfileChanged(name, username):
            sql = "UPDATE technicians SET name = $2, username = $3 WHERE id = $1"
            await connection.execute(sql, technician, name, username)
        case TechnicianEdited(name):
            sql = "UPDATE technicians SET given_name = $2, kept = true WHERE id = $1"
            await connection.execute(sql, technician, name)
        case TechnicianReviewed():
            await connection.execute("UPDATE technicians SET kept = true WHERE id = $1", technician)


async def free_tasks(connection: asyncpg.Connection, journal: Journal, recorded: Recorded) -> None:
    """The technician's row is updated before: whoever assigns at this moment holds it shared, and is waited for."""
    technician = int(recorded.key)
    held = await connection.fetch(
        "SELECT number FROM tasks WHERE technician = $1 AND status = ANY($2) ORDER BY number",
        technician,
        sorted(HELD),
    )
    for row in held:
        await journal.handle(
            TASKS,
            row["number"],
            FreeTask(technician),
            actor=by_service("tasks"),
            command_id=uuid5(recorded.id, str(row["number"])),
            cause=recorded.id,
            connection=connection,
        )


async def fold_delivery(
    connection: asyncpg.Connection, recorded: Recorded, state: DeliveryState, reason: str = ""
) -> None:
    """What became of the message that the causing TaskSent or ClientInfoSent had go out."""
    sql = (
        "INSERT INTO deliveries (event, state, reason) VALUES ($1, $2, $3) "
        "ON CONFLICT (event) DO UPDATE SET state = $2, reason = $3"
    )
    await connection.execute(sql, recorded.causation_id, state, reason)


def doubt(why: str) -> str:
    return maybe_there(why) if why else DOUBTED


async def fold_change(
    connection: asyncpg.Connection, recorded: Recorded, state: DeliveryState, reason: str = ""
) -> None:
    """What became of the note that tells of the latest change; of an earlier one nobody asks any more."""
    event = recorded.data
    assert isinstance(event, DeliveryEvent)
    await connection.execute(
        "UPDATE offers SET change_state = $4, change_reason = $5 "
        "WHERE task = $1 AND offer = $2 AND change_event = $3",
        event.task,
        event.offer,
        recorded.causation_id,
        state,
        reason,
    )


# ── SQL ──────────────────────────────────────────────────────────────────────
# Column names come from the functions above, never from outside; values always travel beside the statement.


async def insert(connection: asyncpg.Connection, table: str, row: Columns) -> None:
    values = ", ".join(f"${position}" for position in range(1, len(row) + 1))
    sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"  # noqa: S608 - see above
    await connection.execute(sql, *row.values())


async def update_task(connection: asyncpg.Connection, number: int, columns: Columns) -> None:
    place = {column: f"${position}" for position, column in enumerate(columns, 2)}
    sets = [f"{column} = {value}" for column, value in place.items()]
    if "status" in place:
        since = f"CASE WHEN status = {place['status']} THEN status_since ELSE {place['updated_at']} END"
        sets.append(f"status_since = {since}")
    sql = f"UPDATE tasks SET {', '.join(sets)} WHERE number = $1"  # noqa: S608 - see above
    await connection.execute(sql, number, *columns.values())


async def upsert_offer(connection: asyncpg.Connection, number: int, columns: Columns) -> None:
    values = ", ".join(f"${position}" for position in range(2, len(columns) + 2))
    sets = ", ".join(f"{column} = excluded.{column}" for column in columns if column != "offer")
    sql = (
        f"INSERT INTO offers (task, {', '.join(columns)}) VALUES ($1, {values}) "  # noqa: S608 - see above
        f"ON CONFLICT (task, offer) DO UPDATE SET {sets}"
    )
    await connection.execute(sql, number, *columns.values())
