"""What Telegram's server does with a connection on which nothing is said for a while: it ends it."""

import asyncio
import time
from contextlib import suppress

from aiogram.methods import DeleteMessage

from bot_gateway.telegram.connection import speak_as
from local.access import HOST
from local.phone import PRACTICE_TOKEN

SOON = 2.2  # seconds; some servers wait five, none less than this


async def telegram(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Is just about to end each connection that was idle: what still comes on it is lost."""
    heard = time.monotonic()
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if time.monotonic() - heard > SOON:
                break
            await reader.readexactly(int(head.split(b"content-length:")[1].split()[0]))
            body = b'{"ok": true, "result": true}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            heard = time.monotonic()
    writer.close()


async def test_nothing_is_said_on_a_connection_that_may_be_ending() -> None:
    """A message would be lost on it, and nobody could tell that from one that arrived without an answer."""
    async with await asyncio.start_server(telegram, HOST) as server:
        port = server.sockets[0].getsockname()[1]
        bot = speak_as(PRACTICE_TOKEN, f"http://{HOST}:{port}")
        try:
            assert await bot(DeleteMessage(chat_id=1, message_id=1))
            await asyncio.sleep(SOON + 0.2)
            assert await bot(DeleteMessage(chat_id=1, message_id=2))
        finally:
            await bot.session.close()
