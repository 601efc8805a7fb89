"""Whose data is saved, and where it is restored: one data folder, or what the environment names."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from msgspec import Struct

from local.access import DATABASE, OPERATOR, SUPERUSER, keep_private
from local.backup.archive import Header, fingerprint
from local.backup.trouble import CannotRestore, CannotSave
from local.installation import DEFAULT_DATA, PRACTICE, reach_servers, secret
from local.migrate import ADMIN
from local.servers import Servers
from local.trouble import CannotStart
from shared.settings import TELEGRAM, SettingsError, address_of, keys_of, value_of


class Source(Struct, frozen=True):
    """
    database      DSN of the superuser
    telegram_api  base address of the Bot API, or "practice"
    """

    database: str
    secret: str
    telegram_api: str


class Target(Struct, frozen=True):
    """
    database  DSN of the superuser
    bus       URL of the operator
    settle    keeps what of the backup belongs into no database; called last before the commit
    """

    database: str
    bus: str
    settle: Callable[[], None]


@asynccontextmanager
async def source(data: Path | None) -> AsyncIterator[Source]:
    """Running or stopped: a folder whose servers don't run has them started for as long as it takes."""
    if _is_in_environment(data):
        keys_of()  # refused where they are of another secret: the backup would say the wrong one
        api = value_of("CALLOUT_TELEGRAM_API") or TELEGRAM
        yield Source(_needed(ADMIN, address_of), _needed("CALLOUT_SECRET"), api)
        return
    folder = data or DEFAULT_DATA
    async with reach_servers(folder) as access:
        if not (folder / "secret").exists():
            raise CannotSave(
                f"{folder / 'secret'} is not there: without it, nobody could read the clients' data in a backup. "
                "Put it back first."
            )
        path = folder / "telegram_api"
        api = path.read_text() if path.exists() else PRACTICE
        yield Source(access.postgres_dsn(SUPERUSER), secret(folder), api)


@asynccontextmanager
async def target(data: Path | None, header: Header) -> AsyncIterator[Target]:
    """Refuses where the secret does not fit, before anything is started or made."""
    if _is_in_environment(data):
        if fingerprint(_needed("CALLOUT_SECRET"), header.id) != header.fingerprint:
            raise CannotRestore(
                "CALLOUT_SECRET is not the secret that this backup's data is encrypted with. "
                "Set it to that installation's first"
                + ("; `callout restore FILE --show-secret` prints it." if header.secret else ".")
            )
        keys_of()  # refused where they are of another secret: the services could not read what is restored
        yield Target(_needed(ADMIN, address_of), _needed("CALLOUT_NATS", address_of), lambda: None)
        return
    folder = data or DEFAULT_DATA
    kept = _secret_for(folder, header)
    async with Servers(folder) as servers:

        def settle() -> None:
            keep_private(folder / "secret", kept.encode())
            keep_private(folder / "telegram_api", header.telegram_api.encode())

        yield Target(servers.postgres_dsn(SUPERUSER), servers.nats_url(OPERATOR), settle)


async def connect(database: str) -> asyncpg.Connection:
    """As the superuser, to Callout's own database."""
    try:
        return await asyncpg.connect(database, database=DATABASE, timeout=10)
    except asyncpg.InvalidCatalogNameError as error:
        raise CannotStart(
            "This server has no database for Callout yet. Run `callout migrate` first."
        ) from error
    except (OSError, asyncpg.PostgresError) as error:
        raise CannotStart(f"PostgreSQL can't be used: {str(error) or type(error).__name__}.") from error


def _secret_for(folder: Path, header: Header) -> str:
    path = folder / "secret"
    if not path.exists():
        if header.secret is None:
            raise CannotRestore(
                "This backup is not encrypted, so it does not hold the secret that clients' data and the bot "
                f"token are encrypted with. Copy that installation's file `secret` to {path} first."
            )
        return header.secret
    kept = path.read_text()
    if fingerprint(kept, header.id) != header.fingerprint:
        raise CannotRestore(
            f"{path} is not the secret that this backup's data is encrypted with. "
            + (
                "Restore into a new folder: the backup brings its secret along."
                if header.secret
                else "Restore into a new folder, with that installation's file `secret` in it."
            )
        )
    return kept


def _is_in_environment(data: Path | None) -> bool:
    return data is None and value_of(ADMIN) is not None


def _needed(name: str, read: Callable[[str], str | None] = value_of) -> str:
    value = read(name)
    if value is None:
        raise SettingsError(f"{name} is not set. The part of README.md on backups says what it holds.")
    return value
