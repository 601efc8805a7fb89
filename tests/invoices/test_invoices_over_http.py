"""Invoices as JSON and on the bus, on real servers."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import msgspec
from uuid_utils.compat import uuid7

from invoices.projections import TABLES, project
from shared import clock
from shared.contract.admin import Role
from shared.contract.client import ClientErased
from shared.contract.delivery import DeliveryFailed, DeliverySent, DeliveryUnknown, Purpose, Trouble
from shared.contract.invoice import DOCUMENT, DocumentAnswer, DocumentRequest, InvoiceCreated
from shared.contract.site import SETTINGS, Site, SiteLogoChanged, SiteSettingsChanged
from shared.contract.task import Status, TaskDeleted, TaskDetails, TaskEdited, TaskStatusChanged
from shared.journal.database import transaction
from shared.service import Service
from tests.invoices.conftest import COMPLETED_TASK, CURSOR, TASK, As, Told
from tests.invoices.examples import (
    HOTEL_AURORA,
    LEAKING_BOILER,
    NORDLICHT,
    NUMBER,
    YASMIN,
    created,
    png,
    recorded,
)

LINES: list[dict[str, Any]] = [
    {"description": "Circulation pump", "quantity": "1", "unit_price": "389.00"},
    {"description": "Labour, hours", "quantity": "2.5", "unit_price": "78.00"},
]
ORDER: dict[str, Any] = {
    "task_id": LEAKING_BOILER,
    "currency": "EUR",
    "lines": LINES,
    "tax_percent": "19",
    "due_on": "2999-12-31",
}
"""389.00 + 195.00 = 584.00; 19 % of it are 110.96."""


async def made(office: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await office.post("/api/invoices", json=ORDER | changes)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def kinds(service: Service) -> list[str]:
    return [row["type"] for row in await service.pool.fetch("SELECT type FROM events ORDER BY position")]


async def last_event(service: Service, invoice: int) -> Any:
    return await service.pool.fetchval(
        "SELECT id FROM events WHERE stream = $1 ORDER BY version DESC LIMIT 1", f"invoice.{invoice}"
    )


async def test_an_invoice_is_made_with_exact_money(office: httpx.AsyncClient) -> None:
    """Amounts come as decimal strings, with the names that this service remembers."""
    shown = await made(office)
    assert (shown["id"], shown["status"], shown["total"]) == (1, "pending", "694.96")
    assert (shown["subtotal"], shown["tax"], shown["tax_percent"]) == ("584.00", "110.96", "19")
    assert [line["amount"] for line in shown["lines"]] == ["389.00", "195.00"]
    assert shown["client"] == {"id": HOTEL_AURORA, "name": "Hotel Aurora"}
    assert shown["technician"] == {"id": YASMIN, "name": "Yasmin Haddad"}
    assert (shown["task_id"], shown["task_title"]) == (LEAKING_BOILER, "Leaking boiler")
    assert (shown["delivery"], shown["overdue"]) == (None, False)
    assert (await office.get("/api/invoices/1")).json() == shown


async def test_numbers_in_json_are_exact_too(office: httpx.AsyncClient) -> None:
    """0.1 typed without quotes is a tenth, and no binary float."""
    shown = await made(office, lines=[{"description": "Wire", "quantity": 3, "unit_price": 0.1}])
    assert shown["lines"][0]["unit_price"] == "0.1"
    assert shown["subtotal"] == "0.30"


async def test_the_currency_is_the_sites_where_none_is_named(office: httpx.AsyncClient) -> None:
    """And tax is none."""
    answer = await office.post("/api/invoices", json={"task_id": LEAKING_BOILER, "lines": LINES})
    assert (answer.json()["currency"], answer.json()["total"]) == ("EUR", "584.00")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"lines": []}, "lines"),
    ({"lines": [{"description": "x", "quantity": "NaN", "unit_price": "1"}]}, "lines.0.quantity"),
    ({"lines": [{"description": "x", "quantity": "1", "unit_price": "1E+999"}]}, "lines.0.unit_price"),
    ({"lines": [{"description": "x", "quantity": "1", "unit_price": "-1"}]}, "lines.0.unit_price"),
    ({"currency": "XXX"}, "currency"),
    ({"tax_percent": "100.5"}, "tax_percent"),
    ({"due_on": "2020-01-01"}, "due_on"),
    ({"task_id": 4711}, "task_id"),
    ({"task_id": 2**70}, "task_id"),
    ({"task_id": "many"}, "task_id"),
    ({"lines": "none"}, "lines"),
]


async def test_bad_input_is_refused_and_changes_nothing(office: httpx.AsyncClient, service: Service) -> None:
    """With problem details that name the field; no number is used up."""
    for changes, field in WRONG:
        answer = await office.post("/api/invoices", json=ORDER | changes)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert field in answer.json()["fields"], changes
    assert await kinds(service) == []
    assert (await made(office))["id"] == 1


async def test_a_task_that_is_not_completed_gives_no_invoice(office: httpx.AsyncClient, told: Told) -> None:
    """Nor does one that was deleted."""
    changed = TaskStatusChanged(Status.COMPLETED, Status.IN_PROGRESS)
    await told(recorded(TASK, 7, changed))
    answer = await office.post("/api/invoices", json=ORDER)
    assert (answer.status_code, "is in progress" in answer.json()["detail"]) == (409, True)
    await told(recorded(TASK, 8, TaskDeleted()))
    assert (await office.post("/api/invoices", json=ORDER)).status_code == 422


async def test_a_completion_that_is_on_its_way_is_waited_for(
    office: httpx.AsyncClient, told: Told, written: dict[str, int]
) -> None:
    """Whoever sees a task completed may ask at once; this service may hear of it a moment later."""
    await told(recorded(TASK, 7, TaskStatusChanged(Status.COMPLETED, Status.IN_PROGRESS)))
    written[TASK] = 8
    asking = asyncio.create_task(office.post("/api/invoices", json=ORDER))
    await asyncio.sleep(0.15)
    await told(recorded(TASK, 8, TaskStatusChanged(Status.IN_PROGRESS, Status.COMPLETED)))
    assert (await asking).status_code == 201


async def test_a_completion_that_does_not_come_is_said_to_be_on_its_way(
    office: httpx.AsyncClient, told: Told, written: dict[str, int], service: Service
) -> None:
    """It is not said that the task is in progress, nor that there is none; and its key is as good as new."""
    await told(recorded(TASK, 7, TaskStatusChanged(Status.COMPLETED, Status.IN_PROGRESS)))
    written |= {TASK: 8, "task.1043": 1}
    key = {"Idempotency-Key": "order-1"}
    for order in (ORDER, ORDER | {"task_id": 1043}):
        answer = await office.post("/api/invoices", json=order, headers=key)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert f"news of task #{order['task_id']} is still on its way" in answer.json()["detail"]
    assert await service.pool.fetchval("SELECT count(*) FROM commands") == 0
    await told(recorded(TASK, 8, TaskStatusChanged(Status.IN_PROGRESS, Status.COMPLETED)))
    assert (await office.post("/api/invoices", json=ORDER, headers=key)).json()["id"] == 1


async def test_the_same_request_twice_makes_one_invoice(office: httpx.AsyncClient, service: Service) -> None:
    """One after the other and ten at once; another order under the same key is refused."""
    key = {"Idempotency-Key": "order-1"}
    first = await office.post("/api/invoices", json=ORDER, headers=key)
    again = await office.post("/api/invoices", json=ORDER, headers=key)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    other = await office.post("/api/invoices", json=ORDER | {"tax_percent": "7"}, headers=key)
    assert (other.status_code, "idempotency key" in other.json()["detail"]) == (422, True)

    many = {"Idempotency-Key": "order-2"}
    answers = await asyncio.gather(
        *(office.post("/api/invoices", json=ORDER, headers=many) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await kinds(service) == ["InvoiceCreated"] * 2


async def test_the_same_request_is_known_though_the_task_changed(
    office: httpx.AsyncClient, told: Told
) -> None:
    """A retry gets the first answer, even when the task was set back meanwhile."""
    key = {"Idempotency-Key": "order-1"}
    first = await office.post("/api/invoices", json=ORDER, headers=key)
    await told(recorded(TASK, 7, TaskDeleted()))
    again = await office.post("/api/invoices", json=ORDER, headers=key)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])


async def test_sending_and_what_became_of_it(office: httpx.AsyncClient, service: Service, told: Told) -> None:
    """Queued at once; sent, failed or unknown when the bot-gateway says so, each for its own sending."""
    number = (await made(office))["id"]
    shown = (await office.post(f"/api/invoices/{number}/dispatch")).json()
    assert shown["delivery"]["state"] == "queued"
    first = await last_event(service, number)
    await office.post(f"/api/invoices/{number}/dispatch")
    second = await last_event(service, number)

    done = DeliverySent(Purpose.INVOICE, YASMIN, 77, task=LEAKING_BOILER, invoice=number)
    await told(recorded("delivery.a", 1, done, cause=first))
    assert (await office.get(f"/api/invoices/{number}")).json()["delivery"]["state"] == "queued"
    failed = DeliveryFailed(Purpose.INVOICE, YASMIN, Trouble.BLOCKED, "Blocked the bot.", invoice=number)
    await told(recorded("delivery.b", 1, failed, cause=second))
    delivery = (await office.get(f"/api/invoices/{number}")).json()["delivery"]
    assert (delivery["state"], delivery["reason"]) == ("failed", "Blocked the bot.")

    await office.post(f"/api/invoices/{number}/dispatch")
    third = await last_event(service, number)
    unknown = DeliveryUnknown(Purpose.INVOICE, YASMIN, invoice=number)
    await told(recorded("delivery.c", 1, unknown, cause=third))
    assert (await office.get("/api/invoices")).json()["items"][0]["delivery"]["state"] == "unknown"
    other = DeliverySent(Purpose.TASK_INFO, YASMIN, 78, task=LEAKING_BOILER, offer=1)
    await told(recorded("delivery.d", 1, other, cause=third))
    assert (await office.get("/api/invoices")).json()["items"][0]["delivery"]["state"] == "unknown"


async def test_status_by_hand(office: httpx.AsyncClient, service: Service) -> None:
    """There, back, and refused where it makes no sense; the same again is no event."""
    number = (await made(office))["id"]
    for status in ("paid", "paid", "pending", "void"):
        answer = await office.put(f"/api/invoices/{number}/status", json={"status": status})
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    refused = await office.put(f"/api/invoices/{number}/status", json={"status": "paid"})
    assert (refused.status_code, "stays void" in refused.json()["detail"]) == (409, True)
    assert (await office.put(f"/api/invoices/{number}/status", json={"status": "lost"})).status_code == 422
    assert (await office.put(f"/api/invoices/{number}/status", json={"status": "deleted"})).status_code == 422
    assert await kinds(service) == ["InvoiceCreated", *["InvoiceStatusChanged"] * 3]


async def test_a_deleted_invoice_is_gone(office: httpx.AsyncClient) -> None:
    """From everywhere; its number does not come back."""
    number = (await made(office))["id"]
    assert (await office.delete(f"/api/invoices/{number}")).status_code == 204
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/dispatch"),
        ("GET", "/document"),
    ):
        answer = await office.request(method, f"/api/invoices/{number}{path}")
        assert answer.status_code == 404, f"{method} {path}"
    assert (await office.get("/api/invoices")).json() == {"items": [], "next": None}
    assert (await made(office))["id"] == number + 1


async def test_a_number_that_no_invoice_has_is_not_found(office: httpx.AsyncClient) -> None:
    """However large."""
    for number in ("0", "-1", "999", str(2**63), "9" * 40, "-" + "9" * 40):
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/dispatch"), ("GET", "/document")):
            answer = await office.request(method, f"/api/invoices/{number}{path}")
            assert answer.status_code == 404, f"{method} {number}{path}"


async def test_the_list_is_paged_by_key_and_filtered(office: httpx.AsyncClient) -> None:
    """Newest first; every page but the last names the next."""
    numbers = [(await made(office))["id"] for _ in range(5)]
    await office.put(f"/api/invoices/{numbers[1]}/status", json={"status": "paid"})
    seen: list[int] = []
    after = ""
    while True:
        answer = (await office.get(f"/api/invoices?limit=2&after={after}")).json()
        seen += [item["id"] for item in answer["items"]]
        if answer["next"] is None:
            break
        after = answer["next"]
    assert seen == numbers[::-1]
    paid = (await office.get("/api/invoices?status=paid")).json()["items"]
    assert [item["id"] for item in paid] == [numbers[1]]
    assert len((await office.get(f"/api/invoices?task={LEAKING_BOILER}")).json()["items"]) == 5
    assert (await office.get("/api/invoices?task=1")).json()["items"] == []
    assert (await office.get("/api/invoices?status=deleted")).status_code == 422


async def test_a_viewer_looks_and_changes_nothing(office: httpx.AsyncClient, caller: As) -> None:
    """And a stranger doesn't even look."""
    number = (await made(office))["id"]
    viewer, stranger = await caller(Role.VIEWER), await caller(None)
    assert (await viewer.get(f"/api/invoices/{number}/document")).status_code == 200
    for method, path in (("POST", "/dispatch"), ("DELETE", ""), ("PUT", "/status")):
        answer = await viewer.request(method, f"/api/invoices/{number}{path}", json={"status": "paid"})
        assert answer.status_code == 403
    assert (await viewer.post("/api/invoices", json=ORDER)).status_code == 403
    for path in ("/api/invoices", f"/api/invoices/{number}", f"/api/invoices/{number}/document"):
        assert (await stranger.get(path)).status_code == 401


