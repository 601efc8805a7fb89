"""A technician's open tasks in one message, in order of time, with a button for each; nothing of a client."""

from bot_gateway.domain import OfferState
from bot_gateway.views import Card
from shared.language import N_, _

from .keyboards import Keyboard, under_summary
from .messages import NO_TASKS, NO_TIME, apart, chunks, cut, line_of, numbered, when

SUMMARY = N_("📋 <b>Your open tasks</b>")
NOT_OPEN = N_("This task is no longer open for you.")
SIGNS = {OfferState.OPEN: "🆕", OfferState.ACCEPTED: "✅", OfferState.IN_PROGRESS: "🔧"}


def summary(cards: list[Card], zone: str, most: int | None = None) -> tuple[list[str], Keyboard]:
    if not cards:
        return [_(NO_TASKS)], []
    text = chunks([_(SUMMARY), *(_entry(card, zone) for card in cards)], most)
    return text, under_summary([(card.task, card.offer, _label(card)) for card in cards])


def _entry(card: Card, zone: str) -> str:
    details = card.details
    at = when(details.scheduled_at, zone) if details.scheduled_at else _(NO_TIME)
    area = f" · {apart(line_of(details.area, 60))}" if details.area else ""
    title = f"<b>{apart(line_of(details.title, 80))}</b>"
    return f"\n{SIGNS[card.state]} {numbered(card.task)} {title}\n🕒 {at}{area}"


def _label(card: Card) -> str:
    """As much of it as fits on a phone."""
    return f"{SIGNS[card.state]} {numbered(card.task)} {apart(cut(' '.join(card.details.title.split()), 32))}"
