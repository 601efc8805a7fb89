"""An invoice that was sent is a document: whose it is stays as it was then, whatever the settings become."""

from uuid import uuid4

import httpx
import pytest
from msgspec.structs import replace

from invoices import projections
from shared.contract.client import ClientErased
from shared.contract.invoice import DOCUMENT, DocumentAnswer, DocumentRequest, InvoiceSent
from shared.contract.site import Site, SiteLogoChanged, SiteSettingsChanged
from shared.journal.database import transaction
from shared.service import Service
from tests.invoices.conftest import COMPLETED_TASK, Told
from tests.invoices.examples import HOTEL_AURORA, LEAKING_BOILER, NORDLICHT, YASMIN, png, recorded
from tests.invoices.test_invoices_over_http import made

MOVED = Site(
    company="Südlicht GmbH",
    address="Marienplatz 1\n80331 München",
    tax_id="DE 987 654 321",
    time_zone="Pacific/Kiritimati",
    language="ar",
)
BEFORE = (
    recorded("site.site", 1, SiteSettingsChanged(NORDLICHT)),
    recorded("site.logo", 1, SiteLogoChanged(png(40, 20))),
)
AFTER = (
    recorded("site.site", 2, SiteSettingsChanged(MOVED)),
    recorded("site.logo", 2, SiteLogoChanged(png(30, 30))),
)


async def pdf(office: httpx.AsyncClient, number: int) -> bytes:
    answer = await office.get(f"/api/invoices/{number}/document")
    assert answer.status_code == 200, answer.text
    return answer.content


async def dispatch(office: httpx.AsyncClient, number: int, key: str | None = None) -> httpx.Response:
    return await office.post(
        f"/api/invoices/{number}/dispatch", headers={"Idempotency-Key": key or str(uuid4())}
    )


async def test_a_sent_invoice_stays_as_it_was(office: httpx.AsyncClient, told: Told) -> None:
    """Name, address, tax id, logo, language and time zone; one that was never sent follows the settings."""
    await told(*BEFORE)
    sent, unsent = [(await made(office))["id"] for _ in range(2)]
    assert (await dispatch(office, sent)).status_code == 200
    as_sent, as_unsent = await pdf(office, sent), await pdf(office, unsent)
    for event in AFTER:
        await told(event)
        assert await pdf(office, sent) == as_sent
        assert await pdf(office, unsent) != as_unsent
        as_unsent = await pdf(office, unsent)
    await told(recorded("site.logo", 3, SiteLogoChanged(None)))
    assert await pdf(office, sent) == as_sent


async def test_sent_without_a_logo_it_gets_none(office: httpx.AsyncClient, told: Told) -> None:
    """A logo that the company takes later is not on what went out before."""
    number = (await made(office))["id"]
    await dispatch(office, number)
    before = await pdf(office, number)
    await told(recorded("site.logo", 1, SiteLogoChanged(png(40, 20))))
    assert await pdf(office, number) == before


async def test_sent_again_it_is_from_whom_the_company_is_now(office: httpx.AsyncClient, told: Told) -> None:
    """And stays so from then on."""
    await told(*BEFORE)
    number = (await made(office))["id"]
    await dispatch(office, number)
    first = await pdf(office, number)
    await told(*AFTER)
    await dispatch(office, number)
    second = await pdf(office, number)
    assert second != first
    await told(recorded("site.site", 3, SiteSettingsChanged(NORDLICHT)))
    assert await pdf(office, number) == second


async def test_what_goes_to_the_chat_is_the_document_as_sent(
    office: httpx.AsyncClient, service: Service, told: Told
) -> None:
    """The settings change while the delivery waits: the file and its caption are of the sending."""
    await told(*BEFORE)
    number = (await made(office))["id"]
    await dispatch(office, number)
    await told(*AFTER)
    answer = await service.bus.request(DOCUMENT, DocumentRequest(number), DocumentAnswer)
    assert answer.pdf == await pdf(office, number)
    assert answer.caption.startswith(f"Invoice #{number} from Nordlicht Haustechnik")


async def test_the_client_s_name_goes_from_a_sent_invoice(office: httpx.AsyncClient, told: Told) -> None:
    """Erasing has its way with it: only who issued it is kept."""
    number = (await made(office))["id"]
    await dispatch(office, number)
    before = await pdf(office, number)
    await told(recorded(f"client.{HOTEL_AURORA}", 2, ClientErased()))
    assert await pdf(office, number) != before


async def test_a_rebuild_gives_the_same_document(
    office: httpx.AsyncClient, service: Service, told: Told
) -> None:
    """With a logo that is long gone from the settings; until it is back the document is not shown without it."""
    await told(*BEFORE)
    number = (await made(office))["id"]
    await dispatch(office, number)
    as_sent = await pdf(office, number)
    await told(*AFTER)
    await service.rebuild()
    assert (await office.get(f"/api/invoices/{number}/document")).status_code == 503
    await told(*COMPLETED_TASK, *BEFORE, *AFTER)
    assert await pdf(office, number) == as_sent


async def test_a_logo_that_an_older_version_took_in_is_kept_at_sending(
    office: httpx.AsyncClient, service: Service, told: Told
) -> None:
    """While one version takes over from the other, the other's replica may have folded the logo."""
    await told(*BEFORE)
    await service.pool.execute("DELETE FROM logos")
    number = (await made(office))["id"]
    await dispatch(office, number)
    as_sent = await pdf(office, number)
    await told(*AFTER)
    assert await pdf(office, number) == as_sent


async def test_an_invoice_that_was_sent_before_this_was_noted_follows_the_settings(
    office: httpx.AsyncClient, service: Service, told: Told, browser: httpx.AsyncClient
) -> None:
    """Its event names no issuer; the page says so."""
    await told(*BEFORE)
    number = (await made(office))["id"]
    old = recorded(f"invoice.{number}", 2, InvoiceSent(LEAKING_BOILER, YASMIN))
    async with transaction(service.pool) as connection:
        await projections.project(connection, old)
    assert "Sent by an older version" in (await browser.get(f"/invoices/{number}")).text
    before = await pdf(office, number)
    await told(*AFTER)
    assert await pdf(office, number) != before


@pytest.mark.parametrize("between", [True, False])
async def test_a_repeated_request_sends_once_whatever_the_settings_are(
    office: httpx.AsyncClient, service: Service, told: Told, between: bool
) -> None:
    """The second time gets the first one's answer."""
    await told(*BEFORE)
    number = (await made(office))["id"]
    key = str(uuid4())
    await dispatch(office, number, key)
    if between:
        await told(recorded("site.site", 2, SiteSettingsChanged(replace(NORDLICHT, company="Südlicht"))))
    assert (await dispatch(office, number, key)).status_code == 200
    sendings = "SELECT count(*) FROM events WHERE type = 'InvoiceSent'"
    assert await service.pool.fetchval(sendings) == 1


async def test_the_page_says_which_document_it_shows(
    office: httpx.AsyncClient, browser: httpx.AsyncClient, told: Told
) -> None:
    """Before sending, that it follows the settings; afterwards, that it does not."""
    await told(*BEFORE)
    number = (await made(office))["id"]
    assert "Not sent yet: it shows" in (await browser.get(f"/invoices/{number}")).text
    await dispatch(office, number)
    assert "As sent on" in (await browser.get(f"/invoices/{number}")).text
