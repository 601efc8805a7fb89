"""The practice phone as its users meet it: served over real HTTP, with an aiogram bot at the other end."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Update

from local.phone import PRACTICE_TOKEN
from local.phone.app import serve_phone
from local.phone.rules import Limits
from tests.people import PATIENCE


class Practice:
    """One served phone: `bot` is the bot's side, the methods are the people's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.bot = self.another_bot()
        self.http = httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE)
        self._bots = [self.bot]

    def another_bot(self, token: str = PRACTICE_TOKEN) -> Bot:
        bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(self.url)))
        with contextlib.suppress(AttributeError):
            self._bots.append(bot)
        return bot

    async def close(self) -> None:
        await self.http.aclose()
        for bot in self._bots:
            assert isinstance(bot.session, AiohttpSession)
            await (await bot.session.create_session()).close()  # aiogram's own close waits for TLS

    async def raw(self, method: str, **parameters: Any) -> httpx.Response:
        """A call of the Bot API without a library in between."""
        return await self.http.post(f"/bot{PRACTICE_TOKEN}/{method}", json=parameters)

    async def add(self, name: str = "Maya Haddad", **more: Any) -> int:
        answer = await self.http.post("/phone/people", json={"name": name, **more})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def do(self, person: int, action: str, **body: Any) -> Any:
        answer = await self.http.post(f"/phone/people/{person}/{action}", json=body or None)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def started(self, name: str = "Maya Haddad", **more: Any) -> int:
        person = await self.add(name, **more)
        await self.do(person, "start")
        return person

    async def messages(self, person: int, **query: Any) -> list[dict[str, Any]]:
        return list((await self.http.get(f"/phone/people/{person}/messages", params=query)).json())

    async def answers(self, person: int) -> list[dict[str, Any]]:
        return list((await self.http.get(f"/phone/people/{person}/answers")).json())

    async def weather(self, *storms: dict[str, Any]) -> None:
        answer = await self.http.put("/phone/weather", json={"storms": storms})
        assert answer.status_code == 200, answer.text

    async def calls(self, after: int = 0) -> list[dict[str, Any]]:
        return list((await self.http.get("/phone/calls", params={"after": after})).json())

    async def confirm_all(self) -> list[Update]:
        """Read and confirm every update there is."""
        updates = await self.bot.get_updates()
        if updates:
            await self.bot.get_updates(offset=updates[-1].update_id + 1)
        return updates


@pytest.fixture
def limits() -> Limits:
    """Telegram's own; a test that needs others parametrizes this."""
    return Limits()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "phone.sqlite3"


@pytest_asyncio.fixture
async def practice(database: Path, limits: Limits) -> AsyncIterator[Practice]:
    async with serve_phone(database, limits=limits) as url:
        practice = Practice(url)
        yield practice
        await practice.close()