async def test_the_document_is_a_pdf(office: httpx.AsyncClient) -> None:
    """Also of a void invoice, with its stamp, for those who look at it."""
    number = (await made(office))["id"]
    await office.put(f"/api/invoices/{number}/status", json={"status": "void"})
    answer = await office.get(f"/api/invoices/{number}/document")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="invoice-{number}.pdf"'
    assert answer.content.startswith(b"%PDF-")


async def test_the_bot_gets_the_document_at_the_moment_of_sending(
    office: httpx.AsyncClient, service: Service, told: Told
) -> None:
    """Over NATS, with a caption; a void or deleted invoice is refused with a sentence."""
    await told(recorded("site.site", 1, SiteSettingsChanged(NORDLICHT)))

    async def asked(invoice: int) -> DocumentAnswer:
        return await service.bus.request(DOCUMENT, DocumentRequest(invoice), DocumentAnswer)

    number = (await made(office))["id"]
    answer = await asked(number)
    assert (answer.pdf[:5], answer.filename, answer.refusal) == (b"%PDF-", f"invoice-{number}.pdf", "")
    assert answer.caption == (
        f"Invoice #{number} from Nordlicht Haustechnik\n"
        f"Task #{LEAKING_BOILER}: Leaking boiler\n"
        "Total €694.96, due 31 December 2999"
    )
    await office.put(f"/api/invoices/{number}/status", json={"status": "void"})
    assert "is void" in (await asked(number)).refusal
    await office.delete(f"/api/invoices/{number}")
    gone = await asked(number)
    assert (gone.pdf, "deleted" in gone.refusal) == (b"", True)
    assert (await asked(2**62)).refusal


