"""Lists as files for a spreadsheet, CSV or XLSX, written page by page: the length of a list costs no memory.

    @get(["/reports.csv", "/reports.xlsx"])
    async def exported(request: Request) -> Stream:
        return table(request, (_("Task"), _("Title")), pages())

where `pages()` yields lists of rows, asked for by key (`in_pages` does that). The path says which kind it is
and what the file is called. A cell is text, a number, a moment, a day, or None.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import litestar
import xlsxwriter
from litestar.response import Stream

from shared.language import direction
from shared.web.forms import zone_of
from shared.web.formulas import escape_cell

Row: TypeAlias = Sequence[Any]
Pages: TypeAlias = AsyncIterator[Sequence[Row]]
T = TypeVar("T")

PAGE = 500  # rows that a list is asked for at once
CHUNK = 64 * 1024
LAST_ROW = 1_048_575  # of a sheet, counted from 0 (Excel's specifications and limits)
LONGEST = 32_767  # characters of a cell, by the same page
EXACT = 10**15  # below it a sheet keeps every digit of a number
FIRST_YEAR = 1900  # the calendar of sheets begins in it
WIDEST = 60  # characters that a column shows without being pulled wider
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""First in a CSV, so that Excel reads it as UTF-8 and not in the code page of the country."""
TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def table(request: litestar.Request[Any, Any, Any], head: Sequence[str], pages: Pages) -> Stream:
    """The answer to `/name.csv` or `/name.xlsx`, sent while it is written; times are in the site's zone."""
    name = request.url.path.rpartition("/")[2]
    kind = name.rpartition(".")[2]
    write: Callable[[Sequence[str], Pages, ZoneInfo], AsyncIterator[str | bytes]]
    write = {"csv": csv_chunks, "xlsx": xlsx_chunks}[kind]
    return Stream(
        write(head, pages, zone_of(request)),
        media_type=TYPES[kind],
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


async def in_pages(
    ask: Callable[[Any, int], Awaitable[Sequence[T]]], key: Callable[[T], Any], row: Callable[[T], Row]
) -> Pages:
    """A list that is asked for by `(after, rows)`, all of it, as rows of a table."""
    after = None
    while page := await ask(after, PAGE):
        yield [row(each) for each in page]
        after = key(page[-1])


async def csv_chunks(head: Sequence[str], pages: Pages, zone: ZoneInfo) -> AsyncIterator[str | bytes]:
    """RFC 4180, in UTF-8."""
    yield BOM + _csv([head], zone)
    async for page in pages:
        yield _csv(page, zone)


def _csv(rows: Iterable[Row], zone: ZoneInfo) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([_plain(cell, zone) for cell in row] for row in rows)
    return text.getvalue()


def _plain(cell: Any, zone: ZoneInfo) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.astimezone(zone).isoformat(sep=" ", timespec="seconds")
        case Decimal():
            return f"{cell:f}"
        case int() | float() | date():
            return str(cell)
        case _:
            return escape_cell(str(cell))


async def xlsx_chunks(head: Sequence[str], pages: Pages, zone: ZoneInfo) -> AsyncIterator[str | bytes]:
    """One sheet, or several where one can't hold the rows. Written to disk first: its directory is at its end."""
    with TemporaryDirectory(prefix="callout-") as folder:
        path = Path(folder) / "table.xlsx"
        workbook = Workbook(path, folder, head, zone, from_the_right=direction() == "rtl")
        async for page in pages:
            await asyncio.to_thread(workbook.add, page)
        await asyncio.to_thread(workbook.close)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK):
                yield chunk


class Workbook:
    """Rows go to disk as they come: xlsxwriter's `constant_memory`."""

    def __init__(
        self, path: Path, folder: str, head: Sequence[str], zone: ZoneInfo, *, from_the_right: bool
    ) -> None:
        options = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False}
        self._book = xlsxwriter.Workbook(path, options)
        self._bold = self._book.add_format({"bold": True, "bottom": 1})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._head, self._zone, self._from_the_right = head, zone, from_the_right
        self._widths = [len(title) for title in head]
        self._begin()

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if self._next > LAST_ROW:
                self._finish()
                self._begin()
            for column, cell in enumerate(row):
                self._widths[column] = max(self._widths[column], self._write(self._next, column, cell))
            self._next += 1

    def close(self) -> None:
        self._finish()
        self._book.close()

    def _begin(self) -> None:
        self._sheet = self._book.add_worksheet()
        if self._from_the_right:
            self._sheet.right_to_left()
        self._sheet.freeze_panes(1, 0)
        for column, title in enumerate(self._head):
            self._sheet.write_string(0, column, escape_cell(title), self._bold)
        self._next = 1

    def _finish(self) -> None:
        for column, width in enumerate(self._widths):
            self._sheet.set_column(column, column, min(width, WIDEST) + 2)
        self._sheet.autofilter(0, 0, self._next - 1, len(self._head) - 1)

    def _write(self, row: int, column: int, cell: Any) -> int:
        """Answers how wide it is, in characters."""
        match cell:
            case None:
                return 0
            case datetime() if cell.year > FIRST_YEAR:  # a sheet knows no zones
                local = cell.astimezone(self._zone).replace(tzinfo=None)
                self._sheet.write_datetime(row, column, local, self._moment)
                return 19
            case date() if cell.year > FIRST_YEAR and not isinstance(cell, datetime):
                self._sheet.write_datetime(row, column, cell, self._day)
                return 10
            case int() | float() | Decimal() if -EXACT < cell < EXACT:
                self._sheet.write_number(row, column, cell)
                return len(str(cell))
            case _:
                text = _plain(cell, self._zone)[:LONGEST]
                self._sheet.write_string(row, column, text)
                return len(text)
