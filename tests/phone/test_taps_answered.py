"""Taps on buttons, honest and forged, and the bot's answers to them."""

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    CallbackQuery,
    InaccessibleMessage,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)

from .conftest import Practice

BUTTON = InlineKeyboardMarkup(
    inline_keyboard=[[InlineKeyboardButton(text="✅ Accept", callback_data="accept")]]
)


async def tapped(practice: Practice, person: int, message_id: int, data: str = "accept") -> CallbackQuery:
    await practice.confirm_all()
    await practice.do(person, "taps", message_id=message_id, data=data)
    (update,) = await practice.confirm_all()
    assert update.callback_query is not None
    return update.callback_query


async def test_a_tap_comes_with_its_message_and_data(practice: Practice) -> None:
    """The query names who tapped, on which message, and what the button says."""
    maya = await practice.started()
    sent = await practice.bot.send_message(maya, "Task", reply_markup=BUTTON)
    query = await tapped(practice, maya, sent.message_id)
    assert (query.from_user.id, query.data) == (maya, "accept")
    assert isinstance(query.message, Message)
    assert query.message.reply_markup is not None
    assert query.message.reply_markup.inline_keyboard[0][0].callback_data == "accept"


async def test_forged_and_stale_taps_are_passed_on(practice: Practice) -> None:
    """A changed client can send any data, on any message: the bot has to check."""
    maya = await practice.started()
    sent = await practice.bot.send_message(maya, "Task", reply_markup=BUTTON)
    assert (await tapped(practice, maya, sent.message_id, "forged")).data == "forged"
    await practice.bot.delete_message(maya, sent.message_id)
    query = await tapped(practice, maya, sent.message_id)
    assert isinstance(query.message, InaccessibleMessage)
    assert query.message.message_id == sent.message_id


async def test_the_answer_is_shown_to_whom_tapped(practice: Practice) -> None:
    """Text, and whether as an alert. A second answer to the same tap changes nothing."""
    maya = await practice.started()
    query = await tapped(practice, maya, 1)
    assert await practice.answers(maya) == []
    await practice.bot.answer_callback_query(query.id, "Accepted", show_alert=True)
    await practice.bot.answer_callback_query(query.id, "Too late")
    (answer,) = await practice.answers(maya)
    assert (answer["id"], answer["text"], answer["show_alert"]) == (query.id, "Accepted", True)
    assert (answer["message_id"], answer["data"]) == (1, "accept")


@pytest.mark.parametrize("number", ["", "1", "123456789", "not a number", "9" * 40])
async def test_an_unknown_query_is_refused(practice: Practice, number: str) -> None:
    """Telegram doesn't say whether it was too old or never there."""
    with pytest.raises(
        TelegramBadRequest, match="query is too old and response timeout expired or query ID is"
    ):
        await practice.bot.answer_callback_query(number)


async def test_an_old_query_is_refused(practice: Practice) -> None:
    """Taps have to be answered soon."""
    maya = await practice.started()
    query = await tapped(practice, maya, 1)
    await practice.do(maya, "age", hours=1)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await practice.bot.answer_callback_query(query.id)


async def test_an_answer_has_200_characters(practice: Practice) -> None:
    """Bot API, answerCallbackQuery: 0-200 characters."""
    maya = await practice.started()
    query = await tapped(practice, maya, 1)
    with pytest.raises(TelegramBadRequest, match="MESSAGE_TOO_LONG"):
        await practice.bot.answer_callback_query(query.id, "x" * 201)
    await practice.bot.answer_callback_query(query.id, "x" * 200)
