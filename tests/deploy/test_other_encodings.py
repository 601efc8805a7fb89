"""A database that was made without UTF-8, by the server of an older installation."""

from collections.abc import AsyncIterator
from importlib.resources import files

import asyncpg
import pytest

from local.doctor import tables
from local.doctor.findings import State
from local.servers import Servers
from shared.journal.migrations import migrate

BYTES = "kept_in_bytes"


@pytest.fixture
async def bytes_only(servers: Servers) -> AsyncIterator[str]:
    """Its DSN."""
    server = await asyncpg.connect(servers.postgres_dsn("postgres"))
    await server.execute(f"CREATE DATABASE {BYTES} TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'")
    yield servers.postgres_dsn("postgres").rpartition("/")[0] + f"/{BYTES}"
    await server.execute(f"DROP DATABASE {BYTES}")
    await server.close()


@pytest.mark.parametrize("package", ["tasks", "bot_gateway"])
async def test_it_is_migrated_and_the_doctor_names_it(bytes_only: str, package: str) -> None:
    """Names are told apart as far as bytes can tell; only the doctor complains."""
    async with asyncpg.create_pool(bytes_only, min_size=1, max_size=1) as pool:
        await pool.execute("CREATE EXTENSION pg_trgm; CREATE SCHEMA postgres")
        await pool.execute((files("local") / "history.sql").read_text())
        await migrate(pool, package)
        assert await pool.fetchval("SELECT same_name(' Anna  WEBER') = same_name('anna weber ')")
        assert await pool.fetchval("SELECT same_name('José') <> same_name('Jose')")
        async with pool.acquire() as connection:
            found = await tables.encoding(connection)  # type: ignore[arg-type]  # a pool's proxy
    assert found.state is State.WARNING
    assert "SQL_ASCII" in found.says
