"""How the servers of one data folder are reached: ports, roles and passwords, kept in `servers.json`."""

import os
import secrets
from pathlib import Path

import msgspec
from msgspec import Struct

from local.trouble import CannotStart

HOST = "127.0.0.1"
IDLE = 75
"""Seconds for which an HTTP server keeps a connection that nobody uses: longer than programs do (most of them 5 to 60).
Whoever posts on a connection in the moment in which the server ends it does not learn whether it arrived."""
DATABASE = "callout"
SUPERUSER = "postgres"

ROLES = ("bot_gateway", "invoices", "notifier", "reporting", "tasks")
"""One database role and one schema of the same name for each service."""

OPERATOR = "operator"
NATS_USERS = (OPERATOR, "bot-gateway", "invoices", "notifier", "reporting", "tasks")
"""Of the bus: each service, and whoever looks after it from a terminal."""


class Access(Struct):
    """How to reach the servers of one data folder; what `servers.json` holds."""

    postgres_port: int = 0
    nats_port: int = 0
    passwords: dict[str, str] = {}
    nats_passwords: dict[str, str] = {}
    provisioned: int = 0

    def postgres_dsn(self, role: str) -> str:
        """Address of the database for one of `ROLES`, or for the superuser `postgres`."""
        # On the loopback there is nothing to encrypt, and asking for it would cost each connection a round trip.
        return f"postgresql://{role}:{self.passwords[role]}@{HOST}:{self.postgres_port}/{DATABASE}?sslmode=disable"

    def nats_url(self, user: str) -> str:
        """Address of the bus for one of `NATS_USERS`."""
        if user not in self.nats_passwords:
            raise CannotStart(
                "The Callout that runs here is older than this command. Stop it and start it again first."
            )
        return f"nats://{user}:{self.nats_passwords[user]}@{HOST}:{self.nats_port}"

    def fill_passwords(self) -> None:
        """A password for each who has none yet; the others stay as they are."""
        for kept, names in ((self.passwords, (SUPERUSER, *ROLES)), (self.nats_passwords, NATS_USERS)):
            for name in names:
                kept.setdefault(name, secrets.token_urlsafe(32))


def read_access(data: Path) -> Access | None:
    """How to reach the servers that run, or ran last, on this folder; None for a folder never used."""
    try:
        return msgspec.json.decode(_path(data).read_bytes(), type=Access)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise CannotStart(f"{_path(data)} is damaged: {error}. Put it back from a backup.") from error


def remember_access(data: Path, access: Access) -> None:
    """Keep it for the next start: without these passwords the data is locked up."""
    path = _path(data)
    text = msgspec.json.format(msgspec.json.encode(access))
    if not path.exists() or path.read_bytes() != text:
        keep_private(path, text)


def keep_private(path: Path, text: bytes) -> None:
    """A file that only this user may read, and that is whole or not there, whenever the machine stops."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    with new.open("wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _path(data: Path) -> Path:
    return data / "servers.json"
