"""What somebody typed is no formula, whoever opens the list: also where cells end at a semicolon, a tab or a bar."""

import csv
import io
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.web.formulas import FILLERS, SIGNS, escape_cell
from shared.web.tables import BOM
from tests.web.test_tables_written import as_csv

READERS = [",", ";", "\t", "|"]
NOTHING = (
    "\u200b\u200e\u2066\u202e\ufeff\xad\xa0\u2003 \u3164\u2800\u115f\uffa0\u034f\ufe0f"
    "\x00\x07\x1f\x7f\x85\U000e0001"
)
"""Some of what shows nothing: of no width, of another direction, blank, filling, combining, controlling."""

HOSTILE = st.text(st.sampled_from("=+-@＝＋﹣⁺−;,\t|\r\n\"'" + NOTHING + "ab1 ()"), max_size=12)


def seen(cell: str) -> str:
    """The first of a cell that can be seen, once its quotation marks are gone."""
    return next((each for each in cell if each != '"' and each not in FILLERS and _shows(each)), "")


def _shows(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZM"


def cells(text: str, separator: str) -> Iterator[str]:
    """As three readers split a list: by its quotation marks, without a thought for them, and only by line."""
    text = text.removeprefix(BOM)
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting):
            yield from row
    for line in text.splitlines():
        yield from line.split(separator)


@given(st.lists(st.lists(HOSTILE | st.text(), min_size=1, max_size=4), max_size=4))
@example([["x;=1+1"], ["x;\u200b\"=cmd|' /C calc'!A0"], ["=1\n", "-2"], ["a\n=1"], ['";"=1']])
async def test_no_cell_begins_like_a_formula_wherever_it_is_cut(rows: list[list[str]]) -> None:
    """Whatever somebody typed into any column, beside a number."""
    text = await as_csv(("Number", "+ What"), [(7, *row, Decimal("-12.50")) for row in rows])
    for separator in READERS:
        for cell in cells(text, separator):
            assert cell == "-12.50" or seen(cell) not in set(SIGNS), (separator, cell)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("=1+1", "'=1+1"),
        ("+44 20 7946 0018", "'+44 20 7946 0018"),
        ("Leak; =HYPERLINK(1)", "Leak;' =HYPERLINK(1)"),
        ("a|\u3164@x", "a|'\u3164@x"),
        ('"=1"', '\'"=1"'),
        ("two lines\n-2", "two lines\n'-2"),
        ("a;;\t＝1", "a;;\t'＝1"),
        ("=1;=2", "'=1;'=2"),
        # Nothing of these is a formula, so nothing is changed.
        ("Anna - third floor; ring twice", "Anna - third floor; ring twice"),
        ("a@example.org, b@example.org", "a@example.org, b@example.org"),
        ("Tel. +44 20 7946 0018", "Tel. +44 20 7946 0018"),
        ("1 + 1 = 2", "1 + 1 = 2"),
        ("", ""),
    ],
)
def test_a_text_stays_legible(typed: str, told: str) -> None:
    """One apostrophe at the place, and nothing at all where there is no danger."""
    assert escape_cell(typed) == told
    assert escape_cell(told) == told


@given(HOSTILE | st.text())
def test_nothing_is_lost(text: str) -> None:
    """Without the apostrophes that were put in, it is the same text."""
    told = iter(escape_cell(text))
    for wanted in text:
        while (given := next(told)) != wanted:
            assert given == "'"
    assert set(told) <= {"'"}


def test_every_form_of_the_four_signs_is_known() -> None:
    """All that Unicode calls the same sign in another form; and the minus of typographers."""
    forms = {
        chr(point) for point in range(sys.maxunicode + 1) if unicodedata.normalize("NFKC", chr(point)) in "=+-@−"
    }  # fmt: skip
    assert forms == set(SIGNS)


async def test_numbers_stay_numbers() -> None:
    """A negative amount is one that a sheet can add up."""
    amounts: Sequence[Decimal | int] = (Decimal("-12.50"), -3)
    assert (await as_csv(("a", "b", "c"), [("x", *amounts)])).splitlines()[1] == "x,-12.50,-3"
