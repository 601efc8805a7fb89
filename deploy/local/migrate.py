"""`callout migrate`: roles, schemas and tables, brought up to date before the services start."""

import argparse
from urllib.parse import unquote, urlsplit

import asyncpg

from local.access import ROLES
from local.provision import provision
from shared.journal.migrations import migrate
from shared.settings import SettingsError, address_of

ADMIN = "CALLOUT_POSTGRES_ADMIN"


async def run(_arguments: argparse.Namespace) -> None:
    """Two that run at once wait for each other; a second run changes nothing.

    The services may go on meanwhile: migrations only add what the version before does not look at.
    """
    dsns = {role: _dsn(_name(role)) for role in ROLES}
    await provision(_dsn(ADMIN), {role: _password(_name(role), dsn) for role, dsn in dsns.items()})
    for role, dsn in dsns.items():
        async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
            await migrate(pool, role)
        print(f"{role} is up to date.")


def _name(role: str) -> str:
    return f"CALLOUT_POSTGRES_{role.upper()}"


def _dsn(name: str) -> str:
    value = address_of(name)
    if value is None:
        raise SettingsError(
            f"{name} is not set. It holds the address of the database with this role's password."
        )
    return value


def _password(name: str, dsn: str) -> str:
    password = urlsplit(dsn).password
    if not password:
        raise SettingsError(f"{name} names no password.")
    return unquote(password)
