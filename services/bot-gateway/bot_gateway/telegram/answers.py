"""What is read of an answer of the Bot API: whether it is one, why not, and the few fields of it that are used.

`ask` is for whoever needs something of it; of any other answer only that it came well is read.
"""

import re
from http import HTTPStatus
from math import ceil
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiogram
import msgspec
from aiogram.exceptions import (
    AiogramError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod
from msgspec import Raw, Struct

A = TypeVar("A")

WAIT = 5
"""Seconds, where a server asks to wait and does not say how long."""


class Parameters(Struct, frozen=True):
    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class Answer(Struct, frozen=True):
    """Bot API, Making requests: `ok`, and then `result` or else the rest."""

    ok: bool
    result: Raw = Raw(b"null")
    description: str | None = None
    error_code: int | None = None
    parameters: Parameters | None = None


class Sent(Struct, frozen=True):
    """Of a message that was sent."""

    message_id: int


class WebhookInfo(Struct, frozen=True):
    """
    last_error_date  seconds since 1970
    """

    url: str = ""
    pending_update_count: int = 0
    last_error_date: float | None = None
    last_error_message: str | None = None


class UnreadableAnswer(AiogramError):
    """It came, and is not what the Bot API describes.

    address  whose answer it is, without anything secret
    """

    def __init__(self, method: TelegramMethod[Any], status: int, address: str) -> None:
        super().__init__(f"HTTP {status} of {address} can't be read")
        self.method = method
        self.status = status
        self.address = address


class MethodLacking(AiogramError):
    """The server at this address accepts the token and does not know the method."""

    def __init__(self, method: TelegramMethod[Any], address: str) -> None:
        super().__init__(f"{address} does not know {method.__api_method__}")
        self.method = method
        self.address = address


_ANSWER = msgspec.json.Decoder(Answer)

_FAILURES: dict[int, type[TelegramAPIError]] = {
    HTTPStatus.BAD_REQUEST: TelegramBadRequest,
    HTTPStatus.UNAUTHORIZED: TelegramUnauthorizedError,
    HTTPStatus.FORBIDDEN: TelegramForbiddenError,
    HTTPStatus.NOT_FOUND: TelegramNotFound,
    HTTPStatus.METHOD_NOT_ALLOWED: TelegramNotFound,
    HTTPStatus.NOT_IMPLEMENTED: TelegramNotFound,
    HTTPStatus.CONFLICT: TelegramConflictError,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TelegramEntityTooLarge,
}
_BY_STATUS = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.TOO_MANY_REQUESTS})
"""A proxy may say these, in words of its own, before the request has reached the Bot API."""
_NOT_THERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
_NO_SUCH_METHOD = re.compile(
    r"\bmethod\b.*\b(not found|not implemented|unknown|unsupported|not supported)", re.IGNORECASE
)


def result_of(method: TelegramMethod[Any], status: int, content: str, address: str) -> Raw:
    """The `result`, not looked into yet; raises what went wrong as aiogram's errors, or UnreadableAnswer."""
    try:
        answer = _ANSWER.decode(content)
    except (msgspec.DecodeError, UnicodeEncodeError):
        broken = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _NOT_THERE
        if not broken and status not in _BY_STATUS:
            raise UnreadableAnswer(method, status, address) from None
        answer = Answer(ok=False, description=f"HTTP {status}")
    if answer.ok and status < HTTPStatus.MULTIPLE_CHOICES:
        return answer.result
    raise _failure(method, status, answer)


def _failure(method: TelegramMethod[Any], status: int, answer: Answer) -> TelegramAPIError:
    code = answer.error_code or status
    told = answer.description or f"HTTP {code}"
    more = answer.parameters or Parameters()
    if more.retry_after or code == HTTPStatus.TOO_MANY_REQUESTS:
        return TelegramRetryAfter(method, told, ceil(more.retry_after or WAIT))
    if more.migrate_to_chat_id:
        return TelegramMigrateToChat(method, told, more.migrate_to_chat_id)
    if kind := _FAILURES.get(code):
        return kind(method, told)
    return (TelegramServerError if code >= HTTPStatus.INTERNAL_SERVER_ERROR else TelegramAPIError)(
        method, told
    )


def may_lack(error: Exception) -> bool:
    """Whether the server may not know the method; a 404 is also what it says of a token that it does not know."""
    match error:
        case TelegramNotFound():
            return True
        case UnreadableAnswer(status=status):
            return status in _NOT_THERE
        case TelegramAPIError():
            return _NO_SUCH_METHOD.search(error.message) is not None
        case _:
            return False


async def ask(bot: aiogram.Bot, method: TelegramMethod[Any], kind: type[A], timeout: int | None = None) -> A:
    """What is needed of the answer; raises UnreadableAnswer where it lacks that."""
    return read(bot, method, await bot(method, request_timeout=timeout), kind)


def read(bot: aiogram.Bot, method: TelegramMethod[Any], result: Raw, kind: type[A]) -> A:
    try:
        return msgspec.json.decode(result, type=kind)
    except msgspec.DecodeError:
        raise UnreadableAnswer(method, HTTPStatus.OK, address_of(bot)) from None


def address_of(bot: aiogram.Bot) -> str:
    return shown(bot.session.api.base)


def shown(address: str) -> str:
    """Where the Bot API is, without a token, a login or a password that its address may hold."""
    parts = urlsplit(address.partition("/bot{token}")[0])
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
