"""Who is logged in, with what, and how that ends: one's own by oneself, anybody's by an owner."""

import html
import re
from collections.abc import AsyncIterator
from functools import partial
from time import monotonic

import httpx
import msgspec
import pytest

from notifier import app
from tests.notifier.conftest import Running, SettingsFor, add, log_in, running, status
from tests.people import eventually, within

ENDED = "Your session has ended. Log in again and you are back where you were."
PHONE = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"


@pytest.fixture
async def dans_password(owner: httpx.AsyncClient) -> str:
    return await add(owner, "dan")


@pytest.fixture
async def dan(notifier: Running, dans_password: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A dispatcher at a desk and on a phone."""
    async with notifier.browser() as desk, notifier.browser() as phone:
        phone.headers["User-Agent"] = PHONE
        for browser in (desk, phone):
            await log_in(browser, "dan", dans_password)
        yield [desk, phone]


async def session_of(browser: httpx.AsyncClient) -> str:
    """The id of the session that asks."""
    found: str = next(
        each["id"] for each in (await browser.get("/api/sessions")).json()["items"] if each["current"]
    )
    return found


async def is_out(browser: httpx.AsyncClient) -> None:
    await eventually(partial(status, partial(browser.get, "/account"), 303))


async def test_people_know_their_devices(dan: list[httpx.AsyncClient]) -> None:
    """By the browser and the address; the one in hand is marked, and can't be ended by mistake."""
    desk, phone = dan
    page = (await phone.get("/account")).text
    assert "Chrome on Android" in page
    assert "127.0.0.1" in page
    assert page.count("This session") == 1
    assert f"/account/sessions/{await session_of(desk)}/ended" in page
    assert f"/account/sessions/{await session_of(phone)}/ended" not in page


async def test_an_own_session_ends_everywhere_within_a_second(
    dan: list[httpx.AsyncClient], dans_password: str
) -> None:
    """The other one goes on."""
    desk, phone = dan

    async def ended() -> float:
        await log_in(phone, "dan", dans_password)
        theirs = await session_of(phone)
        began = monotonic()
        assert (await desk.post(f"/account/sessions/{theirs}/ended")).status_code == 303
        await is_out(phone)
        return monotonic() - began

    await within(1, ended)
    assert (await desk.get("/account")).status_code == 200


async def test_all_others_end_at_once(dan: list[httpx.AsyncClient], owner: httpx.AsyncClient) -> None:
    """But nobody else's."""
    desk, phone = dan
    await phone.post("/account/sessions/ended")
    await is_out(desk)
    assert (await phone.get("/account")).status_code == 200
    assert (await owner.get("/account")).status_code == 200


async def test_an_owner_sees_and_ends_everybodys(
    dan: list[httpx.AsyncClient], owner: httpx.AsyncClient
) -> None:
    """Others see their own alone, and others' are not there for them."""
    desk, phone = dan
    assert "Chrome on Android" in (await owner.get("/settings/sessions")).text
    assert "Owner" not in (await desk.get("/settings/sessions")).text
    assert len((await desk.get("/api/sessions")).json()["items"]) == 2
    theirs = await session_of(owner)
    for method, path in (
        ("POST", f"/account/sessions/{theirs}/ended"),
        ("POST", f"/settings/sessions/{theirs}/ended"),
        ("DELETE", f"/api/sessions/{theirs}"),
    ):
        assert (await desk.request(method, path)).status_code == 404
    assert (await owner.delete(f"/api/sessions/{await session_of(desk)}")).status_code == 204
    await is_out(desk)
    assert (await owner.post(f"/settings/sessions/{await session_of(phone)}/ended")).status_code == 303
    await is_out(phone)


async def test_a_token_named_like_an_admin_ends_nothing(
    notifier: Running, dan: list[httpx.AsyncClient], owner: httpx.AsyncClient
) -> None:
    """A program is not the person whose login its name is."""
    secret = (await owner.post("/api/tokens", json={"name": "dan", "role": "viewer"})).json()["token"]
    bearer = {"Authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=notifier.url, headers=bearer) as program:
        assert (await program.delete(f"/api/sessions/{await session_of(dan[0])}")).status_code == 404
        assert (await program.post("/account/sessions/ended")).status_code == 403
        assert (await program.get("/api/sessions")).json()["items"] == []
    assert (await dan[0].get("/account")).status_code == 200


async def test_whoever_is_logged_out_hears_why_and_comes_back_to_where_they_were(
    dan: list[httpx.AsyncClient], owner: httpx.AsyncClient, notifier: Running
) -> None:
    """Not whoever logged out, or was never in."""
    phone = dan[1]
    password = (await owner.post("/api/admins/dan/password")).json()["password"]
    await is_out(phone)
    shown = await phone.get("/notifications?show=waiting", follow_redirects=True)
    assert ENDED in shown.text
    where = re.search(r'name="next" value="([^"]*)"', shown.text)
    assert where
    typed = {"login": "dan", "password": password, "next": html.unescape(where[1])}
    answer = await phone.post("/login", data=typed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/notifications?show=waiting")
    await phone.post("/logout")
    async with notifier.browser() as nobody:
        for each in (phone, nobody):
            assert ENDED not in (await each.get("/account", follow_redirects=True)).text


async def test_a_browser_with_a_strange_name_logs_in(notifier: Running, owner: httpx.AsyncClient) -> None:
    """What it calls itself is shown as text, and cut."""
    password = await add(owner, "eve")
    async with notifier.browser() as browser:
        browser.headers["User-Agent"] = "<b>bold</b>" + "x" * 900
        await log_in(browser, "eve", password)
        page = (await browser.get("/account")).text
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page
    assert "x" * 100 not in page


@pytest.mark.parametrize(
    ("trusted", "shown"), [("127.0.0.0/8", "203.0.113.7"), ("10.0.0.0/8,192.168.0.0/16", "127.0.0.1")]
)
async def test_behind_a_proxy_people_have_their_own_addresses(
    settings_for: SettingsFor, trusted: str, shown: str
) -> None:
    """Else one of them locks out all the others. Whoever is no such proxy may claim what they like."""
    settings = msgspec.structs.replace(settings_for("notifier"), trusted_proxies=trusted)
    async with running(settings) as notifier, notifier.browser() as browser:
        password = await app.first_owner(notifier.service)
        assert password
        browser.headers["X-Forwarded-For"] = "203.0.113.7"
        await log_in(browser, "owner", password)
        assert (await browser.get("/api/sessions")).json()["items"][0]["address"] == shown
