"""One Litestar app for each service, all alike."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import litestar
from litestar import Litestar, Response, Router, get
from litestar.exceptions.base_exceptions import LitestarDeprecationWarning
from litestar.openapi.datastructures import ResponseSpec
from litestar.routes import HTTPRoute
from litestar.types import LifeSpanReceive, LifeSpanScope, LifeSpanSend, Receive, Scope, Send
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.contract.site import Site
from shared.settings import Settings
from shared.web import openapi
from shared.web.forms import refuse_null
from shared.web.guard import PUBLIC, guard
from shared.web.pages import Web, state
from shared.web.problems import HANDLERS
from shared.web.sessions import SessionBook
from shared.web.wall import BODY_LIMIT, Wall


class App(Litestar):
    """Litestar behind the wall, which also sees what no route answers."""

    wall: Wall

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        else:
            await self.wall(scope, receive, send)  # type: ignore[arg-type]


def build_app(
    name: str,
    routes: Sequence[Any],
    *,
    package: str,
    sessions: SessionBook,
    site: Callable[[], Site],
    ready: Callable[[], bool],
    settings: Settings,
) -> Litestar:
    """The ASGI app of the service `name`.

    routes   Litestar handlers, controllers or routers; those under `/api` are described at `/api/<name>/openapi.json`
    package  where `templates/` is; those of `shared.web` come after it
    """
    api = [route for route in routes if _is_api(route)]
    pages = [route for route in routes if not _is_api(route)]
    with warnings.catch_warnings():
        # Litestar 2 tells of what Litestar 3 will read differently; the version is pinned below that.
        warnings.simplefilter("ignore", LitestarDeprecationWarning)
        app = App(
            [*api, *_vitals(name, ready), Router("/", route_handlers=pages, include_in_schema=False)],
            guards=[guard, refuse_null],
            exception_handlers=HANDLERS,
            state=state(Web(package, site, settings)),
            request_max_body_size=BODY_LIMIT,
            openapi_config=openapi.config(name),
            logging_config=None,
            debug=False,
        )
    app.wall = Wall(super(App, app).__call__, name, sessions, site, settings, _public(app))
    return app


def _public(app: Litestar) -> tuple[str, ...]:
    """What the wall lets through without waiting to know who asks."""
    return tuple(
        route.path.partition("{")[0]
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.opt.get("public") and "GET" in handler.http_methods
    )


def _is_api(route: Any) -> bool:
    paths = getattr(route, "paths", None) or {getattr(route, "path", "") or ""}
    return all(path.startswith("/api") for path in paths)


def _vitals(name: str, ready: Callable[[], bool]) -> list[Any]:
    @get("/health", opt=PUBLIC, sync_to_thread=False, summary="It runs")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @get(
        "/ready",
        opt=PUBLIC,
        sync_to_thread=False,
        summary="It can do its work",
        responses={503: ResponseSpec(dict[str, str], description="Not yet", generate_examples=False)},
    )
    def readiness() -> Response[dict[str, str]]:
        return Response(
            {"service": name, "status": "ready"} if ready() else {"service": name, "status": "starting"},
            status_code=200 if ready() else 503,
        )

    @get("/metrics", opt=PUBLIC, sync_to_thread=False, media_type="text/plain", summary="For Prometheus")
    def metrics(request: litestar.Request[Any, Any, Any]) -> Response[bytes]:
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    return [health, readiness, metrics]
