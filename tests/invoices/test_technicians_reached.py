"""An invoice is sent to nobody who can't be reached, as far as this service has heard."""

import httpx

from shared.contract.technician import (
    TechnicianAccountGone,
    TechnicianBlockedBot,
    TechnicianDeactivated,
    TechnicianDeleted,
    TechnicianReactivated,
    TechnicianUnblockedBot,
)
from shared.service import Service
from tests.invoices.conftest import Told
from tests.invoices.examples import YASMIN, recorded
from tests.invoices.test_invoices_over_http import kinds, made


async def test_a_technician_who_can_not_be_reached_is_not_sent_anything(
    office: httpx.AsyncClient, service: Service, told: Told
) -> None:
    """The sentence says who, and what to do; Start heals a block, nothing heals a deletion."""
    number = (await made(office))["id"]
    stream = f"technician.{YASMIN}"
    await told(recorded(stream, 2, TechnicianBlockedBot()))
    answer = await office.post(f"/api/invoices/{number}/dispatch")
    assert answer.status_code == 409
    assert "Yasmin Haddad has blocked the bot" in answer.json()["detail"]
    await told(recorded(stream, 3, TechnicianUnblockedBot()))
    assert (await office.post(f"/api/invoices/{number}/dispatch")).status_code == 200
    await told(recorded(stream, 4, TechnicianDeleted()))
    answer = await office.post(f"/api/invoices/{number}/dispatch")
    assert "was deleted" in answer.json()["detail"]
    assert await kinds(service) == ["InvoiceCreated", "InvoiceSent"]


async def test_an_account_that_is_gone_is_said_so(office: httpx.AsyncClient, told: Told) -> None:
    """Also after a pause; a contact heals it."""
    number, stream = (await made(office))["id"], f"technician.{YASMIN}"
    await told(recorded(stream, 2, TechnicianDeactivated()), recorded(stream, 3, TechnicianAccountGone()))
    assert "is paused" in (await office.post(f"/api/invoices/{number}/dispatch")).json()["detail"]
    await told(recorded(stream, 4, TechnicianReactivated()))
    answer = await office.post(f"/api/invoices/{number}/dispatch")
    assert answer.status_code == 409
    assert "The Telegram account of Yasmin Haddad is gone" in answer.json()["detail"]
    await told(recorded(stream, 5, TechnicianUnblockedBot()))
    assert (await office.post(f"/api/invoices/{number}/dispatch")).status_code == 200


async def test_who_comes_back_from_a_block_may_still_be_paused(office: httpx.AsyncClient, told: Told) -> None:
    """And the reverse: each comes and goes by itself."""
    number, stream = (await made(office))["id"], f"technician.{YASMIN}"
    await told(recorded(stream, 2, TechnicianDeactivated()), recorded(stream, 3, TechnicianBlockedBot()))
    await told(recorded(stream, 4, TechnicianUnblockedBot()))
    answer = await office.post(f"/api/invoices/{number}/dispatch")
    assert (answer.status_code, "is paused" in answer.json()["detail"]) == (409, True)
    await told(recorded(stream, 5, TechnicianBlockedBot()), recorded(stream, 6, TechnicianReactivated()))
    assert "blocked the bot" in (await office.post(f"/api/invoices/{number}/dispatch")).json()["detail"]
    await told(recorded(stream, 7, TechnicianUnblockedBot()))
    assert (await office.post(f"/api/invoices/{number}/dispatch")).status_code == 200
