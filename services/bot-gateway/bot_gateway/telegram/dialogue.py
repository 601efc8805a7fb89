"""What the bot does with one update: the whole conversation, read top to bottom.

Plain `match` on aiogram's types rather than its Dispatcher: an error has to reach the inbox, the state
of a conversation is a row, and there are few enough cases to see them all at once.

Each step may be run again after a crash: commands carry an id made from the update, rows an id made
from the update and their part in the answer.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import structlog
from aiogram.methods import AnswerCallbackQuery
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message, Update, User
from msgspec import Struct, field

from bot_gateway import views
from bot_gateway.domain import (
    TECHNICIANS,
    NoticeBlock,
    NoticeTechnician,
    NoticeUnblock,
    Profile,
    RegisterTechnician,
    Standing,
    profile,
)
from bot_gateway.projections.reactions import queue
from shared.bus import Bus
from shared.contract.delivery import Purpose
from shared.contract.event import by_technician
from shared.contract.task import TAP, Action, Tap, TapAnswer, Verdict
from shared.contract.technician import TechnicianRegistered
from shared.journal import Journal
from shared.refusal import Refused, Why

from . import keyboards, messages
from .connection import Connection
from .keyboards import Explanation, Keyboard, Press, Reason
from .troubles import sort

log = structlog.get_logger()

_UPDATES = UUID("0d8d5a3a-8c0c-5f63-9a53-4a1f5b0c7e21")


class Stored(Struct, frozen=True):
    """One update as the inbox holds it.

    promised  "saved, we will confirm" was said: the confirmation is a message of its own
    held      an earlier update of this chat waits for `tasks`, so this one may not overtake it there
    """

    seq: int
    bot_id: int
    update_id: int
    chat_id: int
    body: bytes
    promised: bool = False
    held: bool = False

    def id(self, part: str) -> UUID:
        return uuid5(_UPDATES, f"{self.bot_id}/{self.update_id}/{part}")


class Reply(Struct, frozen=True):
    """One message of the dialogue, HTML, as it waits in `deliveries.payload`."""

    text: str
    keyboard: Keyboard = []
    ask: bool = False  # opens the answering field on the phone


class Effects(Struct):
    """All that one update changes, written in one transaction with its `handled_at`.

    cards   offers to show again; redraw: rows of messages to be drawn anew
    edit    a message of this chat, and what it says now
    over    the row of a question that needs no answer any more
    """

    replies: list[Reply] = field(default_factory=list)
    cards: list[views.Card] = field(default_factory=list)
    redraw: list[tuple[UUID, int, int]] = field(default_factory=list)
    edit: tuple[int, Reply] | None = None
    over: UUID | None = None
    await_reason: tuple[int, int] | None = None
    forget_reason: bool = False


class Dialogue:
    def __init__(
        self,
        pool: asyncpg.Pool,
        journal: Journal,
        bus: Bus,
        connection: Connection,
        company: Callable[[], str],
    ) -> None:
        """company  a function that gives the site's name for itself"""
        self._pool = pool
        self._journal = journal
        self._bus = bus
        self._connection = connection
        self._company = company

    async def take(self, stored: Stored) -> None:
        """Handles one update, or raises Refused(UNAVAILABLE) where `tasks` does not answer."""
        update = Update.model_validate_json(stored.body)
        match update:
            case Update(message=Message() as message) if message.chat.type == "private":
                effects = await self._message(stored, message)
            case Update(message=Message() as message):
                effects = self._in_group(message.text or "")
            case Update(callback_query=CallbackQuery() as query):
                effects = await self._pressed(stored, query)
            case Update(my_chat_member=ChatMemberUpdated() as change):
                effects = await self._membership(change)
            case _:
                effects = Effects()
        await self._write(stored, effects)

    async def promise(self, stored: Stored) -> None:
        """Tells the technician that what they pressed or wrote is kept."""
        match Update.model_validate_json(stored.body):
            case Update(callback_query=CallbackQuery() as query):
                await self._answer(query, messages.SAVED)
            case _:
                async with self._pool.acquire() as connection:
                    text = {"text": messages.SAVED}
                    await queue(connection, stored.id("promise"), stored.chat_id, Purpose.REPLY, payload=text)

    async def regret(self, stored: Stored) -> None:
        """Tells the technician that what they pressed or wrote was set aside."""
        match Update.model_validate_json(stored.body):
            case Update(callback_query=CallbackQuery() as query):
                effects = await self._tell(stored, query, messages.BROKEN, alert=True)
            case Update(message=Message() as message) if message.chat.type == "private":
                effects = Effects([Reply(messages.BROKEN)])
            case _:
                return
        async with self._pool.acquire() as connection:
            for reply in effects.replies:
                await queue(connection, stored.id("regret"), stored.chat_id, Purpose.REPLY, payload=reply)

    # Texts and commands

    async def _message(self, stored: Stored, message: Message) -> Effects:
        person = message.from_user
        if person is None or person.is_bot:
            return Effects()
        text = (message.text or "").strip()
        command = text.split()[0].partition("@")[0].lower() if text.startswith("/") else ""
        if command == "/start":
            return await self._start(stored, person)
        contact = await self._meet(person)
        if refusal := unwelcome(contact):
            return Effects([Reply(refusal)])
        match command:
            case "/tasks":
                cards = await views.open_cards(self._pool, person.id)
                return Effects(cards=cards) if cards else Effects([Reply(messages.NO_TASKS)])
            case "/help":
                return Effects([Reply(messages.HELP)])
            case "" if text and (asked := await views.awaited_reason(self._pool, person.id)):
                return await self._explained(stored, person, asked, text)
            case _:
                return Effects([Reply(messages.NOT_UNDERSTOOD)])

    async def _start(self, stored: Stored, person: User) -> Effects:
        outcome = await self._journal.handle(
            TECHNICIANS,
            person.id,
            RegisterTechnician(person.id, shown_by_telegram(person)),
            actor=by_technician(person.id),
            command_id=stored.id("start"),
        )
        contact = await views.contact(self._pool, person.id)
        if any(isinstance(event, TechnicianRegistered) for event in outcome.events):
            return Effects([Reply(messages.welcome(contact.shown, self._company()))])
        refusal = unwelcome(contact)
        return Effects([Reply(refusal or messages.welcome_back(contact.shown))])

    async def _meet(self, person: User) -> views.Contact:
        """Notices a new name or username, and that whoever writes can be reached."""
        contact = await views.contact(self._pool, person.id)
        seen = shown_by_telegram(person)
        known = contact.standing in (Standing.ACTIVE, Standing.DEACTIVATED)
        if known and (contact.profile != seen or contact.blocked):
            actor = by_technician(person.id)
            await self._journal.handle(TECHNICIANS, person.id, NoticeTechnician(seen), actor=actor)
        return contact

    async def _explained(self, stored: Stored, person: User, asked: tuple[int, int], text: str) -> Effects:
        answer = await self._tap(stored, person, asked, Action.EXPLAIN, messages.cut(text, 500))
        done = answer.verdict is Verdict.DONE
        effects = Effects(
            [Reply(messages.REASON_TAKEN if done else messages.plain(answer.sentence))], forget_reason=True
        )
        if answer.verdict is not Verdict.REFUSED:
            effects.over = await views.question(self._pool, person.id, keyboards.first_reason(*asked))
        return effects

    def _in_group(self, text: str) -> Effects:
        username = self._connection.line.username if self._connection.line else ""
        return Effects([Reply(messages.group(username))] if text.startswith("/") else [])

    # Buttons

    async def _pressed(self, stored: Stored, query: CallbackQuery) -> Effects:
        pressed = keyboards.read(query.data)
        message = query.message
        if pressed is None or message is None or message.chat.id != query.from_user.id:
            log.warning("forged press", technician=query.from_user.id, size=len(query.data or ""))
            return await self._tell(stored, query, messages.FORGED, alert=True)
        contact = await self._meet(query.from_user)
        if refusal := unwelcome(contact):
            return await self._tell(stored, query, refusal, alert=True)
        match pressed:
            case Press():
                return await self._act(stored, query, pressed, message.message_id)
            case Explanation():
                return await self._explain(stored, query, pressed, message.message_id)

    async def _act(self, stored: Stored, query: CallbackQuery, press: Press, message: int) -> Effects:
        answer = await self._tap(stored, query.from_user, (press.task, press.offer), press.action)
        effects = await self._tell(stored, query, answer.sentence, alert=answer.verdict is Verdict.REFUSED)
        if answer.verdict is not Verdict.DONE:
            # The message shows buttons that are no longer meant: it is drawn again as things stand.
            row = await views.delivery_of_message(self._pool, stored.chat_id, message)
            effects.redraw = [row] if row else []
        elif press.action is Action.REJECT:
            effects.replies.append(Reply(messages.WHY, keyboards.reasons(press.task, press.offer)))
            effects.await_reason = (press.task, press.offer)
        return effects

    async def _explain(
        self, stored: Stored, query: CallbackQuery, given: Explanation, message: int
    ) -> Effects:
        offer = (given.task, given.offer)
        if given.reason is Reason.SKIP:
            # Nobody waits for the reason: it was written meanwhile, or the question is old.
            waited = await views.awaited_reason(self._pool, query.from_user.id) == offer
            told = messages.NO_REASON_GIVEN if waited else messages.NOT_ASKED
            effects = await self._tell(stored, query, told)
            effects.edit = (message, Reply(told))
            effects.forget_reason = waited
            return effects
        if given.reason is Reason.OTHER:
            effects = await self._tell(stored, query, messages.WRITE_REASON)
            effects.replies = [Reply(messages.WRITE_REASON, ask=True)]
            effects.await_reason = offer
            return effects
        reason = messages.REASONS[given.reason]
        answer = await self._tap(stored, query.from_user, offer, Action.EXPLAIN, reason)
        refused = answer.verdict is Verdict.REFUSED
        effects = await self._tell(stored, query, answer.sentence, alert=refused)
        if not refused:
            done = answer.verdict is Verdict.DONE
            told = messages.REASON_GIVEN.format(reason=reason) if done else messages.REASON_KNOWN
            effects.edit = (message, Reply(told))
            effects.forget_reason = True
        return effects

    async def _tap(
        self, stored: Stored, person: User, offer: tuple[int, int], action: Action, reason: str = ""
    ) -> TapAnswer:
        if stored.held:
            raise Refused("An earlier press of this technician waits.", Why.UNAVAILABLE)
        task, number = offer
        tap = Tap(stored.id("tap"), task, number, person.id, action, reason)
        return await self._bus.request(TAP, tap, TapAnswer)

    async def _tell(
        self, stored: Stored, query: CallbackQuery, sentence: str, *, alert: bool = False
    ) -> Effects:
        """Answers the press; by a message where the answer no longer reaches it."""
        told = await self._answer(query, sentence, alert=alert)
        if told and not stored.promised:
            return Effects()
        return Effects([Reply(messages.plain(sentence))])

    async def _answer(self, query: CallbackQuery, sentence: str, *, alert: bool = False) -> bool:
        """The small notice over the chat; Telegram takes it for a minute or so after the press."""
        line = self._connection.line
        if line is None:
            return False
        text = messages.cut(sentence, messages.ANSWER_LIMIT)
        try:
            await line.bot(
                AnswerCallbackQuery(callback_query_id=query.id, text=text, show_alert=alert),
                request_timeout=10,
            )
        except Exception as error:
            log.info("press not answered", reason=sort(error).reason)
            return False
        return True

    # Coming and going

    async def _membership(self, change: ChatMemberUpdated) -> Effects:
        before, now = change.old_chat_member.status, change.new_chat_member.status
        if change.chat.type != "private":
            came = before in ("left", "kicked") and now in ("member", "administrator")
            return self._in_group("/") if came else Effects()
        command = NoticeBlock() if now == "kicked" else NoticeUnblock()
        technician = change.chat.id
        await self._journal.handle(TECHNICIANS, technician, command, actor=by_technician(technician))
        return Effects()

    # Writing it down

    async def _write(self, stored: Stored, effects: Effects) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            handled = await connection.fetchval(
                "UPDATE updates SET handled_at = now() WHERE seq = $1 AND handled_at IS NULL RETURNING seq",
                stored.seq,
            )
            if handled is None:
                return
            await self._remember_question(connection, stored, effects)
            chat = stored.chat_id
            for n, reply in enumerate(effects.replies):
                await queue(connection, stored.id(f"reply {n}"), chat, Purpose.REPLY, payload=reply)
            for card in effects.cards:
                part = f"card {card.task}"
                await queue(
                    connection, stored.id(part), chat, Purpose.REPLY, task=card.task, offer=card.offer
                )
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
                    payload=Reply(messages.REASON_KNOWN),
                    target=effects.over,
                )

    async def _remember_question(self, connection: Any, stored: Stored, effects: Effects) -> None:
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


def shown_by_telegram(person: User) -> Profile:
    return profile(person.id, person.full_name, person.username, person.language_code)


def unwelcome(contact: views.Contact) -> str:
    """Why this person can do nothing here; empty where they can."""
    match contact.standing:
        case Standing.ABSENT:
            return messages.PRESS_START
        case Standing.DELETED:
            return messages.PRESS_START_AGAIN
        case Standing.DEACTIVATED:
            return messages.SWITCHED_OFF
        case Standing.ACTIVE:
            return ""
