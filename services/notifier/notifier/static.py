"""`/static`: style sheets, scripts and icons, from memory, compressed once."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

from litestar import Response, get
from litestar.exceptions import NotFoundException
from msgspec import Struct

from shared.web import PUBLIC, Request
from shared.web.pages import STATIC, version

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
"""Nothing else is served."""


class Asset(Struct, frozen=True):
    changed: int
    body: bytes
    small: bytes
    etag: str


_ASSETS: dict[Path, Asset] = {}


def routes() -> list[Any]:
    @get("/static/{name:path}", opt=PUBLIC)
    async def file(request: Request, name: str) -> Response[bytes]:
        """`/static/~<version>/<name>`, as `asset` of shared.web writes it, or `/static/<name>`."""
        asked, path = _file(str(name).lstrip("/"))
        if path is None or path.suffix not in TYPES:
            raise NotFoundException
        asset = _asset(path)
        # With the content's hash in its address a file never changes; after an update an old page may still
        # ask for what this is no longer.
        current = asked == version(path.relative_to(STATIC).as_posix())
        headers = {
            "cache-control": FOR_EVER if current else ASK_AGAIN,
            "etag": asset.etag,
            "vary": "accept-encoding",
            "content-type": TYPES[path.suffix],
        }
        if request.headers.get("if-none-match") == asset.etag:
            return Response(b"", status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", "") and len(asset.small) < len(asset.body):
            return Response(asset.small, headers={**headers, "content-encoding": "gzip"})
        return Response(asset.body, headers=headers)

    return [file]


def _file(address: str) -> tuple[str, Path | None]:
    """The version that was asked for, if any, and the file.

    No file also for a name that no file system takes, such as one with a NUL or of a thousand letters.
    """
    asked, name = "", address
    if address.startswith("~"):
        asked, _, name = address[1:].partition("/")
    try:
        path = (STATIC / name).resolve()
        return asked, path if path.is_relative_to(STATIC) and path.is_file() else None
    except (OSError, ValueError):
        return asked, None


def _asset(path: Path) -> Asset:
    changed = path.stat().st_mtime_ns
    known = _ASSETS.get(path)
    if known is None or known.changed != changed:
        body = path.read_bytes()
        digest = hashlib.sha256(body).hexdigest()[:16]
        known = _ASSETS[path] = Asset(changed, body, gzip.compress(body, 6, mtime=0), f'W/"{digest}"')
    return known
