"""`callout admin`: a first owner, and a way back for whoever lost the password."""

import httpx

from tests.running import Callout, only


@only("one process")
async def test_an_owner_made_in_a_terminal_logs_in(fresh: Callout) -> None:
    """What is printed is the login and its password; a new password ends the sessions of the old one."""
    printed = await fresh.command("admin", "create", "olga", "--name", "Olga Berg", service="notifier")
    first = password_of(printed, "olga")
    async with httpx.AsyncClient(base_url=fresh.url, headers={"Origin": fresh.url}) as browser:
        assert await logs_in(browser, "olga", first)
        assert "Olga Berg" in (await browser.get("/account")).text
        second = password_of(await fresh.command("admin", "password", "olga", service="notifier"), "olga")
        assert second != first
        assert not await logs_in(browser, "olga", first)
        assert await logs_in(browser, "olga", second)
    team = (await fresh.office.get("/api/admins"))["items"]
    assert {each["login"]: each["role"] for each in team}["olga"] == "owner"


def password_of(printed: str, login: str) -> str:
    name, password = printed.split("   ", maxsplit=1)[0].split(" / ")
    assert name == login
    return password


async def logs_in(browser: httpx.AsyncClient, login: str, password: str) -> bool:
    browser.cookies.clear()
    answer = await browser.post("/login", data={"login": login, "password": password})
    return answer.status_code == 303
