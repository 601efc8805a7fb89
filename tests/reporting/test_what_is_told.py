"""Reports and the audit log through HTTP, as JSON and as pages."""

import csv
import io
import re
import zipfile
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from reporting.pages import KINDS
from reporting.views import KINDS as ALL_KINDS
from shared.contract import OWNER
from shared.contract.admin import Role
from shared.contract.client import ClientErased
from shared.contract.event import by_technician
from shared.contract.site import Site
from shared.contract.task import (
    TaskAssigned,
    TaskCreated,
    TaskDetails,
    TaskEdited,
    TaskRejected,
    TaskSent,
    TaskUnassigned,
)
from shared.contract.technician import TechnicianRegistered
from shared.service import Service
from shared.web.tables import BOM
from tests.reporting.conftest import As, Settle, Told
from tests.reporting.histories import LENA, RAMI, Teller, boiler, continued, wrong_button

MAYA = 7_000_000_003
BAD = TaskDetails('=HYPERLINK("http://evil")', "@SUM(1)", "<script>alert(1)</script>")


async def got(client: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_rejection_took_its_time_in_the_list_and_on_the_page(
    told: Told, office: httpx.AsyncClient
) -> None:
    """Rami thought for two minutes."""
    rejected = next(place for place, each in enumerate(boiler()) if each.type == "TaskRejected")
    await told(boiler()[: rejected + 1])
    assert (await got(office, "/api/reports/tasks/1042"))["task"]["response_seconds"] == 120
    assert ">2 min</td>" in (await office.get("/reports")).text
    assert '<dd class="col-7">2 min</dd>' in (await office.get("/reports/1042")).text


async def test_the_report_of_a_task_tells_its_whole_story(told: Told, office: httpx.AsyncClient) -> None:
    """Data, responses with reasons, the invoice, the status history and every event, deliveries too."""
    await told(boiler())
    report = await got(office, "/api/reports/tasks/1042")
    assert report["task"]["title"] == "Boiler drips"
    assert (report["task"]["client"], report["task"]["technician_name"]) == ("Mrs Haddad", "Lena")
    assert report["task"]["response_seconds"] == 45
    assert [
        (each["technician"], each["response"], each["offer"], each.get("reason"))
        for each in report["responses"]
    ] == [(RAMI, "rejected", 1, "No van today"), (LENA, "accepted", 2, None), (LENA, "completed", 2, None)]
    assert "reason" not in report["responses"][1]
    assert [(each["from"], each["to"]) for each in report["status_history"]] == [
        (None, "new"),
        ("new", "assigned"),
        ("assigned", "sent"),
        ("sent", "rejected"),
        ("rejected", "assigned"),
        ("assigned", "sent"),
        ("sent", "accepted"),
        ("accepted", "in_progress"),
        ("in_progress", "completed"),
    ]
    assert report["status_history"][0]["actor"] == "admin:anna"
    [invoice] = report["invoices"]
    assert (invoice["id"], invoice["status"], invoice["total"]) == (1, "paid", "36.18")
    assert [each["to"] for each in invoice["status_history"]] == ["pending", "paid"]
    kinds = [each["kind"] for each in report["timeline"]]
    assert kinds == [each.type for each in boiler()[4:]]
    assert "bot was blocked" in report["timeline"][kinds.index("DeliveryFailed")]["sentence"]


async def test_an_unknown_report_is_a_404_with_a_sentence(office: httpx.AsyncClient) -> None:
    """Also for a number that no database could hold."""
    for number in ("1042", "9" * 30, "0", "-" + "9" * 30):
        for method in ("GET", "DELETE"):
            answer = await office.request(method, f"/api/reports/tasks/{number}")
            assert answer.status_code == 404
            assert answer.json()["detail"] == f"There is no report of a task #{number}."
    assert "Nothing is known" in (await office.get(f"/reports/for-task/{'9' * 30}")).text


async def test_a_deleted_report_is_gone_and_the_audit_stays(
    service: Service, told: Told, office: httpx.AsyncClient
) -> None:
    """404 with a sentence everywhere, even when its task goes on; the log has the deletion too."""
    await told(boiler())
    key = {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        assert (await office.delete("/api/reports/tasks/1042", headers=key)).status_code == 204
    assert "was deleted" in (await got(office, "/api/reports/tasks/1042", 404))["detail"]
    assert (await office.delete("/api/reports/tasks/1042")).status_code == 404
    assert (await got(office, "/api/reports"))["items"] == []
    assert "was deleted" in (await office.get("/reports/1042")).text
    assert "was deleted" in (await office.get("/reports/for-task/1042")).text
    lines = (await got(office, "/api/audit?task=1042"))["items"]
    assert len(lines) == len(boiler()[4:]) + 1
    assert lines[0]["sentence"] == "API token “anna” deleted the report of task #1042"

    again = continued(boiler())
    again.tell("task.1042", TaskSent(LENA, 3))
    await told(again.told[-1:])
    await got(office, "/api/reports/tasks/1042", 404)
    assert await service.pool.fetchval("SELECT count(*) FROM events") == 1


async def test_the_deletion_in_a_page_needs_its_form_and_leads_to_the_list(told: Told, caller: As) -> None:
    """A viewer sees no such form, and is refused."""
    await told(boiler())
    viewer, dispatcher = await caller(Role.VIEWER), await caller(Role.DISPATCHER)
    assert "/reports/1042/delete" not in (await viewer.get("/reports/1042")).text
    assert (await viewer.post("/reports/1042/delete")).status_code == 403
    assert (await viewer.delete("/api/reports/tasks/1042")).status_code == 403
    assert 'action="/reports/1042/delete"' in (await dispatcher.get("/reports/1042")).text
    answer = await dispatcher.post("/reports/1042/delete", data={"command_id": str(uuid4())})
    assert (answer.status_code, answer.headers["location"]) == (303, "/reports")
    assert (await dispatcher.get("/reports/1042")).status_code == 404


async def test_a_technician_is_found_by_every_task_they_ever_held(
    told: Told, office: httpx.AsyncClient
) -> None:
    """Also by those that went on to somebody else; whoever never held one is not offered."""
    teller = Teller()
    for telegram_id, name in ((RAMI, "Rami"), (LENA, "Lena"), (MAYA, "Maya")):
        teller.tell(
            f"technician.{telegram_id}",
            TechnicianRegistered(telegram_id, name),
            by_technician(telegram_id),
        )
    for number in (1001, 1002):
        teller.tell(f"task.{number}", TaskCreated(number, TaskDetails(f"Job {number}"), 7))
        teller.tell(f"task.{number}", TaskAssigned(RAMI))
    teller.tell("task.1001", TaskUnassigned(RAMI))
    teller.tell("task.1002", TaskAssigned(LENA))
    await told(teller.told)
    page = (await office.get("/reports")).text
    offered = page.partition('id="technician"')[2].partition("</select>")[0]
    assert [each for each in ("Lena", "Maya", "Rami") if f">{each}</option>" in offered] == ["Lena", "Rami"]
    for technician, held in ((RAMI, [1002, 1001]), (LENA, [1002])):
        found = await got(office, f"/api/reports?technician={technician}")
        assert [each["id"] for each in found["items"]] == held


async def test_reports_are_listed_by_filter_and_paged_by_key(told: Told, office: httpx.AsyncClient) -> None:
    """Status, technician, words and number; each page begins where the last one ended."""
    teller = Teller()
    for number in range(1001, 1008):
        teller.tell(f"task.{number}", TaskCreated(number, TaskDetails(f"Job {number}", area="Harbour"), 7))
        if number % 2:
            teller.tell(f"task.{number}", TaskAssigned(RAMI))
    teller.tell("task.1002", TaskEdited(TaskDetails("Gutter", "Café “Zürich”"), 7))
    await told(teller.told)

    async def ids(query: str) -> list[int]:
        return [each["id"] for each in (await got(office, f"/api/reports?{query}"))["items"]]

    assert await ids("") == list(range(1007, 1000, -1))
    assert await ids("status=assigned") == [1007, 1005, 1003, 1001]
    assert await ids(f"technician={RAMI}&status=new") == []
    assert await ids(f"technician={RAMI}") == [1007, 1005, 1003, 1001]
    assert await ids("q=zürich gut") == [1002]
    assert await ids("q=%231003") == [1003]
    assert await ids("q=harbour&status=new") == [1006, 1004]
    assert await ids("q=!!'&:*(") == []
    first = await got(office, "/api/reports?limit=3")
    second = await got(office, f"/api/reports?limit=3&after={first['next']}")
    third = await got(office, f"/api/reports?limit=3&after={second['next']}")
    assert [[each["id"] for each in page["items"]] for page in (first, second, third)] == [
        [1007, 1006, 1005],
        [1004, 1003, 1002],
        [1001],
    ]
    assert third["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        "reports?status=lost",
        "reports?technician=x",
        f"reports?technician={'9' * 30}",
        "reports?after=nonsense",
        "reports?limit=0",
        "audit?kind=TaskLost",
        "audit?task=x",
        f"audit?task={'9' * 30}",
        f"audit?task={'0' * 30}{'9' * 30}",
        "audit?after=WzFd",
        "audit?from=yesterday",
        "reports?to=9999-12-31",
    ],
)
async def test_a_filter_that_means_nothing_is_refused(office: httpx.AsyncClient, query: str) -> None:
    """As JSON and as a page, with a sentence and not a fault."""
    assert "detail" in await got(office, f"/api/{query}", 422)
    assert (await office.get(f"/{query}")).status_code == 422


async def test_the_audit_log_tells_every_event_newest_first(told: Told, office: httpx.AsyncClient) -> None:
    """Filtered by actor, kind and task, and paged by key, each event once."""
    events = boiler()
    await told(events)
    everything = (await got(office, "/api/audit"))["items"]
    assert [each["id"] for each in everything] == [str(each.id) for each in reversed(events)]
    assert everything[-1] == {
        "id": str(events[0].id),
        "at": "2026-11-20T08:01:00Z",
        "actor": "service:notifier",
        "by": "Callout",
        "kind": "AdminAdded",
        "sentence": "Callout added the owner Anna Berg (anna)",
        "stream": "admin.anna",
        "version": 1,
        "task": None,
    }
    by_rami = (await got(office, f"/api/audit?actor=technician:{RAMI}&task=1042"))["items"]
    assert [each["kind"] for each in by_rami] == ["RejectionExplained", "TaskRejected"]
    sent = (await got(office, "/api/audit?kind=TaskSent"))["items"]
    assert [each["sentence"] for each in sent] == [
        "Anna Berg sent task #1042 to Lena",
        "Anna Berg sent task #1042 to Rami",
    ]
    seen, after = [], ""
    while True:
        page = await got(office, f"/api/audit?limit=3&after={after}")
        seen += [each["id"] for each in page["items"]]
        if not (after := page["next"]):
            break
    assert seen == [each["id"] for each in everything]


async def test_a_report_tells_of_a_rejection_that_was_taken_back(
    told: Told, office: httpx.AsyncClient
) -> None:
    """It happened, so it stays in the story, without the reason that went with it."""
    teller = Teller()
    wrong_button(teller)
    await told(teller.told)
    report = await got(office, "/api/reports/tasks/1042")
    mistake, earnest = report["responses"]
    assert (mistake["response"], mistake["taken_back_at"]) == ("rejected", "2026-11-20T08:03:20Z")
    assert "reason" not in mistake
    assert (earnest["response"], earnest["reason"], "taken_back_at" in earnest) == ("rejected", "Ill", False)
    assert [(each["from"], each["to"]) for each in report["status_history"]][-3:] == [
        ("sent", "rejected"),
        ("rejected", "sent"),
        ("sent", "rejected"),
    ]
    page = (await office.get("/reports/1042")).text
    assert re.search(r'Rejected</span>\s*<span class="text-secondary">taken back', page)
    assert "took the rejection back, it was the wrong button" in page


async def test_an_erased_client_has_no_name_anywhere(told: Told, office: httpx.AsyncClient) -> None:
    """Not in the log, the report, the pages or the exports."""
    events = continued(boiler())
    await told(events.told)
    paths = (
        "/api/audit",
        "/audit",
        "/audit.csv",
        "/api/reports/tasks/1042",
        "/reports/1042",
        "/reports.csv",
        "/",
    )
    assert "Haddad" in (await office.get("/api/audit")).text
    await told([events.tell("client.7", ClientErased())])
    for path in paths:
        answer = await office.get(path)
        assert answer.status_code == 200
        assert "Haddad" not in answer.text
    assert "client 7" in (await office.get("/api/reports/tasks/1042")).text


async def test_what_people_typed_is_inert_on_every_page_and_in_every_file(
    told: Told, office: httpx.AsyncClient
) -> None:
    """A script is text, and a formula is a cell with an apostrophe in front."""
    teller = Teller()
    teller.tell("task.1001", TaskCreated(1001, BAD, 7))
    teller.tell("task.1001", TaskAssigned(RAMI))
    teller.tell("task.1001", TaskSent(RAMI, 1))
    teller.tell("task.1001", TaskRejected(RAMI, 1), by_technician(RAMI))
    await told(teller.told)
    for path in ("/", "/reports", "/reports/1001", "/audit", "/reports/for-task/1001"):
        text = (await office.get(path)).text
        assert "HYPERLINK" in text or path == "/reports/for-task/1001"
        assert "<script>alert" not in text
    [row] = rows_of(await office.get("/reports.csv"))
    assert (row["Title"], row["Area"]) == ("'" + BAD.title, BAD.area)
    book = zipfile.ZipFile(io.BytesIO((await office.get("/reports.xlsx")).content))
    sheet = book.read("xl/worksheets/sheet1.xml")
    assert b"HYPERLINK" in sheet
    assert b"<f>" not in sheet


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix(BOM))))


