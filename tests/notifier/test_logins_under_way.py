"""What happens while a password is looked at counts: a login that is under way outlives no reset and no disabling."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial

import asyncpg
import httpx
import pytest

from local.servers import Servers
from notifier import passwords
from tests.notifier.conftest import Running, add, log_in, status
from tests.people import PATIENCE, eventually

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


Held = Callable[[str], AbstractAsyncContextManager[asyncpg.Connection]]


@pytest.fixture
def held(servers: Servers) -> Held:
    """Another connection locks this; who needs it waits until that ends."""

    @asynccontextmanager
    async def holding(locking: str) -> AsyncIterator[asyncpg.Connection]:
        dsn = servers.postgres_dsn("postgres")
        connection = await asyncpg.connect(dsn, server_settings={"search_path": "notifier"})
        try:
            async with connection.transaction():
                await connection.execute(locking)
                yield connection
        finally:
            await connection.close()

    return holding


async def waiting(connection: asyncpg.Connection, count: int) -> None:
    async def look() -> bool:
        return bool(await connection.fetchval(WAITING) >= count)

    look.__doc__ = f"{count} that wait for the lock"
    await eventually(look)


@pytest.fixture
async def eight(notifier: Running) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Browsers in eight places."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=notifier.url,
                    headers={"Origin": notifier.url, "X-Forwarded-For": f"203.0.113.{number}"},
                    timeout=PATIENCE,
                )
            )
            for number in range(8)
        ]


def typed(login: str, password: str) -> dict[str, str]:
    return {"login": login, "password": password}


async def test_eight_logins_with_the_old_password_do_not_outlive_the_reset(
    notifier: Running, owner: httpx.AsyncClient, eight: list[httpx.AsyncClient], held: Held
) -> None:
    """Each was verified before the reset, and would have begun its session after it."""
    old = await add(owner, "dan")
    async with held("SELECT FROM admins WHERE login = 'dan' FOR UPDATE") as connection:
        logins = [asyncio.create_task(each.post("/login", data=typed("dan", old))) for each in eight]
        await waiting(connection, 8)
        fresh = (await owner.post("/api/admins/dan/password")).json()["password"]
    assert [answer.status_code for answer in await asyncio.gather(*logins)] == [401] * 8
    assert await live(notifier, "dan") == 0
    await log_in(eight[0], "dan", fresh)


async def test_a_login_that_was_disabled_while_it_was_under_way_does_not_begin(
    notifier: Running, owner: httpx.AsyncClient, eight: list[httpx.AsyncClient], held: Held
) -> None:
    """Nor does it come to life when the login is enabled again later."""
    password = await add(owner, "dan")
    async with held("SELECT FROM passwords WHERE login = 'dan' FOR UPDATE") as connection:
        logins = [asyncio.create_task(each.post("/login", data=typed("dan", password))) for each in eight[:3]]
        await waiting(connection, 3)
        disabling = asyncio.create_task(owner.post("/admins/dan/disabled"))
        await waiting(connection, 4)
    assert (await disabling).status_code == 303
    await asyncio.gather(*logins)
    assert await live(notifier, "dan") == 0
    assert (await owner.post("/admins/dan/enabled")).status_code == 303
    for each in eight[:3]:
        await eventually(partial(status, partial(each.get, "/account"), 303))


async def test_an_own_password_is_not_changed_by_one_that_was_replaced_meanwhile(
    notifier: Running, owner: httpx.AsyncClient, eight: list[httpx.AsyncClient], held: Held
) -> None:
    """The owner resets it while the old one is looked at: what was reset stays."""
    old = await add(owner, "dan")
    await log_in(eight[0], "dan", old)
    form = {"old": old, "new": "a-much-better-one", "again": "a-much-better-one"}
    async with held("SELECT FROM passwords WHERE login = 'dan' FOR UPDATE") as connection:
        reset = asyncio.create_task(owner.post("/api/admins/dan/password"))
        await waiting(connection, 1)
        changing = asyncio.create_task(eight[0].post("/account/password", data=form))
        await waiting(connection, 2)
    fresh = (await reset).json()["password"]
    assert (await changing).status_code in (401, 422)
    assert (await eight[1].post("/login", data=typed("dan", "a-much-better-one"))).status_code == 401
    await log_in(eight[1], "dan", fresh)


@pytest.mark.parametrize(
    ("method", "path", "meanwhile"),
    [
        ("PATCH", "/api/admins/eve", {"enabled": False}),
        ("PATCH", "/api/admins/eve", {"role": "dispatcher"}),
        ("POST", "/api/admins/eve/password", None),
    ],
)
async def test_who_lost_the_role_or_the_session_meanwhile_makes_no_admins(
    notifier: Running,
    owner: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    meanwhile: dict[str, object] | None,
) -> None:
    """A request that was let in, and then takes a while, changes nothing after that."""
    hashing, going_on = asyncio.Event(), asyncio.Event()
    at_once = passwords.hashed

    async def slowly(password: str) -> str:
        if not hashing.is_set():
            hashing.set()
            await going_on.wait()
        return await at_once(password)

    async with notifier.browser() as eve:
        await log_in(eve, "eve", await add(owner, "eve", "owner"))
        monkeypatch.setattr(passwords, "hashed", slowly)
        mallory = {"login": "mallory", "name": "Mallory", "role": "owner"}
        asked = asyncio.create_task(eve.post("/api/admins", json=mallory))
        await hashing.wait()
        assert (await owner.request(method, path, json=meanwhile)).is_success
        going_on.set()
        assert (await asked).status_code in (401, 403)
    assert "mallory" not in (await owner.get("/api/admins")).text


async def live(notifier: Running, login: str) -> int:
    count: int = await notifier.service.pool.fetchval(
        "SELECT count(*) FROM sessions WHERE login = $1 AND ended_at IS NULL", login
    )
    return count
