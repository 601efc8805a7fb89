"""What others hear of a technician: one stream for each Telegram user id."""

from datetime import datetime
from typing import TypeAlias

from .event import Event


class TechnicianRegistered(Event):
    """Start was pressed for the first time, or again after a deletion.

    telegram_id  64 bits, from Telegram's `User.id`
    username     without the @, or None
    language     Telegram's IETF tag, or None
    returned     they had been deleted, and are nobody's technician again until somebody keeps them
    deleted_at   when that was, where they returned
    """

    telegram_id: int
    name: str
    username: str | None = None
    language: str | None = None
    returned: bool = False
    deleted_at: datetime | None = None


class TechnicianProfileChanged(Event):
    """Telegram showed another name, username or language at the last contact."""

    name: str
    username: str | None = None
    language: str | None = None


class TechnicianEdited(Event):
    """An admin gave the name that this team uses, or a note. An empty name means Telegram's own."""

    name: str
    note: str = ""


class TechnicianReviewed(Event):
    """*Keep as is* was pressed, the record was edited, or something was sent to them: no longer new to the admins."""


class TechnicianBlockedBot(Event):
    pass


class TechnicianAccountGone(Event):
    """Telegram says that the account was deleted or closed."""


class TechnicianUnblockedBot(Event):
    """They can be reached again, whichever of the two kept messages away."""


class TechnicianDeactivated(Event):
    pass


class TechnicianReactivated(Event):
    pass


class TechnicianDeleted(Event):
    pass


TechnicianEvent: TypeAlias = (
    TechnicianRegistered
    | TechnicianProfileChanged
    | TechnicianEdited
    | TechnicianReviewed
    | TechnicianBlockedBot
    | TechnicianAccountGone
    | TechnicianUnblockedBot
    | TechnicianDeactivated
    | TechnicianReactivated
    | TechnicianDeleted
)


def profile_link(telegram_id: int, username: str | None) -> str:
    """Opens the person in Telegram; without a username only apps that know the user can follow it."""
    return f"https://t.me/{username}" if username else f"tg://user?id={telegram_id}"
