"""Rows → the objects of the Bot API, as a bot reads them."""

import msgspec

from . import BOT_ID, BOT_NAME, BOT_USERNAME, GROUP_ID, GROUP_TITLE
from .rules import Json
from .store import Document, Message, Person, Store, Tap


def bot() -> Json:
    return {"id": BOT_ID, "is_bot": True, "first_name": BOT_NAME, "username": BOT_USERNAME}


def user(person: Person) -> Json:
    first, _, last = person.name.strip().partition(" ")
    shown = {"id": person.id, "is_bot": False, "first_name": first}
    if last.strip():
        shown["last_name"] = last.strip()
    if person.username:
        shown["username"] = person.username
    if person.language:
        shown["language_code"] = person.language
    return shown


def group() -> Json:
    return {"id": GROUP_ID, "type": "supergroup", "title": GROUP_TITLE}


def chat(store: Store, chat_id: int) -> Json:
    if chat_id == GROUP_ID:
        return group()
    person = store.person(chat_id)
    assert person is not None, "a message is only ever kept for somebody"
    names = {key: value for key, value in user(person).items() if key not in ("is_bot", "language_code")}
    return {**names, "type": "private"}


def document(kept: Document) -> Json:
    return {
        "file_id": kept.file_id,
        "file_unique_id": kept.file_unique_id,
        "file_name": kept.file_name,
        "mime_type": kept.mime_type,
        "file_size": kept.file_size,
    }


def message(store: Store, kept: Message, *, with_reply: bool = True) -> Json:
    sender = None if kept.sender == BOT_ID else store.person(kept.sender)
    shown: Json = {
        "message_id": kept.message_id,
        "from": bot() if sender is None else user(sender),
        "chat": chat(store, kept.chat),
        "date": int(kept.at),
    }
    words, marks = ("caption", "caption_entities") if kept.document else ("text", "entities")
    if kept.document:
        shown["document"] = document(kept.document)
    if kept.text:
        shown[words] = kept.text
    if kept.entities:
        shown[marks] = msgspec.to_builtins(kept.entities)
    if kept.edited_at:
        shown["edit_date"] = int(kept.edited_at)
    if kept.protect:
        shown["has_protected_content"] = True
    if kept.markup and "inline_keyboard" in kept.markup:
        shown["reply_markup"] = kept.markup
    if with_reply and kept.reply_to and (answered := store.message(kept.chat, kept.reply_to)):
        shown["reply_to_message"] = message(store, answered, with_reply=False)
    return shown


def callback_query(store: Store, tap: Tap, person: Person) -> Json:
    kept = store.message(tap.chat, tap.message_id)
    if kept is None:
        # Bot API, InaccessibleMessage: deleted, so nothing but its number is known, and "date" is 0.
        shown = {"chat": chat(store, tap.chat), "message_id": tap.message_id, "date": 0}
    else:
        shown = message(store, kept)
    return {
        "id": str(tap.id),
        "from": user(person),
        "message": shown,
        "chat_instance": str(tap.chat * 7919),
        "data": tap.data,
    }


def my_chat_member(store: Store, chat_id: int, person: Person, at: float, old: str, new: str) -> Json:
    return {
        "chat": chat(store, chat_id),
        "from": user(person),
        "date": int(at),
        "old_chat_member": _member(old),
        "new_chat_member": _member(new),
    }


def _member(status: str) -> Json:
    # Bot API, ChatMemberBanned: somebody who blocks a bot bans it from their chat, until ever.
    return {"user": bot(), "status": status, **({"until_date": 0} if status == "kicked" else {})}
