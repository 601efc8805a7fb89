"""What the technician holds is what the office sees: of another client nothing, and each change as it was told."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.contract.delivery import DeliveryFailed, DeliverySent, Purpose, Trouble
from shared.contract.task import (
    CLIENT_INFO,
    Action,
    ClientInfoAnswer,
    ClientInfoRequest,
    ClientInfoSent,
    Status,
    TaskEdited,
    TaskSent,
)
from tasks.domain.task import EditTask, SendClientInfo
from tests.tasks import examples as ex
from tests.tasks.conftest import BOILER, LINDQVIST, Json, Office, in_progress, rebuilt_is_the_same, said
from tests.tasks.examples import YASMIN, given

BAKERY = {"name": "Bakery Amsel", "phone": "+46 8 555 00 11", "address": "Kornhamn 3"}


async def asked(office: Office, number: int, client: int) -> ClientInfoAnswer:
    request = ClientInfoRequest(number, 1, YASMIN, client)
    return await office.service.bus.request(CLIENT_INFO, request, ClientInfoAnswer)


async def delivery(admin: httpx.AsyncClient, number: int) -> Json:
    found: Json = (await said(admin.get(f"/api/tasks/{number}")))["delivery"]
    return found


async def delivered(office: Office, number: int, purpose: Purpose, event: type[Any]) -> None:
    told = DeliverySent(purpose, YASMIN, 7, number, 1)
    await office.hears("delivery", uuid4(), told, await office.newest(number, event))


async def test_of_another_client_nothing_is_sent_until_the_office_sends_it(
    office: Office, admin: httpx.AsyncClient, browser: httpx.AsyncClient
) -> None:
    """“Client info: sent” goes with the client whose data it was; back again it does not return by itself."""
    number = await in_progress(office, admin)
    await delivered(office, number, Purpose.CLIENT_INFO, ClientInfoSent)
    assert (await delivery(admin, number))["client_info"] == "sent"
    bakery = (await said(admin.post("/api/clients", json=BAKERY), 201))["id"]
    for client in (bakery, 1):
        task = await said(admin.patch(f"/api/tasks/{number}", json={"client_id": client}))
        assert (task["status"], task["delivery"]["client_info"]) == ("in_progress", None)
        page = (await browser.get(f"/tasks/{number}")).text
        assert "The technician holds no client info." in page
        assert "Send client info again" not in page
        likely = page.split("/client-info")[0].rsplit("<button", 1)[1]
        assert "btn-primary" in likely
    await said(admin.post(f"/api/tasks/{number}/client-info"))
    assert (await delivery(admin, number))["client_info"] == "queued"
    assert "holds no client info" not in (await browser.get(f"/tasks/{number}")).text
    await rebuilt_is_the_same(office)


async def test_only_the_data_that_was_sent_is_given(office: Office, admin: httpx.AsyncClient) -> None:
    """Whose it is and how new stands beside it; of another client nothing is told, for whatever reason it is asked."""
    number = await in_progress(office, admin)
    answer = await asked(office, number, 1)
    assert (answer.client and answer.client.name, answer.client_id, answer.version) == (
        LINDQVIST["name"],
        1,
        1,
    )
    bakery = (await said(admin.post("/api/clients", json=BAKERY), 201))["id"]
    await said(admin.patch(f"/api/tasks/{number}", json={"client_id": bakery}))
    assert (await asked(office, number, 1)).refusal.startswith("The task is for another client now.")
    assert (await asked(office, number, 1)).client is None


async def test_a_change_is_shown_with_what_became_of_telling_it(
    office: Office, admin: httpx.AsyncClient
) -> None:
    """Queued with the edit; sent or failed by what Telegram said; of an earlier change nobody asks any more."""
    number = await in_progress(office, admin)
    assert "change" not in await delivery(admin, number)
    await said(admin.patch(f"/api/tasks/{number}", json={"area": "Harbour"}))
    assert (await delivery(admin, number))["change"] == "queued"
    first = await office.newest(number, TaskEdited)
    await said(admin.patch(f"/api/tasks/{number}", json={"title": "Leaking boiler and pump"}))
    await office.hears("delivery", uuid4(), DeliverySent(Purpose.CHANGE, YASMIN, 8, number, 1), first)
    assert (await delivery(admin, number))["change"] == "queued"
    lost = DeliveryFailed(
        Purpose.CHANGE, YASMIN, Trouble.BLOCKED, "The technician has blocked the bot.", number, 1
    )
    await office.hears("delivery", uuid4(), lost, await office.newest(number, TaskEdited))
    shown = await delivery(admin, number)
    assert (shown["change"], shown["reason"]) == ("failed", "The technician has blocked the bot.")
    await said(admin.post(f"/api/tasks/{number}/client-info"))
    assert "change" not in await delivery(admin, number)


async def test_the_client_s_new_number_is_a_change_too(office: Office, admin: httpx.AsyncClient) -> None:
    """For whoever holds that client's data, and nobody else."""
    number = await in_progress(office, admin)
    await said(admin.patch("/api/clients/1", json={"phone": "+46 8 777 66 55"}))
    assert (await delivery(admin, number))["change"] == "queued"
    sql = "SELECT id FROM events WHERE stream = 'client.1' ORDER BY version DESC LIMIT 1"
    event = await office.service.pool.fetchval(sql)
    await office.hears("delivery", uuid4(), DeliverySent(Purpose.CHANGE, YASMIN, 8, number, 1), event)
    assert (await delivery(admin, number))["change"] == "sent"
    await rebuilt_is_the_same(office)


