"""Those who use Callout: the office, by its JSON API and its WebSocket, and technicians, on their phones."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import msgspec
import websockets

from local.routes import service_for

PATIENCE = 60.0  # seconds until a promise without a time counts as broken
A_SECOND = 3.0  # the promise is one, on a machine that runs nothing else
TRIES = 3  # of a promise with a time

Json = dict[str, Any]


async def eventually(look: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Looks again and again until there is something to see; fails with the last thing seen."""
    until = time.monotonic() + seconds
    while True:
        seen = await look()
        if seen:
            return seen
        assert time.monotonic() < until, f"in {seconds} s: {_told(look)} did not come"
        await asyncio.sleep(0.02)


async def within(seconds: float, attempt: Callable[[], Awaitable[float]]) -> None:
    """A promise in time, kept in one of three tries: a moment in which the machine stood still does not break it.

    attempt  does it, waits with all patience until it is there, and answers how many seconds that took
    """
    took: list[float] = []
    while len(took) < TRIES:
        took.append(await attempt())
        if took[-1] <= seconds:
            return
    raise AssertionError(f"promised within {seconds} s; it took {', '.join(f'{one:.2f}' for one in took)}")


async def took(seen: Awaitable[Any]) -> float:
    """The seconds until it is seen."""
    began = time.monotonic()
    await seen
    return time.monotonic() - began


def _told(look: Callable[[], Any]) -> str:
    """What was waited for, in the words of whoever waited."""
    return (None if isinstance(look, partial) else look.__doc__) or "what was waited for"


