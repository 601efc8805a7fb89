"""The company's logo on the document: a good one is there, and no other costs more than itself."""

import os
from base64 import b64decode

import httpx
import pytest

from invoices import document, logo
from shared.contract.invoice import InvoiceStatus
from shared.contract.site import SiteLogoChanged
from tests.invoices.conftest import Told
from tests.invoices.examples import NORDLICHT, png, printed, recorded
from tests.invoices.test_invoices_over_http import made

JPEG = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQ"
    "CgwSExIQEw8QEBD/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8A"
    "VN//2Q=="
)


def images(pdf: bytes) -> int:
    return pdf.count(b"/Subtype/Image") + pdf.count(b"/Subtype /Image")


@pytest.mark.parametrize(("image", "kind"), [(png(40, 20), "png"), (JPEG, "jpg")])
def test_a_logo_is_printed(image: bytes, kind: str) -> None:
    """PNG and JPEG, known by their first bytes, whatever they were called; in the preview too."""
    assert logo.printable(image) == kind
    assert images(document.compiled(printed(), NORDLICHT, image)) == 1
    assert images(document.compiled(printed(), NORDLICHT)) == 0
    assert b"<image" in document.pictured(printed(), NORDLICHT, image)[0]


def test_a_wide_logo_stays_on_its_side() -> None:
    """A banner is as wide as there is room for it, and no wider: it costs no second page."""
    pdf = document.compiled(printed(status=InvoiceStatus.PAID), NORDLICHT, png(4000, 40))
    assert images(pdf) == 1
    assert len(document.pictured(printed(), NORDLICHT, png(4000, 40))) == 1


HOSTILE = {
    "empty": b"",
    "text": b"not a picture",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "gif": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "cut off": png(40, 20)[:60],
    "header alone": png(40, 20)[:20],
    "no header": logo.PNG + b"\0" * 40,
    "no pixels": png(40, 20, b""),
    "noise": logo.PNG + os.urandom(300),
    "bomb": png(60_000, 60_000, b"\0" * 100),
    "too wide": png(logo.WIDEST + 1, 1),
    "nothing wide": png(0, 20, b""),
    "jpeg cut off": JPEG[:90],
    "jpeg without end": logo.JPEG + b"\xe0\xff\xff" * 30,
    "jpeg noise": logo.JPEG + os.urandom(300),
}


@pytest.mark.parametrize("image", HOSTILE.values(), ids=HOSTILE)
def test_a_picture_that_is_none_costs_the_logo_and_no_more(image: bytes) -> None:
    """The document is made without it."""
    assert logo.printable(image) is None
    assert document.compiled(printed(), NORDLICHT, image) == document.compiled(printed(), NORDLICHT)


def test_a_logo_that_makes_the_document_too_large_is_left_out() -> None:
    """A picture may unfold to more than fits into one message."""
    noise = b"".join(b"\0" + os.urandom(3 * 500) for _ in range(500))
    pdf = document.compiled(printed(), NORDLICHT, png(500, 500, noise))
    assert (len(pdf) <= document.LARGEST, images(pdf)) == (True, 0)


async def test_the_logo_is_on_the_document_until_it_is_taken_away(
    office: httpx.AsyncClient, told: Told
) -> None:
    """And a picture that is none is as good as no logo."""
    path = f"/api/invoices/{(await made(office))['id']}/document"
    plain = (await office.get(path)).content
    for version, image in enumerate((png(40, 20), b"no picture", png(30, 20), None), 1):
        await told(recorded("site.logo", version, SiteLogoChanged(image)))
        same = (await office.get(path)).content == plain
        assert same == (image is None or image == b"no picture")
