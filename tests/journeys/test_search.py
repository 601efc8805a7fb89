"""The search above every page, by the keyboard alone: each service finds its own, whoever else is away."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser import chromium
from tests.journeys.test_in_the_browser import log_in, window
from tests.running import Callout

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("callout", ["one process"], indirect=True, scope="module"),
]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def test_a_client_is_found_without_a_mouse(callout: Callout, browser: Browser) -> None:
    """`/` leads to the field, arrows along what is found, Enter to it; Escape closes and keeps what was typed."""
    number = await callout.office.task(title="Pump hums at night", client={"name": "Mrs. Zanzibar"})
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        field, found = page.get_by_role("combobox", name="Search"), page.get_by_role("listbox", name="Found")
        await into_the_field(page)
        await expect(found).to_be_hidden()
        await page.keyboard.type("zanz")
        client = found.get_by_role("option", name=re.compile("Mrs. Zanzibar"))
        await expect(found.get_by_role("group", name="Clients")).to_contain_text("Mrs. Zanzibar")
        await expect(field).to_have_attribute("aria-expanded", "true")

        await page.keyboard.press("Escape")
        await expect(found).to_be_hidden()
        await expect(field).to_have_value("zanz")

        await page.keyboard.press("ArrowDown")
        await expect(client.first).to_be_visible()
        await expect(found.get_by_role("option", name="Search everywhere for “zanz”")).to_be_visible()
        await until_chosen(page, "Clients")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Mrs. Zanzibar").first).to_be_visible()

        await into_the_field(page)
        await page.keyboard.type(f"#{number}")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{callout.url}/tasks/{number}")

        await into_the_field(page)
        await page.keyboard.type("99999")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{callout.url}/search?q=99999&everywhere=1")
        await expect(page.get_by_text("Nothing found", exact=True)).to_be_visible()


async def test_an_answer_that_comes_late_leaves_the_choice_alone(callout: Callout, browser: Browser) -> None:
    """Services answer when they can; what one has walked to meanwhile stays chosen, and Enter opens it."""
    await callout.office.task(title="Ibis in the ibex pen", client={"name": "Ms. Ibisworth"})
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        released = asyncio.Event()

        async def hold(route: Route) -> None:
            await released.wait()
            await route.continue_()

        found = page.get_by_role("listbox", name="Found")
        await into_the_field(page)
        await page.keyboard.type("ibis")
        await expect(found.get_by_role("option", name=re.compile("Ms. Ibisworth"))).to_be_visible()
        await page.keyboard.press("Escape")
        await page.route("**/search?q=*", hold)
        await page.keyboard.press("ArrowDown")
        await until_chosen(page, "Clients")
        async with page.expect_response("**/clients/search?*") as answer:
            released.set()
        await (await answer.value).finished()
        await page.unroute_all(behavior="wait")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Ms. Ibisworth").first).to_be_visible()


async def into_the_field(page: Page) -> None:
    """By the key that leads there from anywhere on a page that has loaded."""
    await page.wait_for_load_state()
    await page.keyboard.press("/")
    await expect(page.get_by_role("combobox", name="Search")).to_be_focused()


async def until_chosen(page: Page, group: str) -> None:
    """Arrow by arrow, as far as an option of that group."""
    for _step in range(12):
        await page.keyboard.press("ArrowDown")
        chosen = page.locator(f"[role=group][aria-label='{group}'] [aria-selected=true]")
        if await chosen.count():
            return
    raise AssertionError(f"no arrow leads to {group}")


async def test_everything_found_stands_on_one_page(callout: Callout, browser: Browser) -> None:
    """Each service in its own part; and where nothing is found anywhere, what to try instead."""
    number = await callout.office.task(title="Pelican nests in the chimney", client={"name": "Mr. Pelican"})
    async with window(browser, callout.url, width=390) as page:
        await log_in(page, callout)
        await page.goto("/search?q=pelican")
        await expect(
            page.locator("#found").get_by_role("link", name=re.compile(f"#{number}"))
        ).to_be_visible()
        await expect(
            page.locator("#found").get_by_role("link", name=re.compile("Mr. Pelican"))
        ).to_be_visible()
        await page.goto("/search?q=quetzalcoatl")
        await expect(page.get_by_text("Nothing found", exact=True)).to_be_visible()
        await expect(page.locator("#found")).to_be_hidden()


async def test_a_service_that_is_away_is_named(callout: Callout, browser: Browser) -> None:
    """What the others find is shown all the same, below the field and on the page."""
    await callout.office.task(title="Yak in the cellar", client={"name": "Ms. Yakovleva"})
    context = await browser.new_context(base_url=callout.url)
    page = await context.new_page()
    await log_in(page, callout)
    await page.route("**/tasks/search?*", lambda route: route.abort())
    await page.goto("/search?q=yak")
    await expect(page.locator("#found").get_by_text("The tasks don't answer just now.")).to_be_visible()
    await expect(page.locator("#found").get_by_role("link", name=re.compile("Yakovleva"))).to_be_visible()
    await into_the_field(page)
    await page.keyboard.type("yako")
    found = page.get_by_role("listbox", name="Found")
    await expect(found.get_by_text("The tasks don't answer just now.")).to_be_visible()
    await expect(found.get_by_role("option", name=re.compile("Yakovleva"))).to_be_visible()
    await context.close()