class ByPath(httpx.AsyncBaseTransport):
    """Sends each request to the service that owns its path, as the proxy in front of five processes does."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self._addresses = {name: httpx.URL(address) for name, address in addresses.items()}
        self._transport = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        there = self._addresses[service_for(request.url.path)]
        request.url = request.url.copy_with(host=there.host, port=there.port)
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


class Office:
    """An admin's program: JSON calls with a bearer token."""

    def __init__(self, addresses: dict[str, str], token: str) -> None:
        self.addresses = addresses
        self.token = token
        self.http = httpx.AsyncClient(
            transport=ByPath(addresses),
            base_url="http://127.0.0.1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE,
        )

    async def close(self) -> None:
        await self.http.aclose()

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> Json:
        """Does it and answers the body; anything but success fails the test with what was said."""
        answer = await self.http.request(method, path, json=body, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else {}

    async def get(self, path: str) -> Json:
        return await self.call("GET", path)

    async def post(self, path: str, body: Any = None, **more: Any) -> Json:
        return await self.call("POST", path, body, **more)

    async def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """Does it, expects a refusal in problem details, and answers its status and sentence."""
        answer = await self.http.request(method, path, json=body, **more)
        assert not answer.is_success, f"{method} {path} was not refused: {answer.text}"
        assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
        return answer.status_code, answer.json()["detail"]

    async def task(self, **changes: Any) -> int:
        """Creates a task and answers its number."""
        return int((await self.post("/api/tasks", BOILER | changes))["id"])

    async def sees_task(self, number: int, **expected: Any) -> Json:
        async def look() -> Json | None:
            task = await self.get(f"/api/tasks/{number}")
            shown = {name: _at(task, name) for name in ("status", "offer", "delivery", *expected)}
            look.__doc__ = f"task {number} with {expected}; it is {shown}"
            return task if all(_at(task, name) == value for name, value in expected.items()) else None

        found: Json = await eventually(look)
        return found

    async def knows(self, person: "Person", status: str = "active") -> Json:
        """Waits until the technician is registered with this status, and can (or then cannot) be chosen for a task:
        two services have to know."""
        chosen = f'value="{person.id}" checked{"" if status == "active" else " disabled"}>'

        async def look() -> Json | None:
            answer = await self.http.get(f"/api/technicians/{person.id}")
            choice = await self.http.get("/tasks/technicians", params={"technician_id": person.id})
            found: Json = answer.json()
            return found if found.get("status") == status and chosen in choice.text else None

        found: Json = await eventually(look)
        return found

    async def keeps(self, person: "Person") -> None:
        """*Keep as is*, until the service that sends tasks has heard of it."""
        await self.post(f"/api/technicians/{person.id}/review")

        async def look() -> bool:
            """somebody who is kept"""
            choice = await self.http.get("/tasks/technicians", params={"technician_id": person.id})
            mine = choice.text.partition(f'id="technician-{person.id}"')[2].partition("</label>")[0]
            return bool(mine) and "Not kept yet" not in mine

        await eventually(look)

    async def knows_report(self, number: int) -> None:
        """Waits until there is a report of the task, which another service writes than the one that has the task."""

        async def look() -> bool:
            return (await self.http.get(f"/api/reports/tasks/{number}")).is_success

        look.__doc__ = f"the report of task {number}"
        await eventually(look)

    async def knows_completed(self, number: int) -> None:
        """Waits until the task is known as completed where invoices are made."""

        async def look() -> bool:
            shown = await self.http.get(f"/invoices/for-task/{number}")
            return f'href="/invoices/new?task={number}"' in shown.text

        look.__doc__ = f"the completion of task {number}"
        await eventually(look)

    async def bills(self, number: int, invoice: Json) -> Json:
        """Makes an invoice of a completed task."""
        await self.knows_completed(number)
        return await self.post("/api/invoices", invoice | {"task_id": number})

    @asynccontextmanager
    async def screen(self, after: str | None = None) -> AsyncIterator["Screen"]:
        """A dashboard's WebSocket."""
        address = (
            self.addresses["notifier"].replace("http", "ws") + "/ws" + (f"?after={after}" if after else "")
        )
        async with websockets.connect(
            address, additional_headers={"Authorization": f"Bearer {self.token}"}
        ) as socket:
            screen = Screen()
            listening = asyncio.create_task(screen.listen(socket))
            try:
                yield screen
            finally:
                listening.cancel()


@dataclass
class Screen:
    """What one dashboard was told."""

    frames: list[Json] = field(default_factory=list)

    async def listen(self, socket: websockets.ClientConnection) -> None:
        async for frame in socket:
            self.frames.append(msgspec.json.decode(frame))

    async def shows(self, kind: str, *words: str) -> Json:
        """Waits for a notification of a kind whose text holds all of `words`."""

        async def look() -> Json | None:
            shown = [(frame["kind"], frame["text"]) for frame in self.frames]
            look.__doc__ = f"notification {kind} with {words}; shown were {shown}"
            return next(
                (f for f in self.frames if f["kind"] == kind and all(word in f["text"] for word in words)),
                None,
            )

        found: Json = await eventually(look)
        return found

    def count(self, kind: str, *words: str) -> int:
        return sum(
            frame["kind"] == kind and all(word in frame["text"] for word in words) for frame in self.frames
        )


class Person:
    """Somebody with a Telegram app, on the practice phone."""

    def __init__(self, http: httpx.AsyncClient, shown: Json) -> None:
        self.http = http
        self.id: int = shown["id"]
        self.name: str = shown["name"]
        self.username: str | None = shown["username"]

    async def start(self) -> None:
        await self._post("start")

    async def says(self, text: str, **more: Any) -> None:
        await self._post("messages", {"text": text, **more})

    async def blocks(self) -> None:
        await self._post("block")

    async def unblocks(self) -> None:
        await self._post("unblock")

    async def deletes_account(self) -> None:
        await self._post("deactivate")

    async def messages(self) -> list[Json]:
        answer = await self.http.get(f"/phone/people/{self.id}/messages")
        shown: list[Json] = answer.json()
        return [message for message in shown if message["from"] == "bot"]

    async def sees(self, *words: str, button: str | None = None, after: int = 0) -> Json:
        """Waits for a message with all of `words`, and with a button that holds `button`; the newest such."""

        async def look() -> Json | None:
            shown = await self.messages()
            look.__doc__ = f"a message with {words} and button {button}; shown: {[m['text'] for m in shown]}"
            for message in reversed(shown):
                if (
                    message["message_id"] > after
                    and all(word in message["text"] for word in words)
                    and (button is None or any(button in name for name in buttons(message)))
                ):
                    return message
            return None

        found: Json = await eventually(look)
        return found

    async def presses(self, message: Json, button: str) -> str:
        """Presses a button and answers what pops up."""
        data = next(data for name, data in buttons(message).items() if button in name)
        return await self.taps(message, data)

    async def taps(self, message: Json, data: str) -> str:
        """Sends any callback data, forged or not, and answers what pops up."""
        tap = await self.leaves_tap(message, data)

        async def look() -> Json | None:
            answers = (await self.http.get(f"/phone/people/{self.id}/answers")).json()
            return next((one for one in answers if one["id"] == tap), None)

        look.__doc__ = f"an answer to the tap {data}"
        return str((await eventually(look))["text"] or "")

    async def leaves_tap(self, message: Json, data: str) -> str:
        """As `taps`, but waits for nothing: after a minute Telegram lets no answer pop up any more. Answers its id."""
        answer = await self._post("taps", {"message_id": message["message_id"], "data": data})
        return str(answer["id"])

    async def _post(self, what: str, body: Any = None) -> Json:
        answer = await self.http.post(f"/phone/people/{self.id}/{what}", json=body)
        assert answer.is_success, answer.text
        shown: Json = answer.json()
        return shown


@dataclass
class Phones:
    """The practice phone, where people have their Telegram."""

    address: str
    http: httpx.AsyncClient

    async def person(self, name: str, username: str | None = None, **more: Any) -> Person:
        answer = await self.http.post("/phone/people", json={"name": name, "username": username, **more})
        assert answer.is_success, answer.text
        return Person(self.http, answer.json())

    async def everybody(self) -> dict[str, Person]:
        """By name, those who were added before too."""
        shown = (await self.http.get("/phone/people")).json()
        return {each["name"]: Person(self.http, each) for each in shown}

    async def weather(self, *storms: Json) -> None:
        answer = await self.http.put("/phone/weather", json={"storms": list(storms)})
        assert answer.is_success, answer.text


def buttons(message: Json) -> dict[str, str]:
    """Name → callback data of a message's buttons."""
    return {button["text"]: button["data"] for row in message["buttons"] for button in row}


def _at(shown: Json, name: str) -> Any:
    """`delivery__task_info` is `shown["delivery"]["task_info"]`."""
    for part in name.split("__"):
        shown = shown[part] if shown else None  # type: ignore[assignment]
    return shown


BOILER: Json = {
    "title": "Boiler makes no hot water",
    "description": "Third floor. The display shows E4.",
    "area": "Harbour district",
    "priority": "high",
    "scheduled_at": "2026-12-01T09:30:00+00:00",
    "client": {
        "name": "Mrs. Okonkwo",
        "phone": "+44 20 7946 0018",
        "email": "okonkwo@example.org",
        "address": "12 Quay Street",
        "notes": "The dog is friendly; ring twice.",
    },
}
"""The task that most tests are about."""

PRIVATE = ("7946 0018", "okonkwo@example.org", "12 Quay Street", "ring twice")
"""What of it must be seen by nobody but admins, and the technician after the client info."""
