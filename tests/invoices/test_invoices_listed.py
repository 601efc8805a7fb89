"""Lists of invoices: what narrows them, their sums, and what other pages show of them."""

import html
import re

import httpx

from invoices.views import MOST_SUMMED, RECENT
from shared.contract.admin import Role
from shared.contract.task import TaskDetails, TaskEdited
from shared.service import Service
from tests.invoices.browsing import made
from tests.invoices.conftest import TASK, As, Told
from tests.invoices.examples import HOTEL_AURORA, LEAKING_BOILER, YASMIN, recorded
from tests.invoices.test_invoices_over_http import LINES
from tests.invoices.test_invoices_over_http import made as ordered


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
    for query in (
        "task=1",
        "task=boiler",
        "q=nothing+like+it",
        "technician=none",
        "status=overdue",
        "until=2020-01-01",
    ):
        page = (await anna.get(f"/invoices?{query}")).text
        assert ("No invoice fits" in page, "Show all invoices" in page) == (True, True), query
    assert (await anna.get("/invoices?status=lost")).status_code == 422


async def test_an_empty_list_teaches_the_next_step(anna: httpx.AsyncClient, caller: As) -> None:
    """For whoever may take it."""
    page = (await anna.get("/invoices")).text
    assert ("No invoices yet" in page, "Create the first invoice" in page) == (True, True)
    viewer = await caller(Role.VIEWER)
    page = (await viewer.get("/invoices", headers={"Accept": "text/html"})).text
    assert ("No invoices yet" in page, 'href="/invoices/new"' in page) == (True, False)


async def test_the_sums_are_of_what_is_shown(anna: httpx.AsyncClient, service: Service) -> None:
    """Of each currency: what is pending, what of it is overdue, and what was paid this month."""
    for at, changes in enumerate(({}, {"currency": "USD"}, {}, {})):
        await made(anna, command_id=str(at), **changes)
    await anna.post("/invoices/3/status", data={"status": "paid"})
    await anna.post("/invoices/4/status", data={"status": "paid"})
    await service.pool.execute("UPDATE invoices SET due_on = '2020-01-01' WHERE number = 2")
    await service.pool.execute("UPDATE invoices SET paid_at = '2020-01-31' WHERE number = 4")

    async def sums(query: str) -> dict[str, list[str]]:
        page = (await anna.get(f"/invoices?{query}")).text
        cards = re.findall(r'id="sum-([\w-]+)"(.*?)</a>', page, re.DOTALL)
        return {name: re.findall(r"[€$][\d.,]+|· \d+", card) for name, card in cards}

    assert await sums("") == {
        "pending": ["€694.96", "$694.96", "· 2"],
        "overdue": ["$694.96", "· 1"],
        "paid-month": ["€694.96", "· 1"],
    }
    assert await sums("currency=EUR&status=void") == {
        "pending": ["€694.96", "· 1"],
        "overdue": ["€0.00", "· 0"],
        "paid-month": ["€694.96", "· 1"],
    }
    assert await sums("q=aurora&currency=USD") == {
        "pending": ["$694.96", "· 1"],
        "overdue": ["$694.96", "· 1"],
        "paid-month": ["$0.00", "· 0"],
    }
    assert await sums("q=nobody") == {}


async def test_a_sum_of_very_many_says_that_it_is_a_least_one(
    anna: httpx.AsyncClient, service: Service
) -> None:
    """So many are added up that the list stays quick; what is beyond is told, not left out silently."""
    await service.pool.execute(
        "INSERT INTO invoices SELECT g, 1, 9, 9, 9, 'pending', 'EUR', '[]', 0, 0, 0, 1, NULL, now(), '' "
        "FROM generate_series(1, $1) g", MOST_SUMMED + 10
    )  # fmt: skip
    page = (await anna.get("/invoices")).text
    assert ("over €5,000.00" in page, "Pending · 5,000+" in page) == (True, True)
    assert ("€0.00" in page, "over €0.00" in page, "Overdue · 0+" in page) == (True, False, False)


async def test_the_global_search_gets_a_few_hits(anna: httpx.AsyncClient) -> None:
    """The one with that number first, eight at most; nothing where nothing is found or asked."""
    for at in range(10):
        await made(anna, command_id=str(at))

    async def hits(typed: str) -> list[int]:
        part = (await anna.get("/invoices/search", params={"q": typed})).text
        assert "<html" not in part
        return [int(number) for number in re.findall(r'href="/invoices/(\d+)"', part)]

    assert await hits("boiler") == list(range(10, 2, -1))
    assert await hits("#3") == [3]
    assert await hits(str(LEAKING_BOILER)) == list(range(10, 2, -1))
    assert [await hits(typed) for typed in ("", "  ", "nothing", "99", "%")] == [[]] * 5
    part = (await anna.get("/invoices/search?q=3")).text
    for words in ("Invoice #3", f"Task #{LEAKING_BOILER}: Leaking boiler", "€694.96", "Pending"):
        assert words in part


async def test_a_list_is_narrowed(office: httpx.AsyncClient, told: Told) -> None:
    """By status, task, technician, money, days and words; a number is an invoice's or a task's."""
    other = recorded(TASK, 7, TaskEdited(TaskDetails("Rewire the hall 7"), HOTEL_AURORA))
    await ordered(office)
    await told(other)
    await ordered(office, currency="USD")
    await office.put("/api/invoices/1/status", json={"status": "paid"})
    for query, numbers in (
        ("", [2, 1]),
        ("status=paid", [1]),
        ("status=pending", [2]),
        ("status=overdue", []),
        (f"task={LEAKING_BOILER}", [2, 1]),
        ("task=1", []),
        (f"technician={YASMIN}", [2, 1]),
        ("technician=1", []),
        ("currency=usd", [2]),
        ("q=boil", [1]),
        ("q=leaking boiler", [1]),
        ("q=boiler rewire", []),
        ("q=auror", [2, 1]),
        ("q=%231", [1]),
        (f"q={LEAKING_BOILER}", [2, 1]),
        ("q=104", []),
        ("q=7", [2]),
        ("q=%26 | !", []),
        ("since=2020-01-01", [2, 1]),
        ("until=2020-01-01", []),
        ("until=9999-12-31", [2, 1]),
        ("q=auror&status=paid&currency=EUR", [1]),
    ):
        items = (await office.get(f"/api/invoices?{query}")).json()["items"]
        assert [each["id"] for each in items] == numbers, query
    assert (await office.get("/api/invoices?since=soon")).status_code == 422


async def test_words_are_found_far_back(office: httpx.AsyncClient, service: Service) -> None:
    """Beyond the latest ones that are looked through first, by the index, and page by page."""
    for at in range(3):
        await ordered(office, lines=[LINES[0] | {"description": str(at)}])
    await service.pool.execute(
        "INSERT INTO invoices SELECT g, 1, 9, 9, 9, 'pending', 'EUR', '[]', 0, 0, 0, 0, NULL, now(), 'Other' "
        "FROM generate_series(10, $1) g", RECENT + 20
    )  # fmt: skip
    first = (await office.get("/api/invoices?q=boiler&limit=2")).json()
    assert [each["id"] for each in first["items"]] == [3, 2]
    second = (await office.get(f"/api/invoices?q=boiler&limit=2&after={first['next']}")).json()
    assert ([each["id"] for each in second["items"]], second["next"]) == ([1], None)
