"""What the bot may do with messages, and how people see it."""

from pathlib import Path

import pytest
from aiogram.enums import ParseMode
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyParameters,
)

from local.phone.app import serve_phone

from .conftest import Practice

ACCEPT = InlineKeyboardMarkup(
    inline_keyboard=[
        [
            InlineKeyboardButton(text="✅ Accept", callback_data="t:1042:1:accept"),
            InlineKeyboardButton(text="❌ Reject", callback_data="t:1042:1:reject"),
        ],
        [InlineKeyboardButton(text="Map", url="https://example.com/map")],
    ]
)


async def test_the_bot_introduces_itself(practice: Practice) -> None:
    """getMe tells the id that the token begins with, and a username."""
    me = await practice.bot.get_me()
    assert (me.id, me.is_bot, me.username) == (4242424242, True, "callout_practice_bot")


async def test_a_message_arrives_with_its_formatting_and_buttons(practice: Practice) -> None:
    """What was sent is what the person has: text, safe HTML, and each button with its data."""
    maya = await practice.started()
    sent = await practice.bot.send_message(
        maya, "<b>Task #1042</b>\nFix &lt;boiler&gt;", parse_mode=ParseMode.HTML, reply_markup=ACCEPT
    )
    assert sent.text == "Task #1042\nFix <boiler>"
    assert sent.entities is not None
    assert [(one.type, one.offset, one.length) for one in sent.entities] == [("bold", 0, 10)]

    message = (await practice.messages(maya))[-1]
    assert message["message_id"] == sent.message_id
    assert message["html"] == "<b>Task #1042</b>\nFix &lt;boiler&gt;"
    assert [[one["data"] for one in row] for row in message["buttons"]] == [
        ["t:1042:1:accept", "t:1042:1:reject"],
        [None],
    ]


@pytest.mark.parametrize("how", ["query", "form", "json"])
async def test_parameters_are_read_in_every_way_telegram_reads_them(practice: Practice, how: str) -> None:
    """Query string, form and JSON mean the same; numbers and true may be text."""
    maya = await practice.started()
    given = {"chat_id": str(maya), "text": "hello", "protect_content": "true"}
    address = f"/bot{practice.bot.token}/sendMessage"
    match how:
        case "query":
            answer = await practice.http.get(address, params=given)
        case "form":
            answer = await practice.http.post(address, data=given)
        case _:
            answer = await practice.http.post(
                address, json={**given, "chat_id": maya, "protect_content": True}
            )
    assert answer.json()["ok"], answer.text
    assert (await practice.messages(maya))[-1]["protect"]


async def test_method_names_ignore_case(practice: Practice) -> None:
    """Bot API, "Making requests": all methods are case-insensitive."""
    assert (await practice.raw("GETme")).json()["result"]["id"] == 4242424242


async def test_a_document_can_be_downloaded(practice: Practice) -> None:
    """The person gets the very bytes, under the file's name; the bot finds them by getFile."""
    maya = await practice.started()
    content = bytes(range(256)) * 40
    sent = await practice.bot.send_document(
        maya,
        BufferedInputFile(content, "Invoice 7 – März.pdf"),
        caption="<i>yours</i>",
        parse_mode=ParseMode.HTML,
    )
    message = (await practice.messages(maya))[-1]
    assert (message["document"]["name"], message["document"]["size"]) == (
        "Invoice 7 – März.pdf",
        len(content),
    )
    assert message["html"] == "<i>yours</i>"
    saved = await practice.http.get(message["document"]["url"])
    assert saved.content == content
    assert saved.headers["content-disposition"].startswith("attachment;")

    assert sent.document is not None
    file = await practice.bot.get_file(sent.document.file_id)
    downloaded = await practice.bot.download_file(file.file_path or "")
    assert downloaded is not None
    assert downloaded.read() == content


async def test_a_document_is_sent_again_by_its_id(practice: Practice) -> None:
    """A file that Telegram has need not be uploaded twice."""
    maya, omar = await practice.started(), await practice.started("Omar")
    sent = await practice.bot.send_document(maya, BufferedInputFile(b"%PDF", "a.pdf"))
    assert sent.document is not None
    again = await practice.bot.send_document(omar, sent.document.file_id)
    assert again.document is not None
    assert again.document.file_name == "a.pdf"


