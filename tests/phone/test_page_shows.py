"""The phone's page in a real browser: what a person sees and does."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiogram.types import BufferedInputFile, ForceReply, InlineKeyboardButton, InlineKeyboardMarkup
from playwright.async_api import Browser, Page, expect

from tests.browser import chromium
from tests.people import A_SECOND, took, within

from .conftest import Practice

pytestmark = pytest.mark.browser

ACCEPT = InlineKeyboardMarkup(
    inline_keyboard=[[InlineKeyboardButton(text="Accept", callback_data="t:1042:1:a")]]
)


@pytest_asyncio.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    page = await browser.new_page(viewport={"width": 1440, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await page.close()
    # A refused request is shown to the person, and the browser notes it as well.
    assert [one for one in complaints if "Failed to load resource" not in one] == []


async def look(page: Page, practice: Practice, person: int) -> None:
    """Open somebody's chat, and wait until the page hears of changes."""
    await page.goto(f"{practice.url}/?person={person}")
    await expect(page.locator("body.live")).to_be_attached()


async def test_a_person_is_added_and_presses_start(practice: Practice, page: Page) -> None:
    """From the empty phone to a registered technician, without a reload."""
    await page.goto(practice.url)
    await page.get_by_label("Name", exact=True).fill("Maya Haddad")
    await page.get_by_label("Username").fill("maya_h")
    await page.get_by_role("button", name="Add", exact=True).click()
    await page.get_by_role("button", name="Start").click()
    await expect(page.locator(".message.mine .words")).to_have_text("/start")
    (update,) = await practice.bot.get_updates()
    assert update.message is not None
    assert update.message.from_user is not None
    assert update.message.from_user.username == "maya_h"


async def test_the_chat_is_live(practice: Practice, page: Page) -> None:
    """A message appears, changes and vanishes, each within a second; the tap's answer is a toast."""
    maya = await practice.started()
    await look(page, practice, maya)

    async def a_task() -> float:
        """The longest of its steps."""
        await practice.confirm_all()
        sent = await practice.bot.send_message(
            maya, "<b>Task #1042</b>", parse_mode="HTML", reply_markup=ACCEPT
        )
        bubble = page.locator(f"#m{sent.message_id}")
        came = await took(expect(bubble.locator("b")).to_have_text("Task #1042"))

        button = bubble.get_by_role("button", name="Accept")
        await button.click()
        await expect(button).to_have_class(re.compile("busy"))
        (update,) = await practice.bot.get_updates(timeout=50)
        assert update.callback_query is not None
        assert update.callback_query.data == "t:1042:1:a"
        thanks = f"Accepted {sent.message_id}, thank you"
        await practice.bot.answer_callback_query(update.callback_query.id, thanks)
        answered = await took(expect(page.locator("#toast.shown")).to_have_text(thanks))
        await expect(button).not_to_have_class(re.compile("busy"))

        await practice.bot.edit_message_text("Task #1042, accepted", chat_id=maya, message_id=sent.message_id)
        changed = await took(expect(bubble).to_contain_text("accepted"))
        await expect(bubble.locator(".meta")).to_contain_text("edited")
        await expect(button).to_have_count(0)
        await practice.bot.delete_message(maya, sent.message_id)
        return max(came, answered, changed, await took(expect(bubble).to_have_count(0)))

    await within(A_SECOND, a_task)


async def test_each_line_runs_in_its_own_direction(practice: Practice, page: Page) -> None:
    """As in Telegram: Arabic from the right, with its button, and a Latin line after it from the left."""
    sami = await practice.started("سامي", language="ar")
    markup = InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text="✅ قبول", callback_data="t:1042:1:a")]]
    )
    sent = await practice.bot.send_message(
        sami, "المهمة \u2068#1042\u2069\nThird floor.", reply_markup=markup
    )
    await look(page, practice, sami)
    bubble = page.locator(f"#m{sent.message_id} .bubble")
    await expect(bubble).to_have_css("direction", "rtl")
    await expect(bubble).to_have_css("unicode-bidi", "plaintext")
    await expect(bubble.locator(".words")).to_contain_text("#1042")
    await expect(page.get_by_role("button", name="قبول")).to_have_css("direction", "rtl")


async def test_an_alert_waits_for_ok(practice: Practice, page: Page) -> None:
    """An answer with show_alert has to be put away by hand."""
    maya = await practice.started()
    sent = await practice.bot.send_message(maya, "Task", reply_markup=ACCEPT)
    await practice.confirm_all()
    await look(page, practice, maya)
    await page.get_by_role("button", name="Accept").click()
    (update,) = await practice.bot.get_updates(timeout=50)
    assert update.callback_query is not None
    assert sent.message_id
    await practice.bot.answer_callback_query(update.callback_query.id, "No longer yours.", show_alert=True)
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("No longer yours.")
    await dialog.get_by_role("button", name="OK").click()
    await expect(dialog).to_be_hidden()


async def test_a_question_is_answered_as_a_reply(practice: Practice, page: Page) -> None:
    """force_reply shows what is asked, and what is typed then names the question."""
    maya = await practice.started()
    asked = await practice.bot.send_message(maya, "Why?", reply_markup=ForceReply(force_reply=True))
    await look(page, practice, maya)
    await expect(page.locator(".replying")).to_contain_text("Why?")
    await page.get_by_role("textbox", name="Message").fill("Too far\nfrom here")
    await page.get_by_role("textbox", name="Message").press("Enter")
    await expect(page.locator(".message.mine .words").last).to_have_text("Too far\nfrom here")
    assert (await practice.messages(maya))[-1]["reply_to"] == asked.message_id


