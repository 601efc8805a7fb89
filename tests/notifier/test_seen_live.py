"""Notifications at the edge of the page, in its title and on the desktop; the connection; the colours."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

import httpx
import pytest
from playwright.async_api import Browser, Route, expect

from shared.contract.task import ClientInfoSent, TaskAccepted, TaskCompleted, TaskDetails, TaskEdited
from shared.contract.technician import TechnicianReviewed
from shared.web.pages import STATIC
from tests.notifier.conftest import Running, create, register
from tests.notifier.dashboard import Dashboard, dashboard, heard, hide, struck, told
from tests.notifier.examples import SAMI
from tests.people import eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC / "vendor" / "htmx.min.js").exists(), reason="`make static` has not run"),
]

# ---- toasts and title


async def test_what_needs_an_answer_stays_and_the_rest_fades(screen: Dashboard, notifier: Running) -> None:
    """In every tab; a tab that closes it closes it in the others, also where a later page only counts it."""
    page = await screen.tab()
    await page.clock.install()
    other = await screen.tab()
    await register(notifier)
    await create(notifier, 1)
    for each in (page, other):
        await told(each, "New technician added: Sami 77")
    await told(page, "#1")
    await page.clock.fast_forward(13_000)
    await expect(page.locator(".toast", has_text="#1")).to_have_count(0)
    await told(page, "New technician")
    await page.goto(screen.url + "/account")
    await expect(page.locator(".callout-more")).to_have_text("1 to do · Show")
    await other.locator(".toast", has_text="New technician").get_by_role("button", name="Close").click()
    await expect(page.locator(".callout-more")).to_have_count(0)
    await page.reload()
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    await expect(page.locator("#toasts > *")).to_have_count(0)


async def test_what_was_seen_is_one_small_line_on_later_pages(screen: Dashboard, notifier: Running) -> None:
    """It covers no more than a button, and opens the cards; what is fresh comes as a card, beside the line."""
    now = datetime.now(UTC)
    await screen.context.clock.set_fixed_time(now)
    page = await screen.tab("/account")
    await register(notifier, 1)
    await told(page, "Sami 1")
    await page.goto(screen.url + "/admins")
    await told(page, "Sami 1")  # it had hardly come when the page was left
    hidden = await screen.tab("/account")
    await told(hidden, "Sami 1")
    await hide(hidden)
    await screen.context.clock.set_fixed_time(now + timedelta(seconds=21))
    await hidden.goto(screen.url + "/settings")
    await told(hidden, "Sami 1")  # nobody had a hand at either page
    await page.mouse.move(300, 300)
    await hidden.goto(screen.url + "/account")
    line = hidden.locator(".callout-more")
    await expect(line).to_have_text("1 to do · Show")
    await expect(hidden.locator(".toast")).to_have_count(0)
    covered = await hidden.locator("#toasts").bounding_box()
    assert covered
    assert covered["height"] < 70
    await told(page, "Sami 1")  # where it stands it stays
    await register(notifier, 2)
    await told(hidden, "Sami 2")
    await expect(line).to_have_text("1 to do · Show")
    await line.click()
    for name in ("Sami 1", "Sami 2"):
        await told(hidden, name)
    await expect(line).to_have_count(0)
    await expect(hidden.locator(".toast", has_text="Sami 1").get_by_role("link").first).to_be_focused()


async def test_what_was_answered_elsewhere_goes_everywhere(
    screen: Dashboard, browser: Browser, notifier: Running, owner: httpx.AsyncClient
) -> None:
    """Whoever answered it, and wherever: on other devices too."""
    page = await screen.tab()
    async with dashboard(browser, notifier.url, owner.cookies["callout_session"]) as elsewhere:
        far = await elsewhere.tab()
        await register(notifier)
        await notifier.publish("task.1", "technician:77", TaskAccepted(SAMI, 1))
        for each in (page, far):
            await told(each, "New technician")
            await told(each, "accepted")
            await expect(each.locator("#list").get_by_role("button", name="Keep as is")).to_be_visible()
        await notifier.publish("technician.77", "admin:anna", TechnicianReviewed())
        for each in (page, far):
            await expect(each.locator(".toast", has_text="New technician")).to_have_count(0)
            await expect(each.locator("#list").get_by_role("button", name="Keep as is")).to_have_count(0)
            await told(each, "accepted")
        await notifier.publish("task.1", "admin:anna", ClientInfoSent(SAMI, 1, 7))
        for each in (page, far):
            await expect(each.locator(".toast", has_text="accepted")).to_have_count(0)


async def test_a_refused_action_says_why_and_the_toast_stays(screen: Dashboard, notifier: Running) -> None:
    """The page stays where it is. (Here the service that would carry it out is not running.)"""
    page = await screen.tab()
    await register(notifier)
    toast = page.locator(".toast", has_text="New technician")
    await toast.get_by_role("button", name="Keep as is").click()
    await expect(page.locator(".toast[data-kind=problem]")).to_contain_text("That did not work")
    await expect(toast).to_be_visible()
    await expect(page).to_have_url(re.compile("/notifications$"))
    screen.complaints = [each for each in screen.complaints if "404" not in each]


async def test_the_title_counts_what_came_while_nobody_looked(screen: Dashboard, notifier: Running) -> None:
    """Until any tab is looked at."""
    page, other = await screen.tab(), await screen.tab()
    await hide(page)
    await hide(other)
    await create(notifier, 1)
    await create(notifier, 2)
    for each in (page, other):
        await expect(each).to_have_title(re.compile(r"^\(2\) Notifications"))
    await hide(page, away=False)
    for each in (page, other):
        await expect(each).to_have_title(re.compile("^Notifications"))


async def test_the_bell_shows_the_newest_and_looking_is_seeing(screen: Dashboard, notifier: Running) -> None:
    """Its menu stays open while it changes."""
    page = await screen.tab("/account")
    await create(notifier, 1)
    await expect(page.locator("#unseen")).to_have_text("1")
    await page.locator("#bell-link").click()
    await expect(page.locator("#bell .callout-bell")).to_contain_text("#1")
    await expect(page.locator("#unseen")).to_have_count(0)
    await create(notifier, 2)
    await expect(page.locator("#bell .callout-bell")).to_contain_text("#2")
    await expect(page.locator("#bell .callout-bell")).to_be_visible()


async def test_looking_at_the_list_is_seeing(screen: Dashboard, notifier: Running) -> None:
    """Once somebody had the time to see what is new; a tab that nobody looks at leaves it new."""
    page = await screen.tab()
    await hide(page)
    await create(notifier, 1)
    other = await screen.tab("/account")
    await expect(other.locator("#unseen")).to_have_text("1")
    await hide(page, away=False)
    await expect(page.locator("#list .callout-unread")).to_have_count(1)
    for each in (page, other):
        await expect(each.locator("#unseen")).to_have_count(0)
    await expect(page.locator("#list .callout-unread")).to_have_count(0)
    await expect(page.get_by_role("button", name="Mark all as seen")).to_have_count(0)


async def test_a_toast_goes_when_the_page_it_leads_to_is_opened(screen: Dashboard, notifier: Running) -> None:
    """On every tab, though it is still to do; what comes while that page is open fades."""
    await screen.context.clock.set_fixed_time(datetime.now(UTC))  # nothing was in view long enough to be seen
    await screen.context.route(re.compile("/(invoices/new|tasks/)"), as_if_it_were_there)
    page = await screen.tab("/account")
    other = await screen.tab("/account")
    await notifier.publish("task.7", "technician:77", TaskCompleted(SAMI, 1))
    await register(notifier)
    for each in (page, other):
        await told(each, "completed")
        await told(each, "New technician")
    await page.goto(screen.url + "/invoices/new?task=8")
    await told(page, "completed")
    await page.goto(screen.url + "/invoices/new?task=7")
    for each in (page, other):
        await expect(each.locator(".toast", has_text="completed")).to_have_count(0)
        await told(each, "New technician")
    await page.goto(screen.url + "/tasks/9")
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    await notifier.publish("task.9", "technician:77", TaskAccepted(SAMI, 1))
    await expect(other.locator(".callout-stays", has_text="accepted")).to_have_count(1)
    await told(page, "accepted")
    await expect(page.locator(".callout-stays", has_text="accepted")).to_have_count(0)


async def as_if_it_were_there(route: Route) -> None:
    """A page with the frame, at the address of a service that does not run here."""
    await route.continue_(url=urljoin(route.request.url, "/account"))


async def test_on_a_phone_the_bar_has_one_row(screen: Dashboard) -> None:
    """Also while it offers to let the sound out."""
    page = await screen.tab("/account", clicked=False)
    await page.set_viewport_size({"width": 390, "height": 800})
    await expect(page.get_by_role("button", name="Enable sound")).to_be_visible()
    tops = await page.evaluate(
        """() => Array.from(document.querySelectorAll("#search, .callout-tools > *"))
            .map((each) => each.getBoundingClientRect()).filter((box) => box.height)
            .map((box) => Math.round((box.top + box.bottom) / 2))"""
    )
    assert max(tops) - min(tops) <= 4
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [1440, 390])
async def test_toasts_leave_room_to_read_the_page(screen: Dashboard, notifier: Running, width: int) -> None:
    """A few at a time, the rest counted; none is wider than the page."""
    page = await screen.tab("/account")
    await page.set_viewport_size({"width": width, "height": 800})
    for telegram_id in range(1, 6):
        await register(notifier, telegram_id)
    shown = 3 if width == 1440 else 1
    await expect(page.locator(".callout-more")).to_have_text(f"{5 - shown} more to do")
    await expect(page.locator(".toast:visible")).to_have_count(shown)
    await expect(page.locator(".toast:visible").last).to_contain_text("Sami 5")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


# ---- the connection


async def test_after_a_break_it_says_how_much_was_missed(
    screen: Dashboard, notifier: Running, owner: httpx.AsyncClient
) -> None:
    """One line and one sound for all; what needs an answer is shown besides."""
    page = await screen.tab()
    await create(notifier, 1)
    await told(page, "#1")
    await heard(page, 6)
    before = len(await struck(page))
    await screen.context.set_offline(True)
    await expect(page.locator("#connection")).to_have_attribute("data-state", "offline")
    await expect(page.locator("#connection")).to_have_text(re.compile("Offline"))
    for number in range(2, 8):
        await create(notifier, number)
    await register(notifier)

    async def all_there() -> bool:
        return len((await owner.get("/api/notifications")).json()["items"]) == 8

    await eventually(all_there)
    await screen.context.set_offline(False)
    await told(page, "Live again; 7 notifications were missed.")
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    await told(page, "New technician added")
    await expect(page.locator(".toast", has_text="#5")).to_have_count(0)
    await expect(page.locator("#list")).to_contain_text("#7")
    await heard(page, before + 1)
    assert len(await struck(page)) - before == 12  # three notes of four partials: one motif
    # At the moment of the break, the page may just have been asking for something.
    cut = "ERR_INTERNET_DISCONNECTED|^htmx:(sendError|afterRequest)"
    screen.complaints = [each for each in screen.complaints if not re.search(cut, each)]


async def test_a_page_changes_with_what_makes_no_notification(screen: Dashboard, notifier: Running) -> None:
    """Every page hears that something changed."""
    page = await screen.tab()
    await page.evaluate(
        "document.body.addEventListener('callout:changed', () => { window.changes = (window.changes ?? 0) + 1; })"
    )
    before = await page.evaluate("window.changes ?? 0")
    await notifier.publish("task.1", "admin:anna", TaskEdited(TaskDetails("Edited"), 7))

    async def looked() -> bool:
        return bool(await page.evaluate("window.changes ?? 0") > before)

    await eventually(looked)


async def test_nothing_moves_while_something_is_dragged(screen: Dashboard, notifier: Running) -> None:
    """It is made up for when the hand lets go."""
    page = await screen.tab()
    await page.evaluate(
        "document.getElementById('content').dispatchEvent(new DragEvent('dragstart', { bubbles: true }))"
    )
    await create(notifier, 1)
    await told(page, "#1")
    await page.evaluate("document.body.dispatchEvent(new CustomEvent('callout:nothing'))")
    await expect(page.locator("#list")).not_to_contain_text("#1")
    await page.evaluate(
        "document.getElementById('content').dispatchEvent(new DragEvent('dragend', { bubbles: true }))"
    )
    await expect(page.locator("#list")).to_contain_text("#1")


async def test_a_hidden_tab_catches_up_when_it_is_shown(screen: Dashboard, notifier: Running) -> None:
    """Until then it asks for nothing."""
    page = await screen.tab()
    await hide(page)
    await create(notifier, 1)
    await expect(page).to_have_title(re.compile(r"^\(1\)"))
    await expect(page.locator("#list")).not_to_contain_text("#1")
    await hide(page, away=False)
    await expect(page.locator("#list")).to_contain_text("#1")


# ---- desktop notifications

NOTES = """
    window.notes = [];
    window.Notification = class extends EventTarget {
      static permission = "default";
      static async requestPermission() { Notification.permission = "granted"; return "granted"; }
      constructor(title, options) {
        super();
        window.notes.push([options.tag, options.body]);
        window.note = this;
        this.close = () => {};
      }
    };
