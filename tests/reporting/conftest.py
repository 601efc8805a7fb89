"""Reporting as it really runs, and a client for each kind of caller."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

import asyncpg
import httpx
import msgspec
import pytest
from nats.js.kv import KeyValue

import nats
import shared.site
from local.servers import Servers
from reporting import app
from shared.contract import Recorded
from shared.contract.admin import Role
from shared.contract.site import Site, SiteSettingsChanged
from shared.journal.database import transaction
from shared.journal.migrations import migrate
from shared.service import Service
from shared.web import BUCKET, FILLED, Session, digest
from tests.conftest import SettingsFor
from tests.owners import owners
from tests.people import eventually
from tests.reporting.histories import Teller
from tests.sessions import knows

Told = Callable[[Sequence[Recorded]], Awaitable[None]]
Settle = Callable[[Site], Awaitable[None]]
As = Callable[[Role | None], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def database(clean: Servers) -> AsyncIterator[asyncpg.Connection]:
    """The migrated schema of reporting, without a service."""
    async with asyncpg.create_pool(clean.postgres_dsn("reporting"), min_size=1, max_size=1) as pool:
        await migrate(pool, "reporting")
    connection = await asyncpg.connect(clean.postgres_dsn("reporting"))
    yield connection
    await connection.close()


@pytest.fixture
async def pool(database: asyncpg.Connection, clean: Servers) -> AsyncIterator[asyncpg.Pool]:
    """Several connections to `database`."""
    async with asyncpg.create_pool(clean.postgres_dsn("reporting"), min_size=1, max_size=4) as made:
        yield made


@pytest.fixture
async def bucket(clean: Servers) -> AsyncIterator[KeyValue]:
    """The sessions, as the notifier would fill them."""
    client = await nats.connect(clean.nats_url())
    made = await client.jetstream().create_key_value(bucket=BUCKET)
    await made.put(FILLED, b"")
    yield made
    await client.close()


@pytest.fixture
async def service(bucket: KeyValue, settings_for: SettingsFor) -> AsyncIterator[Service]:
    settings = settings_for("reporting")
    running = app.build(settings)
    await running.start()
    await running.bus.provision()
    async with owners(settings.nats, {}, "task"):
        yield running
    await running.stop()


@pytest.fixture
def told(service: Service) -> Told:
    """Folds events as if they had come from the bus."""

    async def tell(events: Sequence[Recorded]) -> None:
        async with transaction(service.pool) as connection:
            for each in events:
                await service.apply(connection, [each])

    return tell


@pytest.fixture
def settle(service: Service) -> Settle:
    """Gives the site other settings, as the notifier's event would, and waits until they are in use."""

    async def settled(site: Site) -> None:
        async with transaction(service.pool) as connection:
            await shared.site.remember(connection, Teller().tell("site.settings", SiteSettingsChanged(site)))

        async def in_use() -> bool:
            """the settings, which are looked up once a second"""
            return service.site() == site

        await eventually(in_use)

    return settled


@pytest.fixture
async def caller(bucket: KeyValue, service: Service) -> AsyncIterator[As]:
    """An API client with a role, or with none."""
    async with AsyncExitStack() as stack:

        async def client(role: Role | None) -> httpx.AsyncClient:
            headers = {}
            if role:
                secret = f"a-long-secret-of-the-{role.value}"
                session = Session("anna", "Anna Berg", role, token=True)
                await bucket.put(digest(secret), msgspec.json.encode(session))
                headers["Authorization"] = f"Bearer {secret}"
                await knows(secret, service)
            transport = httpx.ASGITransport(service.asgi)  # type: ignore[arg-type]
            return await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://callout", headers=headers)
            )

        yield client


@pytest.fixture
async def office(caller: As) -> httpx.AsyncClient:
    return await caller(Role.DISPATCHER)
