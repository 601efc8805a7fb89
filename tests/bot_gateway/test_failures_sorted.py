"""Telegram's failures: permanent, passing or unclear, by the texts that Telegram really sends."""

from typing import Any

import pytest
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetMe, SendMessage
from aiohttp import ClientConnectorError, ServerDisconnectedError
from aiohttp.client_reqrep import ConnectionKey

from bot_gateway.telegram.answers import MethodLacking, UnreadableAnswer, result_of, shown
from bot_gateway.telegram.troubles import Kind, mask, masked_token, sort
from shared.contract.delivery import Trouble

ME: Any = GetMe()
SEND: Any = SendMessage(chat_id=7_000_000_001, text="hello")
KEY = ConnectionKey("api.telegram.org", 443, True, True, None, None, None)
TOKEN = "4242424242:AAEdjfjfKfkf93kfdksl39fksdlf0sdflxy"


def caused(error: TelegramNetworkError, cause: BaseException) -> TelegramNetworkError:
    error.__cause__ = cause
    return error


def network() -> TelegramNetworkError:
    return TelegramNetworkError(method=ME, message="broken")


@pytest.mark.parametrize("raised", [TelegramForbiddenError, TelegramBadRequest, TelegramUnauthorizedError])
@pytest.mark.parametrize("shouted", [False, True])
@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("Forbidden: bot was blocked by the user", Trouble.BLOCKED),
        ("Error: Bot blocked by user", Trouble.BLOCKED),
        ("Bad Request: USER_IS_BLOCKED", Trouble.BLOCKED),
        ("Forbidden: bot was kicked from the group chat", Trouble.BLOCKED),
        ("Forbidden: bot was kicked from the supergroup chat", Trouble.BLOCKED),
        ("Forbidden: bot was kicked from the channel chat", Trouble.BLOCKED),
        ("Forbidden: user is deactivated", Trouble.DEACTIVATED),
        ("Bad Request: INPUT_USER_DEACTIVATED", Trouble.DEACTIVATED),
        ("Unauthorized: USER_DEACTIVATED_BAN", Trouble.DEACTIVATED),
        ("Forbidden: bot can't initiate conversation with a user", Trouble.CHAT_NOT_FOUND),
        ("Forbidden: bot can\N{RIGHT SINGLE QUOTATION MARK}t initiate conversation", Trouble.CHAT_NOT_FOUND),
        ("Bad Request: chat not found", Trouble.CHAT_NOT_FOUND),
        ("Bad Request: user not found", Trouble.CHAT_NOT_FOUND),
        ("Bad Request: PEER_ID_INVALID", Trouble.CHAT_NOT_FOUND),
        ("Bad Request: invalid user_id specified", Trouble.CHAT_NOT_FOUND),
        ("Forbidden: bot is not a member of the channel chat", Trouble.CHAT_NOT_FOUND),
        ("Forbidden: the group chat was deleted", Trouble.CHAT_NOT_FOUND),
        ("Bad Request: group chat was deactivated", Trouble.CHAT_NOT_FOUND),
        ("Bad Request: group chat was upgraded to a supergroup chat", Trouble.CHAT_NOT_FOUND),
        ("Bad Request: have no rights to send a message", Trouble.REFUSED),
        ("Bad Request: not enough rights to send text messages to the chat", Trouble.REFUSED),
        ("Bad Request: need administrator rights in the channel chat", Trouble.REFUSED),
        ("Forbidden: CHAT_WRITE_FORBIDDEN", Trouble.REFUSED),
        ("Forbidden: CHAT_SEND_PLAIN_FORBIDDEN", Trouble.REFUSED),
        ("Forbidden: CHAT_ADMIN_REQUIRED", Trouble.REFUSED),
        ("Bad Request: CHAT_RESTRICTED", Trouble.REFUSED),
        ("Forbidden: bot can't send messages to bots", Trouble.REFUSED),
    ],
)
def test_whoever_can_not_be_written_to_is_not_tried_again(
    raised: type[TelegramAPIError], shouted: bool, text: str, trouble: Trouble
) -> None:
    """Whichever status it comes with, in capitals or not."""
    found = sort(raised(SEND, text.upper() if shouted else text))
    assert (found.kind, found.trouble) == (Kind.PERMANENT, trouble)
    assert found.reason.endswith(".")


