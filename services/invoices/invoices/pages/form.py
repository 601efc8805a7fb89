"""A new invoice: lines that are added and removed, totals as one types, and nothing typed is lost."""

import re
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from litestar import get, post
from msgspec import Struct
from msgspec.structs import replace

from invoices import views
from invoices.domain import MOST_LINES, Counted, Draft, checked, counted, invalid
from invoices.handlers import GLANCE, Billed, Handlers
from shared.contract.admin import Role
from shared.contract.invoice import InvoiceLine
from shared.journal.freshness import PATIENCE
from shared.language import _
from shared.money import currencies
from shared.refusal import Refused
from shared.web import Request, Response, command_id, form, fragment, identity, needs, page, see

from .common import numbered, words

CELLS = ("description", "quantity", "unit_price")
DUE_IN = (14, 30)
"""Days that a button sets the due date to."""
WITHOUT_MAKING = {"more", "remove", "due", "preview"}
"""Buttons of the form that don't make the invoice."""

THOUSANDS = re.compile(r"(?!0)\d{1,3},\d{3}")
"""What may be thousands, or a fraction of three digits."""
NOT_A_NUMBER = Decimal("NaN")  # what can't be read as a number; the rules have the sentence for it


class Row(Struct, frozen=True):
    """A line as it was typed. at: its place in the names of its fields, which it keeps when others go."""

    at: int
    description: str = ""
    quantity: str = ""
    unit_price: str = ""

    @property
    def blank(self) -> bool:
        return not (self.description or self.quantity or self.unit_price)


class Typed(Struct, frozen=True, kw_only=True):
    """The form as it was typed."""

    task: str
    currency: str
    tax_percent: str = ""
    due_on: str = ""
    rows: list[Row]


def routes(handlers: Handlers) -> list[Any]:
    @get("/invoices/new")
    async def new(request: Request) -> Response[str]:
        needs(request, Role.DISPATCHER)
        task = request.query_params.get("task", "")
        billed = await handlers.billed(numbered(task) or 0, PATIENCE)
        first = Row(0, billed.task.title, "1") if billed.task and billed.completed else Row(0)
        return await _form(
            request,
            handlers,
            Typed(task=task, currency=handlers.currency(), rows=[first]),
            at=0 if task else None,
            billed=billed,
        )

    @post("/invoices")
    async def create(request: Request) -> Response[Any]:
        typed, fields = _typed(request), form(request)
        if not WITHOUT_MAKING.isdisjoint(fields):
            return await _form_again(request, handlers, typed)
        typed = _renumbered(typed)
        try:
            number = await handlers.create(
                _draft(typed), actor=identity(request).actor, command_id=command_id(request)
            )
        except Refused as refused:
            return await _form(request, handlers, typed, refused)
        return see(request, f"/invoices/{number}")

    @post("/invoices/totals")
    async def totals(request: Request) -> Response[str]:
        """What the lines come to so far, by the arithmetic that makes the invoice; and which task it is for."""
        typed = _typed(request)
        return fragment(
            request,
            "totals.html",
            typed=typed,
            counted=_counted(typed),
            billed=await handlers.billed(numbered(typed.task) or 0, GLANCE),
            **words(handlers),
        )

    return [new, create, totals]


async def _form_again(request: Request, handlers: Handlers, typed: Typed) -> Response[str]:
    """After a button that changes the form: with one line more or less, or another due date."""
    fields = form(request)
    if "more" in fields:
        at = max((row.at for row in typed.rows), default=-1) + 1
        return await _form(request, handlers, replace(typed, rows=[*typed.rows, Row(at)]), at=at)
    if "remove" in fields:
        gone = numbered(fields["remove"])
        rows = [row for row in typed.rows if row.at != gone]
        following = next((row.at for row in rows if row.at > (gone or 0)), rows[-1].at if rows else 0)
        return await _form(request, handlers, replace(typed, rows=rows), at=following)
    if (days := numbered(fields.get("due", ""))) in DUE_IN:
        due_on = handlers.today() + timedelta(days=days)
        return await _form(request, handlers, replace(typed, due_on=due_on.isoformat()))
    typed = _renumbered(typed)
    try:
        checked(_draft(typed))
    except Refused as unfit:
        return await _form(request, handlers, typed, unfit=unfit)
    return await _form(request, handlers, typed)


