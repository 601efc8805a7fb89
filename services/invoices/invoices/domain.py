"""The life of one invoice and its arithmetic, decided without I/O.

A command asks; `decide` answers with events or refuses; `evolve` folds one event
into the invoice. Who acted, and when, is the journal's business.

How the money is counted, exactly and in decimal throughout:

    amount of a line = quantity x unit price, rounded
    subtotal         = the sum of the rounded amounts, so that the column adds up as printed
    tax              = subtotal x percent / 100, rounded once for the whole invoice
    total            = subtotal + tax

Rounded is half up, to the minor unit of the currency (ISO 4217).
"""

import unicodedata
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from functools import cache
from typing import TypeAlias, assert_never

from babel.core import get_global
from babel.numbers import get_territory_currencies
from msgspec import Struct
from msgspec.structs import replace

from shared.contract.invoice import (
    InvoiceCreated,
    InvoiceDeleted,
    InvoiceEvent,
    InvoiceLine,
    InvoiceSent,
    InvoiceStatus,
    InvoiceStatusChanged,
)
from shared.contract.task import Status as TaskStatus
from shared.journal import Decider
from shared.money import minor_unit
from shared.refusal import Refused, Why

MOST_LINES = 100
LONGEST_DESCRIPTION = 500
UNPRINTABLE = {"Cc", "Cs"}  # control characters and halves of surrogate pairs
EXACT = Context(prec=60, rounding=ROUND_HALF_UP, traps=[InvalidOperation, DivisionByZero, Overflow])
"""Wide enough that nothing within the bounds above is rounded but where `rounded` says so."""


# ---------------------------------------------------------------- commands and state


class Draft(Struct, frozen=True):
    """What somebody wants to be an invoice. `task` is the task's number."""

    task: int
    currency: str
    lines: tuple[InvoiceLine, ...]
    tax_percent: Decimal = Decimal(0)
    due_on: date | None = None


class CreateInvoice(Struct, frozen=True):
    """task_status, client and technician: as the task stands now; today: in the site's time zone."""

    number: int
    draft: Draft
    task_status: TaskStatus
    client: int
    technician: int | None
    today: date


class SendInvoice(Struct, frozen=True):
    pass


class SetInvoiceStatus(Struct, frozen=True):
    status: InvoiceStatus


class DeleteInvoice(Struct, frozen=True):
    pass


InvoiceCommand: TypeAlias = CreateInvoice | SendInvoice | SetInvoiceStatus | DeleteInvoice


class Invoice(Struct, frozen=True):
    status: InvoiceStatus = InvoiceStatus.ABSENT
    task: int = 0
    technician: int = 0


# ---------------------------------------------------------------- the rules

BY_HAND = (
    (InvoiceStatus.PENDING, InvoiceStatus.PAID),
    (InvoiceStatus.PAID, InvoiceStatus.PENDING),
    (InvoiceStatus.PENDING, InvoiceStatus.VOID),
)
"""(before, after) of what an admin may set."""


def decide(command: InvoiceCommand, invoice: Invoice) -> list[InvoiceEvent]:
    """Read top to bottom: whatever is not listed is refused."""
    match command, invoice.status:
        case CreateInvoice(), InvoiceStatus.ABSENT:
            return [created(command)]
        case _, InvoiceStatus.ABSENT | InvoiceStatus.DELETED:
            raise Refused("There is no such invoice; it may have been deleted.", Why.MISSING)

        case SendInvoice(), InvoiceStatus.PENDING:
            return [InvoiceSent(invoice.task, invoice.technician)]
        case SendInvoice(), InvoiceStatus.PAID:
            raise Refused("This invoice is paid. Set it back to pending to send it again.")
        case SendInvoice(), InvoiceStatus.VOID:
            raise Refused("This invoice is void, so it is not sent any more.")

        case SetInvoiceStatus(after), before if after == before:
            return []
        case SetInvoiceStatus(after), before if (before, after) in BY_HAND:
            return [InvoiceStatusChanged(invoice.task, before, after)]
        case SetInvoiceStatus(InvoiceStatus.ABSENT | InvoiceStatus.DELETED), _:
            raise Refused("An invoice is set to pending, paid or void.", Why.INVALID)
        case SetInvoiceStatus(), InvoiceStatus.VOID:
            raise Refused("A void invoice stays void. Create a new one in its place.")
        case SetInvoiceStatus(InvoiceStatus.VOID), InvoiceStatus.PAID:
            raise Refused("A paid invoice can't be made void. Set it back to pending first.")

        case DeleteInvoice(), _:
            return [InvoiceDeleted(invoice.task)]
    raise Refused(f"That is not possible while the invoice is {invoice.status}.")


