"""The rules of the bot connection and of one delivery."""

import pytest

from bot_gateway.domain import (
    BOTS,
    Bot,
    BotCommand,
    ConfirmDelivery,
    ConnectBot,
    DeliveryCommand,
    DisconnectBot,
    DoubtDelivery,
    FailDelivery,
    RefuseBot,
    decide_bot,
    decide_delivery,
    evolve_bot,
    evolve_delivery,
)
from shared.contract.bot import BotConnected, BotDisconnected, BotEvent, BotRefused
from shared.contract.delivery import (
    DeliveryFailed,
    DeliverySent,
    DeliveryState,
    DeliveryUnknown,
    Purpose,
    Trouble,
)
from shared.refusal import Refused
from tests.bot_gateway.examples import YASMIN

CONNECTED = BotConnected(42, "callout_bot", "Callout")
CONNECT = ConnectBot(42, "callout_bot", "Callout")
REFUSED = BotRefused("callout_bot", "Unauthorized")


def bot_after(*events: BotEvent) -> Bot:
    bot = BOTS.initial
    for event in events:
        bot = evolve_bot(bot, event)
    return bot


@pytest.mark.parametrize(
    ("given", "when", "then"),
    [
        ([], CONNECT, [CONNECTED]),
        ([CONNECTED], CONNECT, [CONNECTED]),
        ([CONNECTED], ConnectBot(43, "other_bot", "Other"), [BotConnected(43, "other_bot", "Other")]),
        ([CONNECTED], DisconnectBot(), [BotDisconnected("callout_bot")]),
        ([CONNECTED, REFUSED], DisconnectBot(), [BotDisconnected("callout_bot")]),
        ([CONNECTED], RefuseBot("Unauthorized"), [REFUSED]),
        ([CONNECTED, REFUSED], RefuseBot("Unauthorized"), []),
        ([CONNECTED, BotDisconnected("callout_bot")], RefuseBot("Unauthorized"), []),
        ([CONNECTED, REFUSED], CONNECT, [CONNECTED]),
    ],
    ids=[
        "connect",
        "a new token of the same bot",
        "another bot",
        "disconnect",
        "disconnect a refused one",
        "refused",
        "refused is told once",
        "refused after it was removed",
        "a new token heals",
    ],
)
def test_bot(given: list[BotEvent], when: BotCommand, then: list[BotEvent]) -> None:
    """Each row's name says what it shows."""
    assert decide_bot(when, bot_after(*given)) == then


def test_without_a_bot_there_is_nothing_to_disconnect() -> None:
    """Refused, and no event."""
    with pytest.raises(Refused, match="No bot is connected"):
        decide_bot(DisconnectBot(), bot_after())


SENT = DeliverySent(Purpose.TASK_INFO, YASMIN, 17, task=1042, offer=1)
FAILED = DeliveryFailed(Purpose.TASK_INFO, YASMIN, Trouble.BLOCKED, "blocked", task=1042, offer=1)
UNKNOWN = DeliveryUnknown(Purpose.TASK_INFO, YASMIN, task=1042, offer=1)
ENDINGS: list[DeliveryCommand] = [ConfirmDelivery(SENT), FailDelivery(FAILED), DoubtDelivery(UNKNOWN)]


@pytest.mark.parametrize("first", ENDINGS, ids=["sent", "failed", "unknown"])
@pytest.mark.parametrize("second", ENDINGS, ids=["sent", "failed", "unknown"])
def test_a_delivery_ends_once(first: DeliveryCommand, second: DeliveryCommand) -> None:
    """Whatever is said of it afterwards, for instance by a replica that was given up for dead, changes nothing."""
    assert decide_delivery(first, DeliveryState.QUEUED) == [first.event]
    ended = evolve_delivery(DeliveryState.QUEUED, first.event)
    assert decide_delivery(second, ended) == []
