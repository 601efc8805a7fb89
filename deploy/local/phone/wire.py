"""The Bot API over HTTP: `/bot<token>/<method>` and `/file/bot<token>/<path>`."""

import asyncio
import contextlib
import re
from typing import Any, Final
from urllib.parse import quote

import msgspec
from litestar import Request, get, route
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send

from . import PRACTICE_TOKEN, parameters, weather
from .botapi import BotApi
from .phone import Phone, ThePhone
from .rules import ANONYMOUS, Refusal

ENVELOPE: Final = 1_000_000  # what a multipart body may have around its document
PROXY_PAGE: Final = b"<html><head><title>504 Gateway Time-out</title></head><body>nginx</body></html>"


@route(
    "/{bot:str}/{method:str}",
    http_method=[HttpMethod.GET, HttpMethod.POST],
    status_code=200,
    request_max_body_size=None,  # refused in Telegram's own words below
)
async def bot_call(
    request: Request[Any, Any, Any], bot: FromPath[str], method: FromPath[str], phone: ThePhone
) -> ASGIApp:
    if not bot.startswith("bot"):
        return _answer(404, {"ok": False, "error_code": 404, "description": "Not Found"})
    chat: int | None = None
    storm = None
    try:
        if bot != f"bot{PRACTICE_TOKEN}":
            raise Refusal(401, ANONYMOUS)
        given = await _read(request, phone)
        chat = _named_chat(given)
        if storm := phone.weather.strike(method):
            phone.live.tell("weather")
            if refusal := weather.refusal(storm):
                raise refusal
            if storm.kind in ("drop", "504"):
                phone.log(method, chat, 504 if storm.kind == "504" else 0)
                return _drop if storm.kind == "drop" else _proxy_page
        result = await BotApi(phone).call(method, given)
    except Refusal as refusal:
        phone.log(method, chat, refusal.code)
        return _answer(refusal.code, refusal.answer, retry_after=refusal.retry_after)
    if storm:
        phone.log(method, chat, 0)
        return _drop if storm.kind == "drop_after" else _Hang(storm.seconds)
    phone.log(method, chat, 200)
    return _answer(200, {"ok": True, "result": result})


@get("/file/{bot:str}/documents/{file_id:str}")
async def bot_file(bot: FromPath[str], file_id: FromPath[str], phone: ThePhone) -> ASGIApp:
    """Bot API, getFile: the link to a file."""
    content = phone.store.file(file_id) if bot == f"bot{PRACTICE_TOKEN}" else None
    if content is None:
        return _answer(404, {"ok": False, "error_code": 404, "description": "Not Found"})
    return file_answer(content, file_id)


async def _read(request: Request[Any, Any, Any], phone: Phone) -> parameters.Parameters:
    most = phone.limits.document_bytes + ENVELOPE
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > most:
        raise Refusal(413, "Request Entity Too Large")
    try:
        return await parameters.read(request)
    except HTTPException as problem:
        raise Refusal(400, f"Bad Request: {problem.detail}") from None


def _named_chat(given: parameters.Parameters) -> int | None:
    with contextlib.suppress(ValueError):
        return int(given.text("chat_id"))
    return None


def _answer(code: int, body: Any, retry_after: int | None = None) -> ASGIApp:
    headers = {"content-type": "application/json"}
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    return _Plain(code, headers, msgspec.json.encode(body))


def file_answer(content: bytes, name: str, mime_type: str = "application/octet-stream") -> ASGIApp:
    """A file to save, never to open in the page."""
    plain = re.fullmatch(r"[\w.+-]+/[\w.+-]+", mime_type, re.ASCII)
    headers = {
        "content-type": mime_type if plain else "application/octet-stream",
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }
    return _Plain(200, headers, content)


class _Plain:
    def __init__(self, code: int, headers: dict[str, str], body: bytes) -> None:
        self.code = code
        self.headers = headers | {"content-length": str(len(body))}
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


async def _proxy_page(scope: Scope, receive: Receive, send: Send) -> None:
    await _Plain(504, {"content-type": "text/html"}, PROXY_PAGE)(scope, receive, send)


async def _drop(scope: Scope, receive: Receive, send: Send) -> None:
    """An answer that breaks off: the server closes the connection, since less came than was announced."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


class _Hang:
    """Done, but the answer never comes: silence, until the caller gives up or the storm is over."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                while (await receive())["type"] != "http.disconnect":
                    pass
        await _drop(scope, receive, send)
