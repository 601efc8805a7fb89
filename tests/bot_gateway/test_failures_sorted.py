"""Telegram's failures: permanent, passing or unclear, by the texts that Telegram really sends."""

from typing import Any

import pytest
from aiogram.exceptions import (
    ClientDecodeError,
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
from aiogram.methods import GetMe
from aiohttp import ClientConnectorError, ServerDisconnectedError
from aiohttp.client_reqrep import ConnectionKey

from bot_gateway.telegram.troubles import Kind, mask, masked_token, sort
from shared.contract.delivery import Trouble

ME: Any = GetMe()
KEY = ConnectionKey("api.telegram.org", 443, True, True, None, None, None)
TOKEN = "4242424242:AAEdjfjfKfkf93kfdksl39fksdlf0sdflxy"


def caused(error: TelegramNetworkError, cause: BaseException) -> TelegramNetworkError:
    error.__cause__ = cause
    return error


def network() -> TelegramNetworkError:
    return TelegramNetworkError(method=ME, message="broken")


@pytest.mark.parametrize(
    ("error", "kind", "trouble"),
    [
        (
            TelegramForbiddenError(ME, "Forbidden: bot was blocked by the user"),
            Kind.PERMANENT,
            Trouble.BLOCKED,
        ),
        (TelegramForbiddenError(ME, "Forbidden: user is deactivated"), Kind.PERMANENT, Trouble.DEACTIVATED),
        (
            TelegramForbiddenError(ME, "Forbidden: bot can't initiate conversation with a user"),
            Kind.PERMANENT,
            Trouble.CHAT_NOT_FOUND,
        ),
        (TelegramForbiddenError(ME, "Forbidden: something new"), Kind.AGAIN, Trouble.REFUSED),
        (TelegramBadRequest(ME, "Bad Request: chat not found"), Kind.PERMANENT, Trouble.CHAT_NOT_FOUND),
        (TelegramBadRequest(ME, "Bad Request: can't parse entities: x"), Kind.PERMANENT, Trouble.REFUSED),
        (
            TelegramBadRequest(ME, "Bad Request: message is not modified: specified …"),
            Kind.DONE,
            Trouble.REFUSED,
        ),
        (TelegramBadRequest(ME, "Bad Request: message to edit not found"), Kind.GONE, Trouble.REFUSED),
        (TelegramBadRequest(ME, "Bad Request: message to delete not found"), Kind.GONE, Trouble.REFUSED),
        (
            TelegramBadRequest(ME, "Bad Request: message can't be deleted for everyone"),
            Kind.TOO_OLD,
            Trouble.REFUSED,
        ),
        (TelegramUnauthorizedError(ME, "Unauthorized"), Kind.TOKEN, Trouble.REFUSED),
        (TelegramNotFound(ME, "Not Found"), Kind.TOKEN, Trouble.REFUSED),
        (TelegramConflictError(ME, "Conflict: terminated by other …"), Kind.AGAIN, Trouble.REFUSED),
        (TelegramServerError(ME, "Bad Gateway"), Kind.AGAIN, Trouble.REFUSED),
        (TelegramEntityTooLarge(ME, "Request Entity Too Large"), Kind.PERMANENT, Trouble.REFUSED),
        (
            caused(network(), ClientConnectorError(KEY, OSError(111, "refused"))),
            Kind.UNREACHABLE,
            Trouble.REFUSED,
        ),
        (caused(network(), ServerDisconnectedError()), Kind.UNCLEAR, Trouble.REFUSED),
        (caused(network(), TimeoutError()), Kind.UNCLEAR, Trouble.REFUSED),
        (ClientDecodeError("Failed", ValueError(), "<html>"), Kind.UNCLEAR, Trouble.REFUSED),
    ],
    ids=lambda value: str(value)[:40] if not isinstance(value, Kind | Trouble) else value.value,
)
def test_sorted(error: Exception, kind: Kind, trouble: Trouble) -> None:
    """One table for all of them."""
    found = sort(error)
    assert (found.kind, found.trouble) == (kind, trouble)
    assert found.reason


def test_a_wait_is_as_long_as_telegram_says() -> None:
    """429 carries `retry_after`."""
    found = sort(TelegramRetryAfter(ME, "Too Many Requests: retry after 17", 17))
    assert (found.kind, found.seconds) == (Kind.WAIT, 17)


def test_what_is_no_answer_of_telegram_is_not_sorted() -> None:
    """A fault of ours must not look like Telegram's."""
    with pytest.raises(KeyError):
        sort(KeyError("ours"))


def test_no_reason_holds_the_token() -> None:
    """Addresses in errors do."""
    error = TelegramBadRequest(ME, f"Bad Request: https://api.telegram.org/bot{TOKEN}/getMe")
    assert TOKEN not in sort(error).reason
    assert TOKEN.partition(":")[2] not in mask(f"cannot connect to /bot{TOKEN}/sendMessage")


def test_a_token_is_shown_masked() -> None:
    """Enough to tell two apart, too little to use."""
    assert masked_token(TOKEN) == "4242…:AAE…xy"
