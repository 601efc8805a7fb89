"""What one update changes, and how it is written down: all of it at once."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import asyncpg
from msgspec import Struct, field

from bot_gateway import views
from bot_gateway.projections import held
from bot_gateway.projections.held import Held
from bot_gateway.projections.reactions import queue
from bot_gateway.views import Offer
from shared import clock
from shared.contract.delivery import Purpose
from shared.journal.database import transaction

from .keyboards import Keyboard

_UPDATES = UUID("0d8d5a3a-8c0c-5f63-9a53-4a1f5b0c7e21")


class Stored(Struct, frozen=True):
    """One update as the inbox holds it.

    at        when it was stored
    promised  "saved, we will confirm" was said: the confirmation is a message of its own
    held      an earlier update of this chat waits for `tasks`, so this one may not overtake it there
    trace     of the request that brought it, or of the first time that it was taken
    """

    seq: int
    bot_id: int
    update_id: int
    chat_id: int
    body: bytes
    at: datetime
    promised: bool = False
    held: bool = False
    trace: str | None = None

    def id(self, part: str) -> UUID:
        return uuid5(_UPDATES, f"{self.bot_id}/{self.update_id}/{part}")

    def album_id(self, album: str, part: str) -> UUID:
        """The same for all updates that one album comes as (Bot API, Message: `media_group_id`)."""
        return uuid5(_UPDATES, f"{self.bot_id}/{self.chat_id}/album {album}/{part}")


class Reply(Struct, frozen=True):
    """One message of the dialogue, HTML, as it waits in `deliveries.payload`.

    ask    opens the answering field on the phone
    about  the rejection that it asks about
    """

    text: str
    keyboard: Keyboard = []
    ask: bool = False
    about: Offer | None = None


class Effects(Struct):
    """All that one update changes, written in one transaction with its `handled_at`.

    summary  the open tasks are to be shown in one message; card: an offer that is to be shown again
    redraw   rows of messages to be drawn anew
    edit     a message of this chat, and what it says now
    over     the row of a question that needs no answer any more, and what it says now
    album    the album that a message came with: whichever part of it is first is answered

    asked, rejected_at  the last reply asks why this offer was rejected, and when Reject was pressed, if just now
    answered            the offer about which nothing is asked any more
    """

    replies: list[Reply] = field(default_factory=list)
    summary: bool = False
    card: views.Card | None = None
    redraw: list[tuple[UUID, int, int]] = field(default_factory=list)
    edit: tuple[int, Reply] | None = None
    over: tuple[UUID, Reply] | None = None
    album: str | None = None
    asked: Offer | None = None
    rejected_at: datetime | None = None
    answered: Offer | None = None


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
            part = f"reply {n}"
            row = stored.album_id(effects.album, part) if effects.album else stored.id(part)
            await queue(connection, row, chat, Purpose.REPLY, payload=reply)
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
            question, reply = effects.over
            await queue(
                connection,
                stored.id("over"),
                chat,
                Purpose.REPLY,
                method="edit",
                payload=reply,
                target=question,
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
    if effects.answered:
        await connection.execute(
            """
            INSERT INTO reason_questions (technician, task, offer, open, asked_at) VALUES ($1, $2, $3, false, $4)
            ON CONFLICT (technician, task, offer) DO UPDATE SET open = false
            """,
            stored.chat_id,
            *effects.answered,
            clock.now(),
        )
    if effects.asked:
        await connection.execute(
            """
            INSERT INTO reason_questions AS q (technician, task, offer, open, asked_at, rejected_at, message)
            VALUES ($1, $2, $3, true, $4, $5, $6)
            ON CONFLICT (technician, task, offer) DO UPDATE
            SET open = true, asked_at = $4, rejected_at = coalesce($5, q.rejected_at), message = $6
            """,
            stored.chat_id,
            *effects.asked,
            clock.now(),
            effects.rejected_at,
            stored.id(f"reply {len(effects.replies) - 1}"),
        )
