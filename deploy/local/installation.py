"""One installation on this machine: its data folder, and how commands reach it."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from local.access import OPERATOR, Access, keep_private, read_access
from local.servers import Servers
from local.stack import SERVICES
from local.trouble import CannotStart, InUse
from shared.settings import Settings, address_of, checked, from_environment, value_of

DEFAULT_DATA = Path("data")
PRACTICE = "practice"


def secret(data: Path) -> str:
    """The installation's secret; made at the first start, kept with mode 600."""
    path = data / "secret"
    if not path.exists():
        if (data / "telegram_api").exists():  # kept later in the first start
            raise CannotStart(
                f"{path} is gone, and nothing else opens the clients' data in this folder. Put it back from a backup."
            )
        data.mkdir(parents=True, exist_ok=True)
        keep_private(path, secrets.token_urlsafe(48).encode())
    kept = path.read_text()
    if len(kept) < 32:
        raise CannotStart(f"{path} is damaged: it holds no secret. Put it back from a backup.")
    return kept


def telegram_api(data: Path) -> str | None:
    """The Bot API that `CALLOUT_TELEGRAM_API` names, now or at an earlier start; None: the practice phone stands in.

    Remembered, because a start that forgets it would talk to the phone with a real bot's token.
    """
    path = data / "telegram_api"
    kept = path.read_text() if path.exists() else ""
    named = value_of("CALLOUT_TELEGRAM_API") or kept or PRACTICE
    if named != kept:
        keep_private(path, named.encode())
    return None if named == PRACTICE else named


def settings(access: Access, data: Path, **more: str | float | bool) -> dict[str, Settings]:
    """The settings of each service, on the servers of one data folder."""
    common = checked({"postgres": "", "nats": "", "secret": secret(data), **more})
    return {
        name: msgspec.structs.replace(
            common, postgres=access.postgres_dsn(name.replace("-", "_")), nats=access.nats_url(name)
        )
        for name in SERVICES
    }


@asynccontextmanager
async def reach(data: Path | None, service: str) -> AsyncIterator[Settings]:
    """Settings for a command on one service: of the environment where no folder is named, or of the folder.

    The environment is that service's own, or the operator's, which has `CALLOUT_POSTGRES_<SERVICE>` of each.

    A folder whose servers don't run has them started for as long as the command takes.
    """
    if data is None:
        if value_of("CALLOUT_POSTGRES"):
            yield from_environment(service=service)
            return
        if dsn := address_of(f"CALLOUT_POSTGRES_{service.replace('-', '_').upper()}"):
            yield from_environment({**os.environ, "CALLOUT_POSTGRES": dsn}, service)
            return
    folder = data or DEFAULT_DATA
    async with reach_servers(folder) as access:
        yield settings(access, folder)[service]


@asynccontextmanager
async def reach_bus(data: Path | None) -> AsyncIterator[str]:
    """Address of the bus for the operator: of the environment where no folder is named, or of the folder."""
    if data is None and (url := address_of("CALLOUT_NATS")):
        yield url
        return
    async with reach_servers(data or DEFAULT_DATA) as access:
        yield access.nats_url(OPERATOR)


@asynccontextmanager
async def reach_servers(folder: Path) -> AsyncIterator[Access]:
    """A folder's servers; where they don't run, they are started for as long as it takes."""
    access = access_of(folder)
    servers = Servers(folder)
    try:
        await servers.__aenter__()
    except InUse:
        yield access
        return
    async with AsyncExitStack() as stack:
        stack.push_async_exit(servers)
        yield servers.access


def access_of(folder: Path) -> Access:
    """How to reach the servers of a folder that was used before."""
    access = read_access(folder)
    if access is None:
        raise CannotStart(
            f"There is no Callout in {folder.absolute()} yet. "
            "Start it with `callout up`, or name its folder with --data."
        )
    return access