"""
"""What the operating system would show; headless Chromium shows nothing to anybody."""


async def test_the_desktop_is_told_when_no_page_can_be_seen(screen: Dashboard, notifier: Running) -> None:
    """Only where the person wanted it, and once for all tabs."""
    await screen.context.add_init_script(NOTES)
    page, other = await screen.tab("/settings/sounds"), await screen.tab()
    switch = page.get_by_role("checkbox", name="Show them on this device")
    await expect(switch).not_to_be_checked()
    await switch.check()
    await expect(switch).to_be_checked()
    await other.evaluate("Notification.permission = 'granted'")
    await create(notifier, 1)
    await hide(page)
    await create(notifier, 2)
    for each in (page, other):
        await told(each, "#2")
    await hide(other)
    await create(notifier, 3)

    async def notes() -> list[list[str]]:
        return [*await page.evaluate("window.notes"), *await other.evaluate("window.notes")]

    async def shown() -> bool:
        return bool(await notes())

    await eventually(shown)
    assert [text for _, text in await notes()] == ['Task "#3" created: Task 3']
    teller = page if await page.evaluate("window.notes.length") else other
    await teller.evaluate("window.note.dispatchEvent(new Event('click'))")
    await expect(teller).to_have_url(screen.url + "/tasks/3")
    screen.complaints = [each for each in screen.complaints if "404" not in each]


# ---- colours

FIRST = """
    new MutationObserver((_, observer) => {
      if (!document.body) return;
      window.first = document.documentElement.dataset.bsTheme;
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
"""
"""Notes the colours that the page had when its body began."""


@pytest.mark.parametrize("wish", ["dark", "light"])
async def test_colours_are_there_before_the_page(
    browser: Browser, notifier: Running, owner: httpx.AsyncClient, wish: str
) -> None:
    """The device's wish, or what the person chose, without a flash of the other; a choice holds in all tabs."""
    other = "light" if wish == "dark" else "dark"
    cookie = owner.cookies["callout_session"]
    async with dashboard(browser, notifier.url, cookie, color_scheme=wish) as screen:
        await screen.context.add_init_script(FIRST)
        page, second = await screen.tab(), await screen.tab()
        assert await page.evaluate("window.first") == wish
        await page.get_by_role("button", name="Colours and language").click()
        async with page.expect_response("**/preferences"):
            await page.get_by_role("button", name=other.title(), exact=True).click()
        for each in (page, second):
            await expect(each.locator("html")).to_have_attribute("data-bs-theme", other)
        await page.reload()
        assert await page.evaluate("window.first") == other
        html = await (await page.request.get(screen.url + "/account")).text()
        assert f'data-bs-theme="{other}"' in html
