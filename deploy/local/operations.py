"""What operators do from a terminal, on a running installation or a stopped one."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from nats.js.errors import NotFoundError

from local.installation import reach
from local.stack import SERVICES, build
from shared.bus import STREAM
from shared.journal import dead_letters
from shared.service import Service


@asynccontextmanager
async def prepared(data: Path | None, name: str) -> AsyncIterator[Service]:
    """One service with its connections open, not serving."""
    async with reach(data, name) as settings:
        service = build(name, settings)
        await service.prepare()
        try:
            yield service
        finally:
            await service.stop()


async def create_token(arguments: argparse.Namespace) -> None:
    from notifier.app import create_api_token

    async with prepared(arguments.data, "notifier") as service:
        print(await create_api_token(service, arguments.name, arguments.role))


async def replay(arguments: argparse.Namespace) -> None:
    """Deletes the stream: each service's relay finds it gone, and publishes its whole journal to a new one."""
    async with prepared(arguments.data, "reporting") as service:
        with suppress(NotFoundError):
            await service.bus.js.delete_stream(STREAM)
        await service.bus.provision()
        print("The stream is made anew; each service publishes its journal to it again as soon as it runs.")


async def rebuild(arguments: argparse.Namespace) -> None:
    async with prepared(arguments.data, arguments.service) as service:
        await service.rebuild()
        await service.catch_up()
        print(f"{arguments.service} is rebuilt.")


async def list_dead_letters(arguments: argparse.Namespace) -> None:
    found = 0
    for name in _asked_for(arguments):
        async with prepared(arguments.data, name) as service:
            for dead in await dead_letters.listed(service.pool):
                found += 1
                error = dead.error or "waits behind the one before"
                print(f"{name}  {dead.stream} v{dead.version}  {dead.type}  {error}")
    if not found:
        print("There are none.")


async def retry_dead_letters(arguments: argparse.Namespace) -> None:
    found = 0
    for name in _asked_for(arguments):
        async with prepared(arguments.data, name) as service:
            applied, failed = await dead_letters.retry(service.pool, service.apply)
            found += applied + len(failed)
            if applied or failed:
                print(f"{name}: {applied} applied, {len(failed)} still fail")
            for dead in failed:
                print(f"  {dead.stream} v{dead.version}  {dead.type}  {dead.error}")
    if not found:
        print("There are none.")


def _asked_for(arguments: argparse.Namespace) -> tuple[str, ...]:
    return (arguments.service,) if arguments.service else SERVICES
