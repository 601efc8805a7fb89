"""A technician whose Telegram account is gone: never "reachable", wherever that is shown, until they are back."""

import httpx
import pytest

from shared.contract.admin import Role
from shared.contract.task import TaskAssigned, TaskCreated, TaskSent
from tests.bot_gateway.conftest import Gateway
from tests.bot_gateway.examples import BOILER
from tests.people import Person, eventually

PAGES = (
    "/technicians",
    "/technicians?view=cards",
    "/technicians?status=gone",
    "/technicians/search?q=Yasmin",
)


async def gone(gateway: Gateway, yasmin: Person) -> None:
    """Her account is deleted, which Telegram says as the office sends her something."""
    await yasmin.deletes_account()
    await gateway.hears(
        "task", 1042, TaskCreated(1042, BOILER, 12), TaskAssigned(yasmin.id), TaskSent(yasmin.id, 1)
    )
    await stands(gateway, yasmin, "gone")


async def stands(gateway: Gateway, person: Person, status: str) -> None:
    async def look() -> bool:
        shown = await gateway.call("GET", f"/api/technicians/{person.id}")
        assert shown["reachable"] is (shown["status"] == "active")
        return bool(shown["status"] == status)

    look.__doc__ = f"that {person.name} is {status}"
    await eventually(look)


async def read(browser: httpx.AsyncClient, page: str) -> str:
    answer = await browser.get(page)
    assert answer.status_code == 200
    return answer.text


async def test_account_gone_is_shown_everywhere_and_never_reachable(gateway: Gateway, yasmin: Person) -> None:
    """In the table, on the cards, in the search, on the page, in the list that is filtered, and in the file."""
    await gone(gateway, yasmin)
    assert await gateway.told("TechnicianAccountGone")
    assert [
        each["telegram_id"] for each in (await gateway.call("GET", "/api/technicians?status=gone"))["items"]
    ] == [yasmin.id]
    assert (await gateway.call("GET", "/api/technicians?status=active"))["items"] == []
    async with gateway.as_role(Role.OWNER, browser=True) as browser:
        for page in PAGES:
            text = await read(browser, page)
            assert 'bg-red-lt">Account gone' in text, page
            assert 'bg-green-lt">Reachable' not in text, page
        text = await read(browser, f"/technicians/{yasmin.id}")
        assert "Telegram account is gone, so nothing can be sent" in text
        assert "Reachable" not in text
        assert "Account gone" in await read(browser, "/technicians.csv")


@pytest.mark.parametrize("how", ["start", "says", "taps"])
async def test_whoever_is_back_is_reachable_again(gateway: Gateway, yasmin: Person, how: str) -> None:
    """By Start, as by any contact."""
    welcome = await yasmin.sees("Welcome")
    await gone(gateway, yasmin)
    await gateway.phones.http.post(f"/phone/people/{yasmin.id}/restore")
    match how:
        case "start":
            await yasmin.start()
        case "says":
            await yasmin.says("/help")
        case "taps":
            await yasmin.taps(welcome, "t:1042:1:accept")
    await stands(gateway, yasmin, "active")


async def test_a_pause_is_shown_before_it_and_ends_by_itself(gateway: Gateway, yasmin: Person) -> None:
    """Taken back into service, the account is still gone."""
    await gone(gateway, yasmin)
    for status, shown in (("deactivated", "deactivated"), ("active", "gone")):
        await gateway.call("PATCH", f"/api/technicians/{yasmin.id}", {"status": status})
        await stands(gateway, yasmin, shown)


async def test_it_is_known_again_after_a_rebuild(gateway: Gateway, yasmin: Person) -> None:
    """From the events alone."""
    await gone(gateway, yasmin)
    await gateway.service.rebuild()
    await stands(gateway, yasmin, "gone")
