"""What others hear of an invoice, and how its document is asked for."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from .event import Event


class InvoiceStatus(StrEnum):
    ABSENT = "absent"  # before the first event; never shown
    PENDING = "pending"
    PAID = "paid"
    VOID = "void"
    DELETED = "deleted"


class InvoiceLine(Struct, frozen=True):
    """quantity and unit_price are exact decimals, strings in JSON."""

    description: str
    quantity: Decimal
    unit_price: Decimal


class InvoiceCreated(Event):
    """subtotal, tax and total are rounded to the currency's minor unit (ISO 4217).

    title  the task's as it was then; empty in the events of before it was noted
    """

    number: int
    task: int
    client: int
    technician: int
    currency: str
    lines: tuple[InvoiceLine, ...]
    tax_percent: Decimal
    subtotal: Decimal
    tax: Decimal
    total: Decimal
    due_on: date | None = None
    title: str = ""


class Issuer(Struct, frozen=True):
    """Who a sent invoice is from, and how its document is written: the site's settings of that moment.

    logo  SHA-256 of the picture in hex; empty where there was none
    """

    company: str
    address: str
    tax_id: str
    time_zone: str
    language: str
    logo: str = ""


class InvoiceSent(Event):
    """issuer  as the document shows it from then on; None in the events of before it was noted"""

    task: int
    technician: int
    issuer: Issuer | None = None


class InvoiceStatusChanged(Event):
    task: int
    before: InvoiceStatus
    after: InvoiceStatus


class InvoiceDeleted(Event):
    task: int


InvoiceEvent: TypeAlias = InvoiceCreated | InvoiceSent | InvoiceStatusChanged | InvoiceDeleted


class DocumentRequest(Struct, frozen=True):
    """Asked by the bot-gateway at the moment of sending (`DOCUMENT`)."""

    invoice: int


class DocumentAnswer(Struct, frozen=True):
    """Either the PDF, or the sentence that says why there is none."""

    pdf: bytes = b""
    filename: str = ""
    caption: str = ""
    refusal: str = ""


DOCUMENT = "queries.invoice.document"
