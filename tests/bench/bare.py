"""The raw floor: servers that do nothing but what the wire asks for, in a process of their own.

HTTP    answers every request with 200 and two bytes
/ws     `websockets`: whatever one socket says goes to all of them, by its own `broadcast`
NATS    answers `bench.ask` with two bytes
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import uvloop
from nats.aio.msg import Msg
from websockets.asyncio.server import ServerConnection, broadcast, serve

import nats

ASK = "bench.ask"


class Bare(NamedTuple):
    """Where it answers."""

    http: str
    sockets: str


@asynccontextmanager
async def bare(nats_url: str) -> AsyncIterator[Bare]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.bare", nats_url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        line = await process.stdout.readline()
        if not line:
            raise RuntimeError("the bare servers did not start")
        yield Bare(*json.loads(line))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


class _Http(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # TCP's can be written to

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):  # a request without a body, which comes whole
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


async def _serve(nats_url: str) -> None:
    open_sockets: set[ServerConnection] = set()

    async def socket(connection: ServerConnection) -> None:
        open_sockets.add(connection)
        try:
            async for said in connection:
                broadcast(open_sockets, said)
        finally:
            open_sockets.discard(connection)

    async def answer(message: Msg) -> None:
        await message.respond(b"{}")

    client = await nats.connect(nats_url)
    await client.subscribe(ASK, cb=answer)
    http = await asyncio.get_running_loop().create_server(_Http, "127.0.0.1", 0)
    async with serve(socket, "127.0.0.1", 0, compression=None) as sockets:
        ports = [each.sockets[0].getsockname()[1] for each in (http, sockets)]
        print(json.dumps([f"http://127.0.0.1:{port}" for port in ports]), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1]))
