"""What others' events set off: messages to technicians, each a row in `deliveries` first.

`REACTIONS` says which event does what.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID, uuid5

import asyncpg
import msgspec

from bot_gateway.domain import BY_HAND, PRIVATE, OfferState
from shared import clock, tracing
from shared.contract import Recorded
from shared.contract.client import ClientErased
from shared.contract.delivery import Purpose
from shared.contract.invoice import InvoiceSent
from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    TaskAccepted,
    TaskCompleted,
    TaskDeleted,
    TaskEdited,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
)

Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


async def send_task_info(connection: asyncpg.Connection, recorded: Recorded) -> None:
    event = recorded.data
    assert isinstance(event, TaskSent)
    task = int(recorded.key)
    await retract_older(connection, recorded, event.offer)
    await queue(
        connection,
        uuid5(recorded.id, "task info"),
        event.technician,
        Purpose.TASK_INFO,
        cause=recorded.id,
        task=task,
        offer=event.offer,
    )


async def send_client_info(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """The row says that it is to go out; what it says is asked for at the moment of sending."""
    event = recorded.data
    assert isinstance(event, ClientInfoSent)
    task = int(recorded.key)
    await retract_older(connection, recorded, event.offer)
    await queue(
        connection,
        uuid5(recorded.id, "client info"),
        event.technician,
        Purpose.CLIENT_INFO,
        cause=recorded.id,
        task=task,
        offer=event.offer,
    )
    await _redraw(connection, recorded, event.offer)


async def send_invoice(connection: asyncpg.Connection, recorded: Recorded) -> None:
    event = recorded.data
    assert isinstance(event, InvoiceSent)
    await queue(
        connection,
        uuid5(recorded.id, "invoice"),
        event.technician,
        Purpose.INVOICE,
        cause=recorded.id,
        method="document",
        task=event.task,
        invoice=int(recorded.key),
    )


async def redraw(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """The messages of the current offer say how it stands now; they are drawn at the moment of sending."""
    await _redraw(connection, recorded, await current(connection, int(recorded.key)))


async def retract(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """The current offer is over: its buttons die and the client's data goes."""
    await _retract(connection, recorded, await current(connection, int(recorded.key)))


