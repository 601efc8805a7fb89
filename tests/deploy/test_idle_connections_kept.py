"""A program keeps its connection while it has nothing to say, and posts on it again: it must still be there."""

import asyncio
from pathlib import Path
from typing import Any

from local.access import HOST
from local.phone.app import serve_phone
from local.stack import Http, listen

PAUSE = 5.5  # seconds; httpx keeps a connection for five


async def hello(scope: dict[str, Any], receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hi"})


async def asked_twice(port: int) -> list[bytes]:
    """The first lines of two answers on one connection."""
    reader, writer = await asyncio.open_connection(HOST, port)
    lines = []
    for pause in (0, PAUSE):
        await asyncio.sleep(pause)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().split(b"content-length:")[1].split()[0]))
        lines.append(head.split(b"\r\n")[0])
    writer.close()
    return lines


async def test_a_server_keeps_an_idle_connection_longer_than_programs_do(tmp_path: Path) -> None:
    """The dashboard's and the practice phone's."""
    http = Http(hello, listen(HOST, 0))
    await http.start()
    try:
        async with serve_phone(tmp_path / "phone.sqlite3") as phone:
            ports = http.port, int(phone.rpartition(":")[2])
            assert await asyncio.gather(*map(asked_twice, ports)) == [[b"HTTP/1.1 200 OK"] * 2] * 2
    finally:
        await http.stop()
