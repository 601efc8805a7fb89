"""Invoices as pages: plain HTML with forms, as a browser without scripts uses them."""

import html
import re
from typing import Any

import httpx

from shared.contract.admin import Role
from shared.contract.delivery import DeliveryFailed, Purpose, Trouble
from shared.contract.task import Status, TaskDeleted, TaskDetails, TaskEdited, TaskStatusChanged
from shared.contract.technician import TechnicianAccountGone, TechnicianBlockedBot
from shared.service import Service
from tests.invoices.browsing import FORM, fields, made, version
from tests.invoices.conftest import TASK, As, Told
from tests.invoices.examples import HOTEL_AURORA, LEAKING_BOILER, YASMIN, recorded


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
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, path)
        assert words in (await anna.get(path)).text
    page = (await anna.get(path)).text
    answer = await anna.post(f"{path}/delete", data={"version": version(page)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/invoices")
    assert (await anna.get(path)).status_code == 404


async def test_paid_by_mistake_is_undone_at_once(anna: httpx.AsyncClient) -> None:
    """The page that follows offers it; the button of a list leads back to that list, and nowhere else."""
    path = await made(anna)
    after = (await anna.post(f"{path}/status", data={"status": "paid"})).headers["location"]
    page = (await anna.get(after)).text
    undo = re.search(r'id="done".*?</form>', page, re.DOTALL)
    assert undo
    assert "Undo" in undo[0]
    assert fields(undo[0])["status"] == "pending"
    answer = await anna.post(f"{path}/status", data={"status": "pending", "version": version(undo[0])})
    assert 'id="done"' not in (await anna.get(answer.headers["location"])).text
    for there, leads in (
        ("/invoices?status=pending&view=cards", "/invoices?status=pending&view=cards"),
        ("//evil.example/invoices", f"{path}?done=paid"),
        ("/invoices/../admins", f"{path}?done=pending"),
    ):
        status = "pending" if "pending" in leads.partition("?done=")[2] else "paid"
        answer = await anna.post(f"{path}/status", data={"status": status, "next": there})
        assert answer.headers["location"] == leads
        await anna.post(f"{path}/status", data={"status": "pending" if status == "paid" else "paid"})


async def test_what_can_not_be_undone_asks_first(anna: httpx.AsyncClient) -> None:
    """In plain HTML, in parts with a name by which they stay open while the page is live."""
    page = (await anna.get(await made(anna))).text
    for name, action in (("void", "status"), ("delete", "delete")):
        part = re.search(rf'<details[^>]*id="{name}".*?</details>', page, re.DOTALL)
        assert part
        assert f'action="/invoices/1/{action}"' in part[0]
        assert "undone" in part[0]


async def test_the_preview_shows_the_pages_of_the_pdf(anna: httpx.AsyncClient) -> None:
    """As pictures from this host; a page that the document doesn't have is not found."""
    many = {
        f"lines.{at}.{name}": value
        for at in range(40)
        for name, value in (("description", "Screw"), ("quantity", "1"), ("unit_price", "1"))
    }
    path = await made(anna, **many)
    assert f'hx-get="{path}/preview"' in (await anna.get(path)).text
    part = (await anna.get(f"{path}/preview")).text
    assert re.findall(r'src="([^"]+)"', part) == [f"{path}/preview.svg?page={at}&amp;v=1" for at in (1, 2)]
    for at, status in (("1", 200), ("2", 200), ("3", 404), ("0", 404), ("x", 404)):
        answer = await anna.get(f"{path}/preview.svg?page={at}")
        assert answer.status_code == status
    answer = await anna.get(f"{path}/preview.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.content.startswith(b"<svg")
    assert (await anna.get("/invoices/4711/preview.svg")).status_code == 404


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
    await told(recorded(f"technician.{YASMIN}", 3, TechnicianAccountGone()))
    for shown in (path, "/invoices", "/invoices?view=cards"):
        page = (await anna.get(shown)).text
        assert f'action="{path}/dispatch"' not in page, shown
        assert f'action="{path}/status"' in page, shown
    await told(recorded(TASK, 7, TaskDeleted()))
    assert f"#{LEAKING_BOILER} (deleted)" in (await anna.get(path)).text


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