async def withdraw(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """Telegram rings for no edit, so who had accepted gets a message of its own, behind the edits.

    An offer is withdrawn once, and only while it is open; so whatever ends the task afterwards rings for nobody.
    """
    event = recorded.data
    assert isinstance(event, OfferWithdrawn)
    task = int(recorded.key)
    await _retract(connection, recorded, event.offer)
    if await connection.fetchval(
        "SELECT agreed FROM offers WHERE task = $1 AND offer = $2", task, event.offer
    ):
        await queue(
            connection,
            uuid5(recorded.id, "withdrawal"),
            event.technician,
            Purpose.RETRACTION,
            cause=recorded.id,
            task=task,
            offer=event.offer,
        )


async def set_by_hand(connection: asyncpg.Connection, recorded: Recorded) -> None:
    event = recorded.data
    assert isinstance(event, TaskStatusChanged)
    await (redraw if event.after in BY_HAND else retract)(connection, recorded)


async def retract_older(connection: asyncpg.Connection, recorded: Recorded, offer: int) -> None:
    rows = await connection.fetch(
        "SELECT offer FROM offers WHERE task = $1 AND offer < $2 ORDER BY offer", int(recorded.key), offer
    )
    for row in rows:
        await _retract(connection, recorded, row["offer"])


async def forget_client(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """The client's data goes from every chat that holds it, also from those of finished tasks."""
    client = int(recorded.key)
    for message in await connection.fetch(_CARDS, client) + await connection.fetch(_DOCUMENTS, client):
        await _take_back(connection, recorded, message, message["task"], message["offer"])


REACTIONS: dict[type, Callable[[asyncpg.Connection, Recorded], Awaitable[None]]] = {
    TaskSent: send_task_info,
    TaskEdited: redraw,
    TaskAccepted: redraw,
    TaskRejected: redraw,
    ClientInfoSent: send_client_info,
    TaskCompleted: redraw,
    OfferWithdrawn: withdraw,
    TaskStatusChanged: set_by_hand,
    TaskDeleted: retract,
    InvoiceSent: send_invoice,
    ClientErased: forget_client,
}

# Of a long text that failed half way, the first parts are in the chat.
_OUT = "method = 'send' AND (status NOT IN ('failed', 'dropped') OR message_ids <> '{}')"

_NOT_TAKEN_BACK = """NOT EXISTS (
    SELECT FROM deliveries r WHERE r.target = d.id AND r.purpose = 'retraction' AND r.status <> 'failed')"""

# The first message of an offer and the latest copy that /tasks made of it, and every card of the client.
_MESSAGES = f"""
SELECT id, chat_id, purpose, invoice FROM deliveries d
WHERE task = $1 AND offer = $2 AND {_OUT} AND purpose <> 'retraction'
  AND (purpose <> 'reply' OR seq = (
        SELECT max(seq) FROM deliveries WHERE task = $1 AND offer = $2 AND method = 'send' AND purpose = 'reply'))
  AND NOT EXISTS (SELECT FROM deliveries r WHERE r.target = d.id AND r.purpose = 'retraction')
ORDER BY seq
"""  # noqa: S608 - own constant

# Every card of a client, also one that could not be taken back when its offer ended.
_CARDS = f"""
SELECT id, chat_id, purpose, task, offer, invoice FROM informed JOIN deliveries d USING (task, offer)
WHERE client = $1 AND purpose = 'client_info' AND {_OUT} AND {_NOT_TAKEN_BACK}
ORDER BY seq
"""  # noqa: S608 - own constants

# Every document of a client's invoices, whoever got it: their name stands on it.
_DOCUMENTS = f"""
SELECT id, chat_id, purpose, task, offer, invoice FROM billed JOIN deliveries d USING (invoice)
WHERE client = $1 AND method = 'document' AND status NOT IN ('failed', 'dropped') AND {_NOT_TAKEN_BACK}
ORDER BY seq
"""  # noqa: S608 - own constant


async def _redraw(connection: asyncpg.Connection, recorded: Recorded, offer: int) -> None:
    task = int(recorded.key)
    for row in await connection.fetch(_MESSAGES, task, offer):
        await queue(
            connection,
            uuid5(recorded.id, f"redraw {row['id']}"),
            row["chat_id"],
            Purpose(row["purpose"]),
            cause=recorded.id,
            method="edit",
            task=task,
            offer=offer,
            target=row["id"],
        )


async def _retract(connection: asyncpg.Connection, recorded: Recorded, offer: int) -> None:
    """Behind what it takes back, in the same chat's queue; a message is taken back once."""
    task = int(recorded.key)
    state = await connection.fetchval("SELECT state FROM offers WHERE task = $1 AND offer = $2", task, offer)
    answered = state in (OfferState.COMPLETED, OfferState.REJECTED)
    for row in await connection.fetch(_MESSAGES, task, offer):
        if row["purpose"] == Purpose.CLIENT_INFO or not answered:
            await _take_back(connection, recorded, row, task, offer)


async def _take_back(
    connection: asyncpg.Connection,
    recorded: Recorded,
    message: asyncpg.Record,
    task: int,
    offer: int | None,
) -> None:
    await queue(
        connection,
        uuid5(recorded.id, f"retract {message['id']}"),
        message["chat_id"],
        Purpose.RETRACTION,
        cause=recorded.id,
        method="delete" if message["purpose"] in PRIVATE else "edit",
        task=task,
        offer=offer,
        invoice=message["invoice"],
        target=message["id"],
    )


async def queue(
    connection: Connection,
    delivery: UUID,
    chat: int,
    purpose: Purpose,
    *,
    cause: UUID | None = None,
    method: str = "send",
    task: int | None = None,
    offer: int | None = None,
    invoice: int | None = None,
    payload: object = None,
    target: UUID | None = None,
    messages: tuple[int, ...] = (),
) -> bool:
    """One row for the courier; the same `delivery` again adds none. True where it was added.

    cause     the event that it follows from
    messages  for an edit of messages that are no row of ours: their ids
    """
    added = await connection.fetchval(
        """
        INSERT INTO deliveries
            (id, cause, chat_id, purpose, method, task, offer, invoice, payload, target, message_ids, queued_at, trace)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (id) DO NOTHING RETURNING id
        """,
        delivery,
        cause,
        chat,
        purpose,
        method,
        task,
        offer,
        invoice,
        None if payload is None else as_json(payload),
        target,
        list(messages),
        clock.now(),
        tracing.header(),
    )
    return added is not None


async def current(connection: asyncpg.Connection, task: int) -> int:
    """The number of the task's latest offer; 0 where there was none."""
    return await connection.fetchval("SELECT offer FROM cards WHERE task = $1", task) or 0


def as_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
