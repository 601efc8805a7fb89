"""Rows → what pages and the API show, in SQL written by hand."""

import re
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import msgspec
from cryptography.fernet import Fernet
from msgspec import Struct

from shared.contract.task import ClientInfo, Priority, Status

from .domain.task import HELD

Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool

CHOICES = 500
"""So many technicians a choice shows."""
RECENT = 5000
"""So many of the latest tasks are looked through for words."""


class Named(Struct, frozen=True):
    """A technician (Telegram user id) or a client (number), with the name to show."""

    id: int
    name: str


class Delivery(Struct, frozen=True):
    """What became of the current offer's messages; null where none is due.

    Each is `queued`, `sent`, `failed` or `unknown`; reason says why one is not sent.
    """

    task_info: str | None = None
    client_info: str | None = None
    reason: str | None = None


class TaskView(Struct, frozen=True):
    """id is the number that people say: `#1042`. offer is the latest one's number, 0 before the first."""

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
    client: Named
    delivery: Delivery
    version: int
    created_at: datetime
    updated_at: datetime


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


class Technician(Struct, frozen=True):
    """open is how many unfinished tasks they hold, counted up to 100."""

    id: int
    name: str
    status: str
    open: int = 0


class ClientView(Struct, frozen=True):
    id: int
    name: str
    version: int
    created_at: datetime


class Column(Struct, frozen=True):
    """One column of the board; more says that there are further tasks in it."""

    status: Status
    tasks: list[TaskView]
    more: bool


# ── Tasks ────────────────────────────────────────────────────────────────────

_TASK = """
SELECT t.*, coalesce(nullif(w.given_name, ''), w.name, t.technician::text) AS technician_name,
       coalesce(c.name, '') AS client_name, coalesce(c.erased, false) AS client_erased,
       o.sent_at, o.client_info_at,
       ti.state AS task_info, ti.reason AS task_info_reason,
       ci.state AS client_info, ci.reason AS client_info_reason
FROM ({chosen}) t
LEFT JOIN technicians w ON w.id = t.technician
LEFT JOIN clients c ON c.id = t.client
LEFT JOIN offers o ON t.stands AND o.task = t.number AND o.offer = t.offer
LEFT JOIN deliveries ti ON ti.event = o.task_info_event
LEFT JOIN deliveries ci ON ci.event = o.client_info_event
ORDER BY t.number DESC
"""


class Wanted(Struct, frozen=True):
    """Which tasks of the list: every field that is given narrows it."""

    status: Status | None = None
    technician: int | None = None
    words: str = ""
    client: int | None = None


