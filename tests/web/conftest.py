"""A small app behind the real wall, with three people and a program who may ask."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import get, post
from msgspec import Struct

from shared.contract.admin import Role
from shared.contract.site import Site
from shared.refusal import Refused
from shared.settings import Settings
from shared.web import (
    OWNER,
    VIEWER,
    Done,
    Request,
    Response,
    Session,
    SessionBook,
    build_app,
    digest,
    identity,
    page,
    read,
    see,
)

SITE = Site(company="Harbour Plumbing", time_zone="Asia/Riyadh", language="en")
SETTINGS = Settings(postgres="", nats="", secret="a-secret-of-the-tests-0123456789abc")
HOST = "http://callout.test"

SECRETS = {"olga": "o" * 43, "dan": "d" * 43, "vera": "v" * 43, "ci": "t" * 43}
"""An owner, a dispatcher, a viewer, and an API token of a dispatcher."""


class NoBus:
    js: Any = None

    async def publish(self, subject: str, body: bytes) -> None: ...


class Line(Struct, frozen=True):
    quantity: Decimal


class Sample(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    count: int = 0
    at: datetime | None = None
    lines: tuple[Line, ...] = ()
    urgent: bool = False


def routes() -> list[Any]:
    @get("/sample")
    async def look(request: Request) -> Response[Any]:
        moment = datetime(2024, 7, 1, 21, 5, tzinfo=UTC)
        return page(request, "sample.html", name="<script>alert(1)</script>", moment=moment)

    @get("/named/{name:str}")
    async def named(request: Request, name: str) -> dict[str, str]:
        return {"name": name}

    @post("/sample")
    async def change(request: Request) -> dict[str, Any]:
        return {"sample": await read(request, Sample), "by": identity(request).actor}

    @post("/own", opt=VIEWER)
    async def own(request: Request) -> dict[str, str]:
        return {"by": identity(request).actor}

    @get("/secret", opt=OWNER)
    async def secret(request: Request) -> dict[str, str]:
        return {"by": identity(request).actor}

    @post("/api/sample")
    async def create(request: Request, data: Sample) -> Sample:
        return data

    @get("/refused")
    async def refused(request: Request) -> None:
        raise Refused("The <offer> is gone.")

    @get("/broken")
    async def broken(request: Request) -> None:
        raise RuntimeError("the password is swordfish")

    @get("/away")
    async def away(request: Request) -> None:
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    @get("/full")
    async def full(request: Request) -> None:
        raise asyncpg.DiskFullError("could not extend file")

    @post("/gone/{number:int}")
    async def delete(request: Request, number: int) -> Response[Any]:
        return see(request, "/sample", Done.TASK_DELETED, number)

    return [look, delete, named, change, own, secret, create, refused, broken, away, full]


@pytest.fixture
def book() -> SessionBook:
    """Sessions as they are once the bucket has been read."""
    book = SessionBook(NoBus(), "tests")
    people = {
        "olga": Session("olga", "Olga", Role.OWNER),
        "dan": Session("dan", "Dan", Role.DISPATCHER),
        "vera": Session("vera", "Vera", Role.VIEWER),
        "ci": Session("ci", "ci", Role.DISPATCHER, token=True),
    }
    book._entries.update({digest(SECRETS[name]): session for name, session in people.items()})
    return book


@pytest.fixture
def app(book: SessionBook) -> Any:
    return build_app(
        "sample",
        routes(),
        package="tests.web.sample",
        sessions=book,
        site=lambda: SITE,
        ready=lambda: True,
        settings=SETTINGS,
    )


@pytest.fixture
async def stranger(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
        yield client


@pytest.fixture
async def dan(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A dispatcher in a browser, on Callout's own pages."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=HOST, cookies=cookie("dan"), headers={"Origin": HOST}
    ) as client:
        yield client


@pytest.fixture
async def program(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url=HOST,
        headers={"Authorization": f"Bearer {SECRETS['ci']}"},
    ) as client:
        yield client


def cookie(name: str) -> dict[str, str]:
    return {"callout_session": SECRETS[name]}
