"""Erasing a client wholly: by API and on the page, refused while somebody needs the data, and nothing left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from shared.contract.admin import Role
from shared.contract.task import Action
from shared.journal import redact
from tests.people import PATIENCE
from tests.tasks.conftest import LINDQVIST, Office, in_progress, new_task, said, until
from tests.tasks.examples import YASMIN
from tests.tasks.test_pages import pressed, shown

NAMES = ("Lindqvist", "lindqvist", "Zetterberg", "zetterberg")

TEXTS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND data_type IN ('text', 'json', 'jsonb', 'tsvector', 'bytea', 'ARRAY')
"""


async def found(office: Office) -> list[str]:
    """Every column of every table that holds one of the names, in whatever form it can be read."""
    pool = office.service.pool
    places = []
    for column in await pool.fetch(TEXTS):
        table, name = column["table_name"], column["column_name"]
        for row in await pool.fetch(f'SELECT "{name}" AS value FROM "{table}"'):
            value = row["value"]
            text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
            if any(each in text for each in NAMES):
                places.append(f"{table}.{name}")
    return places


async def renamed(admin: httpx.AsyncClient) -> int:
    """A client who was added, renamed, and given another phone number, each by a command of its own."""
    client = int((await said(admin.post("/api/clients", json=LINDQVIST), 201))["id"])
    for changes in ({"name": "Sigrid Zetterberg"}, {"phone": "+46 8 765 43 21"}):
        await said(admin.patch(f"/api/clients/{client}", json=changes))
    return client


@asynccontextmanager
async def being_erased(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, client: int
) -> AsyncIterator[None]:
    """Inside, the data is gone and nothing of that is committed yet; at the end, all of it is."""
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def held(connection: asyncpg.Connection, *more: Any) -> None:
        await redact(connection, *more)
        reached.set()
        await go_on.wait()

    with monkeypatch.context() as patch:
        patch.setattr("tasks.handlers.redact", held)
        erasing = asyncio.create_task(said(admin.delete(f"/api/clients/{client}"), 204))
        await asyncio.wait_for(reached.wait(), PATIENCE)
        yield
        go_on.set()
        await erasing


async def test_nothing_of_an_erased_client_is_left(office: Office, admin: httpx.AsyncClient) -> None:
    """No text, no search word, no answer of a command, and nothing on the bus; the history is whole."""
    client = await renamed(admin)
    number = await new_task(admin, client=None, client_id=client)
    assert set(await found(office)) >= {"events.data", "commands.answer", "clients.name", "clients.words"}
    await said(admin.delete(f"/api/clients/{client}"), 204)

    assert await found(office) == []
    assert await office.service.pool.fetchval("SELECT count(*) FROM client_contacts") == 0
    history = ["ClientAdded", "ClientRenamed", "ClientContactChanged", "ClientErased"]
    assert await office.events(f"client.{client}") == history
    await said(admin.get(f"/api/clients/{client}"), 404)
    assert (await said(admin.get("/api/clients")))["items"] == []
    assert (await said(admin.get("/api/clients", params={"q": "Sigrid"})))["items"] == []
    task = await said(admin.get(f"/api/tasks/{number}"))
    assert task["client"] == {"id": client, "name": "(erased)"}
    await said(admin.patch(f"/api/clients/{client}", json={"name": "Back again"}), 404)
    await said(admin.delete(f"/api/clients/{client}"), 204)
    assert await office.events(f"client.{client}") == history

    await until(lambda: office.service.pool.fetchval("SELECT count(*) FROM outbox"), 0)
    js = office.service.bus.js
    subscription = await js.subscribe(f"events.client.{client}.>", ordered_consumer=True)
    bodies = [(await subscription.next_msg(timeout=PATIENCE)).data.decode() for _ in history]
    assert not any(name in body for name in NAMES for body in bodies)


async def test_the_rows_are_the_same_after_a_rebuild(office: Office, admin: httpx.AsyncClient) -> None:
    """The redacted events tell what the tables say."""
    client = await renamed(admin)
    await said(admin.delete(f"/api/clients/{client}"), 204)
    before = await office.service.pool.fetch("SELECT * FROM clients")
    await office.service.rebuild()
    assert await office.service.pool.fetch("SELECT * FROM clients") == before


async def test_erased_twice_with_one_key(office: Office, admin: httpx.AsyncClient) -> None:
    """The repeated request gets the first one's answer; the one that added the client can't be repeated."""
    add, erase = {"Idempotency-Key": "add"}, {"Idempotency-Key": "erase"}
    client = int((await said(admin.post("/api/clients", json=LINDQVIST, headers=add), 201))["id"])
    for _ in range(2):
        await said(admin.delete(f"/api/clients/{client}", headers=erase), 204)
    assert await office.events(f"client.{client}") == ["ClientAdded", "ClientErased"]
    await said(admin.post("/api/clients", json=LINDQVIST, headers=add), 422)


