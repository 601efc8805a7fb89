"""Open pages keep up with what happens, whoever causes it, and take nothing from the person at them."""

import math
import re
import time
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.browser import chromium
from tests.people import A_SECOND, Person, eventually, took, within
from tests.running import Callout

pytestmark = [
    pytest.mark.browser,
    # What people see is the same in both shapes; behind five processes the tests have no proxy to browse through.
    pytest.mark.parametrize("callout", ["one process"], indirect=True, scope="module"),
]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def window(browser: Browser, callout: Callout, path: str) -> Page:
    """A window of its own, logged in and live."""
    context = await browser.new_context(base_url=callout.url)
    page = await context.new_page()
    await page.goto(f"/login?next={path}")
    await page.get_by_label("Login").fill("owner")
    await page.get_by_label("Password").fill(callout.password)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    return page


async def offered(callout: Callout, name: str) -> tuple[Person, int]:
    """A technician who was sent a task."""
    person = await callout.phones.person(name)
    await person.start()
    await callout.office.knows(person)
    number = await callout.office.task(technician_id=person.id)
    await callout.office.post(f"/api/tasks/{number}/dispatch")
    return person, number


async def test_a_card_changes_under_an_open_menu_and_half_typed_text(
    callout: Callout, browser: Browser
) -> None:
    """The menu stays open, the text and the cursor where they were."""
    person, number = await offered(callout, "Sami Haddad")
    page = await window(browser, callout, f"/tasks/{number}")
    state = page.locator("#state .badge").first
    await page.locator("#state details summary").click()
    message = await person.sees(f"#{number}", button="Accept")
    await person.presses(message, "Accept")
    await expect(state).to_have_text("Accepted")
    await expect(page.locator("#state details")).to_have_attribute("open", "")

    await page.locator("#state details summary").click()
    await page.locator("#edit-facts").click()
    await page.locator("#facts [name=description]").fill("Bring the long ladd")
    await callout.office.post(f"/api/tasks/{number}/client-info")
    await expect(state).to_have_text("In progress")
    await page.keyboard.type("er")
    await expect(page.locator("#facts [name=description]")).to_have_value("Bring the long ladder")
    await page.context.close()


async def test_a_service_that_is_far_behind_leaves_no_page_old(callout: Callout, browser: Browser) -> None:
    """What a page shows may be folded long after the news came that something changed, with no other news to follow."""
    number = await callout.office.task()
    page = await window(browser, callout, f"/tasks/{number}")
    old = await (await page.request.get(f"/tasks/{number}", headers={"Accept": "text/html"})).text()
    folded = math.inf

    async def behind(route: Route) -> None:
        if time.monotonic() < folded:
            await route.fulfill(content_type="text/html", body=old)
        else:
            await route.continue_()

    await page.route(f"**/tasks/{number}", behind)
    await callout.office.call("PUT", f"/api/tasks/{number}/status", {"status": "cancelled"})
    folded = time.monotonic() + 3
    await expect(page.locator("#state .badge").first).to_have_text("Cancelled")
    await page.context.close()


async def test_what_others_do_shows_within_a_second(callout: Callout, browser: Browser) -> None:
    """A technician's answer, a step by another admin, and an edit, which makes no notification."""
    office = callout.office

    async def a_task() -> float:
        """The longest of its steps."""
        person, number = await offered(callout, "Rosa Second")
        page = await window(browser, callout, f"/tasks/{number}")
        state = page.locator("#state .badge").first
        message = await person.sees(f"#{number}", button="Accept")
        await person.presses(message, "Accept")
        accepted = await took(expect(state).to_have_text("Accepted"))
        await office.post(f"/api/tasks/{number}/client-info")
        sent = await took(expect(state).to_have_text("In progress"))
        await office.call("PATCH", f"/api/tasks/{number}", {"area": "Behind the old mill"})
        edited = await took(expect(page.locator("#facts")).to_contain_text("Behind the old mill"))
        await page.context.close()
        return max(accepted, sent, edited)

    await within(A_SECOND, a_task)


async def test_an_action_in_a_toast_leaves_the_person_where_they_are(
    callout: Callout, browser: Browser
) -> None:
    """It is carried out, the toast goes, and the page is the same one."""
    person, number = await offered(callout, "Noor Aziz")
    page = await window(browser, callout, "/clients")
    await page.evaluate("window.same = true")
    message = await person.sees(f"#{number}", button="Accept")
    await person.presses(message, "Accept")
    toast = page.locator(".toast[data-kind=task_accepted]", has_text=f"#{number}")
    await toast.get_by_role("button", name="Send client info").click()
    await expect(toast).to_have_count(0)
    await callout.office.sees_task(number, status="in_progress")
    assert await page.evaluate("window.same")
    await expect(page).to_have_url(re.compile("/clients$"))
    await page.context.close()


async def test_a_menu_shows_all_its_entries(callout: Callout, browser: Browser) -> None:
    """All at once where the window has room for them; else it ends within the window, and scrolls."""
    _, number = await offered(callout, "Maya Long")
    page = await window(browser, callout, f"/tasks/{number}")
    menu = page.locator("#state .dropdown-menu")
    for height, cut in ((900, False), (420, True)):
        await page.set_viewport_size({"width": 1440, "height": height})
        await page.reload()
        await page.locator("#state details summary").click()
        await expect(menu).to_be_visible()
        await stands_within(menu, height, cut)
    await page.context.close()


async def stands_within(menu: Locator, height: int, cut: bool) -> None:
    """Waits until it does; the page below it may still be growing."""

    async def look() -> bool:
        box = await menu.bounding_box()
        scrolls = await menu.evaluate("menu => menu.scrollHeight > menu.clientHeight")
        look.__doc__ = f"the menu within {height} px, cut: {cut}; it is at {box}, cut: {scrolls}"
        return bool(box and 0 < box["y"] < box["y"] + box["height"] < height and scrolls is cut)

    await eventually(look)


async def test_a_double_click_makes_one_task_and_shows_it(callout: Callout, browser: Browser) -> None:
    """At its own address."""
    person = await callout.phones.person("Dina Double")
    await person.start()
    await callout.office.knows(person)
    await callout.office.keeps(person)
    page = await window(browser, callout, "/tasks/new")
    await page.get_by_role("radio", name="Dina Double").check()
    await page.fill("#title", "Pressed twice")
    await page.fill("[name=client]", "Mr. Twice")
    await page.get_by_role("button", name="Save and send task info").dblclick()
    await expect(page).to_have_url(re.compile(r"/tasks/\d+$"))
    await expect(page.locator("#page-title")).to_contain_text("Pressed twice")
    assert len((await callout.office.get(f"/api/tasks?technician={person.id}"))["items"]) == 1
    await page.context.close()
