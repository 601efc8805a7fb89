"""Logging in and out, for people in a browser, on a real notifier."""

import asyncio
from functools import partial
from itertools import count
from time import monotonic
from urllib.parse import quote

import httpx
import msgspec
import pytest

from notifier import app
from notifier.sessions import Sessions
from shared.bus import Bus
from shared.web import SessionBook, digest
from shared.web.pages import local_path
from tests.notifier.conftest import Running, SettingsFor, add, bearer, log_in, running, status
from tests.people import eventually, within
from tests.sessions import knows


async def test_the_first_owner_is_made_once(settings_for: SettingsFor) -> None:
    """However many replicas start at the same moment, one password is printed."""
    async with running(settings_for("notifier")) as one, running(settings_for("notifier")) as two:
        made = await asyncio.gather(*(app.first_owner(each.service) for each in (one, two, one, two)))
        told = [password for password in made if password]
        assert len(told) == 1
        assert await app.first_owner(one.service) is None
        async with two.browser() as browser:
            await log_in(browser, "owner", told[0])


async def test_a_login_gives_a_new_cookie_that_only_http_sees(notifier: Running, password: str) -> None:
    """A cookie that was planted before stays worthless, and the secret is stored nowhere."""
    async with notifier.browser() as browser:
        browser.cookies.set("callout_session", "p" * 43)
        answer = await log_in(browser, "Owner ", password)
        cookie = answer.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        secret = cookie.partition("=")[2].partition(";")[0]
        assert secret != "p" * 43
        kept = await notifier.service.pool.fetchval("SELECT array_agg(key) FROM sessions")
        assert kept == [digest(secret)]
        assert (
            await browser.get("/settings", headers={"Cookie": f"callout_session={'p' * 43}"})
        ).status_code == 303


async def test_a_secure_site_has_a_secure_cookie(settings_for: SettingsFor) -> None:
    """Where the public address is https."""
    settings = msgspec.structs.replace(settings_for("notifier"), public_url="https://callout.example")
    async with running(settings) as notifier, notifier.browser() as browser:
        password = await app.first_owner(notifier.service)
        assert password
        answer = await log_in(browser, "owner", password)
        assert "Secure" in answer.headers["set-cookie"].split("; ")
        assert "max-age" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/tasks?status=new", "/tasks?status=new"),
        ("https://evil.test/", "/"),
        ("//evil.test/", "/"),
        ("//[", "/"),
        ("/\\evil.test/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\nb", "/"),
        ("/tasks?q=Müll&after=%41#x", "/tasks?q=M%C3%BCll&after=%41#x"),
        ("", "/"),
    ],
)
def test_after_the_login_only_a_path_of_this_site_is_opened(given: str, kept: str) -> None:
    """Else a link to the login would be a link to anywhere."""
    assert local_path(given) == kept


async def test_a_wrong_login_and_a_wrong_password_sound_alike(notifier: Running, password: str) -> None:
    """Nobody learns which logins there are."""
    async with notifier.browser() as browser:
        answers = [
            await browser.post("/login", data={"login": login, "password": "wrong"})
            for login in ("owner", "nobody")
        ]
        assert {answer.status_code for answer in answers} == {401}
        said = [answer.text.replace("nobody", "owner") for answer in answers]
        assert said[0] == said[1]


async def test_after_five_tries_everybody_waits(notifier: Running, password: str) -> None:
    """The right password doesn't help then, and the tries are counted in PostgreSQL, for every replica."""
    async with notifier.browser() as browser:
        for _ in range(5):
            answer = await browser.post("/login", data={"login": "owner", "password": "wrong"})
            assert answer.status_code == 401
        answer = await browser.post("/login", data={"login": "owner", "password": password})
        assert answer.status_code == 429
        await notifier.service.pool.execute("UPDATE failed_logins SET at = at - interval '16 minutes'")
        await log_in(browser, "owner", password)


async def test_many_tries_at_once_are_no_more_than_five(notifier: Running, password: str) -> None:
    """A try counts before its password is looked at; a right password takes its own tries back."""
    async with notifier.browser() as browser:
        await log_in(browser, "owner", password)
        tries = (browser.post("/login", data={"login": "owner", "password": "wrong"}) for _ in range(20))
        answers = sorted([each.status_code for each in await asyncio.gather(*tries)])
        assert answers == [401] * 5 + [429] * 15


