"""The PDF: what is on it, and that nothing typed is more than text."""

import asyncio
import re
import zlib
from datetime import timedelta, timezone
from decimal import Decimal
from importlib.resources import files

import httpx
import pytest
from msgspec.structs import replace

from invoices import document
from invoices.domain import checked
from shared.contract.invoice import (
    DOCUMENT,
    DocumentAnswer,
    DocumentRequest,
    InvoiceLine,
    InvoiceStatus,
)
from shared.contract.site import Site
from shared.document import Press
from shared.language import speaking
from shared.money import figure, money
from shared.refusal import Refused, Why
from shared.service import Service
from tests.invoices.examples import DRAFT, NORDLICHT, PUMP, line, printed
from tests.invoices.test_invoices_over_http import made

ARABIC = "صيانة وحدة التكييف المركزية"
EVIL = (
    "<script>alert(1)</script>",
    '#read("/etc/passwd")',
    "#panic()",
    '#import "@preview/cetz:0.2.0"',
    "$x^2$ *b* _i_ `raw` @ref <label> // c /* d */ \\ ] } )",
    "\u202egnirts desrever\u202c",
    "W" * 300,
    ARABIC,
    "👷🏽 🔧",
    "Ελληνικά Жук עברית ไทย हिन्दी Łódź",
)


def inside(pdf: bytes) -> bytes:
    """All that the PDF holds, its compressed streams opened."""
    found = [pdf]
    for match in re.finditer(rb"stream\r?\n", pdf):
        try:
            found.append(zlib.decompressobj().decompress(pdf[match.end() :]))
        except zlib.error:
            continue
    return b"\n".join(found)


def characters(pdf: bytes) -> set[str]:
    """Those that its fonts have glyphs for, by the maps that a reader copies text with."""
    pairs = re.findall(rb"<[0-9A-Fa-f]{4}> <([0-9A-Fa-f]+)>", inside(pdf))
    return set("".join(bytes.fromhex(pair.decode()).decode("utf-16-be") for pair in pairs))


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", inside(pdf)))


def test_an_invoice_fits_on_a_page() -> None:
    """With the company, the client and each figure in glyphs that can be read and copied."""
    pdf = document.compiled(printed(), NORDLICHT)
    assert pdf.startswith(b"%PDF-")
    assert pages(pdf) == 1
    assert set("NordlichtHaustechnikHafenstraße720.05€") <= characters(pdf)
    assert b"NotoSans" in inside(pdf)


@pytest.mark.parametrize("typed", EVIL)
def test_what_is_typed_is_text_wherever_it_stands(typed: str) -> None:
    """As a name, a title, a description or the company: it is printed, not carried out."""
    draft = checked(replace(DRAFT, lines=(InvoiceLine(typed, Decimal(1), Decimal(1)),)))
    site = Site(company=typed, address=f"{typed}\n{typed}", tax_id=typed)
    pdf = document.compiled(printed(draft, client=typed, title=typed), site)
    assert pages(pdf) <= 2


def test_the_layout_runs_no_text() -> None:
    """It has no way to make code of a value, nor to open a file."""
    layout = (files("invoices") / "templates" / "invoice.typ").read_text()
    assert not re.search(r"\b(eval|read|plugin|yaml|toml|csv|xml|cbor)\(|\b(include|import)\b", layout)
    assert set(re.findall(r"\bimage\((\w+)", layout)) == {"picture"}
    assert "let picture = bytes(" in layout
    assert re.findall(r"sys\.inputs\S*", layout) == ["sys.inputs.values))"]


def test_arabic_is_shaped_and_begins_at_the_right() -> None:
    """Its letters are there, joined by the Arabic font."""
    pdf = document.compiled(printed(client=ARABIC), NORDLICHT)
    assert b"NotoSansArabic" in inside(pdf)
    assert set("صنكم") <= characters(pdf)


def test_a_hundred_lines_go_on_over_pages_and_into_one_message() -> None:
    """Even long Arabic ones, for which the tags for screen readers are left out."""
    long = document.compiled(printed(replace(DRAFT, lines=(PUMP,) * 100)), NORDLICHT)
    assert pages(long) > 2
    draft = replace(DRAFT, lines=(line("1", "9.99", f"{ARABIC} " * 16),) * 100)
    assert len(document.compiled(printed(checked(draft)), NORDLICHT)) < 500_000


@pytest.mark.parametrize(("status", "letters"), [(InvoiceStatus.PAID, "PAID"), (InvoiceStatus.VOID, "VOID")])
def test_a_stamp_says_what_became_of_it(status: InvoiceStatus, letters: str) -> None:
    """Paid and void ones can't be taken for an open bill."""
    open_bill, stamped = (
        document.compiled(printed(status=each), NORDLICHT) for each in (InvoiceStatus.PENDING, status)
    )
    assert len(stamped) > len(open_bill)
    assert set(letters) <= characters(stamped)


