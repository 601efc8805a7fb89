"""What tasks hears of technicians: who can be given work, and what becomes of it when they go."""

import httpx
import msgspec

from shared.contract.admin import Role
from shared.contract.event import Event
from shared.contract.task import Action
from shared.contract.technician import (
    TechnicianAccountGone,
    TechnicianBlockedBot,
    TechnicianDeactivated,
    TechnicianDeleted,
    TechnicianEdited,
    TechnicianReactivated,
    TechnicianRegistered,
    TechnicianUnblockedBot,
)
from tests.conftest import SettingsFor
from tests.people import eventually
from tests.tasks.conftest import BOILER, Office, envelope, new_task, rebuilt_is_the_same, running, said
from tests.tasks.examples import BRUNO, YASMIN


async def test_a_deleted_technicians_tasks_are_free(office: Office, admin: httpx.AsyncClient) -> None:
    """The open offer is withdrawn first; what is finished keeps its technician; a rebuild acts on nothing again."""
    sent = await new_task(admin, technician_id=YASMIN)
    await said(admin.post(f"/api/tasks/{sent}/dispatch"))
    assigned = await new_task(admin, technician_id=YASMIN)
    brunos = await new_task(admin, technician_id=BRUNO)
    done = await new_task(admin, technician_id=YASMIN)
    await said(admin.put(f"/api/tasks/{done}/status", json={"status": "completed"}))
    cause = await office.hears("technician", YASMIN, TechnicianDeleted())
    tasks = {task["id"]: task for task in (await said(admin.get("/api/tasks")))["items"]}
    assert [tasks[n]["status"] for n in (sent, assigned, brunos, done)] == [
        "new",
        "new",
        "assigned",
        "completed",
    ]
    assert (await office.events(f"task.{sent}"))[-2:] == ["OfferWithdrawn", "TaskUnassigned"]
    sql = "SELECT DISTINCT causation_id, actor FROM events WHERE type = 'TaskUnassigned'"
    assert [tuple(row) for row in await office.service.pool.fetch(sql)] == [(cause, "service:tasks")]
    assert "no longer" in (await office.tap(sent, Action.ACCEPT)).sentence
    refusal = await said(admin.post(f"/api/tasks/{sent}/assignment", json={"technician_id": YASMIN}), 422)
    assert refusal["fields"]["technician_id"] == "Yasmin Haddad was deleted. Choose another technician."
    assert "was deleted" in (await said(admin.post(f"/api/tasks/{done}/dispatch"), 409))["detail"]
    for held in ("assigned", "accepted", "in_progress"):
        refusal = await said(admin.put(f"/api/tasks/{done}/status", json={"status": held}), 409)
        assert refusal["detail"] == "Yasmin Haddad was deleted. Assign another technician first."
    await said(admin.put(f"/api/tasks/{done}/status", json={"status": "cancelled"}))

    # Back again by pressing Start; a rebuild folds the deletion once more and frees nothing.
    await office.hears("technician", YASMIN, TechnicianRegistered(YASMIN, "Yasmin H."))
    await said(admin.post(f"/api/tasks/{sent}/assignment", json={"technician_id": YASMIN}))
    await rebuilt_is_the_same(office)
    assert (await said(admin.get(f"/api/tasks/{sent}")))["status"] == "assigned"


async def test_a_technician_who_cannot_be_reached(office: Office, admin: httpx.AsyncClient) -> None:
    """Blocked: not assigned anew, but a message may be tried. Deactivated: neither."""
    number = await new_task(admin, technician_id=YASMIN)
    await office.hears("technician", YASMIN, TechnicianBlockedBot())
    refusal = await said(admin.post("/api/tasks", json=BOILER | {"technician_id": YASMIN}), 422)
    assert "has blocked the bot" in refusal["detail"]
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    await office.hears("technician", YASMIN, TechnicianUnblockedBot())
    await new_task(admin, technician_id=YASMIN)
    await office.hears("technician", YASMIN, TechnicianDeactivated())
    assert "is paused" in (await said(admin.post(f"/api/tasks/{number}/dispatch"), 409))["detail"]
    assert (await said(admin.get(f"/api/tasks/{number}")))["offer"] == 1


