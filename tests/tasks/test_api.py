"""Tasks and clients over HTTP as JSON, with the real database and bus."""

import asyncio
from uuid import uuid4

import httpx

from shared.contract.delivery import DeliveryFailed, DeliverySent, DeliveryUnknown, Purpose, Trouble
from shared.contract.task import Action, ClientInfoSent, TaskSent, Verdict
from tests.tasks.conftest import BOILER, LINDQVIST, Json, Office, in_progress, new_task, said
from tests.tasks.examples import BRUNO, YASMIN


async def test_a_task_is_created_with_its_client(office: Office, admin: httpx.AsyncClient) -> None:
    """One call makes both; the answer shows the task, and no contact data."""
    created = await said(admin.post("/api/tasks", json=BOILER | {"technician_id": YASMIN}), 201)
    assert created["id"] == 1001
    assert created["status"] == "assigned"
    assert created["technician"] == {"id": YASMIN, "name": "Yasmin Haddad"}
    assert created["client"] == {"id": 1, "name": "Sigrid Lindqvist"}
    assert created["scheduled_at"] == "2030-05-17T09:30:00Z"
    assert created["delivery"] == {"task_info": None, "client_info": None, "reason": None}
    assert (created["offer"], created["version"]) == (0, 2)
    assert "bites" not in str(created)
    assert await said(admin.get("/api/tasks/1001")) == created
    assert await office.events("client.1") == ["ClientAdded"]


async def test_the_workflow_runs(office: Office, admin: httpx.AsyncClient) -> None:
    """Sent, accepted, client info, completed: each step shows in the task."""
    number = await new_task(admin)
    await said(admin.post(f"/api/tasks/{number}/assignment", json={"technician_id": YASMIN}))
    sent = await said(admin.post(f"/api/tasks/{number}/dispatch"))
    assert (sent["status"], sent["offer"], sent["delivery"]["task_info"]) == ("sent", 1, "queued")
    delivered = DeliverySent(Purpose.TASK_INFO, YASMIN, 7, number, 1)
    await office.hears("delivery", uuid4(), delivered, await office.newest(number, TaskSent))
    assert (await said(admin.get(f"/api/tasks/{number}")))["delivery"]["task_info"] == "sent"

    accepted = await office.tap(number, Action.ACCEPT)
    assert (accepted.verdict, accepted.sentence) == (Verdict.DONE, f"You accepted task #{number}.")
    again = await office.tap(number, Action.ACCEPT)
    assert (again.verdict, again.sentence) == (Verdict.ALREADY, f"You already accepted task #{number}.")
    stranger = await office.tap(number, Action.ACCEPT, BRUNO)
    assert (stranger.verdict, stranger.sentence) == (Verdict.REFUSED, "This offer is no longer yours.")

    assert (await office.client_info(number)).refusal
    informed = await said(admin.post(f"/api/tasks/{number}/client-info"))
    assert (informed["status"], informed["delivery"]["client_info"]) == ("in_progress", "queued")
    answer = await office.client_info(number)
    assert answer.client is not None
    assert answer.client.phone == LINDQVIST["phone"]
    assert (await office.client_info(number, BRUNO)).client is None
    assert (await office.client_info(number, YASMIN, 2)).client is None

    assert (await office.tap(number, Action.COMPLETE)).verdict is Verdict.DONE
    assert (await said(admin.get(f"/api/tasks/{number}")))["status"] == "completed"
    assert (await office.client_info(number)).refusal
    again_sent = await said(admin.post(f"/api/tasks/{number}/dispatch"))
    assert (again_sent["offer"], again_sent["delivery"]["task_info"]) == (2, "queued")


