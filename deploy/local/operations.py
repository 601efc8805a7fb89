"""What operators do from a terminal, on a running installation or a stopped one."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from nats.js.errors import NotFoundError

from local.installation import reach, reach_bus
from local.nats_client import connected
from local.stack import SERVICES, build
from local.trouble import CannotStart
from shared.bus import BUS_TROUBLE, STREAM
from shared.journal import dead_letters
from shared.service import Service

if TYPE_CHECKING:
    from bot_gateway.telegram.set_aside import SetAside


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
        print(await create_api_token(service, arguments.name, arguments.role, arguments.days))


async def create_admin(arguments: argparse.Namespace) -> None:
    from notifier.app import create_admin

    async with prepared(arguments.data, "notifier") as service:
        name = arguments.name or arguments.login
        password = await create_admin(service, arguments.login, name, arguments.role)
        print(f"{arguments.login} / {password}   (shown this once)")


async def new_password(arguments: argparse.Namespace) -> None:
    from notifier.app import new_password

    async with prepared(arguments.data, "notifier") as service:
        password = await new_password(service, arguments.login)
        print(f"{arguments.login} / {password}   (shown this once)")


async def replay(arguments: argparse.Namespace) -> None:
    """Deletes the stream: the services find it gone, make it anew, and publish their whole journals to it."""
    async with reach_bus(arguments.data) as url:
        try:
            async with connected(url) as client:
                with suppress(NotFoundError):
                    await client.jetstream().delete_stream(STREAM)
        except (*BUS_TROUBLE, OSError):  # a timeout, too, where NATS refuses
            raise CannotStart(
                "NATS does not answer, or this user may not delete the stream. "
                "Under Docker Compose the operator may: `docker compose run --rm operator replay`."
            ) from None
    print(
        "The stream is gone; the services make it anew and publish their journals to it as soon as they run."
    )


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
            applied, failed = await dead_letters.retry(service.pool, service.apply, service.name)
            found += applied + len(failed)
            if applied or failed:
                print(f"{name}: {applied} applied, {len(failed)} still fail")
            for dead in failed:
                print(f"  {dead.stream} v{dead.version}  {dead.type}  {dead.error}")
    if not found:
        print("There are none.")


async def list_updates(arguments: argparse.Namespace) -> None:
    async with _set_aside(arguments.data) as set_aside:
        found = await set_aside.listed()
    for each in found:
        print(
            f"{each.bot_id}/{each.update_id}  chat {each.chat_id}  {each.received_at:%Y-%m-%d %H:%M:%S} UTC  "
            f"{each.trouble}  (kept until {each.kept_until:%Y-%m-%d})"
        )
    if not found:
        print("There are none.")


async def retry_updates(arguments: argparse.Namespace) -> None:
    async with _set_aside(arguments.data) as set_aside:
        again, unreadable = await set_aside.retry()
    if again + unreadable:
        print(f"Handled again, as soon as the service runs: {again}. Still can't be read: {unreadable}.")
    else:
        print("There are none.")


@asynccontextmanager
async def _set_aside(data: Path | None) -> "AsyncIterator[SetAside]":
    from bot_gateway.app import BotGateway

    async with prepared(data, "bot-gateway") as service:
        assert isinstance(service, BotGateway)
        yield service.set_aside


def _asked_for(arguments: argparse.Namespace) -> tuple[str, ...]:
    return (arguments.service,) if arguments.service else SERVICES
