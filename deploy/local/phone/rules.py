"""Telegram's rules as they bite a bot, without I/O.

The texts are Telegram's own, because programs match on them. Where Telegram's documentation leaves a
figure open ("a short burst"), the figure here is on the strict side, and a setting.
"""

import json
import math
import re
from typing import Any, Final

from msgspec import Struct

Json = dict[str, Any]

TEXT_LIMIT: Final = 4096  # Bot API, sendMessage: "1-4096 characters after entities parsing"
CAPTION_LIMIT: Final = 1024  # Bot API, sendDocument: "0-1024 characters after entities parsing"
BUTTON_LIMIT: Final = 100  # more than this and Telegram refuses the keyboard
ANSWER_LIMIT: Final = 200  # Bot API, answerCallbackQuery: "0-200 characters"

ANONYMOUS: Final = (
    "Unauthorized: this is the practice phone and knows only its own bot; "
    "to connect a real bot start Callout with CALLOUT_TELEGRAM_API=https://api.telegram.org"
)
OTHER_POLLER: Final = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
WEBHOOK_SET: Final = "Conflict: terminated by setWebhook request"
WEBHOOK_ACTIVE: Final = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
NOT_MODIFIED: Final = (
    "Bad Request: message is not modified: specified new message content and reply markup "
    "are exactly the same as a current content and reply markup of the message"
)
QUERY_TOO_OLD: Final = "Bad Request: query is too old and response timeout expired or query ID is invalid"


class Limits(Struct, frozen=True):
    """How much Telegram puts up with. The defaults are Telegram's; tests turn them down."""

    chat_per_second: float = 1.0  # Bots FAQ: "avoid sending more than one message per second"
    chat_burst: int = 5  # Bots FAQ: "we may allow short bursts that go over this limit"
    group_per_minute: float = 20.0  # Bots FAQ: "more than 20 messages per minute to the same group"
    all_per_second: float = 30.0  # Bots FAQ: "about 30 messages per second"
    document_bytes: int = 50_000_000  # Bot API, sendDocument: "files of any type of up to 50 MB"
    answer_seconds: float = 60.0  # how long a tap can be answered; Telegram keeps its figure to itself
    delete_hours: float = 48.0  # Bot API, deleteMessage: "less than 48 hours ago"
    keep_hours: float = 24.0  # Bot API, "Getting updates": "not kept longer than 24 hours"
    webhook_retry_seconds: float = 1.0  # the first wait after a failed delivery; it doubles up to a minute


LIFTED: Final = Limits(chat_per_second=1e6, group_per_minute=1e6, all_per_second=1e6)
"""For a bot that is in a hurry: as many messages as it likes. All other rules stay."""


class Refusal(Exception):
    """Telegram says no: an HTTP code, its own text, and for 429 the seconds to wait."""

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    @property
    def answer(self) -> Json:
        answer: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            answer["parameters"] = {"retry_after": self.retry_after}
        return answer


def bad_request(reason: str) -> Refusal:
    return Refusal(400, f"Bad Request: {reason}")


def unreadable(reason: str) -> Refusal:
    return bad_request(f"can't parse InputMedia: {reason}")


def forbidden(reason: str) -> Refusal:
    return Refusal(403, f"Forbidden: {reason}")


def too_many(seconds: float) -> Refusal:
    wait = max(1, math.ceil(seconds))
    return Refusal(429, f"Too Many Requests: retry after {wait}", wait)


