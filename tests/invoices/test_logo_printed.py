"""The company's logo on the document: a good one is there, and no other costs more than itself."""

import asyncio
import os
from base64 import b64decode
from functools import partial

import httpx
import pytest

from invoices import document, logo
from shared.contract.invoice import InvoiceStatus
from shared.contract.site import SiteLogoChanged
from shared.pictures import Picture, Pixels, redrawn
from shared.service import Service
from tests.invoices.conftest import Told
from tests.invoices.examples import NORDLICHT, PNG, png, printed, recorded
from tests.invoices.test_invoices_over_http import made
from tests.invoices.test_sent_documents_kept import dispatch, pdf
from tests.people import eventually

JPEG = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQ"
    "CgwSExIQEw8QEBD/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8A"
    "VN//2Q=="
)


def images(pdf: bytes) -> int:
    return pdf.count(b"/Subtype/Image") + pdf.count(b"/Subtype /Image")


async def pixels(image: bytes) -> Pixels:
    drawn = await redrawn(image)
    assert isinstance(drawn, Picture)
    return drawn.image


@pytest.mark.parametrize("image", [png(40, 20), JPEG])
async def test_a_logo_is_printed(image: bytes) -> None:
    """PNG and JPEG, known by their first bytes, whatever they were called; in the preview too."""
    drawn = await pixels(image)
    assert images(document.compiled(printed(), NORDLICHT, drawn)) == 1
    assert images(document.compiled(printed(), NORDLICHT)) == 0
    assert b"<image" in document.pictured(printed(), NORDLICHT, drawn)[0]


async def test_a_wide_logo_stays_on_its_side() -> None:
    """A banner is as wide as there is room for it, and no wider: it costs no second page."""
    drawn = await pixels(png(4000, 40))
    pdf = document.compiled(printed(status=InvoiceStatus.PAID), NORDLICHT, drawn)
    assert images(pdf) == 1
    assert len(document.pictured(printed(), NORDLICHT, drawn)) == 1


HOSTILE = {
    "text": b"not a picture",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "cut off": png(40, 20)[:60],
    "bomb": png(60_000, 60_000, b"\0" * 100),
    "noise": PNG + os.urandom(300),
}


async def test_a_logo_that_makes_the_document_too_large_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture may take more than fits into one message with all the rest."""
    plain = document.compiled(printed(), NORDLICHT)
    monkeypatch.setattr(document, "LARGEST", len(plain) + 20_000)
    noise = b"".join(b"\0" + os.urandom(3 * 150) for _ in range(150))
    pdf = document.compiled(printed(), NORDLICHT, await pixels(png(150, 150, noise)))
    assert (len(pdf) <= document.LARGEST, images(pdf)) == (True, 0)


async def test_the_logo_is_on_the_document_until_it_is_taken_away(
    office: httpx.AsyncClient, told: Told
) -> None:
    """And a picture that is none is as good as no logo."""
    path = f"/api/invoices/{(await made(office))['id']}/document"
    plain = (await office.get(path)).content
    shown = [png(40, 20), JPEG, png(30, 20) + b"and more"]
    for version, image in enumerate((*shown, *HOSTILE.values(), shown[0], None), 1):
        await told(recorded("site.logo", version, SiteLogoChanged(image)))
        same = (await office.get(path)).content == plain
        assert same == (image not in shown), image


async def test_what_is_kept_is_pixels_alone(office: httpx.AsyncClient, service: Service, told: Told) -> None:
    """What hid behind them is gone; a document that names the file as it came still finds it."""
    await told(recorded("site.logo", 1, SiteLogoChanged(png(40, 20) + b"<script>")))
    number = (await made(office))["id"]
    await dispatch(office, number)
    assert images(await pdf(office, number)) == 1
    kept = await service.pool.fetch("SELECT image FROM logo UNION ALL SELECT image FROM logos")
    assert len(kept) == 3, "today's, by the hash of its event, and by its own"
    assert not any(b"script" in row["image"] for row in kept)


@pytest.mark.parametrize("drawn_at_start", [True, False])
async def test_logos_that_a_version_before_kept_are_drawn_anew(
    office: httpx.AsyncClient, service: Service, told: Told, drawn_at_start: bool
) -> None:
    """As it left them: both today's and those of sent invoices, a bomb among them. Until that is done they are drawn
    where they are used. A document whose logo can't be decoded prints without it."""
    await told(recorded("site.logo", 1, SiteLogoChanged(png(40, 20))))
    sent, unsent = [(await made(office))["id"] for _ in range(2)]
    await dispatch(office, sent)
    plain = images(await pdf(office, sent))
    raw = {"of before": png(40, 20) + b"<script>", "a bomb": png(60_000, 60_000, b"\0" * 100)}
    for name, image in raw.items():
        await service.pool.execute("INSERT INTO logos (hash, image) VALUES ($1, $2)", name, image)
    await service.pool.execute("UPDATE logo SET image = $1, source = NULL, drawn = NULL", raw["of before"])
    if drawn_at_start:
        drawing = asyncio.create_task(logo.draw_anew(service.pool))
        await eventually(partial(_nothing_is_raw, service))
        drawing.cancel()
    assert images(await pdf(office, unsent)) == plain == 1
    for name, expected in (("of before", 1), ("a bomb", 0)):
        await service.pool.execute(
            "UPDATE invoices SET issuer = jsonb_set(issuer, '{logo}', to_jsonb($1::text)) WHERE number = $2",
            name,
            sent,
        )
        assert images(await pdf(office, sent)) == expected


async def _nothing_is_raw(service: Service) -> bool:
    kept = await service.pool.fetch("SELECT image FROM logo UNION ALL SELECT image FROM logos")
    return not any(b"script" in row["image"] or len(row["image"]) > 2000 for row in kept) and not (
        await service.pool.fetchval("SELECT EXISTS (SELECT FROM logos WHERE NOT drawn)")
    )
