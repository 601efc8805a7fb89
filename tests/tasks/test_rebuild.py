"""Every folded table can be dropped and filled again."""

from uuid import uuid4

import httpx

from shared.contract.delivery import DeliverySent, Purpose
from shared.contract.task import ClientInfoSent, TaskSent
from tests.tasks.conftest import LINDQVIST, Office, in_progress, new_task, rebuilt_is_the_same, said
from tests.tasks.examples import BRUNO, YASMIN


async def test_a_rebuild_gives_the_same_rows(office: Office, admin: httpx.AsyncClient) -> None:
    """Every folded table can be dropped and filled again; contact data is not among them."""
    number = await in_progress(office, admin)
    delivered = DeliverySent(Purpose.TASK_INFO, YASMIN, 7, number, 1)
    await office.hears("delivery", uuid4(), delivered, await office.newest(number, TaskSent))
    delivered = DeliverySent(Purpose.CLIENT_INFO, YASMIN, 8, number, 1)
    await office.hears("delivery", uuid4(), delivered, await office.newest(number, ClientInfoSent))
    await new_task(admin, technician_id=BRUNO)
    await rebuilt_is_the_same(office)
    assert (await said(admin.get("/api/clients/1")))["contact"] == LINDQVIST
