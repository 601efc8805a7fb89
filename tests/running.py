"""A whole Callout, in both shapes: one process, and five."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest
from msgspec.structs import asdict, replace

import notifier.app
from local.access import OPERATOR
from local.phone import PRACTICE_TOKEN
from local.phone.app import serve_phone
from local.ports import free_port
from local.servers import Servers
from local.stack import SERVICES, Http, Stack, listen
from shared import keys
from shared.contract.admin import Role
from shared.settings import Settings
from tests.people import PATIENCE, Office, Phones, eventually
from tests.sessions import knows


@dataclass
class Callout:
    """A running one: where it is, who can log in, and the people around it."""

    addresses: dict[str, str]
    password: str
    office: Office
    phones: Phones
    servers: Servers
    settings: dict[str, Settings]
    processes: dict[str, asyncio.subprocess.Process]  # none, in the shape of one process

    @property
    def url(self) -> str:
        """Where a browser goes, in the shape of one process."""
        return self.addresses["notifier"]

    async def kill(self, *services: str) -> None:
        """`kill -9`, as the out-of-memory killer would."""
        for service in services:
            self.processes[service].kill()
            await self.processes[service].wait()

    async def restart(self, *services: str) -> None:
        """Starts them again where they were, and waits until they are ready."""
        async with httpx.AsyncClient() as http:
            for service in services:
                port = httpx.URL(self.addresses[service]).port
                assert port
                self.processes[service] = await serve(service, self.settings[service], port)
            for service in services:
                await eventually(partial(_answers, http, f"{self.addresses[service]}/ready"), STARTED)

    async def command(self, *arguments: str, service: str) -> str:
        """Runs `callout …` in the environment of a service or of the operator, and answers what it printed."""
        if service == OPERATOR:
            of_all = {
                f"CALLOUT_POSTGRES_{role_of(name).upper()}": one.postgres
                for name, one in self.settings.items()
            }
            common = environment(replace(self.settings["tasks"], nats=self.servers.nats_url())) | of_all
            del common["CALLOUT_POSTGRES"]
            return await _callout(common, *arguments)
        return await _callout(environment_of(service, self.settings[service]), *arguments)


STARTED = 2 * PATIENCE
"""Seconds until processes that begin at the same time are there."""

Running = tuple[dict[str, str], str, str, dict[str, asyncio.subprocess.Process]]
"""Addresses, the owner's password, a token, and the processes."""


def role_of(service: str) -> str:
    return service.replace("-", "_")


ASKED = {
    "notifier": "/api/tokens",
    "bot-gateway": "/api/telegram/token",
    "tasks": "/api/clients",
    "invoices": "/api/invoices",
    "reporting": "/api/reports",
}
"""What each service answers nobody but those whom it knows."""

SECRET = "a-secret-that-only-the-tests-know-of-0123456789"
SHAPES = ("one process", "five processes")


def settings_on(servers: Servers, role: str) -> Settings:
    return Settings(
        postgres=servers.postgres_dsn(role), nats=servers.nats_url(role.replace("_", "-")), secret=SECRET
    )


@asynccontextmanager
async def running(
    shape: str, servers: Servers, folder: Path, log_to: Path | None = None, *, webhook: bool = False
) -> AsyncIterator[Callout]:
    """Freshly started, with the practice bot connected and nobody registered.

    log_to   a folder for what each of five processes logs; without it that is on the terminal
    webhook  Telegram brings updates, instead of being asked for them
    """
    start = one_process if shape == "one process" else partial(five_processes, log_to=log_to)
    async with AsyncExitStack() as stack:
        phone = await stack.enter_async_context(serve_phone(folder / "phone.sqlite3"))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=phone, timeout=PATIENCE))
        settings = {
            name: replace(settings_on(servers, role_of(name)), telegram_api=phone, telegram_webhook=webhook)
            for name in SERVICES
        }
        addresses, password, token, processes = await stack.enter_async_context(start(settings))
        office = Office(addresses, token)
        stack.push_async_callback(office.close)
        await office.call("PUT", "/api/telegram/token", {"token": PRACTICE_TOKEN})
        yield Callout(addresses, password, office, Phones(phone, http), servers, settings, processes)


def only(shape: str) -> pytest.MarkDecorator:
    """The shape of the test's own, `fresh` Callout."""
    return pytest.mark.parametrize("fresh", [shape], indirect=True)


@asynccontextmanager
async def one_process(settings: dict[str, Settings]) -> AsyncIterator[Running]:
    opened = listen("127.0.0.1", 0)
    public = f"http://127.0.0.1:{opened.getsockname()[1]}"
    stack = Stack({name: replace(one, public_url=public) for name, one in settings.items()})
    await stack.start()
    http = Http(stack, opened)
    await http.start()
    try:
        await eventually(lambda: _true(not stack.waiting_for()))
        password = await notifier.app.first_owner(stack.services["notifier"])
        assert password
        token = await token_of(stack)
        yield dict.fromkeys(SERVICES, f"http://127.0.0.1:{http.port}"), password, token, {}
    finally:
        await http.stop()
        await stack.stop()


