"""From a row in `deliveries` to the calls of the Bot API that carry it out, drawn at the moment of sending.

So a message always says how things stand now, an edit that was overtaken does no harm, and a
client's data is fetched when it goes out and is kept nowhere.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import msgspec
from aiogram.methods import (
    DeleteMessage,
    EditMessageMedia,
    EditMessageReplyMarkup,
    EditMessageText,
    SendDocument,
    SendMessage,
    TelegramMethod,
)
from aiogram.types import (
    BufferedInputFile,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    LinkPreviewOptions,
)
from msgspec import Struct
from msgspec.structs import replace

from bot_gateway import views
from bot_gateway.domain import LIVE, PRIVATE, OfferState
from shared.bus import Bus
from shared.contract.delivery import Purpose, Trouble
from shared.contract.invoice import DOCUMENT, DocumentAnswer, DocumentRequest
from shared.contract.site import Site
from shared.contract.task import CLIENT_INFO, ClientInfoAnswer, ClientInfoRequest
from shared.language import ENGLISH, N_, _, speaking
from shared.refusal import Refused, Why

from . import keyboards, messages
from .dialogue import tongue
from .effects import Reply
from .keyboards import Keyboard

UNCONFIRMED = N_("Telegram never confirmed the message, so it may still be in the chat.")
A = TypeVar("A")

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_REPLY = msgspec.json.Decoder(Reply)


class Row(Struct, frozen=True):
    """One delivery; the fields are the columns."""

    id: UUID
    cause: UUID | None
    chat_id: int
    purpose: Purpose
    method: str
    task: int | None
    offer: int | None
    invoice: int | None
    payload: str | None
    target: UUID | None
    tries: int
    message_ids: list[int]
    trace: str | None = None

    @property
    def makes_messages(self) -> bool:
        """Repeating it could bring the same message twice."""
        return self.method in ("send", "document")


class Step(Struct, frozen=True):
    """One call; `otherwise` is made where Telegram says that it is too late for the first."""

    call: TelegramMethod[Any]
    otherwise: TelegramMethod[Any] | None = None


class Steps(Struct, frozen=True):
    """lacking says what these steps can't bring about, which is told once they are made."""

    steps: list[Step]
    lacking: str = ""


class Drop(Struct, frozen=True):
    """There is nothing left to do, and nobody needs to know."""

    reason: str


class Fail(Struct, frozen=True):
    reason: str
    trouble: Trouble = Trouble.REFUSED


Plan: TypeAlias = Steps | Drop | Fail


class Target(Struct, frozen=True):
    """The row whose messages are edited or deleted."""

    purpose: Purpose
    status: str
    bot_id: int | None
    message_ids: list[int]


