"""A new invoice and its document in Chromium: totals as one types, by the keyboard alone, and a live card."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.browser import chromium
from tests.journeys.test_in_the_browser import log_in, window
from tests.people import Json
from tests.running import Callout

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("callout", ["one process"], indirect=True, scope="module"),
]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def completed(callout: Callout, title: str) -> int:
    """A task whose work is done, known to be so where invoices are made."""
    office = callout.office
    person = await callout.phones.person("Samira Nasser")
    await person.start()
    await office.knows(person)
    number = await office.task(title=title, technician_id=person.id)
    await office.call("PUT", f"/api/tasks/{number}/status", {"status": "completed"})
    await office.knows_completed(number)
    return number


async def invoiced(callout: Callout, title: str) -> int:
    line = {"description": "Two hours of work", "quantity": "2", "unit_price": "64.50"}
    body: Json = {"task_id": await completed(callout, title), "currency": "EUR", "lines": [line]}
    return int((await callout.office.post("/api/invoices", body))["id"])


async def test_lines_and_totals_by_the_keyboard_alone(callout: Callout, browser: Browser) -> None:
    """The cursor is where the next thing is typed; the total follows; a removed line takes nothing else along."""
    number = await completed(callout, "Descale the heat exchanger")
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto(f"/invoices/new?task={number}")
        await expect(page.locator("[name='lines.0.unit_price']")).to_be_focused()
        await page.keyboard.type("80")
        await expect(page.locator("#amount-0")).to_have_text("80.00")
        await expect(page.locator("#total")).to_have_text("€80.00")

        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Add line")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("[name='lines.1.description']")).to_be_focused()
        for text in ("Travel", "2,5", "10"):
            await page.keyboard.type(text)
            await page.keyboard.press("Tab")
        await expect(page.locator("#total")).to_have_text("€105.00")

        await page.locator("[name=tax_percent]").fill("19")
        await page.get_by_role("button", name="In 30 days").press("Enter")
        await expect(page.locator("[name=due_on]")).to_have_value(re.compile(r"\d{4}-\d\d-\d\d"))
        await expect(page.locator("[name=tax_percent]")).to_have_value("19")
        await expect(page.locator("#total")).to_have_text("€124.95")

        await page.get_by_role("button", name="Remove line 1").press("Enter")
        await expect(page.locator("#total")).to_have_text("€29.75")
        await expect(page.locator("[name='lines.1.description']")).to_have_value("Travel")
        await expect(page.locator(".callout-line input")).to_have_count(3)
        await page.locator("[name='lines.1.unit_price']").press("Enter")
        await expect(page).to_have_url(re.compile(r"/invoices/\d+$"))
        await expect(page.get_by_text("€29.75").first).to_be_visible()


async def test_the_task_is_known_as_its_number_is_typed(callout: Callout, browser: Browser) -> None:
    """Before anything is sent; what is wrong is told beside its field, and nothing that was typed is lost."""
    number = await completed(callout, "Bleed the radiators")
    async with window(browser, callout.url, refusals=1) as page:
        await log_in(page, callout)
        await page.goto("/invoices/new")
        await page.locator("[name=task_id]").fill(str(number))
        await expect(page.locator("#task-facts")).to_contain_text("Bleed the radiators")
        await page.locator("[name='lines.0.description']").fill("Half a day")
        await page.locator("[name='lines.0.quantity']").fill("half")
        await page.locator("[name='lines.0.unit_price']").fill("390")
        await expect(page.locator("#totals")).to_contain_text("1 line is not counted")
        await page.get_by_role("button", name="Create invoice").click()
        await expect(page.locator("[id='lines.0.quantity-error']")).to_have_text(
            "This must be a number, such as 12.50."
        )
        await expect(page.locator("[name='lines.0.quantity']")).to_have_value("half")
        await expect(page.locator("[name='lines.0.unit_price']")).to_have_value("390")


async def test_the_document_is_seen_before_it_is_sent(callout: Callout, browser: Browser) -> None:
    """As a picture that the page's policy allows, drawn anew when the invoice changes."""
    number = await invoiced(callout, "Seal the flue")
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto(f"/invoices/{number}")
        picture = page.get_by_role("img", name="Page 1 of 1 of the PDF")
        await expect(picture).to_be_visible()
        drawn = "image => image.decode().then(() => image.naturalWidth)"
        assert await picture.evaluate(drawn) > 500
        await callout.office.call("PUT", f"/api/invoices/{number}/status", {"status": "paid"})
        await expect(picture).to_have_attribute("src", re.compile("v=2$"))
        assert await picture.evaluate(drawn) > 500


async def test_a_question_stays_open_while_the_invoice_changes(callout: Callout, browser: Browser) -> None:
    """Whoever is about to delete it sees what became of it meanwhile, and is still asked."""
    number = await invoiced(callout, "Swap the expansion vessel")
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto(f"/invoices/{number}")
        await page.locator("#delete summary").click()
        await expect(page.get_by_role("button", name="Yes, delete")).to_be_visible()
        await callout.office.call("PUT", f"/api/invoices/{number}/status", {"status": "paid"})
        await expect(page.locator("#next .badge")).to_have_text("Paid")
        await page.get_by_role("button", name="Yes, delete").click()
        await expect(page.get_by_role("heading", name="Invoices", exact=True)).to_be_visible()
        assert (await callout.office.http.get(f"/api/invoices/{number}")).status_code == 404


async def test_the_list_narrows_as_one_types(callout: Callout, browser: Browser) -> None:
    """The address follows, so that the view can be kept; the cursor stays in its field."""
    first, second = await invoiced(callout, "Whistling boiler"), await invoiced(callout, "Dripping tap")
    async with window(browser, callout.url, 390) as page:
        await log_in(page, callout)
        await page.goto("/invoices?view=cards")
        await expect(page.locator(f"#card-{first}")).to_be_visible()
        await page.locator("#q").press_sequentially("drip")
        await expect(page.locator(f"#card-{first}")).to_have_count(0)
        await expect(page.locator(f"#card-{second}")).to_be_visible()
        await expect(page.locator("#q")).to_be_focused()
        await expect(page).to_have_url(re.compile("view=cards.*q=drip"))
        await page.reload()
        await expect(page.locator(f"#card-{second}")).to_be_visible()
        await page.get_by_role("link", name="Show all").first.click()
        await expect(page.locator(f"#card-{first}")).to_be_visible()
