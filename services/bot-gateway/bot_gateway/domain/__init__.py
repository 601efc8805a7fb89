"""The lives of a technician, of the bot connection and of one delivery, decided without I/O.

A command asks; `decide…` answers with events or refuses; `evolve…` folds one event
into the state. Who acted, and when, is the journal's business.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from shared.contract.bot import BotConnected, BotDisconnected, BotEvent, BotRefused
from shared.contract.delivery import (
    DeliveryEvent,
    DeliveryFailed,
    DeliverySent,
    DeliveryState,
    DeliveryUnknown,
    Purpose,
)
from shared.contract.task import Status
from shared.contract.technician import (
    TechnicianAccountGone,
    TechnicianBlockedBot,
    TechnicianDeactivated,
    TechnicianDeleted,
    TechnicianEdited,
    TechnicianEvent,
    TechnicianProfileChanged,
    TechnicianReactivated,
    TechnicianRegistered,
    TechnicianReviewed,
    TechnicianUnblockedBot,
)
from shared.journal import Decider
from shared.language import _
from shared.refusal import Refused, Why
from shared.text import CONTROL, DIRECTION

# ── Technicians: what can be asked ───────────────────────────────────────────


class Profile(Struct, frozen=True):
    """A person as Telegram shows them; `profile` makes one from Telegram's fields."""

    name: str
    username: str | None = None
    language: str | None = None


class RegisterTechnician(Struct, frozen=True):
    """Start was pressed in a private chat.

    deleted_at  when they were deleted last, if ever
    """

    telegram_id: int
    profile: Profile
    deleted_at: datetime | None = None


class NoticeTechnician(Struct, frozen=True):
    """Any other contact in a private chat: they look like this now, and they can be reached."""

    profile: Profile


class NoticeBlock(Struct, frozen=True):
    """Telegram says that the technician has blocked the bot."""


class NoticeGone(Struct, frozen=True):
    """Telegram says that the technician's account is deactivated: deleted, or closed by Telegram."""


class NoticeUnblock(Struct, frozen=True):
    pass


class EditTechnician(Struct, frozen=True):
    """An empty name means Telegram's own."""

    name: str
    note: str


class ReviewTechnician(Struct, frozen=True):
    """*Keep as is*."""


class DeactivateTechnician(Struct, frozen=True):
    """*Pause*: nothing is offered to them, and the bot refuses their presses, until they are taken back."""


class ReactivateTechnician(Struct, frozen=True):
    pass


class DeleteTechnician(Struct, frozen=True):
    pass


TechnicianCommand: TypeAlias = (
    RegisterTechnician
    | NoticeTechnician
    | NoticeBlock
    | NoticeGone
    | NoticeUnblock
    | EditTechnician
    | ReviewTechnician
    | DeactivateTechnician
    | ReactivateTechnician
    | DeleteTechnician
)


# ── Technicians: what is known, and the rules ────────────────────────────────


class Standing(StrEnum):
    ABSENT = "absent"  # before the first event; never shown
    ACTIVE = "active"
    DEACTIVATED = "deactivated"  # an admin has paused their access
    DELETED = "deleted"


class Technician(Struct, frozen=True):
    standing: Standing = Standing.ABSENT
    profile: Profile = Profile("")
    name: str = ""
    note: str = ""
    blocked: bool = False
    gone: bool = False  # their Telegram account; at most one of these two
    reviewed: bool = False


