"""A Bot API server that is neither Telegram's nor the practice phone: over real HTTP, and its answers hold nothing
that is not needed. What it does not know, it says so."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

TOKEN = "5151:AAEmulatorEmulatorEmulatorEmulator0"
BOT = 5151
RITA = 7_000_000_044

Json = dict[str, Any]


class Emulator:
    """
    answers  what a method is answered with instead: (status, body); a dictionary is JSON
    calls    what was asked, in order: method and parameters
    """

    def __init__(self) -> None:
        self.address = ""
        self.answers: dict[str, tuple[int, Json | str]] = {}
        self.calls: list[tuple[str, Json]] = []
        self.texts: dict[int, str] = {}
        self.buttons: dict[int, list[str]] = {}
        self._updates: list[Any] = []
        self._more = asyncio.Event()
        self._number = 100

    def happens(self, **update: Any) -> int:
        """An update of this kind; its number."""
        self._number += 1
        self.brings({"update_id": self._number, **update})
        return self._number

    def brings(self, *updates: Any) -> None:
        """As they are, whatever they are."""
        self._updates += updates
        self._more.set()

    def says(self, text: str, **more: Any) -> int:
        """Rita does, as briefly as an update can."""
        message = {"message_id": self._number, "chat": {"id": RITA}, "from": {"id": RITA}, "text": text}
        return self.happens(message=message | more)

    def presses(self, message: int, data: str) -> int:
        pressed = {"message_id": message, "chat": {"id": RITA}}
        return self.happens(
            callback_query={"id": str(message), "from": {"id": RITA}, "data": data, "message": pressed}
        )

    def asked(self, method: str) -> list[Json]:
        return [given for name, given in self.calls if name == method]

    def holding(self, words: str) -> list[int]:
        """The messages in the chat that say this."""
        return [number for number, text in self.texts.items() if words in text]

    async def answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        given = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        if method != "getUpdates":
            self.calls.append((method, given))
        if method in self.answers:
            status, body = self.answers[method]
            return web.Response(status=status, text=body if isinstance(body, str) else json.dumps(body))
        if request.match_info["token"] != TOKEN:
            return web.json_response({"ok": False}, status=404)
        does = {
            "getMe": self._get_me,
            "getUpdates": self._get_updates,
            "sendMessage": self._send_message,
            "editMessageText": self._edit_message_text,
            "editMessageReplyMarkup": self._done,
            "answerCallbackQuery": self._done,
        }.get(method)
        if does is None:
            return web.json_response({"ok": False}, status=404)
        return web.json_response({"ok": True} | await does(given))

    async def _get_me(self, _: Json) -> Json:
        return {"result": {"id": BOT, "username": "some_bot"}}

    async def _get_updates(self, given: Json) -> Json:
        offset = int(given.get("offset", 0))
        self._updates = [each for each in self._updates if _number(each, offset) >= offset]
        if not self._updates:
            self._more.clear()
            try:
                async with asyncio.timeout(0.5):
                    await self._more.wait()
            except TimeoutError:
                pass
        return {"result": self._updates}

    async def _send_message(self, given: Json) -> Json:
        number = len(self.texts) + 1
        self._hold(number, given)
        return {"result": {"message_id": number}}

    async def _edit_message_text(self, given: Json) -> Json:
        self._hold(int(given["message_id"]), given)
        return {"result": True}

    async def _done(self, _: Json) -> Json:
        return {}

    def _hold(self, number: int, given: Json) -> None:
        self.texts[number] = given["text"]
        rows = json.loads(given.get("reply_markup", "{}")).get("inline_keyboard", [])
        self.buttons[number] = [button["callback_data"] for row in rows for button in row]


def _number(update: Any, otherwise: int) -> int:
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) else otherwise


@asynccontextmanager
async def emulated() -> AsyncIterator[Emulator]:
    emulator = Emulator()
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", emulator.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    emulator.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield emulator
    finally:
        await runner.cleanup()