async def test_changing_the_own_password_is_tried_as_seldom(
    notifier: Running, owner: httpx.AsyncClient, password: str
) -> None:
    """Whoever finds a dashboard open can't guess the password there; a right one counts as no try."""
    for old, wanted in ((password, 303), *[("wrong", 422)] * 5, (password, 429)):
        typed = {"old": old, "new": password, "again": password}
        assert (await owner.post("/account/password", data=typed)).status_code == wanted


async def test_a_refused_token_keeps_what_was_typed(owner: httpx.AsyncClient) -> None:
    """In its own form, and in no other."""
    answer = await owner.post("/settings/tokens", data={"name": "büro", "role": "viewer", "command_id": "1"})
    assert answer.status_code == 422
    assert answer.text.count('value="büro"') == 1
    assert answer.text.count("name-error") == 2
    assert answer.text.count('aria-invalid="true"') == 1
    assert '<option value="viewer" selected>' in answer.text.partition('id="role"')[2]


@pytest.mark.parametrize("name", ["a" * 300 + ".css", "a" * 5000 + ".css", "..%2f..%2fpages.py", "%ff.js"])
async def test_a_file_that_can_not_be_is_not_there(notifier: Running, name: str) -> None:
    """Whatever the file system thinks of the name."""
    async with notifier.browser() as browser:
        assert (await browser.get(f"/static/{name}")).status_code == 404


async def test_logging_out_ends_the_session_everywhere(
    notifier: Running, password: str, settings_for: SettingsFor
) -> None:
    """Another service that watches the bus knows within a second."""
    bus = Bus("tasks", settings_for("notifier").nats)
    await bus.start()
    book = SessionBook(bus, "tests")
    watching = asyncio.create_task(book.run())

    async def known(key: str) -> bool:
        return book.get(key) is not None

    async def gone(key: str) -> bool:
        return book.get(key) is None

    async def out() -> float:
        async with notifier.browser() as browser:
            await log_in(browser, "owner", password)
            secret = browser.cookies["callout_session"]
            await eventually(partial(known, digest(secret)))
            began = monotonic()
            answer = await browser.post("/logout")
            assert answer.headers["location"] == "/login"
            await eventually(partial(gone, digest(secret)))
            with_it = partial(browser.get, "/settings", headers={"Cookie": f"callout_session={secret}"})
            await eventually(partial(status, with_it, 303))
            return monotonic() - began

    try:
        await within(1, out)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await bus.stop()


