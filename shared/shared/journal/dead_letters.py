"""Events that could not be applied: kept with their error, in order, until they can be."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Raw, Struct

from shared.contract import Recorded
from shared.contract.event import Envelope, by_service, stream_name
from shared.contract.fold import EventNotApplied
from shared.journal.database import transaction
from shared.journal.journal import Outcome, append, seal

_SEALED = msgspec.json.Decoder(Envelope[Raw])
_RECORDED = msgspec.json.Decoder(Recorded)


class Dead(Struct, frozen=True):
    """One dead letter. `error` is None while it only waits behind an earlier one of its stream."""

    stream: str
    version: int
    event: UUID | None
    type: str
    body: str
    error: str | None

    @classmethod
    def of(cls, event: "Recorded | Dead", body: bytes, error: str | None = None) -> "Dead":
        known = event.event if isinstance(event, Dead) else event.id
        return cls(event.stream, event.version, known, event.type, _text(body), error)

    @classmethod
    def unreadable(cls, body: bytes, subject: str, sequence: int, error: str) -> "Dead":
        """Of an envelope that still opens, its own stream and version; else its place on the bus."""
        try:
            sealed = _SEALED.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return cls(f"unreadable.{subject}.{sequence}", 1, None, "?", _text(body), error)
        return cls(sealed.stream, sealed.version, sealed.id, sealed.type, _text(body), error)


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
    # Nothing is told of an announcement that can't be taken in, or each would make the next.
    if dead.error is not None and not dead.stream.startswith("fold."):
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
    pool: asyncpg.Pool, apply: Callable[[asyncpg.Connection, Sequence[Recorded]], Awaitable[None]]
) -> tuple[int, list[Dead]]:
    """Applies each stream's dead letters in order, up to its first that still fails.

    Looks again until none is left but those, since others may come to wait behind one meanwhile.
    Answers how many were applied and those that failed, with the new error.
    """
    applied, failed = 0, []
    stuck: set[str] = set()
    while left := [dead for dead in await listed(pool) if dead.stream not in stuck]:
        for dead in left:
            if dead.stream in stuck:
                continue
            try:
                applied += await _again(pool, apply, dead)
            except Exception as error:
                stuck.add(dead.stream)
                told = f"{type(error).__name__}: {error}"
                await pool.execute(
                    "UPDATE dead_letters SET error = $3 WHERE stream = $1 AND version = $2",
                    dead.stream,
                    dead.version,
                    told,
                )
                failed.append(msgspec.structs.replace(dead, error=told))
    return applied, failed


async def _again(
    pool: asyncpg.Pool, apply: Callable[[asyncpg.Connection, Sequence[Recorded]], Awaitable[None]], dead: Dead
) -> bool:
    """Takes one out and applies it; False where another `retry` was faster."""
    async with transaction(pool) as connection:
        taken = await connection.fetchval(
            "DELETE FROM dead_letters WHERE stream = $1 AND version = $2 RETURNING body",
            dead.stream,
            dead.version,
        )
        if taken is None:
            return False
        await apply(connection, [_RECORDED.decode(taken.encode())])
        return True


def _text(body: bytes) -> str:
    return body.decode(errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
