"""The webhook: delivered over HTTP, in order, with its secret, until it has arrived."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError
from aiohttp import web

from local.phone.rules import Limits
from tests.people import eventually

from .conftest import Practice


class Receiver:
    """Somebody's webhook. It refuses as often as `refusals` says."""

    def __init__(self) -> None:
        self.url = ""
        self.refusals = 0
        self.held: dict[str, asyncio.Event] = {}  # what stands in a body → until when it is not answered
        self.tries = 0
        self.at_once = self.most_at_once = 0
        self.updates: list[dict[str, object]] = []
        self.secrets: list[str | None] = []

    async def receive(self, request: web.Request) -> web.Response:
        self.tries += 1
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        for words, event in self.held.items():
            if words in await request.text():
                await event.wait()
        self.at_once -= 1
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=500)
        self.updates.append(await request.json())
        return web.Response()

    async def got(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.updates) >= count

        await eventually(enough)

    @property
    def texts(self) -> list[object]:
        return [one["message"]["text"] for one in self.updates]  # type: ignore[index] # it is Telegram's JSON

    @property
    def kinds(self) -> list[str]:
        return [kind for one in self.updates for kind in one if kind != "update_id"]


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
def limits(request: pytest.FixtureRequest) -> Limits:
    return Limits(webhook_retry_seconds=getattr(request, "param", 0.02))


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

    await eventually(all_confirmed)


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


async def test_only_what_one_person_does_in_one_way_is_kept_in_order(
    practice: Practice, receiver: Receiver
) -> None:
    """A message may overtake a press, and one chat another, as Telegram's own server brings them."""
    maya, omar = await practice.started(), await practice.started("Omar Said")
    await practice.confirm_all()
    sent = await practice.bot.send_message(maya, "Task")
    receiver.held = {"callback_query": asyncio.Event(), "first of Omar": asyncio.Event()}
    await practice.bot.set_webhook(receiver.url)
    await practice.do(maya, "taps", message_id=sent.message_id, data="accept")
    await practice.do(omar, "messages", text="first of Omar")
    await practice.do(omar, "messages", text="second of Omar")
    await practice.do(maya, "messages", text="hello")
    await receiver.got(1)
    assert receiver.texts == ["hello"]
    for event in receiver.held.values():
        event.set()
    await receiver.got(4)
    assert receiver.kinds.count("callback_query") == 1
    said = [one["message"]["text"] for one in receiver.updates if "message" in one]  # type: ignore[index]
    assert said == ["hello", "first of Omar", "second of Omar"]


async def test_no_more_come_at_once_than_were_asked_for(practice: Practice, receiver: Receiver) -> None:
    """Bot API, setWebhook: max_connections."""
    people = [await practice.started(f"Technician {n}") for n in range(6)]
    receiver.held = {"/start": asyncio.Event()}
    await practice.bot.set_webhook(receiver.url, max_connections=2)

    async def two() -> bool:
        return receiver.at_once == 2

    await eventually(two)
    receiver.held["/start"].set()
    await receiver.got(len(people))
    assert receiver.most_at_once == 2


@pytest.mark.parametrize("limits", [3600.0], indirect=True)
async def test_another_webhook_is_used_at_once(practice: Practice, receiver: Receiver) -> None:
    """However long the one before was to be spared; what waits comes there, and polling is refused meanwhile."""
    await practice.bot.set_webhook("http://127.0.0.1:9/telegram")
    await practice.started()

    async def told() -> bool:
        return (await practice.bot.get_webhook_info()).last_error_message is not None

    await eventually(told)
    with pytest.raises(TelegramConflictError, match="can't use getUpdates method while webhook is active"):
        await practice.bot.get_updates()
    await practice.bot.set_webhook(receiver.url)
    await receiver.got(1)
    assert (await practice.bot.get_webhook_info()).last_error_message is None


async def test_nobody_there_is_told_too(practice: Practice) -> None:
    """A port on which nobody listens."""
    await practice.bot.set_webhook("http://127.0.0.1:9/telegram")
    await practice.started()

    async def told() -> bool:
        return (await practice.bot.get_webhook_info()).last_error_message == "Connection refused"

    await eventually(told)
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
