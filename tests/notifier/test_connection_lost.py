"""What a page does when the other side is silent, refuses, or has logged it out."""

import re
from functools import partial

import httpx
import pytest
from playwright.async_api import WebSocketRoute, expect

from shared.web.pages import STATIC
from tests.notifier.conftest import Running, create, register
from tests.notifier.dashboard import Dashboard, told
from tests.people import eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC / "vendor" / "htmx.min.js").exists(), reason="`make static` has not run"),
]


class Line:
    """Between the pages and the notifier; cut, nothing goes through and nobody is told."""

    cut = False

    def join(self, page: WebSocketRoute) -> None:
        notifier = page.connect_to_server()
        page.on_message(lambda said: None if self.cut else notifier.send(said))
        notifier.on_message(lambda said: None if self.cut else page.send(said))


async def test_a_line_that_went_dead_is_given_up_and_made_up_for(
    screen: Dashboard, notifier: Running
) -> None:
    """No network says so: a question that nobody answers does. Until then the page would look live for ever."""
    await create(notifier, 1)
    line = Line()
    await screen.context.route_web_socket("**/ws*", line.join)
    await screen.context.clock.install()
    page = await screen.tab()
    sign = page.locator("#connection")
    await page.clock.run_for(60_000)
    await expect(sign).to_have_attribute("data-state", "live")
    line.cut = True
    await create(notifier, 2)
    await eventually(partial(written, notifier, 2))  # else it would come over the line that is there again
    await page.clock.run_for(32_000)
    await expect(sign).to_have_attribute("data-state", "reconnecting")
    line.cut = False

    async def live() -> bool:
        """the page, live again: second by second, as what it then says passes with the time"""
        await page.clock.run_for(1_000)
        return await sign.get_attribute("data-state") == "live"

    await eventually(live)
    await told(page, "Live again; 1 notification was missed.")


async def written(notifier: Running, notifications: int) -> bool:
    return bool(await notifier.service.pool.fetchval("SELECT count(*) FROM notifications") == notifications)


async def test_a_session_that_ended_leads_to_the_login_and_back(
    screen: Dashboard, owner: httpx.AsyncClient
) -> None:
    """Within a second or so, whatever page it is; after the login it is that page again.

    The feed's end leads there, or a part of the page that was refused; the browser notes the latter.
    """
    page = await screen.tab("/notifications?show=waiting")
    await owner.post("/logout")
    await expect(page).to_have_url(re.compile(r"/login\?next=(%2F|/)notifications%3Fshow%3Dwaiting$"))
    screen.complaints = [each for each in screen.complaints if "401" not in each]


async def test_what_nobody_answers_is_said_in_our_words(screen: Dashboard, notifier: Running) -> None:
    """The browser's own are in English, and for programmers."""
    page = await screen.tab()
    await register(notifier)
    await page.route("**/review", lambda route: route.abort())
    await page.locator(".toast").get_by_role("button", name="Keep as is").click()
    await expect(page.locator(".toast[data-kind=problem] .toast-body")).to_have_text("Please try again.")
    screen.complaints = [each for each in screen.complaints if "ERR_FAILED" not in each]
