"""What the bot does with one update: the whole conversation, read top to bottom.

Plain `match` on what was received rather than aiogram's Dispatcher: an error has to reach the inbox, the state
of a conversation is a row, and there are few enough cases to see them all at once.

Each step may be run again after a crash: commands carry an id made from the update, rows an id made
from the update and their part in the answer. All of it is said in the language of whoever sent the update.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import asyncpg
import structlog
from aiogram.methods import AnswerCallbackQuery
from cryptography.fernet import Fernet

from bot_gateway import views
from bot_gateway.domain import (
    LIVE,
    TECHNICIANS,
    NoticeBlock,
    NoticeTechnician,
    NoticeUnblock,
    Profile,
    RegisterTechnician,
    Standing,
    TechnicianCommand,
    profile,
)
from bot_gateway.projections.reactions import queue
from shared.bus import Bus
from shared.contract.delivery import Purpose
from shared.contract.event import by_technician
from shared.contract.site import Site
from shared.contract.task import TAP, Action, Tap, TapAnswer, Verdict
from shared.contract.technician import TechnicianRegistered
from shared.journal import Journal
from shared.language import _, known, speaking
from shared.refusal import Refused, Why

from . import keyboards, messages
from .connection import Connection
from .effects import Effects, Reply, Stored, write
from .keyboards import Explanation, Press, Reason, Show
from .received import CallbackQuery, ChatMemberUpdated, Message, Update, User, reread, unseal
from .summary import NOT_OPEN
from .troubles import sort

log = structlog.get_logger()


class Dialogue:
    def __init__(
        self,
        pool: asyncpg.Pool,
        journal: Journal,
        bus: Bus,
        connection: Connection,
        cipher: Fernet,
        site: Callable[[], Site],
    ) -> None:
        self._pool = pool
        self._journal = journal
        self._bus = bus
        self._connection = connection
        self._cipher = cipher
        self._site = site

    async def take(self, stored: Stored) -> None:
        """Handles one update, or raises Refused(UNAVAILABLE) where `tasks` does not answer."""
        with self._speaking_to_the_sender_of(stored) as update:
            match update:
                case Update(message=Message() as message) if message.chat.private:
                    effects = await self._message(stored, message)
                case Update(message=Message() as message):
                    effects = self._in_group(message.text or "")
                case Update(callback_query=CallbackQuery() as query):
                    effects = await self._pressed(stored, query)
                case Update(my_chat_member=ChatMemberUpdated() as change):
                    effects = await self._membership(change)
                case _:
                    effects = Effects()
            await write(self._pool, stored, effects)

    async def promise(self, stored: Stored) -> None:
        """Tells the technician that what they pressed or wrote is kept."""
        with self._speaking_to_the_sender_of(stored) as update:
            if update.callback_query:
                await self._answer(update.callback_query, _(messages.SAVED))
                return
            async with self._pool.acquire() as connection:
                text = {"text": _(messages.SAVED)}
                await queue(connection, stored.id("promise"), stored.chat_id, Purpose.REPLY, payload=text)

    async def regret(self, stored: Stored) -> None:
        """Tells the technician that what they pressed or wrote was set aside."""
        with self._speaking_to_the_sender_of(stored) as update:
            if update.callback_query:
                effects = await self._tell(stored, update.callback_query, _(messages.BROKEN), alert=True)
            elif update.message and update.message.chat.private:
                effects = Effects([Reply(_(messages.BROKEN))])
            else:
                return
            async with self._pool.acquire() as connection:
                for reply in effects.replies:
                    await queue(connection, stored.id("regret"), stored.chat_id, Purpose.REPLY, payload=reply)

    @contextmanager
    def _speaking_to_the_sender_of(self, stored: Stored) -> Iterator[Update]:
        update = reread(unseal(self._cipher, stored.body))
        event = update.message or update.callback_query or update.my_chat_member
        person = event.from_user if event else None
        with speaking(tongue(person.language_code if person else None, self._site())):
            yield update

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
                return Effects(summary=True)
            case "/help":
                return Effects([Reply(messages.help_text())])
            case "" if text and (asked := await views.awaited_reason(self._pool, person.id)):
                return await self._explained(stored, person, asked, text)
            case _:
                return Effects([Reply(_(messages.NOT_UNDERSTOOD))])

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
            return Effects([Reply(messages.welcome(contact.shown, self._site().company))])
        refusal = unwelcome(contact)
        return Effects([Reply(refusal or messages.welcome_back(contact.shown))])

    async def _meet(self, person: User) -> views.Contact:
        """Notices a new name or username, and that whoever writes can be reached."""
        contact = await views.contact(self._pool, person.id)
        seen = shown_by_telegram(person)
        here = contact.standing in (Standing.ACTIVE, Standing.DEACTIVATED)
        if here and (contact.profile != seen or not contact.reached):
            actor = by_technician(person.id)
            await self._journal.handle(TECHNICIANS, person.id, NoticeTechnician(seen), actor=actor)
        return contact

    async def _explained(self, stored: Stored, person: User, asked: tuple[int, int], text: str) -> Effects:
        answer = await self._tap(stored, person, asked, Action.EXPLAIN, messages.cut(text, 500))
        done = answer.verdict is Verdict.DONE
        effects = Effects(
            [Reply(_(messages.REASON_TAKEN) if done else messages.plain(answer.sentence))], forget_reason=True
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
            return await self._tell(stored, query, _(messages.FORGED), alert=True)
        contact = await self._meet(query.from_user)
        if refusal := unwelcome(contact):
            return await self._tell(stored, query, refusal, alert=True)
        match pressed:
            case Press():
                return await self._act(stored, query, pressed, message.message_id)
            case Explanation():
                return await self._explain(stored, query, pressed, message.message_id)
            case Show(task, offer):
                return await self._show(stored, query, await views.card(self._pool, task, offer))

    async def _act(self, stored: Stored, query: CallbackQuery, press: Press, message: int) -> Effects:
        answer = await self._tap(stored, query.from_user, (press.task, press.offer), press.action)
        effects = await self._tell(stored, query, answer.sentence, alert=answer.verdict is Verdict.REFUSED)
        if answer.verdict is not Verdict.DONE:
            # The message shows buttons that are no longer meant: it is drawn again as things stand.
            row = await views.delivery_of_message(self._pool, stored.chat_id, message)
            effects.redraw = [row] if row else []
        elif press.action is Action.REJECT:
            effects.replies.append(Reply(_(messages.WHY), keyboards.reasons(press.task, press.offer)))
            effects.await_reason = (press.task, press.offer)
        return effects

    async def _show(self, stored: Stored, query: CallbackQuery, card: views.Card | None) -> Effects:
        if card is None or card.technician != query.from_user.id or card.over or card.state not in LIVE:
            return await self._tell(stored, query, _(NOT_OPEN), alert=True)
        await self._answer(query, "")
        return Effects(card=card)

    async def _explain(
        self, stored: Stored, query: CallbackQuery, given: Explanation, message: int
    ) -> Effects:
        offer = (given.task, given.offer)
        if given.reason is Reason.SKIP:
            # Nobody waits for the reason: it was written meanwhile, or the question is old.
            waited = await views.awaited_reason(self._pool, query.from_user.id) == offer
            told = _(messages.NO_REASON_GIVEN) if waited else _(messages.NOT_ASKED)
            effects = await self._tell(stored, query, told)
            effects.edit = (message, Reply(told))
            effects.forget_reason = waited
            return effects
        if given.reason is Reason.OTHER:
            effects = await self._tell(stored, query, _(messages.WRITE_REASON))
            effects.replies = [Reply(_(messages.WRITE_REASON), ask=True)]
            effects.await_reason = offer
            return effects
        reason = messages.REASONS[given.reason]
        answer = await self._tap(stored, query.from_user, offer, Action.EXPLAIN, reason)
        refused = answer.verdict is Verdict.REFUSED
        effects = await self._tell(stored, query, answer.sentence, alert=refused)
        if not refused:
            done = answer.verdict is Verdict.DONE
            told = _(messages.REASON_GIVEN, reason=_(reason)) if done else _(messages.REASON_KNOWN)
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
            await line.call(
                AnswerCallbackQuery(callback_query_id=query.id, text=text, show_alert=alert), timeout=10
            )
        except Exception as error:
            log.info("press not answered", reason=sort(error).reason)
            return False
        return True

    # Coming and going

    async def _membership(self, change: ChatMemberUpdated) -> Effects:
        now = change.new_chat_member.status
        if not change.chat.private:
            absent = change.old_chat_member is None or change.old_chat_member.status in ("left", "kicked")
            return self._in_group("/") if absent and now in ("member", "administrator") else Effects()
        command = MEMBERSHIPS.get(now)
        if command:
            technician = change.chat.id
            await self._journal.handle(TECHNICIANS, technician, command, actor=by_technician(technician))
        return Effects()


MEMBERSHIPS: dict[str, TechnicianCommand] = {"kicked": NoticeBlock(), "member": NoticeUnblock()}
"""What the bot is in a private chat → what that says of the technician."""


def tongue(language: str | None, site: Site) -> str:
    """The language that somebody is spoken to in: that of their Telegram, or the site's where it has no sentences."""
    return language if language and known(language) else site.language


def shown_by_telegram(person: User) -> Profile:
    return profile(person.id, person.full_name, person.username, person.language_code)


def unwelcome(contact: views.Contact) -> str:
    """Why this person can do nothing here; empty where they can."""
    match contact.standing:
        case Standing.ABSENT:
            return _(messages.PRESS_START)
        case Standing.DELETED:
            return _(messages.PRESS_START_AGAIN)
        case Standing.DEACTIVATED:
            return _(messages.PAUSED)
        case Standing.ACTIVE:
            return ""
