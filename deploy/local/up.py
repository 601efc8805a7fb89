"""`callout up` and `callout serve`: from a terminal to a running Callout, and back."""

import argparse
import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import uvloop

from local.installation import secret, settings, telegram_api
from local.phone import PRACTICE_TOKEN
from local.phone.app import serve_phone
from local.servers import Servers
from local.stack import Http, Stack, build, listen
from local.trouble import CannotStart
from shared import logs, tracing
from shared.service import Service
from shared.settings import from_environment, value_of

fast_loop = uvloop.new_event_loop


async def up(arguments: argparse.Namespace) -> None:
    """Everything on this machine, until it is told to stop."""
    ending = _told_to_end()
    data: Path = arguments.data
    async with AsyncExitStack() as stack:
        dashboard = _open(arguments.host, arguments.port)
        print(f"Starting Callout in {data.absolute()} …", flush=True)
        servers = await stack.enter_async_context(Servers(data))
        stack.callback(asyncio.create_task(servers.keep_running()).cancel)
        secret(data)
        api = telegram_api(data)
        phone: str | None = None
        if api is None:
            phone = api = await stack.enter_async_context(_phone(data, dashboard.getsockname()[1] + 1))
        host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
        address = f"http://{host}:{dashboard.getsockname()[1]}"
        public = value_of("CALLOUT_PUBLIC_URL") or address  # a proxy with TLS may stand in front
        stack.push_async_callback(asyncio.to_thread, tracing.export_as("callout"))
        brought = value_of("CALLOUT_TELEGRAM_WEBHOOK") or "false"
        callout = Stack(
            settings(servers.access, data, telegram_api=api, public_url=public, telegram_webhook=brought)
        )
        await callout.start()
        stack.push_async_callback(callout.stop)
        password = await _first_owner(callout.services["notifier"])
        if phone:
            await _practise(callout.services["bot-gateway"])
        http = Http(callout, dashboard)
        await http.start()
        stack.push_async_callback(http.stop)
        while callout.waiting_for():
            await asyncio.sleep(0.01)
        print(_welcome(address, password, phone), flush=True)
        await ending.wait()
        print("Stopping …", flush=True)


async def serve(arguments: argparse.Namespace) -> None:
    """One service, as a container runs it."""
    ours = from_environment(service=arguments.service)
    logs.for_machines(ours.log_level, arguments.service)
    ending = _told_to_end()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, tracing.export_as(arguments.service))
        service = build(arguments.service, ours)
        await service.start()
        stack.push_async_callback(service.stop)
        if service.name == "notifier" and (password := await _first_owner(service)):
            print(_first_login(password), flush=True)
        http = Http(service.asgi, _open(ours.host, ours.port), ours.trusted_proxies)
        await http.start()
        stack.push_async_callback(http.stop)
        await ending.wait()


async def phone(arguments: argparse.Namespace) -> None:
    """The practice phone alone, for services that run elsewhere."""
    ending = _told_to_end()
    at = {"host": arguments.host, "port": arguments.port, "hosts": arguments.known_as}
    async with serve_phone(arguments.file, **at) as address:
        print(f"The practice phone answers on {address}; its bot's token is {PRACTICE_TOKEN}", flush=True)
        await ending.wait()


async def _first_owner(notifier: Service) -> str | None:
    from notifier.app import first_owner

    return await first_owner(notifier)


async def _practise(bot_gateway: Service) -> None:
    from bot_gateway.app import practise

    await practise(bot_gateway, PRACTICE_TOKEN)


def _welcome(address: str, password: str | None, phone: str | None) -> str:
    lines = ["", f"  Callout is ready:        {address}"]
    if phone:
        lines.append(f"  The practice phone:      {phone}   (stands in for Telegram)")
    lines.append(_first_login(password) if password else "  Log in as before.")
    return "\n".join([*lines, "", "  Ctrl-C stops it; the data stays.", ""])


def _first_login(password: str) -> str:
    return f"  The owner's first login: owner / {password}   (login / password, shown this once)"


def _open(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as error:
        raise CannotStart(
            f"Port {port} of {host} can't be used: {error.strerror}. Choose another with --port."
        ) from error


@asynccontextmanager
async def _phone(data: Path, port: int) -> AsyncIterator[str]:
    """The practice phone, on the port after the dashboard's or on any free one."""
    try:
        listen("127.0.0.1", port).close()
    except (OSError, OverflowError):
        port = 0
    async with serve_phone(data / "phone.sqlite3", port=port) as address:
        yield address


def _told_to_end() -> asyncio.Event:
    ending = asyncio.Event()
    for told in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(told, ending.set)
    return ending
