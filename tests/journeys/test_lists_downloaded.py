"""Any list as a file: with the filters of its page, and with no contact data of a client."""

import csv
import io
import zipfile

import httpx

from shared.contract.admin import Role
from shared.web.tables import BOM
from tests.people import BOILER, PRIVATE
from tests.running import Callout, only

LISTS = ("tasks", "clients", "invoices", "technicians", "reports", "audit")


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix(BOM))))


@only("one process")
async def test_every_list_is_downloaded_without_contact_data(fresh: Callout) -> None:
    """As CSV and XLSX, narrowed as the page is; a client is a name in it and nothing more."""
    office = fresh.office
    rami = await fresh.phones.person("Rami", "rami_fixes")
    await rami.start()
    await office.knows(rami)
    first = await office.task(technician_id=rami.id)
    second = await office.task(title="=1+1", priority="low")
    bill = {
        "currency": "EUR",
        "lines": [{"description": "Work", "quantity": "1", "unit_price": "60.30"}],
    }
    await office.call("PUT", f"/api/tasks/{first}/status", {"status": "completed"})
    invoice = (await office.bills(first, bill))["id"]

    for name in LISTS:
        text = (await office.http.get(f"/{name}.csv")).text
        book = zipfile.ZipFile(io.BytesIO((await office.http.get(f"/{name}.xlsx")).content))
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        for secret in PRIVATE:
            assert secret not in text
            assert secret not in sheet
        assert "<f>" not in sheet
        assert f"/{name}.csv" in (await office.http.get(f"/{name}?view=table")).text, "one click away"

    tasks = rows_of(await office.http.get("/tasks.csv"))
    assert [(row["Task"], row["Title"], row["Technician"], row["Client"]) for row in tasks] == [
        (str(second), "'=1+1", "", BOILER["client"]["name"]),
        (str(first), BOILER["title"], "Rami", BOILER["client"]["name"]),
    ]
    assert [row["Task"] for row in rows_of(await office.http.get("/tasks.csv?priority=low"))] == [str(second)]
    clients = rows_of(await office.http.get(f"/clients.csv?q={BOILER['client']['name'].split()[-1]}"))
    assert {row["Name"] for row in clients} == {BOILER["client"]["name"]}
    assert rows_of(await office.http.get("/clients.csv?q=nobody")) == []
    [row] = rows_of(await office.http.get("/invoices.csv"))
    assert (row["Invoice"], row["Total"], row["Status"], row["Task"]) == (
        str(invoice), "60.30", "Pending", str(first)
    )  # fmt: skip
    assert rows_of(await office.http.get("/invoices.csv?status=paid")) == []
    [row] = rows_of(await office.http.get("/technicians.csv?q=rami"))
    assert (row["Telegram id"], row["Name"], row["Username"]) == (str(rami.id), "Rami", "rami_fixes")


@only("one process")
async def test_who_may_only_look_downloads_what_they_see(fresh: Callout) -> None:
    """A viewer reads the clients' names on the pages, so a file with them tells nothing new."""
    number = await fresh.office.task()
    await fresh.office.knows_report(number)
    token = await fresh.command("token", "create", "looks", "--role", Role.VIEWER.value, service="notifier")
    async with httpx.AsyncClient(base_url=fresh.url, headers={"Authorization": f"Bearer {token}"}) as viewer:
        for name in LISTS:
            answer = await viewer.get(f"/{name}.csv")
            assert answer.status_code == 200
            assert not any(private in answer.text for private in PRIVATE)
        for name in ("tasks", "reports"):
            page = (await viewer.get(f"/{name}?view=table")).text
            assert f"/{name}.csv" in page
            assert BOILER["client"]["name"] in page
            [row] = rows_of(await viewer.get(f"/{name}.csv"))
            assert (row["Task"], row["Client"]) == (str(number), BOILER["client"]["name"])
