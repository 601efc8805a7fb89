"""One way to a transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import asyncpg


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the pool with a transaction open on it; an exception rolls it back."""
    async with pool.acquire() as connection, connection.transaction():
        yield cast(asyncpg.Connection, connection)  # the pool's proxy of one
