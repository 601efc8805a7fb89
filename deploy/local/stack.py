"""All five services in one process, behind one port."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import msgspec
import uvicorn

from local.access import IDLE
from local.routes import service_for
from shared.service import Service
from shared.settings import Settings

SERVICES = ("notifier", "bot-gateway", "tasks", "invoices", "reporting")


def build(name: str, settings: Settings) -> Service:
    """The service of that name. Only its own code is loaded: a Telegram library takes seconds to."""
    app = import_module(f"{name.replace('-', '_')}.app")
    made: Service = app.build(settings)
    return made


Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Stack:
    """The five services as one ASGI app."""

    def __init__(self, settings: Mapping[str, Settings]) -> None:
        self.services = {name: build(name, settings[name]) for name in SERVICES}

    async def start(self) -> None:
        await asyncio.gather(*(service.start() for service in self.services.values()))

    async def stop(self) -> None:
        await asyncio.gather(*(service.stop() for service in self.services.values()))

    def waiting_for(self) -> list[str]:
        """The services that are not ready."""
        return [name for name, service in self.services.items() if not service.ready()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("the stack is started by its caller")
        if scope["path"] == "/ready" and scope["type"] == "http":
            await self._ready(send)
            return
        await self.services[service_for(scope["path"])].asgi(scope, receive, send)  # type: ignore[arg-type]

    async def _ready(self, send: Send) -> None:
        waiting = self.waiting_for()
        body = msgspec.json.encode({"ready": not waiting, "waiting_for": waiting})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 503 if waiting else 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens, so that whoever comes early waits; port 0 takes a free one.

    Raises OSError where the port is taken: two that are only bound could share it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        opened.listen(2048)
    except OSError:
        opened.close()
        raise
    return opened


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the caller's: several of these run in one process."""
        yield


class Http:
    """One ASGI app on one socket, served until `stop`.

    trusted_proxies  see `Settings`; where nothing is said, those on this machine
    """

    def __init__(self, app: Any, opened: socket.socket, trusted_proxies: str | None = None) -> None:
        self.port: int = opened.getsockname()[1]
        self._socket = opened
        self._server = _Server(
            uvicorn.Config(
                app,
                lifespan="off",  # services are started by their caller
                log_config=None,
                access_log=False,
                server_header=False,
                forwarded_allow_ips=trusted_proxies,
                ws="websockets-sansio",
                ws_per_message_deflate=False,  # frames are small; compressing each for each socket costs more
                timeout_keep_alive=IDLE,
                timeout_graceful_shutdown=5,
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve([self._socket]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Requests that are under way finish first, within five seconds."""
        self._server.should_exit = True
        if self._task:
            await self._task
