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
from playwright.async_api import Browser

from local.stack import Http, listen
from notifier import app
from shared.contract import AnyEvent, Recorded
from shared.contract.admin import Role
from shared.contract.task import TaskCreated, TaskDetails
from shared.contract.technician import TechnicianRegistered
from shared.service import Service
from shared.settings import Settings
from tests.browser import chromium
from tests.notifier.dashboard import Dashboard, dashboard
from tests.notifier.examples import SAMI, recorded
from tests.people import PATIENCE, eventually
from tests.sessions import knows

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
        """Whoever logs in with it is known here when the answer has come."""
        return httpx.AsyncClient(
            base_url=self.url,
            headers={"Origin": self.url},
            timeout=PATIENCE,
            event_hooks={"response": [self._known]},
        )

    async def _known(self, answer: httpx.Response) -> None:
        if secret := answer.cookies.get("callout_session"):
            await knows(secret, self.service)

    async def publish(self, stream: str, actor: str, event: AnyEvent) -> Recorded:
        """As the service that owns the stream would."""
        self.versions[stream] = self.versions.get(stream, 0) + 1
        sent = recorded(stream, actor, event, self.versions[stream])
        await self.service.bus.publish_events([sent])
        return sent

    async def token(self, name: str = "tests", role: Role = Role.OWNER) -> str:
        made = await app.create_api_token(self.service, name, role)
        await knows(made, self.service)
        return made

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
        http = Http(service.asgi, listen("127.0.0.1", 0), settings.trusted_proxies)
        await http.start()
        stack.push_async_callback(http.stop)

        async def ready() -> bool:
            return service.ready()

        await eventually(ready)
        await service.bus.provision()  # else who speaks for another service might be faster than the relay
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


async def create(notifier: Running, number: int) -> None:
    """A task that everybody is told of."""
    created = TaskCreated(number, TaskDetails(f"Task {number}"), 7)
    await notifier.publish(f"task.{number}", "admin:anna", created)


async def register(notifier: Running, telegram_id: int = SAMI) -> None:
    """A new technician: somebody should answer that."""
    event = TechnicianRegistered(telegram_id, f"Sami {telegram_id}")
    await notifier.publish(f"technician.{telegram_id}", f"technician:{telegram_id}", event)


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest.fixture
async def screen(browser: Browser, notifier: Running, owner: httpx.AsyncClient) -> AsyncIterator[Dashboard]:
    """The owner's browser, with its loudspeaker listened to; no page in it may complain."""
    async with dashboard(browser, notifier.url, owner.cookies["callout_session"]) as opened:
        yield opened
