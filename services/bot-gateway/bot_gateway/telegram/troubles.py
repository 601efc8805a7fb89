"""What a failed call of the Bot API means: sorted in one place into permanent, passing and unclear.

Telegram's texts are matched as parts, in capitals or not, since it documents none of them.
"""

import re
from enum import StrEnum
from http import HTTPStatus

from aiogram.exceptions import (
    TelegramAPIError,
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
from shared.sentences import lacking, unreadable

from .answers import MethodLacking, UnreadableAnswer


class Kind(StrEnum):
    DONE = "done"  # it is already as it should be
    GONE = "gone"  # the message is not there any more
    TOO_OLD = "too_old"  # can't be deleted or edited any more
    WAIT = "wait"  # 429: after `seconds`; no try is spent
    AGAIN = "again"  # nothing was sent; a try is spent
    UNREACHABLE = "unreachable"  # Telegram was not reached; no try is spent
    UNCLEAR = "unclear"  # it may have been sent
    TOKEN = "token"  # noqa: S105 - the token is not accepted
    LACKING = "lacking"  # the server does not know the method
    PERMANENT = "permanent"


class Mishap(Struct, frozen=True):
    """reason is a sentence without secrets, in English until it is read; seconds is what Telegram asked to wait."""

    kind: Kind
    reason: str
    trouble: Trouble = Trouble.REFUSED
    seconds: int = 0


# What Telegram says of a chat, in the words of its Bot API server, or as its servers call the error (some
# implementations pass that on): each permanent, whichever status it comes with.
CHAT: tuple[tuple[tuple[str, ...], Trouble, str], ...] = (
    (
        ("bot was blocked", "blocked by the user", "blocked by user", "user_is_blocked"),
        Trouble.BLOCKED,
        N_("The technician has blocked the bot."),
    ),
    (("bot was kicked",), Trouble.BLOCKED, N_("The bot was removed from this chat.")),
    (
        (
            "user is deactivated",
            "user_deactivated",
            "user is deleted",
            "user was deleted",
            "account was deleted",
        ),
        Trouble.DEACTIVATED,
        N_("The technician's Telegram account no longer exists."),
    ),
    (
        ("can't initiate conversation", "cannot initiate conversation"),
        Trouble.CHAT_NOT_FOUND,
        N_("The technician has not pressed Start in this bot yet."),
    ),
    (
        (
            *("chat not found", "user not found", "peer_id_invalid", "chat_id_invalid", "user_id_invalid"),
            *("chat_invalid", "channel_invalid", "channel_private", "invalid user_id", "bot is not a member"),
            *("chat was deleted", "chat was deactivated", "chat is deactivated", "group is deactivated"),
            *("upgraded to a supergroup", "migrated to a supergroup", "user_not_participant"),
        ),
        Trouble.CHAT_NOT_FOUND,
        N_("Telegram does not know this chat: the technician must press Start in this bot."),
    ),
    (
        (
            *("no rights to send", "not enough rights", "need administrator rights", "chat_admin_required"),
            *("_forbidden", "chat_restricted", "user_restricted", "user is restricted"),
            *("can't send messages to", "cannot send messages to", "privacy_restricted", "premium_required"),
            *("user_banned_in_channel", "topic_closed", "user_is_bot"),
        ),
        Trouble.REFUSED,
        N_("Telegram does not let the bot write into this chat."),
    ),
)
MESSAGE = (
    ("message is not modified", Kind.DONE),
    ("message_not_modified", Kind.DONE),
    ("message to edit not found", Kind.GONE),
    ("message to delete not found", Kind.GONE),
    ("message not found", Kind.GONE),
    ("message_id_invalid", Kind.GONE),
    ("message can't be deleted", Kind.TOO_OLD),
    ("message_delete_forbidden", Kind.TOO_OLD),
    ("message can't be edited", Kind.TOO_OLD),
    ("message_edit_time_expired", Kind.TOO_OLD),
)


def sort(error: Exception) -> Mishap:
    """The meaning of an error that aiogram, or the reading of an answer, raised.

    Sources: Bot API, "Making requests" and ResponseParameters; Bots FAQ on limits; the texts as TDLib's
    Bot API server writes them.
    """
    match error:
        case TelegramRetryAfter():
            return Mishap(Kind.WAIT, N_("Telegram asks to wait."), seconds=max(1, error.retry_after))
        case MethodLacking():
            return Mishap(Kind.LACKING, lacking(error.address, error.method.__api_method__))
        case UnreadableAnswer():
            # What a message was answered with is no word on whether it arrived; a refusal says that it did not.
            kind = Kind.UNCLEAR if error.status < HTTPStatus.MULTIPLE_CHOICES else Kind.AGAIN
            return Mishap(kind, unreadable(error.address))
        case TelegramEntityTooLarge():
            return Mishap(Kind.PERMANENT, N_("The document is too large for Telegram."))
        case TelegramConflictError() | TelegramServerError():
            return Mishap(Kind.AGAIN, mask(error.message))
        case TelegramNetworkError() if isinstance(
            error.__cause__, ClientConnectorError | ConnectionTimeoutError
        ):
            return Mishap(Kind.UNREACHABLE, N_("Telegram can't be reached."))
        case TelegramNetworkError() | TimeoutError() | OSError():
            return Mishap(Kind.UNCLEAR, N_("The connection to Telegram broke before it answered."))
        case TelegramAPIError():
            return _refusal(error)
        case _:
            raise error


def _refusal(error: TelegramAPIError) -> Mishap:
    told = error.message.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    for text, kind in MESSAGE:
        if text in told:
            return Mishap(kind, mask(error.message))
    for texts, trouble, sentence in CHAT if hasattr(error.method, "chat_id") else ():
        if any(text in told for text in texts):
            return Mishap(Kind.PERMANENT, sentence, trouble)
    match error:
        case TelegramUnauthorizedError() | TelegramNotFound():
            # A well-formed token that is revoked gives 401, any other 404; see `Line.call` for a 404 of a method.
            return Mishap(Kind.TOKEN, mask(error.message))
        case TelegramForbiddenError():
            return Mishap(Kind.AGAIN, mask(error.message))
        case _:
            return Mishap(Kind.PERMANENT, mask(error.message))


def mask(text: str) -> str:
    """No token survives this, whatever an exception or an address holds."""
    return re.sub(r"(?<!\d)\d+:[A-Za-z0-9_-]{16,}", "…", text)


def masked_token(token: str) -> str:
    """`4242…:AAE…xy`: enough to tell two tokens apart, too little to use."""
    number, _, secret = token.partition(":")
    return f"{number[:4]}…:{secret[:3]}…{secret[-2:]}"
