"""Invoices as pages: a list, a form that keeps what was typed, a card, and a part of the task's page."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from msgspec import Struct
from msgspec.structs import replace

from invoices import document, views
from invoices.domain import MOST_LINES, Draft, checked, currencies, invalid, may_become, totals
from invoices.handlers import Handlers, client_of, status_of, unreachable
from shared.contract.admin import Role
from shared.contract.invoice import InvoiceLine
from shared.contract.task import Status
from shared.money import figure, money
from shared.refusal import Refused, Why
from shared.web import (
    Request,
    Response,
    after_of,
    command_id,
    form,
    fragment,
    identity,
    limit_of,
    needs,
    page,
    paged,
    see,
)

ROWS = 5
"""Empty lines that a form begins with and that "Add lines" adds."""

NOT_A_NUMBER = Decimal("NaN")  # what can't be read as a number; the rules have the sentence for it


class Row(Struct, frozen=True):
    """A line as it was typed."""

    description: str = ""
    quantity: str = ""
    unit_price: str = ""

    @property
    def blank(self) -> bool:
        return not (self.description or self.quantity or self.unit_price)


class Typed(Struct, frozen=True, kw_only=True):
    """The form as it was typed: nothing of it is lost when something is refused."""

    task: str
    currency: str
    tax_percent: str = ""
    due_on: str = ""
    rows: list[Row]


def routes(handlers: Handlers) -> list[Any]:
    @get("/invoices")
    async def index(request: Request) -> Response[str]:
        limit = limit_of(request)
        status = status_of(request.query_params.get("status", ""))
        asked = request.query_params.get("task", "").strip()
        task = (_number(asked) or 0) if asked else None  # what is no number finds none, rather than all
        rows = await views.listed(
            handlers.pool, status=status, task=task, after=after_of(request, int), limit=limit
        )
        return page(
            request,
            "invoices.html",
            invoices=paged(rows, limit, lambda row: row.number),
            chosen=status or "",
            cards=request.query_params.get("view") == "cards",
            **_words(handlers),
        )

    @get("/invoices/new")
    async def new(request: Request) -> Response[str]:
        needs(request, Role.DISPATCHER)
        typed = Typed(
            task=request.query_params.get("task", ""),
            currency=handlers.currency(),
            rows=[Row()] * ROWS,
        )
        return await _form(request, handlers, typed)

    @post("/invoices")
    async def create(request: Request) -> Response[Any]:
        typed = _typed(request)
        fields = form(request)
        if not {"more", "remove", "preview"}.isdisjoint(fields):
            roomy = _roomy(typed, ROWS if "more" in fields else 0)
            return await _form(request, handlers, roomy, counting="preview" in fields)
        try:
            number = await handlers.create(
                _draft(typed), actor=identity(request).actor, command_id=command_id(request)
            )
        except Refused as refused:
            return await _form(request, handlers, _roomy(typed, 0), refused)
        return see(request, f"/invoices/{number}")

    @get("/invoices/{number:int}")
    async def show(request: Request, number: FromPath[int]) -> Response[str]:
        return await _card(request, handlers, number)

    @get("/invoices/{number:int}/document")
    async def download(number: FromPath[int]) -> Response[bytes]:
        pdf = await handlers.pdf(await handlers.shown(number))
        return Response(pdf, media_type=document.MEDIA_TYPE, headers=document.headers(number))

    @post("/invoices/{number:int}/dispatch")
    async def dispatch(request: Request, number: FromPath[int]) -> Response[Any]:
        try:
            await handlers.send(number, **_who(request))
        except Refused as refused:
            return await _card(request, handlers, number, refused)
        return see(request, f"/invoices/{number}")

    @post("/invoices/{number:int}/status")
    async def set_status(request: Request, number: FromPath[int]) -> Response[Any]:
        try:
            wanted = status_of(form(request).get("status", ""))
            if wanted is None:
                raise Refused("Choose pending, paid or void.", Why.INVALID)
            await handlers.set_status(number, wanted, **_who(request))
        except Refused as refused:
            return await _card(request, handlers, number, refused)
        return see(request, f"/invoices/{number}")

    @post("/invoices/{number:int}/delete")
    async def remove(request: Request, number: FromPath[int]) -> Response[Any]:
        try:
            await handlers.delete(number, **_who(request))
        except Refused as refused:
            return await _card(request, handlers, number, refused)
        return see(request, "/invoices")

    @get("/invoices/for-task/{number:int}")
    async def for_task(request: Request, number: FromPath[int]) -> Response[str]:
        """What the task's page shows of its invoices."""
        task = await handlers.task(number)
        rows = await views.listed(handlers.pool, task=number, limit=MOST_LINES)
        return fragment(
            request,
            "for_task.html",
            number=number,
            invoices=rows[:MOST_LINES],
            more=len(rows) > MOST_LINES,
            completed=task is not None and task.status is Status.COMPLETED,
            **_words(handlers),
        )

    return [index, new, create, show, download, dispatch, set_status, remove, for_task]