async def test_whose_account_is_gone_gets_no_task(office: Office, admin: httpx.AsyncClient) -> None:
    """Under a pause it is remembered, and after it told; only a contact of theirs heals it."""
    away: list[Event] = [TechnicianAccountGone(), TechnicianDeactivated(), TechnicianReactivated()]
    for event in away:
        await office.hears("technician", YASMIN, event)
    refusal = await said(admin.post("/api/tasks", json=BOILER | {"technician_id": YASMIN}), 422)
    assert "The Telegram account of Yasmin Haddad is gone" in refusal["detail"]
    await rebuilt_is_the_same(office)
    await office.hears("technician", YASMIN, TechnicianUnblockedBot())
    await new_task(admin, technician_id=YASMIN)


async def test_who_comes_back_from_a_block_may_still_be_deactivated(
    office: Office, admin: httpx.AsyncClient
) -> None:
    """And the reverse: each comes and goes by itself."""
    assigned = {"technician_id": YASMIN}
    away: list[Event] = [TechnicianDeactivated(), TechnicianBlockedBot(), TechnicianUnblockedBot()]
    for event in away:
        await office.hears("technician", YASMIN, event)
    assert "is paused" in (await said(admin.post("/api/tasks", json=BOILER | assigned), 422))["detail"]
    await office.hears("technician", YASMIN, TechnicianBlockedBot())
    await office.hears("technician", YASMIN, TechnicianReactivated())
    refusal = await said(admin.post("/api/tasks", json=BOILER | assigned), 422)
    assert "has blocked the bot" in refusal["detail"]
    await office.hears("technician", YASMIN, TechnicianUnblockedBot())
    await new_task(admin, **assigned)


async def test_a_pause_that_the_version_before_took_in_is_kept(
    office: Office, admin: httpx.AsyncClient
) -> None:
    """While both run, it writes the status alone; a block that comes and goes afterwards ends no pause."""
    for status, refusal in (("deactivated", "is paused"), ("active", "")):
        await office.service.pool.execute("UPDATE technicians SET status = $1 WHERE id = $2", status, YASMIN)
        await office.hears("technician", YASMIN, TechnicianBlockedBot())
        await office.hears("technician", YASMIN, TechnicianUnblockedBot())
        answer = await admin.post("/api/tasks", json=BOILER | {"technician_id": YASMIN})
        assert refusal in answer.json().get("detail", "")
        assert answer.status_code == (422 if refusal else 201)


async def test_the_name_that_the_team_uses_is_shown(office: Office, admin: httpx.AsyncClient) -> None:
    """An edited name wins over Telegram's."""
    number = await new_task(admin, technician_id=YASMIN)
    await office.hears("technician", YASMIN, TechnicianEdited("Yasmin (van 3)"))
    assert (await said(admin.get(f"/api/tasks/{number}")))["technician"]["name"] == "Yasmin (van 3)"


async def test_who_joined_while_an_older_version_led_is_known_after_the_upgrade(
    settings_for: SettingsFor,
) -> None:
    """The older one set their events aside, as it knew no such type; the newer one reads them as it begins to lead."""
    async with running(settings_for) as before:
        await before.hears("technician", BRUNO, TechnicianRegistered(BRUNO, "Bruno Costa"))
        pool = before.service.pool
        error = "Invalid value 'TechnicianRegistered' - at `$.data.type`"
        events = (TechnicianRegistered(YASMIN, "Yasmin Haddad"), TechnicianEdited("Yasmin H.", ""))
        for version, event in enumerate(events, 1):
            body = msgspec.json.encode(envelope(f"technician.{YASMIN}", version, event)).decode()
            sql = "INSERT INTO dead_letters (stream, version, type, body, error) VALUES ($1, $2, $3, $4, $5)"
            told = error if version == 1 else None
            await pool.execute(sql, f"technician.{YASMIN}", version, type(event).__name__, body, told)
        await pool.execute("INSERT INTO cursors VALUES ($1, 2)", f"technician.{YASMIN}")
    async with running(settings_for) as after, after.as_role(Role.DISPATCHER) as admin:
        after.versions[f"technician.{YASMIN}"] = 2

        async def read() -> bool:
            """no dead letter to be left"""
            return not await after.service.pool.fetchval("SELECT count(*) FROM dead_letters")

        await eventually(read)
        number = await new_task(admin, technician_id=YASMIN)
        shown = await said(admin.get(f"/api/tasks/{number}"))
        assert shown["technician"]["name"] == "Yasmin H."
        assert await after.events("fold.tasks") == []