class Outgoing:
    def __init__(self, pool: asyncpg.Pool, bus: Bus, site: Callable[[], Site]) -> None:
        self._pool = pool
        self._bus = bus
        self._site = site

    async def plan(self, row: Row, bot_id: int) -> Plan:
        """What to do for this row as this bot; Refused(UNAVAILABLE) where another service must be waited for.

        It is drawn in the language of the technician. What goes wrong is not for them: see `_ask`.
        """
        contact = await views.contact(self._pool, row.chat_id)
        with speaking(tongue(contact.profile.language, self._site())):
            return await self._plan(row, bot_id)

    async def _plan(self, row: Row, bot_id: int) -> Plan:
        match row.method, row.purpose:
            case "send", Purpose.TASK_INFO:
                return await self._task_info(row)
            case "send", Purpose.CLIENT_INFO:
                return await self._client_info(row)
            case "send", Purpose.RETRACTION:
                return await self._withdrawal(row)
            case "send", _:
                return await self._reply(row)
            case "document", _:
                return await self._invoice(row)
            case _ if row.target is None:
                return Steps([Step(self._edit(row, message, self._said(row))) for message in row.message_ids])
            case method, _:
                return await self._touch_up(row, row.target, bot_id, delete=method == "delete")

    # New messages

    async def _task_info(self, row: Row) -> Plan:
        card = await self._card(row)
        if card.state not in LIVE:
            return Drop(N_("The offer was over before it went out."))
        return self._messages(row, *self._drawn(card))

    async def _reply(self, row: Row) -> Plan:
        if row.task is None:
            reply = self._said(row)
            return self._messages(row, [reply.text], reply.keyboard, reply.ask)
        card = await self._card(row)
        if card.state not in LIVE:
            return Drop(N_("The offer is over."))
        return self._messages(row, *self._drawn(card, copy=True))

    async def _withdrawal(self, row: Row) -> Plan:
        """It stays true whatever the card says: to a withdrawn offer nothing happens any more, and while the tables
        are rebuilt the card says what was before."""
        return self._messages(row, *self._drawn(replace(await self._card(row), state=OfferState.WITHDRAWN)))

    async def _client_info(self, row: Row) -> Plan:
        card = await self._card(row)
        answer = await self._ask(
            CLIENT_INFO, ClientInfoRequest(card.task, card.offer, card.technician), ClientInfoAnswer
        )
        if answer.client is None:
            return Fail(answer.refusal or N_("The client's data may not be sent now."))
        text = messages.client_info(card.task, card.details, answer.client, self._site().time_zone)
        keyboard = keyboards.under_client(card.task, card.offer, card.state)
        return self._messages(row, text, keyboard, protect=True)

    async def _invoice(self, row: Row) -> Plan:
        assert row.invoice is not None
        answer = await self._ask(DOCUMENT, DocumentRequest(row.invoice), DocumentAnswer, timeout=20)
        if not answer.pdf:
            return Fail(answer.refusal or N_("There is no document for this invoice."))
        file = BufferedInputFile(answer.pdf, answer.filename or f"invoice-{row.invoice}.pdf")
        caption = messages.cut(answer.caption, messages.CAPTION_LIMIT) or None
        return Steps(
            [Step(SendDocument(chat_id=row.chat_id, document=file, caption=caption, parse_mode=None))]
        )

    async def _ask(self, subject: str, question: Any, answer: type[A], timeout: float = 3.0) -> A:
        """In English: why there is no answer is kept, and each of its readers reads it in their own language."""
        with speaking(ENGLISH):
            return await self._bus.request(subject, question, answer, timeout)

    def _messages(
        self, row: Row, text: list[str], keyboard: Keyboard, ask: bool = False, *, protect: bool = False
    ) -> Plan:
        """One message for each part that isn't out yet, with the buttons on the last."""
        steps = []
        for n, part in enumerate(text):
            if n >= len(row.message_ids):
                last = n == len(text) - 1
                call = SendMessage(
                    chat_id=row.chat_id,
                    text=part,
                    parse_mode="HTML",
                    protect_content=protect or None,
                    link_preview_options=NO_PREVIEW,
                    reply_markup=_markup(keyboard, ask) if last else None,
                )
                steps.append(Step(call))
        return Steps(steps)

    # Messages that are there already

    async def _touch_up(self, row: Row, target: UUID, bot_id: int, *, delete: bool) -> Plan:
        found = await self._pool.fetchrow(
            "SELECT purpose, status, bot_id, message_ids FROM deliveries WHERE id = $1", target
        )
        assert found is not None
        there = Target(Purpose(found["purpose"]), found["status"], found["bot_id"], found["message_ids"])
        if there.status in ("failed", "dropped") and not there.message_ids:
            return Drop(N_("The message never went out."))
        doubted = there.status == "unknown" and row.purpose is Purpose.RETRACTION
        if there.bot_id != bot_id or not there.message_ids:
            if doubted:
                return Fail(UNCONFIRMED)
            # Another bot's message ids mean other messages.
            private = there.purpose in PRIVATE and row.purpose is Purpose.RETRACTION
            return (
                Fail(N_("The message was sent by another bot."))
                if private
                else Drop(N_("It is not this bot's message."))
            )
        steps = await self._touched(row, there, delete=delete)
        return Steps(steps, lacking=UNCONFIRMED if doubted else "")

    async def _touched(self, row: Row, there: Target, *, delete: bool) -> list[Step]:
        if row.payload is not None:
            said = self._said(row)
            return [Step(self._edit(row, each, said)) for each in there.message_ids]
        assert row.task is not None
        if delete:
            return [
                Step(DeleteMessage(chat_id=row.chat_id, message_id=each), self._emptied(row, each))
                for each in there.message_ids
            ]
        card = await self._card(row)
        if there.purpose is Purpose.CLIENT_INFO:
            markup = _markup(keyboards.under_client(card.task, card.offer, card.state))
            last = there.message_ids[-1]
            return [Step(EditMessageReplyMarkup(chat_id=row.chat_id, message_id=last, reply_markup=markup))]
        return self._redrawn(row, there, card)

    def _redrawn(self, row: Row, there: Target, card: views.Card) -> list[Step]:
        """As many parts as there are messages; where fewer are needed, the first messages go."""
        text, keyboard = self._drawn(card, copy=there.purpose is Purpose.REPLY, most=len(there.message_ids))
        surplus = len(there.message_ids) - len(text)
        steps = [
            Step(DeleteMessage(chat_id=row.chat_id, message_id=each), self._edit(row, each, Reply("…")))
            for each in there.message_ids[:surplus]
        ]
        for n, (message, part) in enumerate(zip(there.message_ids[surplus:], text, strict=True)):
            last = n == len(text) - 1
            steps.append(Step(self._edit(row, message, Reply(part, keyboard if last else []))))
        return steps

    def _emptied(self, row: Row, message: int) -> TelegramMethod[Any]:
        """The message without what was private in it, where it can't be deleted any more."""
        if row.invoice is None:
            assert row.task is not None
            return self._edit(row, message, Reply(messages.client_redacted(row.task)))
        said = messages.invoice_withdrawn(row.invoice)
        # A message that holds a file keeps holding one (Bot API, editMessageMedia), so another takes its place.
        file = BufferedInputFile(said.encode(), f"invoice-{row.invoice}.txt")
        media = InputMediaDocument(media=file, caption=said, parse_mode=None)
        return EditMessageMedia(chat_id=row.chat_id, message_id=message, media=media)

    def _edit(self, row: Row, message: int, reply: Reply) -> EditMessageText:
        return EditMessageText(
            chat_id=row.chat_id,
            message_id=message,
            text=reply.text,
            parse_mode="HTML",
            link_preview_options=NO_PREVIEW,
            reply_markup=_markup(reply.keyboard),
        )

    # What they say

    def _drawn(
        self, card: views.Card, *, copy: bool = False, most: int | None = None
    ) -> tuple[list[str], Keyboard]:
        text = messages.task_info(card.task, card.details, card.state, self._site().time_zone, most)
        return text, keyboards.under_task(card.task, card.offer, card.state, copy=copy)

    def _said(self, row: Row) -> Reply:
        return _REPLY.decode(row.payload or '{"text": "…"}')

    async def _card(self, row: Row) -> views.Card:
        assert row.task is not None
        assert row.offer is not None
        card = await views.card(self._pool, row.task, row.offer)
        if card is None:
            # Only while `callout rebuild` fills the tables again.
            raise Refused(N_("The card of this task is being rebuilt."), Why.UNAVAILABLE)
        return card


def _markup(keyboard: Keyboard, ask: bool = False) -> Any:
    if ask:
        return ForceReply(force_reply=True, input_field_placeholder=_(messages.REASON_HINT))
    if not keyboard:
        return None
    rows = [[InlineKeyboardButton(text=text, callback_data=data) for text, data in row] for row in keyboard]
    return InlineKeyboardMarkup(inline_keyboard=rows)
