"""No login, therefore: this machine only, and no foreign web page."""

import pytest

from local.phone import PRACTICE_TOKEN

from .conftest import Practice


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", ""])
async def test_a_foreign_host_name_is_refused(practice: Practice, host: str) -> None:
    """A name that was rebound to 127.0.0.1 reads nothing."""
    for path in ("/", "/phone/people", f"/bot{PRACTICE_TOKEN}/getMe", "/static/phone.js"):
        assert (await practice.http.get(path, headers={"Host": host})).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:99", "phone.localhost"])
async def test_local_host_names_are_served(practice: Practice, host: str) -> None:
    """By whichever name this machine calls itself."""
    assert (await practice.http.get("/", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
async def test_another_page_cannot_act(practice: Practice, headers: dict[str, str]) -> None:
    """Neither as a person nor as the bot, not even with a GET of the Bot API."""
    maya = await practice.add()
    assert (await practice.http.post(f"/phone/people/{maya}/start", headers=headers)).status_code == 403
    assert (await practice.http.put("/phone/weather", json={}, headers=headers)).status_code == 403
    sent = await practice.http.get(f"/bot{PRACTICE_TOKEN}/getMe", headers=headers)
    assert sent.status_code == 403
    assert (await practice.http.get(f"/phone/people/{maya}")).json()["standing"] == "new"


async def test_its_own_page_can_act(practice: Practice) -> None:
    """Same origin passes, and so does a link from the dashboard to the page."""
    maya = await practice.add()
    own = {"Sec-Fetch-Site": "same-origin", "Origin": practice.url}
    assert (await practice.http.post(f"/phone/people/{maya}/start", headers=own)).status_code == 201
    assert (await practice.http.get("/", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200


async def test_the_page_allows_nothing_inline_and_nothing_foreign(practice: Practice) -> None:
    """A strict content security policy, which the page itself obeys."""
    answer = await practice.http.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert " style=" not in answer.text
    assert " onclick=" not in answer.text
    assert "https://" not in answer.text.split("<body")[0]
