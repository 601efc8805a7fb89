"""What is read of an update: the few fields that are used, whatever else stands beside them or is missing."""

from typing import Any

import msgspec
import pytest

from bot_gateway.telegram.received import (
    Answered,
    CallbackQuery,
    Chat,
    ChatMemberUpdated,
    Member,
    Message,
    UnderButton,
    Unreadable,
    Update,
    User,
    kept,
    read,
    readable,
    reread,
)
from tests.bot_gateway.examples import YASMIN

HER = {"id": YASMIN}
SECRET = "Storgatan 1, Stockholm"
CARD = {"message_id": 6, "chat": HER, "text": SECRET, "reply_markup": {"inline_keyboard": []}}


def message(**more: Any) -> dict[str, Any]:
    return {"update_id": 1, "message": {"message_id": 7, "chat": HER, **more}}


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (message(text="hello"), Update(1, Message(7, Chat(YASMIN), text="hello"))),
        (
            message(text="No van", reply_to_message=CARD, **{"from": {**HER, "is_bot": False, "mood": 7}}),
            Update(
                1,
                Message(
                    7,
                    Chat(YASMIN),
                    User(YASMIN, is_bot=False),
                    text="No van",
                    reply_to_message=Answered(6),
                ),
            ),
        ),
        (
            message(caption=SECRET, photo=[{"file_id": "x"}], media_group_id="12", hologram={"deep": [1]}),
            Update(
                1,
                Message(7, Chat(YASMIN), media_group_id="12", fields=["caption", "hologram", "photo"]),
            ),
        ),
        (message(pinned_message=CARD), Update(1, Message(7, Chat(YASMIN), fields=["pinned_message"]))),
        (
            {
                "update_id": 2,
                "callback_query": {"id": "9", "from": HER, "data": "t:1:1:accept", "message": CARD},
            },
            Update(
                2,
                callback_query=CallbackQuery("9", User(YASMIN), "t:1:1:accept", UnderButton(6, Chat(YASMIN))),
            ),
        ),
        (
            {"update_id": 3, "my_chat_member": {"chat": HER, "new_chat_member": {"status": "kicked"}}},
            Update(3, my_chat_member=ChatMemberUpdated(Chat(YASMIN), Member("kicked"))),
        ),
        ({"update_id": 4, "message": None, "telepathy": {"chat": "none"}}, Update(4)),
    ],
    ids=["text", "reply", "part of an album", "pin", "press", "block", "unknown kind"],
)
def test_only_what_is_used_is_read_and_kept(update: dict[str, Any], expected: Update) -> None:
    """Nothing else of it is missed, and nothing that a message of ours said is stored."""
    assert read(update) == expected
    body = kept(update)
    assert reread(body) == expected
    assert SECRET.encode() not in body


@pytest.mark.parametrize(
    "update",
    [
        message(chat={}),
        message(chat={"id": "seven"}),
        {"update_id": 2, "callback_query": {"from": HER, "data": "t:1:1:accept"}},
        {"update_id": 3, "my_chat_member": {"chat": HER}},
        {"update_id": 5, "message": ["a list"]},
    ],
)
def test_what_can_not_be_read_is_kept_whole(update: dict[str, Any]) -> None:
    """So that a version that can read it still may."""
    with pytest.raises(Unreadable, match=r"\$"):
        read(update)
    body = kept(update)
    assert msgspec.json.decode(body) == {"whole": update}
    with pytest.raises(Unreadable, match=r"\$"):
        reread(body)


def test_what_was_kept_whole_is_read_by_a_version_that_can() -> None:
    """And is then kept as all else is."""
    whole = msgspec.json.encode({"whole": message(text="hello", pinned_message=CARD)})
    expected = Update(1, Message(7, Chat(YASMIN), text="hello", fields=["pinned_message"]))
    assert reread(whole) == expected
    assert SECRET.encode() not in readable(whole)


def test_a_torn_character_is_kept_too() -> None:
    """JSON may hold half a surrogate pair; a text can't."""
    with pytest.raises(Unreadable):
        reread(kept(message(text="\ud83d")))


def test_what_was_kept_by_the_version_before_is_read() -> None:
    """It kept more of a chat and of a person."""
    before = (
        b'{"update_id":8,"message":{"message_id":7,"date":1796000000,"text":"hi","from":{"id":7000000001,'
        b'"is_bot":false,"first_name":"Yasmin","language_code":"ar"},"chat":{"id":7000000001,"first_name":"Yasmin",'
        b'"type":"private"}}}'
    )
    her = User(YASMIN, is_bot=False, first_name="Yasmin", language_code="ar")
    expected = Message(7, Chat(YASMIN, "private"), her, date=1796000000, text="hi")
    assert reread(before) == Update(8, expected)


@pytest.mark.parametrize(
    ("chat", "private"),
    [
        (Chat(YASMIN), True),
        (Chat(-100), False),
        (Chat(YASMIN, "private"), True),
        (Chat(YASMIN, "council"), False),
    ],
)
def test_a_private_chat_is_known_without_its_type(chat: Chat, private: bool) -> None:
    """By its number, where nothing else says so."""
    assert chat.private is private
