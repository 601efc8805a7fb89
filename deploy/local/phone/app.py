"""The practice phone as an ASGI app, and as a server for those who want only an address."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp

from local.access import HOST, IDLE

from . import page, people, wire
from .guard import guarded
from .phone import NotPossible, Phone
from .rules import Limits


def build_phone(
    database: Path,
    *,
    limits: Limits | None = None,
    now: Callable[[], float] = time.time,
    hosts: Iterable[str] = (),
) -> Litestar:
    """The whole phone, kept in the SQLite file `database`.

    `limits` are Telegram's unless others are given (`rules.LIFTED`), `now` is what its clock shows, `hosts` are
    names besides the local ones under which the phone may be reached (a container's).
    """
    phone = Phone(database, limits or Limits(), now)
    known = frozenset(hosts)

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        courier = asyncio.create_task(phone.updates.deliver())
        try:
            yield
        finally:
            courier.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await courier
            phone.store.close()

    def guard(app: ASGIApp) -> ASGIApp:
        return guarded(app, known)

    return Litestar(
        route_handlers=[
            page.page,
            people.router,
            wire.bot_call,
            wire.bot_file,
            create_static_files_router("/static", directories=[page.HERE / "static"], name="phone-static"),
        ],
        dependencies={"phone": Provide(lambda: phone, sync_to_thread=False)},
        exception_handlers={NotPossible: _not_possible},
        middleware=[guard],
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
    )


def _not_possible(_: Request[Any, Any, Any], reason: NotPossible) -> Response[dict[str, Any]]:
    body = {"status": reason.code, "detail": reason.sentence}
    return Response(body, status_code=reason.code, media_type="application/problem+json")


@contextlib.asynccontextmanager
async def serve_phone(
    database: Path,
    *,
    host: str = HOST,
    port: int = 0,
    limits: Limits | None = None,
    now: Callable[[], float] = time.time,
    hosts: Iterable[str] = (),
) -> AsyncIterator[str]:
    """Serve the phone in this event loop; gives its address, `http://127.0.0.1:43210`."""
    config = uvicorn.Config(
        build_phone(database, limits=limits, now=now, hosts=hosts),
        host=host,
        port=port,
        log_level="critical",  # a practised broken connection is no error of the server
        access_log=False,
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=1,  # open pages and long polls never end by themselves
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            await serving
            raise RuntimeError(f"The practice phone could not listen on {host}:{port}.")
        await asyncio.sleep(0.01)
    try:
        yield f"http://{host}:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """Leaves the process's signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield
