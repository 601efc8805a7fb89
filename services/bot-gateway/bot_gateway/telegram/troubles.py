"""What a failed call of the Bot API means: sorted in one place into permanent, passing and unclear.

Telegram's texts are matched as prefixes or parts, since it documents none of them.
"""

import re
from enum import StrEnum

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiohttp import ClientConnectorError, ConnectionTimeoutError
from msgspec import Struct

from shared.contract.delivery import Trouble
from shared.language import N_


class Kind(StrEnum):
    DONE = "done"  # it is already as it should be
    GONE = "gone"  # the message is not there any more
    TOO_OLD = "too_old"  # can't be deleted or edited any more
    WAIT = "wait"  # 429: after `seconds`; no try is spent
    AGAIN = "again"  # nothing was sent; a try is spent
    UNREACHABLE = "unreachable"  # Telegram was not reached; no try is spent
    UNCLEAR = "unclear"  # it may have been sent
    TOKEN = "token"  # noqa: S105 - the token is not accepted
    PERMANENT = "permanent"


class Mishap(Struct, frozen=True):
    """reason is a sentence without secrets, in English until it is read; seconds is what Telegram asked to wait."""

    kind: Kind
    reason: str
    trouble: Trouble = Trouble.REFUSED
    seconds: int = 0


FORBIDDEN = (
    ("bot was blocked by the user", Trouble.BLOCKED, N_("The technician has blocked the bot.")),
    ("user is deactivated", Trouble.DEACTIVATED, N_("The technician's Telegram account no longer exists.")),
    (
        "bot can't initiate conversation",
        Trouble.CHAT_NOT_FOUND,
        N_("The technician has not pressed Start in this bot yet."),
    ),
)
BAD_REQUEST = (
    ("message is not modified", Kind.DONE),
    ("message to edit not found", Kind.GONE),
    ("message to delete not found", Kind.GONE),
    ("message_id_invalid", Kind.GONE),
    ("message can't be deleted", Kind.TOO_OLD),
    ("message can't be edited", Kind.TOO_OLD),
)


def sort(error: Exception) -> Mishap:
    """The meaning of an error that aiogram raised.

    Sources: Bot API, "Making requests" and ResponseParameters; Bots FAQ on limits; the texts as TDLib's
    Bot API server writes them.
    """
    match error:
        case TelegramRetryAfter():
            return Mishap(Kind.WAIT, N_("Telegram asks to wait."), seconds=max(1, error.retry_after))
        case TelegramUnauthorizedError() | TelegramNotFound():
            # A well-formed token that is revoked gives 401, any other 404.
            return Mishap(Kind.TOKEN, mask(error.message))
        case TelegramForbiddenError():
            for text, trouble, sentence in FORBIDDEN:
                if text in error.message.lower():
                    return Mishap(Kind.PERMANENT, sentence, trouble)
            return Mishap(Kind.AGAIN, mask(error.message))
        case TelegramBadRequest():
            told = error.message.lower()
            for text, kind in BAD_REQUEST:
                if text in told:
                    return Mishap(kind, mask(error.message))
            if "chat not found" in told:
                return Mishap(
                    Kind.PERMANENT,
                    N_("Telegram does not know this chat: the technician must press Start in this bot."),
                    Trouble.CHAT_NOT_FOUND,
                )
            return Mishap(Kind.PERMANENT, mask(error.message))
        case TelegramEntityTooLarge():
            return Mishap(Kind.PERMANENT, N_("The document is too large for Telegram."))
        case TelegramConflictError() | TelegramServerError():
            return Mishap(Kind.AGAIN, mask(error.message))
        case TelegramNetworkError() if isinstance(
            error.__cause__, ClientConnectorError | ConnectionTimeoutError
        ):
            return Mishap(Kind.UNREACHABLE, N_("Telegram can't be reached."))
        case TelegramNetworkError() | ClientDecodeError() | TimeoutError() | OSError():
            return Mishap(Kind.UNCLEAR, N_("The connection to Telegram broke before it answered."))
        case TelegramAPIError():
            return Mishap(Kind.PERMANENT, mask(error.message))
        case _:
            raise error


def mask(text: str) -> str:
    """No token survives this, whatever an exception or an address holds."""
    return re.sub(r"(?<!\d)\d+:[A-Za-z0-9_-]{16,}", "…", text)


def masked_token(token: str) -> str:
    """`4242…:AAE…xy`: enough to tell two tokens apart, too little to use."""
    number, _, secret = token.partition(":")
    return f"{number[:4]}…:{secret[:3]}…{secret[-2:]}"
