"""Numbered SQL files, each applied once, in order, by one runner at a time."""

from collections.abc import Collection
from importlib.resources import files

import asyncpg
import structlog

from shared.journal.database import transaction

log = structlog.get_logger()

_TABLE = (
    "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
)


async def migrate(pool: asyncpg.Pool, package: str) -> None:
    """Brings the schema of this role up to date: the journal's files, the shared ones, then the service's own.

    A file is applied and noted in one transaction. Two runners on the same schema wait for each other.
    """
    async with transaction(pool) as connection:
        await apply(connection, package)


async def apply(connection: asyncpg.Connection, package: str, only: Collection[str] | None = None) -> None:
    """The same in the caller's transaction, which must speak as the schema's role.

    only  names of the files that may be applied; None: all there are
    """
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('migrate ' || current_schema()))")
    await connection.execute(_TABLE)
    done = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")}
    for name, sql in _all(package):
        if name not in done and (only is None or name in only):
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
