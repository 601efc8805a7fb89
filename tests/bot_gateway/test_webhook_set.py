"""Whether Telegram brings updates or is asked for them: the way there and back, and what is told of it."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

import bot_gateway.app
from bot_gateway.telegram import webhook
from bot_gateway.telegram.metrics import RECEIVING, SERVICE
from bot_gateway.telegram.reception import webhook_address, webhook_secret
from local.servers import Servers
from shared.contract.admin import Role
from shared.contract.task import Action
from shared.settings import TELEGRAM, Settings, SettingsError
from tests.bot_gateway.conftest import Gateway, started, stopped
from tests.bot_gateway.webhooks import (
    address,
    brought,
    by_webhook,
    connected,
    heard_by,
    says_help,
    stored,
    telegram,
    updates_shown,
)
from tests.conftest import SettingsFor
from tests.people import Person, buttons, eventually


@pytest.fixture
async def bare(settings_for: SettingsFor, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with by_webhook(settings_for, tmp_path) as gateway:
        yield gateway


@pytest.fixture
async def gateway(bare: Gateway) -> Gateway:
    return await connected(bare)


async def test_the_way_there_and_back_loses_nothing(gateway: Gateway, yasmin: Person) -> None:
    """What is pressed while it is restarted in the other mode comes, once; and back again."""
    first, second = await gateway.sent(yasmin), await gateway.sent(yasmin, 1043)
    for info, number, brings in ((first, 1042, False), (second, 1043, True)):
        await gateway.quiet()
        await stopped(gateway.service)
        accept = next(data for name, data in buttons(info).items() if "Accept" in name)
        pressed = asyncio.create_task(yasmin.taps(info, accept))
        gateway.settings = replace(gateway.settings, telegram_webhook=brings)
        gateway.service = gateway.door.replica = await started(gateway.settings)
        assert await pressed == "You accepted the task."
        assert gateway.desk.done()[-1] == (number, 1, Action.ACCEPT)
        await eventually(partial(come_by, gateway, "webhook" if brings else "polling"))
        assert await heard_by(gateway, address(gateway) if brings else "")
    assert len(gateway.desk.done()) == 2
    assert not any(call["code"] == 409 for call in (await gateway.calls("getUpdates"))[1:])


async def come_by(gateway: Gateway, mode: str) -> bool:
    """what is told of how updates come"""
    return bool((await updates_shown(gateway))["mode"] == mode)


async def test_a_disconnected_bot_is_brought_nothing(gateway: Gateway, yasmin: Person) -> None:
    """Its webhook is taken away; what is on its way is refused, waits there, and comes with the next connection."""
    await gateway.quiet()
    before = await stored(gateway)
    await gateway.call("DELETE", "/api/telegram/token", status=204)
    await eventually(lambda: heard_by(gateway, ""))
    assert await brought(gateway, says_help(yasmin, before[-1] + 1)) == 404
    await yasmin.says("/help")
    assert await stored(gateway) == before
    await gateway.connect()
    await yasmin.sees("You get your tasks here")


async def test_a_restart_takes_no_webhook_away(gateway: Gateway, yasmin: Person) -> None:
    """Nor does a new token of the same bot: what is pressed meanwhile is brought to whoever starts."""
    await gateway.restart()
    await gateway.connect()
    await yasmin.says("/help")
    await yasmin.sees("You get your tasks here")
    assert await gateway.calls("deleteWebhook") == []


async def test_a_webhook_that_another_program_took_is_taken_back(
    bare: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the next look; the operator finds out."""
    monkeypatch.setattr(webhook, "LOOK", 0.1)
    await connected(bare)
    await telegram(bare, "setWebhook", url="http://127.0.0.1:9/elsewhere")
    await eventually(lambda: heard_by(bare, address(bare)))
    await eventually(partial(was_taken, bare))


