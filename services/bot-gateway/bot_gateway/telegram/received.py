"""What is read of an update, and so what is kept of it: these fields, and nothing that a message of ours said.

With a press Telegram sends the message that the button is under, with a reply the one that is answered: a
client's data would come back that way. A field or kind that is not named here is never looked at, so that one
that Telegram adds, or another server leaves out, is in nobody's way.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from msgspec import Struct, field

from shared.numbers import BIGGEST


class Unreadable(Exception):
    """Something lacks what is needed of it; the sentence says where, and quotes nothing of it."""


class User(Struct, frozen=True, omit_defaults=True):
    id: int
    is_bot: bool | None = None
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None

    @property
    def full_name(self) -> str:
        return " ".join(filter(None, (self.first_name, self.last_name)))


class Chat(Struct, frozen=True, omit_defaults=True):
    id: int
    type: str | None = None

    @property
    def private(self) -> bool:
        """Groups and channels have negative ids."""
        return self.id > 0 if self.type is None else self.type == "private"

    @property
    def channel(self) -> bool:
        return self.type == "channel"


class Answered(Struct, frozen=True):
    """The message that another is a reply to."""

    message_id: int


class Message(Struct, frozen=True, omit_defaults=True, rename={"from_user": "from"}):
    """
    date    seconds since 1970
    fields  the names of all else that came with it, such as `photo`, `caption` or `pinned_message`: enough to tell
            what somebody sent from what Telegram says by itself
    """

    message_id: int
    chat: Chat
    from_user: User | None = None
    date: int | None = None
    text: str | None = None
    reply_to_message: Answered | None = None
    media_group_id: str | None = None
    fields: list[str] = field(default_factory=list)


class UnderButton(Struct, frozen=True):
    """The message of ours that was pressed."""

    message_id: int
    chat: Chat


class CallbackQuery(Struct, frozen=True, omit_defaults=True, rename={"from_user": "from"}):
    id: str
    from_user: User
    data: str | None = None
    message: UnderButton | None = None


class Member(Struct, frozen=True):
    status: str


class ChatMemberUpdated(Struct, frozen=True, omit_defaults=True, rename={"from_user": "from"}):
    chat: Chat
    new_chat_member: Member
    old_chat_member: Member | None = None
    from_user: User | None = None


class Update(Struct, frozen=True, omit_defaults=True):
    update_id: int
    message: Message | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: ChatMemberUpdated | None = None


KINDS = ["message", "callback_query", "my_chat_member"]
"""Those that Telegram is asked for."""

_KNOWN = {each.encode_name for each in msgspec.structs.fields(Message)}
_KEPT = msgspec.json.Decoder(Update)
_WHOLE = b'{"whole":'


def numbered(batch: Sequence[Any]) -> list[dict[str, Any]]:
    """Those that can be stored: Telegram's own number tells them apart."""
    return [each for each in batch if isinstance(each, dict) and is_number(each.get("update_id"))]


def is_number(value: object) -> bool:
    return type(value) is int and 0 <= value <= BIGGEST


def read(update: Mapping[str, Any]) -> Update:
    """As Telegram sent it, or raises Unreadable."""
    message = update.get("message")
    if isinstance(message, dict):
        others = sorted(name for name, value in message.items() if name not in _KNOWN and value is not None)
        update = {**update, "message": {**message, "fields": others}}
    try:
        return msgspec.convert(update, Update)
    except msgspec.ValidationError as error:
        raise Unreadable(str(error)) from None


def reread(body: bytes) -> Update:
    """As it was kept, or raises Unreadable."""
    try:
        return _KEPT.decode(readable(body))
    except msgspec.DecodeError as error:
        raise Unreadable(str(error)) from None


def readable(body: bytes) -> bytes:
    """As it is kept once it can be read: of what was kept whole, now perhaps; else raises Unreadable."""
    return _read_of(json.loads(body)["whole"]) if body.startswith(_WHOLE) else body


def kept(update: Mapping[str, Any]) -> bytes:
    """What is stored of an update: what is read of it; all of it where that can't be read, for a version that can."""
    try:
        return _read_of(update)
    except Unreadable:
        return _WHOLE + json.dumps(update).encode() + b"}"


def _read_of(update: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(read(update))
    except UnicodeEncodeError:  # JSON may hold half a surrogate pair; a text can't
        raise Unreadable("a text holds half a character") from None


def seal(cipher: Fernet, body: bytes) -> bytes:
    """What people write stands in no table as they wrote it."""
    return cipher.encrypt(body)


def unseal(cipher: Fernet, stored: bytes) -> bytes:
    """Also of a row that a version before this one has stored as it was."""
    if stored.startswith(b"{"):
        return stored
    try:
        return cipher.decrypt(stored)
    except InvalidToken:
        raise Unreadable("it was sealed under another CALLOUT_SECRET") from None
