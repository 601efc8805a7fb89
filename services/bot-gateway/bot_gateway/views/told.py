"""What a technician was last told with a message that rings: what a change is told against."""

from uuid import UUID

import asyncpg
from msgspec import Struct

from bot_gateway.domain.record import CHANGE, SHOWN, Change, Shown


class LastTold(Struct, frozen=True):
    """What the technician was last rung about an offer with.

    message  the id of that message; None where it is not known whether it arrived
    shown    the task as it said it; None where that was not recorded
    """

    message: int | None
    shown: Shown | None


async def last_told(pool: asyncpg.Pool, row: UUID, task: int, offer: int) -> LastTold | None:
    """By the newest message about this offer before the delivery `row` that is in the chat, or may be."""
    found = await pool.fetchrow(
        """
        WITH rung AS (
            SELECT seq, message_ids, shown, client FROM deliveries
            WHERE task = $2 AND offer = $3 AND method = 'send' AND id <> $1 AND purpose <> 'retraction'
              AND (status IN ('sent', 'unknown') OR message_ids <> '{}')
        )
        SELECT message_ids, (
            -- What holds a client's data says of the task but little.
            SELECT shown FROM rung WHERE client IS NULL AND shown IS NOT NULL ORDER BY seq DESC LIMIT 1
        ) AS shown FROM rung ORDER BY seq DESC LIMIT 1
        """,
        row,
        task,
        offer,
    )
    if found is None:
        return None
    message = found["message_ids"][-1] if found["message_ids"] else None
    return LastTold(message, SHOWN.decode(found["shown"]) if found["shown"] else None)


class ClientTold(Struct, frozen=True):
    """version  of the client's stream, as the technician was last rung about that client; 0: not recorded"""

    message: int | None
    version: int


async def client_told(pool: asyncpg.Pool, row: UUID, task: int, offer: int, client: int) -> ClientTold | None:
    found = await pool.fetchrow(
        """
        SELECT message_ids, coalesce(client_version, 0) AS version FROM deliveries
        WHERE task = $2 AND offer = $3 AND method = 'send' AND id <> $1
          AND (client = $4 OR (client IS NULL AND task_version IS NULL AND purpose = 'client_info'))
          AND (status IN ('sent', 'unknown') OR message_ids <> '{}')
        ORDER BY seq DESC LIMIT 1
        """,
        row,
        task,
        offer,
        client,
    )
    return ClientTold(next(reversed(found["message_ids"]), None), found["version"]) if found else None


async def waiting_changes(pool: asyncpg.Pool, row: UUID, task: int, offer: int, client: int) -> list[Change]:
    """What else of the client's data is to be told, so that one note says it all."""
    found = await pool.fetch(
        """
        SELECT payload FROM deliveries WHERE task = $2 AND offer = $3 AND client = $4 AND id <> $1
          AND purpose = 'change' AND method = 'send' AND status = 'queued'
        """,
        row,
        task,
        offer,
        client,
    )
    return [CHANGE.decode(each["payload"]) for each in found]