async def _card(
    request: Request, handlers: Handlers, number: int, refused: Refused | None = None
) -> Response[str]:
    """The invoice as it is now, with the sentence of whatever was refused; where it is gone, that alone."""
    invoice = await handlers.shown(number)
    task = await handlers.task(invoice.task)
    return page(
        request,
        "invoice.html",
        refused=refused,
        invoice=invoice,
        task_deleted=task is not None and task.status is Status.DELETED,
        unreachable=unreachable(invoice),
        may_become=may_become(invoice.status),
        **_words(handlers),
    )


async def _form(
    request: Request,
    handlers: Handlers,
    typed: Typed,
    refused: Refused | None = None,
    *,
    counting: bool = False,
) -> Response[str]:
    """counting  the total was asked for: what stands in its way is told beside the fields"""
    counted = unfit = None
    try:
        draft = checked(_draft(typed))
        counted = (draft.currency, *totals(draft))
    except Refused as reason:
        unfit = reason if counting else None
    return page(
        request,
        "invoice_form.html",
        refused=refused,
        unfit=refused or unfit,
        typed=typed,
        task=await handlers.task(_number(typed.task) or 0),
        completed=Status.COMPLETED,
        counted=counted,
        currencies=[(code, code) for code in sorted(currencies())],
        most_lines=MOST_LINES,
        **_words(handlers),
    )


def _words(handlers: Handlers) -> dict[str, Any]:
    """What every template here uses to show an invoice."""
    return {
        "today": handlers.today(),
        "client_of": client_of,
        "money": money,
        "figure": figure,
        "count": document.count,
    }


def _who(request: Request) -> dict[str, Any]:
    """Who asks, for the command of a form, and which version of the invoice they saw."""
    return {
        "actor": identity(request).actor,
        "command_id": command_id(request),
        "expected": _number(form(request).get("version", "")),
    }


# ---------------------------------------------------------------- what was typed


def _typed(request: Request) -> Typed:
    """Rows in their order, without the blank ones in between and the one that is to be removed."""
    fields = form(request)
    order = sorted({int(name.split(".")[1]) for name in fields if _is_line(name)})
    removed = fields.get("remove")
    rows = [
        Row(*(fields.get(f"lines.{at}.{name}", "") for name in ("description", "quantity", "unit_price")))
        for at in order
        if str(at) != removed
    ]
    return Typed(
        task=fields.get("task_id", ""),
        currency=fields.get("currency", ""),
        tax_percent=fields.get("tax_percent", ""),
        due_on=fields.get("due_on", ""),
        rows=[row for row in rows if not row.blank],
    )


def _is_line(name: str) -> bool:
    parts = name.split(".")
    return len(parts) == 3 and parts[0] == "lines" and parts[1].isdecimal() and len(parts[1]) < 4


def _draft(typed: Typed) -> Draft:
    """What was typed, as a draft. What is no number becomes NaN, which the rules refuse by name."""
    due_on = None
    if typed.due_on:
        try:
            due_on = date.fromisoformat(typed.due_on)
        except ValueError:
            raise invalid({"due_on": "Write the date as year-month-day, such as 2026-12-31."}) from None
    task = _number(typed.task)
    if task is None:
        raise invalid({"task_id": "Give the number of the task, such as 1042."})
    return Draft(
        task,
        typed.currency,
        tuple(
            InvoiceLine(row.description, _decimal(row.quantity), _decimal(row.unit_price))
            for row in typed.rows
            if not row.blank
        ),
        _decimal(typed.tax_percent) if typed.tax_percent else Decimal(0),
        due_on,
    )


def _decimal(text: str) -> Decimal:
    """A number as people write it: “12,50” is 12.50; with a point besides, a comma could mean anything."""
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        return Decimal(text)
    except InvalidOperation:
        return NOT_A_NUMBER


def _number(text: str) -> int | None:
    """A task's number, with or without its #."""
    text = text.removeprefix("#")
    return int(text) if text.isdecimal() and len(text) < 16 else None


def _roomy(typed: Typed, more: int) -> Typed:
    """The same with empty rows at the end: as many as a fresh form has in all, one at least, or `more`."""
    rows = min(MOST_LINES, max(ROWS, len(typed.rows) + max(more, 1)))
    return replace(typed, rows=[*typed.rows, *[Row()] * (rows - len(typed.rows))])
