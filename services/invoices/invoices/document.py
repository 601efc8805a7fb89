"""An invoice as a PDF that a company can send, and the same pages as pictures to look at before.

The layout is `templates/invoice.typ`. The document is the company's: it speaks the site's language,
whoever asks for it.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from msgspec import Struct

from shared import document
from shared.contract.invoice import InvoiceStatus
from shared.contract.site import Site
from shared.document import typed
from shared.language import _, direction, language, locale, speaking, words
from shared.money import figure, money
from shared.pictures import Pixels

LARGEST = 500_000
"""Bytes. Tags are for people who hear a document read. A hundred long lines grow fourfold by them, and the whole
answer must fit into one message on the bus (1 MB, of which base64 takes a quarter)."""


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


async def render(content: Content, site: Site, logo: Pixels | None = None) -> bytes:
    """The PDF. The same content gives the same bytes."""
    return await document.press.make(compiled, content, site, logo)


async def preview(content: Content, site: Site, logo: Pixels | None = None) -> tuple[bytes, ...]:
    """The pages of the PDF, each as an SVG with its letters as shapes."""
    return await document.press.make(pictured, content, site, logo)


def compiled(content: Content, site: Site, logo: Pixels | None = None) -> bytes:
    """With all that a reader is served by, as far as it is small enough to be sent."""
    pdf = b""
    for picture in (logo, None) if logo else (None,):
        given = values(content, site, picture)
        for tagged in (True, False):
            pdf = document.compiled(_layout(), given, content.created_at, tagged=tagged)
            if len(pdf) <= LARGEST:
                return pdf
    return pdf


@lru_cache(maxsize=8)
def pictured(content: Content, site: Site, logo: Pixels | None = None) -> tuple[bytes, ...]:
    return document.pictured(_layout(), values(content, site, logo))


def filename(number: int) -> str:
    return f"invoice-{number}.pdf"


def count(quantity: Decimal) -> str:
    """`1,250` or `2.5`: as many digits as it has."""
    return format_decimal(quantity, format="#,##0.######", locale=locale())


def day(day: date) -> str:
    return format_date(day, "d MMMM yyyy", locale=locale())


def values(content: Content, site: Site, logo: Pixels | None) -> dict[str, Any]:
    """What the layout is given: all as it is printed."""
    with speaking(site.language):
        printed = _printed(content, site)
    return printed | {"logo": list(logo) if logo else None}


def _printed(content: Content, site: Site) -> dict[str, Any]:
    due, currency = content.due_on, content.currency
    return {
        "language": language(),
        "rtl": direction() == "rtl",
        "labels": _labels(content),
        "company": typed(site.company),
        "address": [typed(line) for line in site.address.splitlines() if line.strip()],
        "tax_id": typed(site.tax_id),
        "status": content.status,
        "issued": day(content.created_at.date()),
        "due": day(due) if due else "",
        "client": typed(content.client),
        "title": typed(content.title),
        "lines": [
            {
                "description": typed(line.description),
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


@cache
def _layout() -> bytes:
    return (files("invoices") / "templates" / "invoice.typ").read_bytes()
