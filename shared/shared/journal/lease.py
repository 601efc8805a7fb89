"""One replica of a service leads: it alone relays, folds, polls and sends.

The lease is a PostgreSQL advisory lock on a connection of its own, so it ends with
the process that holds it, however that process ends.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

PATIENCE = 1.0  # seconds between two looks at whether the lock is free
HEARTBEAT = 2.0  # seconds between two proofs that the lock's connection lives


@asynccontextmanager
async def lease(dsn: str, service: str) -> AsyncIterator[asyncpg.Connection]:
    """Waits until this replica may lead; leads as long as the connection lives."""
    connection = await asyncpg.connect(
        dsn, server_settings={"application_name": f"{service} lease"}, timeout=10
    )
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", f"lead {service}"):
            await asyncio.sleep(PATIENCE)
        yield connection
    finally:
        await connection.close(timeout=2)


async def watch(connection: asyncpg.Connection) -> None:
    """Raises when the lock's connection is gone, and with it the right to lead."""
    while True:
        await asyncio.sleep(HEARTBEAT)
        await connection.fetchval("SELECT 1", timeout=5)
