"""The form of a new invoice, as a browser without scripts uses it: what is typed stays, and is counted."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.contract.site import Site, SiteSettingsChanged
from shared.contract.task import Status, TaskStatusChanged
from shared.service import Service
from tests.invoices.browsing import FORM, fields, made
from tests.invoices.conftest import TASK, Told
from tests.invoices.examples import LEAKING_BOILER, recorded


async def test_the_form_begins_with_the_task(anna: httpx.AsyncClient) -> None:
    """One line about it, the site's currency, and for whom it is."""
    page = (await anna.get(f"/invoices/new?task={LEAKING_BOILER}")).text
    assert "Hotel Aurora" in page
    typed = fields(page)
    assert (typed["task_id"], typed["currency"]) == (str(LEAKING_BOILER), "EUR")
    assert (typed["lines.0.description"], typed["lines.0.quantity"]) == ("Leaking boiler", "1")
    assert "lines.1.quantity" not in typed


async def test_the_form_offers_the_tasks_that_are_not_billed(anna: httpx.AsyncClient) -> None:
    """Those that are completed; an invoice that was made void bills nothing."""
    option = f'<option value="{LEAKING_BOILER}">Leaking boiler'
    assert option in (await anna.get("/invoices/new")).text
    path = await made(anna)
    assert option not in (await anna.get("/invoices/new")).text
    await anna.post(f"{path}/status", data={"status": "void"})
    assert option in (await anna.get("/invoices/new")).text


async def test_the_form_says_that_a_task_is_billed_already(anna: httpx.AsyncClient) -> None:
    """With a link to that invoice, whichever way led here; a void one is none."""
    form = f"/invoices/new?task={LEAKING_BOILER}"
    assert "billed already" not in (await anna.get(form)).text
    path = await made(anna)
    page = (await anna.get(form)).text
    assert "billed already" in page
    assert f'href="{path}"' in page
    await anna.post(f"{path}/status", data={"status": "void"})
    assert "billed already" not in (await anna.get(form)).text


async def test_what_was_deleted_is_said_on_the_list(anna: httpx.AsyncClient) -> None:
    """By the cookie that the next page shows and takes back."""
    answer = await anna.post(f"{await made(anna)}/delete")
    assert answer.headers["location"] == "/invoices"
    assert "callout_done=invoice-deleted.1;" in answer.headers["set-cookie"]


async def test_a_site_with_money_of_the_past_has_none_chosen(anna: httpx.AsyncClient, told: Told) -> None:
    """The form asks, rather than refusing at the end."""
    await told(recorded("site.site", 1, SiteSettingsChanged(Site(currency="DEM"))))
    page = (await anna.get("/invoices/new")).text
    assert '<option value="" selected>Choose</option>' in page
    assert "DEM" not in page


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


@pytest.mark.parametrize(
    ("button", "rows", "total"),
    [
        ({"more": "1"}, [0, 1, 2, 3], "€694.96"),
        ({"remove": "0"}, [1, 2], "€232.05"),
        ({"remove": "1"}, [0, 2], "€694.96"),
        ({"remove": "2"}, [0, 1], "€462.91"),
        ({"due": "14"}, [0, 1, 2], "€694.96"),
        ({"preview": "1"}, [0, 1], "€694.96"),
    ],
)
async def test_the_form_changes_without_a_script(
    anna: httpx.AsyncClient, service: Service, button: dict[str, str], rows: list[int], total: str
) -> None:
    """A line more, one less, another day, the total: nothing is made, and nothing that was typed is lost.

    A line keeps its place in the names of its fields, so that what is being typed stays with it.
    """
    answer = await anna.post("/invoices", data=FORM | button)
    assert answer.status_code == 200
    typed = fields(answer.text)
    assert [int(name.split(".")[1]) for name in typed if name.endswith(".quantity")] == rows
    assert total in answer.text
    kept = ("task_id", "currency", "tax_percent") + (() if "due" in button else ("due_on",))
    assert {name: typed[name] for name in kept} == {name: FORM[name] for name in kept}
    if "preview" not in button:
        assert all(typed[name] == FORM[name] for name in typed if name.startswith("lines.") and name in FORM)
    assert await service.pool.fetchval("SELECT count(*) FROM events") == 0


