"""The service `tasks`, running alone on real servers, with an office that asks over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

import tasks.app
from shared.contract import AnyEvent
from shared.contract.admin import Role
from shared.contract.event import Envelope, Event, stream_name
from shared.contract.task import (
    CLIENT_INFO,
    TAP,
    Action,
    ClientInfoAnswer,
    ClientInfoRequest,
    Tap,
    TapAnswer,
)
from shared.contract.technician import TechnicianRegistered, TechnicianReviewed
from shared.service import Service
from tasks.projections import TABLES
from tests.conftest import SettingsFor
from tests.owners import owners
from tests.people import PATIENCE, eventually
from tests.sessions import let_in, secret
from tests.tasks.examples import BRUNO, YASMIN

Json = dict[str, Any]

LINDQVIST = {
    "name": "Sigrid Lindqvist",
    "phone": "+46 8 123 45 67",
    "email": "sigrid@example.se",
    "address": "Storgatan 1, Stockholm",
    "notes": "The dog bites.",
}
BOILER = {
    "title": "Leaking boiler",
    "description": "Water under the boiler.",
    "area": "Altstadt",
    "priority": "urgent",
    "scheduled_at": "2030-05-17T11:30:00+02:00",
    "client": LINDQVIST,
}


@dataclass
class Office:
    """The running service, and everybody who speaks to it."""

    service: Service
    versions: dict[str, int] = field(default_factory=dict)

    def as_role(self, role: Role, *, browser: bool = False) -> httpx.AsyncClient:
        """A program with a bearer token, or a browser with a cookie."""
        headers = {"Accept": "text/html"} if browser else {"Authorization": f"Bearer {secret(role, browser)}"}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.service.asgi),  # type: ignore[arg-type]
            base_url="http://office",
            headers=headers | {"Origin": "http://office"},
            cookies={"callout_session": secret(role, browser)} if browser else {},
        )

    async def hears(
        self, aggregate: str, key: int | str | UUID, event: Event, cause: UUID | None = None
    ) -> UUID:
        """Another service's event arrives over the bus; returns when it is folded."""
        stream = stream_name(aggregate, key)
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        recorded = envelope(stream, version, event, cause)
        await self.service.bus.js.publish(recorded.subject, msgspec.json.encode(recorded))
        sql = "SELECT version FROM cursors WHERE stream = $1"
        await until(lambda: self.service.pool.fetchval(sql, stream), version)
        return recorded.id

    async def tap(
        self, number: int, action: Action, technician: int = YASMIN, offer: int = 1, **more: Any
    ) -> TapAnswer:
        tap = Tap(more.pop("command_id", uuid4()), number, offer, technician, action, **more)
        return await self.service.bus.request(TAP, tap, TapAnswer)

    async def client_info(self, number: int, technician: int = YASMIN, offer: int = 1) -> ClientInfoAnswer:
        request = ClientInfoRequest(number, offer, technician)
        return await self.service.bus.request(CLIENT_INFO, request, ClientInfoAnswer)

    async def newest(self, number: int, event: type[Event]) -> UUID:
        """The id of the latest event of this kind in a task's story."""
        sql = "SELECT id FROM events WHERE stream = $1 AND type = $2 ORDER BY version DESC LIMIT 1"
        found: UUID = await self.service.pool.fetchval(sql, stream_name("task", number), event.__name__)
        return found

    async def events(self, stream: str) -> list[str]:
        rows = await self.service.pool.fetch(
            "SELECT type FROM events WHERE stream = $1 ORDER BY version", stream
        )
        return [row["type"] for row in rows]


def envelope(stream: str, version: int, event: Event, cause: UUID | None = None) -> Envelope[AnyEvent]:
    """An event of another service, as it comes over the bus."""
    return Envelope(
        id=uuid4(),
        stream=stream,
        version=version,
        type=type(event).__name__,
        schema=1,
        at=datetime.now(UTC),
        actor="service:test",
        data=event,  # type: ignore[arg-type]  # any of the contract's
        causation_id=cause,
    )


async def until(look: Callable[[], Any], wanted: Any) -> None:
    async def so() -> bool:
        seen = await look()
        so.__doc__ = f"{wanted!r} (it is {seen!r})"
        return bool(seen == wanted)

    await eventually(so)


@asynccontextmanager
async def running(settings_for: SettingsFor) -> AsyncIterator[Office]:
    service = tasks.app.build(settings_for("tasks"))
    await service.start()
    try:
        await service.bus.provision()  # else who speaks for another service might be faster than the relay
        await let_in(service)
        async with asyncio.timeout(PATIENCE):
            while not service.ready():
                await asyncio.sleep(0.02)
        office = Office(service)
        async with owners(service.settings.nats, office.versions, "technician"):
            yield office
    finally:
        await service.stop()


@pytest.fixture
async def office(settings_for: SettingsFor) -> AsyncIterator[Office]:
    """With two technicians, whom the office keeps: Yasmin and Bruno."""
    async with running(settings_for) as opened:
        await opened.hears("technician", YASMIN, TechnicianRegistered(YASMIN, "Yasmin Haddad", "yasmin"))
        await opened.hears("technician", BRUNO, TechnicianRegistered(BRUNO, "Bruno Costa"))
        for kept in (YASMIN, BRUNO):
            await opened.hears("technician", kept, TechnicianReviewed())
        yield opened


@pytest.fixture
async def admin(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    """A dispatcher's program."""
    async with office.as_role(Role.DISPATCHER) as client:
        yield client


@pytest.fixture
async def browser(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    """A dispatcher's browser."""
    async with office.as_role(Role.DISPATCHER, browser=True) as client:
        yield client


async def said(answer: httpx.Response | Any, status: int = 200) -> Json:
    """The JSON of an answer that has this status."""
    response: httpx.Response = answer if isinstance(answer, httpx.Response) else await answer
    assert response.status_code == status, response.text
    found: Json = response.json() if response.content else {}
    return found


async def new_task(admin: httpx.AsyncClient, **more: Any) -> int:
    return int((await said(admin.post("/api/tasks", json=BOILER | more), 201))["id"])


async def in_progress(office: Office, admin: httpx.AsyncClient) -> int:
    """A task whose client info is out to Yasmin."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    await office.tap(number, Action.ACCEPT)
    await said(admin.post(f"/api/tasks/{number}/client-info"))
    return number


async def rebuilt_is_the_same(office: Office) -> None:
    """Empties what is folded, and waits until it is there again as it was."""

    async def rows() -> dict[str, list[str]]:
        pool = office.service.pool
        return {
            table: sorted(str(row) for row in await pool.fetch(f"SELECT * FROM {table}")) for table in TABLES
        }

    before = await rows()
    await office.service.rebuild()
    async with asyncio.timeout(PATIENCE):
        while await rows() != before:
            await asyncio.sleep(0.05)