def test_the_same_invoice_is_the_same_file() -> None:
    """Byte for byte, so that a second sending can be compared with the first."""
    assert document.compiled(printed(), NORDLICHT) == document.compiled(printed(), NORDLICHT)


def test_days_are_those_of_the_site() -> None:
    """`created_at` comes in the site's zone: the evening of the 14th in Berlin is not the 15th."""
    moment = printed().created_at.replace(hour=23, minute=30).astimezone(timezone(timedelta(hours=1)))
    assert document.values(printed(created_at=moment), NORDLICHT, None)["issued"] == "15 March 2026"


async def test_others_go_on_while_a_document_is_made() -> None:
    """The compiler runs beside the event loop."""
    turns = 0
    making = asyncio.create_task(document.render(printed(replace(DRAFT, lines=(PUMP,) * 100)), NORDLICHT))
    while not making.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert making.result().startswith(b"%PDF-")
    assert turns > 3


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234567.50", "EUR", "€1,234,567.50"),
        ("1250", "JPY", "¥1,250"),
        ("1.250", "KWD", "KWD\u00a01.250"),
        ("99999999999999.99", "USD", "$99,999,999,999,999.99"),
    ],
)
def test_money_is_shown_to_its_last_digit(amount: str, currency: str, shown: str) -> None:
    """With the digits of ISO 4217, and no float in between."""
    assert money(Decimal(amount), currency) == shown


def test_a_price_finer_than_its_money_keeps_its_digits() -> None:
    """0.3175 a kilowatt-hour is not 0.32."""
    assert figure(Decimal("0.3175"), "EUR") == "0.3175"
    assert figure(Decimal(80), "EUR") == "80.00"
    assert document.count(Decimal("2.500000")) == "2.5"


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("de", "1.250,00\u00a0€"),
        ("fr", "1\u202f250,00\u00a0€"),
        ("ar", "\u200f1,250.00\u00a0€"),
        ("en-IN", "€1,250.00"),
    ],
)
def test_money_stands_where_the_language_has_it(locale: str, shown: str) -> None:
    """Its sign before or after the number, with the digits of ISO 4217 all the same."""
    assert money(Decimal(1250), "EUR", locale.replace("-", "_")) == shown


ARABIC_COMPANY = Site(
    company="شركة النور للصيانة", address="شارع الملك فهد 12\nالرياض", tax_id="300012345600003", language="ar"
)


def test_the_document_speaks_the_language_of_the_site() -> None:
    """Whoever asks for it; Arabic is laid out from the right."""
    with speaking("ar"):
        english = document.values(printed(), NORDLICHT, None)
    arabic = document.values(printed(), ARABIC_COMPANY, None)
    assert [english[name] for name in ("language", "rtl", "issued")] == ["en", False, "14 March 2026"]
    assert [arabic[name] for name in ("language", "rtl", "issued")] == ["ar", True, "14 مارس 2026"]
    pdf = document.compiled(printed(client=ARABIC, title=ARABIC), ARABIC_COMPANY)
    assert (pages(pdf), b"NotoSansArabic" in inside(pdf)) == (1, True)


def test_the_preview_shows_every_page_and_no_text() -> None:
    """As pictures of shapes: nothing in them can be a script or a link, whatever was typed."""
    typed = "<script>alert(1)</script>"
    draft = replace(DRAFT, lines=(replace(PUMP, description=typed),) * 40)
    shown = document.pictured(printed(draft, client=typed), NORDLICHT)
    assert len(shown) == pages(document.compiled(printed(draft, client=typed), NORDLICHT)) > 1
    for page in shown:
        assert page.startswith(b"<svg")
        assert not re.search(
            rb"<(script|a|text|foreignObject|style)\b|\bon\w+=|javascript:|http://(?!www\.w3\.org)", page
        )


async def test_too_many_at_once_are_told_to_come_again(
    office: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page and a program by 503 with the time to wait; whoever sends it by Telegram keeps it, and asks again."""
    number = (await made(office))["id"]
    monkeypatch.setattr("shared.document.press", Press(at_once=1, waiting=-1))
    for path in (f"/api/invoices/{number}/document", f"/invoices/{number}/preview"):
        answer = await office.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "Too many documents" in answer.json()["detail"]
    with pytest.raises(Refused) as told:
        await service.bus.request(DOCUMENT, DocumentRequest(number), DocumentAnswer)
    assert told.value.why is Why.UNAVAILABLE
