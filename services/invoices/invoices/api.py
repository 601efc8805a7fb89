"""Invoices as JSON. Money is an exact decimal, always a string in answers; strings are best in requests too."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from litestar import delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct

from invoices import views
from invoices.document import filename
from invoices.domain import Draft
from invoices.handlers import Handlers
from shared.contract.invoice import InvoiceLine, InvoiceStatus
from shared.document import MEDIA_TYPE, attachment
from shared.web import After, Limit, Page, Request, Response, after_of, command_id, identity, limit_of, paged

Number = Annotated[
    Decimal,
    Meta(
        description="an exact decimal, as a string",
        examples=["12.50"],
        extra_json_schema={"type": "string"},
    ),
]
InStatus = Annotated[str, QueryParameter(schema_extra={"enum": ["", "pending", "overdue", "paid", "void"]})]
Words = Annotated[
    str, QueryParameter(description="Words of the task's title or the client's name, or a number")
]
SetStatus = Annotated[InvoiceStatus, Meta(extra_json_schema={"enum": ["pending", "paid", "void"]})]
LARGEST_ID = 2**53 - 1
Id = Annotated[int, Meta(ge=1, le=LARGEST_ID)]


class NewLine(Struct, frozen=True):
    """quantity more than 0, unit_price 0 or more, both with at most 6 digits after the point."""

    description: str
    quantity: Number
    unit_price: Number


class NewInvoice(Struct, frozen=True):
    """currency: ISO 4217, the site's where it is left out; tax_percent: 0 to 100; due_on: today or later."""

    task_id: Id
    lines: list[NewLine]
    currency: str = ""
    tax_percent: Number = Decimal(0)
    due_on: date | None = None


class NewStatus(Struct, frozen=True):
    status: SetStatus


class Party(Struct, frozen=True):
    """name is null where the client was erased or the technician isn't known."""

    id: int
    name: str | None


class Line(Struct, frozen=True):
    """amount: quantity x unit_price, rounded to the currency's minor unit."""

    description: str
    quantity: Number
    unit_price: Number
    amount: Number


class InvoiceSummary(Struct, frozen=True, kw_only=True):
    """delivery: the last sending, or null where there was none."""

    id: int
    status: InvoiceStatus
    task_id: int
    task_title: str
    client: Party
    currency: str
    total: Number
    due_on: date | None
    overdue: bool
    created_at: datetime
    delivery: views.Delivery | None
    version: int


class InvoiceView(InvoiceSummary, frozen=True, kw_only=True):
    technician: Party
    lines: list[Line]
    tax_percent: Number
    subtotal: Number
    tax: Number


def routes(handlers: Handlers) -> list[Any]:
    @post("/api/invoices", summary="Create an invoice from a completed task")
    async def create(request: Request, data: JSONBody[NewInvoice]) -> InvoiceView:
        draft = Draft(
            data.task_id,
            data.currency or handlers.currency(),
            tuple(InvoiceLine(line.description, line.quantity, line.unit_price) for line in data.lines),
            data.tax_percent,
            data.due_on,
        )
        number = await handlers.create(draft, actor=identity(request).actor, command_id=command_id(request))
        return await answer(number)

    @get("/api/invoices", summary="List invoices, newest first")
    async def index(
        request: Request,
        status: InStatus = "",
        task: FromQuery[Id | None] = None,
        technician: FromQuery[Id | None] = None,
        currency: FromQuery[str] = "",
        q: Words = "",
        since: FromQuery[date | None] = None,
        until: FromQuery[date | None] = None,
        after: After = None,
        limit: Limit = None,
    ) -> Page[InvoiceSummary]:
        """since and until are days on the site's clock, both included."""
        most = limit_of(request)
        wanted = handlers.wanted(
            status=status,
            task=task,
            technician=technician,
            currency=currency,
            words=q,
            since=since,
            until=until,
        )
        rows = await views.listed(handlers.pool, wanted, after=after_of(request, int), limit=most)
        today = handlers.today()
        found = paged(rows, most, lambda row: row.number)
        return Page([InvoiceSummary(**_summary(row, today)) for row in found.items], found.next)

    @get("/api/invoices/{number:int}", summary="One invoice")
    async def show(number: FromPath[int]) -> InvoiceView:
        return await answer(number)

    @delete("/api/invoices/{number:int}", summary="Delete an invoice")
    async def remove(request: Request, number: FromPath[int]) -> None:
        await handlers.delete(number, actor=identity(request).actor, command_id=command_id(request))

    @post(
        "/api/invoices/{number:int}/dispatch",
        status_code=200,
        summary="Send the invoice's PDF to its technician, through the bot",
    )
    async def dispatch(request: Request, number: FromPath[int]) -> InvoiceView:
        await handlers.send(number, actor=identity(request).actor, command_id=command_id(request))
        return await answer(number)

    @put("/api/invoices/{number:int}/status", summary="Mark as paid, back to pending, or void")
    async def set_status(request: Request, number: FromPath[int], data: JSONBody[NewStatus]) -> InvoiceView:
        await handlers.set_status(
            number, data.status, actor=identity(request).actor, command_id=command_id(request)
        )
        return await answer(number)

    @get("/api/invoices/{number:int}/document", media_type=MEDIA_TYPE, summary="The PDF")
    async def download(number: FromPath[int]) -> Response[bytes]:
        pdf = await handlers.pdf(await handlers.shown(number))
        return Response(pdf, media_type=MEDIA_TYPE, headers=attachment(filename(number)))

    async def answer(number: int) -> InvoiceView:
        return _view(await handlers.shown(number), handlers.today())

    return [create, index, show, remove, dispatch, set_status, download]


def _summary(invoice: views.Listed, today: date) -> dict[str, Any]:
    return {
        "id": invoice.number,
        "status": invoice.status,
        "task_id": invoice.task,
        "task_title": invoice.title,
        "client": Party(invoice.client, invoice.client_name or None),
        "currency": invoice.currency,
        "total": invoice.total,
        "due_on": invoice.due_on,
        "overdue": invoice.overdue(today),
        "created_at": invoice.created_at,
        "delivery": invoice.delivery,
        "version": invoice.version,
    }


def _view(invoice: views.Shown, today: date) -> InvoiceView:
    return InvoiceView(
        **_summary(invoice, today),
        technician=Party(invoice.technician, invoice.technician_name or None),
        lines=[Line(line.description, line.quantity, line.unit_price, line.amount) for line in invoice.lines],
        tax_percent=invoice.tax_percent,
        subtotal=invoice.subtotal,
        tax=invoice.tax,
    )
