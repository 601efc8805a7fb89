"""An invoice goes to nobody whom nobody has kept without a word of whoever sends it; by the settings not at all."""

import httpx
from msgspec.structs import replace

from shared.contract.site import Site, SiteSettingsChanged
from shared.contract.technician import TechnicianDeleted, TechnicianRegistered, TechnicianReviewed
from shared.service import Service
from tests.invoices.conftest import Told
from tests.invoices.examples import YASMIN, recorded
from tests.invoices.test_invoices_over_http import kinds, made

STREAM = f"technician.{YASMIN}"
BACK = TechnicianRegistered(YASMIN, "Yasmin Haddad", "yasmin_h", returned=True)
QUESTION = ", and nobody has kept them yet."


async def test_a_page_asks_first(
    browser: httpx.AsyncClient, office: httpx.AsyncClient, service: Service, told: Told
) -> None:
    """Of somebody who came back after a deletion; the word for her sends it, and it is asked about no more."""
    number = (await made(office))["id"]
    path = f"/invoices/{number}"
    assert QUESTION not in (await browser.get(path)).text
    await told(recorded(STREAM, 2, TechnicianDeleted()), recorded(STREAM, 3, BACK, minute=1))
    assert QUESTION in (await browser.get(path)).text
    answer = await browser.post(f"{path}/dispatch", data={"command_id": "one"})
    assert answer.status_code == 409
    assert "Nobody has kept Yasmin Haddad yet:" in answer.text
    assert await kinds(service) == ["InvoiceCreated"]
    answer = await browser.post(f"{path}/dispatch", data={"command_id": "one", "keep": str(YASMIN)})
    assert answer.status_code == 303
    assert QUESTION not in (await browser.get(path)).text
    assert await kinds(service) == ["InvoiceCreated", "InvoiceSent"]


async def test_a_program_sends_and_only_the_settings_refuse_it(office: httpx.AsyncClient, told: Told) -> None:
    """With what to do; whoever is kept is sent it."""
    dispatch = f"/api/invoices/{(await made(office))['id']}/dispatch"
    await told(recorded(STREAM, 2, TechnicianDeleted()), recorded(STREAM, 3, BACK, minute=1))
    only_kept = replace(Site(), only_kept_technicians=True)
    await told(recorded("site.site", 1, SiteSettingsChanged(only_kept)))
    answer = await office.post(dispatch)
    assert answer.status_code == 409
    assert "Press “Keep as is” on the technician's page, then send." in answer.json()["detail"]
    await told(recorded(STREAM, 4, TechnicianReviewed()))
    assert (await office.post(dispatch)).status_code == 200


async def test_without_the_setting_a_program_is_not_asked(office: httpx.AsyncClient, told: Told) -> None:
    dispatch = f"/api/invoices/{(await made(office))['id']}/dispatch"
    await told(recorded(STREAM, 2, TechnicianDeleted()), recorded(STREAM, 3, BACK, minute=1))
    assert (await office.post(dispatch)).status_code == 200
