"""The dashboard's frame in Chromium: the strict policy is kept, and notifications come by themselves."""

import re

import pytest
from playwright.async_api import ConsoleMessage, FilePayload, expect

from shared.contract.technician import TechnicianRegistered
from shared.web.pages import STATIC
from tests.browser import chromium
from tests.notifier.conftest import Running
from tests.notifier.dashboard import Dashboard
from tests.notifier.examples import SAMI
from tests.notifier.pictures import png

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC / "vendor" / "htmx.min.js").exists(), reason="`make static` has not run"),
]


async def test_an_owner_logs_in_and_is_told(notifier: Running, password: str) -> None:
    """From the login to a toast with its buttons, the bell, the list, and out again; the console stays empty."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    async with chromium() as browser:
        context = await browser.new_context()
        page = await context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{notifier.url}/notifications")
        await page.fill("#login", "owner")
        await expect(page.locator("#login")).to_be_focused()
        await page.fill("#password", "not this one")
        await page.click("button[type=submit]")
        await expect(page.locator("#password")).to_be_focused()
        complaints.clear()  # the browser notes that it was refused
        await page.fill("#password", password)
        await page.click("button[type=submit]")
        await expect(page).to_have_url(f"{notifier.url}/notifications")
        await expect(page.locator("#connection")).to_have_text(re.compile("Live"))

        await notifier.publish("technician.77", "technician:77", TechnicianRegistered(SAMI, "<b>Sami</b>"))
        toast = page.locator(".toast")
        await expect(toast.locator(".toast-body")).to_contain_text("New technician added: <b>Sami</b>")
        await expect(toast).to_have_attribute("data-kind", "technician_added")
        await expect(toast.get_by_role("link", name="Review / edit")).to_have_attribute(
            "href", "/technicians/77"
        )
        await expect(toast.get_by_role("button", name="Keep as is")).to_be_visible()
        await expect(page.locator("#list")).to_contain_text("New technician added")

        for path in ("/admins", "/account", "/settings"):
            await page.goto(notifier.url + path)
            await expect(page.locator("#connection")).to_have_text(re.compile("Live"))

        other = await context.new_page()
        await other.goto(notifier.url + "/account")
        await expect(other.locator("#connection")).to_have_text(re.compile("Live"))
        await page.fill("#company", "Bay <b>Heating</b>")
        await page.get_by_role("button", name="Save").click()
        for each in (page, other):
            await expect(each.locator("#brand-name")).to_have_text("Bay <b>Heating</b>")
        await other.close()
        await page.get_by_role("button", name="Logged in as").click()
        await page.get_by_role("button", name="Log out").click()
        await expect(page).to_have_url(f"{notifier.url}/login")
    assert complaints == []


async def test_a_chosen_logo_is_uploaded_at_once(screen: Dashboard) -> None:
    """What else is half typed stays; what is wrong with the file is said beside it."""
    page = await screen.tab("/settings")
    card, chosen = page.locator("#logo-card"), page.locator("#logo")
    await page.fill("#tax_id", "half typed")
    await chosen.set_input_files(picture(png()))
    await expect(card).to_contain_text("The logo is saved.")
    await expect(card.locator("img")).to_have_attribute("src", re.compile(r"\?v=1$"))
    for wrong, said in ((png() * 9000, "That is too large"), (b"no picture", "no whole PNG or JPEG")):
        await chosen.set_input_files(picture(wrong))
        await expect(card.locator(".invalid-feedback")).to_contain_text(said)
        await expect(card).not_to_contain_text("The logo is saved.")
        await expect(card.locator("img")).to_have_count(1)
    await expect(page.locator("#tax_id")).to_have_value("half typed")
    await expect(page).to_have_url(f"{screen.url}/settings")
    screen.complaints = [each for each in screen.complaints if not re.search("4(13|22)", each)]


def picture(content: bytes) -> FilePayload:
    return {"name": "logo.png", "mimeType": "image/png", "buffer": content}
