"""What is half typed is never lost to whoever typed it, and is nothing to anybody else, in Chromium."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import chromium
from tests.journeys.test_in_the_browser import log_in, type_login, window
from tests.running import Callout

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("callout", ["one process"], indirect=True, scope="module"),
]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


NOTHING_KEPT = "() => !Object.keys(sessionStorage).some(key => key.includes('draft'))"
NOTES_TYPING = "window.addEventListener('input', () => { window.typed = Date.now(); }, true)"
KEPT_SINCE = """() => Object.keys(sessionStorage).some(
    key => key.includes('draft') && JSON.parse(sessionStorage[key]).at > (window.typed ?? Infinity))"""


async def drafted(page: Page) -> None:
    """Waits until the tab has kept what was typed last. What that was, nobody sees there."""
    await page.wait_for_function(KEPT_SINCE)


async def nothing_kept(page: Page) -> None:
    """Waits until the tab keeps nothing of what was typed: a script sees to that, once the page stands."""
    await page.wait_for_function(NOTHING_KEPT)


EVERYTHING = "() => JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])"


async def half_typed(page: Page, phone: str) -> None:
    await page.context.add_init_script(NOTES_TYPING)
    await page.goto("/tasks/new")
    await page.get_by_label("Client", exact=True).fill("Frau Unsealed")
    await page.get_by_label("Phone", exact=True).fill(phone)
    await drafted(page)


async def logs_in_as(page: Page, login: str, password: str) -> None:
    """On the login page, where this tab is."""
    await page.get_by_label("Login").fill(login)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")


async def test_nothing_typed_is_lost(callout: Callout, browser: Browser) -> None:
    """Not by a refusal, not by a reload, not by a session that ended; and once it is saved it does not come back."""
    async with window(browser, callout.url, refusals=1) as page:
        await page.context.add_init_script(NOTES_TYPING)
        await log_in(page, callout)
        await page.goto("/tasks/new")
        await page.get_by_label("Title", exact=True).fill("Half typed")
        await page.get_by_label("Client", exact=True).fill("Frau Reload")
        await page.get_by_label("Phone", exact=True).fill("+49 30 1111")
        await drafted(page)
        await page.reload()
        await expect(page.get_by_label("Title", exact=True)).to_have_value("Half typed")
        await expect(page.get_by_label("Phone", exact=True)).to_have_value("+49 30 1111")
        await expect(page.get_by_text("What you had typed is here again.")).to_be_visible()

        await page.get_by_role("button", name="Save and send task info").click()
        await expect(page.locator("#technician_id-error")).to_be_visible()
        await expect(page.get_by_label("Title", exact=True)).to_have_value("Half typed")

        await page.get_by_label("Area", exact=True).fill("Riverside")
        await drafted(page)
        await page.context.clear_cookies()
        await page.goto("/tasks/new")
        await expect(page.get_by_label("Password")).to_be_visible()
        await log_in(page, callout)
        await page.goto("/tasks/new")
        await expect(page.get_by_label("Title", exact=True)).to_have_value("Half typed")
        await expect(page.get_by_label("Area", exact=True)).to_have_value("Riverside")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("h1")).to_contain_text("Half typed")
        await nothing_kept(page)
        await page.goto("/tasks/new")
        await expect(page.get_by_label("Title", exact=True)).to_have_value("")


async def test_no_client_data_stays_in_a_browser_that_somebody_left(
    callout: Callout, browser: Browser
) -> None:
    """Logging out empties every tab, and what is typed until it is over; nobody finds what another person typed."""
    async with window(browser, callout.url) as page:
        await page.context.add_init_script(NOTES_TYPING)
        await log_in(page, callout)
        other = await page.context.new_page()
        for tab, phone in ((page, "+49 30 4444"), (other, "+49 30 5555")):
            await tab.goto("/tasks/new")
            await tab.get_by_label("Phone", exact=True).fill(phone)
            await drafted(tab)
        await page.get_by_label("Area", exact=True).fill("Typed last")
        await page.evaluate("document.querySelector('form[action=\"/logout\"]').requestSubmit()")
        await expect(page.get_by_label("Password")).to_be_visible()
        await nothing_kept(page)
        await nothing_kept(other)
        await other.close()

        await page.evaluate(
            "sessionStorage.setItem('callout.draft.new-task', "
            "JSON.stringify({login: 'somebody', at: Date.now(), id: '1', sealed: 'x'}))"
        )
        await log_in(page, callout)
        await nothing_kept(page)


async def test_what_is_kept_says_nothing_to_whoever_finds_it(callout: Callout, browser: Browser) -> None:
    """Not while the session lives, nor after it was ended; whoever typed it finds it again, and nobody else."""
    made = await callout.office.post(
        "/api/admins", {"login": "sealed", "name": "Sealed", "role": "dispatcher"}
    )
    other = await callout.office.post("/api/admins", {"login": "nosy", "name": "Nosy", "role": "dispatcher"})
    async with window(browser, callout.url, refusals=None) as page:
        await page.goto("/login")
        await logs_in_as(page, "sealed", made["password"])
        await half_typed(page, "+49 30 7777")
        kept = await page.evaluate(EVERYTHING)
        assert "draft" in kept
        assert not any(typed in kept for typed in ("7777", "Unsealed"))

        [session] = [
            each["id"]
            for each in (await callout.office.get("/api/sessions"))["items"]
            if each["login"] == "sealed"
        ]
        await callout.office.call("DELETE", f"/api/sessions/{session}")
        await expect(page.get_by_label("Password")).to_be_visible()
        kept = await page.evaluate(EVERYTHING)
        assert not any(typed in kept for typed in ("7777", "Unsealed"))
        assert "draft" in kept

        await logs_in_as(page, "sealed", made["password"])
        await expect(page).to_have_url(callout.url + "/tasks/new")
        await expect(page.get_by_label("Phone", exact=True)).to_have_value("+49 30 7777")

        # Somebody else, who says that the draft is theirs: their key does not fit, and it is gone.
        await page.context.clear_cookies()
        await page.goto("/login")
        mine = "JSON.parse(sessionStorage['callout.draft.new-task'])"
        await page.evaluate(
            f"sessionStorage['callout.draft.new-task'] = JSON.stringify({{...{mine}, login: 'nosy'}})"
        )
        await logs_in_as(page, "nosy", other["password"])
        await page.goto("/tasks/new")
        await expect(page.get_by_label("Phone", exact=True)).to_have_value("")
        await nothing_kept(page)


@pytest.mark.parametrize(
    "way",
    [
        "document.querySelector('form[action=\"/logout\"]').submit()",  # tells no script
        "fetch('/logout', {method: 'POST'}).then(() => location.assign('/login'))",
    ],
)
async def test_logging_out_by_any_way_leaves_nothing(callout: Callout, browser: Browser, way: str) -> None:
    """The answer to it says so to the next page; what one likes the pages to be like stays."""
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.get_by_role("button", name="Colours and language").click()
        await page.get_by_role("button", name="Dark").click()
        await expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        await half_typed(page, "+49 30 8888")
        await page.evaluate(way)
        await expect(page.get_by_label("Password")).to_be_visible()
        await nothing_kept(page)
        await expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        assert (
            await page.evaluate("Object.keys(sessionStorage).filter(key => !key.startsWith('callout.'))")
            == []
        )
        assert await page.evaluate("localStorage['callout.theme']") == '"dark"'
        await type_login(page, callout)
        await page.goto("/tasks/new")
        await expect(page.get_by_label("Phone", exact=True)).to_have_value("")
        await page.get_by_label("Phone", exact=True).fill("+49 30 9999")
        await drafted(page)


async def test_going_back_after_logging_out_shows_nothing(callout: Callout, browser: Browser) -> None:
    """The browser has kept no page of it."""
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto("/clients")
        await page.evaluate("document.querySelector('form[action=\"/logout\"]').requestSubmit()")
        await expect(page.get_by_label("Password")).to_be_visible()
        await page.go_back()
        await expect(page.get_by_label("Password")).to_be_visible()
        await expect(page.locator("#connection")).to_have_count(0)
