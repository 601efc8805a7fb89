"""Events that could not be applied: kept with their error, in order, until they can be."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from shared.contract import Recorded
from shared.contract.event import Envelope, by_service, stream_name
from shared.contract.fold import EventNotApplied
from shared.journal.database import DATABASE_AWAY, transaction
from shared.journal.envelopes import LONGEST_STREAM, Unreadable, read_again
from shared.journal.journal import Outcome, append, seal

NEVER_CAME = "of this stream never came"
"""How the error of a letter ends that is the first after a gap."""

Apply: TypeAlias = Callable[[asyncpg.Connection, Sequence[Recorded]], Awaitable[None]]
"""Takes a batch in, in its order."""


class Dead(Struct, frozen=True):
    """One dead letter. `error` is None while it only waits behind an earlier one of its stream."""

    stream: str
    version: int
    event: UUID | None
    type: str
    body: str
    error: str | None

    @property
    def after_a_gap(self) -> bool:
        return (self.error or "").endswith(NEVER_CAME)

    @classmethod
    def of(cls, event: "Envelope[Any] | Dead", body: bytes, error: str | None = None) -> "Dead":
        known = event.event if isinstance(event, Dead) else event.id
        return cls(event.stream, event.version, known, event.type, _text(body), error)

    @classmethod
    def unreadable(cls, body: bytes, subject: str, sequence: int, error: str) -> "Dead":
        """Of a message that is no event of any stream: by its subject and its place on the bus."""
        stream = f"unreadable.{_text(subject.encode())[:LONGEST_STREAM]}.{sequence}"
        return cls(stream, 1, None, "?", _text(body), error)


async def waiting(connection: asyncpg.Connection, streams: list[str]) -> set[str]:
    """Those of `streams` that have a dead letter, so that later events must wait behind it.

    The lock has a `retry` that is taking one out finish first, or wait until the caller has committed.
    """
    rows = await connection.fetch(
        "SELECT stream FROM dead_letters WHERE stream = ANY($1) ORDER BY stream, version FOR SHARE", streams
    )
    return {row["stream"] for row in rows}


async def bury(connection: asyncpg.Connection, service: str, dead: Dead) -> None:
    """Keeps a dead letter and tells the admins, in the caller's transaction.

    One that only waits behind another is kept in silence.
    """
    await connection.execute(
        "INSERT INTO dead_letters (stream, version, event, type, body, error) VALUES ($1, $2, $3, $4, $5, $6)",
        dead.stream,
        dead.version,
        dead.event,
        dead.type,
        dead.body,
        dead.error,
    )
    if dead.error is not None:
        await _announce(connection, service, dead)


async def replace(connection: asyncpg.Connection, event: "Recorded | Dead", body: bytes) -> None:
    """A letter that came again is kept as it is now: its stream may have been redacted.

    Of its error the kind stays; the text may quote what is not to be read any more.
    """
    await connection.execute(
        "UPDATE dead_letters SET body = $3, error = split_part(error, ':', 1) "
        "WHERE stream = $1 AND version = $2 AND body <> $3",
        event.stream,
        event.version,
        _text(body),
    )


async def _announce(connection: asyncpg.Connection, service: str, dead: Dead) -> None:
    """Nothing is told of an announcement that can't be taken in, or each would make the next."""
    if dead.stream.startswith("fold."):
        return
    stream = stream_name("fold", service)
    version = await connection.fetchval(
        "SELECT coalesce(max(version), 0) FROM events WHERE stream = $1", stream
    )
    told = EventNotApplied(
        service=service,
        event_id=dead.event,
        event_type=dead.type,
        event_stream=dead.stream,
        event_version=dead.version,
        error=(dead.error or "").partition(":")[0],  # its kind alone: what it quotes may be private
    )
    recorded = seal(stream, version, [told], by_service(service), cause=dead.event)
    await append(connection, recorded, Outcome(stream, version + 1, (told,)), None, None)


async def listed(pool: asyncpg.Pool) -> list[Dead]:
    rows = await pool.fetch(
        "SELECT stream, version, event, type, body, error FROM dead_letters ORDER BY stream, version"
    )
    return [Dead(**dict(row)) for row in rows]


async def retry(
    pool: asyncpg.Pool, apply: Apply, service: str | None = None, *, gaps: bool = True
) -> tuple[int, list[Dead]]:
    """Applies each stream's dead letters in order, up to its first that still fails.

    Looks again until none is left but those, since others may come to wait behind one meanwhile.
    Answers how many were applied and those that failed, with the new error.

    service  whose admins are told of a letter that fails for the first time: till then it only waited
    gaps     also where an event before the stream's first letter never came, which is for a person to decide
    """
    applied, failed = 0, []
    stuck: set[str] = set()
    while left := [dead for dead in await listed(pool) if dead.stream not in stuck]:
        for dead in left:
            if dead.stream in stuck:
                continue
            if dead.after_a_gap and not gaps:
                stuck.add(dead.stream)
                continue
            try:
                applied += await _again(pool, apply, dead)
            except DATABASE_AWAY:
                raise
            except Exception as error:
                stuck.add(dead.stream)
                told = str(error) if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"
                failed.append(msgspec.structs.replace(dead, error=told))
                await _still_dead(pool, service, failed[-1])
    return applied, failed


async def _again(pool: asyncpg.Pool, apply: Apply, dead: Dead) -> bool:
    """Takes one out and applies it; False where another `retry` was faster, or is still at one before it."""
    async with transaction(pool) as connection:
        taken = await connection.fetchval(
            """
            DELETE FROM dead_letters d WHERE stream = $1 AND version = $2
            AND NOT EXISTS (SELECT FROM dead_letters WHERE stream = $1 AND version < d.version)
            RETURNING body
            """,
            dead.stream,
            dead.version,
        )
        if taken is None:
            return False
        await apply(connection, [read_again(taken.encode(), dead.stream, dead.version)])
        return True


async def _still_dead(pool: asyncpg.Pool, service: str | None, dead: Dead) -> None:
    async with transaction(pool) as connection:
        before = await connection.fetchrow(
            "SELECT error FROM dead_letters WHERE stream = $1 AND version = $2 FOR UPDATE",
            dead.stream,
            dead.version,
        )
        if before is None:
            return  # another `retry` applied it meanwhile
        await connection.execute(
            "UPDATE dead_letters SET error = $3 WHERE stream = $1 AND version = $2",
            dead.stream,
            dead.version,
            dead.error,
        )
        if service and before["error"] is None:
            await _announce(connection, service, dead)


def _text(body: bytes) -> str:
    return body.decode(errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
