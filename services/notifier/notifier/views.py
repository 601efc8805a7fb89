"""Rows → what pages, the API and the sockets show."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from notifier.feed import Frame, frame
from shared import names
from shared.contract import Recorded
from shared.contract.admin import Role
from shared.numbers import BIGGEST
from shared.sentences import mentioned

Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool

_RECORDED = msgspec.json.Decoder(Recorded)


class AdminView(Struct, frozen=True):
    login: str
    name: str
    role: Role
    enabled: bool
    since: datetime


class TokenView(Struct, frozen=True):
    """Never the secret: nobody has it but who was given it."""

    name: str
    role: Role
    created_by: str
    created_at: datetime


class Arrived(Struct, frozen=True):
    """A frame with its place in the order of arrival."""

    position: int
    frame: Frame


async def admins(connection: Connection) -> list[AdminView]:
    rows = await connection.fetch(
        "SELECT login, name, role, enabled, since FROM admins ORDER BY lower(name), login"
    )
    return [AdminView(**{**row, "role": Role(row["role"])}) for row in rows]


async def admin(connection: Connection, login: str) -> AdminView | None:
    row = await connection.fetchrow(
        "SELECT login, name, role, enabled, since FROM admins WHERE login = $1", login
    )
    return AdminView(**{**row, "role": Role(row["role"])}) if row else None


async def tokens(connection: Connection) -> list[TokenView]:
    rows = await connection.fetch(
        "SELECT name, role, created_by, created_at FROM tokens WHERE revoked_at IS NULL ORDER BY lower(name)"
    )
    who = await names.known_to(connection, {row["created_by"].replace(":", ".", 1) for row in rows})
    return [
        TokenView(row["name"], Role(row["role"]), who.actor(row["created_by"]), row["created_at"])
        for row in rows
    ]


async def position_of(connection: Connection, notification: UUID) -> int | None:
    """Where this notification stands in the order of arrival."""
    found: int | None = await connection.fetchval("SELECT position FROM arrivals WHERE id = $1", notification)
    return found


async def last_position(connection: Connection) -> int:
    return await connection.fetchval("SELECT coalesce(max(position), 0) FROM arrivals") or 0


async def arrived_after(connection: Connection, position: int, limit: int) -> list[Arrived]:
    """Oldest first."""
    return await _arrived(
        connection,
        await connection.fetch(
            """SELECT a.position, n.kind, n.event FROM arrivals a JOIN notifications n USING (id)
               WHERE a.position > $1 ORDER BY a.position LIMIT $2""",
            position,
            limit,
        ),
    )


async def newest(connection: Connection, before: int | None, limit: int) -> list[Arrived]:
    """Newest first, from `before` on downwards."""
    return await _arrived(
        connection,
        await connection.fetch(
            """SELECT a.position, n.kind, n.event FROM arrivals a JOIN notifications n USING (id)
               WHERE a.position < $1 ORDER BY a.position DESC LIMIT $2""",
            BIGGEST if before is None else before,
            limit,
        ),
    )


async def unseen(connection: Connection, login: str, most: int) -> int:
    """How many notifications this admin has not looked at, counted up to `most`."""
    return (
        await connection.fetchval(
            """SELECT count(*) FROM (
                   SELECT FROM arrivals JOIN notifications USING (id)
                   WHERE position > coalesce((SELECT position FROM seen WHERE login = $1), 0) LIMIT $2
               ) AS counted""",
            login,
            most,
        )
        or 0
    )


async def seen(connection: Connection, login: str) -> int:
    return await connection.fetchval("SELECT position FROM seen WHERE login = $1", login) or 0


async def _arrived(connection: Connection, rows: Sequence[asyncpg.Record]) -> list[Arrived]:
    found = [(row["position"], row["kind"], _RECORDED.decode(row["event"])) for row in rows]
    streams = {stream for _, _, recorded in found for stream in mentioned(recorded)}
    who = await names.known_to(connection, streams)
    return [Arrived(position, frame(recorded, kind, who)) for position, kind, recorded in found]