def test_a_group_that_moved_is_not_found() -> None:
    """Its new number comes with it; the bot has nothing to say there."""
    found = sort(TelegramMigrateToChat(SEND, "Bad Request: group chat was upgraded", -100))
    assert (found.kind, found.trouble) == (Kind.PERMANENT, Trouble.CHAT_NOT_FOUND)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TelegramForbiddenError(SEND, "Forbidden: something new"), Kind.AGAIN),
        (TelegramBadRequest(SEND, "Bad Request: can't parse entities: x"), Kind.PERMANENT),
        (TelegramBadRequest(SEND, "Bad Request: message is not modified: specified …"), Kind.DONE),
        (TelegramBadRequest(SEND, "Bad Request: MESSAGE_NOT_MODIFIED"), Kind.DONE),
        (TelegramBadRequest(SEND, "Bad Request: message to edit not found"), Kind.GONE),
        (TelegramBadRequest(SEND, "Bad Request: message to delete not found"), Kind.GONE),
        (TelegramBadRequest(SEND, "Bad Request: MESSAGE_ID_INVALID"), Kind.GONE),
        (TelegramBadRequest(SEND, "Bad Request: message can't be deleted for everyone"), Kind.TOO_OLD),
        (TelegramBadRequest(SEND, "Bad Request: MESSAGE_DELETE_FORBIDDEN"), Kind.TOO_OLD),
        (TelegramUnauthorizedError(SEND, "Unauthorized"), Kind.TOKEN),
        (TelegramUnauthorizedError(ME, "Unauthorized: USER_DEACTIVATED"), Kind.TOKEN),
        (TelegramNotFound(ME, "Not Found"), Kind.TOKEN),
        (MethodLacking(SEND, "http://telegram"), Kind.LACKING),
        (TelegramConflictError(ME, "Conflict: terminated by other …"), Kind.AGAIN),
        (TelegramServerError(ME, "Bad Gateway"), Kind.AGAIN),
        (TelegramEntityTooLarge(ME, "Request Entity Too Large"), Kind.PERMANENT),
        (caused(network(), ClientConnectorError(KEY, OSError(111, "refused"))), Kind.UNREACHABLE),
        (caused(network(), ServerDisconnectedError()), Kind.UNCLEAR),
        (caused(network(), TimeoutError()), Kind.UNCLEAR),
        (UnreadableAnswer(SEND, 200, "http://telegram"), Kind.UNCLEAR),
        (UnreadableAnswer(SEND, 403, "http://telegram"), Kind.AGAIN),
    ],
    ids=lambda value: str(value)[:40],
)
def test_sorted(error: Exception, kind: Kind) -> None:
    """Permanent, passing, or unclear; none of them says anything of the chat."""
    found = sort(error)
    assert (found.kind, found.trouble) == (kind, Trouble.REFUSED)
    assert found.reason


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (
            200,
            '{"ok": false, "error_code": 403, "description": "Forbidden: user is deactivated"}',
            Kind.PERMANENT,
        ),
        (403, '{"ok": false}', Kind.AGAIN),
        (429, '{"ok": false, "description": "Too Many Requests"}', Kind.WAIT),
        (429, "Slow down!", Kind.WAIT),
        (413, "<h1>413</h1>", Kind.PERMANENT),
        (502, "<h1>502</h1>", Kind.AGAIN),
        (500, '{"ok": false}', Kind.AGAIN),
        (200, "\ud83d", Kind.UNCLEAR),
        (403, "<h1>No entry</h1>", Kind.AGAIN),
        (404, '{"detail": "Not Found"}', Kind.AGAIN),
    ],
)
def test_a_refusal_needs_no_more_than_its_status(status: int, content: str, kind: Kind) -> None:
    """Whoever says it, and however briefly."""
    with pytest.raises((TelegramAPIError, UnreadableAnswer)) as caught:
        result_of(SEND, status, content, "http://telegram")
    assert sort(caught.value).kind is kind


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("https://api.telegram.org", "https://api.telegram.org"),
        ("http://me:secret@127.0.0.1:8081/telegram/", "http://127.0.0.1:8081/telegram"),
    ],
)
def test_an_address_is_told_without_what_is_secret_in_it(base: str, told: str) -> None:
    """Neither a login nor the place where the token stands."""
    assert shown(TelegramAPIServer.from_base(base).base) == told


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
