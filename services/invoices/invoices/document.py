"""An invoice as a PDF that a company can send, and the same pages as pictures to look at before.

The layout is `templates/invoice.typ`. What people typed reaches it as JSON, as values
and never as source, so that nothing in it can be Typst code; the compiler sees no file
but the layout. The document is the company's: it speaks the site's language, whoever asks for it.
"""

import asyncio
import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import msgspec
import typst
from babel.dates import format_date
from babel.numbers import format_decimal
from msgspec import Struct

from invoices.logo import listed, printable
from shared.contract.invoice import InvoiceStatus
from shared.contract.site import Site
from shared.language import _, direction, language, locale, speaking, words
from shared.money import figure, money

MEDIA_TYPE = "application/pdf"
PICTURE = "image/svg+xml"
CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Marks that turn the order of what follows them around, and what can't be printed."""
LARGEST = 500_000
"""Bytes. Tags are for people who hear a document read. A hundred long lines grow fourfold by them, and the whole
answer must fit into one message on the bus (1 MB, of which base64 takes a quarter)."""
LONG_WORD = re.compile("[!-~\u00a1-\u024f\u0370-\u052f]{31,}")
"""Where letters stand apart (Latin, Greek, Cyrillic), a break within a word spoils no shape."""


class Line(Struct, frozen=True):
    """quantity and prices are exact; amount is rounded to the currency's minor unit."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


class Content(Struct, frozen=True, kw_only=True):
    """All that the document shows of an invoice; of the client the name alone."""

    number: int
    status: InvoiceStatus
    created_at: datetime  # in the site's time zone
    due_on: date | None
    client: str
    task: int
    title: str
    currency: str
    lines: tuple[Line, ...]
    tax_percent: Decimal
    subtotal: Decimal
    tax: Decimal
    total: Decimal


async def render(content: Content, site: Site, logo: bytes | None = None) -> bytes:
    """The PDF. The same content gives the same bytes; compiled beside the event loop."""
    return await asyncio.to_thread(compiled, content, site, logo)


async def preview(content: Content, site: Site, logo: bytes | None = None) -> tuple[bytes, ...]:
    """The pages of the PDF, each as an SVG with its letters as shapes; compiled beside the event loop."""
    return await asyncio.to_thread(pictured, content, site, logo)


def compiled(content: Content, site: Site, logo: bytes | None = None) -> bytes:
    """With all that a reader is served by, as far as it is small enough to be sent."""
    pdf = b""
    for picture in (logo, None) if logo else (None,):
        values = inputs(content, site, picture)
        for tagged in (True, False):
            pdf = _compiled(content, values, tagged=tagged)
            if len(pdf) <= LARGEST:
                return pdf
    return pdf


@lru_cache(maxsize=8)
def pictured(content: Content, site: Site, logo: bytes | None = None) -> tuple[bytes, ...]:
    made: Any = typst.compile(  # one page as bytes, several as a list of them
        _layout(), font_paths=_fonts(), format="svg", sys_inputs=inputs(content, site, logo)
    )
    return tuple(made) if isinstance(made, list) else (made,)


def _compiled(content: Content, values: dict[str, str], *, tagged: bool) -> bytes:
    pdf = typst.compile(
        _layout(),
        font_paths=_fonts(),
        format="pdf",
        sys_inputs=values,
        timestamp=int(content.created_at.timestamp()),
        pdf_tags=tagged,
    )
    assert isinstance(pdf, bytes)
    return pdf


def inputs(content: Content, site: Site, logo: bytes | None) -> dict[str, str]:
    """What the layout is given: the values as JSON, and a logo that can be printed."""
    with speaking(site.language):
        values = {"invoice": msgspec.json.encode(_values(content, site)).decode()}
    return values | {"logo": listed(logo)} if logo and printable(logo) else values


def filename(number: int) -> str:
    return f"invoice-{number}.pdf"


def headers(number: int) -> dict[str, str]:
    """Of the PDF as an HTTP answer: kept as a file, since a page's policy would also hold for a viewer inside it."""
    return {"content-disposition": f'attachment; filename="{filename(number)}"'}


def count(quantity: Decimal) -> str:
    """`1,250` or `2.5`: as many digits as it has."""
    return format_decimal(quantity, format="#,##0.######", locale=locale())


def day(day: date) -> str:
    return format_date(day, "d MMMM yyyy", locale=locale())


def _values(content: Content, site: Site) -> dict[str, object]:
    due, currency = content.due_on, content.currency
    return {
        "language": language(),
        "rtl": direction() == "rtl",
        "labels": _labels(content),
        "company": _typed(site.company),
        "address": [_typed(line) for line in site.address.splitlines() if line.strip()],
        "tax_id": _typed(site.tax_id),
        "status": content.status,
        "issued": day(content.created_at.date()),
        "due": day(due) if due else "",
        "client": _typed(content.client),
        "title": _typed(content.title),
        "lines": [
            {
                "description": _typed(line.description),
                "quantity": count(line.quantity),
                "unit_price": figure(line.unit_price, currency, locale()),
                "amount": figure(line.amount, currency, locale()),
            }
            for line in content.lines
        ],
        "subtotal": figure(content.subtotal, currency, locale()),
        "tax": figure(content.tax, currency, locale()),
        "total": money(content.total, currency, locale()),
    }


def _labels(content: Content) -> dict[str, str]:
    """The words of the layout. {page} and {pages} are for it to fill in."""
    return {
        "invoice": _("Invoice"),
        "number": _("No. %(number)s", number=content.number),
        "file": _("Invoice no. %(number)s", number=content.number),
        "page": _("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
        "stamp": words(content.status).upper(),
        "tax_id": _("Tax ID:"),
        "bill_to": _("Bill to"),
        "about": _("For"),
        "task": _("Task #%(number)s", number=content.task),
        "issued": _("Issued"),
        "due": _("Due"),
        "on_receipt": _("on receipt"),
        "description": _("Description"),
        "quantity": _("Quantity"),
        "unit_price": _("Unit price"),
        "amount": _("Amount, %(currency)s", currency=content.currency),
        "subtotal": _("Subtotal"),
        "tax": _("Tax %(percent)s%%", percent=count(content.tax_percent)),
        "total": _("Total"),
    }


def _typed(text: str) -> dict[str, object]:
    """What somebody typed, legible and inert: nothing that turns neighbours around, no word wider than its column."""
    plain = CONTROLS.sub("", text).strip()
    strong = next((way for way in map(unicodedata.bidirectional, plain) if way in {"L", "R", "AL"}), "L")
    return {"text": LONG_WORD.sub(_breakable, plain), "rtl": strong != "L"}


def _breakable(word: re.Match[str]) -> str:
    return "\u200b".join(word[0][at : at + 10] for at in range(0, len(word[0]), 10))


@cache
def _layout() -> bytes:
    return (files("invoices") / "templates" / "invoice.typ").read_bytes()


@cache
def _fonts() -> typst.Fonts:
    """Noto Sans for the scripts of most names, and emoji; what it lacks is taken from the system's fonts."""
    noto = find_spec("manimgx_fonts")
    return typst.Fonts(font_paths=list(noto.submodule_search_locations or []) if noto else [])
