"""getUpdates: given again until confirmed, to one poller at a time."""

import asyncio
from pathlib import Path

import pytest
from aiogram.exceptions import TelegramConflictError

from local.phone import GROUP_ID
from local.phone.store import Store

from .conftest import Practice


async def said(practice: Practice, person: int, *texts: str) -> list[int]:
    """Let a person write; answers the numbers of the updates."""
    before = {one.update_id for one in await practice.bot.get_updates()}
    for text in texts:
        await practice.do(person, "messages", text=text)
    return [one.update_id for one in await practice.bot.get_updates() if one.update_id not in before]


async def test_updates_come_again_until_confirmed(practice: Practice) -> None:
    """An offset confirms everything before it, and nothing else does."""
    maya = await practice.started()
    await practice.confirm_all()
    first, second, third = await said(practice, maya, "one", "two", "three")
    assert (second, third) == (first + 1, first + 2)
    assert [one.update_id for one in await practice.bot.get_updates()] == [first, second, third]
    assert [one.update_id for one in await practice.bot.get_updates(offset=second)] == [second, third]
    assert [one.update_id for one in await practice.bot.get_updates()] == [second, third]
    assert await practice.bot.get_updates(offset=third + 1) == []


async def test_limit_gives_the_oldest(practice: Practice) -> None:
    """Bot API, getUpdates: limit is between 1 and 100."""
    maya = await practice.started()
    await practice.confirm_all()
    numbers = await said(practice, maya, "one", "two", "three")
    assert [one.update_id for one in await practice.bot.get_updates(limit=2)] == numbers[:2]


async def test_a_negative_offset_counts_from_the_end_and_forgets_the_rest(practice: Practice) -> None:
    """Bot API, getUpdates: "All previous updates will be forgotten"."""
    maya = await practice.started()
    numbers = await said(practice, maya, "one", "two", "three")
    assert [one.update_id for one in await practice.bot.get_updates(offset=-2)] == numbers[-2:]
    assert [one.update_id for one in await practice.bot.get_updates()] == numbers[-2:]


async def test_a_long_poll_answers_at_once_when_something_happens(practice: Practice) -> None:
    """It waits for the next update, not for the end of its time."""
    maya = await practice.started()
    await practice.confirm_all()
    polling = asyncio.create_task(practice.bot.get_updates(timeout=30, request_timeout=40))
    await waiting_poll(practice, polling)
    await practice.do(maya, "messages", text="hello")
    async with asyncio.timeout(25):
        (update,) = await polling
    assert update.message is not None
    assert update.message.text == "hello"


async def test_a_long_poll_ends_empty(practice: Practice) -> None:
    """When nothing happens the answer is an empty list."""
    assert await practice.bot.get_updates(timeout=1) == []


async def test_the_older_of_two_pollers_is_ended(practice: Practice) -> None:
    """Two instances of one bot: 409 for the one that was there first."""
    older = asyncio.create_task(practice.bot.get_updates(timeout=30, request_timeout=40))
    await waiting_poll(practice, older)
    newer = asyncio.create_task(practice.another_bot().get_updates(timeout=30, request_timeout=40))
    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
        await older
    maya = await practice.started()
    assert [one.message.from_user.id for one in await newer if one.message and one.message.from_user] == [
        maya
    ]


async def test_polling_and_a_webhook_exclude_each_other(practice: Practice) -> None:
    """409 while a webhook is set; setting one ends the poll that is waiting."""
    polling = asyncio.create_task(practice.bot.get_updates(timeout=30, request_timeout=40))
    await waiting_poll(practice, polling)
    await practice.bot.set_webhook("https://callout.invalid/telegram")
    with pytest.raises(TelegramConflictError, match="terminated by setWebhook request"):
        await polling
    with pytest.raises(TelegramConflictError, match="can't use getUpdates method while webhook is active"):
        await practice.bot.get_updates()
    await practice.bot.delete_webhook()
    assert await practice.bot.get_updates() == []