async def test_reports_and_events_are_found_by_the_days_of_the_site(
    settle: Settle, told: Told, office: httpx.AsyncClient
) -> None:
    """From the begin of the first day to the end of the last, on its clock; in lists and in files."""
    teller = Teller()
    for number, at in ((1001, "2026-11-19T21:59"), (1002, "2026-11-19T22:00"), (1003, "2026-11-20T22:00")):
        teller.now = datetime.fromisoformat(f"{at}:00+00:00")
        teller.tell(f"task.{number}", TaskCreated(number, TaskDetails("Job"), 7), after=0)
    await told(teller.told)
    await settle(Site(time_zone="Asia/Beirut"))  # two hours ahead of UTC in winter
    for query, expected in (
        ("from=2026-11-20&to=2026-11-20", ["1002"]),
        ("from=2026-11-20", ["1003", "1002"]),
        ("to=2026-11-20", ["1002", "1001"]),
    ):
        assert [row["Task"] for row in rows_of(await office.get(f"/reports.csv?{query}"))] == expected
        assert [row["Task"] for row in rows_of(await office.get(f"/audit.csv?{query}"))] == expected
        page = (await office.get(f"/reports?{query}")).text
        assert [number for number in ("1003", "1002", "1001") if f"#{number}" in page] == expected
        for kind in ("reports", "audit"):
            items = (await got(office, f"/api/{kind}?{query}"))["items"]
            assert [str(each.get("task") or each["id"]) for each in items] == expected


