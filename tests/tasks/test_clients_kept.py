"""Clients over HTTP: added once, edited in part, found by name, and their contact data nowhere but encrypted."""

import asyncio
import json
from typing import Any

import httpx

from shared.contract.admin import Role
from tests.tasks.conftest import BOILER, LINDQVIST, Office, in_progress, said


async def test_the_same_request_twice_adds_one_client(admin: httpx.AsyncClient) -> None:
    """And another name under the same key is refused, rather than forgotten."""
    key = {"Idempotency-Key": "one"}
    posts = (admin.post("/api/clients", json=LINDQVIST, headers=key) for _ in range(4))
    assert len({(await said(answer, 201))["id"] for answer in await asyncio.gather(*posts)}) == 1
    await said(admin.post("/api/clients", json=LINDQVIST | {"name": "Other"}, headers=key), 422)


async def test_contact_data_is_nowhere_but_encrypted(office: Office, admin: httpx.AsyncClient) -> None:
    """Not in an event, an answer's copy, or a readable column; shown on the client alone, and not to viewers."""
    await in_progress(office, admin)
    pool = office.service.pool
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'tasks'")
    for table in (row["tablename"] for row in tables):
        stored = json.dumps([str(dict(row)) for row in await pool.fetch(f'SELECT * FROM "{table}"')])
        assert "Storgatan" not in stored, table
        assert "sigrid@" not in stored, table
    assert (await said(admin.get("/api/clients/1")))["contact"] == LINDQVIST
    async with office.as_role(Role.VIEWER) as viewer:
        assert (await said(viewer.get("/api/clients/1")))["contact"] is None
        await said(viewer.post("/api/tasks", json=BOILER), 403)


async def test_a_client_is_edited(office: Office, admin: httpx.AsyncClient) -> None:
    """In part; the journal learns which fields changed; an old version is refused."""
    added = await said(admin.post("/api/clients", json=LINDQVIST), 201)
    path = f"/api/clients/{added['id']}"
    edited = await said(admin.patch(path, json={"name": "Sigrid Berg", "phone": "112", "version": 1}))
    assert (edited["name"], edited["contact"]["phone"]) == ("Sigrid Berg", "112")
    assert edited["contact"]["address"] == LINDQVIST["address"]
    assert await office.events("client.1") == ["ClientAdded", "ClientRenamed", "ClientContactChanged"]
    await said(admin.patch(path, json={"phone": "113", "version": 1}), 409)
    problem = await said(admin.patch(path, json={"email": "nobody"}), 422)
    assert list(problem["fields"]) == ["email"]
    await said(admin.patch("/api/clients/77", json={"phone": "112"}), 404)
    await said(admin.get(f"/api/clients/{10**30}"), 404)


async def test_clients_are_found_and_paged_by_name(admin: httpx.AsyncClient) -> None:
    """In the order of their names, whatever their case."""
    for name in ("zoe", "Ärztehaus", "anton", "Berta", "berta"):
        await said(admin.post("/api/clients", json={"name": name}), 201)
    names: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = await said(admin.get("/api/clients", params=query))
        names += [client["name"] for client in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert names == ["anton", "Berta", "berta", "zoe", "Ärztehaus"]
    assert [c["name"] for c in (await said(admin.get("/api/clients?q=bert")))["items"]] == ["Berta", "berta"]
