"""The webhook: delivered over HTTP, in order, with its secret, until it has arrived."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiogram.exceptions import TelegramBadRequest
from aiohttp import web

from local.phone.rules import Limits

from .conftest import Practice, until


class Receiver:
    """Somebody's webhook. It refuses as often as `refusals` says."""

    def __init__(self) -> None:
        self.url = ""
        self.refusals = 0
        self.tries = 0
        self.updates: list[dict[str, object]] = []
        self.secrets: list[str | None] = []

    async def receive(self, request: web.Request) -> web.Response:
        self.tries += 1
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=500)
        self.updates.append(await request.json())
        return web.Response()

    async def got(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.updates) >= count

        await until(enough)

    @property
    def texts(self) -> list[object]:
        return [one["message"]["text"] for one in self.updates]  # type: ignore[index] # it is Telegram's JSON


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/telegram", receiver.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/telegram"
    yield receiver
    await runner.cleanup()


@pytest.fixture
def limits() -> Limits:
    return Limits(webhook_retry_seconds=0.02)


async def test_updates_are_posted_in_order_with_the_secret(practice: Practice, receiver: Receiver) -> None:
    """What was waiting comes too, and arrived means confirmed."""
    maya = await practice.started()
    await practice.bot.set_webhook(receiver.url, secret_token="s3cret_-")
    await practice.do(maya, "messages", text="hello")
    await receiver.got(2)
    assert receiver.texts == ["/start", "hello"]
    assert set(receiver.secrets) == {"s3cret_-"}

    async def all_confirmed() -> bool:
        return (await practice.bot.get_webhook_info()).pending_update_count == 0

    await until(all_confirmed)


async def test_a_refused_delivery_is_tried_again(practice: Practice, receiver: Receiver) -> None:
    """No update is lost or overtaken, and getWebhookInfo tells of the trouble."""
    receiver.refusals = 3
    maya = await practice.started()
    await practice.do(maya, "messages", text="hello")
    await practice.bot.set_webhook(receiver.url)
    await receiver.got(2)
    assert receiver.texts == ["/start", "hello"]
    assert receiver.tries == 5
    info = await practice.bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"


async def test_nobody_there_is_told_too(practice: Practice) -> None:
    """A port on which nobody listens."""
    await practice.bot.set_webhook("http://127.0.0.1:9/telegram")
    await practice.started()

    async def told() -> bool:
        return (await practice.bot.get_webhook_info()).last_error_message == "Connection refused"

    await until(told)
    assert (await practice.bot.get_webhook_info()).pending_update_count == 1


async def test_a_deleted_webhook_leaves_the_updates_to_polling(
    practice: Practice, receiver: Receiver
) -> None:
    """Or drops them, where that is asked for."""
    receiver.refusals = 1_000_000
    await practice.bot.set_webhook(receiver.url)
    await practice.started()
    await practice.bot.delete_webhook()
    assert len(await practice.bot.get_updates()) == 1
    await practice.bot.delete_webhook(drop_pending_updates=True)
    assert await practice.bot.get_updates() == []


@pytest.mark.parametrize("url", ["http://example.com/telegram", "ftp://x", "not a url"])
async def test_a_webhook_needs_https(practice: Practice, url: str) -> None:
    """Plain HTTP is for this machine alone."""
    with pytest.raises(TelegramBadRequest, match="An HTTPS URL must be provided for webhook"):
        await practice.bot.set_webhook(url)


async def test_a_secret_has_allowed_characters(practice: Practice) -> None:
    """Bot API, setWebhook: only A-Z, a-z, 0-9, _ and - are allowed."""
    with pytest.raises(TelegramBadRequest, match="secret token contains unallowed characters"):
        await practice.bot.set_webhook("https://callout.invalid", secret_token="with blank")
