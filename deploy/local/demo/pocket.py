"""The technicians' phones: what has arrived on them, and pressing it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import msgspec

from local.demo.desk import Unexpected
from local.demo.people import Technician
from local.phone import PRACTICE_TOKEN

PATIENCE = 60.0  # seconds until what was expected counts as never coming

Json = dict[str, Any]


class Pockets:
    """Every technician's chat with the bot. That there is something new comes from the phone's own stream of news."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._news: asyncio.Queue[int] = asyncio.Queue()
        self._changed: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._seen: dict[int, int] = defaultdict(int)
        self._buttons: dict[tuple[int, str], int] = {}
        self._files: set[tuple[int, str]] = set()
        self._answers: dict[str, asyncio.Future[Json]] = defaultdict(asyncio.get_running_loop().create_future)

    async def join(self, who: Technician) -> None:
        """Returns when the bot has greeted them."""
        given = {"id": who.id, "name": who.name, "username": who.username or None, "language": who.language}
        await self._post("/phone/people", given)
        await self.start(who.id)

    async def start(self, technician: int) -> None:
        """Also what brings somebody back who has blocked the bot."""
        await self._says(technician, "start")

    async def block(self, technician: int) -> None:
        await self._post(f"/phone/people/{technician}/block")

    async def vanish(self, technician: int) -> None:
        await self._post(f"/phone/people/{technician}/deactivate")

    async def reply(self, technician: int, data: str, text: str) -> None:
        """To the message with this button, which has arrived; returns when the bot has answered."""
        body = {"text": text, "reply_to": self._buttons[technician, data]}
        await self._says(technician, "messages", body)

    async def press(self, technician: int, data: str) -> None:
        """Waits for the button, presses it, and returns when the press was answered."""
        await self.see(technician, data)
        pressed = {"message_id": self._buttons[technician, data], "data": data}
        tap = await self._post(f"/phone/people/{technician}/taps", pressed)
        async with _patience(f"an answer to the press on {data}"):
            answer = await self._answers[tap["id"]]
        del self._answers[tap["id"]]
        if answer["alert"]:
            raise Unexpected(f"{technician} pressed {data} and was told: {answer['text']}")

    async def see(self, technician: int, data: str) -> None:
        """Waits until the button has arrived."""
        await self._until(technician, lambda: (technician, data) in self._buttons, data)

    async def see_file(self, technician: int, name: str) -> None:
        await self._until(technician, lambda: (technician, name) in self._files, name)

    async def unread_by_bot(self) -> int:
        """What people did that the bot has not stored yet."""
        answer = await self._post(f"/bot{PRACTICE_TOKEN}/getWebhookInfo")
        return int(answer["result"]["pending_update_count"])

    async def _says(self, technician: int, what: str, body: Json | None = None) -> None:
        said = await self._post(f"/phone/people/{technician}/{what}", body)
        await self._until(technician, lambda: self._seen[technician] > said["message_id"], "an answer")

    async def _until(self, technician: int, there: Callable[[], bool], wanted: str) -> None:
        async with _patience(f"{wanted} for {technician}"):
            while not there():
                await self._changed[technician].wait()

    async def read(self) -> None:
        """For ever: reads each chat in which something is new."""
        while True:
            await self._look(await self._news.get())

    async def _look(self, technician: int) -> None:
        path = f"/phone/people/{technician}/messages?after={self._seen[technician]}"
        async with self._http.get(path) as answer:
            messages = [one for one in msgspec.json.decode(await answer.read()) if one["from"] == "bot"]
        for message in messages:
            self._seen[technician] = message["message_id"]
            if message["document"]:
                self._files.add((technician, message["document"]["name"]))
            for row in message["buttons"]:
                for button in row:
                    self._buttons[technician, button["data"]] = message["message_id"]
        if messages:
            self._changed.pop(technician, asyncio.Event()).set()

    async def _post(self, path: str, body: Json | None = None) -> Json:
        async with self._http.post(path, json=body) as answer:
            text = await answer.text()
        if not answer.ok:
            raise Unexpected(f"{path}: {answer.status} {text}")
        found: Json = msgspec.json.decode(text)
        return found

    async def listen(self, ready: asyncio.Event) -> None:
        """For ever: hears what the phone tells every open page."""
        async with self._http.get("/phone/live", timeout=aiohttp.ClientTimeout()) as stream:
            ready.set()
            async for line in stream.content:
                if not line.startswith(b"data:"):
                    continue
                news = msgspec.json.decode(line.removeprefix(b"data:"))
                if news["kind"] == "answer":
                    self._answers[news["tap"]].set_result(news)
                elif news["kind"] == "people" and news["chat"] is not None:
                    self._news.put_nowait(int(news["chat"]))


@asynccontextmanager
async def pockets(phone: str) -> AsyncIterator[Pockets]:
    """phone  the address of the practice phone"""
    async with aiohttp.ClientSession(phone, timeout=aiohttp.ClientTimeout(PATIENCE)) as http:
        found, ready = Pockets(http), asyncio.Event()
        working = [asyncio.create_task(found.listen(ready)), asyncio.create_task(found.read())]
        await ready.wait()
        try:
            yield found
        finally:
            for task in working:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task  # raises what broke it, where something did


@asynccontextmanager
async def _patience(wanted: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except TimeoutError:
        raise Unexpected(f"{wanted} did not come in {PATIENCE:.0f} seconds") from None
