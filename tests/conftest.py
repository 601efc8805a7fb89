"""What every test can ask for: real servers, a clean slate on them, and settings that point there."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import nats
import pytest

from local.servers import ROLES, Servers
from shared.settings import Settings

SECRET = "a-secret-that-only-the-tests-know-of-0123456789"

SettingsFor = Callable[[str], Settings]


@pytest.fixture(scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    """PostgreSQL and NATS, started once for the whole run on free ports."""
    folder: Path = tmp_path_factory.mktemp("data")
    for parent in (
        folder,
        *folder.parents[:2],
    ):  # pytest's own folders are closed to the servers' unprivileged user
        parent.chmod(0o711)
    async with Servers(folder / "servers") as running:
        yield running


@pytest.fixture
async def clean(servers: Servers) -> Servers:
    """The servers with nothing on them: empty schemas, no stream, no bucket."""
    connection = await asyncpg.connect(servers.postgres_dsn("postgres"))
    for role in ROLES:
        await connection.execute(f"DROP SCHEMA {role} CASCADE; CREATE SCHEMA {role} AUTHORIZATION {role}")
    await connection.close()
    client = await nats.connect(servers.nats_url)
    js = client.jetstream()
    for stream in await js.streams_info():
        await js.delete_stream(stream.config.name)
    await client.close()
    return servers


@pytest.fixture
def settings_for(clean: Servers) -> SettingsFor:
    """Settings of one service by its database role, on clean servers."""

    def settings(role: str) -> Settings:
        return Settings(postgres=clean.postgres_dsn(role), nats=clean.nats_url, secret=SECRET)

    return settings
