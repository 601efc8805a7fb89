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
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import TypeAlias, assert_never

from babel.numbers import format_decimal
from msgspec import Struct
from msgspec.structs import replace

from shared.contract.event import stream_name
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
from shared.contract.site import SETTINGS
from shared.contract.task import Status as TaskStatus
from shared.journal import Decider
from shared.language import N_, _, locale, ngettext, word
from shared.money import currencies, minor_unit
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
    """task_status, title, client and technician: as the task stands now; today: in the site's time zone."""

    number: int
    draft: Draft
    task_status: TaskStatus
    title: str
    client: int
    technician: int | None
    today: date


class SendInvoice(Struct, frozen=True):
    """issuer: as the site's settings stand now."""

    issuer: Issuer


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
            raise Refused(_("There is no such invoice; it may have been deleted."), Why.MISSING)

        case SendInvoice(issuer), InvoiceStatus.PENDING:
            return [InvoiceSent(invoice.task, invoice.technician, issuer)]
        case SendInvoice(), InvoiceStatus.PAID:
            raise Refused(_("This invoice is paid. Set it back to pending to send it again."))
        case SendInvoice(), InvoiceStatus.VOID:
            raise Refused(_("This invoice is void, so it is not sent any more."))

        case SetInvoiceStatus(after), before if after == before:
            return []
        case SetInvoiceStatus(after), before if (before, after) in BY_HAND:
            return [InvoiceStatusChanged(invoice.task, before, after)]
        case SetInvoiceStatus(InvoiceStatus.ABSENT | InvoiceStatus.DELETED), _:
            raise Refused(_("An invoice is set to pending, paid or void."), Why.INVALID)
        case SetInvoiceStatus(), InvoiceStatus.VOID:
            raise Refused(_("A void invoice stays void. Create a new one in its place."))
        case SetInvoiceStatus(InvoiceStatus.VOID), InvoiceStatus.PAID:
            raise Refused(_("A paid invoice can't be made void. Set it back to pending first."))

        case DeleteInvoice(), _:
            return [InvoiceDeleted(invoice.task)]
    raise Refused(_("That is not possible while the invoice is %(status)s.", status=word(invoice.status)))


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
    told: tuple[str, ...] = (stream_name("task", draft.task),)
    if command.task_status is not TaskStatus.COMPLETED:
        raise Refused(
            _(
                "An invoice is made from a completed task, and task #%(number)s is %(status)s.",
                number=draft.task,
                status=word(command.task_status),
            ),
            rests_on=told,
        )
    if command.technician is None:
        raise Refused(
            _(
                "Task #%(number)s has no technician. Assign the one who did the work, then create the invoice.",
                number=draft.task,
            ),
            rests_on=told,
        )
    if draft.due_on is not None and draft.due_on < command.today:
        # Yesterday here is today somewhere: there it depends on the site's time zone, as the settings have it.
        told = (SETTINGS,) if draft.due_on == command.today - timedelta(days=1) else ()
        raise invalid({"due_on": _("The due date can't be before today.")}, rests_on=told)
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
        title=command.title,
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
    amounts = [line_amount(line, draft.currency) for line in draft.lines]
    return _summed(amounts, draft.tax_percent, draft.currency)


class Counted(Struct, frozen=True):
    """A draft's money as far as it can be counted while it is typed.

    amounts  of each line; None for one that has no quantity or price yet, which the sums leave out
    tax      None, as the total, where the percentage is not one
    """

    currency: str
    amounts: tuple[Decimal | None, ...]
    subtotal: Decimal
    tax: Decimal | None
    total: Decimal | None


def counted(draft: Draft) -> Counted | None:
    """By the same rules and the same arithmetic as an invoice; None where the currency is not known."""
    currency = draft.currency.strip().upper()
    if currency not in currencies():
        return None
    amounts = tuple(_amount(line, currency) for line in draft.lines[:MOST_LINES])
    wrong: dict[str, str] = {}
    percent = _number(draft.tax_percent, TAX, "tax_percent", wrong)
    known = [amount for amount in amounts if amount is not None]
    if wrong:
        return Counted(currency, amounts, _summed(known, Decimal(0), currency)[0], None, None)
    return Counted(currency, amounts, *_summed(known, percent, currency))


def _amount(line: InvoiceLine, currency: str) -> Decimal | None:
    wrong: dict[str, str] = {}
    quantity = _number(line.quantity, QUANTITY, "quantity", wrong)
    price = _number(line.unit_price, PRICE, "unit_price", wrong)
    return None if wrong else line_amount(InvoiceLine(line.description, quantity, price), currency)


