"""Invoices as pages: plain HTML with forms, as a browser without scripts uses them."""

import html
import re
from typing import Any

import httpx
import pytest

from shared.contract.admin import Role
from shared.contract.delivery import DeliveryFailed, Purpose, Trouble
from shared.contract.task import Status, TaskDeleted, TaskDetails, TaskEdited, TaskStatusChanged
from shared.contract.technician import TechnicianBlockedBot
from shared.service import Service
from tests.invoices.conftest import COMPLETED_TASK, TASK, As, Told
from tests.invoices.examples import HOTEL_AURORA, LEAKING_BOILER, YASMIN, recorded

FORM = {
    "task_id": str(LEAKING_BOILER),
    "currency": "EUR",
    "tax_percent": "19",
    "due_on": "2999-12-31",
    "lines.0.description": "Circulation pump",
    "lines.0.quantity": "1",
    "lines.0.unit_price": "389.00",
    "lines.1.description": "",
    "lines.1.quantity": "",
    "lines.1.unit_price": "",
    "lines.2.description": "Labour, hours",
    "lines.2.quantity": "2.5",
    "lines.2.unit_price": "78.00",
}


@pytest.fixture
async def anna(browser: httpx.AsyncClient, told: Told) -> httpx.AsyncClient:
    """A dispatcher in a browser, with the task completed."""
    await told(*COMPLETED_TASK)
    return browser


async def made(anna: httpx.AsyncClient, **changes: str) -> str:
    """The path of a new invoice."""
    answer = await anna.post("/invoices", data=FORM | changes)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def fields(page: str) -> dict[str, str]:
    """Name → value of the page's text fields and its chosen options."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", page):
        marks = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in marks:
            found[marks["name"]] = html.unescape(marks.get("value", ""))
    for name, options in re.findall(r'<select[^>]*name="(\w+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="(\w+)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def version(page: str) -> str:
    match = re.search(r'name="version" value="(\d+)"', page)
    assert match
    return match[1]


async def test_the_form_begins_with_the_task(anna: httpx.AsyncClient) -> None:
    """Five empty lines, the site's currency, and for whom it is."""
    page = (await anna.get(f"/invoices/new?task={LEAKING_BOILER}")).text
    assert "Hotel Aurora" in page
    typed = fields(page)
    assert (typed["task_id"], typed["currency"]) == (str(LEAKING_BOILER), "EUR")
    assert "lines.4.quantity" in typed
    assert "lines.5.quantity" not in typed


async def test_a_form_makes_an_invoice_that_is_shown(anna: httpx.AsyncClient) -> None:
    """Blank rows in between don't count."""
    page = (await anna.get(await made(anna))).text
    for words in ("Invoice #1", "Hotel Aurora", "Leaking boiler", "€694.96", "110.96", "Not sent yet"):
        assert words in page
    for action in ("dispatch", "status", "delete"):
        assert f'action="/invoices/1/{action}"' in page


async def test_a_form_sent_twice_makes_one_invoice(anna: httpx.AsyncClient, service: Service) -> None:
    """The hidden command id is the same."""
    first = await made(anna, command_id="abc")
    assert await made(anna, command_id="abc") == first
    assert await service.pool.fetchval("SELECT count(*) FROM events") == 1


@pytest.mark.parametrize("button", ["more", "preview", "remove"])
async def test_lines_are_added_and_removed_without_a_script(anna: httpx.AsyncClient, button: str) -> None:
    """Nothing is made and nothing that was typed is lost."""
    answer = await anna.post("/invoices", data=FORM | {button: "2"})
    assert answer.status_code == 200
    typed = fields(answer.text)
    kept = {name: typed[name] for name in ("task_id", "currency", "tax_percent", "due_on")}
    assert kept == {name: FORM[name] for name in kept}
    assert typed["lines.0.description"] == "Circulation pump"
    assert typed["lines.1.description"] == ("" if button == "remove" else "Labour, hours")
    rows = sum(name.endswith(".quantity") for name in typed)
    assert rows == (7 if button == "more" else 5)
    assert ("€694.96" in answer.text) == (button != "remove")
    assert "No invoices here" in (await anna.get("/invoices")).text


async def test_there_is_always_a_row_left_to_type_in(anna: httpx.AsyncClient) -> None:
    """Up to a hundred."""
    full = {f"lines.{at}.description": "Screw" for at in range(8)}
    page = (await anna.post("/invoices", data={"task_id": "1", "preview": "1", **full})).text
    assert fields(page)["lines.8.description"] == ""
    full = {f"lines.{at}.description": "Screw" for at in range(120)}
    page = (await anna.post("/invoices", data={"task_id": "1", "more": "1", **full})).text
    assert "lines.119.description" in fields(page)
    assert 'name="more"' not in page