async def _form(
    request: Request,
    handlers: Handlers,
    typed: Typed,
    refused: Refused | None = None,
    *,
    unfit: Refused | None = None,
    at: int | None = None,
    billed: Billed | None = None,
) -> Response[str]:
    """unfit: what stands in the way of the totals, told beside the fields alone; at: the line to type in next"""
    if not typed.rows:
        typed = replace(typed, rows=[Row(0)])
    known = currencies()
    return page(
        request,
        "invoice_form.html",
        refused=refused,
        unfit=refused or unfit,
        typed=typed,
        at=at,
        billed=billed or await handlers.billed(numbered(typed.task) or 0, GLANCE),
        unbilled=await views.unbilled(handlers.pool),
        counted=_counted(typed),
        currencies=[
            *([] if typed.currency in known else [("", _("Choose"))]),
            *((code, code) for code in sorted(known)),
        ],
        due_in=DUE_IN,
        most_lines=MOST_LINES,
        **words(handlers),
    )


# ---------------------------------------------------------------- what was typed


def _typed(request: Request) -> Typed:
    """Rows in their order, the blank ones too: somebody may be about to type there."""
    fields = form(request)
    order = sorted({int(name.split(".")[1]) for name in fields if _is_line(name)})
    return Typed(
        task=fields.get("task_id", ""),
        currency=fields.get("currency", ""),
        tax_percent=fields.get("tax_percent", ""),
        due_on=fields.get("due_on", ""),
        rows=[Row(at, *(fields.get(f"lines.{at}.{name}", "") for name in CELLS)) for at in order],
    )


def _renumbered(typed: Typed) -> Typed:
    """Without the blank rows, so that a row's place is its line's on the invoice, which the sentences name."""
    rows = [row for row in typed.rows if not row.blank]
    return replace(typed, rows=[replace(row, at=at) for at, row in enumerate(rows)])


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
            raise invalid({"due_on": _("Write the date as year-month-day, such as 2026-12-31.")}) from None
    task = numbered(typed.task)
    if task is None:
        raise invalid({"task_id": _("Give the number of the task, such as 1042.")})
    return Draft(task, typed.currency, _lines(typed), _percent(typed), due_on)


class Seen(Struct, frozen=True):
    """What the form shows of the money. amounts: by the rows' places; missing: lines that are not counted yet."""

    sums: Counted
    amounts: dict[int, Decimal | None]
    missing: int


def _counted(typed: Typed) -> Seen | None:
    """None where the currency is not known yet."""
    rows = [row for row in typed.rows if not row.blank]
    found = counted(Draft(0, typed.currency, _lines(typed), _percent(typed)))
    if found is None:
        return None
    amounts = {row.at: amount for row, amount in zip(rows, found.amounts, strict=False)}
    return Seen(found, amounts, sum(amount is None for amount in amounts.values()))


def _lines(typed: Typed) -> tuple[InvoiceLine, ...]:
    return tuple(
        InvoiceLine(row.description, _decimal(row.quantity), _decimal(row.unit_price))
        for row in typed.rows
        if not row.blank
    )


def _percent(typed: Typed) -> Decimal:
    return _decimal(typed.tax_percent) if typed.tax_percent else Decimal(0)


def _decimal(text: str) -> Decimal:
    """A number as people write it: “12,50” and “١٢٫٥٠” are 12.50.

    With a point besides, a comma could mean anything; and “1,250” is much to one and little to another.
    """
    text = text.strip().replace("\N{ARABIC DECIMAL SEPARATOR}", ".")
    if THOUSANDS.fullmatch(text):
        return NOT_A_NUMBER
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        return Decimal(text)
    except InvalidOperation:
        return NOT_A_NUMBER