def decide_technician(command: TechnicianCommand, technician: Technician) -> list[TechnicianEvent]:
    """Read top to bottom: whatever is not listed is refused."""
    match command, technician.standing:
        case RegisterTechnician(telegram_id, profile), Standing.ABSENT:
            return [TechnicianRegistered(telegram_id, profile.name, profile.username, profile.language)]
        case RegisterTechnician(telegram_id, profile, deleted_at), Standing.DELETED:
            return [
                TechnicianRegistered(
                    telegram_id, profile.name, profile.username, profile.language, True, deleted_at
                )
            ]
        case RegisterTechnician(_, profile) | NoticeTechnician(profile), (
            Standing.ACTIVE | Standing.DEACTIVATED
        ):
            return [*changed(technician.profile, profile), *healed(technician)]
        case (
            (NoticeTechnician() | NoticeBlock() | NoticeGone() | NoticeUnblock()),
            Standing.ABSENT | Standing.DELETED,
        ):
            return []
        case _, Standing.ABSENT | Standing.DELETED:
            raise Refused(_("There is no such technician."), Why.MISSING)

        case NoticeBlock(), _:
            return [] if technician.blocked else [TechnicianBlockedBot()]
        case NoticeGone(), _:
            return [] if technician.gone else [TechnicianAccountGone()]
        case NoticeUnblock(), _:
            return healed(technician)

        case EditTechnician(name, note), _:
            edited: list[TechnicianEvent] = [TechnicianEdited(name, note)]
            same = (name, note) == (technician.name, technician.note)
            return [*([] if same else edited), *reviewed(technician)]
        case ReviewTechnician(), _:
            return reviewed(technician)
        case DeactivateTechnician(), standing:
            return [TechnicianDeactivated()] if standing is Standing.ACTIVE else []
        case ReactivateTechnician(), standing:
            return [TechnicianReactivated()] if standing is Standing.DEACTIVATED else []
        case DeleteTechnician(), _:
            return [TechnicianDeleted()]
    raise Refused(_("That is not possible with this technician."))


def changed(before: Profile, now: Profile) -> list[TechnicianEvent]:
    if before == now:
        return []
    return [TechnicianProfileChanged(now.name, now.username, now.language)]


def healed(technician: Technician) -> list[TechnicianEvent]:
    """Whoever writes to the bot has not blocked it, and has an account (again)."""
    return [TechnicianUnblockedBot()] if technician.blocked or technician.gone else []


def reviewed(technician: Technician) -> list[TechnicianEvent]:
    return [] if technician.reviewed else [TechnicianReviewed()]


def evolve_technician(technician: Technician, event: TechnicianEvent) -> Technician:
    match event:
        case TechnicianRegistered(_, name, username, language):
            return Technician(Standing.ACTIVE, Profile(name, username, language))
        case TechnicianProfileChanged(name, username, language):
            return replace(technician, profile=Profile(name, username, language))
        case TechnicianEdited(name, note):
            return replace(technician, name=name, note=note)
        case TechnicianReviewed():
            return replace(technician, reviewed=True)
        case TechnicianBlockedBot():
            return replace(technician, blocked=True, gone=False)
        case TechnicianAccountGone():
            return replace(technician, blocked=False, gone=True)
        case TechnicianUnblockedBot():
            return replace(technician, blocked=False, gone=False)
        case TechnicianDeactivated():
            return replace(technician, standing=Standing.DEACTIVATED)
        case TechnicianReactivated():
            return replace(technician, standing=Standing.ACTIVE)
        case TechnicianDeleted():
            return replace(technician, standing=Standing.DELETED)
        case _:
            assert_never(event)


NAME_LENGTH = 128  # Telegram allows 64 characters each for first and last name

UNPRINTABLE = re.compile(
    rf"[{CONTROL}{DIRECTION}"
    r"\t\n\r\x80-\x9f"  # what may stand in a text, not in a name
    r"\u2028\u2029\u200b\u2060\ufeff\ufff9-\ufffb]"  # line separators, characters without width
)


def profile(telegram_id: int, name: str, username: str | None, language: str | None) -> Profile:
    """A profile in which nothing is left that could disturb the page it is shown on."""
    plain = " ".join(UNPRINTABLE.sub(" ", name).split())[:NAME_LENGTH]
    return Profile(plain or f"Technician {telegram_id}", username or None, (language or None))


# ── The bot connection ───────────────────────────────────────────────────────


class ConnectBot(Struct, frozen=True):
    """The token was checked with `getMe`, which answered this. The token itself is no part of any command."""

    bot_id: int
    username: str
    name: str


class DisconnectBot(Struct, frozen=True):
    pass


class RefuseBot(Struct, frozen=True):
    """Telegram answered 401: the token is revoked."""

    reason: str


