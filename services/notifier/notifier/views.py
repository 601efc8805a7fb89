"""Rows → what pages, the API and the sockets show."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from notifier import newcomers
from notifier.devices import device, handheld
from notifier.domain import made_by
from notifier.feed import Frame, frame
from notifier.newcomers import Joined
from notifier.sessions import IDLE, LONGEST
from notifier.tokens import makers as tokens_made
from shared import names
from shared.contract import Recorded
from shared.contract.admin import Role
from shared.contract.event import by_admin, stream_name
from shared.contract.technician import TechnicianRegistered
from shared.names import Names
from shared.numbers import BIGGEST
from shared.sentences import mentioned
from shared.web import Identity
from shared.web.done import FailedLogins

Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool

_RECORDED = msgspec.json.Decoder(Recorded)


class AdminView(Struct, frozen=True):
    """tokens  names of the API tokens that they made, and of those that were made with these"""

    login: str
    name: str
    role: Role
    enabled: bool
    since: datetime
    tokens: list[str]


class TokenView(Struct, frozen=True):
    """Never the secret: nobody has it but who was given it.

    used_at, used_through  the last use, to some minutes, and the service that was asked
    """

    name: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    expired: bool
    used_at: datetime | None
    used_through: str


class SessionView(Struct, frozen=True):
    """One that is live. device: "Firefox on Windows"; handheld: a phone or tablet; current: the one that asks."""

    id: UUID
    login: str
    name: str
    device: str
    handheld: bool
    address: str
    began_at: datetime
    used_at: datetime
    current: bool


class AccountView(Struct, frozen=True):
    """failed_logins: what failed between the login before this session's and its own; None where nothing did"""

    login: str
    name: str
    role: Role
    token: bool
    failed_logins: FailedLogins | None


class Logo(Struct, frozen=True):
    version: int
    media_type: str
    image: bytes


class Arrived(Struct, frozen=True):
    """A notification with its place in the order of arrival.

    waits   its answer has not come yet
    joined  the technicians of whom it tells, where it is of newcomers
    """

    position: int
    kind: str
    recorded: Recorded
    who: Names
    waits: bool
    joined: list[Joined] = []

    @property
    def frame(self) -> Frame:
        """In the language that is spoken."""
        return frame(self.recorded, self.kind, self.who, self.joined)


async def admins(connection: Connection) -> list[AdminView]:
    rows = await connection.fetch(
        "SELECT login, name, role, enabled, since FROM admins ORDER BY lower(name), login"
    )
    makers = await tokens_made(connection)
    return [_admin(row, makers) for row in rows]


async def admin(connection: Connection, login: str) -> AdminView | None:
    row = await connection.fetchrow(
        "SELECT login, name, role, enabled, since FROM admins WHERE login = $1", login
    )
    return _admin(row, await tokens_made(connection)) if row else None


def _admin(row: asyncpg.Record, makers: dict[str, str]) -> AdminView:
    made = sorted(made_by(by_admin(row["login"]), makers))
    return AdminView(**{**row, "role": Role(row["role"]), "tokens": made})


async def tokens(connection: Connection) -> list[TokenView]:
    rows = await connection.fetch(
        """SELECT name, role, created_by, created_at, expires_at, used_at, used_through,
                  coalesce(expires_at <= now(), false) AS expired
           FROM tokens WHERE revoked_at IS NULL ORDER BY lower(name)"""
    )
    who = await names.known_to(connection, {row["created_by"].replace(":", ".", 1) for row in rows})
    return [
        TokenView(**{**row, "role": Role(row["role"]), "created_by": who.actor(row["created_by"])})
        for row in rows
    ]


async def sessions(connection: Connection, who: Identity, *, everybody: bool = False) -> list[SessionView]:
    """One's own, or everybody's; last used first, after the one that asks. A token has none of its own."""
    rows = await connection.fetch(
        """SELECT s.id, s.login, a.name, s.user_agent, s.address, s.began_at, s.used_at, s.key = $1 AS current
           FROM sessions s JOIN admins a USING (login)
           WHERE s.ended_at IS NULL AND a.enabled AND least(s.used_at + $3, s.began_at + $4) > now()
             AND ($2 OR s.login = $5 AND NOT $6)
           ORDER BY current DESC, s.used_at DESC, s.id""",
        who.key,
        everybody,
        IDLE,
        LONGEST,
        who.login,
        who.token,
    )
    return [_session(**row) for row in rows]


async def failed_logins(connection: Connection, who: Identity) -> FailedLogins | None:
    """What this session's login told of, or None."""
    row = await connection.fetchrow(
        """SELECT failed_tries, failed_at, failed_address FROM sessions
           WHERE key = $1 AND failed_tries > 0""",
        who.key,
    )
    return FailedLogins(*row) if row else None


