"""A notifier on real servers, an owner who is logged in, and a way to publish what other services would."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest
import websockets
from msgspec import Struct

from local.stack import Http, listen
from notifier import app
from shared.contract import AnyEvent, Recorded
from shared.contract.admin import Role
from shared.service import Service
from shared.settings import Settings
from tests.notifier.examples import recorded
from tests.people import eventually

SettingsFor = Callable[[str], Settings]


class Said(Struct, frozen=True):
    """A frame, as a program reads it."""

    id: str
    kind: str
    text: str
    at: str
    link: str
    actions: list[dict[str, str]]


@dataclass
class Running:
    """One replica and its address."""

    service: Service
    url: str
    versions: dict[str, int] = field(default_factory=dict)

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers={"Origin": self.url}, timeout=20)

    async def publish(self, stream: str, actor: str, event: AnyEvent) -> Recorded:
        """As the service that owns the stream would."""
        self.versions[stream] = self.versions.get(stream, 0) + 1
        sent = recorded(stream, actor, event, self.versions[stream])
        await self.service.bus.publish_events([sent])
        return sent

    async def token(self, name: str = "tests", role: Role = Role.OWNER) -> str:
        return await app.create_api_token(self.service, name, role)

    @asynccontextmanager
    async def socket(
        self, after: str | None = None, **headers: str
    ) -> AsyncIterator[websockets.ClientConnection]:
        url = self.url.replace("http", "ws") + "/ws" + (f"?after={after}" if after else "")
        async with websockets.connect(url, additional_headers=headers, compression=None) as socket:
            yield socket


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def hear(socket: websockets.ClientConnection, count: int) -> list[Said]:
    return [msgspec.json.decode(await socket.recv(), type=Said) for _ in range(count)]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    async with AsyncExitStack() as stack:
        service = app.build(settings)
        await service.start()
        stack.push_async_callback(service.stop)
        http = Http(service.asgi, listen("127.0.0.1", 0))
        await http.start()
        stack.push_async_callback(http.stop)

        async def ready() -> bool:
            return service.ready()

        await eventually(ready)
        yield Running(service, f"http://127.0.0.1:{http.port}")


@pytest.fixture
async def notifier(settings_for: SettingsFor) -> AsyncIterator[Running]:
    async with running(settings_for("notifier")) as replica:
        yield replica


@pytest.fixture
async def password(notifier: Running) -> str:
    """The first owner's."""
    made = await app.first_owner(notifier.service)
    assert made
    return made


@pytest.fixture
async def owner(notifier: Running, password: str) -> AsyncIterator[httpx.AsyncClient]:
    async with notifier.browser() as browser:
        await log_in(browser, "owner", password)
        yield browser


async def log_in(browser: httpx.AsyncClient, login: str, password: str) -> httpx.Response:
    answer = await browser.post("/login", data={"login": login, "password": password})
    assert answer.status_code == 303, answer.text
    return answer


async def add(owner: httpx.AsyncClient, login: str, role: str = "dispatcher") -> str:
    """A new admin's password."""
    answer = await owner.post("/api/admins", json={"login": login, "name": login.title(), "role": role})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["password"]
    return made


async def status(ask: Callable[[], Awaitable[Any]], wanted: int) -> bool:
    return bool((await ask()).status_code == wanted)