async def test_a_deleted_task_keeps_its_invoices_and_an_erased_client_its_number(
    office: httpx.AsyncClient, told: Told
) -> None:
    """The history stays whole; the name does not."""
    number = (await made(office))["id"]
    await told(
        recorded(TASK, 7, TaskEdited(TaskDetails("Boiler, leaking"), HOTEL_AURORA)),
        recorded(TASK, 8, TaskDeleted()),
        recorded(f"client.{HOTEL_AURORA}", 2, ClientErased()),
    )
    shown = (await office.get(f"/api/invoices/{number}")).json()
    assert shown["client"] == {"id": HOTEL_AURORA, "name": None}
    assert shown["task_title"] == "Leaking boiler", "as it was then"
    assert (await office.get(f"/api/invoices/{number}/document")).status_code == 200


async def test_a_task_completed_by_hand_is_charged_for_too(office: httpx.AsyncClient, told: Told) -> None:
    """By whoever holds it then."""
    await told(
        recorded(TASK, 7, TaskStatusChanged(Status.COMPLETED, Status.NEW)),
        recorded(TASK, 8, TaskStatusChanged(Status.NEW, Status.COMPLETED)),
    )
    assert (await made(office))["technician"]["id"] == YASMIN


async def test_rebuilding_gives_the_same_rows(
    office: httpx.AsyncClient, service: Service, told: Told
) -> None:
    """Own events are projected again, the others' folded again; nothing differs."""
    one, two, three = [(await made(office))["id"] for _ in range(3)]
    await office.post(f"/api/invoices/{one}/dispatch")
    cause = await last_event(service, one)
    await office.put(f"/api/invoices/{two}/status", json={"status": "paid"})
    await office.delete(f"/api/invoices/{three}")
    others = (
        *COMPLETED_TASK,
        recorded("site.logo", 1, SiteLogoChanged(png(8, 8))),
        recorded("delivery.a", 1, DeliverySent(Purpose.INVOICE, YASMIN, 7, invoice=one), cause=cause),
    )
    await told(*others[-2:])

    async def rows() -> dict[str, list[str]]:
        return {
            table: [
                str(tuple(row)) for row in await service.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")
            ]
            for table in TABLES
        }

    before = await rows()
    assert all(before.values())
    await service.rebuild()
    await told(*others)
    assert await rows() == before


