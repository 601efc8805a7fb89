"""What this machine tells: room on its disk, and which versions there are."""

import platform
import shutil
from importlib.metadata import version
from pathlib import Path

from local.doctor.findings import Finding, ok, warning, wrong
from shared.version import VERSION

LITTLE, TOO_LITTLE = 2 * 2**30, 500 * 2**20
"""Bytes: PostgreSQL keeps up to 512 MB of write-ahead log beside the data."""

LIBRARIES = ("aiogram", "asyncpg", "cryptography", "faststream", "litestar", "msgspec", "nats-py", "uvicorn")


def disk(folder: Path) -> Finding:
    room = shutil.disk_usage(folder)
    says = f"{room.free / 2**30:,.1f} GB of {room.total / 2**30:,.1f} are free where {folder} is"
    do = "Make room: with a full disk nothing new is accepted, though nothing is lost."
    if room.free < TOO_LITTLE:
        return wrong("disk", None, says, do)
    if room.free < LITTLE:
        return warning("disk", None, says, do)
    return ok("disk", None, says)


def versions(postgres: str | None, nats: str | None) -> Finding:
    servers = f"PostgreSQL {postgres or '?'}, NATS {nats or '?'}"
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return ok(
        "versions", None, f"Callout {VERSION}, Python {platform.python_version()}, {servers}; {libraries}"
    )
