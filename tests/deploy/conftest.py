"""Real servers, and a word with their database."""

import os
import pwd
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from local.servers import Servers

AS_ROOT = os.geteuid() == 0

ROOT = Path(__file__).parents[2]

HOLD = """\
import asyncio, sys
from pathlib import Path
from local.servers import Servers

async def hold():
    async with Servers(Path(sys.argv[1])) as servers:
        print(servers.postgres.pid, servers.nats.pid, flush=True)
        await asyncio.sleep(float(sys.argv[2]))

asyncio.run(hold())
"""


@pytest.fixture(scope="module")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    async with Servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that belongs to `nobody`, for what an ordinary user does."""
    folder = Path(tempfile.mkdtemp())
    if AS_ROOT:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    yield folder
    shutil.rmtree(folder)


async def execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def fetchval(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What `make secrets` needs of the repository."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "fill_secrets.py", tmp_path / "deploy")
    shutil.copy(ROOT / ".env.example", tmp_path)
    return tmp_path
