"""Telegram's bad days, practised: each storm does what it says, as often as it says, and is then over."""

import httpx
import pytest
from aiogram.exceptions import (
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from local.phone import PRACTICE_TOKEN
from tests.people import eventually

from .conftest import Practice


async def test_too_many_requests_to_order(practice: Practice) -> None:
    """Two calls of one method are refused with the wait that was asked for; others pass."""
    maya = await practice.started()
    await practice.weather({"kind": "429", "method": "sendMessage", "times": 2, "retry_after": 7})
    for _ in range(2):
        with pytest.raises(TelegramRetryAfter) as refused:
            await practice.bot.send_message(maya, "hello")
        assert refused.value.retry_after == 7
        await practice.bot.get_me()
    await practice.bot.send_message(maya, "hello")


@pytest.mark.parametrize(
    ("kind", "error"),
    [("500", TelegramServerError), ("502", TelegramServerError), ("401", TelegramUnauthorizedError)],
)
async def test_a_refusal_to_order(practice: Practice, kind: str, error: type[Exception]) -> None:
    """Nothing is sent, and the code is the one that was asked for."""
    maya = await practice.started()
    await practice.weather({"kind": kind})
    with pytest.raises(error):
        await practice.bot.send_message(maya, "hello")
    assert len(await practice.messages(maya)) == 1
    assert (await practice.calls())[-1]["code"] == int(kind)


async def test_a_proxys_error_page_is_no_json(practice: Practice) -> None:
    """In an outage even the form of the answer is not Telegram's."""
    await practice.weather({"kind": "504", "method": "getMe"})
    answer = await practice.http.get(f"/bot{PRACTICE_TOKEN}/getMe")
    assert (answer.status_code, answer.headers["content-type"]) == (504, "text/html")


@pytest.mark.parametrize(("kind", "sent"), [("drop", 0), ("drop_after", 1)])
async def test_a_lost_connection_to_order(practice: Practice, kind: str, sent: int) -> None:
    """Lost before sending, or after: the bot can't tell which, the person can."""
    maya = await practice.started()
    await practice.weather({"kind": kind})
    with pytest.raises(TelegramNetworkError):
        await practice.bot.send_message(maya, "hello")
    assert [one["text"] for one in await practice.messages(maya)][1:] == ["hello"] * sent
    assert (await practice.calls())[-1]["code"] == 0


async def test_a_message_that_was_sent_without_an_answer(practice: Practice) -> None:
    """The timeout after sending: the message is there, the caller never hears of it."""
    maya = await practice.started()
    await practice.weather({"kind": "hang", "method": "sendMessage"})
    await practice.bot.get_me()  # connected: the second is for the answer alone
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await practice.bot.send_message(maya, "hello", request_timeout=1)

    async def sent() -> bool:
        return bool((await practice.messages(maya))[-1]["text"] == "hello")

    await eventually(sent)


async def test_a_hang_ends_by_itself(practice: Practice) -> None:
    """After its time the connection is closed, still without an answer."""
    maya = await practice.started()
    await practice.weather({"kind": "hang", "seconds": 0.05})
    with pytest.raises(httpx.RemoteProtocolError):
        await practice.raw("sendMessage", chat_id=maya, text="hello")


async def test_any_method_leaves_polling_alone(practice: Practice) -> None:
    """Polls come all the time and would swallow every storm; who wants them to fail names them."""
    await practice.weather({"kind": "500", "times": 1})
    await practice.bot.get_updates()
    with pytest.raises(TelegramServerError):
        await practice.bot.get_me()
    await practice.weather({"kind": "500", "method": "getUpdates"})
    with pytest.raises(TelegramServerError):
        await practice.bot.get_updates()


async def test_the_weather_is_shown_and_cleared(practice: Practice) -> None:
    """What is still to come can be read; new weather replaces the old; none is good weather."""
    await practice.weather({"kind": "502", "times": 3})
    with pytest.raises(TelegramServerError):
        await practice.bot.get_me()
    (storm,) = (await practice.http.get("/phone/weather")).json()["storms"]
    assert (storm["kind"], storm["times"]) == ("502", 2)
    assert "2 to come" in (await practice.http.get("/")).text
    await practice.weather()
    await practice.bot.get_me()


async def test_unknown_weather_is_refused(practice: Practice) -> None:
    """A mistyped kind is no good weather."""
    answer = await practice.http.put("/phone/weather", json={"storms": [{"kind": "hail"}]})
    assert answer.status_code == 400
