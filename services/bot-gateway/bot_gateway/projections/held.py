"""Which messages hold what, as the deliveries record it: the one place that is asked before anything is taken back.

A message is recorded as holding a client's data from the moment it is queued for that; one that another kind of
message made (a copy, a note) counts as much as the card. A row from a version that recorded nothing is known by
whom the client info of its offer, or the invoice, was about.
"""

from uuid import UUID

import asyncpg
from msgspec import Struct

from bot_gateway.domain import PRIVATE
from shared.contract.delivery import Purpose


class Held(Struct, frozen=True):
    """One message (or the parts of one) that is in a chat, or is to be."""

    id: UUID
    chat_id: int
    purpose: Purpose
    task: int | None
    offer: int | None
    invoice: int | None
    client: int | None

    @property
    def private(self) -> bool:
        """It holds data of a client: it is deleted, or emptied, when it is taken back."""
        return self.client is not None or self.purpose in PRIVATE


_SELECT = "SELECT d.id, d.chat_id, d.purpose, d.task, d.offer, d.invoice, d.client, d.seq"

# Of a long text that failed half way, the first parts are in the chat.
_OUT = "d.method IN ('send', 'document') AND (d.status NOT IN ('failed', 'dropped') OR d.message_ids <> '{}')"

_TAKING_BACK = """SELECT FROM deliveries r WHERE r.target = d.id AND (
    r.purpose = 'retraction' OR (r.method = 'delete' AND r.status NOT IN ('failed', 'dropped')))"""
_THERE = f"NOT EXISTS ({_TAKING_BACK})"
_STILL_THERE = f"NOT EXISTS ({_TAKING_BACK} AND r.status <> 'failed')"

_UNRECORDED = "d.client IS NULL AND d.task_version IS NULL"

_OF_OFFER = f"""
{_SELECT} FROM deliveries d
WHERE d.task = $1 AND d.offer = $2 AND d.method = 'send' AND d.purpose <> 'retraction' AND {_OUT} AND {_THERE}
ORDER BY d.seq
"""

_OF_CLIENT = f"""
{_SELECT} FROM deliveries d WHERE d.client = $1 AND {_OUT} AND {_STILL_THERE}
UNION ALL
{_SELECT} FROM informed i JOIN deliveries d USING (task, offer)
WHERE i.client = $1 AND d.purpose = 'client_info' AND {_UNRECORDED} AND {_OUT} AND {_STILL_THERE}
UNION ALL
{_SELECT} FROM billed b JOIN deliveries d USING (invoice)
WHERE b.client = $1 AND d.method = 'document' AND {_UNRECORDED} AND {_OUT} AND {_STILL_THERE}
ORDER BY seq
"""

_OF_ANOTHER_CLIENT = f"""
{_SELECT} FROM deliveries d
WHERE d.task = $1 AND d.method = 'send' AND {_OUT} AND {_THERE} AND (d.client <> $2 OR (
    d.purpose = 'client_info' AND {_UNRECORDED}
    AND EXISTS (SELECT FROM informed i WHERE (i.task, i.offer) = (d.task, d.offer) AND i.client <> $2)))
ORDER BY d.seq
"""

_SUMMARIES = f"""
{_SELECT} FROM deliveries d
WHERE d.chat_id = ANY($1) AND d.purpose = 'summary' AND d.method = 'send' AND {_OUT} AND {_THERE} ORDER BY d.seq
"""

_OLDER_NOTES = f"""
{_SELECT} FROM deliveries d JOIN deliveries n ON (d.task, d.offer, d.chat_id) = (n.task, n.offer, n.chat_id)
WHERE n.id = $1 AND d.purpose = 'change' AND d.seq < n.seq AND (d.client IS NULL) = (n.client IS NULL)
  AND d.method = 'send' AND d.message_ids <> '{{}}' AND {_THERE}
ORDER BY d.seq
"""

_COPIES = f"""
{_SELECT} FROM deliveries d
WHERE d.chat_id = $1 AND d.task = $2 AND d.purpose = 'reply' AND {_OUT} AND {_THERE}
ORDER BY d.seq
"""


async def of_offer(connection: asyncpg.Connection, task: int, offer: int) -> list[Held]:
    """Every message about this offer that was not taken back: the first one, the client's cards, copies, notes."""
    return _held(await connection.fetch(_OF_OFFER, task, offer))


async def of_client(connection: asyncpg.Connection, client: int) -> list[Held]:
    """Every message that holds this client's data, also one that could not be taken back when its offer ended."""
    return _held(await connection.fetch(_OF_CLIENT, client))


async def of_another_client(connection: asyncpg.Connection, task: int, client: int) -> list[Held]:
    """The messages about a task that hold the data of anybody but this client; invoices stay whose they are."""
    return _held(await connection.fetch(_OF_ANOTHER_CLIENT, task, client))


async def summaries(connection: asyncpg.Connection, chats: list[int]) -> list[Held]:
    """The summaries that /tasks has brought into these chats."""
    return _held(await connection.fetch(_SUMMARIES, chats))


async def older_notes(connection: asyncpg.Connection, note: UUID) -> list[Held]:
    """The notes in the chat that this one makes needless: of the same offer, about the task or about its client."""
    return _held(await connection.fetch(_OLDER_NOTES, note))


async def copies(connection: asyncpg.Connection, chat: int, task: int) -> list[Held]:
    """The copies of a task's card that /tasks has brought."""
    return _held(await connection.fetch(_COPIES, chat, task))


def _held(rows: list[asyncpg.Record]) -> list[Held]:
    return [
        Held(
            row["id"],
            row["chat_id"],
            Purpose(row["purpose"]),
            row["task"],
            row["offer"],
            row["invoice"],
            row["client"],
        )
        for row in rows
    ]
