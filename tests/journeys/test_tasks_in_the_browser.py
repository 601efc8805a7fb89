"""The board, a task and the form of a new one, as a dispatcher uses them in Chromium."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.browser import chromium
from tests.journeys.test_in_the_browser import log_in, window
from tests.people import Person
from tests.running import Callout

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("callout", ["one process"], indirect=True, scope="module"),
]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def technician(callout: Callout, name: str, *, kept: bool = True) -> Person:
    person = await callout.phones.person(name)
    await person.start()
    await callout.office.knows(person)
    if kept:
        await callout.office.keeps(person)
    return person


async def at_work(callout: Callout, person: Person) -> int:
    """A task whose client info is out."""
    office = callout.office
    number = await office.task(technician_id=person.id)
    await office.post(f"/api/tasks/{number}/dispatch")
    await person.presses(await person.sees(f"#{number}", button="Accept"), "Accept")
    await office.sees_task(number, status="accepted")
    await office.post(f"/api/tasks/{number}/client-info")
    return number


def card(page: Page, number: int) -> Locator:
    return page.locator(f"#task-{number}")


def column(page: Page, status: str) -> Locator:
    return page.locator(f"[data-column='{status}']")


async def lift(page: Page, number: int) -> None:
    """Takes a card by its number, which is no link, and moves it so far that it is no click."""
    await card(page, number).scroll_into_view_if_needed()
    box = await card(page, number).locator(".callout-card-head bdi").bounding_box()
    assert box
    await page.mouse.move(box["x"] + 4, box["y"] + 4)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 30, box["y"] + 20, steps=4)


async def over(page: Page, status: str) -> None:
    await column(page, status).evaluate("each => each.scrollIntoView({inline: 'center'})")
    box = await column(page, status).bounding_box()
    assert box
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80, steps=8)


async def test_a_card_is_dragged_where_the_rules_allow_it_and_back_by_undo(
    callout: Callout, browser: Browser
) -> None:
    """Only the allowed columns light up; the drop is the real command; elsewhere nothing happens."""
    person = await technician(callout, "Dina Drag")
    number = await at_work(callout, person)
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto(f"/tasks?view=board&technician={person.id}")
        await lift(page, number)
        await expect(page.locator(".callout-ghost")).to_contain_text(f"#{number}")
        lit = await page.locator(".callout-drop").evaluate_all("all => all.map(each => each.dataset.column)")
        assert set(lit) == {"new", "rejected", "assigned", "accepted", "completed", "cancelled"}
        await over(page, "sent")
        await page.mouse.up()
        await expect(column(page, "in_progress").locator(f"#task-{number}")).to_be_visible()
        await expect(page.locator(".callout-ghost")).to_have_count(0)

        await lift(page, number)
        await over(page, "completed")
        await page.mouse.up()
        await expect(column(page, "completed").locator(f"#task-{number}")).to_be_visible()
        await callout.office.sees_task(number, status="completed")
        await page.get_by_role("button", name="Undo").click()
        await expect(column(page, "in_progress").locator(f"#task-{number}")).to_be_visible()
        await callout.office.sees_task(number, status="in_progress")


async def test_a_drop_sends_and_asks_for_a_technician_first(callout: Callout, browser: Browser) -> None:
    """new → assigned opens the choice; assigned → sent reaches the phone."""
    person = await technician(callout, "Sven Sent")
    number = await callout.office.task()
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto("/tasks?view=board")
        await lift(page, number)
        await over(page, "assigned")
        await page.mouse.up()
        dialog = page.get_by_role("dialog")
        await (
            dialog.get_by_role("searchbox")
            .or_(dialog.get_by_role("radio", name="Sven Sent"))
            .first.wait_for()
        )
        await dialog.get_by_role("radio", name=re.compile("Sven Sent")).check()
        await dialog.get_by_role("button", name="Assign", exact=True).click()
        await expect(dialog).to_be_hidden()
        await expect(column(page, "assigned").locator(f"#task-{number}")).to_be_visible()
        await lift(page, number)
        await over(page, "sent")
        await page.mouse.up()
        await expect(column(page, "sent").locator(f"#task-{number}")).to_be_visible()
        await callout.office.sees_task(number, status="sent", delivery__task_info="sent")
        await person.sees(f"#{number}", button="Accept")


async def test_a_dropped_card_stays_while_its_command_is_under_way(
    callout: Callout, browser: Browser
) -> None:
    """What the server still shows elsewhere does not take it back; what changed meanwhile comes afterwards."""
    person = await technician(callout, "Uma Underway")
    number = await callout.office.task(technician_id=person.id)
    board = f"/tasks?view=board&technician={person.id}"
    others: list[int] = []
    async with window(browser, callout.url) as page:

        async def slowly(route: Route) -> None:
            async with page.expect_response(lambda answer: answer.url.endswith(board)) as looked:
                others.append(await callout.office.task(technician_id=person.id))
                await page.evaluate("document.body.dispatchEvent(new CustomEvent('callout:changed'))")
            await (await looked.value).finished()
            await page.evaluate("new Promise(shown => requestAnimationFrame(() => setTimeout(shown)))")
            await expect(column(page, "cancelled").locator(f"#task-{number}")).to_be_visible()
            await route.continue_()

        await log_in(page, callout)
        await page.goto(board)
        await page.route("**/column", slowly)
        await lift(page, number)
        await over(page, "cancelled")
        async with page.expect_response("**/column"):
            await page.mouse.up()
        await expect(column(page, "assigned").locator(".callout-card")).to_have_count(1)
        await expect(card(page, others[0])).to_be_visible()
        await expect(column(page, "cancelled").locator(f"#task-{number}")).to_be_visible()
        await callout.office.sees_task(number, status="cancelled")


async def test_a_refused_drop_puts_the_card_back_and_says_why(callout: Callout, browser: Browser) -> None:
    """Somebody was faster while the card was in the air."""
    person = await technician(callout, "Rosa Refused")
    number = await callout.office.task(technician_id=person.id)
    async with window(browser, callout.url, refusals=1) as page:
        await log_in(page, callout)
        await page.goto(f"/tasks?view=board&technician={person.id}")
        await lift(page, number)
        await over(page, "cancelled")
        await callout.office.call("PATCH", f"/api/tasks/{number}", {"title": "Another title"})
        await page.mouse.up()
        await expect(page.locator("#toasts")).to_contain_text("changed this meanwhile")
        await expect(column(page, "assigned").locator(f"#task-{number}")).to_contain_text("Another title")
        await callout.office.sees_task(number, status="assigned")


async def test_a_task_is_edited_in_place_and_the_second_admin_loses_nothing(
    callout: Callout, browser: Browser
) -> None:
    """The second one sees what it is now, keeps what they typed, and can save it all the same."""
    number = await callout.office.task()
    async with (
        window(browser, callout.url) as first,
        window(browser, callout.url, refusals=1) as second,
    ):
        for page in (first, second):
            await log_in(page, callout)
            await page.goto(f"/tasks/{number}")
            await page.locator("#edit-facts").click()
        await first.get_by_label("Area", exact=True).fill("Old town")
        await first.get_by_role("button", name="Save").click()
        await expect(first.locator("#facts")).to_contain_text("Old town")
        await second.get_by_label("Title", exact=True).fill("The boiler is silent")
        await expect(second.get_by_label("Title", exact=True)).to_have_value("The boiler is silent")
        await second.get_by_role("button", name="Save").click()
        refusal = second.locator("#content").get_by_role("alert").first
        await expect(refusal).to_contain_text("meanwhile")
        await expect(second.get_by_label("Title", exact=True)).to_have_value("The boiler is silent")
        await expect(second.locator("#facts")).to_contain_text("Now: Boiler makes no hot water")
        await expect(second.locator("#facts")).to_contain_text("Now: Old town")
        await second.get_by_role("button", name="Save").click()
        await expect(second.locator("h1")).to_contain_text("The boiler is silent")


async def test_filters_stand_in_the_address(callout: Callout, browser: Browser) -> None:
    """Chosen without a button, the same after a reload and by going back, and kept from the board to the table."""
    person = await technician(callout, "Fatima Filter")
    number = await callout.office.task(technician_id=person.id, priority="urgent", title="Filtered well")
    other = await callout.office.task(title="Not of her")
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto("/tasks")
        await expect(card(page, other)).to_be_visible()
        await page.get_by_label("Technician", exact=True).select_option(label="Fatima Filter")
        await page.wait_for_url(re.compile(rf"technician={person.id}"))
        await expect(card(page, other)).to_have_count(0)
        await page.get_by_label("Words, number or client").press_sequentially("filt")
        await page.wait_for_url(re.compile("q=filt"))
        await expect(page.get_by_label("Words, number or client")).to_be_focused()
        assert "status=" not in page.url
        await page.get_by_role("link", name="Table").click()
        await expect(page.locator("tbody tr")).to_have_count(1)
        await expect(page.locator("tbody")).to_contain_text(f"#{number}")
        await page.reload()
        await expect(page.get_by_label("Technician", exact=True)).to_have_value(str(person.id))
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.get_by_text("More filters").click()
        await page.get_by_label("Priority", exact=True).select_option("low")
        await expect(page.get_by_text("No task fits")).to_be_visible()
        await page.go_back()
        await expect(page.locator("tbody tr")).to_have_count(1)


async def test_the_keyboard_alone_creates_and_sends_a_task(callout: Callout, browser: Browser) -> None:
    """From the list to the phone, and on by the card's menu."""
    person = await technician(callout, "Kim Keyboard")
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto("/tasks")
        await page.get_by_role("link", name="New task").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/tasks/new")
        await page.get_by_label("Title", exact=True).focus()
        await page.keyboard.type("Typed, never clicked")
        await page.get_by_label("Client", exact=True).focus()
        await page.keyboard.type("Mr. Keys")
        await (
            page.get_by_label("Find a technician by name").or_(page.get_by_label("Nobody yet")).first.focus()
        )
        if await page.get_by_label("Find a technician by name").count():
            await page.keyboard.type("Kim")
            await expect(page.locator("#technicians label")).to_have_count(2)
            await page.keyboard.press("Tab")
        while not await page.get_by_role("radio", name=re.compile("Kim Keyboard")).is_checked():
            await page.keyboard.press("ArrowDown")
        await page.get_by_role("button", name="Save and send task info").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile(r"/tasks/\d+$"))
        number = int(page.url.rpartition("/")[2])
        await person.sees(f"#{number}", "Typed, never clicked", button="Accept")

        await page.goto(f"/tasks?view=board&technician={person.id}")
        await page.get_by_role("link", name=f"More for #{number}").focus()
        await page.keyboard.press("Enter")
        menu = page.locator("#card-menu")
        await expect(menu.get_by_text("Withdraw the offer")).to_be_visible()
        while "Withdraw" not in await page.evaluate("document.activeElement.textContent"):
            await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(column(page, "assigned").locator(f"#task-{number}")).to_be_visible()
        await callout.office.sees_task(number, status="assigned")


