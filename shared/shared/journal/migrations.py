"""Numbered SQL files, each applied once, in order, by one runner at a time."""

from collections.abc import Collection
from importlib.resources import files

import asyncpg
import structlog

log = structlog.get_logger()

_TABLE = (
    "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
)


async def migrate(pool: asyncpg.Pool, package: str) -> None:
    """Brings the schema of this role up to date: the journal's files, the shared ones, then the service's own.

    A file is applied and noted in one transaction, so no lock of one is held while the next is at work. Two runners
    on the same schema wait for each other.
    """
    async with pool.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock(hashtext('migrate ' || current_schema()))")
        try:
            for file in await _missing(connection, package):  # type: ignore[arg-type]  # a pool's proxy
                async with connection.transaction():
                    await _apply(connection, *file)  # type: ignore[arg-type]  # a pool's proxy
        finally:
            await connection.execute("SELECT pg_advisory_unlock(hashtext('migrate ' || current_schema()))")


async def apply(connection: asyncpg.Connection, package: str, only: Collection[str] | None = None) -> None:
    """The same in one transaction, the caller's, which must speak as the schema's role.

    only  names of the files that may be applied; None: all there are
    """
    for name, sql in await _missing(connection, package):
        if only is None or name in only:
            await _apply(connection, name, sql)


async def _missing(connection: asyncpg.Connection, package: str) -> list[tuple[str, str]]:
    await connection.execute(_TABLE)
    done = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")}
    return [(name, sql) for name, sql in _all(package) if name not in done]


async def _apply(connection: asyncpg.Connection, name: str, sql: str) -> None:
    await connection.execute(sql)
    await connection.execute("INSERT INTO migrations (name) VALUES ($1)", name)
    log.info("migrated", migration=name)


def known(package: str) -> list[str]:
    """The names of all files that make up a service's schema, in the order in which they are applied."""
    return [name for name, _ in _all(package)]


def _all(package: str) -> list[tuple[str, str]]:
    return [file for owner in ("shared.journal", "shared", package) for file in _files(owner)]


def _files(owner: str) -> list[tuple[str, str]]:
    folder = files(owner) / "migrations"
    if not folder.is_dir():
        return []
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return [
        (f"{owner}/{entry.name}", entry.read_text()) for entry in sorted(found, key=lambda entry: entry.name)
    ]
