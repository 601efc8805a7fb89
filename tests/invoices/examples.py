"""Named example data of the invoices' tests, and the words `given … when … then`."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import reduce
from uuid import UUID, uuid5

import pytest
from msgspec.structs import replace

from invoices.document import Content, Line
from invoices.domain import (
    CreateInvoice,
    Draft,
    Invoice,
    InvoiceCommand,
    decide,
    evolve,
    line_amount,
    totals,
)
from shared.contract import AnyEvent, Recorded
from shared.contract.event import Envelope, by_admin
from shared.contract.invoice import (
    InvoiceCreated,
    InvoiceDeleted,
    InvoiceEvent,
    InvoiceLine,
    InvoiceSent,
    InvoiceStatus,
    InvoiceStatusChanged,
    Issuer,
)
from shared.contract.site import Site
from shared.contract.task import Status as TaskStatus
from shared.refusal import Refused, Why

YASMIN = 7_201_993_404  # more than 32 bits, as today's Telegram ids are
BRUNO = 411_002_118
HOTEL_AURORA = 12
LEAKING_BOILER = 1042
NUMBER = 7
TODAY = date(2026, 3, 14)

NORDLICHT = Site(
    company="Nordlicht Haustechnik",
    address="Hafenstraße 12\n20457 Hamburg\nGermany",
    tax_id="DE 123 456 789",
)

PUMP = InvoiceLine("Circulation pump", Decimal(1), Decimal("389.00"))
LABOUR = InvoiceLine("Labour, hours", Decimal("2.5"), Decimal("78.00"))
TRAVEL = InvoiceLine("Travel, km", Decimal(34), Decimal("0.62"))
DRAFT = Draft(LEAKING_BOILER, "EUR", (PUMP, LABOUR, TRAVEL), Decimal(19), date(2026, 3, 28))
"""389.00 + 195.00 + 21.08 = 605.08; 19 % of it are 114.97 (114.9652), so 720.05 in all."""

CREATE = CreateInvoice(NUMBER, DRAFT, TaskStatus.COMPLETED, "Leaking boiler", HOTEL_AURORA, YASMIN, TODAY)

created = InvoiceCreated(
    NUMBER,
    LEAKING_BOILER,
    HOTEL_AURORA,
    YASMIN,
    "EUR",
    DRAFT.lines,
    Decimal(19),
    Decimal("605.08"),
    Decimal("114.97"),
    Decimal("720.05"),
    date(2026, 3, 28),
    "Leaking boiler",
)
ISSUER = Issuer(NORDLICHT.company, NORDLICHT.address, NORDLICHT.tax_id, "UTC", "en")
sent = InvoiceSent(LEAKING_BOILER, YASMIN, ISSUER)
marked_paid = InvoiceStatusChanged(LEAKING_BOILER, InvoiceStatus.PENDING, InvoiceStatus.PAID)
back_to_pending = InvoiceStatusChanged(LEAKING_BOILER, InvoiceStatus.PAID, InvoiceStatus.PENDING)
made_void = InvoiceStatusChanged(LEAKING_BOILER, InvoiceStatus.PENDING, InvoiceStatus.VOID)
deleted = InvoiceDeleted(LEAKING_BOILER)

PENDING: tuple[InvoiceEvent, ...] = (created,)
PAID = (*PENDING, marked_paid)
VOID = (*PENDING, made_void)
DELETED = (*PENDING, deleted)


@dataclass
class Given:
    history: Sequence[InvoiceEvent]

    def when(self, command: InvoiceCommand) -> "When":
        return When(self.history, command)


@dataclass
class When:
    history: Sequence[InvoiceEvent]
    command: InvoiceCommand

    def then(self, *expected: InvoiceEvent) -> None:
        assert decide(self.command, folded(self.history)) == list(expected)

    def nothing_happens(self) -> None:
        self.then()

    def refused(self, sentence: str, why: Why = Why.NOT_NOW) -> Refused:
        with pytest.raises(Refused) as refused:
            decide(self.command, folded(self.history))
        assert sentence in str(refused.value)
        assert refused.value.why is why
        return refused.value


def given(*history: InvoiceEvent) -> Given:
    return Given(history)


def folded(history: Sequence[InvoiceEvent]) -> Invoice:
    return reduce(evolve, history, Invoice())


def creating(**changes: object) -> CreateInvoice:
    """`CREATE` with another draft."""
    return replace(CREATE, draft=replace(DRAFT, **changes))


def line(quantity: str, unit_price: str, description: str = "Work") -> InvoiceLine:
    return InvoiceLine(description, Decimal(quantity), Decimal(unit_price))


def printed(draft: Draft = DRAFT, **changes: object) -> Content:
    """What the document shows of a checked draft."""
    subtotal, tax, total = totals(draft)
    content = Content(
        number=NUMBER,
        status=InvoiceStatus.PENDING,
        created_at=datetime(2026, 3, 14, 9, 30, tzinfo=UTC),
        due_on=draft.due_on,
        client="Hotel Aurora",
        task=draft.task,
        title="Leaking boiler",
        currency=draft.currency,
        lines=tuple(
            Line(one.description, one.quantity, one.unit_price, line_amount(one, draft.currency))
            for one in draft.lines
        ),
        tax_percent=draft.tax_percent,
        subtotal=subtotal,
        tax=tax,
        total=total,
    )
    return replace(content, **changes)


def recorded(
    stream: str, version: int, event: AnyEvent, *, cause: UUID | None = None, minute: int = 0
) -> Recorded:
    """One event as a fold gets it; its id follows from its place."""
    return Envelope(
        id=uuid5(UUID(int=0), f"{stream} {version}"),
        stream=stream,
        version=version,
        type=type(event).__name__,
        schema=1,
        at=datetime(2026, 3, 14, 9, minute, tzinfo=UTC),
        actor=by_admin("anna"),
        data=event,
        causation_id=cause,
    )


PNG = b"\x89PNG\r\n\x1a\n"


def png(width: int, height: int, pixels: bytes | None = None) -> bytes:
    """Red, or of these pixels, each line of which begins with a byte for its filter."""
    lines = (b"\0" + b"\xd0\x20\x20" * width) * height if pixels is None else pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
