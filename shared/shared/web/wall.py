"""What stands before every route: limits, cleaning, who is asking, and the headers of every answer."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import litestar
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketScope,
)

from shared.contract.site import Site
from shared.language import _, known, speaking
from shared.refusal import Refused, Why
from shared.settings import Settings
from shared.text import clean_body, refuse_control_in_address
from shared.web import cookies
from shared.web.guard import SAFE, bearer_token, check_origin, identify
from shared.web.sessions import SessionBook
from shared.web.watch import GONE, watched

BODY_LIMIT = 256 * 1024
UPLOAD = "multipart/form-data"
"""A body of files. They are no text, so they are not cleaned; and nobody takes them for text, since only
`shared.web.upload` reads them: for everybody else such a body is empty."""
LANGUAGE = "callout_language"
"""The cookie with the language that a person chose; without it they read the site's."""
DRAIN_LIMIT = 64 * 1024 * 1024
"""So much of a body that is too large is read and dropped: a client that is cut off while it sends sees no answer."""
BODY_SECONDS = 30.0

HEADERS = {
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer: with it a browser calls the origin of a form "null".
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "cache-control": "no-store",
}
"""An answer that sets one of these itself keeps its own."""


class Wall:
    """ASGI. What it refuses it leaves in the scope, where `guard` raises it: so errors have one way out."""

    def __init__(
        self,
        app: ASGIApp,
        name: str,
        sessions: SessionBook,
        site: Callable[[], Site],
        settings: Settings,
        public: tuple[str, ...],
    ) -> None:
        """public  paths that everybody may look at; one that ends in a slash stands for all below it"""
        self._app = app
        self._name = name
        self._sessions = sessions
        self._site = site
        self._settings = settings
        self._public = public
        headers = dict(HEADERS)
        if settings.secure:
            headers["strict-transport-security"] = "max-age=31536000"
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: litestar.Request[Any, Any, Any] = litestar.Request(cast(HTTPScope, scope))
        chosen = cookies.read(connection, LANGUAGE, secure=self._settings.secure) or ""
        with speaking(chosen if known(chosen) else self._site().language):
            if scope["type"] == ScopeType.WEBSOCKET:
                await self._judge(scope)
                await self._app(scope, receive, send)
            else:
                await self._http(scope, receive, send)

    async def _http(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            request.answered(message)
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(h for h in self._headers if h[0] not in own)]
            await send(message)

        with watched(self._name, scope) as request:
            body = await self._body(scope, receive)
            if body is None:
                request.status = GONE
                return
            await self._judge(scope)
            if _content_type(scope).startswith(UPLOAD):
                scope["upload"], body = body, b""  # type: ignore[typeddict-unknown-key]
            scope["body"] = body  # type: ignore[typeddict-unknown-key]
            await self._app(scope, _replay(body, receive), answer)

    async def _judge(self, scope: HTTPScope | WebSocketScope) -> None:
        connection: litestar.Request[Any, Any, Any] = litestar.Request(cast(HTTPScope, scope))
        scope["identity"] = None  # type: ignore[typeddict-unknown-key]
        try:
            refuse_control_in_address(scope["path"], scope["query_string"])
            waits = scope.get("method") not in SAFE or not self._is_public(scope["path"])
            who = await identify(connection, self._sessions, secure=self._settings.secure, waits=waits)
            unsafe = scope["type"] == ScopeType.WEBSOCKET or scope.get("method") not in SAFE
            if unsafe and bearer_token(connection) is None:
                check_origin(connection, self._settings, strict=who is not None)
            scope["identity"] = who  # type: ignore[typeddict-unknown-key]
        except Refused as refused:
            _refuse(scope, refused)

    def _is_public(self, path: str) -> bool:
        return any(path == each or (each.endswith("/") and path.startswith(each)) for each in self._public)

    async def _body(self, scope: HTTPScope, receive: Receive) -> bytes | None:
        """The whole body, cleaned; what is wrong with it is left in the scope."""
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = cast(HTTPReceiveMessage, await receive())
                    if message["type"] == "http.disconnect":
                        return None
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size <= BODY_LIMIT:
                        chunks.append(chunk)
                    if not message.get("more_body") or size > DRAIN_LIMIT:
                        break
        except TimeoutError:
            _refuse(
                scope, Refused(_("The request took too long to arrive. Please send it again."), Why.INVALID)
            )
            return b""
        if size > BODY_LIMIT:
            limit = f"{BODY_LIMIT // 1024} KB"
            _refuse(
                scope,
                Refused(
                    _("That is too large: at most %(limit)s can be sent at once.", limit=limit), Why.TOO_LARGE
                ),
            )
            return b""
        whole = b"".join(chunks)
        if _content_type(scope).startswith(UPLOAD):
            return whole
        scope["came"] = whole  # type: ignore[typeddict-unknown-key]
        try:
            return clean_body(whole, _content_type(scope))
        except Refused as refused:
            scope["unclean"] = refused  # type: ignore[typeddict-unknown-key]
            return b""


def _refuse(scope: Scope, refused: Refused) -> None:
    scope.setdefault("refused", refused)  # type: ignore[typeddict-item]


def _content_type(scope: HTTPScope) -> str:
    return (
        next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        .decode("latin-1")
        .lower()
    )


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, then what really comes."""
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
