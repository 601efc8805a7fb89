"""What a fresh cluster needs before the services: the database, their roles and their schemas."""

from collections.abc import Mapping
from importlib.resources import files

import asyncpg

from local.access import DATABASE, ROLES

PROVISIONED = 2
"""Raise it when `provision` changes: every data folder is then provisioned again at its next start."""

_ANY_SCRIPT = "TEMPLATE template0 ENCODING UTF8 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
"""Whatever the cluster was made with: names in every script, and the same order of them on every machine."""


async def provision(superuser: str, passwords: Mapping[str, str]) -> None:
    """The database, and for each service a role that owns one schema and sees no other. Repeatable.

    Two that run at once wait for each other.

    superuser  DSN of one who may do this; its database's name is not looked at
    passwords  of each of `ROLES`
    """
    server = await asyncpg.connect(superuser, database="postgres")
    try:
        await server.execute("SELECT pg_advisory_lock(hashtext('provision'))")  # until it is closed
        if not await server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await server.execute(f"CREATE DATABASE {DATABASE} {_ANY_SCRIPT}")
        # PostgreSQL lets every role into every database until told otherwise.
        await server.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
        await _provision_database(superuser, passwords)
    finally:
        await server.close()


async def _provision_database(superuser: str, passwords: Mapping[str, str]) -> None:
    database = await asyncpg.connect(superuser, database=DATABASE)
    try:
        async with database.transaction():
            await database.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            await database.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            await database.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public")
            await database.execute((files("local") / "history.sql").read_text())
            for role in ROLES:
                if not await database.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                    await database.execute(f"CREATE ROLE {role}")
                password = await database.fetchval("SELECT quote_literal($1)", passwords[role])
                await database.execute(f"ALTER ROLE {role} LOGIN PASSWORD {password}")
                await database.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {role}")
                await database.execute(f"CREATE SCHEMA IF NOT EXISTS {role} AUTHORIZATION {role}")
                # In `public` there is only what extensions bring, and nobody may add to it.
                await database.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
                await database.execute(f"ALTER ROLE {role} SET search_path = {role}, public")
    finally:
        await database.close()