BotCommand: TypeAlias = ConnectBot | DisconnectBot | RefuseBot


class Link(StrEnum):
    NONE = "none"
    CONNECTED = "connected"
    REFUSED = "refused"


class Bot(Struct, frozen=True):
    link: Link = Link.NONE
    bot_id: int = 0
    username: str = ""
    name: str = ""


def decide_bot(command: BotCommand, bot: Bot) -> list[BotEvent]:
    match command, bot.link:
        case ConnectBot(bot_id, username, name), _:
            return [BotConnected(bot_id, username, name)]
        case DisconnectBot(), Link.CONNECTED | Link.REFUSED:
            return [BotDisconnected(bot.username)]
        case DisconnectBot(), Link.NONE:
            raise Refused(_("No bot is connected."), Why.MISSING)
        case RefuseBot(reason), Link.CONNECTED:
            return [BotRefused(bot.username, reason)]
        case RefuseBot(), Link.NONE | Link.REFUSED:
            return []
    raise Refused(_("That is not possible with this bot."))


def evolve_bot(bot: Bot, event: BotEvent) -> Bot:
    match event:
        case BotConnected(bot_id, username, name):
            return Bot(Link.CONNECTED, bot_id, username, name)
        case BotDisconnected():
            return replace(bot, link=Link.NONE)
        case BotRefused():
            return replace(bot, link=Link.REFUSED)
        case _:
            assert_never(event)


# ── Deliveries ───────────────────────────────────────────────────────────────


class ConfirmDelivery(Struct, frozen=True):
    event: DeliverySent


class FailDelivery(Struct, frozen=True):
    event: DeliveryFailed


class DoubtDelivery(Struct, frozen=True):
    event: DeliveryUnknown


DeliveryCommand: TypeAlias = ConfirmDelivery | FailDelivery | DoubtDelivery


def decide_delivery(command: DeliveryCommand, state: DeliveryState) -> list[DeliveryEvent]:
    """A delivery ends once; what is said of it afterwards changes nothing."""
    return [command.event] if state is DeliveryState.QUEUED else []


def evolve_delivery(state: DeliveryState, event: DeliveryEvent) -> DeliveryState:
    match event:
        case DeliverySent():
            return DeliveryState.SENT
        case DeliveryFailed():
            return DeliveryState.FAILED
        case DeliveryUnknown():
            return DeliveryState.UNKNOWN
        case _:
            assert_never(event)


# ── The messages of an offer ─────────────────────────────────────────────────


class OfferState(StrEnum):
    """How an offer stands, as the technician's messages about it say."""

    OPEN = "open"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"  # the task was sent again, as a newer offer
    DELETED = "deleted"


LIVE = frozenset({OfferState.OPEN, OfferState.ACCEPTED, OfferState.IN_PROGRESS})
"""The technician may still have something to press."""

AGREED = frozenset({OfferState.ACCEPTED, OfferState.IN_PROGRESS})
"""They count on doing the work."""

PRIVATE = frozenset({Purpose.CLIENT_INFO, Purpose.INVOICE})
"""What holds data of a client, and is deleted or emptied when it is taken back."""

BY_HAND = {
    Status.ACCEPTED: OfferState.ACCEPTED,
    Status.IN_PROGRESS: OfferState.IN_PROGRESS,
    Status.COMPLETED: OfferState.COMPLETED,
}
"""A status set by an admin → what becomes of the offer; any other status ends it."""


# ── The journal's view of these rules ────────────────────────────────────────

TECHNICIANS: Decider[TechnicianCommand, Technician, TechnicianEvent] = Decider(
    "technician", Technician(), decide_technician, evolve_technician, TechnicianEvent
)
BOTS: Decider[BotCommand, Bot, BotEvent] = Decider("bot", Bot(), decide_bot, evolve_bot, BotEvent)
DELIVERIES: Decider[DeliveryCommand, DeliveryState, DeliveryEvent] = Decider(
    "delivery", DeliveryState.QUEUED, decide_delivery, evolve_delivery, DeliveryEvent
)
BOT = "main"  # there is one bot; its stream is `bot.main`
