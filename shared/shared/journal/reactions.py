"""Acting on an event once, however often it is folded."""

import asyncpg

from shared.contract import Recorded


async def first_time(connection: asyncpg.Connection, recorded: Recorded) -> bool:
    """True for the first fold of this event, ever; noted in the caller's transaction.

    Rows may be folded again (`callout rebuild`); what an event sets off must not happen again.
    """
    noted = await connection.fetchval(
        "INSERT INTO reactions (event) VALUES ($1) ON CONFLICT DO NOTHING RETURNING event", recorded.id
    )
    return noted is not None
