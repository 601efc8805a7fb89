"""Tasks, their offers, and what became of the messages."""

from datetime import datetime

import asyncpg
from msgspec import UNSET, Struct, UnsetType

from shared.contract.task import ClientInfoSent, Priority, Status
from shared.journal import Outcome
from shared.language import _
from shared.sentences import stored

from .people import newcomer_of
from .rows import KEPT, Connection, Named, Newcomer


class Delivery(Struct, frozen=True):
    """What became of the current offer's messages; null where none is due.

    Each is `queued`, `sent`, `failed` or `unknown`; reason says why one is not sent.

    client_info  of the client whom the task is for: null again once it is for another one
    change       of the message that tells the technician what has changed since; not there where nothing has
    """

    task_info: str | None = None
    client_info: str | None = None
    reason: str | None = None
    change: str | UnsetType = UNSET


class TaskView(Struct, frozen=True):
    """id is the number that people say: `#1042`. offer is the latest one's number, 0 before the first.

    technician_status  active, blocked (the bot), gone (their Telegram account), deactivated (paused) or deleted; null
                       where there is none, or nothing is known of them
    newcomer           the technician, until somebody keeps them: who they are, nobody has said yet
    invoice            the number of the latest one that is neither void nor deleted
    """

    id: int
    title: str
    description: str
    area: str
    priority: Priority
    scheduled_at: datetime | None
    status: Status
    status_since: datetime
    offer: int
    technician: Named | None
    technician_status: str | None
    newcomer: Newcomer | None
    client: Named
    delivery: Delivery
    invoice: int | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def reached(self) -> bool:
        """Whether what is sent to the technician arrives, as far as is known."""
        return self.technician_status not in ("blocked", "gone")


class Offer(Struct, frozen=True):
    """One sending of a task to one technician, with all that became of it."""

    offer: int
    technician: Named
    sent_at: datetime | None
    accepted_at: datetime | None
    rejected_at: datetime | None
    reason: str | None
    client_info_at: datetime | None
    completed_at: datetime | None
    withdrawn_at: datetime | None
    delivery: Delivery


TASK = f"""
SELECT t.*, coalesce(nullif(w.given_name, ''), w.name, t.technician::text) AS technician_name,
       w.status AS technician_status, w.joined_at, w.deleted_at, w.status = 'deleted' OR {KEPT} AS kept,
       coalesce(c.name, '') AS client_name, coalesce(c.erased, false) AS client_erased,
       o.sent_at, o.accepted_at, o.client_info_at, o.informed, o.change_state, o.change_reason,
       ti.state AS task_info, ti.reason AS task_info_reason,
       ci.state AS client_info, ci.reason AS client_info_reason,
       (SELECT max(number) FROM invoices WHERE task = t.number AND status <> 'void') AS invoice
FROM ({{chosen}}) t
LEFT JOIN technicians w ON w.id = t.technician
LEFT JOIN clients c ON c.id = t.client
LEFT JOIN offers o ON t.stands AND o.task = t.number AND o.offer = t.offer
LEFT JOIN deliveries ti ON ti.event = o.task_info_event
LEFT JOIN deliveries ci ON ci.event = o.client_info_event
ORDER BY {{order}}
"""  # noqa: S608 - only constants
"""The chosen rows of `tasks`, with the names and deliveries that are shown with them."""


async def task(pool: Connection, number: int) -> TaskView | None:
    """None where there is no such task, or none any more."""
    chosen = "SELECT * FROM tasks WHERE number = $1 AND status <> 'deleted'"
    row = await pool.fetchrow(TASK.format(chosen=chosen, order="t.number"), number)
    return task_of(row) if row else None


class Held(Struct, frozen=True):
    """stands is whether the latest offer may still be answered."""

    number: int
    status: Status
    stands: bool


async def lock_tasks_of(connection: Connection, client: int) -> list[Held]:
    """A client's tasks, kept as they are until the transaction ends."""
    rows = await connection.fetch(
        "SELECT number, status, stands FROM tasks WHERE client = $1 AND status <> 'deleted' "
        "ORDER BY number FOR SHARE",
        client,
    )
    return [Held(row["number"], Status(row["status"]), row["stands"]) for row in rows]


async def on_its_way(
    connection: asyncpg.Connection, outcome: Outcome, event: ClientInfoSent, actor: str
) -> bool:
    """Whether the client info before this one, for the same offer and client, was sent by this actor and is queued."""
    found: bool | None = await connection.fetchval(
        """
        SELECT actor = $4 AND (data->>'offer')::int = $5 AND (data->>'client')::bigint = $6
               AND NOT EXISTS (SELECT FROM deliveries WHERE event = events.id)
        FROM events WHERE stream = $1 AND type = $2 AND version < $3 ORDER BY version DESC LIMIT 1
        """,
        outcome.stream,
        type(event).__name__,
        outcome.version,
        actor,
        event.offer,
        event.client,
    )
    return bool(found)


async def offers(pool: Connection, number: int) -> list[Offer]:
    """Every offer of a task, the latest first."""
    rows = await pool.fetch(
        """
        SELECT o.*, coalesce(nullif(w.given_name, ''), w.name, o.technician::text) AS technician_name,
               ti.state AS task_info, ti.reason AS task_info_reason,
               ci.state AS client_info, ci.reason AS client_info_reason
        FROM offers o
        LEFT JOIN technicians w ON w.id = o.technician
        LEFT JOIN deliveries ti ON ti.event = o.task_info_event
        LEFT JOIN deliveries ci ON ci.event = o.client_info_event
        WHERE o.task = $1 ORDER BY o.offer DESC
        """,
        number,
    )
    return [
        Offer(
            technician=Named(row["technician"], row["technician_name"]),
            delivery=_delivery(row),
            **{name: row[name] for name in _OFFER_FIELDS},
        )
        for row in rows
    ]


_OFFER_FIELDS = (
    "offer",
    "sent_at",
    "accepted_at",
    "rejected_at",
    "reason",
    "client_info_at",
    "completed_at",
    "withdrawn_at",
)


def task_of(row: asyncpg.Record) -> TaskView:
    technician = row["technician"]
    client = _("(erased)") if row["client_erased"] else row["client_name"]
    return TaskView(
        id=row["number"],
        title=row["title"],
        description=row["description"],
        area=row["area"],
        priority=Priority(row["priority"]),
        scheduled_at=row["scheduled_at"],
        status=Status(row["status"]),
        status_since=row["status_since"],
        offer=row["offer"],
        technician=None if technician is None else Named(technician, row["technician_name"]),
        technician_status=row["technician_status"],
        newcomer=newcomer_of(row),
        client=Named(row["client"], client),
        delivery=_delivery(row),
        invoice=row["invoice"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _delivery(row: asyncpg.Record) -> Delivery:
    """Of the latest message of each kind: as long as nothing is told of it, it is queued."""
    task_info = (row["task_info"] or "queued") if row["sent_at"] else None
    if task_info and row["accepted_at"]:
        task_info = "sent"  # who has accepted has it, by whichever message
    client_info = (row["client_info"] or "queued") if row["client_info_at"] and row["informed"] else None
    failed = "failed" in (task_info, client_info)
    change = None if failed and row["change_state"] == "queued" else row["change_state"]
    reasons = (
        row["change_reason"] if change in ("failed", "unknown") else None,
        row["client_info_reason"] if client_info in ("failed", "unknown") else None,
        row["task_info_reason"] if task_info in ("failed", "unknown") else None,
    )
    reason = next(filter(None, reasons), None)
    return Delivery(task_info, client_info, stored(reason) if reason else None, change or UNSET)
