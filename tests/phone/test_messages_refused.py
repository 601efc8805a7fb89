"""What Telegram refuses, in Telegram's words."""

import asyncio
import time

import pytest
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    Message,
)

from local.phone import GROUP_ID
from local.phone.rules import Limits
from tests.people import PATIENCE, eventually

from .conftest import Practice


def one_button(data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Tap", callback_data=data)]])


async def test_a_foreign_token_is_refused_with_advice(practice: Practice) -> None:
    """A real token entered by mistake gets 401 and the way out."""
    with pytest.raises(TelegramUnauthorizedError, match=r"CALLOUT_TELEGRAM_API=https://api\.telegram\.org"):
        await practice.another_bot("123456789:AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").get_me()


async def test_an_unknown_method_is_not_found(practice: Practice) -> None:
    """A method that the phone lacks says so, and does nothing."""
    with pytest.raises(TelegramNotFound, match="method not found"):
        await practice.bot.log_out()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "message text is empty"),
        (" \n ", "text must be non-empty"),
        ("<b></b>", "text must be non-empty"),
        ("x" * 4097, "message is too long"),
        ("😀" * 2049, "message is too long"),
        ("<b>x", "can't parse entities: Can't find end tag corresponding to start tag \"b\""),
        ("a < b", 'can\'t parse entities: Unsupported start tag "" at byte offset 2'),
        ("<h1>x</h1>", 'can\'t parse entities: Unsupported start tag "h1" at byte offset 0'),
        ("ä<br>", 'can\'t parse entities: Unsupported start tag "br" at byte offset 2'),
        ("x</b>", "can't parse entities: Unexpected end tag at byte offset 1"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("<b", "can't parse entities: Unclosed start tag at byte offset 0"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
async def test_a_text_that_telegram_would_not_take(practice: Practice, text: str, reason: str) -> None:
    """Empty, too long, or not the HTML that Telegram reads: 400 with the reason."""
    maya = await practice.started()
    answer = (await practice.raw("sendMessage", chat_id=maya, text=text, parse_mode="HTML")).json()
    assert (answer["ok"], answer["error_code"]) == (False, 400)
    assert reason in answer["description"]
    assert len(await practice.messages(maya)) == 1


async def test_length_counts_after_parsing(practice: Practice) -> None:
    """Markup and escapes cost nothing: 4096 is what is left of the text."""
    maya = await practice.started()
    sent = await practice.bot.send_message(maya, "<b>" + "&lt;" * 4096 + "</b>", parse_mode="HTML")
    assert sent.text == "<" * 4096


async def test_a_caption_has_1024_characters(practice: Practice) -> None:
    """Captions are shorter than messages."""
    maya = await practice.started()
    file = BufferedInputFile(b"x", "x.txt")
    await practice.bot.send_document(maya, file, caption="x" * 1024)
    with pytest.raises(TelegramBadRequest, match="message caption is too long"):
        await practice.bot.send_document(maya, file, caption="x" * 1025)


@pytest.mark.parametrize("limits", [Limits(document_bytes=10_000)])
async def test_a_document_over_the_limit_is_too_large(practice: Practice) -> None:
    """413, as for anything above 50 MB."""
    maya = await practice.started()
    await practice.bot.send_document(maya, BufferedInputFile(b"x" * 10_000, "fits.bin"))
    with pytest.raises(TelegramEntityTooLarge):
        await practice.bot.send_document(maya, BufferedInputFile(b"x" * 10_001, "over.bin"))


@pytest.mark.parametrize("data", ["", "x" * 65, "ä" * 33])
async def test_callback_data_has_1_to_64_bytes(practice: Practice, data: str) -> None:
    """Bytes, not characters."""
    maya = await practice.started()
    markup = {"inline_keyboard": [[{"text": "Tap", "callback_data": data}]]}
    answer = await practice.raw("sendMessage", chat_id=maya, text="Task", reply_markup=markup)
    assert answer.json()["description"] == "Bad Request: BUTTON_DATA_INVALID"


@pytest.mark.parametrize("data", ["x", "x" * 64, "ä" * 32])
async def test_callback_data_up_to_64_bytes_is_kept(practice: Practice, data: str) -> None:
    """The other side of that line."""
    maya = await practice.started()
    await practice.bot.send_message(maya, "Task", reply_markup=one_button(data))
    assert (await practice.messages(maya))[-1]["buttons"][0][0]["data"] == data


async def test_an_edit_that_changes_nothing_is_refused(practice: Practice) -> None:
    """Same words, same formatting, same buttons: "message is not modified"."""
    maya = await practice.started()
    sent = await practice.bot.send_message(
        maya, "<b>Task</b>", parse_mode="HTML", reply_markup=one_button("a")
    )
    for edit in (
        practice.bot.edit_message_text(
            "<strong>Task</strong>", chat_id=maya, message_id=sent.message_id, parse_mode="HTML",
            reply_markup=one_button("a"),
        ),
        practice.bot.edit_message_reply_markup(
            chat_id=maya, message_id=sent.message_id, reply_markup=one_button("a")
        ),
    ):  # fmt: skip
        with pytest.raises(
            TelegramBadRequest, match="message is not modified: specified new message content"
        ):
            await edit


async def test_only_own_and_existing_messages_are_edited(practice: Practice) -> None:
    """A person's message can't be edited, a missing one isn't found, a document has no text."""
    maya = await practice.started()
    (start,) = await practice.messages(maya)
    document = await practice.bot.send_document(maya, BufferedInputFile(b"x", "x.txt"))
    for number, reason in (
        (start["message_id"], "message can't be edited"),
        (999_999, "message to edit not found"),
        (document.message_id, "there is no text in the message to edit"),
    ):
        with pytest.raises(TelegramBadRequest, match=reason):
            await practice.bot.edit_message_text("x", chat_id=maya, message_id=number)


async def test_a_file_takes_the_place_of_another(practice: Practice) -> None:
    """However old the message is; with its caption, and in a message of text as well."""
    maya = await practice.started()
    invoice = await practice.bot.send_document(
        maya,
        BufferedInputFile(b"%PDF", "invoice-7.pdf"),
        caption="Invoice #7",
        reply_markup=one_button("t:7"),
    )
    text = await practice.bot.send_message(maya, "Invoice #8")
    await practice.do(maya, "age", hours=49)
    note = InputMediaDocument(media=BufferedInputFile(b"Withdrawn.", "note.txt"), caption="Withdrawn")
    for sent in (invoice, text):
        edited = await practice.bot.edit_message_media(note, chat_id=maya, message_id=sent.message_id)
        assert isinstance(edited, Message)
        assert (edited.message_id, edited.caption, edited.text) == (sent.message_id, "Withdrawn", None)
        shown = next(one for one in await practice.messages(maya) if one["message_id"] == sent.message_id)
        assert (shown["text"], shown["document"]["name"], shown["buttons"]) == ("Withdrawn", "note.txt", [])
        assert (await practice.http.get(shown["document"]["url"])).content == b"Withdrawn."


async def test_a_file_that_is_none_takes_no_place(practice: Practice) -> None:
    """What the file is comes first, then whether there is such a message; and the same again is no change."""
    maya = await practice.started()
    (start,) = await practice.messages(maya)
    sent = await practice.bot.send_document(maya, BufferedInputFile(b"x", "x.txt"), caption="kept")
    assert sent.document is not None
    same = {"type": "document", "media": sent.document.file_id, "caption": "kept"}
    for number, media, reason in (
        (999_999, None, 'parameter "media" is required'),
        (999_999, "no JSON", "can't parse input media JSON object"),
        (999_999, "[]", "can't parse InputMedia: expected an Object"),
        (999_999, {"media": "x"}, "can't parse InputMedia: Can't find field \"type\""),
        (999_999, {"type": "document"}, "can't parse InputMedia: media not found"),
        (999_999, same | {"media": "attach://nothing"}, "can't parse InputMedia: media not found"),
        (999_999, same | {"type": "sticker"}, 'can\'t parse InputMedia: type "sticker" is unsupported'),
        (999_999, same | {"caption": "x" * 1025}, "can't parse InputMedia: "),
        (999_999, same, "message to edit not found"),
        (start["message_id"], same, "message can't be edited"),
        (sent.message_id, same, "message is not modified"),
    ):
        body = {"chat_id": maya, "message_id": number} | ({} if media is None else {"media": media})
        answer = (await practice.raw("editMessageMedia", **body)).json()
        assert answer["error_code"] == 400
        assert reason in answer["description"]
    assert (await practice.messages(maya))[-1]["text"] == "kept"


async def test_a_message_is_deleted_within_48_hours_or_not_at_all(practice: Practice) -> None:
    """Bot API, deleteMessage: only what was sent less than 48 hours ago; and nothing twice."""
    maya = await practice.started()
    young = await practice.bot.send_message(maya, "young")
    await practice.bot.delete_message(maya, young.message_id)
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await practice.bot.delete_message(maya, young.message_id)
    old = await practice.bot.send_message(maya, "old")
    await practice.do(maya, "age", hours=48.1)
    with pytest.raises(TelegramBadRequest, match="message can't be deleted"):
        await practice.bot.delete_message(maya, old.message_id)
    await practice.bot.edit_message_text("redacted", chat_id=maya, message_id=old.message_id)


async def test_who_never_pressed_start_is_no_chat(practice: Practice) -> None:
    """Unknown to the bot: chat not found. Known from a group: the bot can't begin."""
    maya = await practice.add()
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await practice.bot.send_message(maya, "hello")
    await practice.do(maya, "messages", text="/start", group=True)
    with pytest.raises(TelegramForbiddenError, match="bot can't initiate conversation with a user"):
        await practice.bot.send_message(maya, "hello")
    await practice.bot.send_message(GROUP_ID, "hello group")


async def test_who_blocked_the_bot_hears_nothing(practice: Practice) -> None:
    """403 for sending and editing; deleting still works."""
    maya = await practice.started()
    sent = await practice.bot.send_message(maya, "client's data")
    await practice.do(maya, "block")
    for call in (
        practice.bot.send_message(maya, "hello"),
        practice.bot.edit_message_text("x", chat_id=maya, message_id=sent.message_id),
        practice.bot.send_chat_action(maya, "typing"),
    ):
        with pytest.raises(TelegramForbiddenError, match="Forbidden: bot was blocked by the user"):
            await call
    assert await practice.bot.delete_message(maya, sent.message_id)
    await practice.do(maya, "unblock")
    await practice.bot.send_message(maya, "hello again")


async def test_a_deleted_account_hears_nothing(practice: Practice) -> None:
    """403 "user is deactivated", which is another thing than a block."""
    maya = await practice.started()
    await practice.do(maya, "deactivate")
    with pytest.raises(TelegramForbiddenError, match="Forbidden: user is deactivated"):
        await practice.bot.send_message(maya, "hello")
    await practice.do(maya, "restore")
    await practice.bot.send_message(maya, "Welcome back")


@pytest.mark.parametrize("limits", [Limits(chat_per_second=0.001, chat_burst=2)])
async def test_one_chat_takes_a_short_burst_and_then_says_how_long_to_wait(practice: Practice) -> None:
    """429 with retry_after, for that chat alone; edits are not counted there."""
    maya, omar = await practice.started(), await practice.started("Omar Said")
    first = await practice.bot.send_message(maya, "1")
    await practice.bot.send_message(maya, "2")
    with pytest.raises(TelegramRetryAfter) as refused:
        await practice.bot.send_message(maya, "3")
    assert 1000 - PATIENCE <= refused.value.retry_after <= 1000
    await practice.bot.send_message(omar, "1")
    await practice.bot.edit_message_text("one", chat_id=maya, message_id=first.message_id)
    answer = await practice.raw("sendMessage", chat_id=maya, text="3")
    assert answer.status_code == 429
    assert answer.json()["description"].startswith("Too Many Requests: retry after ")
    assert answer.json()["parameters"]["retry_after"] >= 1000 - PATIENCE


@pytest.mark.parametrize("limits", [Limits(all_per_second=3)])
async def test_all_chats_together_have_a_limit(practice: Practice) -> None:
    """So many messages a second in all, whoever they are for; after the wait it goes on."""
    people = [await practice.started(f"Person {n}") for n in range(12)]
    began = time.monotonic()
    answers = await asyncio.gather(*(practice.raw("sendMessage", chat_id=one, text="hi") for one in people))
    seconds = time.monotonic() - began
    codes = [answer.status_code for answer in answers]
    assert 3 <= codes.count(200) <= 3 + 3 * seconds
    assert codes.count(200) + codes.count(429) == len(people)

    async def passes() -> bool:
        return (await practice.raw("sendMessage", chat_id=people[0], text="hi")).status_code == 200

    await eventually(passes)


def test_the_default_limits_are_telegrams() -> None:
    """One a second in a chat, thirty in all, twenty a minute in a group, 50 MB, 48 hours."""
    telegrams = Limits()
    assert (telegrams.chat_per_second, telegrams.all_per_second, telegrams.group_per_minute) == (1, 30, 20)
    assert (telegrams.document_bytes, telegrams.delete_hours) == (50_000_000, 48)


async def test_commands_are_checked(practice: Practice) -> None:
    """Bot API, BotCommand: lower case letters, digits and underscores."""
    for command, reason in (("Tasks", "BOT_COMMAND_INVALID"), ("", "BOT_COMMAND_INVALID")):
        answer = await practice.raw("setMyCommands", commands=[{"command": command, "description": "x"}])
        assert reason in answer.json()["description"]
