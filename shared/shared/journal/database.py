"""One way to a transaction, and what it looks like when the database is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the pool with a transaction open on it; an exception rolls it back."""
    async with pool.acquire() as connection, connection.transaction():
        yield cast(asyncpg.Connection, connection)  # the pool's proxy of one