class Meter:
    """Counts messages against the limits: each chat, each group, and all together.

    Every limit is one figure, the moment at which it would be as if nothing had been sent (GCRA).
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._quiet_at: dict[int, float] = {}

    def take(self, chat: int, now: float) -> float:
        """Count one new message to `chat`; answers 0, or the seconds to wait, and then counts nothing."""
        limits = self._limits
        if chat < 0:
            own = (chat, 60 / limits.group_per_minute, int(limits.group_per_minute))
        else:
            own = (chat, 1 / limits.chat_per_second, limits.chat_burst)
        return self._take(now, own, self._everyone)

    def take_edit(self, now: float) -> float:
        """Count one edit: Telegram's figure for each chat is about new messages, the one for all is not."""
        return self._take(now, self._everyone)

    @property
    def _everyone(self) -> tuple[int, float, int]:
        return 0, 1 / self._limits.all_per_second, max(1, int(self._limits.all_per_second))

    def _take(self, now: float, *counted: tuple[int, float, int]) -> float:
        quiet = {key: max(self._quiet_at.get(key, 0), now) for key, _, _ in counted}
        wait = max(quiet[key] - now - (burst - 1) * every for key, every, burst in counted)
        if wait > 1e-9:  # rounding
            return wait
        for key, every, _ in counted:
            self._quiet_at[key] = quiet[key] + every
        return 0


def utf16_length(text: str) -> int:
    """Telegram counts in UTF-16 code units (Bot API, MessageEntity: "offset in UTF-16 code units")."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def tidy(text: str) -> str:
    """As Telegram takes a text in: no carriage returns, and a blank for every other control character."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]", " ", text.replace("\r", ""))


def clean(text: str) -> str:
    return tidy(text).strip()


def check_length(text: str, *, caption: bool) -> None:
    if caption and utf16_length(text) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    if not caption and utf16_length(text) > TEXT_LIMIT:
        raise bad_request("message is too long")


def reply_markup(raw: object) -> Json | None:
    """A keyboard as it will be kept, or the refusal that Telegram would give."""
    if raw in (None, "", b""):
        return None
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except ValueError:
            raise bad_request("can't parse reply keyboard markup JSON object") from None
    if not isinstance(raw, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in raw:
        rows = [[_inline_button(button) for button in row] for row in _rows(raw["inline_keyboard"])]
        rows = [row for row in rows if row]
        return {"inline_keyboard": rows} if rows else None
    if "keyboard" in raw:
        return {
            **raw,
            "keyboard": [[_reply_button(button) for button in row] for row in _rows(raw["keyboard"])],
        }
    if raw.get("force_reply") or raw.get("remove_keyboard"):
        return raw
    raise bad_request("can't parse reply keyboard markup JSON object")


def _rows(raw: object) -> list[list[Any]]:
    if not isinstance(raw, list) or not all(isinstance(row, list) for row in raw):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup should be an Array of Arrays')
    if sum(map(len, raw)) > BUTTON_LIMIT:
        raise bad_request("reply markup is too long")
    return raw


def _inline_button(button: object) -> Json:
    if not isinstance(button, dict):
        raise bad_request("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    kept = {key: value for key, value in button.items() if value is not None}
    if not isinstance(kept.get("text"), str) or not kept["text"].strip():
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    if "callback_data" in kept:
        data = kept["callback_data"]
        if not isinstance(data, str) or not 1 <= len(data.encode()) <= 64:
            raise bad_request("BUTTON_DATA_INVALID")
    elif "url" in kept:
        if not re.fullmatch(r"(https?|tg)://\S+", str(kept["url"])):
            raise bad_request(f"inline keyboard button URL '{kept['url']}' is invalid: Wrong HTTP URL")
    elif len(kept) == 1:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    return kept


def _reply_button(button: object) -> Json:
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad_request("can't parse keyboard button: KeyboardButton must be an Object")
    return button


def commands(raw: object) -> list[Json]:
    """The list of setMyCommands (Bot API, BotCommand)."""
    try:
        listed = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        listed = None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise bad_request("can't parse commands: expected an Array of BotCommand")
    if len(listed) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for one in listed:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(one.get("command", "")).removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(one.get("description", ""))) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return [
        {"command": str(one["command"]).removeprefix("/"), "description": one["description"]}
        for one in listed
    ]


def webhook_url(raw: str) -> str:
    """HTTPS as Telegram wants it; plain HTTP only to this machine, which Telegram could not reach."""
    if re.fullmatch(r"https://\S+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/\S*)?", raw):
        return raw
    raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")


def webhook_secret(raw: str) -> str:
    if raw and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", raw):
        raise bad_request("secret token contains unallowed characters")
    return raw