async def account(connection: Connection, who: Identity) -> AccountView:
    return AccountView(who.login, who.name, who.role, who.token, await failed_logins(connection, who))


def _session(user_agent: str, **row: Any) -> SessionView:
    return SessionView(device=device(user_agent), handheld=handheld(user_agent), **row)


async def logo(connection: Connection) -> Logo | None:
    row = await connection.fetchrow("SELECT version, media_type, image FROM logo WHERE drawn = version")
    return Logo(**row) if row else None


async def undrawn_logo(connection: Connection) -> bytes | None:
    """One that was stored as it came, by a version before; nobody is shown it."""
    found: bytes | None = await connection.fetchval(
        "SELECT image FROM logo WHERE drawn IS DISTINCT FROM version"
    )
    return found


async def logo_version(connection: Connection) -> int | None:
    """None where there is no logo."""
    found: int | None = await connection.fetchval("SELECT version FROM logo WHERE drawn = version")
    return found


async def position_of(connection: Connection, notification: UUID) -> int | None:
    """Where this notification stands in the order of arrival."""
    found: int | None = await connection.fetchval("SELECT position FROM arrivals WHERE id = $1", notification)
    return found


async def last_position(connection: Connection) -> int:
    return await connection.fetchval("SELECT coalesce(max(position), 0) FROM arrivals") or 0


async def last_upto(connection: Connection, position: int) -> UUID | None:
    """The notification that arrived last, up to this position."""
    found: UUID | None = await connection.fetchval(
        "SELECT id FROM arrivals WHERE position <= $1 ORDER BY position DESC LIMIT 1", position
    )
    return found


async def arrived_after(connection: Connection, position: int, limit: int) -> list[Arrived]:
    """Oldest first."""
    return await _arrived(
        connection,
        await connection.fetch(
            "SELECT * FROM arrived WHERE position > $1 ORDER BY position LIMIT $2", position, limit
        ),
    )


async def arrived_of(connection: Connection, ids: Sequence[UUID]) -> list[Arrived]:
    """These, as far as there are such; oldest first."""
    query = """SELECT v.* FROM arrived v JOIN arrivals a USING (position) WHERE a.id = ANY($1) ORDER BY position"""
    return await _arrived(connection, await connection.fetch(query, ids))


async def newest(
    connection: Connection, before: int | None, limit: int, *, waiting: bool = False
) -> list[Arrived]:
    """Newest first, from `before` on downwards; `waiting`: those alone that wait for an answer."""
    query = (
        "SELECT * FROM arrived WHERE position < $1 AND waits ORDER BY position DESC LIMIT $2"
        if waiting
        else "SELECT * FROM arrived WHERE position < $1 ORDER BY position DESC LIMIT $2"
    )
    return await _arrived(
        connection, await connection.fetch(query, BIGGEST if before is None else before, limit)
    )


async def missed(connection: Connection, after: int, upto: int, most: int) -> tuple[int, int]:
    """How many arrived in between, and the position after which the newest `most` of them stand."""
    count = await connection.fetchval(
        "SELECT count(*) FROM arrivals WHERE position > $1 AND position <= $2", after, upto
    )
    begin = await connection.fetchval(
        """SELECT position FROM arrivals WHERE position > $1 AND position <= $2
           ORDER BY position DESC OFFSET $3 LIMIT 1""",
        after,
        upto,
        most,
    )
    return count or 0, after if begin is None else begin


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


async def unanswered(connection: Connection, most: int) -> int:
    """How many notifications wait for an answer, counted up to `most`."""
    return (
        await connection.fetchval("SELECT count(*) FROM (SELECT FROM unanswered LIMIT $1) AS counted", most)
        or 0
    )


async def unanswered_of(connection: Connection, ids: Sequence[UUID]) -> list[UUID]:
    """Which of these still wait."""
    rows = await connection.fetch("SELECT id FROM unanswered WHERE id = ANY($1)", ids)
    return [row["id"] for row in rows]


async def seen(connection: Connection, login: str) -> int:
    return await connection.fetchval("SELECT position FROM seen WHERE login = $1", login) or 0


async def _arrived(connection: Connection, rows: Sequence[asyncpg.Record]) -> list[Arrived]:
    found = [(row, _RECORDED.decode(row["event"])) for row in rows]
    streams = {stream for _, recorded in found for stream in mentioned(recorded)}
    of_newcomers = [recorded.id for _, recorded in found if isinstance(recorded.data, TechnicianRegistered)]
    joined = await newcomers.of(connection, of_newcomers) if of_newcomers else {}
    streams |= {
        stream_name("technician", each.technician) for together in joined.values() for each in together
    }
    who = await names.known_to(connection, streams)
    return [
        Arrived(row["position"], row["kind"], recorded, who, row["waits"], joined.get(recorded.id, []))
        for row, recorded in found
    ]