async def tasks(pool: Connection, wanted: Wanted, after: int | None, limit: int) -> list[TaskView]:
    """The latest first; one row more than `limit`, if there is one."""
    values: list[Any] = []

    def place(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    conditions = ["status <> 'deleted'"]
    if wanted.status is not None:
        conditions.append(f"status = {place(wanted.status)}")
    if wanted.technician is not None:
        conditions.append(f"technician = {place(wanted.technician)}")
    if wanted.client is not None:
        conditions.append(f"client = {place(wanted.client)}")
    if after is not None:
        conditions.append(f"number < {place(after)}")
    where, most = " AND ".join(conditions), place(limit + 1)
    latest = f"SELECT * FROM tasks WHERE {where} ORDER BY number DESC LIMIT"  # noqa: S608 - only constants and $n

    async def chosen(sql: str) -> list[TaskView]:
        return [_task(row) for row in await pool.fetch(_TASK.format(chosen=sql), *values)]

    if not wanted.words.strip():
        return await chosen(f"{latest} {most}")
    words = search(wanted.words)
    if words is None:
        return []
    theirs = place(await clients_named(pool, words))
    said = f"words @@ to_tsquery('simple', {place(words)})"
    # A frequent word soon turns up among the latest tasks; a rare one is found by its index. PostgreSQL guesses
    # that every prefix is in 2 % of the rows, so it would take the wrong way for one of them.
    found = await chosen(
        f"SELECT * FROM ({latest} {RECENT}) recent WHERE {said} OR client = ANY({theirs}) "  # noqa: S608 - as above
        f"ORDER BY number DESC LIMIT {most}"
    )
    if len(found) > limit:
        return found
    by_index = (
        f"SELECT number FROM tasks WHERE {said} "  # noqa: S608 - as above
        f"UNION SELECT number FROM tasks WHERE client = ANY({theirs})"
    )
    return await chosen(
        f"SELECT * FROM tasks WHERE number = ANY(ARRAY({by_index})) AND {where} "  # noqa: S608 - as above
        f"ORDER BY number DESC LIMIT {most}"
    )


async def task(pool: Connection, number: int) -> TaskView | None:
    """None where there is no such task, or none any more."""
    chosen = "SELECT * FROM tasks WHERE number = $1 AND status <> 'deleted'"
    row = await pool.fetchrow(_TASK.format(chosen=chosen), number)
    return _task(row) if row else None


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


async def board(pool: Connection, deep: int) -> list[Column]:
    """The `deep` latest tasks of each status."""
    shown = [status for status in Status if status not in (Status.ABSENT, Status.DELETED)]
    chosen = (
        "SELECT s.* FROM unnest($1::text[]) AS each(status) CROSS JOIN LATERAL "
        "(SELECT * FROM tasks WHERE status = each.status ORDER BY number DESC LIMIT $2) s"
    )
    found = [_task(row) for row in await pool.fetch(_TASK.format(chosen=chosen), shown, deep + 1)]
    columns = {status: [task for task in found if task.status is status] for status in shown}
    return [Column(status, tasks[:deep], len(tasks) > deep) for status, tasks in columns.items()]


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


def _task(row: asyncpg.Record) -> TaskView:
    technician = row["technician"]
    client = "(erased)" if row["client_erased"] else row["client_name"]
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
        client=Named(row["client"], client),
        delivery=_delivery(row),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _delivery(row: asyncpg.Record) -> Delivery:
    """Of the latest message of each kind: as long as nothing is told of it, it is queued."""
    task_info = (row["task_info"] or "queued") if row["sent_at"] else None
    client_info = (row["client_info"] or "queued") if row["client_info_at"] else None
    reasons = (
        row["client_info_reason"] if client_info in ("failed", "unknown") else None,
        row["task_info_reason"] if task_info in ("failed", "unknown") else None,
    )
    return Delivery(task_info, client_info, next(filter(None, reasons), None))


def search(typed: str) -> str | None:
    """Every word must occur, as the beginning of one; None where nothing was typed that is a word."""
    words = re.findall(r"\w+", typed)[:10]
    return " & ".join(f"{word}:*" for word in words) if words else None


# ── Technicians ──────────────────────────────────────────────────────────────

_SHOWN_NAME = "coalesce(nullif(given_name, ''), name)"


async def technicians(pool: Connection) -> list[Technician]:
    """Who can be given a task, by name."""
    rows = await pool.fetch(
        f"""
        SELECT id, {_SHOWN_NAME} AS name, status, (
            SELECT count(*) FROM (
                SELECT 1 FROM tasks WHERE technician = technicians.id AND status = ANY($1) LIMIT 100
            ) AS held
        ) AS open
        FROM technicians WHERE status = 'active' ORDER BY lower({_SHOWN_NAME}), id LIMIT {CHOICES}
        """,  # noqa: S608 - only constants
        sorted(HELD),
    )
    return [Technician(row["id"], row["name"], row["status"], row["open"]) for row in rows]


async def technician_names(pool: Connection) -> list[Named]:
    """For a filter: everybody who was not deleted, by name."""
    rows = await pool.fetch(
        f"SELECT id, {_SHOWN_NAME} AS name FROM technicians WHERE status <> 'deleted' "  # noqa: S608 - only constants
        f"ORDER BY lower({_SHOWN_NAME}), id LIMIT {CHOICES}"
    )
    return [Named(row["id"], row["name"]) for row in rows]


async def technician(connection: Connection, number: int, *, lock: bool = False) -> Technician | None:
    """lock  keeps the row as it is until the transaction ends, so that a deletion waits for it"""
    row = await connection.fetchrow(
        f"SELECT id, {_SHOWN_NAME} AS name, status FROM technicians WHERE id = $1 {'FOR SHARE' if lock else ''}",  # noqa: S608 - only constants
        number,
    )
    return Technician(row["id"], row["name"], row["status"]) if row else None


# ── Clients ──────────────────────────────────────────────────────────────────


ClientKey: TypeAlias = tuple[str, int]
"""By what clients are sorted: the name as PostgreSQL lowers it, which is not always as Python does."""


async def clients(
    pool: Connection, typed: str, after: ClientKey | None, limit: int
) -> list[tuple[ClientKey, ClientView]]:
    """By name; one row more than `limit`, if there is one."""
    values: list[Any] = [limit + 1]
    conditions = ["NOT erased"]
    if typed.strip():
        words = search(typed)
        if words is None:
            return []
        values.append(words)
        conditions.append(f"words @@ to_tsquery('simple', ${len(values)})")
    if after:
        values.extend(after)
        conditions.append(f"(lower(name), id) > (${len(values) - 1}, ${len(values)})")
    rows = await pool.fetch(
        f"SELECT id, name, version, created_at, lower(name) AS key FROM clients WHERE {' AND '.join(conditions)} "  # noqa: S608 - only constants and $n
        "ORDER BY lower(name), id LIMIT $1",
        *values,
    )
    return [((row["key"], row["id"]), _client(row)) for row in rows]


async def clients_named(pool: Connection, words: str) -> list[int]:
    rows = await pool.fetch(
        "SELECT id FROM clients WHERE words @@ to_tsquery('simple', $1) AND NOT erased ORDER BY id LIMIT 200",
        words,
    )
    return [row["id"] for row in rows]


async def clients_called(pool: Connection, name: str) -> list[int]:
    """The clients of exactly this name, upper and lower case aside."""
    rows = await pool.fetch(
        "SELECT id FROM clients WHERE lower(name) = lower($1) AND NOT erased ORDER BY id", name
    )
    return [row["id"] for row in rows]


async def client(pool: Connection, number: int) -> ClientView | None:
    row = await pool.fetchrow(
        "SELECT id, name, version, created_at FROM clients WHERE id = $1 AND NOT erased", number
    )
    return _client(row) if row else None


def _client(row: asyncpg.Record) -> ClientView:
    return ClientView(row["id"], row["name"], row["version"], row["created_at"])


# ── Contact data: encrypted at rest, and read here alone ─────────────────────


async def contact(pool: Connection, cipher: Fernet, number: int) -> ClientInfo | None:
    """The client with all contact data; None where there is no such client, or none any more."""
    row = await pool.fetchrow(
        "SELECT name, data FROM clients LEFT JOIN client_contacts ON client = id WHERE id = $1 AND NOT erased",
        number,
    )
    if row is None:
        return None
    kept = msgspec.json.decode(cipher.decrypt(row["data"])) if row["data"] else {}
    return ClientInfo(name=row["name"], **kept)


async def store_contact(connection: Connection, cipher: Fernet, number: int, info: ClientInfo) -> None:
    private = {name: value for name, value in msgspec.structs.asdict(info).items() if name != "name"}
    await connection.execute(
        "INSERT INTO client_contacts (client, data) VALUES ($1, $2) ON CONFLICT (client) DO UPDATE SET data = $2",
        number,
        cipher.encrypt(msgspec.json.encode(private)),
    )


async def erase_contact(connection: Connection, number: int) -> None:
    await connection.execute("DELETE FROM client_contacts WHERE client = $1", number)
