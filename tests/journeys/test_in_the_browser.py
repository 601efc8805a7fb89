"""The whole workflow as people click it: the dashboard in one window, the practice phone in another."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import chromium
from tests.running import Callout

pytestmark = [
    pytest.mark.browser,
    # What people see is the same in both shapes; behind five processes the tests have no proxy to browse through.
    pytest.mark.parametrize("callout", ["one process"], indirect=True, scope="module"),
]


MEANT = re.compile("status of (401|409|422)")


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@asynccontextmanager
async def window(
    browser: Browser, address: str, width: int = 1440, refusals: int | None = 0
) -> AsyncIterator[Page]:
    """A window of its own; whatever the console complains about fails the test, but the refusals that are meant.

    refusals  None: as many as come, where a session ends while its page asks for news
    """
    context = await browser.new_context(base_url=address, viewport={"width": width, "height": 900})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
    except BaseException as error:
        error.add_note(f"The console of {page.url} said: {complaints}")
        raise
    assert [text for text in complaints if not MEANT.search(text)] == []
    assert refusals is None or len(complaints) == refusals
    await context.close()


async def log_in(page: Page, callout: Callout) -> None:
    """Until the page is live: what happens before that is told on no page."""
    await type_login(page, callout)
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")


async def type_login(page: Page, callout: Callout) -> None:
    await page.goto("/")
    await page.get_by_label("Login").fill("owner")
    await page.get_by_label("Password").fill(callout.password)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()


async def add_person(phone: Page, name: str) -> None:
    await phone.goto("/")
    if not await phone.get_by_label("Name", exact=True).is_visible():
        await phone.get_by_text("Add a person", exact=True).click()
    await phone.get_by_label("Name", exact=True).fill(name)
    await phone.get_by_role("button", name="Add", exact=True).click()
    await phone.get_by_role("button", name="Start", exact=True).click()


@pytest.mark.parametrize("width", [1440, 390])
async def test_from_login_to_a_paid_invoice(callout: Callout, browser: Browser, width: int) -> None:
    """Nothing but clicks and typing, at the width of a desk and of a phone."""
    name = f"Maya {width}"
    async with (
        window(browser, callout.url, width) as office,
        window(browser, callout.phones.address) as phone,
    ):
        await log_in(office, callout)
        await add_person(phone, name)
        # By its place: the list under the bell has the same words, and is shut.
        toast = office.locator("#toasts .toast", has_text=f"New technician added: {name}")
        await expect(toast).to_be_visible()

        await office.goto("/technicians")
        await expect(office.get_by_role("link", name=name).first).to_be_visible()
        await office.get_by_role("button", name="Keep as is").first.click()

        await office.goto("/tasks/new")
        await office.get_by_label("Title", exact=True).fill("Boiler makes no hot water")
        await office.get_by_label("Area", exact=True).fill("Harbour district")
        await office.get_by_label("Client", exact=True).fill(f"Mrs. Okonkwo {width}")
        await office.get_by_label("Phone", exact=True).fill(f"+44 20 7946 {width:04}")
        await office.get_by_role("radio", name=name).check()
        await office.get_by_role("button", name="Save and send task info").click()
        await expect(office.locator(".badge", has_text="Sent").first).to_be_visible()
        number = office.url.rstrip("/").split("/")[-1]

        offer = phone.locator("article, li, div").filter(has_text=f"#{number}").last
        await expect(offer).to_be_visible()
        assert f"7946 {width:04}" not in await phone.content()
        await phone.get_by_role("button", name="Accept").last.click()
        await expect(office.get_by_role("button", name="Send client info").first).to_be_visible()
        await office.get_by_role("button", name="Send client info").first.click()
        await expect(phone.get_by_role("link", name=f"+44 20 7946 {width:04}", exact=True)).to_be_visible()
        await phone.get_by_role("button", name="Mark as Completed").last.click()
        await expect(office.locator(".badge", has_text="Completed").first).to_be_visible()

        await callout.office.knows_completed(int(number))
        await office.get_by_role("link", name="Create invoice").first.click()
        await office.locator("[name='lines.0.description']").fill("Two hours of work")
        await office.locator("[name='lines.0.quantity']").fill("2")
        await office.locator("[name='lines.0.unit_price']").fill("64.50")
        await office.get_by_role("button", name="Create invoice").click()
        await expect(office.locator(".badge", has_text="Pending").first).to_be_visible()
        await office.get_by_role("button", name="Send to technician").click()
        await expect(phone.get_by_text(re.compile(r"invoice-\d+\.pdf")).last).to_be_visible()
        await office.get_by_role("button", name="Mark as paid").click()
        await expect(office.locator(".badge", has_text="Paid").first).to_be_visible()

        await office.goto(f"/reports/{number}")
        content = office.locator("#content")
        await expect(
            content.get_by_text(f"Task #{number} accepted by technician {name}").first
        ).to_be_visible()
        await office.goto("/audit")
        await expect(content.get_by_text(f"Task #{number} marked as completed").first).to_be_visible()


async def test_a_rejection_reaches_the_screen_and_the_task_goes_to_another(
    callout: Callout, browser: Browser
) -> None:
    """The card that is open changes by itself; *Reassign* is beside the news."""
    office = callout.office
    first, second = [await callout.phones.person(name) for name in ("Ravi Patel", "Noor Aziz")]
    for person in (first, second):
        await person.start()
        await office.knows(person)
        await office.keeps(person)
    number = await office.task(technician_id=first.id)
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto(f"/tasks/{number}")
        await page.get_by_role("button", name="Send task info").first.click()
        message = await first.sees(f"#{number}", button="Reject")
        await first.presses(message, "Reject")
        news = f'Task "#{number}" rejected by technician Ravi Patel'
        await expect(page.locator("#toasts .toast", has_text=news)).to_be_visible()
        await expect(page.get_by_role("link", name="Reassign").first).to_be_visible()
        await expect(page.locator(".badge", has_text="Rejected").first).to_be_visible()
        await page.locator("#state").get_by_role("link", name="Reassign").click()
        await page.get_by_role("radio", name="Noor Aziz").check()
        await page.get_by_role("button", name="Assign and send").click()
        await expect(page.locator(".badge", has_text="Sent").first).to_be_visible()
        await second.sees(f"#{number}", button="Accept")


async def test_two_admins_on_one_task(callout: Callout, browser: Browser) -> None:
    """The second one is told, and sees the fresh card."""
    number = await callout.office.task()
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto(f"/tasks/{number}")
        await callout.office.call("PUT", f"/api/tasks/{number}/status", {"status": "cancelled"})
        answer = await page.request.post(
            f"/tasks/{number}/status",
            form={"status": "cancelled", "version": "1"},
            headers={"Origin": callout.url},
        )
        assert answer.status == 409
        assert "changed" in await answer.text()


CHANGED = "document.body.dispatchEvent(new CustomEvent('callout:changed'))"


async def test_an_open_page_says_that_its_subject_was_deleted(callout: Callout, browser: Browser) -> None:
    """At the next change that the page hears of: nothing is left to press but the way back."""
    office = callout.office
    number = await office.task()
    person = await callout.phones.person("Imani Otieno")
    await person.start()
    await office.knows(person)
    context = await browser.new_context(base_url=callout.url)
    page = await context.new_page()
    await log_in(page, callout)
    for path, back in ((f"/tasks/{number}", "Tasks"), (f"/technicians/{person.id}", "Technicians")):
        await page.goto(path)
        await page.evaluate(CHANGED)
        await expect(
            page.get_by_role("button", name="Save").or_(page.locator("#edit-facts")).first
        ).to_be_visible()
        assert (await office.http.delete(f"/api{path}")).is_success
        await page.evaluate(CHANGED)
        await expect(page.get_by_text("This was deleted.")).to_be_visible()
        await expect(page.locator("#content form")).to_have_count(0)
        await page.get_by_role("link", name=f"Back to {back}").click()
        await expect(page.get_by_role("heading", name=back, exact=True)).to_be_visible()
    await context.close()


async def test_the_choice_of_technicians_keeps_up(callout: Callout, browser: Browser) -> None:
    """How many tasks are open is of now; a choice that was begun stays."""
    office = callout.office
    person = await callout.phones.person("Chidi Eze")
    await person.start()
    await office.knows(person)
    number, other = await office.task(), await office.task()
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto(f"/tasks/{number}/assignment")
        choice = page.locator("#technicians label", has_text="Chidi Eze")
        await expect(choice).to_contain_text("0 open tasks")
        await office.call("POST", f"/api/tasks/{other}/assignment", {"technician_id": person.id})
        await page.evaluate(CHANGED)
        await expect(choice).to_contain_text("1 open task")
        await choice.get_by_role("radio").check()
        await office.call("PUT", f"/api/tasks/{other}/status", {"status": "cancelled"})
        await page.evaluate(CHANGED)
        await expect(choice).to_contain_text("0 open tasks")
        await expect(choice.get_by_role("radio")).to_be_checked()


async def test_a_script_as_a_name_stays_text_everywhere(callout: Callout, browser: Browser) -> None:
    """On every page that shows it; the console stays silent, and no dialog opens."""
    evil = "<script>alert(1)</script>"
    person = await callout.phones.person(evil)
    await person.start()
    await callout.office.knows(person)
    number = await callout.office.task(
        title=evil, description=evil, client={"name": evil}, technician_id=person.id
    )
    await callout.office.knows_report(number)
    async with window(browser, callout.url) as page:
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        await log_in(page, callout)
        for path in (
            "/",
            "/tasks",
            f"/tasks/{number}",
            "/clients",
            "/technicians",
            f"/reports/{number}",
            "/audit",
            "/notifications",
        ):
            await page.goto(path)
            await expect(page.locator("body")).to_contain_text(evil)
        assert dialogs == []


async def test_every_page_works_without_a_script(callout: Callout, browser: Browser) -> None:
    """Plain HTML with forms; scripts only make it live."""
    context = await browser.new_context(base_url=callout.url, java_script_enabled=False)
    page = await context.new_page()
    await type_login(page, callout)
    await page.goto("/tasks/new")
    await page.get_by_label("Title", exact=True).fill("Plain HTML")
    await page.get_by_label("Client", exact=True).fill("Mr. Plain")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("heading", name=re.compile("Plain HTML"))).to_be_visible()
    await context.close()


@pytest.mark.parametrize("width", [1440, 390])
async def test_no_page_scrolls_sideways(callout: Callout, browser: Browser, width: int) -> None:
    """At the width of a desk and of a phone."""
    number = await callout.office.task()
    await callout.office.knows_report(number)
    async with window(browser, callout.url, width) as page:
        await log_in(page, callout)
        for path in (
            "/", "/tasks", "/tasks?view=board", "/tasks/new", f"/tasks/{number}", "/clients", "/technicians",
            "/settings/telegram", "/invoices", "/reports", f"/reports/{number}", "/audit", "/notifications",
            "/settings", "/admins",
        ):  # fmt: skip
            await page.goto(path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path


async def test_a_known_clients_name_typed_again_is_that_client(callout: Callout, browser: Browser) -> None:
    """Not a second one without contact data; with other contact data the form asks which one is meant."""
    first = await callout.office.task(client={"name": "Grün & Söhne GmbH", "phone": "+49 30 901820"})
    known = (await callout.office.get(f"/api/tasks/{first}"))["client"]["id"]
    async with window(browser, callout.url, refusals=1) as page:
        await log_in(page, callout)
        for contact in ("", "+49 30 555555"):
            await page.goto("/tasks/new")
            await page.get_by_label("Title", exact=True).fill("Typed by hand")
            await page.get_by_label("Client", exact=True).fill("grün & söhne GmbH")
            await page.get_by_label("Phone", exact=True).fill(contact)
            await page.get_by_role("button", name="Save", exact=True).click()
            if not contact:
                await expect(page.get_by_role("heading", name=re.compile("Typed by hand"))).to_be_visible()
        await expect(page.get_by_text("This name is known").first).to_be_visible()
    tasks = (await callout.office.get("/api/tasks?q=Typed"))["items"]
    assert [task["client"]["id"] for task in tasks] == [known]