async def test_any_message_can_be_answered(practice: Practice, page: Page) -> None:
    """The older of two questions, whatever was asked since; then nothing is answered any more."""
    maya = await practice.started()
    first = await practice.bot.send_message(maya, "Why not the boiler?")
    await practice.bot.send_message(maya, "Why not the lift?", reply_markup=ForceReply(force_reply=True))
    await look(page, practice, maya)
    await page.locator(f"#m{first.message_id}").get_by_label("Reply", exact=True).click()
    await expect(page.locator(".replying")).to_contain_text("Why not the boiler?")
    await page.get_by_role("textbox", name="Message").fill("Too far")
    await page.get_by_role("textbox", name="Message").press("Enter")
    await expect(page.locator(".message.mine .quoted").last).to_have_text("Why not the boiler?")
    await expect(page.locator(".replying")).to_have_count(0)
    assert (await practice.messages(maya))[-1]["reply_to"] == first.message_id
    await page.locator(f"#m{first.message_id}").get_by_label("Reply", exact=True).click()
    await page.get_by_label("Do not reply").click()
    await page.get_by_role("textbox", name="Message").fill("Hello")
    await page.get_by_role("textbox", name="Message").press("Enter")
    await expect(page.locator(".message.mine .words").last).to_have_text("Hello")
    assert (await practice.messages(maya))[-1]["reply_to"] is None


async def test_protected_content_cannot_be_selected(practice: Practice, page: Page) -> None:
    """A lock is shown, nothing can be marked or saved, and copying is refused with a word."""
    maya = await practice.started()
    sent = await practice.bot.send_message(maya, "Clara Whitfield", protect_content=True)
    file = await practice.bot.send_document(maya, BufferedInputFile(b"x", "key.txt"), protect_content=True)
    await look(page, practice, maya)
    bubble = page.locator(f"#m{sent.message_id} .bubble")
    await expect(bubble).to_have_css("user-select", "none")
    await expect(bubble.get_by_title("Protected")).to_be_visible()
    await expect(page.locator(f"#m{file.message_id} a")).to_have_count(0)
    await bubble.click(button="right")
    await expect(page.locator("#toast.shown")).to_contain_text("does not allow copying")


async def test_a_document_is_saved(practice: Practice, page: Page) -> None:
    """The attachment is a download under its own name."""
    maya = await practice.started()
    await practice.bot.send_document(maya, BufferedInputFile(b"content", "Invoice 7.pdf"))
    await look(page, practice, maya)
    async with page.expect_download() as download:
        await page.locator("a.document").click()
    assert (await download.value).suggested_filename == "Invoice 7.pdf"


async def test_block_restart_and_delete(practice: Practice, page: Page) -> None:
    """The menu does what Telegram's does; deleting the account asks first."""
    maya = await practice.started()
    await look(page, practice, maya)
    await page.get_by_label("More").click()
    await page.get_by_role("menuitem", name="Block the bot").click()
    await page.get_by_role("button", name="Restart bot").click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    await page.get_by_label("More").click()
    await page.get_by_role("menuitem", name="Delete account").click()
    await page.get_by_role("button", name="Cancel").click()
    assert (await practice.http.get(f"/phone/people/{maya}")).json()["standing"] == "started"
    await page.get_by_label("More").click()
    await page.get_by_role("menuitem", name="Delete account").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_text("This account was deleted.")).to_be_visible()


async def test_the_weather_is_made_and_cleared_on_the_page(practice: Practice, page: Page) -> None:
    """An admin practises a bad day without a command line."""
    await page.goto(practice.url)
    await page.locator("#weather summary").click()
    await page.get_by_label("What happens").select_option("502")
    await page.get_by_label("How often").fill("2")
    await page.get_by_role("button", name="Let it come").click()
    await expect(page.locator("#storms")).to_have_text("2 to come")
    assert (await practice.raw("getMe")).status_code == 502
    await expect(page.locator("#storms")).to_have_text("1 to come")
    await page.get_by_role("button", name="Clear the sky").click()
    await expect(page.locator("#storms")).to_have_text("")


async def test_what_is_typed_outlives_a_refresh(practice: Practice, page: Page) -> None:
    """A message that comes in the middle of a sentence takes nothing away."""
    maya = await practice.started()
    await look(page, practice, maya)
    await page.get_by_role("textbox", name="Message").fill("I am just")
    await practice.bot.send_message(maya, "news")
    await expect(page.locator(".message.theirs .words")).to_have_text("news")
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("I am just")
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()


HIDDEN = """hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_a_hidden_tab_gives_its_connection_back(practice: Practice, page: Page) -> None:
    """And is fresh again once it is looked at."""
    person = await practice.started()
    await look(page, practice, person)
    async with page.expect_event("requestfailed", lambda request: request.url.endswith("/phone/live")):
        await page.evaluate(HIDDEN, True)
    await practice.bot.send_message(person, "Sent meanwhile")
    async with page.expect_request("**/phone/live"):
        await page.evaluate(HIDDEN, False)
    await expect(page.locator(".words", has_text="Sent meanwhile")).to_be_visible()
    await expect(page.locator("body.live")).to_be_attached()


async def test_it_fits_a_small_screen(practice: Practice, page: Page) -> None:
    """At 390 px nothing sticks out, however long a word is, and people are one tap away."""
    maya, omar = await practice.started(), await practice.started("Omar Said")
    await practice.bot.send_message(maya, "x" * 300, reply_markup=ACCEPT)
    await page.set_viewport_size({"width": 390, "height": 844})
    await look(page, practice, maya)
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.get_by_role("button", name="People").click()
    await page.get_by_role("link", name="Omar Said").click()
    await expect(page.get_by_text("you are Omar Said")).to_be_visible()
    assert page.url.endswith(f"person={omar}")
