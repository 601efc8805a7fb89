"""An invoice as a PDF that a company can send.

The layout is `templates/invoice.typ`. What people typed reaches it as JSON, as values
and never as source, so that nothing in it can be Typst code; the compiler sees no file
but the layout.
"""

import asyncio
import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.util import find_spec

import msgspec
import typst
from babel.dates import format_date
from babel.numbers import format_decimal
from msgspec import Struct

from shared.contract.invoice import InvoiceStatus
from shared.contract.site import Site
from shared.money import figure, money

MEDIA_TYPE = "application/pdf"
LOCALE = "en"  # the labels of the layout are English
CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Marks that turn the order of what follows them around, and what can't be printed."""
LARGEST_TAGGED = 500_000
"""Tags are for people who hear a document read. A hundred long lines grow fourfold by them, and the whole
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


async def render(content: Content, site: Site) -> bytes:
    """The PDF. The same content gives the same bytes; compiled beside the event loop."""
    return await asyncio.to_thread(compiled, content, site)


def compiled(content: Content, site: Site) -> bytes:
    values = msgspec.json.encode(_values(content, site)).decode()
    pdf = _compiled(content, values, tagged=True)
    return pdf if len(pdf) <= LARGEST_TAGGED else _compiled(content, values, tagged=False)


def _compiled(content: Content, values: str, *, tagged: bool) -> bytes:
    pdf = typst.compile(
        _layout(),
        font_paths=_fonts(),
        format="pdf",
        sys_inputs={"invoice": values},
        timestamp=int(content.created_at.timestamp()),
        pdf_tags=tagged,
    )
    assert isinstance(pdf, bytes)
    return pdf


def filename(number: int) -> str:
    return f"invoice-{number}.pdf"


def headers(number: int) -> dict[str, str]:
    """Of the PDF as an HTTP answer: kept as a file, since a page's policy would also hold for a viewer inside it."""
    return {"content-disposition": f'attachment; filename="{filename(number)}"'}


def count(quantity: Decimal) -> str:
    """`1,250` or `2.5`: as many digits as it has."""
    return format_decimal(quantity, format="#,##0.######", locale=LOCALE)


def _values(content: Content, site: Site) -> dict[str, object]:
    due = content.due_on
    return {
        "company": _typed(site.company),
        "address": [_typed(line) for line in site.address.splitlines() if line.strip()],
        "tax_id": _typed(site.tax_id),
        "number": content.number,
        "status": content.status,
        "issued": day(content.created_at.date()),
        "due": day(due) if due else "",
        "client": _typed(content.client),
        "task": content.task,
        "title": _typed(content.title),
        "currency": content.currency,
        "lines": [
            {
                "description": _typed(line.description),
                "quantity": count(line.quantity),
                "unit_price": figure(line.unit_price, content.currency),
                "amount": figure(line.amount, content.currency),
            }
            for line in content.lines
        ],
        "tax_percent": count(content.tax_percent),
        "subtotal": figure(content.subtotal, content.currency),
        "tax": figure(content.tax, content.currency),
        "total": money(content.total, content.currency),
    }


def day(day: date) -> str:
    return format_date(day, "d MMMM yyyy", locale=LOCALE)


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
