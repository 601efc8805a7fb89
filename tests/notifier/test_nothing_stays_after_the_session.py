"""What a login leaves in a browser, what a log-out takes away, and that the way from the login leads in."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from msgspec.structs import replace

from notifier import app
from shared.contract.admin import Role
from shared.web import digest, sessions
from tests.notifier.conftest import Running, SettingsFor, log_in, running
from tests.people import PATIENCE, eventually
from tests.sessions import knows

HTTPS = "https://callout.example"


@dataclass
class Jar:
    """A browser that talks to a site behind a proxy with TLS: it keeps and sends what such a browser would."""

    http: httpx.AsyncClient
    held: dict[str, str]
    seen: list[str]

    async def ask(self, method: str, path: str, **typed: str) -> httpx.Response:
        cookies = "; ".join(f"{name}={value}" for name, value in self.held.items())
        answer = await self.http.request(
            method, path, data=typed or None, headers={"Cookie": cookies, "Origin": HTTPS}
        )
        for each in answer.headers.get_list("set-cookie"):
            self.seen.append(each)
            name, _, value = each.partition(";")[0].partition("=")
            self.held.pop(name, None)
            if "max-age=0" not in each.lower():
                self.held[name] = value
        self.http.cookies.clear()
        return answer


@pytest.fixture
async def secure(settings_for: SettingsFor) -> AsyncIterator[tuple[Running, Jar, str]]:
    """A site with TLS, a browser and the owner's password."""
    settings = replace(settings_for("notifier"), public_url=HTTPS)
    async with (
        running(settings) as notifier,
        httpx.AsyncClient(base_url=notifier.url, timeout=PATIENCE) as http,
    ):
        password = await app.first_owner(notifier.service)
        assert password
        yield notifier, Jar(http, {}, []), password


async def test_every_cookie_of_a_site_with_tls_is_its_own(secure: tuple[Running, Jar, str]) -> None:
    """No other host, and nothing sent in the clear, can set or read one."""
    _notifier, jar, password = secure
    await jar.ask("POST", "/login", login="owner", password="wrong")
    assert (await jar.ask("POST", "/login", login="owner", password=password)).status_code == 303
    assert (await jar.ask("GET", "/account")).status_code == 200
    await jar.ask("POST", "/preferences", theme="dark", language="ar")
    assert set(jar.held) == {
        "__Host-callout_session",
        "__Host-callout_device",
        "__Host-callout_theme",
        "__Host-callout_language",
    }  # what failed was told on the account's page, and that cookie is gone
    assert any(each.startswith("__Host-callout_done=failed-logins.1.") for each in jar.seen)
    for each in jar.seen:
        attributes = set(each.split("; ")[1:])
        assert {"Secure", "Path=/", "SameSite=lax"} <= attributes, each
        assert each.startswith("__Host-") or "Max-Age=0" in attributes, each
        assert not any(name.lower().startswith("domain") for name in attributes), each
        assert "HttpOnly" in attributes or each.startswith("__Host-callout_left"), each


async def test_logging_out_takes_away_all_but_what_one_likes(secure: tuple[Running, Jar, str]) -> None:
    """Under both names; the browser is told to drop its copies, and the next page's scripts theirs."""
    notifier, jar, password = secure
    await jar.ask("POST", "/preferences", theme="dark")
    await jar.ask("POST", "/login", login="owner", password=password)
    jar.held["callout_session"] = jar.held["__Host-callout_session"]  # as an older version had set it
    secret = jar.held["callout_session"]
    answer = await jar.ask("POST", "/logout")
    assert answer.headers["clear-site-data"] == '"cache"'
    assert set(jar.held) == {"__Host-callout_theme", "__Host-callout_device", "__Host-callout_left"}

    async def over() -> bool:
        return notifier.service.sessions.get(digest(secret)) is None

    await eventually(over)
    jar.held["callout_session"] = secret
    assert (await jar.ask("GET", "/account")).status_code == 303


async def test_whoever_was_logged_in_before_the_upgrade_still_is(secure: tuple[Running, Jar, str]) -> None:
    """And hears that a session has ended by whichever name its cookie has."""
    notifier, jar, password = secure
    await jar.ask("POST", "/login", login="owner", password=password)
    secret = jar.held.pop("__Host-callout_session")
    jar.held["callout_session"] = secret
    await knows(secret, notifier.service)
    assert (await jar.ask("GET", "/account")).status_code == 200
    jar.held["callout_session"] = "o" * 43
    assert "Your session has ended" in (await jar.ask("GET", "/login")).text


async def test_without_tls_the_cookies_are_called_as_ever(notifier: Running, password: str) -> None:
    async with notifier.browser() as browser:
        await log_in(browser, "owner", password)
        assert {"callout_session", "callout_device"} == set(browser.cookies)
        answer = await browser.post("/logout")
        assert answer.headers["clear-site-data"] == '"cache"'
        assert not any("Secure" in each for each in answer.headers.get_list("set-cookie"))
        assert "callout_session" not in browser.cookies


async def test_the_first_page_after_a_login_leads_in_however_slow_the_service(
    settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has not heard of the session says so: to send somebody back to the login would be a circle."""
    monkeypatch.setattr(sessions, "ARRIVAL", 0.3)
    async with running(settings_for("notifier")) as one, running(settings_for("notifier")) as two:
        password = await app.first_owner(one.service)
        assert password
        [listening] = [each for each in two.service._tasks if each.get_name() == "SessionBook.run"]
        listening.cancel()
        async with (
            httpx.AsyncClient(base_url=one.url, headers={"Origin": one.url}, timeout=PATIENCE) as browser,
            httpx.AsyncClient(base_url=two.url, timeout=PATIENCE) as behind,
        ):
            await log_in(browser, "owner", password)
            behind.cookies.update(browser.cookies)
            answer = await behind.get("/account", headers={"Accept": "text/html"})
            assert answer.status_code == 503
            assert "has not heard of your login yet" in answer.text
            assert int(answer.headers["retry-after"]) > 0
            assert (
                await behind.get("/account", headers={"Cookie": "callout_session=" + "n" * 43})
            ).status_code == 303
            again = asyncio.create_task(two.service.sessions.run())
            monkeypatch.setattr(sessions, "ARRIVAL", PATIENCE)
            assert (await behind.get("/account")).status_code == 200
            again.cancel()
            await asyncio.gather(again, return_exceptions=True)


async def test_a_token_works_from_the_moment_it_is_shown(settings_for: SettingsFor) -> None:
    """On another replica as well; and one that nobody has made is refused at once."""
    async with running(settings_for("notifier")) as one, running(settings_for("notifier")) as two:
        token = await app.create_api_token(one.service, "erp", Role.OWNER)
        async with httpx.AsyncClient(base_url=two.url, timeout=PATIENCE) as program:
            assert (
                await program.get("/api/site", headers={"Authorization": f"Bearer {token}"})
            ).status_code == 200
            unknown = await program.get("/api/site", headers={"Authorization": f"Bearer callout_{'n' * 43}"})
            assert unknown.status_code == 401