def evolve(invoice: Invoice, event: InvoiceEvent) -> Invoice:
    match event:
        case InvoiceCreated():
            return Invoice(InvoiceStatus.PENDING, event.task, event.technician)
        case InvoiceSent():
            return invoice
        case InvoiceStatusChanged():
            return replace(invoice, status=event.after)
        case InvoiceDeleted():
            return replace(invoice, status=InvoiceStatus.DELETED)
    assert_never(event)


INVOICES = Decider(aggregate="invoice", initial=Invoice(), decide=decide, evolve=evolve, events=InvoiceEvent)


def created(command: CreateInvoice) -> InvoiceCreated:
    """The invoice that a command asks for, counted; refused where the task or the draft can't carry one."""
    draft = checked(command.draft)
    if command.task_status is not TaskStatus.COMPLETED:
        state = command.task_status.replace("_", " ")
        raise Refused(f"An invoice is made from a completed task, and task #{draft.task} is {state}.")
    if command.technician is None:
        raise Refused(
            f"Task #{draft.task} has no technician. Assign the one who did the work, then create the invoice."
        )
    if draft.due_on is not None and draft.due_on < command.today:
        raise invalid({"due_on": "The due date can't be before today."})
    subtotal, tax, total = totals(draft)
    return InvoiceCreated(
        number=command.number,
        task=draft.task,
        client=command.client,
        technician=command.technician,
        currency=draft.currency,
        lines=draft.lines,
        tax_percent=draft.tax_percent,
        subtotal=subtotal,
        tax=tax,
        total=total,
        due_on=draft.due_on,
    )


def draft_of(event: InvoiceCreated) -> Draft:
    """What was asked for when this invoice was made, to know the same request when it comes again."""
    return Draft(event.task, event.currency, event.lines, event.tax_percent, event.due_on)


def may_become(status: InvoiceStatus) -> list[InvoiceStatus]:
    """What an admin may set this status to: the buttons of a page."""
    return [after for before, after in BY_HAND if before == status]


# ---------------------------------------------------------------- money


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-minor_unit(currency)), context=EXACT)


def line_amount(line: InvoiceLine, currency: str) -> Decimal:
    return rounded(EXACT.multiply(line.quantity, line.unit_price), currency)


def totals(draft: Draft) -> tuple[Decimal, Decimal, Decimal]:
    """(subtotal, tax, total) of a checked draft."""
    subtotal = rounded(Decimal(0), draft.currency)
    for line in draft.lines:
        subtotal = EXACT.add(subtotal, line_amount(line, draft.currency))
    tax = rounded(EXACT.multiply(subtotal, draft.tax_percent).scaleb(-2, context=EXACT), draft.currency)
    return subtotal, tax, EXACT.add(subtotal, tax)


@cache
def currencies() -> frozenset[str]:
    """ISO 4217 codes of the money in use today (from CLDR); not gold, not the Deutschmark."""
    return frozenset(
        code
        for territory in get_global("territory_currencies")
        for code in get_territory_currencies(territory, tender=True)
    )


# ---------------------------------------------------------------- what a draft may hold


class Bounds(Struct, frozen=True):
    """least and most may be reached, unless the range is open there; decimals: digits after the point."""

    what: str
    most: Decimal
    decimals: int
    open_below: bool = False
    open_above: bool = False


