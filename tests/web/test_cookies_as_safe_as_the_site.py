"""Where the site is https no cookie can be planted or read on the way; what an older version has set still counts."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from shared.web import SessionBook, build_app
from tests.web.conftest import SECRETS, SETTINGS, SITE, routes

HTTPS = "https://callout.test"


@pytest.fixture
async def secure(book: SessionBook) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody yet, on a site with TLS."""
    app: Any = build_app(
        "sample",
        routes(),
        package="tests.web.sample",
        sessions=book,
        site=lambda: SITE,
        ready=lambda: True,
        settings=replace(SETTINGS, public_url=HTTPS),
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=HTTPS, headers={"Origin": HTTPS}
    ) as client:
        yield client


def sent(**cookies: str) -> dict[str, str]:
    """As a browser sends them."""
    return {
        "Cookie": "; ".join(f"{name.replace('host_', '__Host-')}={value}" for name, value in cookies.items())
    }


async def whose(person: httpx.AsyncClient, **cookies: str) -> str | None:
    answer = await person.post("/own", headers=sent(**cookies))
    return answer.json()["by"] if answer.status_code == 201 else None


async def test_the_new_name_counts_and_the_old_one_where_there_is_no_other(secure: httpx.AsyncClient) -> None:
    """Whoever was logged in stays so through the upgrade; the old name can't take the place of the new one."""
    assert await whose(secure, host_callout_session=SECRETS["dan"]) == "admin:dan"
    assert await whose(secure, callout_session=SECRETS["dan"]) == "admin:dan"
    assert (
        await whose(secure, callout_session=SECRETS["olga"], host_callout_session=SECRETS["dan"])
        == "admin:dan"
    )
    assert await whose(secure, callout_session=SECRETS["olga"], host_callout_session="x" * 43) is None


async def test_without_https_the_names_stay(dan: httpx.AsyncClient) -> None:
    """There a `__Host-` cookie is none that a browser would have been given."""
    dan.cookies.clear()
    assert await whose(dan, callout_session=SECRETS["dan"]) == "admin:dan"
    assert await whose(dan, host_callout_session=SECRETS["dan"]) is None


async def test_what_was_done_travels_under_the_new_name_and_ends_under_both(
    secure: httpx.AsyncClient,
) -> None:
    session = {"host_callout_session": SECRETS["dan"]}
    answer = await secure.post("/gone/1042", headers=sent(**session))
    [cookie] = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-callout_done=task-deleted.1042;")
    assert {"Secure", "Path=/", "HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))
    assert "domain" not in cookie.lower()
    for name in ("host_callout_done", "callout_done"):
        page = await secure.get("/sample", headers=sent(**session, **{name: "task-deleted.1042"}))
        assert "Task #1042 was deleted." in page.text
        ended = [
            each.partition("=")[0] for each in page.headers.get_list("set-cookie") if "Max-Age=0" in each
        ]
        assert sorted(ended) == ["__Host-callout_done", "callout_done"]


@pytest.mark.parametrize("name", ["host_callout_language", "callout_language"])
async def test_preferences_are_read_under_both_names(secure: httpx.AsyncClient, name: str) -> None:
    """So nobody's language or colours change with the upgrade."""
    page = await secure.get(
        "/sample",
        headers=sent(
            host_callout_session=SECRETS["dan"], **{name: "ar", name.replace("language", "theme"): "dark"}
        ),
    )
    assert 'lang="ar"' in page.text
    assert 'data-theme="dark"' in page.text


@pytest.mark.parametrize(
    "planted",
    [
        "failed-logins.2.1700000000.<b>call 0190</b>",
        "failed-logins.2.1700000000.call 0190 now",
        "failed-logins.2.1700000000.",
    ],
)
async def test_a_planted_warning_has_no_words_of_its_own(dan: httpx.AsyncClient, planted: str) -> None:
    """What is no address is not shown as one."""
    session = dan.cookies["callout_session"]
    page = (
        await dan.get("/sample", headers={"Cookie": f"callout_session={session}; callout_done={planted}"})
    ).text
    assert "0190" not in page
    assert ("an unknown address" in page) or 'id="told"' not in page


@pytest.mark.parametrize(
    "planted",
    ["failed-logins.0.1.x", "failed-logins.2", "failed-logins.2.99999999999999.::1", "failed-logins.٢.1.::1"],
)
async def test_a_planted_warning_that_says_nothing_is_none(dan: httpx.AsyncClient, planted: str) -> None:
    session = f"callout_session={dan.cookies['callout_session']}"
    page = await dan.get("/sample", headers=[(b"Cookie", f"{session}; callout_done={planted}".encode())])
    assert page.status_code == 200
    assert 'id="told"' not in page.text