async def test_the_same_request_twice_makes_one_task(office: Office, admin: httpx.AsyncClient) -> None:
    """Also at the same moment, and with a client on the spot; another content under the same key is refused."""
    key = {"Idempotency-Key": "one"}
    posts = (admin.post("/api/tasks", json=BOILER, headers=key) for _ in range(6))
    numbers = {(await said(answer, 201))["id"] for answer in await asyncio.gather(*posts)}
    assert len(numbers) == 1
    assert len((await said(admin.get("/api/tasks")))["items"]) == 1
    assert len((await said(admin.get("/api/clients")))["items"]) == 1
    await said(admin.post("/api/tasks", json=BOILER | {"title": "Other"}, headers=key), 422)
    await said(admin.post("/api/tasks", json=BOILER | {"client": None, "client_id": 99}, headers=key), 422)


UNUSABLE: list[tuple[Json, str | None]] = [
    ({"title": ""}, "title"),
    ({"title": "x" * 201}, "title"),
    ({"title": None}, None),
    ({"priority": "asap"}, None),
    ({"scheduled_at": "2030-05-17T11:30:00"}, "scheduled_at"),
    ({"scheduled_at": "tomorrow"}, None),
    ({"technician_id": 5}, "technician_id"),
    ({"technician_id": 2**70}, None),
    ({"client": None}, "client"),
    ({"client": {"name": ""}}, "client.name"),
    ({"client": {"name": "x", "phone": "call me"}}, "client.phone"),
    ({"client_id": 1}, "client"),
    ({"client": None, "client_id": 77}, "client_id"),
]


async def test_an_unusable_task_changes_nothing(office: Office, admin: httpx.AsyncClient) -> None:
    """422 with a sentence for the field; neither task nor client is left behind."""
    for change, field in UNUSABLE:
        problem = await said(admin.post("/api/tasks", json=BOILER | change), 422)
        assert problem["detail"], change
        assert field is None or field in problem["fields"], change
    assert await office.service.pool.fetchval("SELECT count(*) FROM events") == 0


async def test_an_unknown_task_is_not_found(admin: httpx.AsyncClient) -> None:
    """404 with a sentence, by every route, however large the number."""
    for number in (1, 999999, 2**63, 10**30):
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"title": "x"}),
            ("DELETE", "", None),
            ("POST", "/assignment", {"technician_id": YASMIN}),
            ("POST", "/dispatch", None),
            ("POST", "/client-info", None),
            ("PUT", "/status", {"status": "cancelled"}),
        ):
            problem = await said(admin.request(method, f"/api/tasks/{number}{path}", json=body), 404)
            assert problem["detail"].startswith("There is no such task"), (method, path, number)


async def test_a_task_is_edited_in_part(admin: httpx.AsyncClient) -> None:
    """What is left out stays; null clears the schedule."""
    number = await new_task(admin)
    edited = await said(admin.patch(f"/api/tasks/{number}", json={"title": "Burst pipe"}))
    assert (edited["title"], edited["area"], edited["version"]) == ("Burst pipe", "Altstadt", 2)
    assert edited["scheduled_at"] == "2030-05-17T09:30:00Z"
    edited = await said(admin.patch(f"/api/tasks/{number}", json={"scheduled_at": None}))
    assert edited["scheduled_at"] is None
    same = await said(admin.patch(f"/api/tasks/{number}", json={"title": "Burst pipe"}))
    assert same["version"] == 3
    await said(admin.patch(f"/api/tasks/{number}", json={"client_id": 77}), 422)
    await said(admin.patch(f"/api/tasks/{number}", json={"title": " "}), 422)


async def test_the_same_edit_twice_is_one_event(office: Office, admin: httpx.AsyncClient) -> None:
    """Another edit under the same key is refused, rather than answered as if it were done."""
    number = await new_task(admin)
    key, path = {"Idempotency-Key": "one"}, f"/api/tasks/{number}"
    for _ in range(2):
        await said(admin.patch(path, json={"title": " Burst pipe "}, headers=key))
    assert await office.events(f"task.{number}") == ["TaskCreated", "TaskEdited"]
    await said(admin.patch(path, json={"title": "Other"}, headers=key), 422)
    assert (await said(admin.get(path)))["title"] == "Burst pipe"