QUANTITY = Bounds("The quantity", Decimal(1_000_000), decimals=6, open_below=True, open_above=True)
PRICE = Bounds("The price", Decimal(1_000_000_000), decimals=6, open_above=True)
TAX = Bounds("The tax", Decimal(100), decimals=3)


def checked(draft: Draft) -> Draft:
    """The draft in its one plain form, or a refusal that names every field that is wrong at once.

    Fields of a line are named `lines.0.quantity`.
    """
    wrong: dict[str, str] = {}
    currency = draft.currency.strip().upper()
    if currency not in currencies():
        wrong["currency"] = "Choose a currency by its three letters, such as EUR."
    if not draft.lines:
        wrong["lines"] = "An invoice needs at least one line."
    if len(draft.lines) > MOST_LINES:
        wrong["lines"] = f"An invoice has at most {MOST_LINES} lines."
    lines = tuple(
        InvoiceLine(
            _description(line.description, f"lines.{at}.description", wrong),
            _number(line.quantity, QUANTITY, f"lines.{at}.quantity", wrong),
            _number(line.unit_price, PRICE, f"lines.{at}.unit_price", wrong),
        )
        for at, line in enumerate(draft.lines[:MOST_LINES])
    )
    tax = _number(draft.tax_percent, TAX, "tax_percent", wrong)
    if wrong:
        raise invalid(wrong)
    return Draft(draft.task, currency, lines, tax, draft.due_on)


def invalid(wrong: dict[str, str]) -> Refused:
    """One refusal of all wrong fields; its sentence is the first one's, and says where."""
    field, sentence = next(iter(wrong.items()))
    line = field.split(".")[1] if field.startswith("lines.") else None
    where = f"Line {int(line) + 1}: " if line else ""
    more = f" ({len(wrong) - 1} more to look at.)" if len(wrong) > 1 else ""
    return Refused(f"{where}{sentence}{more}", Why.INVALID, wrong)


def _description(text: str, field: str, wrong: dict[str, str]) -> str:
    plain = " ".join(text.split())
    if not plain:
        wrong[field] = "Say what this line is for."
    elif len(plain) > LONGEST_DESCRIPTION:
        wrong[field] = f"Please use at most {LONGEST_DESCRIPTION} characters."
    elif any(unicodedata.category(character) in UNPRINTABLE for character in plain):
        wrong[field] = "This holds characters that can't be printed. Please type it again."
    return plain


def _number(value: Decimal, bounds: Bounds, field: str, wrong: dict[str, str]) -> Decimal:
    """`value` written plainly (no exponent, no -0), if it is finite, bounded and not too fine.

    Bounds come first: a number such as 1E+999999 is refused before anybody writes out its digits.
    """
    what, most = bounds.what, bounds.most
    if not value.is_finite():
        wrong[field] = f"{what} must be a number, such as 12.50."
    elif bounds.open_below and value <= 0:
        wrong[field] = f"{what} must be more than zero."
    elif value < 0:
        wrong[field] = f"{what} can't be below zero."
    elif bounds.open_above and value >= most:
        wrong[field] = f"{what} must be less than {most:,}."
    elif value > most:
        wrong[field] = f"{what} can't be above {most:,}."
    elif _decimals(value) > bounds.decimals:
        wrong[field] = f"{what} can have at most {bounds.decimals} digits after the point."
    else:
        # A price typed as 80.00 stays so; zeros beyond the bound go.
        keep = min(bounds.decimals, max(0, -_exponent(value)))
        return abs(value).quantize(Decimal(1).scaleb(-keep), context=EXACT)
    return value


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # finite
    return exponent


def _decimals(value: Decimal) -> int:
    """Digits after the point that matter: 1 for 2.50, none for 1E+3 and 0.000."""
    digits = "".join(map(str, value.as_tuple().digits))
    idle = len(digits) - len(digits.rstrip("0"))
    return max(0, -(_exponent(value) + idle)) if value else 0
