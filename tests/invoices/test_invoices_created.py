"""What makes an invoice, and what doesn't."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from invoices.domain import MOST_LINES, Invoice, decide, draft_of
from shared.contract.invoice import InvoiceCreated
from shared.contract.task import Status
from shared.refusal import Why
from tests.invoices.examples import (
    CREATE,
    DELETED,
    DRAFT,
    PENDING,
    PUMP,
    TODAY,
    created,
    creating,
    given,
    line,
)


def test_a_completed_task_gives_a_pending_invoice() -> None:
    """With its sums, the task's client, and the technician who completed it."""
    given().when(CREATE).then(created)


def test_what_was_asked_for_can_be_read_off_the_invoice() -> None:
    """So a request that comes twice is known again."""
    assert draft_of(created) == DRAFT


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.COMPLETED])
def test_any_other_task_is_refused(status: Status) -> None:
    """Only work that is done is charged for."""
    given().when(replace(CREATE, task_status=status)).refused("completed task")


def test_a_task_without_a_technician_is_refused() -> None:
    """There would be nobody to send it to."""
    given().when(replace(CREATE, technician=None)).refused("has no technician")


def test_a_number_is_used_once() -> None:
    """Not even a deleted invoice's number comes back."""
    given(*PENDING).when(CREATE).refused("")
    given(*DELETED).when(CREATE).refused("no such invoice", Why.MISSING)


@pytest.mark.parametrize("count", [1, MOST_LINES])
def test_one_line_and_a_hundred_are_fine(count: int) -> None:
    """The ends of what is allowed."""
    (event,) = decide(creating(lines=(PUMP,) * count), Invoice())
    assert isinstance(event, InvoiceCreated)
    assert len(event.lines) == count


@pytest.mark.parametrize(("count", "sentence"), [(0, "at least one line"), (101, "at most 100 lines")])
def test_no_line_and_too_many_are_refused(count: int, sentence: str) -> None:
    """An empty invoice is none, and nobody reads more than a hundred."""
    refused = given().when(creating(lines=(PUMP,) * count)).refused(sentence, Why.INVALID)
    assert list(refused.fields) == ["lines"]


@pytest.mark.parametrize(
    ("quantity", "sentence"),
    [
        ("NaN", "must be a number"),
        ("sNaN", "must be a number"),
        ("Infinity", "must be a number"),
        ("-Infinity", "must be a number"),
        ("0", "more than zero"),
        ("-0.0", "more than zero"),
        ("-1", "more than zero"),
        ("1E+999", "less than 1,000,000"),
        ("1E+999999", "less than 1,000,000"),
        ("1000000", "less than 1,000,000"),
        ("0.0000001", "at most 6 digits"),
        ("1E-999999", "at most 6 digits"),
    ],
)
def test_a_quantity_that_can_not_be_is_refused(quantity: str, sentence: str) -> None:
    """With a sentence at its own field, and at once, however long its digits would be."""
    refused = given().when(creating(lines=(PUMP, line(quantity, "1")))).refused(sentence, Why.INVALID)
    assert list(refused.fields) == ["lines.1.quantity"]
    assert str(refused).startswith("Line 2, quantity: ")


@pytest.mark.parametrize(
    ("price", "sentence"),
    [
        ("NaN", "must be a number"),
        ("-0.01", "can't be below zero"),
        ("1000000000", "less than 1,000,000,000"),
        ("1E+999", "less than"),
        ("0.0000001", "at most 6 digits"),
    ],
)
def test_a_price_that_can_not_be_is_refused(price: str, sentence: str) -> None:
    """A credit is another document; here nothing is negative."""
    refused = given().when(creating(lines=(line("1", price),))).refused(sentence, Why.INVALID)
    assert list(refused.fields) == ["lines.0.unit_price"]


@pytest.mark.parametrize(
    ("tax", "sentence"),
    [("100.001", "above 100"), ("-1", "below zero"), ("7.0001", "at most 3 digits"), ("NaN", "a number")],
)
def test_a_tax_that_can_not_be_is_refused(tax: str, sentence: str) -> None:
    """0 to 100 percent, to the thousandth."""
    refused = given().when(creating(tax_percent=Decimal(tax))).refused(sentence, Why.INVALID)
    assert list(refused.fields) == ["tax_percent"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("80.00", "80.00"),
        ("80", "80"),
        ("1E+2", "100"),
        ("2.50000000", "2.500000"),
        ("-0", "0"),
        ("00.5", "0.5"),
    ],
)
def test_a_number_is_kept_plainly(typed: str, kept: str) -> None:
    """As it was typed, but for exponents, signs of nothing and zeros without end."""
    (event,) = decide(creating(lines=(line("1", typed),)), Invoice())
    assert isinstance(event, InvoiceCreated)
    assert str(event.lines[0].unit_price) == kept


@pytest.mark.parametrize("currency", ["", "euro", "XXX", "DEM", "EU"])
def test_money_that_nobody_uses_is_refused(currency: str) -> None:
    """By its code."""
    refused = given().when(creating(currency=currency)).refused("currency", Why.INVALID)
    assert list(refused.fields) == ["currency"]


def test_a_currency_may_be_typed_small() -> None:
    """`eur` means EUR."""
    given().when(creating(currency=" eur ")).then(created)


@pytest.mark.parametrize("description", ["", "   ", "\u00a0\t\n"])
def test_a_line_says_what_it_is_for(description: str) -> None:
    """Spaces say nothing."""
    given().when(creating(lines=(line("1", "1", description),))).refused("what this line is for", Why.INVALID)


@pytest.mark.parametrize(
    ("description", "sentence"), [("x" * 501, "at most 500"), ("a\x00b", "can't be printed")]
)
def test_a_description_can_be_printed(description: str, sentence: str) -> None:
    """Neither endless nor invisible."""
    given().when(creating(lines=(line("1", "1", description),))).refused(sentence, Why.INVALID)


def test_the_due_date_is_today_or_later() -> None:
    """Nobody can pay yesterday."""
    given().when(creating(due_on=TODAY - timedelta(days=1))).refused("before today", Why.INVALID)
    for day in (TODAY, date(9999, 12, 31), None):
        assert decide(creating(due_on=day), Invoice())


def test_all_that_is_wrong_is_said_at_once() -> None:
    """A form shows each sentence beside its field."""
    refused = (
        given()
        .when(creating(currency="?", lines=(line("NaN", "-1", ""),), tax_percent=Decimal(101)))
        .refused("4 more to look at", Why.INVALID)
    )
    assert list(refused.fields) == [
        "currency",
        "lines.0.description",
        "lines.0.quantity",
        "lines.0.unit_price",
        "tax_percent",
    ]
