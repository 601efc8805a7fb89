"""What each message about a task says, with its buttons, and what it then holds."""

from msgspec import Struct
from msgspec.structs import replace

from bot_gateway.domain import OfferState
from bot_gateway.domain.record import Change, Record, Shown, shown
from bot_gateway.views import Card
from shared.contract.task import ClientInfo, ClientInfoAnswer

from . import changes, keyboards, messages
from .keyboards import Keyboard


class Drawn(Struct, frozen=True):
    """text  one HTML text a message; protected: Telegram lets nobody copy or forward it"""

    text: list[str]
    keyboard: Keyboard = []
    record: Record | None = None
    protected: bool = False


def task_card(card: Card, zone: str, *, copy: bool = False, most: int | None = None) -> Drawn:
    """copy  one that /tasks brought, which also has the button that stands under a client's card"""
    text = messages.task_info(card.task, card.details, card.state, zone, most)
    keyboard = keyboards.under_task(card.task, card.offer, card.state, copy=copy)
    return Drawn(text, keyboard, _record(card), protected=copy)


def withdrawal(card: Card, zone: str) -> Drawn:
    return replace(task_card(replace(card, state=OfferState.WITHDRAWN), zone), record=None)


def client_card(
    card: Card,
    client: ClientInfo,
    answer: ClientInfoAnswer,
    meant: int | None,
    zone: str,
    most: int | None = None,
) -> Drawn:
    """meant  whose card it is to be, for an answer of a version that does not say whose data it gives"""
    text = messages.client_info(card.task, card.details, client, zone, most)
    record = replace(_record(card), client=answer.client_id or meant, client_version=answer.version or None)
    return Drawn(text, keyboards.under_client(card.task, card.offer, card.state), record, protected=True)


def task_change(card: Card, change: Change, was: Shown | None, zone: str) -> Drawn:
    """Without text where nothing that was told is another one. `was` is what the technician was last told.

    Whoever has not answered yet reads the description before they do: another one alone is no reason to ring.
    """
    now = shown(card.details)
    before = was or change.before or now
    if card.state is OfferState.OPEN:
        before = replace(before, description=now.description)
    text = changes.task_changed(card.task, before, now, zone, exchanged=change.exchanged)
    return Drawn(text, record=_record(card))


def client_change(card: Card, client: ClientInfo, number: int, change: Change) -> Drawn:
    text = changes.client_changed(card.task, client, change.fields)
    record = replace(_record(card), client=number, client_version=change.version)
    return Drawn(text, record=record, protected=True)


def _record(card: Card) -> Record:
    return Record(shown(card.details), card.version)
