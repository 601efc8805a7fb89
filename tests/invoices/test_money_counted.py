"""The arithmetic: exact, in decimal, whatever the numbers are."""

from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from invoices.domain import Draft, checked, counted, line_amount, totals
from shared.contract.invoice import InvoiceLine
from shared.money import currencies, minor_unit
from tests.invoices.examples import DRAFT, line

quantities = st.integers(1, 10**12 - 1).map(lambda millionths: Decimal(millionths).scaleb(-6))
prices = st.integers(0, 10**15 - 1).map(lambda millionths: Decimal(millionths).scaleb(-6))
lines = st.lists(st.builds(InvoiceLine, st.just("Work"), quantities, prices), min_size=1, max_size=100)
drafts = st.builds(
    Draft,
    st.just(1042),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    lines.map(tuple),
    st.decimals(0, 100, places=3),
)


def half_up(exact: Fraction, digits: int) -> Decimal:
    """Rounding as one does it by hand, in whole numbers alone: an oracle that shares nothing with the code."""
    scaled = exact * 10**digits
    whole = (scaled.numerator * 2 + scaled.denominator) // (scaled.denominator * 2)
    return Decimal((0, tuple(map(int, str(whole))), -digits))


@given(drafts)
def test_every_amount_is_the_exact_one_rounded_half_up(draft: Draft) -> None:
    """Lines, tax and total agree with fractions, to the last digit, however large the numbers are."""
    draft = checked(draft)
    digits = minor_unit(draft.currency)
    amounts = [half_up(Fraction(one.quantity) * Fraction(one.unit_price), digits) for one in draft.lines]
    assert [line_amount(one, draft.currency) for one in draft.lines] == amounts
    subtotal, tax, total = totals(draft)
    assert Fraction(subtotal) == sum(map(Fraction, amounts))
    assert tax == half_up(Fraction(subtotal) * Fraction(draft.tax_percent) / 100, digits)
    assert Fraction(total) == Fraction(subtotal) + Fraction(tax)


@given(drafts)
def test_amounts_are_decimals_with_the_digits_of_their_money(draft: Draft) -> None:
    """Never a binary float, never a digit more or less than ISO 4217 gives the currency."""
    for amount in totals(checked(draft)):
        assert type(amount) is Decimal
        assert amount.as_tuple().exponent == -minor_unit(draft.currency)


@given(drafts, st.randoms())
def test_the_order_of_lines_changes_nothing(draft: Draft, random: Random) -> None:
    """Sums are exact, so they don't depend on where one begins."""
    shuffled = list(draft.lines)
    random.shuffle(shuffled)
    assert totals(checked(replace(draft, lines=tuple(shuffled)))) == totals(checked(draft))


@given(drafts)
def test_checking_twice_is_checking_once(draft: Draft) -> None:
    """A draft in its plain form is one already, digit for digit."""
    once = checked(draft)
    assert repr(checked(once)) == repr(once)


def test_the_largest_invoice_is_counted_to_the_cent() -> None:
    """A hundred lines of the most that each may hold: nineteen digits, all of them right."""
    draft = replace(DRAFT, lines=(line("999999.999999", "999999999.999999"),) * 100, tax_percent=Decimal(100))
    assert totals(checked(draft)) == (
        Decimal("99999999999899900.00"),
        Decimal("99999999999899900.00"),
        Decimal("199999999999799800.00"),
    )


def test_the_sum_is_that_of_the_rounded_lines() -> None:
    """Three lines of 0.005 are 0.03, as the printed column says, and not 0.02."""
    draft = replace(DRAFT, lines=(line("1", "0.005"),) * 3, tax_percent=Decimal(0))
    assert totals(draft)[0] == Decimal("0.03")


def test_tax_is_rounded_once_on_the_subtotal() -> None:
    """Ten lines of 0.33 at 19 %: 0.627 → 0.63; rounded line by line it would be 0.60."""
    draft = replace(DRAFT, lines=(line("1", "0.33"),) * 10, tax_percent=Decimal(19))
    assert totals(draft) == (Decimal("3.30"), Decimal("0.63"), Decimal("3.93"))


@pytest.mark.parametrize(
    ("price", "amount"), [("2.675", "2.68"), ("1.005", "1.01"), ("0.125", "0.13"), ("0.0049", "0.00")]
)
def test_halves_go_up(price: str, amount: str) -> None:
    """Where a binary float would say 2.67 and 1.00, and banker's rounding 0.12."""
    assert str(line_amount(line("1", price), "EUR")) == amount


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("EUR", "1.50"), ("JPY", "2"), ("KWD", "1.500"), ("IQD", "1.500"), ("RSD", "1.50")],
)
def test_money_has_the_digits_of_iso_4217(currency: str, amount: str) -> None:
    """Babel follows shop tills, which have no coins below a Serbian dinar; the standard has."""
    assert str(line_amount(line("1", "1.5"), currency)) == amount


def test_money_of_today_is_known_and_no_other() -> None:
    """No gold, no test code, no Deutschmark."""
    assert {"EUR", "USD", "JPY", "KWD", "SAR", "GBP"} <= currencies()
    assert currencies().isdisjoint({"XAU", "XXX", "XTS", "DEM", "BTC"})


@given(drafts)
def test_what_is_counted_while_one_types_is_what_the_invoice_will_say(draft: Draft) -> None:
    """One arithmetic for both, to the last digit."""
    seen = counted(draft)
    assert seen
    assert (seen.subtotal, seen.tax, seen.total) == totals(checked(draft))
    assert list(seen.amounts) == [line_amount(one, draft.currency) for one in checked(draft).lines]


def test_a_line_that_is_not_finished_is_left_out_and_said_so() -> None:
    """The others count; a tax that is none leaves the total open, and without a currency there is nothing to add."""
    half = line("NaN", "80.00")
    seen = counted(replace(DRAFT, lines=(line("2", "10.00"), half)))
    assert seen
    assert (seen.amounts, seen.subtotal, seen.tax) == (
        (Decimal("20.00"), None),
        Decimal("20.00"),
        Decimal("3.80"),
    )
    seen = counted(replace(DRAFT, tax_percent=Decimal("NaN")))
    assert seen
    assert (seen.subtotal, seen.tax, seen.total) == (Decimal("605.08"), None, None)
    assert counted(replace(DRAFT, currency="DEM")) is None