async def test_openapi_says_that_money_is_a_string(office: httpx.AsyncClient) -> None:
    """So nobody's client makes a float of it."""
    described = (await office.get("/api/invoices/openapi.json")).json()
    schemas = described["components"]["schemas"]
    assert schemas["InvoiceView"]["properties"]["total"]["type"] == "string"
    assert schemas["NewLine"]["properties"]["unit_price"]["type"] == "string"
    assert set(described["paths"]) >= {"/api/invoices", "/api/invoices/{number}/dispatch"}


class Standing:
    """A clock that shows one moment."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def new_id(self) -> UUID:
        return uuid7()


async def test_today_is_the_companys(office: httpx.AsyncClient, told: Told) -> None:
    """On Kiritimati the 15th has begun while London has the 14th: there, the 14th is over."""
    await told(recorded("site.site", 1, SiteSettingsChanged(Site(time_zone="Pacific/Kiritimati"))))
    with clock.running_on(Standing(datetime(2990, 3, 14, 12, 0, tzinfo=UTC))):
        assert (await made(office, due_on="2990-03-15"))["due_on"] == "2990-03-15"
        answer = await office.post("/api/invoices", json=ORDER | {"due_on": "2990-03-14"})
        assert (answer.status_code, "before today" in answer.json()["detail"]) == (422, True)
        assert (await office.get("/api/invoices?status=overdue")).json()["items"] == []
    with clock.running_on(Standing(datetime(2990, 3, 15, 10, 0, tzinfo=UTC))):
        (late,) = (await office.get("/api/invoices?status=overdue")).json()["items"]
        assert (late["id"], late["overdue"], late["status"]) == (1, True, "pending")


async def test_a_company_that_moves_is_not_told_of_a_day_that_is_not_over_there(
    office: httpx.AsyncClient, told: Told, written: dict[str, int], service: Service
) -> None:
    """Its settings have changed, and are on their way here: what was over on Kiritimati has begun in London. A day that
    is over everywhere is refused all the same; and what has come counts at once."""
    kiritimati = recorded(SETTINGS, 1, SiteSettingsChanged(Site(time_zone="Pacific/Kiritimati")))
    london = recorded(SETTINGS, 2, SiteSettingsChanged(Site(time_zone="Europe/London")))
    await told(kiritimati)
    written[SETTINGS] = 2
    with clock.running_on(Standing(datetime(2990, 3, 14, 12, 0, tzinfo=UTC))):
        over = await office.post("/api/invoices", json=ORDER | {"due_on": "2990-03-13"})
        assert over.status_code == 422
        answer = await office.post("/api/invoices", json=ORDER | {"due_on": "2990-03-14"})
        assert (answer.status_code, "change of the settings" in answer.json()["detail"]) == (503, True)
        async with transaction(service.pool) as connection:
            await service.apply(connection, [london])
            await connection.execute(CURSOR, SETTINGS, 2)
        assert (await made(office, due_on="2990-03-14"))["due_on"] == "2990-03-14"


async def test_an_invoice_of_before_titles_were_noted_shows_the_present_one(
    office: httpx.AsyncClient, service: Service, told: Told
) -> None:
    """Its event is read all the same."""
    fields = msgspec.to_builtins(created)
    del fields["title"]
    before = msgspec.convert(fields, InvoiceCreated)
    async with transaction(service.pool) as connection:
        await project(connection, recorded(f"invoice.{NUMBER}", 1, before))
    await told(recorded(TASK, 7, TaskEdited(TaskDetails("Boiler"), HOTEL_AURORA)))
    assert (await office.get(f"/api/invoices/{NUMBER}")).json()["task_title"] == "Boiler"