async def test_who_has_accepted_has_the_task_info(office: Office, admin: httpx.AsyncClient) -> None:
    """However the first message ended: a copy of it was answered, or it arrived in doubt."""
    number = int((await said(admin.post("/api/tasks", json=BOILER | {"technician_id": YASMIN}), 201))["id"])
    await said(admin.post(f"/api/tasks/{number}/dispatch"))
    lost = DeliveryFailed(Purpose.TASK_INFO, YASMIN, Trouble.DEACTIVATED, "The account is gone.", number, 1)
    await office.hears("delivery", uuid4(), lost, await office.newest(number, TaskSent))
    assert (await delivery(admin, number))["task_info"] == "failed"
    await office.tap(number, Action.ACCEPT)
    assert await delivery(admin, number) == {"task_info": "sent", "client_info": None, "reason": None}


async def test_before_it_is_sent_nobody_is_told_of_a_change(office: Office, admin: httpx.AsyncClient) -> None:
    """Nor once it is over."""
    number = int((await said(admin.post("/api/tasks", json={"title": "Door", "client": BAKERY}), 201))["id"])
    await said(admin.patch(f"/api/tasks/{number}", json={"title": "The door"}))
    assert "change" not in await delivery(admin, number)


@pytest.mark.parametrize(
    ("history", "client", "informed"),
    [
        (ex.IN_PROGRESS, ex.MRS_LINDQVIST, True),
        (ex.IN_PROGRESS, ex.THE_BAKERY, False),
        (ex.ACCEPTED, ex.THE_BAKERY, False),
        (ex.COMPLETED, ex.THE_BAKERY, False),
    ],
)
def test_whether_the_technician_holds_the_client_s_data(
    history: ex.History, client: int, informed: bool
) -> None:
    """Another title takes nothing away; another client does."""
    task = (
        given(*history).when(EditTask(ex.SQUEAKING_DOOR, client)).then(TaskEdited(ex.SQUEAKING_DOOR, client))
    )
    assert task.informed is informed


def test_after_an_exchange_the_new_client_s_data_can_be_sent() -> None:
    """The work stays under way: only that is missing."""
    exchanged = (*ex.IN_PROGRESS, TaskEdited(ex.LEAKING_BOILER, ex.THE_BAKERY))
    after = given(*exchanged).when(SendClientInfo()).then(ClientInfoSent(YASMIN, 1, ex.THE_BAKERY))
    assert (after.status, after.informed) == (Status.IN_PROGRESS, True)
