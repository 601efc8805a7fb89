"""Pages whose server was killed under them."""

import pytest
from playwright.async_api import expect

from tests.browser import chromium
from tests.people import eventually
from tests.running import Callout, only


@pytest.mark.browser
@only("five processes")
async def test_after_the_notifier_was_killed_pages_catch_up(fresh: Callout) -> None:
    """The connection is broken for real; the page says so, tries again, and tells how much it missed."""
    async with chromium() as browser:
        page = await browser.new_page(base_url=fresh.url)
        await page.goto("/login?next=/notifications")
        await page.get_by_label("Login").fill("owner")
        await page.get_by_label("Password").fill(fresh.password)
        await page.get_by_role("button", name="Log in").click()
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        await fresh.office.task()
        await expect(page.locator(".toast")).to_have_count(1)
        await fresh.kill("notifier")
        await expect(page.locator("#connection")).to_have_text("Reconnecting")
        numbers = [await fresh.office.task() for _ in range(5)]
        await fresh.restart("notifier")

        async def all_there() -> bool:
            said = (await fresh.office.get("/api/notifications?limit=200"))["items"]
            return all(any(f"#{number}" in each["text"] for each in said) for number in numbers)

        await eventually(all_there)
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        await expect(page.locator("#list")).to_contain_text(f"#{numbers[-1]}")
        await expect(
            page.locator(".toast[data-kind=missed], .toast[data-kind=task_created]").first
        ).to_be_visible()