async def test_only_the_wanted_kinds_come(practice: Practice) -> None:
    """allowed_updates stays until it is named again; an empty list means all."""
    maya = await practice.started()
    await practice.bot.get_updates(allowed_updates=["callback_query"])
    await practice.confirm_all()
    await practice.do(maya, "messages", text="not wanted")
    await practice.do(maya, "taps", message_id=1, data="x")
    (update,) = await practice.confirm_all()
    assert update.callback_query is not None
    await practice.raw("getUpdates", allowed_updates=[])
    await practice.do(maya, "messages", text="wanted")
    assert len(await practice.bot.get_updates()) == 1


def test_numbers_begin_anywhere(tmp_path: Path) -> None:
    """A bot may not assume that update numbers begin with one, or go on where another phone ended."""
    first = [Store(tmp_path / f"{n}.sqlite3").add_update({}) for n in range(5)]
    assert len(set(first)) == 5
    assert min(first) > 100_000_000


async def test_start_comes_as_a_message_with_a_command(practice: Practice) -> None:
    """/start is a message of a private chat, with its entity and the sender's language."""
    maya = await practice.started("Maya Haddad", username="maya_h", language="ar")
    (update,) = await practice.bot.get_updates()
    message = update.message
    assert message is not None
    assert message.from_user is not None
    assert message.entities is not None
    assert (message.text, message.entities[0].type, message.entities[0].length) == (
        "/start",
        "bot_command",
        6,
    )
    assert (message.chat.type, message.chat.id) == ("private", maya)
    sender = message.from_user
    assert (sender.id, sender.full_name, sender.username, sender.language_code) == (
        maya, "Maya Haddad", "maya_h", "ar",
    )  # fmt: skip


async def test_block_and_unblock_come_as_my_chat_member(practice: Practice) -> None:
    """Once each: blocking twice is blocking once."""
    maya = await practice.started()
    await practice.confirm_all()
    for action in ("block", "block", "unblock", "unblock"):
        await practice.do(maya, action)
    changes = [one.my_chat_member for one in await practice.bot.get_updates()]
    assert [(one.old_chat_member.status, one.new_chat_member.status) for one in changes if one] == [
        ("member", "kicked"),
        ("kicked", "member"),
    ]


async def test_start_heals_a_block(practice: Practice) -> None:
    """ "Restart bot": the block ends first, then /start comes."""
    maya = await practice.started()
    await practice.do(maya, "block")
    await practice.confirm_all()
    await practice.do(maya, "start")
    unblocked, started = await practice.bot.get_updates()
    assert unblocked.my_chat_member is not None
    assert started.message is not None
    assert started.message.text == "/start"


async def test_a_group_start_comes_from_the_group(practice: Practice) -> None:
    """Of a group a bot hears that it has joined, and commands; not what people say to each other."""
    maya = await practice.add()
    await practice.do(maya, "messages", text="/start", group=True)
    await practice.do(maya, "messages", text="good morning all", group=True)
    joined, command = await practice.bot.get_updates()
    assert joined.my_chat_member is not None
    assert joined.my_chat_member.chat.id == GROUP_ID
    assert command.message is not None
    assert (command.message.chat.type, command.message.text) == ("supergroup", "/start")
    await practice.bot.send_message(GROUP_ID, "Please write to me in private.")
    assert [one["from"] for one in await practice.messages(maya, group=True)] == ["person", "person", "bot"]
    assert await practice.messages(maya) == []


async def test_a_changed_name_is_told_with_the_next_message_only(practice: Practice) -> None:
    """Telegram sends no update for it."""
    maya = await practice.started()
    await practice.confirm_all()
    await practice.http.patch(f"/phone/people/{maya}", json={"name": "Maya Khoury", "username": "khoury"})
    assert await practice.bot.get_updates() == []
    await practice.do(maya, "messages", text="hi")
    (update,) = await practice.bot.get_updates()
    assert update.message is not None
    assert update.message.from_user is not None
    assert (update.message.from_user.full_name, update.message.from_user.username) == (
        "Maya Khoury",
        "khoury",
    )


async def waiting_poll(practice: Practice, polling: "asyncio.Task[object]") -> None:
    """Until the phone has surely taken the poll in: a call made after it has been answered."""
    for _ in range(3):
        await practice.bot.get_me()
    assert not polling.done()
