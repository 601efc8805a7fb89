"""Guessing passwords is slow and seen, and locks nobody out but the guesser."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from html import unescape
from itertools import count
from time import monotonic

import httpx
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from notifier import login_limits, passwords
from shared.refusal import Refused
from shared.web import digest
from tests.notifier.conftest import Running, add, log_in
from tests.people import PATIENCE, eventually
from tests.sessions import knows

At = Callable[[str], httpx.AsyncClient]
BUSY = "Too many people are logging in just now. Please try again in a moment."


@pytest.fixture
async def at(notifier: Running) -> AsyncIterator[At]:
    """A browser that nobody has used, at this address."""
    async with AsyncExitStack() as stack:
        opened: list[httpx.AsyncClient] = []

        def open_at(address: str) -> httpx.AsyncClient:
            headers = {"Origin": notifier.url, "X-Forwarded-For": address}
            opened.append(httpx.AsyncClient(base_url=notifier.url, headers=headers, timeout=PATIENCE))
            stack.push_async_callback(opened[-1].aclose)
            return opened[-1]

        yield open_at


async def guess(browser: httpx.AsyncClient, login: str = "owner", password: str = "wrong") -> int:
    return (await browser.post("/login", data={"login": login, "password": password})).status_code


async def guessed_from(at: At, places: int, login: str = "owner") -> None:
    """One wrong try from each of so many places all over the world."""
    for number in range(places):
        assert await guess(at(f"198.51.100.{number}"), login) == 401


async def test_a_customers_whole_ipv6_network_counts_as_one(at: At, password: str) -> None:
    """Else five tries for each of 18 quintillion addresses; the neighbours have their own."""
    for number in range(5):
        assert await guess(at(f"2001:db8:7:7::{number:x}")) == 401
    assert await guess(at("2001:db8:7:7:dead:beef:0:1"), password=password) == 429
    assert await guess(at("2001:db8:7:8::1"), password=password) == 303


async def test_an_ipv4_address_counts_once_however_it_is_written(at: At, password: str) -> None:
    for number in range(5):
        assert await guess(at("203.0.113.9" if number % 2 else "::ffff:203.0.113.9")) == 401
    assert await guess(at("203.0.113.9"), password=password) == 429


@pytest.mark.parametrize("login", ["owner", "nobody"])
async def test_guesses_from_everywhere_get_slower_and_lock_nobody_out(
    at: At, password: str, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right password gets in after at most the delay; a login that nobody has is as slow."""
    monkeypatch.setattr(login_limits, "FIRST_DELAY", 0.7)
    monkeypatch.setattr(login_limits, "LONGEST_DELAY", 0.7)
    await guessed_from(at, 6, login)
    began = monotonic()
    right = await guess(at("192.0.2.1"), login, password)
    assert right == (303 if login == "owner" else 401)
    assert monotonic() - began >= 0.7