async def test_the_due_date_is_set_by_a_button(anna: httpx.AsyncClient) -> None:
    """In so many days from the company's today."""
    today = datetime.now(UTC).date()
    for days in ("14", "30"):
        typed = fields((await anna.post("/invoices", data=FORM | {"due": days})).text)
        assert typed["due_on"] == (today + timedelta(days=int(days))).isoformat()


async def test_there_is_always_a_line_to_type_in(anna: httpx.AsyncClient) -> None:
    """Up to a hundred."""
    page = (await anna.post("/invoices", data={"task_id": "1", "lines.4.quantity": "", "remove": "4"})).text
    assert "lines.0.description" in fields(page)
    full = {f"lines.{at}.description": "Screw" for at in range(120)}
    page = (await anna.post("/invoices", data={"task_id": "1", "more": "1", **full})).text
    assert "lines.119.description" in fields(page)
    assert 'name="more"' not in page


async def test_totals_come_as_one_types(anna: httpx.AsyncClient, service: Service) -> None:
    """A fragment by the arithmetic of invoices: each line's amount in its place, the sums, and which task it is."""
    part = (await anna.post("/invoices/totals", data=FORM)).text
    assert "<html" not in part
    for words in ("584.00", "110.96", "€694.96", "Leaking boiler", "Hotel Aurora"):
        assert words in part
    amounts = dict(re.findall(r'id="amount-(\d)"[^>]*>([^<]*)<', part))
    assert amounts == {"0": "389.00", "1": "", "2": "195.00"}
    half = {"lines.2.unit_price": "7e", "tax_percent": "lots", "task_id": "4711"}
    part = (await anna.post("/invoices/totals", data=FORM | half)).text
    for words in (
        "389.00",
        "1 line is not counted: it needs a quantity and a price",
        "from 0 to 100",
        "no task with this number",
    ):
        assert words in part
    assert "€" not in part
    assert "Choose a currency" in (await anna.post("/invoices/totals", data=FORM | {"currency": "DEM"})).text
    assert await service.pool.fetchval("SELECT count(*) FROM events") == 0


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
    """Beside the fields, as on *Create*, for those without a script; what was mended says nothing any more."""
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


async def test_numbers_are_read_as_people_write_them(anna: httpx.AsyncClient) -> None:
    """With a comma for the point where it is the only mark, or in Arabic digits; what was typed stays as typed."""
    arabic = {"lines.2.quantity": "٢٫٥", "lines.2.unit_price": "٧٨", "tax_percent": "١٩"}
    assert "€694.96" in (await anna.post("/invoices/totals", data=FORM | arabic)).text
    commas = {"lines.2.quantity": "2,5", "lines.2.unit_price": "78,00", "tax_percent": "19,0"}
    page = (await anna.post("/invoices", data=FORM | commas | {"preview": "1"})).text
    assert ("€694.96" in page, fields(page)["lines.1.quantity"]) == (True, "2,5")
    assert "€694.96" in (await anna.get(await made(anna, **commas))).text


async def test_what_may_be_a_thousand_is_not_guessed(anna: httpx.AsyncClient) -> None:
    """1,250 is much to one and little to another, so it is asked for; 0,125 is a fraction to everybody."""
    answer = await anna.post("/invoices", data=FORM | {"lines.0.unit_price": "1,250"})
    assert (answer.status_code, "must be a number, such as 12.50" in answer.text) == (422, True)
    cents = {"lines.0.quantity": "1000", "lines.0.unit_price": "0,125"}  # 125.00 + 195.00, and 19 %
    assert "€380.80" in (await anna.get(await made(anna, **cents))).text


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