async def test_an_export_holds_every_row_once_however_many_pages_it_took(
    told: Told, office: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the filters of the page it was asked from."""
    monkeypatch.setattr("shared.web.tables.PAGE", 4)
    await told(boiler())
    answer = await office.get("/audit.csv?task=1042")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="audit.csv"' in answer.headers["content-disposition"]
    rows = rows_of(answer)
    assert [row["Id of the event"] for row in rows] == [str(each.id) for each in reversed(boiler()[4:])]
    assert rows[0]["Kind"] == "Invoice status changed"
    assert (await office.get("/audit.csv?kind=Nothing")).status_code == 422


async def test_times_are_shown_in_the_zone_of_the_site(
    settle: Settle, told: Told, office: httpx.AsyncClient
) -> None:
    """08:05 UTC is 10:05 in Beirut."""
    await told(boiler())
    await settle(Site(time_zone="Asia/Beirut"))
    assert "10:05" in (await office.get("/reports/1042")).text


async def test_nobody_sees_anything_without_a_session(told: Told, caller: As) -> None:
    """Pages lead to the login; JSON and files say 401."""
    await told(boiler())
    stranger = await caller(None)
    for path in (
        "/",
        "/reports",
        "/reports/1042",
        "/reports/1042/document",
        "/reports.csv",
        "/reports.xlsx",
        "/audit",
        "/audit.csv",
        "/audit.xlsx",
        "/reports/for-task/1042",
    ):
        answer = await stranger.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login")
    for path in ("/api/reports", "/api/reports/tasks/1042", "/api/audit"):
        await got(stranger, path, 401)


def test_every_kind_of_event_can_be_filtered_by() -> None:
    """The page offers what the API knows, grouped by what it is about."""
    assert sorted(kind for _, kinds in KINDS for kind in kinds) == sorted(ALL_KINDS)
    assert [aggregate for aggregate, _ in KINDS] == list(OWNER)
