"""A completed task that is billed leads to its invoice, instead of to another one."""

import re
from decimal import Decimal

import httpx
import pytest

from shared.contract.admin import Role
from shared.contract.invoice import InvoiceCreated, InvoiceDeleted, InvoiceStatus, InvoiceStatusChanged
from shared.contract.task import Action
from tests.tasks.conftest import Office, in_progress, new_task, rebuilt_is_the_same, said
from tests.tasks.examples import YASMIN
from tests.tasks.test_pages import shown

NOTHING = Decimal(0)


async def billed(office: Office, task: int, number: int) -> None:
    created = InvoiceCreated(
        number, task, 1, YASMIN, "EUR", (), NOTHING, subtotal=NOTHING, tax=NOTHING, total=NOTHING
    )
    await office.hears("invoice", number, created)


async def changed(office: Office, task: int, number: int, after: InvoiceStatus) -> None:
    await office.hears("invoice", number, InvoiceStatusChanged(task, InvoiceStatus.PENDING, after))


@pytest.fixture
async def completed(office: Office, admin: httpx.AsyncClient) -> int:
    number = await in_progress(office, admin)
    await office.tap(number, Action.COMPLETE)
    return number


async def likely(browser: httpx.AsyncClient, task: int) -> list[str]:
    """What stands out on the task's page, and on its card of the board."""
    page = (await shown(browser, f"/tasks/{task}")).partition('class="btn-list ms-auto">')[2]
    card = (await shown(browser, "/tasks?view=board")).partition('class="callout-card-foot">')[2]
    return [
        re.sub(r"<.*?>", "", re.split("</a>|</button>", text)[0]).strip() for text in (page, card.lstrip())
    ]


async def test_the_invoice_stands_where_it_was_made(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient, completed: int
) -> None:
    """On the page, on the card and in the API; another one is still possible, from the menu."""
    assert await likely(browser, completed) == ["Create invoice"] * 2
    await billed(office, completed, 7)
    assert await likely(browser, completed) == ["Invoice #7"] * 2
    for path in (f"/tasks/{completed}", "/tasks?view=board"):
        text = await shown(browser, path)
        assert 'href="/invoices/7"' in text
        assert "Create invoice" not in text
    menu = await shown(browser, f"/tasks/{completed}/menu")
    assert "Another invoice" in menu
    assert f'href="/invoices/new?task={completed}"' in menu
    assert (await said(admin.get(f"/api/tasks/{completed}")))["invoice"] == 7


async def test_the_latest_that_is_neither_void_nor_deleted_counts(
    office: Office, browser: httpx.AsyncClient, completed: int
) -> None:
    """A paid one does; with none left, one is to be made again."""
    for number in (7, 8, 9):
        await billed(office, completed, number)
    await changed(office, completed, 9, InvoiceStatus.VOID)
    assert await likely(browser, completed) == ["Invoice #8"] * 2
    await office.hears("invoice", 8, InvoiceDeleted(completed))
    await changed(office, completed, 7, InvoiceStatus.PAID)
    assert await likely(browser, completed) == ["Invoice #7"] * 2
    await office.hears("invoice", 7, InvoiceDeleted(completed))
    assert await likely(browser, completed) == ["Create invoice"] * 2
    await rebuilt_is_the_same(office)


async def test_another_tasks_invoice_is_none_of_it(
    office: Office, browser: httpx.AsyncClient, admin: httpx.AsyncClient, completed: int
) -> None:
    """And a task that was taken up again has its own next step, billed or not."""
    other = await new_task(admin)
    await billed(office, other, 7)
    assert (await likely(browser, completed))[0] == "Create invoice"
    assert (await said(admin.get(f"/api/tasks/{completed}")))["invoice"] is None
    await billed(office, completed, 8)
    await said(admin.put(f"/api/tasks/{completed}/status", json={"status": "in_progress"}))
    assert (await likely(browser, completed))[0] == "Mark as completed"


async def test_a_viewer_is_offered_nothing(office: Office, completed: int) -> None:
    """Looking only, as before."""
    await billed(office, completed, 7)
    async with office.as_role(Role.VIEWER, browser=True) as viewer:
        assert "Another invoice" not in await shown(viewer, f"/tasks/{completed}")
