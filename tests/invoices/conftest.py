"""The invoices service as it really runs, told of other services' events, and a client for each kind of caller."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import msgspec
import pytest

import nats
from invoices import app
from shared.contract import Recorded
from shared.contract.admin import Role
from shared.contract.client import ClientAdded
from shared.contract.site import SiteSettingsChanged
from shared.contract.task import (
    ClientInfoSent,
    TaskAccepted,
    TaskAssigned,
    TaskCompleted,
    TaskCreated,
    TaskDetails,
    TaskSent,
)
from shared.contract.technician import TechnicianRegistered
from shared.journal.database import transaction
from shared.service import Service
from shared.web import BUCKET, COOKIE, FILLED, Session, digest
from tests.conftest import SettingsFor
from tests.invoices.examples import HOTEL_AURORA, LEAKING_BOILER, YASMIN, recorded
from tests.owners import owners
from tests.people import PATIENCE
from tests.sessions import knows

Told = Callable[..., Awaitable[None]]
As = Callable[[Role | None], Awaitable[httpx.AsyncClient]]

CURSOR = "INSERT INTO cursors VALUES ($1, $2) ON CONFLICT (stream) DO UPDATE SET version = $2"
TASK = f"task.{LEAKING_BOILER}"

COMPLETED_TASK = (
    recorded(f"client.{HOTEL_AURORA}", 1, ClientAdded("Hotel Aurora")),
    recorded(f"technician.{YASMIN}", 1, TechnicianRegistered(YASMIN, "Yasmin Haddad", "yasmin_h")),
    recorded(TASK, 1, TaskCreated(LEAKING_BOILER, TaskDetails("Leaking boiler"), HOTEL_AURORA)),
    recorded(TASK, 2, TaskAssigned(YASMIN)),
    recorded(TASK, 3, TaskSent(YASMIN, 1)),
    recorded(TASK, 4, TaskAccepted(YASMIN, 1)),
    recorded(TASK, 5, ClientInfoSent(YASMIN, 1, HOTEL_AURORA)),
    recorded(TASK, 6, TaskCompleted(YASMIN, 1)),
)


@pytest.fixture
def written() -> dict[str, int]:
    """stream → how many events its owner has written, where a test tells of any that are not here yet"""
    return {}


@pytest.fixture
async def service(settings_for: SettingsFor, written: dict[str, int]) -> AsyncIterator[Service]:
    settings = settings_for("invoices")
    client = await nats.connect(settings.nats)
    await client.jetstream().create_key_value(bucket=BUCKET)  # as the notifier does before others look for it
    await client.close()
    running = app.build(settings)
    await running.start()
    async with owners(settings.nats, written, "task", "technician", "site"):
        yield running
    await running.stop()


@pytest.fixture
def told(service: Service) -> Told:
    """Folds events as if they had come from the bus."""

    async def tell(*events: Recorded) -> None:
        async with transaction(service.pool) as connection:
            for each in events:
                await service.apply(connection, [each])
                await connection.execute(CURSOR, each.stream, each.version)
        sites = [each.data.site for each in events if isinstance(each.data, SiteSettingsChanged)]
        async with asyncio.timeout(PATIENCE):
            while sites and service.site() != sites[-1]:  # looked up once a second
                await asyncio.sleep(0.02)

    return tell


@pytest.fixture
async def caller(service: Service) -> AsyncIterator[As]:
    """A program with a role's API token, or with none."""
    async with AsyncExitStack() as stack:

        async def client(role: Role | None) -> httpx.AsyncClient:
            headers = {}
            if role:
                secret = f"a-long-secret-of-the-{role.value}"
                await logged_in(service, secret, Session("ci", "CI", role, token=True))
                headers["Authorization"] = f"Bearer {secret}"
            return await stack.enter_async_context(_client(service, headers))

        yield client


@pytest.fixture
async def browser(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A dispatcher, logged in."""
    secret = "a-long-secret-of-a-browser"
    await logged_in(service, secret, Session("anna", "Anna Berg", Role.DISPATCHER))
    headers = {"Accept": "text/html", "Origin": "http://callout", "Cookie": f"{COOKIE}={secret}"}
    async with _client(service, headers) as client:
        yield client


async def logged_in(service: Service, secret: str, session: Session) -> None:
    """Puts a session where the notifier would, and waits until the service has heard of it."""
    bucket = await service.bus.js.key_value(BUCKET)
    await bucket.put(digest(secret), msgspec.json.encode(session))
    await bucket.put(FILLED, b"")
    await knows(secret, service)


def _client(service: Service, headers: dict[str, str]) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(service.asgi)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://callout", headers=headers)


@pytest.fixture
async def office(caller: As, told: Told) -> httpx.AsyncClient:
    """A dispatcher's program, with the task completed."""
    await told(*COMPLETED_TASK)
    return await caller(Role.DISPATCHER)


@pytest.fixture
async def anna(browser: httpx.AsyncClient, told: Told) -> httpx.AsyncClient:
    """A dispatcher in a browser, with the task completed."""
    await told(*COMPLETED_TASK)
    return browser
