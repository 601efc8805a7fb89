"""The bot-gateway, running alone on real servers, with the practice phone as its Telegram.

`Desk` stands where `tasks` and `invoices` would: it answers their questions on the bus.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from msgspec.structs import replace
from nats.aio.msg import Msg

import bot_gateway.app
from bot_gateway.app import BotGateway
from bot_gateway.telegram.received import kept
from local.phone import BOT_ID, PRACTICE_TOKEN
from local.phone.app import serve_phone
from local.phone.rules import Limits
from local.stack import Http, listen
from shared import tracing
from shared.bus import Bus, settled
from shared.contract import AnyEvent
from shared.contract.admin import Role
from shared.contract.event import Envelope, Event, stream_name
from shared.contract.invoice import DOCUMENT, DocumentAnswer
from shared.contract.site import Site, SiteSettingsChanged
from shared.contract.task import (
    CLIENT_INFO,
    TAP,
    Action,
    ClientInfoAnswer,
    ClientInfoRequest,
    ClientInfoSent,
    Tap,
    TapAnswer,
    TaskAccepted,
    TaskAssigned,
    TaskCreated,
    TaskDetails,
    TaskSent,
    Verdict,
)
from shared.service import Service
from shared.settings import Settings
from shared.tracing import Span
from tests.bot_gateway.examples import BOILER, LINDQVIST
from tests.conftest import SettingsFor
from tests.people import PATIENCE, Person, Phones, eventually
from tests.sessions import let_in, secret

Json = dict[str, Any]

DONE = {
    Action.ACCEPT: "You accepted the task.",
    Action.REJECT: "You rejected the task.",
    Action.COMPLETE: "Well done.",
    Action.EXPLAIN: "Thank you.",
    Action.TAKE_BACK: "Well taken back.",
}


class Desk:
    """Answers as `tasks` and `invoices` do; `close` and `open` are their going down and coming back."""

    def __init__(self, nats_url: str) -> None:
        self.bus = Bus("desk", nats_url)
        self.taps: list[Tap] = []
        self.asked_in: list[tuple[str, str]] = []  # subject, and the language of the question
        self.verdict: Callable[[Tap], TapAnswer] = lambda tap: TapAnswer(Verdict.DONE, DONE[tap.action])
        self.client = ClientInfoAnswer(LINDQVIST)
        self.clients: dict[int, ClientInfoAnswer] = {}  # by whose data is asked for, where it is not `client`
        self.document = DocumentAnswer(b"%PDF-1.7 invoice", "invoice-7.pdf", "Invoice #7: 120.00 EUR")
        self._open: list[Any] = []
        self._answered: dict[UUID, TapAnswer] = {}

    async def open(self) -> None:
        for subject, answer in ((TAP, self._tap), (CLIENT_INFO, self._client), (DOCUMENT, self._pdf)):
            self._open.append(await self.bus.client.subscribe(subject, cb=self._responder(answer)))
        await settled(self.bus.client)

    async def close(self) -> None:
        for subscription in self._open:
            await subscription.unsubscribe()
        self._open.clear()
        await settled(self.bus.client)

    def done(self) -> list[tuple[int, int, Action]]:
        """The presses that had an effect: one for each command id."""
        first = {tap.command_id: tap for tap in self.taps}
        return [(tap.task, tap.offer, tap.action) for tap in first.values()]

    async def _tap(self, body: bytes) -> TapAnswer:
        tap = msgspec.json.decode(body, type=Tap)
        self.taps.append(tap)
        return self._answered.setdefault(tap.command_id, self.verdict(tap))

    async def _client(self, body: bytes) -> ClientInfoAnswer:
        return self.clients.get(msgspec.json.decode(body, type=ClientInfoRequest).client, self.client)

    async def _pdf(self, _: bytes) -> DocumentAnswer:
        return self.document

    def _responder(self, answer: Callable[[bytes], Awaitable[Any]]) -> Callable[[Msg], Awaitable[None]]:
        async def respond(message: Msg) -> None:
            self.asked_in.append((message.subject, (message.headers or {}).get("Callout-Language", "")))
            await message.respond(msgspec.json.encode(await answer(message.data)))

        return respond


class Door:
    """Where Telegram knocks: whichever replica stands behind it answers; `before` sees each request first."""

    def __init__(self) -> None:
        self.replica: BotGateway | None = None
        self.before: Callable[[bytes], Awaitable[None]] | None = None
        self.answered: list[int] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert self.replica
        message = await receive()
        if self.before:
            await self.before(message.get("body", b""))
        came = iter([message])

        async def again() -> Any:
            return next(came, None) or await receive()

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.answered.append(message["status"])
            await send(message)

        await self.replica.asgi(scope, again, answer)


@dataclass
class Gateway:
    """The running service, and everybody who speaks to it."""

    settings: Settings
    phones: Phones
    desk: Desk
    service: BotGateway
    door: Door
    versions: dict[str, int] = field(default_factory=dict)

    async def restart(self, *, kill: bool = False) -> None:
        """Stops it and starts it again; `kill` ends its work without a moment to finish."""
        if kill:
            for task in self.service._tasks:
                task.cancel()
        await stopped(self.service)
        self.service = self.door.replica = await started(self.settings)

    def as_role(self, role: Role, *, browser: bool = False) -> httpx.AsyncClient:
        """A program with a bearer token, or a browser with a cookie."""
        headers = (
            {"Cookie": f"callout_session={secret(role, browser)}", "Accept": "text/html"}
            if browser
            else {"Authorization": f"Bearer {secret(role, browser)}"}
        )
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.service.asgi),  # type: ignore[arg-type]
            base_url="http://office",
            headers=headers | {"Origin": "http://office"},
        )

    async def call(
        self, method: str, path: str, body: Any = None, status: int = 200, role: Role = Role.OWNER
    ) -> Json:
        """JSON in, JSON out, and this status."""
        async with self.as_role(role) as client:
            answer = await client.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        found: Json = answer.json() if answer.content else {}
        return found

    async def connect(self) -> None:
        await self.call("PUT", "/api/telegram/token", {"token": PRACTICE_TOKEN})

    async def joined(
        self, name: str = "Yasmin Farouk", username: str | None = "yasmin_fixes", **more: Any
    ) -> Person:
        """Somebody who has pressed Start, and was welcomed."""
        person = await self.phones.person(name, username, **more)
        await person.start()
        await person.sees(name)
        return person

    async def hears(
        self, aggregate: str, key: int | str, *events: Event, at: datetime | None = None
    ) -> list[UUID]:
        """Other services' events arrive over the bus; returns their ids once they are folded."""
        stream = stream_name(aggregate, key)
        ids = []
        for event in events:
            version = self.versions[stream] = self.versions.get(stream, 0) + 1
            envelope: Envelope[AnyEvent] = Envelope(
                id=uuid4(),
                stream=stream,
                version=version,
                type=type(event).__name__,
                schema=1,
                at=at or datetime.now(UTC),
                actor="service:test",
                data=event,  # type: ignore[arg-type]  # any of the contract's
            )
            await self.desk.bus.js.publish(envelope.subject, msgspec.json.encode(envelope))
            ids.append(envelope.id)

        async def folded() -> bool:
            """the cursor of this stream"""
            sql = "SELECT version FROM cursors WHERE stream = $1"
            return bool(await self.service.pool.fetchval(sql, stream) == self.versions[stream])

        await eventually(folded)
        return ids

    async def settles(self, site: Site) -> None:
        """The site's settings, once they are in use."""
        await self.hears("site", "main", SiteSettingsChanged(site))

        async def used() -> bool:
            """the site's settings in use"""
            return self.service.site() == site

        await eventually(used)

    async def brings(self, number: int, **update: Any) -> None:
        """An update as a Bot API server sends it, taken to its end."""
        chat = next(iter(update.values()))["chat"]["id"]
        await self.service.pool.execute(
            "INSERT INTO updates (bot_id, update_id, chat_id, body) VALUES ($1, $2, $3, $4)",
            BOT_ID,
            number,
            chat,
            kept({"update_id": number, **update}),
        )
        await self.quiet()

    async def sent(self, person: Person, task: int = 1042, details: TaskDetails = BOILER) -> Json:
        """A task whose info is on this person's phone."""
        await self.hears(
            "task",
            task,
            TaskCreated(task, details, 12),
            TaskAssigned(person.id),
            TaskSent(person.id, 1),
        )
        return await person.sees(f"#{task}", button="Accept")

    async def in_progress(self, person: Person, task: int = 1042) -> Json:
        """A task whose client info is on this person's phone."""
        await self.sent(person, task)
        await self.hears("task", task, TaskAccepted(person.id, 1), ClientInfoSent(person.id, 1, 12))
        return await person.sees("Client for task", button="Completed")

    async def events(self, aggregate: str) -> list[str]:
        rows = await self.service.pool.fetch(
            "SELECT type FROM events WHERE stream LIKE $1 ORDER BY position", f"{aggregate}.%"
        )
        return [row["type"] for row in rows]

    async def told(self, *types: str) -> list[Json]:
        """The events of these types, once there is at least one."""

        async def look() -> list[Json]:
            rows = await self.service.pool.fetch(
                "SELECT data FROM events WHERE type = ANY($1) ORDER BY position", list(types)
            )
            return [msgspec.json.decode(row["data"]) for row in rows]

        look.__doc__ = f"an event {types}"
        found: list[Json] = await eventually(look)
        return found

    async def kept(self) -> list[str]:
        """What is kept of each update, unsealed."""
        cipher = self.settings.fernet("updates")
        rows = await self.service.pool.fetch("SELECT body FROM updates ORDER BY seq")
        return [cipher.decrypt(row["body"]).decode() for row in rows]

    async def quiet(self) -> None:
        """Waits until nothing waits: no update, no delivery, no event for the bus."""

        async def look() -> bool:
            """the end of all work"""
            return not await self.service.pool.fetchval(
                """
                SELECT (SELECT count(*) FROM updates WHERE handled_at IS NULL AND set_aside_at IS NULL)
                     + (SELECT count(*) FROM deliveries WHERE status IN ('queued', 'sending'))
                """
            )

        await eventually(look)

    async def calls(self, *methods: str) -> list[Json]:
        """What the Bot API was asked, in order."""
        shown: list[Json] = (await self.phones.http.get("/phone/calls")).json()
        return [call for call in shown if not methods or call["method"] in methods]


