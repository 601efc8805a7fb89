"""From a row in `deliveries` to the calls of the Bot API that carry it out, drawn at the moment of sending.

So a message always says how things stand now, an edit that was overtaken does no harm, and a
client's data is fetched when it goes out and is kept nowhere.
"""

from collections.abc import Callable
from typing import Any, TypeVar
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
    ReplyParameters,
)
from msgspec.structs import replace

from bot_gateway import views
from bot_gateway.domain import AGREED, LIVE
from bot_gateway.domain.record import CHANGE, Change
from shared.bus import Bus
from shared.contract.delivery import Purpose
from shared.contract.invoice import DOCUMENT, DocumentAnswer, DocumentRequest
from shared.contract.site import Site
from shared.contract.task import CLIENT_INFO, ClientInfoAnswer, ClientInfoRequest
from shared.language import ENGLISH, N_, _, speaking
from shared.refusal import Refused, Why

from . import cards, keyboards, messages
from .cards import Drawn
from .dialogue import tongue
from .effects import Reply
from .keyboards import Keyboard
from .plan import Drop, Fail, Plan, Recall, Row, Step, Steps, Target, Told
from .summary import summary

UNCONFIRMED = N_("Telegram never confirmed the message, so it may still be in the chat.")
A = TypeVar("A")

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_REPLY = msgspec.json.Decoder(Reply)


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
            case "send", Purpose.CHANGE:
                return await self._change(row)
            case "send", Purpose.RETRACTION:
                return await self._withdrawal(row)
            case "send", Purpose.SUMMARY:
                return self._messages(row, await self._summary(row))
            case "send", _ if row.task is not None:
                return await self._copy(row)
            case "send", _:
                reply = self._said(row)
                return self._messages(row, Drawn([reply.text], reply.keyboard), reply.ask)
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
        return self._messages(row, cards.task_card(card, self._zone))

    async def _client_info(self, row: Row) -> Plan:
        card = await self._card(row)
        answer = await self._client_of(card, row.client)
        if answer.client is None:
            return Fail(answer.refusal or N_("The client's data may not be sent now."))
        return self._messages(row, cards.client_card(card, answer.client, answer, row.client, self._zone))

    async def _copy(self, row: Row) -> Plan:
        """What the technician asked to see again: with the client's data where the office has sent it."""
        card = await self._card(row)
        if card.state not in LIVE:
            return Drop(N_("The offer is over."))
        drawn = cards.task_card(card, self._zone, copy=True)
        if row.client is not None and card.client == row.client:
            answer = await self._client_of(card, row.client)
            if answer.client is not None:
                drawn = cards.client_card(card, answer.client, answer, row.client, self._zone)
        return self._messages(row, drawn)

    async def _change(self, row: Row) -> Plan:
        card = await self._card(row)
        if card.state not in LIVE:
            return Drop(N_("The offer is over."))
        change = CHANGE.decode(row.payload or "{}")
        if row.client is not None:
            return await self._client_change(row, card, row.client, change)
        told = await views.last_told(self._pool, row.id, card.task, card.offer)
        if told is None:
            return Drop(N_("Nothing of this offer is in the chat."))
        return self._note(row, cards.task_change(card, change, told.shown, self._zone), told.message)

    async def _client_change(self, row: Row, card: views.Card, client: int, change: Change) -> Plan:
        """One note says all that is new; those that wait behind it then find it told."""
        told = await views.client_told(self._pool, row.id, card.task, card.offer, client)
        if told is None or card.client != client:
            return Drop(N_("The chat holds nothing of this client."))
        more = await views.waiting_changes(self._pool, row.id, card.task, card.offer, client)
        fields = {field for each in (change, *more) for field in each.fields}
        change = Change(fields=tuple(fields), version=max(each.version for each in (change, *more)))
        answer = await self._client_of(card, client)
        if answer.client is None:
            return Drop(answer.refusal)
        drawn = cards.client_change(card, answer.client, client, change)
        if told.version >= change.version:
            drawn = replace(drawn, text=[])
        return self._note(row, drawn, told.message)

    def _note(self, row: Row, drawn: Drawn, about: int | None) -> Plan:
        """A note answers the message that it is about; where there is nothing to tell, that one tells it."""
        if drawn.text:
            return self._messages(row, drawn, about=about)
        return Told(about) if about else Fail(UNCONFIRMED)

    async def _withdrawal(self, row: Row) -> Plan:
        """It stays true whatever the card says: to a withdrawn offer nothing happens any more, and while the tables
        are rebuilt the card says what was before."""
        return self._messages(row, cards.withdrawal(await self._card(row), self._zone))

    async def _summary(self, row: Row, most: int | None = None) -> Drawn:
        return Drawn(*summary(await views.open_cards(self._pool, row.chat_id), self._zone, most))

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

    async def _client_of(self, card: views.Card, client: int | None) -> ClientInfoAnswer:
        """Asked for at the moment of sending, and kept nowhere; of another client than that one nothing is told."""
        question = ClientInfoRequest(card.task, card.offer, card.technician, client or 0)
        return await self._ask(CLIENT_INFO, question, ClientInfoAnswer)

    async def _ask(self, subject: str, question: Any, answer: type[A], timeout: float = 3.0) -> A:
        """In English: why there is no answer is kept, and each of its readers reads it in their own language."""
        with speaking(ENGLISH):
            return await self._bus.request(subject, question, answer, timeout)

    def _messages(self, row: Row, drawn: Drawn, ask: bool = False, *, about: int | None = None) -> Plan:
        """One message for each part that isn't out yet, with the buttons on the last."""
        answered = about and ReplyParameters(message_id=about, allow_sending_without_reply=True)
        steps = []
        for n, part in enumerate(drawn.text):
            if n >= len(row.message_ids):
                last = n == len(drawn.text) - 1
                call = SendMessage(
                    chat_id=row.chat_id,
                    text=part,
                    parse_mode="HTML",
                    protect_content=drawn.protected or None,
                    link_preview_options=NO_PREVIEW,
                    reply_parameters=answered or None,
                    reply_markup=_markup(drawn.keyboard, ask) if last else None,
                )
                steps.append(Step(call))
        return Steps(steps, record=drawn.record)

    # Messages that are there already

    async def _touch_up(self, row: Row, target: UUID, bot_id: int, *, delete: bool) -> Plan:
        found = await self._pool.fetchrow(
            """
            SELECT purpose, status, bot_id, message_ids, client,
                   client IS NOT NULL OR task_version IS NOT NULL AS recorded
            FROM deliveries WHERE id = $1
            """,
            target,
        )
        assert found is not None
        there = Target(**{**dict(found), "purpose": Purpose(found["purpose"])})
        if there.status in ("failed", "dropped") and not there.message_ids:
            return Drop(N_("The message never went out."))
        if (
            there.status in ("queued", "sending")
            and not there.message_ids
            and row.purpose is Purpose.RETRACTION
        ):
            return Recall(target)
        doubted = there.status == "unknown" and row.purpose is Purpose.RETRACTION
        if there.bot_id != bot_id or not there.message_ids:
            if doubted:
                return Fail(UNCONFIRMED)
            # Another bot's message ids mean other messages.
            private = there.private and row.purpose is Purpose.RETRACTION
            return (
                Fail(N_("The message was sent by another bot."))
                if private
                else Drop(N_("It is not this bot's message."))
            )
        plan = await self._touched(row, there, delete=delete)
        return replace(plan, lacking=UNCONFIRMED) if doubted and isinstance(plan, Steps) else plan

    async def _touched(self, row: Row, there: Target, *, delete: bool) -> Plan:
        if row.payload is not None:
            said = self._said(row)
            return Steps([Step(self._edit(row, each, said)) for each in there.message_ids])
        if delete:
            said = Reply(await self._in_its_place(row, there))
            return Steps(
                [
                    Step(DeleteMessage(chat_id=row.chat_id, message_id=each), self._emptied(row, each, said))
                    for each in there.message_ids
                ]
            )
        most = len(there.message_ids)
        if row.purpose is Purpose.SUMMARY:
            return self._redrawn(row, there, await self._summary(row, most))
        card = await self._card(row)
        if not there.private:
            copy = there.purpose is Purpose.REPLY
            return self._redrawn(row, there, cards.task_card(card, self._zone, copy=copy, most=most))
        client = there.client if there.recorded else card.client  # of a version that recorded nothing
        if card.state in AGREED and client is not None and card.client == client:
            answer = await self._client_of(card, client)
            if answer.client is None:
                return Drop(answer.refusal)
            drawn = cards.client_card(card, answer.client, answer, client, self._zone, most)
            return self._redrawn(row, there, drawn)
        # What it says of the client stays as it was; only what can be pressed is another.
        markup = _markup(keyboards.under_client(card.task, card.offer, card.state))
        last = there.message_ids[-1]
        return Steps(
            [Step(EditMessageReplyMarkup(chat_id=row.chat_id, message_id=last, reply_markup=markup))]
        )

    def _redrawn(self, row: Row, there: Target, drawn: Drawn) -> Steps:
        """As many parts as there are messages; where fewer are needed, the first messages go."""
        surplus = len(there.message_ids) - len(drawn.text)
        steps = [
            Step(DeleteMessage(chat_id=row.chat_id, message_id=each), self._edit(row, each, Reply("…")))
            for each in there.message_ids[:surplus]
        ]
        for n, (message, part) in enumerate(zip(there.message_ids[surplus:], drawn.text, strict=True)):
            last = n == len(drawn.text) - 1
            steps.append(Step(self._edit(row, message, Reply(part, drawn.keyboard if last else []))))
        return Steps(steps, record=drawn.record)

    async def _in_its_place(self, row: Row, there: Target) -> str:
        """What a message says that can't be deleted any more."""
        if not there.private or row.task is None:
            return "…"
        card = await views.card(self._pool, row.task, row.offer) if row.offer is not None else None
        theirs = card is not None and not card.over and card.state in LIVE
        return _(messages.REMOVED) if theirs else messages.client_redacted(row.task)

    def _emptied(self, row: Row, message: int, said: Reply) -> TelegramMethod[Any]:
        """The message without what it held, where it can't be deleted any more."""
        if row.invoice is None:
            return self._edit(row, message, said)
        withdrawn = messages.invoice_withdrawn(row.invoice)
        # A message that holds a file keeps holding one (Bot API, editMessageMedia), so another takes its place.
        file = BufferedInputFile(withdrawn.encode(), f"invoice-{row.invoice}.txt")
        media = InputMediaDocument(media=file, caption=withdrawn, parse_mode=None)
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

    @property
    def _zone(self) -> str:
        return self._site().time_zone

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
