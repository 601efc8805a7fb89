"""Telegram, as it brings updates to the webhook, and what a gateway has of them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from bot_gateway.telegram.reception import webhook_secret
from local.phone import BOT_ID, PRACTICE_TOKEN
from local.phone.rules import Limits
from tests.bot_gateway.conftest import Gateway, running
from tests.conftest import SettingsFor
from tests.people import Json, Person, eventually

HEADER = "X-Telegram-Bot-Api-Secret-Token"


@asynccontextmanager
async def by_webhook(settings_for: SettingsFor, folder: Path) -> AsyncIterator[Gateway]:
    """A gateway as everywhere, but by webhook, and with a Telegram that tries again soon."""
    async with running(settings_for, folder, Limits(webhook_retry_seconds=0.2), webhook=True) as gateway:
        yield gateway


async def connected(bare: Gateway) -> Gateway:
    """Its bot is, and Telegram knows the way."""
    await bare.connect()
    await eventually(lambda: heard_by(bare, address(bare)))
    return bare


def address(gateway: Gateway) -> str:
    return f"{gateway.settings.public_url}/telegram/updates/{BOT_ID}"


async def telegram(gateway: Gateway, method: str, **given: Any) -> Any:
    """The Bot API, asked by the same bot."""
    answer = await gateway.phones.http.post(f"/bot{PRACTICE_TOKEN}/{method}", json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


async def heard_by(gateway: Gateway, where: str) -> bool:
    """the webhook at Telegram"""
    return bool((await telegram(gateway, "getWebhookInfo"))["url"] == where)


async def all_brought(gateway: Gateway) -> None:
    """Waits until nothing waits at Telegram: what is handled may not yet be confirmed."""

    async def none() -> bool:
        """the end of what waits at Telegram"""
        return not (await telegram(gateway, "getWebhookInfo"))["pending_update_count"]

    await eventually(none)


async def brought(gateway: Gateway, body: Any, secret: str | None = None, bot: int = BOT_ID) -> int:
    """Somebody knocks as Telegram does; the status of the answer."""
    given = webhook_secret(gateway.settings, bot) if secret is None else secret
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx.AsyncClient() as somebody:
        answer = await somebody.post(
            f"{gateway.settings.public_url}/telegram/updates/{bot}",
            content=content,
            headers={b"Content-Type": b"application/json", HEADER.encode(): given.encode()},
        )
    return answer.status_code


def says_help(person: Person, number: int) -> Json:
    who = {"id": person.id, "is_bot": False, "first_name": person.name}
    chat = {"id": person.id, "type": "private"}
    message = {"message_id": 1, "date": 1, "chat": chat, "from": who, "text": "/help"}
    return {"update_id": number, "message": message}


async def stored(gateway: Gateway) -> list[int]:
    rows = await gateway.service.pool.fetch("SELECT update_id FROM updates ORDER BY update_id")
    return [row["update_id"] for row in rows]


async def next_number(gateway: Gateway) -> int:
    return max(await stored(gateway)) + 1


async def updates_shown(gateway: Gateway) -> Json:
    shown: Json = (await gateway.call("GET", "/api/telegram/token"))["updates"]
    return shown
