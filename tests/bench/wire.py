"""HTTP and WebSocket clients that cost next to nothing, so that the server is what is measured."""

import asyncio
import base64
import os
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

import msgspec

TEXT, PING, PONG = 1, 9, 10
"""Opcodes of frames (RFC 6455, section 5.2)."""


def request(method: str, path: str, token: str = "", body: object = None) -> bytes:
    """A whole HTTP/1.1 request, made once and sent as often as needed."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    content = b"" if body is None else msgspec.json.encode(body)
    if content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


class Wire:
    """One HTTP/1.1 connection that is kept open, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, address: str) -> Self:
        return cls(*await asyncio.open_connection(*_place(address), limit=2**20))

    async def ask(self, request: bytes) -> bytes:
        """The answer's body. Whatever is no success fails the run: a fast refusal is no result."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await self._reader.readexactly(length)
        if head[9:10] != b"2":
            raise RuntimeError(f"{request[:120]!r} was answered {head[:40]!r} {body[:400]!r}")
        return body

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


class Ear(asyncio.Protocol):
    """A WebSocket that only listens; told of each text frame (RFC 6455, section 5.2)."""

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        self._heard = heard
        self._rest = b""
        self._upgraded = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, address: str, token: str, heard: Callable[[bytes], None]) -> Self:
        """`address` is of HTTP, with the path."""
        there = urlsplit(address)
        key = base64.b64encode(os.urandom(16)).decode()
        loop = asyncio.get_running_loop()
        transport, ear = await loop.create_connection(lambda: cls(heard), *_place(address))
        ear.transport = transport
        transport.write(
            f"GET {there.path}?{there.query} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        await ear._upgraded
        return ear

    def data_received(self, data: bytes) -> None:
        self._rest += data
        if not self._upgraded.done():
            head, end, rest = self._rest.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head:
                self._upgraded.set_exception(RuntimeError(f"no WebSocket: {head[:200]!r}"))
                return
            self._rest = rest
            self._upgraded.set_result(None)
        while (frame := self._frame()) is not None:
            kind, said = frame
            if kind == PING and self.transport:
                self.transport.write(bytes([0x80 | PONG, 0x80 | len(said), 0, 0, 0, 0]) + said)
            elif kind == TEXT:
                self._heard(said)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._upgraded.done():
            self._upgraded.set_exception(error or ConnectionError("closed before the upgrade"))

    def _frame(self) -> tuple[int, bytes] | None:
        """The next whole one, with its opcode; a server's frames are not masked."""
        rest = self._rest
        if len(rest) < 2:
            return None
        length, begin = rest[1] & 127, 2
        if length == 126:
            length, begin = int.from_bytes(rest[2:4]), 4
        elif length == 127:
            length, begin = int.from_bytes(rest[2:10]), 10
        if len(rest) < begin + length:
            return None
        self._rest = rest[begin + length :]
        return rest[0] & 15, rest[begin : begin + length]

    def close(self) -> None:
        if self.transport:
            self.transport.close()


def _place(address: str) -> tuple[str, int]:
    there = urlsplit(address)
    return there.hostname or "", there.port or 80
