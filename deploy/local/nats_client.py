"""A word with NATS from a command line: now, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nats.aio.client import Client

import nats

PATIENCE = 5.0  # seconds


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    """Raises one of `shared.bus.BUS_TROUBLE` or an OSError where it does not answer in time.

    url  of each server, with commas between them
    """
    async with asyncio.timeout(PATIENCE):  # left alone, the client dials for two minutes
        client = await nats.connect(
            url.split(","),
            max_reconnect_attempts=1,
            reconnect_time_wait=0.2,
            allow_reconnect=False,
            error_cb=_quiet,
        )
    try:
        yield client
    finally:
        await client.close()


async def _quiet(_error: Exception) -> None:
    """Whoever connects is told by an exception too."""
