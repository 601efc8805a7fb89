"""What others' events set off: messages to technicians, each a row in `deliveries` first.

`REACTIONS` says which event does what.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID, uuid5

import asyncpg
import msgspec
from msgspec import Struct

from bot_gateway.domain import AGREED, BY_HAND, LIVE, OfferState
from bot_gateway.domain.record import SHOWN, Change
from shared import clock, tracing
from shared.contract import Recorded
from shared.contract.client import ClientContactChanged, ClientErased, ClientRenamed
from shared.contract.delivery import Purpose
from shared.contract.invoice import InvoiceSent
from shared.contract.task import (
    ClientInfoSent,
    OfferWithdrawn,
    RejectionTakenBack,
    TaskAccepted,
    TaskCompleted,
    TaskDeleted,
    TaskEdited,
    TaskRejected,
    TaskSent,
    TaskStatusChanged,
)

from . import held
from .held import Held

Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


class Offer(Struct, frozen=True):
    task: int
    offer: int
    technician: int


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
    await retract_older(connection, recorded, event.offer)
    await _redraw(connection, recorded, event.offer)
    await queue(
        connection,
        uuid5(recorded.id, "client info"),
        event.technician,
        Purpose.CLIENT_INFO,
        cause=recorded.id,
        task=int(recorded.key),
        offer=event.offer,
        client=event.client,
    )


async def send_invoice(connection: asyncpg.Connection, recorded: Recorded) -> None:
    event = recorded.data
    assert isinstance(event, InvoiceSent)
    invoice = int(recorded.key)
    await queue(
        connection,
        uuid5(recorded.id, "invoice"),
        event.technician,
        Purpose.INVOICE,
        cause=recorded.id,
        method="document",
        task=event.task,
        invoice=invoice,
        client=await connection.fetchval("SELECT client FROM billed WHERE invoice = $1", invoice),
    )


async def redraw(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """The messages of the current offer say how it stands now; they are drawn at the moment of sending."""
    await _redraw(connection, recorded, await current(connection, int(recorded.key)))


async def follow_edit(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """All messages that show the task show it as it is now, and a note that rings says what has changed.

    Of another client than before nothing may stay; the new one's data is sent by the office alone.
    """
    event, task = recorded.data, int(recorded.key)
    assert isinstance(event, TaskEdited)
    exchanged = await held.of_another_client(connection, task, event.client)
    for message in exchanged:
        await _take_back(connection, recorded, message)
    await redraw(connection, recorded)
    row = await connection.fetchrow(
        """
        SELECT o.task, o.offer, o.technician, c.details_version = $2 AS edited, c.before,
               EXISTS (
                   SELECT FROM informed i WHERE (i.task, i.offer) = (o.task, o.offer) AND i.client <> $4
               ) AS informed
        FROM cards c JOIN offers o USING (task, offer) WHERE task = $1 AND NOT o.over AND o.state = ANY($3)
        """,
        task,
        recorded.version,
        list(LIVE),
        event.client,
    )
    # Where there is nothing to tell, the note says so to the office, which waits to hear of it.
    if row and (row["edited"] or exchanged or row["informed"]):
        before = SHOWN.decode(row["before"]) if row["edited"] and row["before"] else None
        offer = Offer(row["task"], row["offer"], row["technician"])
        await _tell(connection, recorded, offer, Change(before, exchanged=bool(exchanged)))


async def follow_client(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """While the technician counts on the work, each message that holds the client's data shows it as it is now."""
    client, event = int(recorded.key), recorded.data
    fields = event.fields if isinstance(event, ClientContactChanged) else ("name",)
    under_way = await connection.fetch(
        "SELECT task, offer, technician FROM offers WHERE client = $1 AND NOT over AND state = ANY($2) ORDER BY task",
        client,
        list(AGREED),
    )
    for row in under_way:
        messages = await held.of_offer(connection, row["task"], row["offer"])
        holding = [each for each in messages if each.private and each.purpose is not Purpose.CHANGE]
        for message in holding:
            await _edit(connection, recorded, message)
        if holding:
            change = Change(fields=fields, version=recorded.version)
            await _tell(connection, recorded, Offer(**dict(row)), change, client)


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
    for message in await held.of_client(connection, int(recorded.key)):
        await _take_back(connection, recorded, message)