async def test_who_was_here_before_is_held_up_by_nobody(
    at: At, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by guesses from everywhere, nor by a neighbour behind the same address who guesses all day."""
    monkeypatch.setattr(login_limits, "FIRST_DELAY", PATIENCE)
    monkeypatch.setattr(login_limits, "LONGEST_DELAY", PATIENCE)
    mine, neighbour = at("203.0.113.5"), at("203.0.113.5")
    await log_in(mine, "owner", password)
    await mine.post("/logout")
    assert [await guess(neighbour) for _ in range(6)] == [401] * 5 + [429]
    for number in range(25):
        await guess(neighbour, f"somebody-{number}")
    assert await guess(neighbour, "somebody-else") == 429
    began = monotonic()
    await log_in(mine, "owner", password)
    assert monotonic() - began < PATIENCE
    assert [await guess(mine) for _ in range(6)] == [401] * 5 + [429]


async def test_a_browser_is_no_longer_known_after_a_reset(
    at: At, notifier: Running, owner: httpx.AsyncClient
) -> None:
    """Whoever had the old password may have logged in with it; a planted cookie is worth nothing either."""
    old = await add(owner, "dan")
    mine = at("203.0.113.5")
    mine.cookies.set("callout_device", "p" * 32)
    await log_in(mine, "dan", old)
    known = "SELECT count(*) FROM known_devices WHERE login = 'dan'"
    assert await notifier.service.pool.fetchval(known) == 1
    planted = at("203.0.113.5")
    planted.cookies.set("callout_device", "p" * 32)
    assert [await guess(planted, "dan") for _ in range(6)] == [401] * 5 + [429]
    await owner.post("/api/admins/dan/password")
    assert await notifier.service.pool.fetchval(known) == 0


async def test_the_browser_in_which_somebody_changes_their_password_stays_known(
    at: At, notifier: Running, owner: httpx.AsyncClient
) -> None:
    """Every other is forgotten: whoever had the old password may have logged in there."""
    old, new = await add(owner, "dan"), "a-boat-and-eleven-pigeons"
    mine, other = at("203.0.113.5"), at("203.0.113.6")
    await log_in(other, "dan", old)
    await log_in(mine, "dan", old)
    await knows(mine.cookies["callout_session"], notifier.service)
    changed = await mine.post("/account/password", data={"old": old, "new": new, "again": new})
    assert changed.status_code == 303
    known = await notifier.service.pool.fetch("SELECT key FROM known_devices WHERE login = 'dan'")
    assert [row["key"] for row in known] == [digest(mine.cookies["callout_device"])]


async def test_only_so_many_passwords_are_looked_at_and_wait(
    at: At, owner: httpx.AsyncClient, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes 64 MB and a core. Beyond the queue it is said at once; who was here before still waits."""
    going_on = threading.Event()
    looked_at = passwords._fits

    def slowly(*given: str | None) -> bool:
        going_on.wait(PATIENCE)
        return looked_at(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(passwords, "_fits", slowly)
    here = at("203.0.113.5")
    here.cookies.update({"callout_device": owner.cookies["callout_device"]})
    full = passwords.AT_ONCE + passwords.WAITING
    asking = [asyncio.create_task(guess(at(f"198.51.100.{n}"), f"nobody-{n}")) for n in range(full)]
    try:
        numbers = count()

        async def is_full() -> bool:
            """the queue is full"""
            answer = await at(f"192.0.2.{next(numbers) % 250}").post(
                "/login", data={"login": f"last-{next(numbers)}", "password": "wrong"}
            )
            if answer.status_code == 503:
                assert int(answer.headers["retry-after"]) > 0
                assert BUSY in unescape(answer.text)
            return answer.status_code == 503

        async def queued() -> bool:
            """all stand in the queue"""
            return passwords._QUEUE._waiting >= passwords.WAITING

        await eventually(queued)
        assert await is_full()
        mine = asyncio.create_task(guess(here, password=password))
        await eventually(lambda: still_waits(mine))
    finally:
        going_on.set()
    assert await mine == 303
    assert await asyncio.gather(*asking) == [401] * full


async def still_waits(task: "asyncio.Task[int]") -> bool:
    """it has a place in the queue"""
    assert not task.done(), task.result()
    return passwords._QUEUE._waiting > passwords.WAITING


async def test_what_failed_is_told_at_the_next_login_once(
    at: At, notifier: Running, owner: httpx.AsyncClient
) -> None:
    """With how often, when and from where; on the first page, on the account's, and in JSON."""
    password = await add(owner, "dan")
    for address in ("203.0.113.8", "203.0.113.9"):
        assert await guess(at(address), "dan") == 401
    dan = at("192.0.2.1")
    began = await log_in(dan, "dan", password)
    await knows(dan.cookies["callout_session"], notifier.service)
    first = unescape((await dan.get("/notifications")).text)
    assert "2 attempts to log in with your name failed since your last login" in first
    assert "203.0.113.9" in first
    assert "203.0.113.8" not in first
    assert "attempts to log in" not in (await dan.get("/notifications")).text
    assert "203.0.113.9" in (await dan.get("/account")).text
    mistyped = {"old": "wrong", "new": "a-much-better-one", "again": "a-much-better-one"}
    assert (await dan.post("/account/password", data=mistyped)).status_code == 422
    told = (await dan.get("/api/account")).json()
    assert (told["login"], told["role"]) == ("dan", "dispatcher")
    assert told["failed_logins"]["count"] == 2
    assert told["failed_logins"]["last_address"] == "203.0.113.9"
    assert began.status_code == 303
    await dan.post("/logout")
    again = at("192.0.2.1")
    await log_in(again, "dan", password)
    await knows(again.cookies["callout_session"], notifier.service)
    assert "to log in with your name" not in (await again.get("/notifications")).text
    assert (await again.get("/api/account")).json()["failed_logins"] is None


async def test_failed_logins_are_logged_and_no_password_is(
    at: At, owner: httpx.AsyncClient, password: str
) -> None:
    """With address and outcome; what is no login's name is hardly seen, since it may be a password."""
    await add(owner, "dan")
    await owner.post("/admins/dan/disabled")
    with capture_logs() as lines:
        eve = at("203.0.113.9")
        for login in ("owner", "nobody", "dan", "My Secret; Passphrase" + "x" * 99):
            assert await guess(eve, login, "hunter2-hunter2") == 401
        for _ in range(5):
            await guess(eve, "owner", "hunter2-hunter2")
    told = [
        (line["login"], line["outcome"], line["remote_address"])
        for line in lines
        if line["event"] == "login failed"
    ]
    assert told[:3] == [
        ("owner", "wrong password", "203.0.113.9"),
        ("nobody", "unknown login", "203.0.113.9"),
        ("dan", "login disabled", "203.0.113.9"),
    ]
    assert told[3][0].startswith("my?secret??passphrase")
    assert len(told[3][0]) == 32
    assert told[-1] == ("owner", "too many tries", "203.0.113.9")
    assert not any("hunter2" in str(line) for line in lines)


async def test_a_password_is_what_was_typed(at: At, notifier: Running, owner: httpx.AsyncClient) -> None:
    """With the spaces at its ends, when it is chosen and when it is asked for."""
    old, new = await add(owner, "dan"), "  a boat and eleven pigeons "
    dan = at("192.0.2.1")
    await log_in(dan, "dan", old)
    await knows(dan.cookies["callout_session"], notifier.service)
    typed = {"old": old, "new": new, "again": new.strip()}
    assert (await dan.post("/account/password", data=typed)).status_code == 422
    assert (await dan.post("/account/password", data={**typed, "again": new})).status_code == 303
    assert await guess(at("192.0.2.2"), "dan", new.strip()) == 401
    assert await guess(at("192.0.2.3"), "dan", new) == 303
    newer = {"old": new, "new": " " * 12 + "x", "again": " " * 12 + "x"}
    assert (await dan.post("/account/password", data=newer)).status_code in (303, 422)


async def test_only_new_passwords_are_judged(at: At, notifier: Running, owner: httpx.AsyncClient) -> None:
    """Refused with a sentence beside the field; one that is in use goes on working."""
    await add(owner, "dan")
    easy = await passwords.hashed("password12")
    await notifier.service.pool.execute("UPDATE passwords SET hash = $1 WHERE login = 'dan'", easy)
    dan = at("192.0.2.1")
    await log_in(dan, "dan", "password12")
    await knows(dan.cookies["callout_session"], notifier.service)
    for new, why in (
        ("password99", "one of those that are tried first"),
        ("Dan-dan-dan-1", "little more than your login"),
        ("Callout-2026", "little more than your login"),
    ):
        answer = await dan.post("/account/password", data={"old": "password12", "new": new, "again": new})
        assert answer.status_code == 422
        assert why in unescape(answer.text).partition('id="new-error"')[2][:300]


async def test_many_who_wait_under_one_name_keep_nobody_else_out(
    notifier: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only so many wait under each."""
    monkeypatch.setattr(login_limits, "MOST_DELAYED", 1)
    limits = login_limits.LoginLimits(notifier.service.pool)
    begun = login_limits.Try(uuid7(), "dan", login_limits.Origin("192.0.2.1"), None)
    waiting = asyncio.create_task(limits._wait(begun, PATIENCE))

    async def waits() -> bool:
        return bool(limits._delayed["dan"])

    await eventually(waits)
    with pytest.raises(Refused, match="Too many people"):
        await limits._wait(begun, 0.01)
    await limits._wait(replace(begun, login="olga"), 0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await limits._wait(begun, 0.01)


async def test_what_is_kept_of_tries_has_an_end(
    notifier: Running, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day, and so many rows; the summary has one row an admin, and none of a login that nobody has."""
    pool = notifier.service.pool
    limits = login_limits.LoginLimits(pool)
    monkeypatch.setattr(login_limits, "KEPT_ROWS", 10)
    await pool.execute(
        "INSERT INTO failed_logins (login, address, at) "
        "SELECT 'nobody', '203.0.113.9', now() - n * interval '1 hour' FROM generate_series(0, 40) AS n"
    )
    await limits._sweep()
    assert await pool.fetchval("SELECT count(*) FROM failed_logins") == 11
    begun = await limits.begin("nobody-at-all", login_limits.Origin("192.0.2.9"))
    await limits.failed(begun, login_limits.Failed.UNKNOWN)
    assert await pool.fetchval("SELECT count(*) FROM failed_since_login") == 0
