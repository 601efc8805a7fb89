"""Who may ask: by cookie or token, by role, and from no other site."""

from time import monotonic

import httpx
import pytest

from shared.web import SessionBook, sessions
from tests.people import PATIENCE
from tests.web.conftest import HOST, SECRETS, cookie


@pytest.mark.parametrize("path", ["/sample", "/secret", "/no-such-page"])
async def test_a_stranger_who_opens_a_page_is_sent_to_the_login(
    stranger: httpx.AsyncClient, path: str
) -> None:
    """The way back is kept, and a page that exists looks like one that doesn't."""
    answer = await stranger.get(f"{path}?status=new")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={path}%3Fstatus%3Dnew"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/sample"),
        ("POST", "/api/sample"),
        ("GET", "/api/sample"),
        ("GET", "/api/sample/openapi.json"),
        ("GET", "/api/nothing"),
    ],
)
async def test_a_stranger_gets_nothing_else(stranger: httpx.AsyncClient, method: str, path: str) -> None:
    """Everything but a page is answered with 401, whether it exists or not."""
    answer = await stranger.request(method, path, headers={"Origin": HOST})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
async def test_an_operator_needs_no_login(stranger: httpx.AsyncClient, path: str) -> None:
    """What a monitor asks is open."""
    assert (await stranger.get(path)).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
async def test_what_is_open_waits_for_nobodys_session(
    stranger: httpx.AsyncClient, book: SessionBook, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Also where a service has not read the sessions yet, so that it can't say whose cookie this is."""
    book._watching = True
    monkeypatch.setattr(sessions, "NEW_SESSION", PATIENCE)
    stranger.cookies.set("callout_session", "n" * 43)
    began = monotonic()
    assert (await stranger.get(path)).status_code == 200
    assert monotonic() - began < PATIENCE
    monkeypatch.setattr(sessions, "NEW_SESSION", 0.1)
    answer = await stranger.get("/sample")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_htmx_is_told_to_go_to_the_login(stranger: httpx.AsyncClient) -> None:
    """A part of a page that is fetched after the session ended takes the whole page along."""
    headers = {"HX-Request": "true", "HX-Current-URL": f"{HOST}/tasks?status=new"}
    answer = await stranger.get("/sample", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/login?next=/tasks%3Fstatus%3Dnew"


@pytest.mark.parametrize(
    ("who", "method", "path", "status"),
    [
        ("vera", "GET", "/sample", 200),
        ("vera", "POST", "/sample", 403),
        ("vera", "POST", "/own", 201),
        ("vera", "GET", "/secret", 403),
        ("dan", "POST", "/sample", 201),
        ("dan", "GET", "/secret", 403),
        ("olga", "POST", "/sample", 201),
        ("olga", "GET", "/secret", 200),
    ],
)
async def test_each_role_may_do_its_own(
    stranger: httpx.AsyncClient, who: str, method: str, path: str, status: int
) -> None:
    """Viewers look, dispatchers change, owners do the rest."""
    stranger.cookies.update(cookie(who))
    answer = await stranger.request(method, path, headers={"Origin": HOST}, data={"name": "x"})
    assert answer.status_code == status


async def test_a_token_is_no_cookie_and_a_cookie_is_no_token(stranger: httpx.AsyncClient) -> None:
    """A secret counts only in the place it was made for."""
    stranger.cookies.set("callout_session", SECRETS["ci"])
    assert (await stranger.get("/sample")).status_code == 303
    stranger.cookies.clear()
    bearer = {"Authorization": f"Bearer {SECRETS['dan']}"}
    assert (await stranger.get("/sample", headers=bearer)).status_code == 401


async def test_a_program_acts_in_its_own_name(program: httpx.AsyncClient) -> None:
    """The actor of what a program does is its token."""
    answer = await program.post("/sample", json={"name": "x"})
    assert answer.json()["by"] == "token:ci"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": HOST}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "same-origin", "Origin": HOST}, 201),
        ({}, 403),
        ({"Origin": "https://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HOST}, 403),
    ],
)
async def test_what_another_site_causes_is_not_done(
    stranger: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    """With the cookie alone a change is made only from Callout's own pages."""
    stranger.cookies.update(cookie("dan"))
    answer = await stranger.post("/sample", data={"name": "x"}, headers=headers)
    assert answer.status_code == status


async def test_every_answer_carries_the_headers(stranger: httpx.AsyncClient, dan: httpx.AsyncClient) -> None:
    """Pages, errors and redirects alike."""
    for answer in (await dan.get("/sample"), await dan.get("/nothing"), await stranger.get("/sample")):
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