async def stopped(service: Service) -> None:
    """As `service.stop`, and again: in Python 3.11 `asyncio.wait_for`, which nats-py uses, can lose a cancellation."""
    stopping = asyncio.ensure_future(service.stop())
    while not (await asyncio.wait({stopping}, timeout=3))[0]:
        for task in asyncio.all_tasks():
            if task.get_name().endswith(".run"):
                task.cancel()
    await stopping


async def started(settings: Settings) -> BotGateway:
    service = bot_gateway.app.build(settings)
    await service.start()
    await service.bus.provision()  # else who speaks for another service might be faster than the relay
    await let_in(service)
    async with asyncio.timeout(PATIENCE):
        while not service.ready():
            await asyncio.sleep(0.02)
    return service


@asynccontextmanager
async def running(
    settings_for: SettingsFor, folder: Path, limits: Limits | None = None, *, webhook: bool = False
) -> AsyncIterator[Gateway]:
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(serve_phone(folder / "phone.sqlite3", limits=limits))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=PATIENCE))
        door = Door()
        served = Http(door, listen("127.0.0.1", 0))
        await served.start()
        stack.push_async_callback(served.stop)
        settings = replace(
            settings_for("bot_gateway"),
            telegram_api=address,
            public_url=f"http://127.0.0.1:{served.port}",
            telegram_webhook=webhook,
        )
        desk = Desk(settings.nats)
        await desk.bus.start()
        stack.push_async_callback(desk.bus.stop)
        await desk.open()
        door.replica = await started(settings)
        gateway = Gateway(settings, Phones(address, http), desk, door.replica, door)
        try:
            yield gateway
        finally:
            await stopped(gateway.service)


@pytest.fixture
async def bare(settings_for: SettingsFor, tmp_path: Path) -> AsyncIterator[Gateway]:
    """Freshly installed: no bot is connected."""
    async with running(settings_for, tmp_path) as gateway:
        yield gateway


@pytest.fixture
async def gateway(bare: Gateway) -> Gateway:
    """With the practice bot connected."""
    await bare.connect()
    return bare


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    """Those that have ended since."""
    ended: list[Span] = []
    tracing.export(lambda span, _: ended.append(span))
    yield ended
    tracing.export(None)


@pytest.fixture
async def yasmin(gateway: Gateway) -> Person:
    return await gateway.joined()
