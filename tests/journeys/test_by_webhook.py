"""The whole workflow where Telegram brings the updates, in both shapes, as its users were promised it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from local.phone import PRACTICE_TOKEN
from local.servers import Servers
from tests.conftest import swept
from tests.deploy.test_doctor import doctor
from tests.journeys import test_workflow
from tests.people import Json, buttons, eventually
from tests.running import SHAPES, Callout, running


@pytest.fixture(scope="module", params=SHAPES)
async def callout(
    request: pytest.FixtureRequest, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Callout]:
    await swept(servers)
    folder = tmp_path_factory.mktemp("phone")
    async with running(request.param, servers, folder, webhook=True) as started:
        yield started


async def test_from_start_to_a_paid_invoice(callout: Callout) -> None:
    """As with polling, and nothing was fetched; the doctor says so and finds it well."""
    await test_workflow.test_from_start_to_a_paid_invoice(callout)
    await test_workflow.test_a_rejected_task_goes_to_another_technician(callout)
    calls = (await callout.phones.http.get("/phone/calls")).json()
    assert not [call for call in calls if call["method"] == "getUpdates"]
    told = (await callout.phones.http.get(f"/bot{PRACTICE_TOKEN}/getWebhookInfo")).json()["result"]
    assert told["url"].startswith(f"{callout.addresses['bot-gateway']}/telegram/updates/")
    assert (await callout.office.get("/api/telegram/token"))["updates"]["mode"] == "webhook"
    _, said = await doctor(callout.servers)
    assert (
        f"ok       telegram      bot-gateway  updates are brought by Telegram to {told['url']} (webhook); "
        in said
    )


async def test_start_pressed_ten_times_at_once_makes_one_technician(callout: Callout) -> None:
    """Though Telegram brings several updates at the same time."""
    await test_workflow.test_start_pressed_ten_times_at_once_makes_one_technician(callout)


@pytest.mark.parametrize("callout", ["five processes"], indirect=True)
async def test_what_is_pressed_while_the_gateway_is_dead_comes_once(callout: Callout) -> None:
    """`kill -9` of the only one that hears Telegram: the press waits there, and has its effect after the restart."""
    sami = await test_workflow.joined(callout)
    number, message = await test_workflow.sent(callout, sami)
    accept = next(data for name, data in buttons(message).items() if "Accept" in name)
    await callout.kill("bot-gateway")
    await sami.leaves_tap(message, accept)

    async def not_delivered() -> bool:
        """Telegram's word that nobody is there"""
        async with httpx.AsyncClient() as http:
            asked = await http.get(f"{callout.phones.address}/bot{PRACTICE_TOKEN}/getWebhookInfo")
        return bool(asked.json()["result"].get("last_error_message") == "Connection refused")

    await eventually(not_delivered)
    await callout.restart("bot-gateway")
    await callout.office.sees_task(number, status="accepted", technician__id=sami.id)

    async def lines() -> list[Json]:
        """The audit log's line of the acceptance"""
        return list((await callout.office.get(f"/api/audit?task={number}&kind=TaskAccepted"))["items"])

    assert len(await eventually(lines)) == 1