async def test_an_edit_replaces_text_and_takes_the_buttons_away(practice: Practice) -> None:
    """An edit that names no keyboard removes it, and the message is marked as edited."""
    maya = await practice.started()
    sent = await practice.bot.send_message(maya, "Task", reply_markup=ACCEPT)
    await practice.bot.edit_message_text("Task, accepted", chat_id=maya, message_id=sent.message_id)
    message = (await practice.messages(maya))[-1]
    assert (message["text"], message["buttons"]) == ("Task, accepted", [])
    assert message["edited_at"] is not None


async def test_the_buttons_alone_can_change(practice: Practice) -> None:
    """editMessageReplyMarkup leaves the words alone, and no mark of an edit."""
    maya = await practice.started()
    sent = await practice.bot.send_message(
        maya, "<b>Task</b>", parse_mode=ParseMode.HTML, reply_markup=ACCEPT
    )
    await practice.bot.edit_message_reply_markup(chat_id=maya, message_id=sent.message_id)
    message = (await practice.messages(maya))[-1]
    assert (message["html"], message["buttons"], message["edited_at"]) == ("<b>Task</b>", [], None)


async def test_a_deleted_message_is_gone_and_its_number_never_returns(practice: Practice) -> None:
    """Numbers only go up, so that a number means one message for ever."""
    maya = await practice.started()
    sent = await practice.bot.send_message(maya, "client's phone number")
    await practice.bot.delete_message(maya, sent.message_id)
    assert sent.message_id not in [one["message_id"] for one in await practice.messages(maya)]
    assert (await practice.bot.send_message(maya, "next")).message_id > sent.message_id


async def test_force_reply_and_replies_are_kept(practice: Practice) -> None:
    """A question that wants a reply says so, and the reply names the question."""
    maya = await practice.started()
    await practice.confirm_all()
    asked = await practice.bot.send_message(maya, "Why?", reply_markup=ForceReply(force_reply=True))
    assert (await practice.messages(maya))[-1]["force_reply"]
    await practice.do(maya, "messages", text="Too far", reply_to=asked.message_id)
    (update,) = await practice.confirm_all()
    assert update.message is not None
    assert update.message.reply_to_message is not None
    assert update.message.reply_to_message.message_id == asked.message_id

    thanks = await practice.bot.send_message(
        maya, "Thanks", reply_parameters=ReplyParameters(message_id=update.message.message_id)
    )
    assert (await practice.messages(maya))[-1]["reply_to"] == update.message.message_id
    assert thanks.reply_to_message is not None


async def test_protected_content_is_marked_on_both_sides(practice: Practice) -> None:
    """protect_content stays with the message."""
    maya = await practice.started()
    sent = await practice.bot.send_message(maya, "+49 171 1234567", protect_content=True)
    assert sent.has_protected_content
    assert (await practice.messages(maya))[-1]["protect"]


async def test_commands_chat_action_and_chat_are_known(practice: Practice) -> None:
    """The smaller methods that a bot uses at its start answer as Telegram does."""
    maya = await practice.started("Maya Haddad", username="maya_h")
    await practice.bot.set_my_commands([BotCommand(command="tasks", description="My tasks")])
    assert [one.command for one in await practice.bot.get_my_commands()] == ["tasks"]
    assert await practice.bot.send_chat_action(maya, "typing")
    chat = await practice.bot.get_chat(maya)
    assert (chat.type, chat.first_name, chat.last_name, chat.username) == (
        "private",
        "Maya",
        "Haddad",
        "maya_h",
    )


async def test_everything_survives_a_restart(database: Path) -> None:
    """People, messages, unconfirmed updates and files are found again."""
    async with serve_phone(database) as url:
        practice = Practice(url)
        maya = await practice.started()
        sent = await practice.bot.send_document(maya, BufferedInputFile(b"kept", "a.txt"))
        await practice.close()
    async with serve_phone(database) as url:
        practice = Practice(url)
        messages = await practice.messages(maya)
        assert [one["text"] for one in messages] == ["/start", ""]
        assert (await practice.http.get(messages[1]["document"]["url"])).content == b"kept"
        assert [one.message.text for one in await practice.bot.get_updates() if one.message] == ["/start"]
        assert (await practice.bot.send_message(maya, "again")).message_id > sent.message_id
        await practice.close()


async def test_every_call_is_logged_with_its_outcome(practice: Practice) -> None:
    """Tests ask what the bot has called; `after` continues where the last look ended."""
    maya = await practice.started()
    await practice.bot.send_message(maya, "one")
    (first,) = await practice.calls()
    assert (first["method"], first["chat"], first["code"]) == ("sendMessage", maya, 200)
    await practice.raw("sendMessage", chat_id=1, text="two")
    (second,) = await practice.calls(after=first["n"])
    assert (second["chat"], second["code"]) == (1, 400)