async def test_what_is_refused_comes_back_with_its_sentences(
    anna: httpx.AsyncClient, service: Service
) -> None:
    """Each beside its field, with all that was typed."""
    wrong = FORM | {"lines.0.quantity": "NaN", "lines.2.unit_price": "1,007,50", "tax_percent": "lots"}
    answer = await anna.post("/invoices", data=wrong)
    assert answer.status_code == 422
    typed = fields(answer.text)
    assert (typed["lines.0.quantity"], typed["lines.1.unit_price"], typed["tax_percent"]) == (
        "NaN",
        "1,007,50",
        "lots",
    )
    for field in ("lines.0.quantity", "lines.1.unit_price", "tax_percent"):
        assert f'id="{field}-error"' in answer.text
    assert await service.pool.fetchval("SELECT count(*) FROM events") == 0


async def test_the_total_is_told_or_what_stands_in_its_way(anna: httpx.AsyncClient) -> None:
    """Beside the fields, as on *Create*; what was mended says nothing any more, nor does *Add lines*."""
    wrong = FORM | {"lines.0.quantity": "NaN", "lines.2.unit_price": "1,000.00", "tax_percent": "abc"}
    for button in ("preview", "more"):
        answer = await anna.post("/invoices", data=wrong | {button: "1"})
        assert answer.status_code == 200
        for field in ("lines.0.quantity", "lines.1.unit_price", "tax_percent"):
            assert (f'id="{field}-error"' in answer.text) == (button == "preview")
    page = (await anna.post("/invoices", data={"task_id": str(LEAKING_BOILER), "preview": "1"})).text
    assert "needs at least one line" in page
    page = (await anna.post("/invoices", data=FORM | {"preview": "1"})).text
    assert ("€694.96" in page, "is-invalid" in page, 'role="alert"' in page) == (True, False, False)
    replaced = re.findall(r'name="(?:more|remove|preview)".*hx-target="([^"]+)"', page)
    assert set(replaced) == {"#content"}, "the sentences are in there too"


async def test_a_decimal_comma_is_a_point_in_the_form(anna: httpx.AsyncClient) -> None:
    """Where it is the only mark, and what was typed stays as typed."""
    commas = {"lines.2.quantity": "2,5", "lines.2.unit_price": "78,00", "tax_percent": "19,0"}
    page = (await anna.post("/invoices", data=FORM | commas | {"preview": "1"})).text
    assert ("€694.96" in page, fields(page)["lines.1.quantity"]) == (True, "2,5")
    assert "€694.96" in (await anna.get(await made(anna, **commas))).text


WRONG = [
    ({"due_on": "tomorrow"}, "year-month-day"),
    ({"due_on": "2020-01-01"}, "before today"),
    ({"task_id": "boiler"}, "number of the task"),
    ({"task_id": "4711"}, "There is no task #4711"),
    ({"currency": ""}, "Choose a currency"),
    ({"lines.0.description": "x" * 501}, "at most 500"),
]


async def test_a_sentence_says_what_to_do(anna: httpx.AsyncClient) -> None:
    """And the form stays."""
    for changes, sentence in WRONG:
        answer = await anna.post("/invoices", data=FORM | changes)
        assert (answer.status_code, sentence in answer.text) == (422, True), changes
        assert fields(answer.text)["lines.0.quantity"] == "1"


async def test_a_task_that_is_not_completed_is_named_in_the_form(anna: httpx.AsyncClient, told: Told) -> None:
    """Before anybody types, and again when it is sent."""
    await told(recorded(TASK, 7, TaskStatusChanged(Status.COMPLETED, Status.IN_PROGRESS)))
    assert "is in progress" in (await anna.get(f"/invoices/new?task={LEAKING_BOILER}")).text
    answer = await anna.post("/invoices", data=FORM)
    assert (answer.status_code, "completed task" in answer.text) == (409, True)


