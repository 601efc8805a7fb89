"""A technician whom nobody has kept, under the hands of a dispatcher: each way to send asks first, and keeps them."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import chromium
from tests.journeys.test_in_the_browser import log_in, window
from tests.journeys.test_tasks_in_the_browser import card, lift, over, technician
from tests.people import Person, eventually
from tests.running import Callout

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("callout", ["one process"], indirect=True, scope="module"),
]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def is_kept(callout: Callout, person: Person) -> None:
    async def look() -> bool:
        """that they are kept"""
        return bool((await callout.office.get(f"/api/technicians/{person.id}"))["reviewed"])

    await eventually(look)


async def answer(page: Page, question: str, button: str) -> None:
    dialog = page.locator("#dialog")
    await expect(dialog.get_by_role("heading", name=question)).to_be_visible()
    await dialog.get_by_role("button", name=button).click()


async def test_the_board_asks_before_it_sends(callout: Callout, browser: Browser) -> None:
    """Assign and send, and the drop into *Sent*: nothing goes out before the answer; then they are kept."""
    office = callout.office
    rita, mona = [await technician(callout, name, kept=False) for name in ("Rita Kamal", "Mona Adel")]
    free, hers = await office.task(), await office.task(technician_id=mona.id)
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto("/tasks?view=board")
        await card(page, free).get_by_role("link", name="Assign").click()
        await page.locator(f"#dialog [value='{rita.id}']").check()
        await page.locator("#dialog").get_by_role("button", name="Assign and send").click()
        await expect(
            page.locator("#dialog").get_by_role("heading", name="Keep Rita Kamal and send?")
        ).to_be_visible()
        assert (await office.get(f"/api/tasks/{free}"))["status"] == "new"
        await answer(page, "Keep Rita Kamal and send?", "Keep and send")
        await office.sees_task(free, status="sent")
        await rita.sees(f"#{free}", button="Accept")
        await is_kept(callout, rita)

        await page.goto("/tasks?view=board")
        await lift(page, hers)
        await over(page, "sent")
        await page.mouse.up()
        await answer(page, "Keep Mona Adel and send?", "Keep and send")
        await office.sees_task(hers, status="sent")
        await is_kept(callout, mona)


async def test_by_the_settings_they_are_kept_first_and_get_the_client_info_at_once(
    callout: Callout, browser: Browser
) -> None:
    """The question leads to keeping her, and back; her press on the phone brings the client's data, and one alone."""
    office = callout.office
    site = await office.get("/api/site")
    fay = await technician(callout, "Fay Nasser", kept=False)
    number = await office.task(technician_id=fay.id)
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto("/settings/sending")
        for name in ("Only kept technicians", "Send client info by itself"):
            await page.get_by_label(name).check()
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("The settings are saved.")).to_be_visible()
        await refused(callout, number)
        await page.goto(f"/tasks/{number}")
        await page.locator(".callout-actions").get_by_role("link", name="Send task info").click()
        await answer(page, "Keep Fay Nasser first?", "Keep Fay Nasser")
        await page.wait_for_url(f"**/tasks/{number}")
        await page.locator(".callout-actions").get_by_role("button", name="Send task info").click()
        await fay.presses(await fay.sees(f"#{number}", button="Accept"), "Accept")
        await fay.sees("Client for task", button="Completed")
        await office.sees_task(number, status="in_progress")
    await office.call("PUT", "/api/site", site)


async def refused(callout: Callout, number: int) -> None:
    """The setting has come to where it is obeyed."""

    async def look() -> bool:
        """the refusal"""
        answer = await callout.office.http.get(f"/tasks/{number}/keeping?what=dispatch")
        return "Keep Fay Nasser first?" in answer.text

    await eventually(look)


async def test_the_card_of_many_newcomers_grows(callout: Callout, browser: Browser) -> None:
    """One card names all who joined after the fifth of a minute, while it is looked at."""
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto("/clients")
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        people = [await callout.phones.person(f"Crowd{number}") for number in range(8)]
        await asyncio.gather(*(person.start() for person in people))
        toasts = page.locator("#toasts .callout-toast", has_text="More new technicians within a minute")
        await expect(toasts).to_have_count(1)
        await expect(toasts).to_have_text(re.compile(r"(Crowd\d, ){2,}and Crowd\d"))