async def test_two_admins_on_one_task(admin: httpx.AsyncClient) -> None:
    """The second, who saw an older version, gets 409."""
    number = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{number}/assignment", json={"technician_id": BRUNO, "version": 2}))
    path = f"/api/tasks/{number}"
    for answer in (
        admin.post(f"{path}/assignment", json={"technician_id": YASMIN, "version": 2}),
        admin.post(f"{path}/dispatch", json={"version": 2}),
        admin.put(f"{path}/status", json={"status": "cancelled", "version": 2}),
        admin.patch(path, json={"title": "x", "version": 2}),
    ):
        assert "meanwhile" in (await said(answer, 409))["detail"]
    assert (await said(admin.get(path)))["version"] == 3


async def test_a_status_is_set_by_hand(admin: httpx.AsyncClient) -> None:
    """What makes no sense is refused with 409, what is no status with 422."""
    number = await new_task(admin)
    path = f"/api/tasks/{number}/status"
    assert "Assign a technician" in (await said(admin.put(path, json={"status": "completed"}), 409))["detail"]
    assert "no status" in (await said(admin.put(path, json={"status": "deleted"}), 422))["detail"]
    assert (await said(admin.put(path, json={"status": "cancelled"})))["status"] == "cancelled"


async def test_a_deleted_task_is_gone(admin: httpx.AsyncClient) -> None:
    """From the list, and by its number; a second deletion finds nothing."""
    number = await new_task(admin)
    await said(admin.delete(f"/api/tasks/{number}"), 204)
    await said(admin.get(f"/api/tasks/{number}"), 404)
    await said(admin.delete(f"/api/tasks/{number}"), 404)
    assert (await said(admin.get("/api/tasks")))["items"] == []


async def test_deliveries_show_on_the_task(office: Office, admin: httpx.AsyncClient) -> None:
    """Failed and unknown say why; a resend is queued again, whatever is told of the first message meanwhile."""
    number = await in_progress(office, admin)
    first = await office.newest(number, ClientInfoSent)
    failed = DeliveryFailed(Purpose.CLIENT_INFO, YASMIN, Trouble.BLOCKED, "The bot was blocked.", number, 1)
    await office.hears("delivery", uuid4(), failed, first)
    delivery = (await said(admin.get(f"/api/tasks/{number}")))["delivery"]
    assert (delivery["client_info"], delivery["reason"]) == ("failed", "The bot was blocked.")
    await said(admin.post(f"/api/tasks/{number}/client-info"))
    assert (await said(admin.get(f"/api/tasks/{number}")))["delivery"]["client_info"] == "queued"
    second = await office.newest(number, ClientInfoSent)
    await office.hears("delivery", uuid4(), DeliverySent(Purpose.CLIENT_INFO, YASMIN, 8, number, 1), first)
    assert (await said(admin.get(f"/api/tasks/{number}")))["delivery"]["client_info"] == "queued"
    await office.hears("delivery", uuid4(), DeliveryUnknown(Purpose.CLIENT_INFO, YASMIN, number, 1), second)
    delivery = (await said(admin.get(f"/api/tasks/{number}")))["delivery"]
    assert delivery["client_info"] == "unknown"
    assert "may be in the chat" in delivery["reason"]


async def test_the_api_is_described(admin: httpx.AsyncClient) -> None:
    """OpenAPI names every call of the design."""
    described = await said(admin.get("/api/tasks/openapi.json"))
    assert {
        "/api/tasks",
        "/api/tasks/{number}",
        "/api/tasks/{number}/assignment",
        "/api/tasks/{number}/dispatch",
        "/api/tasks/{number}/client-info",
        "/api/tasks/{number}/status",
        "/api/clients",
        "/api/clients/{number}",
    } <= set(described["paths"])