@asynccontextmanager
async def resumed(servers: Servers, phone_file: Path, token: str) -> AsyncIterator[tuple[Office, Phones]]:
    """In one process, on what these servers hold already, with a practice phone on which people are already.

    token  one that they hold
    """
    async with (
        serve_phone(phone_file) as phone,
        httpx.AsyncClient(base_url=phone, timeout=PATIENCE) as http,
    ):
        stack = Stack(
            {name: replace(settings_on(servers, role_of(name)), telegram_api=phone) for name in SERVICES}
        )
        await stack.start()
        served = Http(stack, listen("127.0.0.1", 0))
        await served.start()
        office = Office(dict.fromkeys(SERVICES, f"http://127.0.0.1:{served.port}"), token)
        try:
            await eventually(lambda: _true(not stack.waiting_for()))
            yield office, Phones(phone, http)
        finally:
            await office.close()
            await served.stop()
            await stack.stop()


async def token_of(stack: Stack) -> str:
    """A new token of an owner, known to every service."""
    token = await notifier.app.create_api_token(stack.services["notifier"], "tests", Role.OWNER)
    await knows(token, *stack.services.values())
    return token


@asynccontextmanager
async def five_processes(settings: dict[str, Settings], log_to: Path | None = None) -> AsyncIterator[Running]:
    """Each service that has settings here, in a process of its own: all five, or fewer, but always the notifier."""
    ports = {name: free_port() for name in settings}
    if bot := settings.get("bot-gateway"):  # there is no proxy in front: the webhook leads to its service
        settings["bot-gateway"] = replace(bot, public_url=f"http://127.0.0.1:{ports['bot-gateway']}")
    processes = {name: await serve(name, settings[name], port, log_to) for name, port in ports.items()}
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    try:
        password = await _first_login(processes["notifier"])
        async with httpx.AsyncClient() as http:
            for address in addresses.values():
                await eventually(partial(_answers, http, f"{address}/ready"), STARTED)
            token = await _token_by_operator(settings["notifier"])
            http.headers["Authorization"] = f"Bearer {token}"
            for name, address in addresses.items():
                await eventually(partial(_answers, http, address + ASKED[name]))
        yield addresses, password, token, processes
    finally:
        for process in processes.values():
            if process.returncode is None:
                process.terminate()
        for name, process in processes.items():
            if process.returncode is not None:
                continue
            code = await asyncio.wait_for(process.wait(), PATIENCE)
            assert code == 0, f"{name} ended with {code}"


async def serve(
    service: str, settings: Settings, port: int, log_to: Path | None = None
) -> asyncio.subprocess.Process:
    """Starts `callout serve SERVICE`, as a container does."""
    with (log_to / f"{service}.log").open("ab") if log_to else nullcontext() as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "local.cli", "serve", service,
            env=environment_of(service, settings) | {"CALLOUT_PORT": str(port)},
            stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip


def environment_of(service: str, settings: Settings) -> dict[str, str]:
    """As a container has it: the keys that the service uses, and not the secret that they are made of."""
    given = {
        keys.setting_of(purpose): keys.written(settings.secret, purpose)
        for purpose in keys.USED.get(service, ())
    }
    return environment(replace(settings, secret="")) | given


def environment(settings: Settings) -> dict[str, str]:
    """Every setting as its variable: one that was left out would be another one in the process."""
    return dict(os.environ) | {
        f"CALLOUT_{name.upper()}": value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in asdict(settings).items()
    }


async def _first_login(notifier_process: asyncio.subprocess.Process) -> str:
    """Reads the password as an operator does, off the terminal."""
    assert notifier_process.stdout
    async with asyncio.timeout(STARTED):
        async for line in notifier_process.stdout:
            if b"owner / " in line:
                return line.decode().split("owner / ")[1].split()[0]
    raise AssertionError("no first login was printed")


async def _token_by_operator(settings: Settings) -> str:
    """As `callout token create` makes one, without the seconds that another process takes to begin."""
    service = notifier.app.build(settings)
    await service.prepare()
    try:
        return await notifier.app.create_api_token(service, "tests", Role.OWNER)
    finally:
        await service.stop()


async def _callout(environment: dict[str, str], *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.cli", *arguments,
        env=environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0, printed.decode()
    return printed.decode().strip()


async def _answers(http: httpx.AsyncClient, address: str) -> bool:
    try:
        return (await http.get(address)).status_code == 200
    except httpx.TransportError:
        return False


async def _true(value: bool) -> bool:
    return value