@pytest.mark.parametrize("end", ["completed", "cancelled", "withdrawn"])
async def test_refused_while_somebody_needs_the_data(
    office: Office, admin: httpx.AsyncClient, end: str
) -> None:
    """Accepted or in progress, with an offer that stands: complete or cancel it first."""
    number = await new_task(admin, technician_id=YASMIN)
    client = (await said(admin.get(f"/api/tasks/{number}")))["client"]["id"]
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    await office.tap(number, Action.ACCEPT)
    refused = await said(admin.delete(f"/api/clients/{client}"), 409)
    assert f"Task #{number} of this client is accepted. Complete or cancel it first." in str(refused)
    await said(admin.post(f"/api/tasks/{number}/client-info"))
    assert "is in progress" in str(await said(admin.delete(f"/api/clients/{client}"), 409))
    assert (await said(admin.get(f"/api/clients/{client}")))["contact"]["phone"] == LINDQVIST["phone"]
    match end:
        case "completed":
            await office.tap(number, Action.COMPLETE)
        case "cancelled":
            await said(admin.put(f"/api/tasks/{number}/status", json={"status": "cancelled"}))
        case "withdrawn":
            await said(admin.put(f"/api/tasks/{number}/status", json={"status": "assigned"}))
    await said(admin.delete(f"/api/clients/{client}"), 204)
    assert await found(office) == []


async def test_an_offer_that_is_not_answered_yet_is_no_hindrance(
    office: Office, admin: httpx.AsyncClient
) -> None:
    """Its technician has seen nothing of the client. The task stays accepted, and with another client it goes on."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    await said(admin.delete("/api/clients/1"), 204)
    await office.tap(number, Action.ACCEPT)
    refused = await said(admin.post(f"/api/tasks/{number}/client-info"), 409)
    assert "was erased, so there is nothing to send" in refused["detail"]
    assert (await said(admin.get(f"/api/tasks/{number}")))["status"] == "accepted"
    other = (await said(admin.post("/api/clients", json=LINDQVIST), 201))["id"]
    await said(admin.patch(f"/api/tasks/{number}", json={"client_id": other}))
    await said(admin.post(f"/api/tasks/{number}/client-info"))
    assert (await office.client_info(number)).client


async def test_only_who_may(office: Office, admin: httpx.AsyncClient) -> None:
    """A viewer may not, and is offered nothing; whom nobody knows can't be erased."""
    client = await renamed(admin)
    async with office.as_role(Role.VIEWER) as viewer:
        await said(viewer.delete(f"/api/clients/{client}"), 403)
    async with office.as_role(Role.VIEWER, browser=True) as viewer:
        assert "Delete" not in await shown(viewer, f"/clients/{client}")
        assert (await pressed(viewer, f"/clients/{client}/delete")).status_code == 403
    for unknown in (99, 2**63, 0):
        await said(admin.delete(f"/api/clients/{unknown}"), 404)
    assert len(await office.events(f"client.{client}")) == 3


async def test_on_the_page(office: Office, admin: httpx.AsyncClient, browser: httpx.AsyncClient) -> None:
    """It asks once, says what goes and what stays, refuses with its sentence, and ends on the list."""
    number = await in_progress(office, admin)
    path = "/clients/1"
    assert f'href="{path}/delete"' in await shown(browser, path)
    page = await shown(browser, f"{path}/delete")
    assert "are removed everywhere" in page
    assert "1 task stays" in page
    assert f'action="{path}/delete"' in page
    answer = await pressed(browser, f"{path}/delete", version=1)
    assert answer.status_code == 409
    assert f"Task #{number} of this client is in progress" in answer.text
    await office.tap(number, Action.COMPLETE)
    seen: Any = await pressed(browser, f"{path}/delete", version=7)
    assert "Somebody changed this meanwhile" in seen.text
    answer = await pressed(browser, f"{path}/delete", version=1)
    assert (answer.status_code, answer.headers["location"]) == (303, "/clients")
    assert "Lindqvist" not in await shown(browser, "/clients")
    assert "(erased)" in await shown(browser, f"/tasks/{number}")
    await shown(browser, path, 404)


async def test_saving_without_a_change_brings_nothing_back(
    office: Office, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit that changes nothing meets no conflict with the erasure, so it writes nothing either."""
    client = await renamed(admin)
    await said(admin.patch(f"/api/clients/{client}", json={"phone": "+46 8 765 43 21"}))
    sql = "SELECT xmin::text FROM client_contacts WHERE client = $1"
    before = await office.service.pool.fetchval(sql, client)
    await said(admin.patch(f"/api/clients/{client}", json={}))
    assert await office.service.pool.fetchval(sql, client) == before


async def test_no_task_is_begun_for_a_client_who_is_being_erased(
    office: Office, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes at that moment waits, and is then told; so does who gives them another's task."""
    client = await renamed(admin)
    other = await new_task(admin)
    async with being_erased(admin, monkeypatch, client):
        body = {"title": "Leaking boiler", "client_id": client}
        creating = asyncio.create_task(said(admin.post("/api/tasks", json=body), 422))
        edit = admin.patch(f"/api/tasks/{other}", json={"client_id": client})
        editing = asyncio.create_task(said(edit, 422))
        await asyncio.sleep(0.2)
    for answer in (await creating, await editing):
        assert "There is no such client." in str(answer)
    assert await office.service.pool.fetchval("SELECT count(*) FROM tasks WHERE client = $1", client) == 0


async def test_no_fingerprint_is_left_by_an_edit_at_that_moment(
    office: Office, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that changes nothing is a command too, made of the name."""
    client = await renamed(admin)
    async with being_erased(admin, monkeypatch, client):
        editing = asyncio.create_task(said(admin.patch(f"/api/clients/{client}", json={}), 404))
        await asyncio.sleep(0.2)
    await editing
    left = "SELECT count(*) FROM commands WHERE answer->>'stream' = $1 AND fingerprint <> ''"
    assert await office.service.pool.fetchval(left, f"client.{client}") == 1  # the erasure's own