REACTIONS: dict[type, Callable[[asyncpg.Connection, Recorded], Awaitable[None]]] = {
    TaskSent: send_task_info,
    TaskEdited: follow_edit,
    TaskAccepted: redraw,
    TaskRejected: redraw,
    RejectionTakenBack: redraw,
    ClientInfoSent: send_client_info,
    TaskCompleted: redraw,
    OfferWithdrawn: withdraw,
    TaskStatusChanged: set_by_hand,
    TaskDeleted: retract,
    InvoiceSent: send_invoice,
    ClientRenamed: follow_client,
    ClientContactChanged: follow_client,
    ClientErased: forget_client,
}


async def _redraw(connection: asyncpg.Connection, recorded: Recorded, offer: int) -> None:
    """Notes of what has changed tell of their moment: they are replaced by newer ones, and never drawn anew."""
    for message in await held.of_offer(connection, int(recorded.key), offer):
        if message.purpose is not Purpose.CHANGE:
            await _edit(connection, recorded, message)


async def _retract(connection: asyncpg.Connection, recorded: Recorded, offer: int) -> None:
    """Behind what it takes back, in the same chat's queue; a message is taken back once."""
    task = int(recorded.key)
    state = await connection.fetchval("SELECT state FROM offers WHERE task = $1 AND offer = $2", task, offer)
    answered = state in (OfferState.COMPLETED, OfferState.REJECTED)
    for message in await held.of_offer(connection, task, offer):
        if message.private or message.purpose is Purpose.CHANGE or not answered:
            await _take_back(connection, recorded, message)


async def _edit(connection: asyncpg.Connection, recorded: Recorded, message: Held) -> None:
    await queue(
        connection,
        uuid5(recorded.id, f"redraw {message.id}"),
        message.chat_id,
        message.purpose,
        cause=recorded.id,
        method="edit",
        task=message.task,
        offer=message.offer,
        client=message.client,
        target=message.id,
    )


async def _take_back(connection: asyncpg.Connection, recorded: Recorded, message: Held) -> None:
    await _remove(connection, uuid5(recorded.id, f"retract {message.id}"), recorded.id, message)


async def _remove(connection: asyncpg.Connection, delivery: UUID, cause: UUID | None, message: Held) -> None:
    """A note goes as what holds private data does; only of the latter the office hears if it can't be."""
    note = message.purpose is Purpose.CHANGE
    await queue(
        connection,
        delivery,
        message.chat_id,
        Purpose.RETRACTION if message.private or not note else Purpose.CHANGE,
        cause=cause,
        method="delete" if message.private or note else "edit",
        task=message.task,
        offer=message.offer,
        invoice=message.invoice,
        target=message.id,
    )


async def _tell(
    connection: asyncpg.Connection,
    recorded: Recorded,
    offer: Offer,
    change: Change,
    client: int | None = None,
) -> None:
    """A note that rings, behind the edits of the messages that show it."""
    await queue(
        connection,
        uuid5(recorded.id, f"change {offer.task} {offer.offer}"),
        offer.technician,
        Purpose.CHANGE,
        cause=recorded.id,
        task=offer.task,
        offer=offer.offer,
        client=client,
        payload=change,
    )


async def replace_older_notes(connection: asyncpg.Connection, note: UUID) -> None:
    """Once a note is out, those before it go: none is left that says an older time."""
    for message in await held.older_notes(connection, note):
        await _remove(connection, uuid5(note, f"replace {message.id}"), None, message)


async def redraw_summaries(connection: asyncpg.Connection, recorded: Recorded) -> None:
    """Whoever has the task among their open ones, or had until now, sees it so in the summary that is in their chat."""
    chats = await connection.fetch(
        "SELECT DISTINCT technician FROM (SELECT technician FROM offers WHERE task = $1 ORDER BY offer DESC LIMIT 2) o",
        int(recorded.key),
    )
    for summary in await held.summaries(connection, [row["technician"] for row in chats]):
        await _edit(connection, recorded, summary)


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
    client: int | None = None,
    payload: object = None,
    target: UUID | None = None,
    messages: tuple[int, ...] = (),
) -> bool:
    """One row for the courier; the same `delivery` again adds none. True where it was added.

    cause     the event that it follows from
    client    whose data it is to hold
    messages  for an edit of messages that are no row of ours: their ids
    """
    added = await connection.fetchval(
        """
        INSERT INTO deliveries
            (id, cause, chat_id, purpose, method, task, offer, invoice, client, payload, target, message_ids,
             queued_at, trace)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO NOTHING RETURNING id
        """,
        delivery,
        cause,
        chat,
        purpose,
        method,
        task,
        offer,
        invoice,
        client,
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
