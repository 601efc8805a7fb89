"""The board is fetched and morphed under the hands of a dispatcher: what they did and opened stays."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Route, expect

from tests.browser import chromium
from tests.journeys.test_in_the_browser import log_in, window
from tests.journeys.test_tasks_in_the_browser import at_work, column, lift, over, technician
from tests.running import Callout

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("callout", ["one process"], indirect=True, scope="module"),
]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def test_a_board_that_is_older_than_a_drop_does_not_take_it_back(
    callout: Callout, browser: Browser
) -> None:
    """It was asked for before the drop, and comes after it."""
    person = await technician(callout, "Olga Older")
    number = await callout.office.task(technician_id=person.id)
    board = f"/tasks?view=board&technician={person.id}"
    asked, dropped, seen = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with window(browser, callout.url) as page:

        async def slowly(route: Route) -> None:
            if asked.is_set():
                await seen.wait()
                await route.continue_()
                return
            older = await route.fetch()
            asked.set()
            await dropped.wait()
            await route.fulfill(response=older)

        await log_in(page, callout)
        await page.goto(board)
        await page.route(f"**{board}", slowly)
        async with page.expect_response(lambda answer: answer.url.endswith(board)) as looked:
            await page.evaluate("document.body.dispatchEvent(new CustomEvent('callout:changed'))")
            await asked.wait()
            await lift(page, number)
            await over(page, "cancelled")
            await page.mouse.up()
            await expect(page.get_by_role("button", name="Undo")).to_be_visible()
            dropped.set()
        await (await looked.value).finished()
        await page.evaluate("new Promise(shown => requestAnimationFrame(() => setTimeout(shown)))")
        assert await column(page, "cancelled").locator(f"#task-{number}").count() == 1
        seen.set()
        await callout.office.sees_task(number, status="cancelled")
        await page.unroute_all(behavior="wait")


async def test_a_card_slips_out_of_a_running_job_only_after_a_question(
    callout: Callout, browser: Browser
) -> None:
    """Cancel leaves card and technician as they were; a confirmed drop withdraws the task on the phone."""
    person = await technician(callout, "Sam Slip")
    number = await at_work(callout, person)
    held = await person.sees(f"#{number}", button="Complete")
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto(f"/tasks?view=board&technician={person.id}")
        dialog = page.get_by_role("dialog")

        async def slip() -> None:
            await lift(page, number)
            await over(page, "new")
            await page.mouse.up()
            await expect(dialog).to_contain_text(f"Sam Slip is at work on #{number}.")

        await slip()
        await expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
        await dialog.get_by_role("link", name="Cancel").click()
        await expect(dialog).to_be_hidden()
        await expect(column(page, "in_progress").locator(f"#task-{number}")).to_be_visible()
        await callout.office.sees_task(number, status="in_progress")
        assert held in await person.messages()

        await slip()
        await dialog.get_by_role("button", name="Yes, move it").click()
        await expect(dialog).to_be_hidden()
        await callout.office.sees_task(number, status="new")
        await person.sees(f"#{number} was withdrawn")
        await page.goto("/tasks?view=board")
        await expect(column(page, "new").locator(f"#task-{number}")).to_be_visible()


async def test_a_button_that_takes_the_work_away_asks_as_a_drop_does(
    callout: Callout, browser: Browser
) -> None:
    """On the task's page, by the keyboard; and the phone rings with a message of its own."""
    person = await technician(callout, "Wim Working")
    number = await at_work(callout, person)
    held = await person.sees(f"#{number}", button="Complete")
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto(f"/tasks/{number}")
        dialog = page.get_by_role("dialog")

        async def withdraw() -> None:
            await page.get_by_text("More", exact=True).press("Enter")
            await page.get_by_role("link", name="Withdraw the offer").press("Enter")
            await expect(dialog).to_contain_text(f"Wim Working is at work on #{number}.")

        await withdraw()
        await dialog.get_by_role("link", name="Cancel").press("Enter")
        await expect(dialog).to_be_hidden()
        await callout.office.sees_task(number, status="in_progress")
        await withdraw()
        await dialog.get_by_role("button", name="Yes, move it").press("Enter")
        await expect(dialog).to_be_hidden()
        await callout.office.sees_task(number, status="assigned")
        await person.sees(f"#{number} was withdrawn", after=held["message_id"])


async def test_an_open_menu_stays_open_while_the_board_changes(callout: Callout, browser: Browser) -> None:
    """And it says so to those who hear the page."""
    person = await technician(callout, "Olaf Opened")
    number = await callout.office.task(technician_id=person.id)
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto(f"/tasks?view=board&technician={person.id}")
        link = page.get_by_role("link", name=f"More for #{number}")
        await link.press("Enter")
        await expect(page.locator("#card-menu")).to_be_visible()
        await page.evaluate(
            """new Promise(morphed => {
                document.addEventListener("callout:morphed", morphed, { once: true });
                document.body.dispatchEvent(new CustomEvent("callout:changed"));
            }).then(() => null)"""
        )
        assert await link.get_attribute("aria-expanded") == "true"
        await expect(page.locator("#card-menu")).to_be_visible()
