"""What every test can ask for: real servers, a clean slate on them, and settings that point there."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest
from msgspec.structs import replace

import nats
from local.access import ROLES
from local.servers import Servers
from shared import logs
from shared.settings import Settings
from tests.running import SHAPES, Callout, running, settings_on

logs.for_people()

SettingsFor = Callable[[str], Settings]


@pytest.fixture(scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    """PostgreSQL and NATS, started once for the whole run on free ports."""
    folder: Path = tmp_path_factory.mktemp("data")
    async with Servers(folder) as running:
        yield running


async def swept(servers: Servers) -> Servers:
    """The servers with nothing on them: empty schemas, no stream, no bucket."""
    connection = await asyncpg.connect(servers.postgres_dsn("postgres"))
    for role in ROLES:
        await connection.execute(f"DROP SCHEMA {role} CASCADE; CREATE SCHEMA {role} AUTHORIZATION {role}")
    await connection.close()
    client = await nats.connect(servers.nats_url())
    js = client.jetstream()
    for stream in await js.streams_info():
        await js.delete_stream(str(stream.config.name))
    await client.close()
    return servers


@pytest.fixture
async def clean(servers: Servers) -> Servers:
    """Servers with nothing on them, for one test."""
    return await swept(servers)


@pytest.fixture
def settings_for(clean: Servers) -> SettingsFor:
    """Settings of one service by its database role, on clean servers. On the bus it is the operator, so that a
    test may speak for the services that it doesn't start; a whole Callout has a user for each."""

    def settings(role: str) -> Settings:
        return replace(settings_on(clean, role), nats=clean.nats_url())

    return settings


@pytest.fixture(scope="module", params=SHAPES)
async def callout(
    request: pytest.FixtureRequest, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Callout]:
    """A whole Callout for the tests of one file, in both shapes; each test brings its own people and tasks."""
    await swept(servers)
    async with running(request.param, servers, tmp_path_factory.mktemp("phone")) as started:
        yield started


@pytest.fixture
async def fresh(request: pytest.FixtureRequest, clean: Servers, tmp_path: Path) -> AsyncIterator[Callout]:
    """A Callout of its own for a test that breaks it; `@only("five processes")` for that shape."""
    async with running(getattr(request, "param", "one process"), clean, tmp_path) as started:
        yield started
