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
from shared.journal import Journal, Outcome
from shared.language import _, known, speaking
from shared.refusal import Refused, Why

from . import keyboards, messages
from .addressed import said
from .connection import Connection
from .effects import Effects, Reply, Stored, write
from .keyboards import Explanation, Press, Reason, Show
from .reasons import Answered, explained, waits
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
                    effects = self._in_group(message)
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
                effects = await self._tell(
                    stored, update.callback_query, _(messages.BROKEN), alert=True, phone=self._phone
                )
            elif update.message and update.message.chat.private:
                effects = Effects([Reply(messages.calling(_(messages.BROKEN), self._phone))])
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

    @property
    def _phone(self) -> str:
        """The office's; empty where it has given none."""
        return self._site().office_phone

    @property
    def _username(self) -> str:
        return self._connection.line.username if self._connection.line else ""

    # Texts and commands

    async def _message(self, stored: Stored, message: Message) -> Effects:
        heard, person = said(message, self._username), message.from_user
        if heard is None or person is None:
            return Effects()
        if heard.command == "start":
            return await self._start(stored, person)
        contact = await self._meet(person)
        if refusal := unwelcome(contact):
            return self._hint(refusal, message.media_group_id)
        match heard.command:
            case "tasks":
                return Effects(summary=True)
            case "help":
                return Effects([Reply(messages.help_text(self._phone))])
            case "":
                return await self._text(stored, person, message, heard.text)
            case _:
                return self._hint(messages.NOT_UNDERSTOOD)

    def _hint(self, sentence: str, album: str | None = None) -> Effects:
        phone = self._phone if sentence in messages.CALL else ""
        return Effects([Reply(messages.calling(_(sentence), phone))], album=album)

    async def _start(self, stored: Stored, person: User) -> Effects:
        command = stored.id("start")

        async def register() -> Outcome:
            deleted_at = await views.deleted_at(self._pool, person.id)
            return await self._journal.handle(
                TECHNICIANS,
                person.id,
                RegisterTechnician(person.id, shown_by_telegram(person), deleted_at),
                actor=by_technician(person.id),
                command_id=command,
            )

        # Whoever was deleted between the first time and this one would be another command.
        outcome = await self._journal.once(command, lambda _first: True, register)
        contact = await views.contact(self._pool, person.id)
        if any(isinstance(event, TechnicianRegistered) for event in outcome.events):
            return Effects([Reply(messages.welcome(contact.shown, self._site().company))])
        if refusal := unwelcome(contact):
            return self._hint(refusal)
        return Effects([Reply(messages.welcome_back(contact.shown))])

    async def _meet(self, person: User) -> views.Contact:
        """Notices a new name or username, and that whoever writes can be reached."""
        contact = await views.contact(self._pool, person.id)
        seen = shown_by_telegram(person)
        here = contact.standing in (Standing.ACTIVE, Standing.DEACTIVATED)
        if here and (contact.profile != seen or not contact.reached):
            actor = by_technician(person.id)
            await self._journal.handle(TECHNICIANS, person.id, NoticeTechnician(seen), actor=actor)
        return contact

    async def _text(self, stored: Stored, person: User, message: Message, text: str) -> Effects:
        """The reason of a rejection, or nothing that is understood here."""
        asked = await views.open_questions(self._pool, person.id)
        about = explained(stored.at, asked, await self._answered(stored, message)) if text else None
        if about:
            return await self._explained(stored, person, about, text)
        waited = waits(stored.at, asked)
        return self._hint(
            messages.HOW_TO_EXPLAIN if waited else messages.NOT_UNDERSTOOD, message.media_group_id
        )

    async def _answered(self, stored: Stored, message: Message) -> Answered | None:
        """What a message replies to; None for what replies to nothing."""
        if message.reply_to_message is None:
            return None
        chat, number = stored.chat_id, message.reply_to_message.message_id
        sent = await views.message_of_ours(self._pool, stored.bot_id, chat, number)
        if sent is None:
            return Answered()
        pressed = keyboards.read(sent.button)
        about = sent.about or ((pressed.task, pressed.offer) if pressed else None)
        if about is None and sent.asks:
            return None  # a version before this asked it, without saying about what
        return Answered(about, about is not None and await views.is_rejected(self._pool, chat, about))

    async def _explained(self, stored: Stored, person: User, about: views.Offer, text: str) -> Effects:
        answer = await self._tap(stored, person, about, Action.EXPLAIN, messages.cut(text, 500))
        if answer.verdict is Verdict.REFUSED:
            return Effects([Reply(messages.plain(answer.sentence))], answered=about)
        done = answer.verdict is Verdict.DONE
        sentence = _(messages.REASON_TAKEN) if done else messages.plain(answer.sentence)
        effects = Effects([await self._reply_about(person, about, sentence)], answered=about)
        question = await views.question(self._pool, person.id, keyboards.first_reason(*about))
        if question:
            effects.over = question, await self._reply_about(person, about, _(messages.REASON_KNOWN))
        return effects

    async def _title(self, person: User, about: views.Offer) -> str:
        """Nothing for somebody else: a press may be forged."""
        card = await views.card(self._pool, *about)
        return card.details.title if card and card.technician == person.id else ""

    async def _reply_about(self, person: User, about: views.Offer, sentence: str) -> Reply:
        return Reply(messages.answered(about[0], await self._title(person, about), sentence))

    def _in_group(self, message: Message) -> Effects:
        heard = said(message, self._username)
        ours = heard is not None and (heard.named or heard.command in ("start", *messages.COMMANDS))
        return self._explain_itself() if ours and not message.chat.channel else Effects()

    def _explain_itself(self) -> Effects:
        return Effects([Reply(messages.group(self._username))])

    # Buttons

    async def _pressed(self, stored: Stored, query: CallbackQuery) -> Effects:
        pressed = keyboards.read(query.data)
        message = query.message
        if pressed is None or message is None or message.chat.id != query.from_user.id:
            log.warning("forged press", technician=query.from_user.id, size=len(query.data or ""))
            return await self._tell(stored, query, _(messages.FORGED), alert=True)
        contact = await self._meet(query.from_user)
        if refusal := unwelcome(contact):
            phone = self._phone if refusal in messages.CALL else ""
            return await self._tell(stored, query, _(refusal), alert=True, phone=phone)
        match pressed:
            case Press():
                return await self._act(stored, query, pressed, message.message_id)
            case Explanation():
                return await self._explain(stored, query, pressed, message.message_id)
            case Show(task, offer):
                return await self._show(stored, query, await views.card(self._pool, task, offer))

    async def _act(self, stored: Stored, query: CallbackQuery, press: Press, message: int) -> Effects:
        answer = await self._tap(stored, query.from_user, (press.task, press.offer), press.action)
        effects = await self._tell_answer(stored, query, answer)
        if answer.verdict is not Verdict.DONE:
            # The message shows buttons that are no longer meant: it is drawn again as things stand.
            row = await views.delivery_of_message(self._pool, stored.chat_id, message)
            effects.redraw = [row] if row else []
        elif press.action is Action.REJECT:
            effects.asked, effects.rejected_at = (press.task, press.offer), stored.at
            question = messages.why_not(press.task, await self._title(query.from_user, effects.asked))
            effects.replies.append(Reply(question, keyboards.reasons(*effects.asked), about=effects.asked))
        return effects

    async def _show(self, stored: Stored, query: CallbackQuery, card: views.Card | None) -> Effects:
        if card is None or card.technician != query.from_user.id or card.over or card.state not in LIVE:
            return await self._tell(stored, query, _(NOT_OPEN), alert=True)
        await self._answer(query, "")
        return Effects(card=card)

    async def _explain(
        self, stored: Stored, query: CallbackQuery, given: Explanation, message: int
    ) -> Effects:
        about = given.task, given.offer
        match given.reason:
            case Reason.SKIP:
                # Nobody waits for the reason: it was written meanwhile, or the question is old.
                asked = await views.open_questions(self._pool, query.from_user.id)
                waited = any(question.about == about for question in asked)
                told = _(messages.NO_REASON_GIVEN) if waited else _(messages.NOT_ASKED)
                effects = await self._tell(stored, query, told)
            case Reason.OTHER:
                effects = await self._tell(stored, query, _(messages.WRITE_REASON))
                question = messages.write_reason(given.task, await self._title(query.from_user, about))
                effects.replies.append(Reply(question, ask=True, about=about))
                effects.asked = about
                return effects
            case Reason.WRONG:
                answer = await self._tap(stored, query.from_user, about, Action.TAKE_BACK)
                effects = await self._tell_answer(stored, query, answer)
                told = _(messages.TAKEN_BACK)
                if answer.verdict is Verdict.REFUSED:
                    return effects
            case _:
                reason = messages.REASONS[given.reason]
                answer = await self._tap(stored, query.from_user, about, Action.EXPLAIN, reason)
                effects = await self._tell_answer(stored, query, answer)
                done = answer.verdict is Verdict.DONE
                told = _(messages.REASON_GIVEN, reason=_(reason)) if done else _(messages.REASON_KNOWN)
                if answer.verdict is Verdict.REFUSED:
                    effects.answered = about
                    return effects
        effects.edit = message, await self._reply_about(query.from_user, about, told)
        effects.answered = about
        return effects

    async def _tap(
        self, stored: Stored, person: User, offer: views.Offer, action: Action, reason: str = ""
    ) -> TapAnswer:
        if stored.held:
            raise Refused("An earlier press of this technician waits.", Why.UNAVAILABLE)
        taking_back = action is Action.TAKE_BACK
        rejected_at = await views.rejected_at(self._pool, person.id, offer) if taking_back else None
        at = stored.at if taking_back else None
        tap = Tap(stored.id("tap"), *offer, person.id, action, reason, rejected_at, at)
        return await self._bus.request(TAP, tap, TapAnswer)

    async def _tell_answer(self, stored: Stored, query: CallbackQuery, answer: TapAnswer) -> Effects:
        phone = self._phone if answer.call_office else ""
        return await self._tell(
            stored, query, answer.sentence, alert=answer.verdict is Verdict.REFUSED, phone=phone
        )

    async def _tell(
        self, stored: Stored, query: CallbackQuery, sentence: str, *, alert: bool = False, phone: str = ""
    ) -> Effects:
        """Answers the press; by a message where the answer no longer reaches it.

        phone  to be called: a number in the small notice can't be touched, so it is a message too
        """
        told = await self._answer(query, messages.notice(sentence, phone), alert=alert)
        if told and not stored.promised and not phone:
            return Effects()
        return Effects([Reply(messages.calling(messages.plain(sentence), phone))])

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
            came = absent and now in ("member", "administrator") and not change.chat.channel
            return self._explain_itself() if came else Effects()
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
    """Why this person can do nothing here, marked for translation; empty where they can."""
    match contact.standing:
        case Standing.ABSENT:
            return messages.PRESS_START
        case Standing.DELETED:
            return messages.PRESS_START_AGAIN
        case Standing.DEACTIVATED:
            return messages.PAUSED
        case Standing.ACTIVE:
            return ""
