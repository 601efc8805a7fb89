"""Events as sentences, which are made here, at reading time, like the names in them."""

from collections.abc import Sequence
from datetime import datetime
from typing import get_args
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from reporting.views.rows import Connection, actor_streams, filtered, first_id
from shared import names
from shared.contract import AnyEvent
from shared.contract.event import Envelope
from shared.sentences import mentioned, sentence

KINDS: tuple[str, ...] = tuple(event.__name__ for event in get_args(AnyEvent))
"""Every kind of event, in the contract's order."""

QUIET = ("AdminLoggedIn", "AdminLoggedOut", "DeliverySent")

STORY = 2000  # events of one task that its timeline shows

_DATA: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


class AuditFilter(Struct, frozen=True):
    """kind is an event's name (`TaskAccepted`), actor as in an event (`admin:anna`), task a number;
    from begin on, and before end."""

    kind: str | None = None
    actor: str | None = None
    task: int | None = None
    begin: datetime | None = None
    end: datetime | None = None


class Line(Struct, frozen=True):
    """One event, as a sentence. by is the actor's name."""

    id: UUID
    at: datetime
    actor: str
    by: str
    kind: str
    sentence: str
    stream: str
    version: int
    task: int | None


async def audit(connection: Connection, wanted: AuditFilter, after: UUID | None, rows: int) -> list[Line]:
    """Newest first."""
    where, values = filtered(
        ("id < $", after),
        ("kind = $", wanted.kind),
        ("actor = $", wanted.actor),
        ("task = $", wanted.task),
        ("id >= $", first_id(wanted.begin) if wanted.begin else None),
        ("id < $", first_id(wanted.end) if wanted.end else None),
    )
    found = await connection.fetch(f"{_AUDIT} WHERE {where} ORDER BY id DESC LIMIT {rows:d}", *values)
    return await lines(connection, found)


async def recent(connection: Connection, rows: int) -> list[Line]:
    """Newest first: what the office watches for, without what only goes as it should."""
    return await lines(connection, await connection.fetch(f"{_AUDIT} {_LOUD} LIMIT {rows:d}", QUIET))


async def timeline(connection: Connection, task: int) -> list[Line]:
    """Oldest first: the task's own events, and those of its deliveries and invoices."""
    return await lines(connection, await connection.fetch(_TIMELINE, task, STORY))


async def actors(connection: Connection) -> list[tuple[str, str]]:
    """Everybody who did something, with the name, in the order of names."""
    found = [row["actor"] for row in await connection.fetch(_ACTORS)]
    who = await names.known_to(connection, actor_streams(found))
    return sorted(((actor, who.actor(actor)) for actor in found), key=lambda pair: pair[1].casefold())


async def lines(connection: Connection, rows: Sequence[asyncpg.Record]) -> list[Line]:
    told = [(_recorded(row), row["task"]) for row in rows]
    streams = {stream for each, _ in told for stream in mentioned(each)}
    who = await names.known_to(connection, streams)
    return [
        Line(
            id=each.id,
            at=each.at,
            actor=each.actor,
            by=who.actor(each.actor),
            kind=each.type,
            sentence=sentence(each, who),
            stream=each.stream,
            version=each.version,
            task=task,
        )
        for each, task in told
    ]


def _recorded(row: asyncpg.Record) -> Envelope[AnyEvent]:
    data = _DATA.decode(row["data"])
    return Envelope(
        id=row["id"],
        stream=row["stream"],
        version=row["version"],
        type=row["kind"],
        schema=data.schema,
        at=row["at"],
        actor=row["actor"],
        data=data,
    )


_AUDIT = "SELECT id, stream, version, kind, at, actor, data, task FROM audit"

_LOUD = "WHERE kind <> ALL($1) ORDER BY id DESC"

_TIMELINE = """
SELECT * FROM (
    SELECT id, stream, version, kind, at, actor, data, task FROM audit
    WHERE task = $1 ORDER BY id DESC LIMIT $2
) AS latest
ORDER BY at, id
"""

# Each step asks the index for the next actor, so it costs as much as there are actors, not events.
_ACTORS = """
WITH RECURSIVE known AS (
    (SELECT actor FROM audit ORDER BY actor LIMIT 1)
    UNION ALL
    SELECT (SELECT actor FROM audit WHERE actor > known.actor ORDER BY actor LIMIT 1)
    FROM known WHERE actor IS NOT NULL
)
SELECT actor FROM known WHERE actor IS NOT NULL LIMIT 500
"""
