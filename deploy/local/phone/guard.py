"""The phone has no login, so it answers this machine only, and no foreign web page.

A Host that isn't local means that a name was rebound to 127.0.0.1 to read this toy from a web page;
a foreign Sec-Fetch-Site or Origin means that another page posts here behind somebody's back.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec
from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})

# Everything comes from here; `blob:`, `data:` and inline code have no place on the page.
HEADERS: Final[dict[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


def why_refused(method: str, path: str, headers: Mapping[str, str], hosts: frozenset[str]) -> str:
    """A sentence, or nothing where the request may pass."""
    host = headers.get("host", "")
    name = urlsplit(f"//{host}").hostname or ""
    if name not in LOCAL | hosts and not name.endswith(".localhost"):
        return "The practice phone answers to local names only; open it as http://127.0.0.1."
    reads_a_page = method in ("GET", "HEAD") and not path.startswith("/bot")
    if reads_a_page:
        return ""
    origin = headers.get("origin", "")
    foreign = origin and urlsplit(origin).netloc != host
    if foreign or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return "The practice phone takes this from its own page only."
    return ""


def guarded(app: ASGIApp, hosts: frozenset[str]) -> ASGIApp:
    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return

        async def send_with_headers(message: object) -> None:
            assert isinstance(message, dict)
            if message["type"] == "http.response.start":
                ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message.get("headers", []), *ours]
            await send(message)  # type: ignore[arg-type] # it is the message that came in

        reason = why_refused(scope["method"], scope["path"], Headers.from_scope(scope), hosts)
        if not reason:
            await app(scope, receive, send_with_headers)
            return
        body = msgspec.json.encode({"status": 403, "detail": reason})
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send_with_headers({"type": "http.response.start", "status": 403, "headers": headers})
        await send_with_headers({"type": "http.response.body", "body": body, "more_body": False})

    return guard