async def test_buttons_send_pay_and_delete(anna: httpx.AsyncClient) -> None:
    """Each answers with the page to look at next."""
    path = await made(anna)
    for action, data, words in (
        ("dispatch", {}, "Queued"),
        ("status", {"status": "paid"}, "Back to pending"),
        ("status", {"status": "pending"}, "Send again"),
        ("status", {"status": "void"}, "stays void"),
    ):
        page = (await anna.get(path)).text
        answer = await anna.post(f"{path}/{action}", data=data | {"version": version(page)})
        assert (answer.status_code, answer.headers["location"]) == (303, path)
        assert words in (await anna.get(path)).text
    page = (await anna.get(path)).text
    answer = await anna.post(f"{path}/delete", data={"version": version(page)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/invoices")
    assert (await anna.get(path)).status_code == 404


async def test_two_admins_on_one_invoice(anna: httpx.AsyncClient) -> None:
    """The second one sees 409 and the fresh card."""
    path = await made(anna)
    seen = {"version": version((await anna.get(path)).text)}
    assert (await anna.post(f"{path}/status", data=seen | {"status": "paid"})).status_code == 303
    second = await anna.post(f"{path}/delete", data=seen)
    assert (second.status_code, "changed this meanwhile" in second.text) == (409, True)
    assert "Back to pending" in second.text


async def test_a_status_that_is_none_is_refused_on_the_card(anna: httpx.AsyncClient) -> None:
    """With a sentence, and the card as it is."""
    path = await made(anna)
    for status in ("", "lost", "deleted"):
        answer = await anna.post(f"{path}/status", data={"status": status})
        assert (answer.status_code, "pending, paid or void" in answer.text) == (422, True)
        assert "Mark as paid" in answer.text


async def test_the_card_says_why_nothing_can_be_sent(
    anna: httpx.AsyncClient, service: Service, told: Told
) -> None:
    """A technician who blocked the bot, or a delivery that failed."""
    path = await made(anna)
    await anna.post(f"{path}/dispatch")
    failed = DeliveryFailed(Purpose.INVOICE, YASMIN, Trouble.REFUSED, "Telegram says no.", invoice=1)
    sent = await service.pool.fetchval("SELECT id FROM events WHERE type = 'InvoiceSent'")
    await told(recorded("delivery.a", 1, failed, cause=sent))
    assert "Telegram says no." in (await anna.get(path)).text
    await told(recorded(f"technician.{YASMIN}", 2, TechnicianBlockedBot()))
    page = (await anna.get(path)).text
    assert "Yasmin Haddad has blocked the bot" in page
    assert "Send again" not in page
    await told(recorded(TASK, 7, TaskDeleted()))
    assert f"#{LEAKING_BOILER} (deleted)" in (await anna.get(path)).text


async def test_lists_show_each_invoice(anna: httpx.AsyncClient) -> None:
    """As a table and as cards, by status and by task, page by page."""
    paths = [await made(anna, command_id=str(at)) for at in range(3)]
    await anna.post(f"{paths[0]}/status", data={"status": "paid"})
    for view in ("", "&view=cards"):
        page = (await anna.get(f"/invoices?status=pending{view}")).text
        assert (paths[0] in page, paths[1] in page, paths[2] in page) == (False, True, True)
        page = (await anna.get(f"/invoices?limit=2{view}")).text
        (following,) = re.findall(r'rel="next" href="([^"]+)"', page)
        page = (await anna.get(html.unescape(following))).text
        assert (paths[0] in page, paths[1] in page) == (True, False)
    assert "No invoices here" in (await anna.get("/invoices?task=1")).text
    assert "No invoices here" in (await anna.get("/invoices?task=boiler")).text
    assert (await anna.get("/invoices?status=lost")).status_code == 422


async def test_the_task_page_gets_its_invoices(anna: httpx.AsyncClient, told: Told, caller: As) -> None:
    """A part of a page: a link to create one for whoever may, then the invoices."""
    part = f"/invoices/for-task/{LEAKING_BOILER}"
    page = (await anna.get(part)).text
    assert f'href="/invoices/new?task={LEAKING_BOILER}"' in page
    assert "<html" not in page
    viewer = await caller(Role.VIEWER)
    assert "/invoices/new" not in (await viewer.get(part)).text
    path = await made(anna)
    page = (await anna.get(part)).text
    assert (path in page, "€694.96" in page, "Create another" in page) == (True, True, True)
    await told(recorded(TASK, 7, TaskStatusChanged(Status.COMPLETED, Status.IN_PROGRESS)))
    assert "/invoices/new" not in (await anna.get(part)).text
    assert "once the task is completed" in (await anna.get("/invoices/for-task/4711")).text


async def test_what_is_typed_is_inert_on_every_page(anna: httpx.AsyncClient, told: Told) -> None:
    """A script in a description, a title or a form is shown as text."""
    evil = '<script>alert("1")</script>'
    await told(recorded(TASK, 7, TaskEdited(TaskDetails(evil), HOTEL_AURORA)))
    path = await made(anna, **{"lines.0.description": evil})
    wrong: dict[str, Any] = FORM | {"lines.0.description": evil, "lines.0.quantity": evil, "task_id": evil}
    for answer in (
        await anna.get(path),
        await anna.get("/invoices"),
        await anna.get("/invoices?view=cards"),
        await anna.get(f"/invoices/for-task/{LEAKING_BOILER}"),
        await anna.get("/invoices/new", params={"task": evil}),
        await anna.post("/invoices", data=wrong),
    ):
        assert "<script>alert" not in answer.text
    assert html.escape("<script>") in (await anna.get(path)).text


async def test_a_viewer_sees_no_buttons_and_a_stranger_the_login(anna: httpx.AsyncClient, caller: As) -> None:
    """Looking is for all who are logged in."""
    path = await made(anna)
    viewer, stranger = await caller(Role.VIEWER), await caller(None)
    page = (await viewer.get(path)).text
    assert ("Invoice #1" in page, f'action="{path}' in page) == (True, False)
    answer = await stranger.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
    assert (await anna.get(f"{path}/document")).content.startswith(b"%PDF-")
