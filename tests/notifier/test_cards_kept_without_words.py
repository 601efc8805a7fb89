"""Which cards wait is remembered on a device; what they say is not, since a client's name may be in it."""

import httpx
import pytest
from playwright.async_api import Page, expect

from shared.contract.delivery import DeliveryFailed, Purpose, Trouble
from shared.web.pages import STATIC
from tests.notifier.conftest import Running, register
from tests.notifier.dashboard import Dashboard, told
from tests.notifier.examples import SAMI

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC / "vendor" / "htmx.min.js").exists(), reason="`make static` has not run"),
]

EVERYTHING = "() => JSON.stringify([{...localStorage}, {...sessionStorage}])"
CARDS = "() => Object.keys(localStorage).filter(key => key.startsWith('callout.toast.')).length"


async def kept(page: Page, count: int) -> None:
    await page.wait_for_function(f"() => ({CARDS})() === {count}")


async def test_a_waiting_card_comes_again_on_the_next_page_though_its_words_are_kept_nowhere(
    screen: Dashboard, notifier: Running
) -> None:
    """Those that ask for something, and those that only warn."""
    page = await screen.tab("/account")
    await register(notifier)
    failed = DeliveryFailed(
        Purpose.TASK_INFO, SAMI, Trouble.BLOCKED, "the bot was blocked", task=1042, offer=1
    )
    await notifier.publish("delivery.2", "service:bot-gateway", failed)
    await told(page, "New technician added: Sami 77")
    await told(page, "#1042")
    await kept(page, 2)
    assert "Sami" not in await page.evaluate(EVERYTHING)
    await page.goto(screen.url + "/admins")
    await told(page, "New technician added: Sami 77")
    await told(page, "#1042")
    assert "Sami" not in await page.evaluate(EVERYTHING)


async def test_a_card_that_an_older_version_kept_loses_its_words(
    screen: Dashboard, notifier: Running
) -> None:
    """And stays, with what it says now."""
    page = await screen.tab("/account")
    await register(notifier)
    await told(page, "Sami 77")
    await page.evaluate(
        """() => {
            const key = Object.keys(localStorage).find(each => each.startsWith("callout.toast."));
            const actions = [{label: "Review / edit", method: "GET", href: "/technicians/77"}];
            localStorage[key] = JSON.stringify({...JSON.parse(localStorage[key]), text: "Old words", actions});
        }"""
    )
    await page.goto(screen.url + "/admins")
    await told(page, "New technician added: Sami 77")
    assert "Old words" not in await page.evaluate(EVERYTHING)


async def test_nothing_of_it_stays_when_the_session_is_over(
    screen: Dashboard, notifier: Running, owner: httpx.AsyncClient
) -> None:
    """However it ended, in every tab."""
    pages = [await screen.tab("/account"), await screen.tab("/admins")]
    await register(notifier)
    for page in pages:
        await told(page, "Sami 77")
    await owner.post("/logout")
    for page in pages:
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        await kept(page, 0)
    screen.complaints = [each for each in screen.complaints if "401" not in each]