def _summed(amounts: Iterable[Decimal], percent: Decimal, currency: str) -> tuple[Decimal, Decimal, Decimal]:
    """(subtotal, tax, total) of rounded amounts."""
    subtotal = rounded(Decimal(0), currency)
    for amount in amounts:
        subtotal = EXACT.add(subtotal, amount)
    tax = rounded(EXACT.multiply(subtotal, percent).scaleb(-2, context=EXACT), currency)
    return subtotal, tax, EXACT.add(subtotal, tax)


# ---------------------------------------------------------------- what a draft may hold


class Bounds(Struct, frozen=True):
    """least and most may be reached, unless the range is open there; decimals: digits after the point."""

    most: Decimal
    decimals: int
    open_below: bool = False
    open_above: bool = False


QUANTITY = Bounds(Decimal(1_000_000), decimals=6, open_below=True, open_above=True)
PRICE = Bounds(Decimal(1_000_000_000), decimals=6, open_above=True)
TAX = Bounds(Decimal(100), decimals=3)

NAMES = {
    "description": N_("Description"),
    "quantity": N_("Quantity"),
    "unit_price": N_("Unit price"),
    "tax_percent": N_("Tax"),
}
"""What people call the fields whose sentences don't say which they are about."""


def checked(draft: Draft) -> Draft:
    """The draft in its one plain form, or a refusal that names every field that is wrong at once.

    Fields of a line are named `lines.0.quantity`.
    """
    wrong: dict[str, str] = {}
    currency = draft.currency.strip().upper()
    if currency not in currencies():
        wrong["currency"] = _("Choose a currency by its three letters, such as EUR.")
    if not draft.lines:
        wrong["lines"] = _("An invoice needs at least one line.")
    if len(draft.lines) > MOST_LINES:
        wrong["lines"] = _("An invoice has at most %(most)s lines.", most=MOST_LINES)
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


def invalid(wrong: dict[str, str], *, rests_on: Iterable[str] = ()) -> Refused:
    """One refusal of all wrong fields; its sentence is the first one's, and says where."""
    field, sentence = next(iter(wrong.items()))
    part, __, rest = field.partition(".")
    name = NAMES.get(rest.partition(".")[2] or part)
    if name and rest:
        line = int(rest.partition(".")[0]) + 1
        sentence = _(
            "Line %(line)s, %(field)s: %(problem)s", line=line, field=_(name).lower(), problem=sentence
        )
    elif name:
        sentence = _("%(field)s: %(problem)s", field=_(name), problem=sentence)
    if more := len(wrong) - 1:
        sentence = ngettext(
            "%(problem)s (%(num)s more to look at.)",
            "%(problem)s (%(num)s more to look at.)",
            more,
            problem=sentence,
        )
    return Refused(sentence, Why.INVALID, wrong, rests_on=rests_on)


def _description(text: str, field: str, wrong: dict[str, str]) -> str:
    plain = " ".join(text.split())
    if not plain:
        wrong[field] = _("Say what this line is for.")
    elif len(plain) > LONGEST_DESCRIPTION:
        wrong[field] = _("Please use at most %(most)s characters.", most=LONGEST_DESCRIPTION)
    elif any(unicodedata.category(character) in UNPRINTABLE for character in plain):
        wrong[field] = _("This holds characters that can't be printed. Please type it again.")
    return plain


def _number(value: Decimal, bounds: Bounds, field: str, wrong: dict[str, str]) -> Decimal:
    """`value` written plainly (no exponent, no -0), if it is finite, bounded and not too fine.

    Bounds come first: a number such as 1E+999999 is refused before anybody writes out its digits.
    """
    most = format_decimal(bounds.most, locale=locale())
    if not value.is_finite():
        wrong[field] = _("This must be a number, such as 12.50.")
    elif bounds.open_below and value <= 0:
        wrong[field] = _("This must be more than zero.")
    elif value < 0:
        wrong[field] = _("This can't be below zero.")
    elif bounds.open_above and value >= bounds.most:
        wrong[field] = _("This must be less than %(most)s.", most=most)
    elif value > bounds.most:
        wrong[field] = _("This can't be above %(most)s.", most=most)
    elif _decimals(value) > bounds.decimals:
        wrong[field] = ngettext(
            "This can have at most %(num)s digit after the point.",
            "This can have at most %(num)s digits after the point.",
            bounds.decimals,
        )
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
