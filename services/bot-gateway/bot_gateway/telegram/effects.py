"""What one update changes, and how it is written down: all of it at once."""

from typing import Any
from uuid import UUID, uuid5

import asyncpg
from msgspec import Struct, field

from bot_gateway import views
from bot_gateway.projections import held
from bot_gateway.projections.held import Held
from bot_gateway.projections.reactions import queue
from shared.contract.delivery import Purpose
from shared.journal.database import transaction
from shared.language import _

from . import messages
from .keyboards import Keyboard

_UPDATES = UUID("0d8d5a3a-8c0c-5f63-9a53-4a1f5b0c7e21")


class Stored(Struct, frozen=True):
    """One update as the inbox holds it.

    promised  "saved, we will confirm" was said: the confirmation is a message of its own
    held      an earlier update of this chat waits for `tasks`, so this one may not overtake it there
    trace     of the request that brought it, or of the first time that it was taken
    """

    seq: int
    bot_id: int
    update_id: int
    chat_id: int
    body: bytes
    promised: bool = False
    held: bool = False
    trace: str | None = None

    def id(self, part: str) -> UUID:
        return uuid5(_UPDATES, f"{self.bot_id}/{self.update_id}/{part}")


class Reply(Struct, frozen=True):
    """One message of the dialogue, HTML, as it waits in `deliveries.payload`."""

    text: str
    keyboard: Keyboard = []
    ask: bool = False  # opens the answering field on the phone


class Effects(Struct):
    """All that one update changes, written in one transaction with its `handled_at`.

    summary  the open tasks are to be shown in one message; card: an offer that is to be shown again
    redraw   rows of messages to be drawn anew
    edit     a message of this chat, and what it says now
    over     the row of a question that needs no answer any more
    """

    replies: list[Reply] = field(default_factory=list)
    summary: bool = False
    card: views.Card | None = None
    redraw: list[tuple[UUID, int, int]] = field(default_factory=list)
    edit: tuple[int, Reply] | None = None
    over: UUID | None = None
    await_reason: tuple[int, int] | None = None
    forget_reason: bool = False


async def write(pool: asyncpg.Pool, stored: Stored, effects: Effects) -> None:
    async with transaction(pool) as connection:
        handled = await connection.fetchval(
            "UPDATE updates SET handled_at = now() WHERE seq = $1 AND handled_at IS NULL RETURNING seq",
            stored.seq,
        )
        if handled is None:
            return
        await _remember_question(connection, stored, effects)
        chat = stored.chat_id
        for n, reply in enumerate(effects.replies):
            await queue(connection, stored.id(f"reply {n}"), chat, Purpose.REPLY, payload=reply)
        if effects.summary:
            older = await held.summaries(connection, [chat])
            await queue(connection, stored.id("summary"), chat, Purpose.SUMMARY)
            await _replace(connection, stored, older)
        if effects.card:
            task, offer, client = effects.card.task, effects.card.offer, effects.card.client
            older = await held.copies(connection, chat, task)
            await queue(
                connection, stored.id("card"), chat, Purpose.REPLY, task=task, offer=offer, client=client
            )
            await _replace(connection, stored, older)
        for row, task, offer in effects.redraw:
            await queue(
                connection,
                stored.id("redraw"),
                chat,
                Purpose.REPLY,
                method="edit",
                task=task,
                offer=offer,
                target=row,
            )
        if effects.edit:
            message, reply = effects.edit
            await queue(
                connection,
                stored.id("edit"),
                chat,
                Purpose.REPLY,
                method="edit",
                payload=reply,
                messages=(message,),
            )
        if effects.over:
            await queue(
                connection,
                stored.id("over"),
                chat,
                Purpose.REPLY,
                method="edit",
                payload=Reply(_(messages.REASON_KNOWN)),
                target=effects.over,
            )


async def _replace(connection: Any, stored: Stored, older: list[Held]) -> None:
    """What shows the same goes once the newer one is there: behind it, in the same queue."""
    for message in older:
        await queue(
            connection,
            stored.id(f"replace {message.id}"),
            stored.chat_id,
            message.purpose,
            method="delete",
            task=message.task,
            offer=message.offer,
            client=message.client,
            target=message.id,
        )


async def _remember_question(connection: Any, stored: Stored, effects: Effects) -> None:
    if effects.forget_reason:
        await connection.execute("DELETE FROM awaited_reasons WHERE technician = $1", stored.chat_id)
    elif effects.await_reason:
        await connection.execute(
            """
            INSERT INTO awaited_reasons (technician, task, offer, asked_at) VALUES ($1, $2, $3, now())
            ON CONFLICT (technician) DO UPDATE SET task = $2, offer = $3, asked_at = now()
            """,
            stored.chat_id,
            *effects.await_reason,
        )
