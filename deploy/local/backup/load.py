"""Restoring a backup, in one transaction: afterwards all of it is there, or nothing has changed."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import asyncpg
from nats.js.errors import NotFoundError

from local.access import ROLES
from local.backup.archive import DAMAGE, Header, Held, Manifest, Reader, Table, newer
from local.backup.place import Target, connect
from local.backup.save import PLAIN, tables_of
from local.backup.trouble import DAMAGED, CannotRestore
from local.nats_client import connected
from local.stack import SERVICES
from shared.bus import BUS_TROUBLE, STREAM
from shared.journal import migrations
from shared.version import VERSION
from shared.web import BUCKET

_CLEAR = """
SELECT format('DROP %s IF EXISTS %I.%I CASCADE',
              CASE relkind WHEN 'r' THEN 'TABLE' WHEN 'v' THEN 'VIEW' ELSE 'SEQUENCE' END, nspname, relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE nspname = ANY($1) AND relkind IN ('r', 'v', 'S')
ORDER BY relkind = 'S' -- those of a table's own columns are gone by then
"""
_CLEAR_FUNCTIONS = """
SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', p.oid::regprocedure)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE nspname = ANY($1)
"""


def check(header: Header) -> None:
    """Refuses what a newer Callout wrote: its events and tables may hold what this one can't read."""
    unknown = {
        name for role in ROLES for name in header.migrations[role] if name not in migrations.known(role)
    }
    if unknown or _numbers(header.callout) > _numbers(VERSION):
        raise CannotRestore(newer(header.callout))


async def load(target: Target, reader: Reader) -> Manifest:
    """Fills an installation that is empty and stopped; answers what it holds now."""
    connection = await connect(target.database)
    try:
        async with connection.transaction():
            await _refuse_others(connection)
            await _make(connection, reader.header)
            manifest = await _fill(connection, reader)
            for role in ROLES:
                await _migrate(connection, role)
            await connection.execute("ANALYZE")
            await _forget_bus(target.bus)
            target.settle()
            return manifest
    except (*DAMAGE, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        raise CannotRestore(DAMAGED) from error
    finally:
        await connection.close()


async def _refuse_others(connection: asyncpg.Connection) -> None:
    for service in SERVICES:
        free = await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtext($1))", f"lead {service}")
        if not free:
            raise CannotRestore(f"{service} runs on this installation. Stop all services, and restore then.")
    for role in ROLES:
        # Whoever starts meanwhile waits, and finds what was restored.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('migrate ' || $1::text))", role)
        if not await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", role):
            raise CannotRestore("This database is not prepared yet. Run `callout migrate` first.")
        if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{role}.events"):
            continue
        held = await connection.fetchval(f"SELECT count(*) FROM {role}.events")  # noqa: S608 - own role
        if held:
            raise CannotRestore(
                f"This installation is in use: {role} holds {held:,} events. "
                "A backup is only restored into an empty one; nothing was changed."
            )


async def _make(connection: asyncpg.Connection, header: Header) -> None:
    """The tables as they were when the backup was made, whatever stood here."""
    for query in (_CLEAR, _CLEAR_FUNCTIONS):
        for row in await connection.fetch(query, ROLES):
            await connection.execute(row[0])
    for role in ROLES:
        await _migrate(connection, role, header.migrations[role])
    if await tables_of(connection) != header.tables:
        raise CannotRestore(DAMAGED)


async def _migrate(connection: asyncpg.Connection, role: str, only: list[str] | None = None) -> None:
    """As the service itself: what it makes is its own."""
    await connection.execute(f"SET LOCAL SESSION AUTHORIZATION {role}")
    await connection.execute(f"SET LOCAL search_path = {role}, public")
    await migrations.apply(connection, role, only)
    await connection.execute("SET LOCAL SESSION AUTHORIZATION DEFAULT")
    await connection.execute("SET LOCAL search_path = pg_catalog")


async def _fill(connection: asyncpg.Connection, reader: Reader) -> Manifest:
    """Rows as they were: no trigger fires, and no reference is looked after while half of it is there."""
    tables = {table.key: table for table in reader.header.tables}
    for setting in (*PLAIN, "SET LOCAL session_replication_role = replica"):
        await connection.execute(setting)
    # A migration may have put rows of its own here, and has noted itself.
    names = ", ".join(f'"{table.schema}"."{table.name}"' for table in tables.values())
    await connection.execute(f"TRUNCATE {names}")
    found = {key: Held(0, 0, hashlib.sha256().hexdigest()) for key in tables}
    for key, parts in reader.tables():
        if key not in tables:
            raise CannotRestore(DAMAGED)
        found[key] = await _copy(connection, tables[key], parts)
    manifest = reader.manifest
    if found != manifest.tables:
        raise CannotRestore(DAMAGED)
    for name, (last, given_out) in manifest.sequences.items():
        await connection.execute("SELECT setval($1::text::regclass, $2, $3)", name, last, given_out)
    await connection.execute("SET LOCAL session_replication_role = origin")
    return manifest


async def _copy(connection: asyncpg.Connection, table: Table, parts: Iterator[bytes]) -> Held:
    size, sha256 = 0, hashlib.sha256()

    async def passing() -> AsyncIterator[bytes]:
        nonlocal size
        for part in parts:
            size += len(part)
            sha256.update(part)
            yield part

    told = await connection.copy_to_table(
        table.name, schema_name=table.schema, columns=table.columns, source=passing(), format="text"
    )
    return Held(int(told.removeprefix("COPY ")), size, sha256.hexdigest())


async def _forget_bus(url: str) -> None:
    """What the bus holds is of another life, perhaps of a later one: the services fill it again from here."""
    try:
        async with connected(url) as client:
            for stream in (STREAM, f"KV_{BUCKET}"):
                with suppress(NotFoundError):
                    await client.jetstream().delete_stream(stream)
    except (*BUS_TROUBLE, OSError) as error:
        raise CannotRestore(
            f"NATS can't be used ({type(error).__name__}). Nothing was restored; start it, and try again."
        ) from error


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
