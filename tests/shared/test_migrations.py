"""Bringing a schema up to date: each file once, in order, whoever else tries at the same moment."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.journal import migrations
from shared.journal.migrations import known, migrate
from tests.conftest import SettingsFor
from tests.people import PATIENCE


@pytest.fixture
async def pool(settings_for: SettingsFor) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(settings_for("reporting").postgres, min_size=1, max_size=8) as made:
        yield made


async def applied(pool: asyncpg.Pool) -> list[str]:
    return [row["name"] for row in await pool.fetch("SELECT name FROM migrations ORDER BY at, name")]


async def test_five_runners_at_once_apply_each_file_once(pool: asyncpg.Pool) -> None:
    """As where every replica of a new version starts at the same moment."""
    await asyncio.gather(*(migrate(pool, "reporting") for _ in range(5)))
    assert sorted(await applied(pool)) == sorted(known("reporting"))
    await migrate(pool, "reporting")


async def test_a_file_that_fails_leaves_those_before_it(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It changes nothing itself, holds no lock for the next runner, and is applied once it is mended."""
    files = [("one", "CREATE TABLE one (n int)"), ("two", "CREATE TABLE two (n int); SELECT 1/0")]
    monkeypatch.setattr(migrations, "_all", lambda _: files)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(pool, "reporting")
    assert await applied(pool) == ["one"]
    files[1] = ("two", "CREATE TABLE two (n int)")
    async with asyncio.timeout(PATIENCE):
        await migrate(pool, "reporting")
    assert await applied(pool) == ["one", "two"]


async def test_reading_goes_on_while_a_file_is_applied(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier file has locked is free again while a later one takes its time."""
    await migrate(pool, "reporting")
    files = [
        ("quick", "ALTER TABLE audit ADD COLUMN new_thing int"),
        ("slow", "SELECT pg_advisory_xact_lock(7)"),
    ]
    monkeypatch.setattr(migrations, "_all", lambda _: files)
    async with pool.acquire() as holding, holding.transaction():
        await holding.execute("SELECT pg_advisory_xact_lock(7)")
        migrating = asyncio.create_task(migrate(pool, "reporting"))
        while "quick" not in await applied(pool):
            await asyncio.sleep(0.01)
        await pool.fetch("SELECT * FROM audit", timeout=PATIENCE)
        assert not migrating.done()
    await migrating
