"""Where the settings say so, a kept technician who accepts gets the client info at once; and else as ever."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from msgspec.structs import replace

from shared.contract.delivery import DeliverySent, Purpose
from shared.contract.site import Site, SiteSettingsChanged
from shared.contract.task import Action, ClientInfoSent, TaskAccepted, Verdict
from shared.contract.technician import TechnicianDeactivated, TechnicianReactivated, TechnicianRegistered
from tests.tasks.conftest import Office, new_task, rebuilt_is_the_same, said
from tests.tasks.examples import BRUNO, YASMIN

BY_ITSELF = replace(Site(), client_info_on_acceptance=True)
ACCEPTED_AND_SENT = ["TaskAccepted", "ClientInfoSent"]


@pytest.fixture(autouse=True)
async def by_itself(office: Office) -> None:
    await office.hears("site", "main", SiteSettingsChanged(BY_ITSELF))


async def offered(admin: httpx.AsyncClient, technician: int = YASMIN) -> int:
    number = await new_task(admin, technician_id=technician)
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    return number


async def since_sent(office: Office, number: int) -> list[str]:
    return (await office.events(f"task.{number}"))[3:]


async def test_an_acceptance_brings_the_client_info(office: Office, admin: httpx.AsyncClient) -> None:
    """Callout sends it, because of the acceptance; a rebuild sends nothing again."""
    number = await offered(admin)
    answer = await office.tap(number, Action.ACCEPT)
    assert answer.verdict is Verdict.DONE
    assert await since_sent(office, number) == ACCEPTED_AND_SENT
    assert (await said(admin.get(f"/api/tasks/{number}")))["status"] == "in_progress"
    rows = await office.service.pool.fetch(
        "SELECT actor, causation_id FROM events WHERE type = 'ClientInfoSent'"
    )
    assert [tuple(row) for row in rows] == [("service:tasks", await office.newest(number, TaskAccepted))]
    assert (await office.client_info(number)).client is not None
    await rebuilt_is_the_same(office)
    assert await since_sent(office, number) == ACCEPTED_AND_SENT


async def test_it_is_off_by_default(office: Office, admin: httpx.AsyncClient) -> None:
    await office.hears("site", "main", SiteSettingsChanged(Site()))
    number = await offered(admin)
    await office.tap(number, Action.ACCEPT)
    assert await since_sent(office, number) == ["TaskAccepted"]


async def test_a_tap_that_comes_twice_sends_once(office: Office, admin: httpx.AsyncClient) -> None:
    """The same update, another press, and many at the same moment."""
    number, command = await offered(admin), uuid4()
    taps: list[dict[str, Any]] = [{"command_id": command}, {"command_id": command}, {}, {}]
    verdicts = [
        answer.verdict
        for answer in await asyncio.gather(*(office.tap(number, Action.ACCEPT, **each) for each in taps))
    ]
    assert Verdict.REFUSED not in verdicts
    await office.tap(number, Action.ACCEPT, command_id=command)
    assert await since_sent(office, number) == ACCEPTED_AND_SENT


async def test_a_press_at_the_same_moment_sends_no_second_one(
    office: Office, admin: httpx.AsyncClient
) -> None:
    """Either it came too early, or it meant the one that is on its way. Once that arrived, it can be sent again."""
    for number in [await offered(admin) for _ in range(5)]:
        pressing = [admin.post(f"/api/tasks/{number}/client-info") for _ in range(3)]
        _answer, pressed = await asyncio.gather(office.tap(number, Action.ACCEPT), asyncio.gather(*pressing))
        assert {each.status_code for each in pressed} <= {200, 409}
        assert await since_sent(office, number) == ACCEPTED_AND_SENT
    key = {"Idempotency-Key": "one"}
    task = await said(admin.post(f"/api/tasks/{number}/client-info", headers=key))
    assert task["status"] == "in_progress"
    assert await since_sent(office, number) == ACCEPTED_AND_SENT
    arrived = DeliverySent(Purpose.CLIENT_INFO, YASMIN, 8, number, 1)
    await office.hears("delivery", uuid4(), arrived, await office.newest(number, ClientInfoSent))
    await said(admin.post(f"/api/tasks/{number}/client-info", headers=key))  # the same request as before
    assert await since_sent(office, number) == ACCEPTED_AND_SENT
    await said(admin.post(f"/api/tasks/{number}/client-info"))
    assert await since_sent(office, number) == [*ACCEPTED_AND_SENT, "ClientInfoSent"]


async def test_another_client_is_sent_though_the_first_is_on_its_way(
    office: Office, admin: httpx.AsyncClient
) -> None:
    number = await offered(admin)
    await office.tap(number, Action.ACCEPT)
    other = (await said(admin.post("/api/clients", json={"name": "The bakery"}), 201))["id"]
    await said(admin.patch(f"/api/tasks/{number}", json={"client_id": other}))
    await said(admin.post(f"/api/tasks/{number}/client-info"))
    assert (await since_sent(office, number))[-1] == "ClientInfoSent"


async def test_what_an_admin_would_be_refused_is_not_sent_by_itself(
    office: Office, admin: httpx.AsyncClient
) -> None:
    """The acceptance stands, and the office presses as ever: the client erased, the technician paused or unknown."""
    number = await offered(admin)
    client = (await said(admin.get(f"/api/tasks/{number}")))["client"]["id"]
    await said(admin.delete(f"/api/clients/{client}"), 204)
    assert (await office.tap(number, Action.ACCEPT)).verdict is Verdict.DONE
    assert await since_sent(office, number) == ["TaskAccepted"]

    paused = await offered(admin)
    await office.hears("technician", YASMIN, TechnicianDeactivated())
    assert (await office.tap(paused, Action.ACCEPT)).verdict is Verdict.DONE
    assert await since_sent(office, paused) == ["TaskAccepted"]
    await office.hears("technician", YASMIN, TechnicianReactivated())
    await said(admin.post(f"/api/tasks/{paused}/client-info"))

    # A registration that came after the sending: it is somebody whom nobody has kept.
    brunos = await offered(admin, BRUNO)
    await office.hears("technician", BRUNO, TechnicianRegistered(BRUNO, "Bruno Costa", returned=True))
    assert (await office.tap(brunos, Action.ACCEPT, technician=BRUNO)).verdict is Verdict.DONE
    assert await since_sent(office, brunos) == ["TaskAccepted"]


async def test_an_acceptance_by_hand_sends_nothing(office: Office, admin: httpx.AsyncClient) -> None:
    """The technician has pressed nothing, and may know nothing of it."""
    number = await offered(admin)
    await said(admin.put(f"/api/tasks/{number}/status", json={"status": "accepted"}))
    assert await since_sent(office, number) == ["TaskStatusChanged"]
