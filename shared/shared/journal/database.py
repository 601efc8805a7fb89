"""One way to a transaction and to hear of its end, and what it looks like when the database is away."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import cast

import asyncpg

DATABASE_AWAY = (
    OSError,  # TimeoutError is one
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the connection broke in the middle of a statement
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TransactionRollbackError,
)
"""Faults of the database, not of what was asked: nothing was committed, and the same may be asked again."""


def is_away(error: BaseException) -> bool:
    """Whether it is one of these; not so where asyncpg was used wrongly, which it tells by the same class."""
    if isinstance(error, asyncpg.InterfaceError):
        return "connect" in str(error) or "pool" in str(error)
    return isinstance(error, DATABASE_AWAY)


Ending = Callable[[bool], None]
"""Hears whether what was written is committed or rolled back."""

_endings: ContextVar[list[Ending]] = ContextVar("callout_endings")


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the pool with a transaction open on it; an exception rolls it back."""
    heard: list[Ending] = []
    async with pool.acquire() as proxy:
        connection = cast(asyncpg.Connection, proxy)
        async with _ending(connection, heard):
            yield connection
        for tell in heard:
            tell(True)


@asynccontextmanager
async def part(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """A part of an open `transaction`: an exception rolls back what was written in it, and that alone."""
    around = _endings.get()
    heard: list[Ending] = []
    async with _ending(connection, heard):
        yield
    around.extend(heard)


def at_end(joined: asyncpg.Connection | None, tell: Ending) -> None:
    """Told once the open `transaction` that was joined has ended; at once where none was, since all is committed."""
    if joined is None:
        tell(True)
    else:
        _endings.get().append(tell)


@asynccontextmanager
async def _ending(connection: asyncpg.Connection, heard: list[Ending]) -> AsyncIterator[None]:
    before = _endings.set(heard)
    try:
        async with connection.transaction():
            yield
    except BaseException:
        for tell in heard:
            tell(False)
        raise
    finally:
        _endings.reset(before)
