"""Lists as CSV and XLSX: what a spreadsheet opens is what the list holds, and nothing in it is a formula."""

import csv
import io
import tempfile
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.language import speaking
from shared.web import tables
from shared.web.formulas import escape_cell
from shared.web.tables import BOM, csv_chunks, xlsx_chunks

BEIRUT = ZoneInfo("Asia/Beirut")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


async def pages(*given: Sequence[Sequence[Any]]) -> AsyncIterator[Sequence[Sequence[Any]]]:
    for page in given:
        yield page


async def as_csv(head: Sequence[str], *given: Sequence[Sequence[Any]]) -> str:
    return "".join([str(chunk) async for chunk in csv_chunks(head, pages(*given), BEIRUT)])


async def as_xlsx(head: Sequence[str], *given: Sequence[Sequence[Any]]) -> zipfile.ZipFile:
    chunks = [chunk async for chunk in xlsx_chunks(head, pages(*given), BEIRUT)]
    return zipfile.ZipFile(io.BytesIO(b"".join(chunk for chunk in chunks if isinstance(chunk, bytes))))


def sheet(book: zipfile.ZipFile, number: int = 1) -> list[list[str]]:
    """The cells as they are stored: text, or a number's digits."""
    root = Xml.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314 - written just now
    return [["".join(cell.itertext()) for cell in row] for row in root.iter(f"{SHEET}row")]


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2)))
async def test_a_csv_read_again_has_every_cell(rows: list[list[str]]) -> None:
    """Quotes, commas and line ends within cells are text."""
    text = await as_csv(("One", "Two"), rows)
    assert text.startswith(BOM), "Excel reads it as UTF-8"
    found = list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))
    assert found == [["One", "Two"], *[[escape_cell(cell) for cell in row] for row in rows]]


async def test_numbers_days_and_moments_stay_what_they_are() -> None:
    """A negative number is no formula; a moment is told in the site's zone, in a sheet as its own date."""
    row = (-3, Decimal("1250.50"), NOON, date(2026, 12, 24), None, "=1+1")
    head = ("a", "b", "c", "d", "e", "f")
    assert (await as_csv(head, [row])).splitlines()[1] == (
        "-3,1250.50,2026-11-20 14:00:00+02:00,2026-12-24,,'=1+1"
    )
    [_, cells] = sheet(await as_xlsx(head, [row]))
    assert cells[0:2] == ["-3", "1250.50"]
    assert float(cells[2]) == pytest.approx(46346 + 14 / 24), "days since 1900"
    assert cells[3] == "46380"
    assert cells[-1] == "'=1+1"


async def test_a_sheet_holds_no_formula_and_no_link_that_nobody_wrote() -> None:
    """Also where the library would make one of an address."""
    book = await as_xlsx(("What",), [["=HYPERLINK(1)"], ["https://example.org"], ["{=1}"]])
    written = book.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in written
    assert b"hyperlink" not in written.lower().replace(b"=hyperlink(1)", b"")
    assert sheet(book)[1:] == [["'=HYPERLINK(1)"], ["https://example.org"], ["{=1}"]]


async def test_rows_that_one_sheet_cannot_hold_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sheet with its head, no row twice and none lost."""
    monkeypatch.setattr(tables, "LAST_ROW", 3)
    book = await as_xlsx(("N",), [[1], [2]], [[3], [4], [5]], [[6], [7]])
    assert [sheet(book, number) for number in (1, 2, 3)] == [
        [["N"], ["1"], ["2"], ["3"]],
        [["N"], ["4"], ["5"], ["6"]],
        [["N"], ["7"]],
    ]


async def test_what_a_sheet_cannot_hold_is_text() -> None:
    """A number of more digits than it keeps, a day before its calendar, a text longer than a cell."""
    book = await as_xlsx(("a", "b", "c"), [[2**62, date(1066, 10, 14), "x" * 40_000]])
    assert sheet(book)[1] == [str(2**62), "1066-10-14", "x" * 32_767]


async def test_a_sheet_in_arabic_begins_at_the_right() -> None:
    """As its readers expect a table to."""
    assert b"rightToLeft" not in (await as_xlsx(("a",), [[1]])).read("xl/worksheets/sheet1.xml")
    with speaking("ar"):
        assert b'rightToLeft="1"' in (await as_xlsx(("a",), [[1]])).read("xl/worksheets/sheet1.xml")


async def test_nothing_stays_on_disk_where_the_reader_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a download, or at its end."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    chunks = xlsx_chunks(("a",), pages([[n] for n in range(5000)]), BEIRUT)
    await anext(chunks)
    assert list(tmp_path.iterdir())
    await chunks.aclose()  # type: ignore[attr-defined]
    assert not list(tmp_path.iterdir())
