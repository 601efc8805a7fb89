"""Writing a backup: one snapshot of the whole database, so that all five services stand at the same moment."""

from typing import IO
from uuid import uuid4

import asyncpg

from local.access import ROLES
from local.backup.archive import Header, Manifest, Table, Writer, fingerprint
from local.backup.place import Source, connect
from local.backup.trouble import CannotSave
from shared import clock
from shared.version import VERSION

LEFT_OUT = "published"
"""What the old bus held says nothing of the new one: without a row here, the relay publishes the whole journal."""

PLAIN = (
    "SET LOCAL DateStyle = ISO",
    "SET LOCAL IntervalStyle = postgres",
    "SET LOCAL TimeZone = UTC",
    "SET LOCAL extra_float_digits = 1",
)
"""Text is written and read the same way, whatever a server is set to."""

_GONE = (
    ConnectionResetError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InternalClientError,
)

_TABLES = """
SELECT n.nspname AS schema, c.relname AS name,
       array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = ANY($1) AND c.relkind = 'r' AND c.relname <> $2
GROUP BY 1, 2 ORDER BY 1, 2
"""
_SEQUENCES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY($1) AND c.relkind = 'S' ORDER BY 1
"""


async def save(source: Source, file: IO[bytes], *, with_secret: bool) -> Manifest:
    """Writes everything to the file, while the services go on.

    with_secret  what reads the file must need a passphrase then
    """
    connection = await connect(source.database)
    try:
        tables = await tables_of(connection)
        if not {(role, "migrations") for role in ROLES} <= {(table.schema, table.name) for table in tables}:
            raise CannotSave("There is no Callout in this database yet, so there is nothing to save.")
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            # Before the snapshot, which the first query takes: no migration comes between it and a table.
            names = _quoted(tables)
            await connection.execute(f"LOCK TABLE {names} IN ACCESS SHARE MODE")
            for setting in PLAIN:
                await connection.execute(setting)
            if await tables_of(connection) != tables:
                raise CannotSave("Callout is being upgraded just now. Try again in a minute.")
            return await _write(connection, source, tables, file, with_secret=with_secret)
    except _GONE as error:
        raise CannotSave("PostgreSQL went away meanwhile. No backup was made; try again.") from error
    finally:
        await connection.close()


async def tables_of(connection: asyncpg.Connection) -> list[Table]:
    """Every table of the services whose rows are kept."""
    rows = await connection.fetch(_TABLES, ROLES, LEFT_OUT)
    return [Table(row["schema"], row["name"], tuple(row["columns"])) for row in rows]


async def _write(
    connection: asyncpg.Connection, source: Source, tables: list[Table], file: IO[bytes], *, with_secret: bool
) -> Manifest:
    backup = uuid4().hex
    header = Header(
        callout=VERSION,
        id=backup,
        at=clock.now(),
        fingerprint=fingerprint(source.secret, backup),
        secret=source.secret if with_secret else None,
        telegram_api=source.telegram_api,
        migrations={role: await _migrations(connection, role) for role in ROLES},
        tables=tables,
    )
    writer = Writer(file, header)
    for table in tables:
        into = writer.table(table)
        told = await connection.copy_from_table(
            table.name, schema_name=table.schema, columns=table.columns, output=into.take, format="text"
        )
        into.end(int(told.removeprefix("COPY ")))
    # Sequences know no snapshot: read last, they are past every number that a row above has.
    sequences = [row[0] for row in await connection.fetch(_SEQUENCES, ROLES)]
    return writer.end({name: await _last(connection, name) for name in sequences})


async def _migrations(connection: asyncpg.Connection, role: str) -> list[str]:
    rows = await connection.fetch(f"SELECT name FROM {role}.migrations ORDER BY name")  # noqa: S608 - own role
    return [row["name"] for row in rows]


async def _last(connection: asyncpg.Connection, sequence: str) -> tuple[int, bool]:
    (row,) = await connection.fetch(f"SELECT last_value, is_called FROM {sequence}")  # noqa: S608 - quoted
    return row["last_value"], row["is_called"]


def _quoted(tables: list[Table]) -> str:
    return ", ".join(f'"{table.schema}"."{table.name}"' for table in tables)
