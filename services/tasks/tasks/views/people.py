"""Technicians, and clients with their contact data."""

from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import msgspec
from cryptography.fernet import Fernet
from msgspec import Struct

from shared import namesakes
from shared.contract.task import ClientInfo, ClientInfoSent, TaskSent
from shared.namesakes import Namesake
from shared.sentences import stored
from tasks.domain.task import HELD

from .rows import KEPT, Connection, Newcomer, search

# ── Technicians ──────────────────────────────────────────────────────────────


class Technician(Struct, frozen=True):
    """open is how many unfinished tasks they hold, counted up to 100.

    rejected  whether the latest offer of the task in question was rejected by them, and why
    newcomer  set until somebody keeps them
    """

    id: int
    name: str
    status: str
    open: int = 0
    username: str | None = None
    rejected: bool = False
    reason: str | None = None
    newcomer: Newcomer | None = None
    namesakes: list[Namesake] = []

    @property
    def reachable(self) -> bool:
        return self.status == "active"


_SHOWN_NAME = "coalesce(nullif(given_name, ''), name)"
_TURN = (
    "id = $2::bigint DESC NULLS LAST, status <> 'active', coalesce(rejected, false), "
    f"lower({_SHOWN_NAME}), id"
)


async def technicians(
    pool: Connection, limit: int, typed: str = "", chosen: int | None = None, task: int | None = None
) -> list[Technician]:
    """Everybody who was not deleted, one row more than `limit`: the chosen one; by name those who can be reached;
    after them those who rejected the task; then who can't be reached.

    typed  parts of the name or the username, each of which must occur
    """
    values: list[Any] = [sorted(HELD), chosen, limit + 1, task]
    fits = ["true"]
    for part in typed.lower().replace("@", " ").split()[:5]:
        values.append(part)
        fits.append(
            f"strpos(lower({_SHOWN_NAME} || ' ' || name || ' ' || coalesce(username, '')), ${len(values)}) > 0"
        )
    rows = await pool.fetch(
        f"""
        SELECT id, {_SHOWN_NAME} AS name, username, status, rejected, reason, kept, joined_at, deleted_at, (
            SELECT count(*) FROM (
                SELECT 1 FROM tasks WHERE technician = listed.id AND status = ANY($1) LIMIT 100
            ) AS held
        ) AS open
        FROM (
            SELECT w.id, name, given_name, username, status, {KEPT} AS kept, joined_at, deleted_at,
                   coalesce(said.rejected, false) AS rejected, said.reason
            FROM technicians w LEFT JOIN (
                SELECT DISTINCT ON (technician) technician, rejected_at IS NOT NULL AS rejected, reason
                FROM offers WHERE task = $4::bigint ORDER BY technician, offer DESC
            ) said ON said.technician = w.id
            WHERE status <> 'deleted' AND (id = $2::bigint OR ({" AND ".join(fits)}))
            ORDER BY {_TURN} LIMIT $3
        ) listed
        ORDER BY {_TURN}
        """,  # noqa: S608 - only constants and $n
        *values,
    )
    same = await _namesakes(pool, [row["id"] for row in rows])
    return [
        Technician(
            row["id"],
            row["name"],
            row["status"],
            row["open"],
            row["username"],
            row["rejected"],
            stored(row["reason"]) if row["reason"] else None,
            newcomer_of(row),
            same.get(row["id"], []),
        )
        for row in rows
    ]


async def newcomer(connection: Connection, number: int) -> Technician | None:
    """This technician, if nobody has kept them yet."""
    row = await connection.fetchrow(
        f"SELECT id, {_SHOWN_NAME} AS name, username, status, joined_at, deleted_at, {KEPT} AS kept "  # noqa: S608 - only constants
        "FROM technicians w WHERE id = $1 AND status <> 'deleted'",
        number,
    )
    if row is None or row["kept"]:
        return None
    return Technician(
        row["id"],
        row["name"],
        row["status"],
        username=row["username"],
        newcomer=newcomer_of(row),
        namesakes=(await _namesakes(connection, [number])).get(number, []),
    )


async def was_kept(connection: Connection, number: int, event: TaskSent | ClientInfoSent, task: int) -> bool:
    """Whether they were kept, or sent something, before this event, whose rows are written."""
    found: bool = await connection.fetchval(
        """
        SELECT kept OR EXISTS (
            SELECT FROM offers o, LATERAL (SELECT (task, offer) = ($2, $3) AS this) AS which
            WHERE technician = w.id
              AND (sent_at >= joined_at AND NOT (this AND $4) OR client_info_at >= joined_at AND NOT this)
        ) FROM technicians w WHERE id = $1
        """,
        number,
        task,
        event.offer,
        isinstance(event, TaskSent),
    )
    return found


async def _namesakes(connection: Connection, technicians: list[int]) -> dict[int, list[Namesake]]:
    return await namesakes.of(
        connection, technicians, shown=_SHOWN_NAME, since="joined_at", standing="status"
    )


def newcomer_of(row: asyncpg.Record) -> Newcomer | None:
    """None where they are kept, and of those who joined before it was known when."""
    return None if row["kept"] or row["joined_at"] is None else Newcomer(row["joined_at"], row["deleted_at"])


async def technician(connection: Connection, number: int, *, lock: bool = False) -> Technician | None:
    """lock  keeps the row as it is until the transaction ends, so that a deletion waits for it"""
    row = await connection.fetchrow(
        f"SELECT id, {_SHOWN_NAME} AS name, status, kept, joined_at, deleted_at FROM technicians WHERE id = $1 "  # noqa: S608 - only constants
        f"{'FOR SHARE' if lock else ''}",
        number,
    )
    return Technician(row["id"], row["name"], row["status"], newcomer=newcomer_of(row)) if row else None


# ── Clients ──────────────────────────────────────────────────────────────────


class ClientView(Struct, frozen=True):
    id: int
    name: str
    version: int
    created_at: datetime


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


async def tasks_of(pool: Connection, clients: list[int]) -> dict[int, int]:
    """How many tasks each of these clients has, counted up to 100."""
    rows = await pool.fetch(
        """
        SELECT id, (
            SELECT count(*) FROM (
                SELECT 1 FROM tasks WHERE client = id AND status <> 'deleted' LIMIT 100
            ) AS theirs
        ) AS tasks FROM unnest($1::bigint[]) AS each(id)
        """,
        clients,
    )
    return {row["id"]: row["tasks"] for row in rows}


async def client(connection: Connection, number: int, *, lock: bool = False) -> ClientView | None:
    """lock  keeps the row as it is until the transaction ends, so that an erasure waits for it, or is waited for"""
    row = await connection.fetchrow(
        f"SELECT id, name, version, created_at FROM clients WHERE id = $1 AND NOT erased {'FOR SHARE' if lock else ''}",  # noqa: S608 - only constants
        number,
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