async def test_disabling_ends_sessions_and_enabling_lets_in_again(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """At once, though the cookie has days to go."""
    password = await add(owner, "dan")
    async with notifier.browser() as dan:

        async def disabled() -> float:
            await log_in(dan, "dan", password)
            assert (await dan.get("/settings")).status_code == 200
            began = monotonic()
            assert (await owner.post("/admins/dan/disabled")).status_code == 303
            await eventually(partial(status, partial(dan.get, "/settings"), 303))
            took = monotonic() - began
            assert (await dan.post("/login", data={"login": "dan", "password": password})).status_code == 401
            await owner.post("/admins/dan/enabled")
            return took

        await within(1, disabled)
        await log_in(dan, "dan", password)


async def test_a_new_role_counts_at_once(notifier: Running, owner: httpx.AsyncClient) -> None:
    """For sessions that are open."""
    async with notifier.browser() as dan:
        await log_in(dan, "dan", await add(owner, "dan"))

        async def promoted() -> float:
            await owner.post("/admins/dan/role", data={"role": "dispatcher"})
            await eventually(partial(status, partial(dan.get, "/admins"), 403))
            began = monotonic()
            await owner.post("/admins/dan/role", data={"role": "owner"})
            await eventually(partial(status, partial(dan.get, "/admins"), 200))
            return monotonic() - began

        await within(1, promoted)


async def test_a_changed_password_ends_the_other_sessions(
    notifier: Running, owner: httpx.AsyncClient
) -> None:
    """And only those; the old password is no longer any good."""
    old = await add(owner, "vera", "viewer")
    async with notifier.browser() as here, notifier.browser() as elsewhere:
        await log_in(here, "vera", old)
        await log_in(elsewhere, "vera", old)
        form = {"old": old, "new": "a-much-better-one", "again": "a-much-better-one", "command_id": "1"}
        wrong = await here.post(
            "/account/password", data={**form, "old": "wrong-password", "command_id": "0"}
        )
        assert wrong.status_code == 422
        assert (await here.post("/account/password", data={**form, "again": "x"})).status_code == 422
        assert (
            await here.post("/account/password", data={**form, "new": "x", "again": "x"})
        ).status_code == 422
        for _ in range(2):  # a double click
            assert (await here.post("/account/password", data=form)).status_code == 303
        await eventually(partial(status, partial(elsewhere.get, "/account"), 303))
        assert (await here.get("/account")).status_code == 200
        assert (await elsewhere.post("/login", data={"login": "vera", "password": old})).status_code == 401
        await log_in(elsewhere, "vera", "a-much-better-one")


async def test_sessions_end_by_idleness_and_by_age(notifier: Running, owner: httpx.AsyncClient) -> None:
    """12 hours without use, or 7 days, whatever comes first."""
    pool = notifier.service.pool
    await pool.execute("UPDATE sessions SET used_at = used_at - interval '13 hours'")
    sessions = Sessions(pool, notifier.service.bus)
    assert await sessions.live() == {}
    await pool.execute("UPDATE sessions SET used_at = now(), began_at = now() - interval '8 days'")
    assert await sessions.live() == {}
    await pool.execute("UPDATE sessions SET began_at = now() - interval '6 days 20 hours'")
    (session,) = (await sessions.live()).values()
    assert session.expires
    left = session.expires - (await pool.fetchval("SELECT now()"))
    assert 3.9 < left.total_seconds() / 3600 <= 4


async def test_only_owners_manage_admins(notifier: Running, owner: httpx.AsyncClient) -> None:
    """A dispatcher may neither look nor change, by page or by API."""
    async with notifier.browser() as dan:
        await log_in(dan, "dan", await add(owner, "dan"))
        for method, path in (
            ("GET", "/admins"),
            ("POST", "/admins"),
            ("POST", "/admins/owner/disabled"),
            ("GET", "/api/admins"),
            ("POST", "/api/tokens"),
            ("POST", "/settings"),
            ("PUT", "/api/site"),
        ):
            assert (await dan.request(method, path, json={} if "api" in path else None)).status_code == 403, (
                path
            )


async def test_what_the_only_owner_can_not_lose_is_not_offered(owner: httpx.AsyncClient) -> None:
    """Once there is another owner, it is; whose login is disabled is no such owner."""
    offered = ('action="/admins/owner/role"', 'action="/admins/owner/disabled"')
    await add(owner, "dan", "owner")
    page = (await owner.get("/admins")).text
    assert all(each in page for each in offered)
    await owner.post("/admins/dan/disabled")
    page = (await owner.get("/admins")).text
    assert not any(each in page for each in offered)
    assert page.count("The only owner. Make somebody else an owner first") == 1
    assert 'action="/admins/dan/enabled"' in page


async def test_a_token_works_until_it_is_revoked(notifier: Running, owner: httpx.AsyncClient) -> None:
    """It is shown once, kept as a hash, and gone from every service within a second."""
    names = map("night shift {}".format, count(1))

    async def revoked() -> float:
        name = next(names)
        made = await owner.post("/settings/tokens", data={"name": name, "role": "viewer"})
        secret = made.text.split('id="secret" dir="ltr">')[1].split("<")[0]
        assert secret not in (await owner.get("/settings/tokens")).text
        await knows(secret, notifier.service)
        async with httpx.AsyncClient(base_url=notifier.url, headers=bearer(secret)) as program:
            assert (await program.get("/api/site")).status_code == 200
            assert (await program.put("/api/site", json={})).status_code == 403
            began = monotonic()
            assert (await owner.post(f"/settings/tokens/{quote(name)}/revoked")).status_code == 303
            await eventually(partial(status, partial(program.get, "/api/site"), 401))
            return monotonic() - began

    await within(1, revoked)
    assert (await owner.delete("/api/tokens/night%20shift%201")).status_code == 404


async def test_a_double_click_adds_one_admin(owner: httpx.AsyncClient) -> None:
    """The second answer says that the password was shown before."""
    form = {"login": "dan", "name": "Dan", "role": "dispatcher", "command_id": "same"}
    first, second = [await owner.post("/admins", data=form) for _ in range(2)]
    assert first.status_code == 200
    assert second.status_code == 409
    assert "only once" in second.text