async def test_a_webhook_that_is_not_taken_back_at_once_is_told_of_too(
    bare: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two programs that fight for a bot are asked to wait by Telegram."""
    monkeypatch.setattr(webhook, "LOOK", 0.1)
    await connected(bare)
    await bare.phones.weather({"kind": "429", "times": 1, "method": "setWebhook", "retry_after": 1})
    await telegram(bare, "deleteWebhook")
    await eventually(partial(was_taken, bare))


async def was_taken(gateway: Gateway) -> bool:
    """that somebody took it"""
    return await gateway.service.pool.fetchval("SELECT taken_at FROM reception") is not None


async def test_while_telegram_is_not_reached_nobody_says_that_updates_do_not_come(
    bare: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may come all the same; only that nobody has looked is known, and since when."""
    monkeypatch.setattr(webhook, "LOOK", 0.1)
    await connected(bare)
    await bare.phones.weather({"kind": "500", "times": 50, "method": "getWebhookInfo"})

    async def failing() -> bool:
        """two tries that failed"""
        return [call["code"] for call in await bare.calls("getWebhookInfo")].count(500) >= 2

    await eventually(failing)
    shown = await updates_shown(bare)
    assert (shown["mode"], shown["trouble"]) == ("webhook", "")


async def test_updates_that_do_not_come_are_told_of(
    bare: Gateway, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To programs and on the page, in Telegram's words; and the gauge behind the alert stands still until they come."""
    monkeypatch.setattr(webhook, "LOOK", 0.1)
    await bare.connect()
    yasmin = await bare.joined()
    reachable = bare.door.replica

    async def lost(_: bytes) -> None:
        raise ConnectionError("the door is locked")

    bare.door.before = lost
    await yasmin.says("/help")

    async def trouble() -> str:
        """the trouble"""
        return str((await updates_shown(bare))["trouble"])

    assert (await eventually(trouble)).startswith("Wrong response from the webhook: 500")
    stood = gauge()
    async with bare.as_role(Role.OWNER, browser=True) as browser:
        assert (
            "What technicians press and write does not come in"
            in (await browser.get("/settings/telegram")).text
        )
    assert (await updates_shown(bare))["waiting"] == 1
    assert gauge() == stood
    bare.door.before = None
    assert reachable is bare.door.replica
    await yasmin.sees("You get your tasks here")

    async def well() -> bool:
        """the end of it"""
        return not await trouble() and gauge() > stood

    await eventually(well)


def gauge() -> float:
    return float(RECEIVING.labels(SERVICE)._value.get())


@pytest.mark.parametrize(
    ("public", "api", "fine"),
    [
        ("https://dispatch.example.com", TELEGRAM, True),
        ("https://dispatch.example.com:8443/", TELEGRAM, True),
        ("https://dispatch.example.com:8000", TELEGRAM, False),
        ("http://dispatch.example.com", TELEGRAM, False),
        ("http://127.0.0.1:8000", f"{TELEGRAM}/", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8081", True),
        ("https://dispatch.example.com:port", TELEGRAM, False),
    ],
)
def test_an_address_that_telegram_does_not_take_stops_the_start(public: str, api: str, fine: bool) -> None:
    """With a sentence that says what to do; a Bot API server of one's own takes any (Bot API, setWebhook)."""
    settings = Settings(
        postgres="", nats="", secret="s" * 32, public_url=public, telegram_api=api, telegram_webhook=True
    )
    if fine:
        assert webhook_address(settings) == f"{public.rstrip('/')}/telegram/updates"
    else:
        with pytest.raises(SettingsError, match="CALLOUT_"):
            bot_gateway.app.build(settings)
    assert webhook_address(replace(settings, telegram_webhook=False)) is None


def test_a_secret_is_of_one_bot_and_as_telegram_takes_it() -> None:
    """Bot API, setWebhook: 1 to 256 characters of A-Z, a-z, 0-9, _ and -."""
    settings = Settings(postgres="", nats="", secret="s" * 32)
    one, other = webhook_secret(settings, 1), webhook_secret(settings, 2)
    assert one != other
    assert len(one) == 43
    assert one.replace("-", "").replace("_", "").isalnum()