async def test_a_client_is_looked_up_as_one_types(callout: Callout, browser: Browser) -> None:
    """Chosen, the fields of a new client step back; nobody's contact data is asked for twice."""
    await callout.office.post("/api/clients", {"name": "Looked-up & Sons", "phone": "+49 30 2222"})
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto("/tasks/new")
        await page.get_by_label("Client", exact=True).press_sequentially("looked")
        option = page.locator("#client-choices option")
        await expect(option).to_have_count(1)
        await page.get_by_label("Client", exact=True).fill(str(await option.get_attribute("value")))
        await expect(page.locator("#client-known")).to_contain_text("known since")
        await expect(page.get_by_label("Phone", exact=True)).to_be_hidden()
        await page.get_by_label("Client", exact=True).fill("Somebody new")
        await expect(page.get_by_label("Phone", exact=True)).to_be_visible()


async def test_one_menu_gives_way_to_another(callout: Callout, browser: Browser) -> None:
    """Two cards side by side: what was opened last is what shows."""
    person = await technician(callout, "Moe Menus")
    one, two = [await callout.office.task(technician_id=person.id) for _ in range(2)]
    async with window(browser, callout.url) as page:
        await log_in(page, callout)
        await page.goto(f"/tasks?view=board&technician={person.id}")
        for number in (one, two, one):
            await page.get_by_role("link", name=f"More for #{number}").press("Enter")
            await expect(page.locator("#card-menu")).to_be_visible()
            await expect(page.get_by_role("link", name=f"More for #{number}")).to_have_attribute(
                "aria-expanded", "true"
            )
