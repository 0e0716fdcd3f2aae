"""Tables in which each column of formulas is compared with the values computed in Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo

from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book, Compared
from betaneutral_xl.report.cells import Canvas, Formula, Scalar, clean, look_up
from betaneutral_xl.report.style import Look

PYTHON = "in Python"
"""Suffix of the heading of a column of Python's values."""

LONGEST_HEADING = 200
"""Maximum characters of a heading; spreadsheets allow 255 in a table."""

WIDEST_TEXT = 44

PORTRAIT = 100
"""Characters across a portrait page; a wider sheet is printed in landscape."""

LANDSCAPE = 135
"""Characters that fit across a landscape page in any font."""

HEADING_ROW = 1
FIRST_ROW = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    heading
        The column's heading, in words.
    values
        One value per row, computed in Python; NaN and None are empty cells.
    look
        The format of the cells.
    formula
        A formula with ``{row}`` for the number of the row on the sheet; or a function that returns it from
        this number and the row's index, or None if the row has a plain value. Python's values are then
        written to a second column and compared.
    name
        The defined name of the column's cells.
    squared
        Compare squares, see ``Compared``.

    """

    heading: str
    values: Sequence[Scalar]
    look: Look
    formula: str | Callable[[int, int], str | None] | None = None
    name: str = ""
    squared: bool = False

    def formula_of(self, row: int, index: int) -> str | None:
        """Return the formula of a row; None if it has a plain value."""
        if isinstance(self.formula, str):
            return self.formula.format(row=row)
        return self.formula(row, index) if self.formula else None

    def indented(self) -> Column:
        """Return the column with text indented from the numbers on its left."""
        return replace(self, look=self.look.replace(indent=1)) if self.is_text else self

    @property
    def is_text(self) -> bool:
        """Whether any value is text or a truth value."""
        return any(isinstance(value, (str, bool)) for value in self.values)


def looked_up(name: str, tickers: Sequence[str], labels: str = "ticker") -> Callable[[int, int], str]:
    """Return the formulas of a column that has the entries of a named column for the tickers in column A."""
    return lambda row, i: look_up(name, f"$A{row}", tickers[i], labels)


def place(
    book: Book, canvas: Canvas, name: str, columns: Sequence[Column], *, printed_below: int = 0
) -> None:
    """Write a table from the first row on, with filters, frozen headings, names and print set-up.

    Its columns have the same length, at least one row; ``printed_below`` rows are printed with it.
    """
    headings = place_grid(book, canvas, columns, printed_below=printed_below)
    _list_object(book, canvas, name, headings, len(columns[0].values))


def place_grid(book: Book, canvas: Canvas, columns: Sequence[Column], *, printed_below: int = 0) -> list[str]:
    """Write a table without filters, for rows in a fixed order, and return its headings."""
    columns = [column.indented() if at else column for at, column in enumerate(columns)]
    checked = [column for column in columns if column.formula]
    headings = _unique(
        [column.heading for column in columns] + [f"{column.heading} {PYTHON}" for column in checked]
    )
    write_headings(canvas, headings, [style.CELL if c.is_text else c.look for c in (*columns, *checked)])
    for at, column in enumerate(columns, start=1):
        _write(book, canvas, at, column)
    for at, column in enumerate(checked, start=len(columns) + 1):
        look = style.from_python(column.look.number_format)
        for row, value in enumerate(column.values, start=FIRST_ROW):
            canvas.put(row, at, value, look)
        _compare(book, canvas, column, columns.index(column) + 1, at)
    canvas.widths(_width(h, c) for h, c in zip(headings, (*columns, *checked), strict=True))
    finish_sheet(canvas, len(columns), FIRST_ROW + len(columns[0].values) - 1 + printed_below)
    return headings


def write_headings(canvas: Canvas, headings: Sequence[str], looks: Iterable[Look]) -> None:
    """Write the headings of a sheet; those of numbers are right-aligned, clear of the filter button."""
    for at, (heading, look) in enumerate(zip(headings, looks, strict=True), start=1):
        number = look.number_format != "General"
        aligned = style.HEADING.replace(
            align="right" if number else "left", indent=2 if number else int(at > 1)
        )
        canvas.put(HEADING_ROW, at, heading, aligned)
    canvas.height(HEADING_ROW, 30)


def place_text(canvas: Canvas, heading: str, lines: Sequence[str], width: float = 60) -> None:
    """Write a sheet of text, where there is no table."""
    write_headings(canvas, [heading], [style.TEXT])
    for row, line in enumerate(lines, start=FIRST_ROW):
        canvas.put(row, 1, line, style.PARAGRAPH)
    canvas.widths([width])
    finish_sheet(canvas, 1, FIRST_ROW + len(lines) - 1)


def finish_sheet(canvas: Canvas, printed_columns: int, printed_rows: int) -> None:
    """Freeze the headings and the first column, and set the print area and orientation."""
    canvas.sheet.freeze_panes = "B2"
    canvas.sheet.print_title_rows = "1:1"
    canvas.sheet.print_area = canvas.area(1, 1, printed_rows, printed_columns).local()
    width = canvas.width(printed_columns)
    canvas.sheet.page_setup.orientation = "landscape" if width > PORTRAIT else "portrait"
    if PORTRAIT < width < LANDSCAPE:  # LibreOffice shrinks it nevertheless, and then adds a blank page
        canvas.sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=False)


def _compare(book: Book, canvas: Canvas, column: Column, formulas: int, python: int) -> None:
    sizes = [
        abs(float(value))
        for value in column.values
        if isinstance(value, (int, float)) and math.isfinite(value)
    ]
    scale = max(sizes, default=0.0)
    count = len(column.values)
    book.compared.append(
        Compared(
            label=f"{canvas.title}: {column.heading}",
            formulas=canvas.area(FIRST_ROW, formulas, count),
            python=canvas.area(FIRST_ROW, python, count),
            scale=scale**2 if column.squared else scale,
            squared=column.squared,
            text=column.is_text,
        )
    )


def _write(book: Book, canvas: Canvas, at: int, column: Column) -> None:
    for index, value in enumerate(column.values):
        row = FIRST_ROW + index
        text = column.formula_of(row, index)
        canvas.put(row, at, value if text is None else Formula(text, value), column.look)
    if column.name:
        book.define(column.name, canvas.area(FIRST_ROW, at, len(column.values)))


def _list_object(book: Book, canvas: Canvas, name: str, headings: Sequence[str], count: int) -> None:
    book.tables += 1
    area = canvas.area(HEADING_ROW, 1, 1 + count, len(headings)).local()
    canvas.sheet.add_table(
        Table(
            id=book.tables,
            displayName=name,
            name=name,
            ref=area,
            autoFilter=AutoFilter(ref=area),
            tableColumns=[TableColumn(id=n, name=h) for n, h in enumerate(headings, start=1)],
            tableStyleInfo=TableStyleInfo(name="TableStyleLight1", showRowStripes=False),
        )
    )


def _unique(headings: Sequence[str]) -> list[str]:
    """Return headings that are unique regardless of case, as spreadsheet tables require."""
    seen: set[str] = set()
    names = []
    for heading in headings:
        name = stem = clean(heading)[:LONGEST_HEADING]
        number = 2
        while name.casefold() in seen:
            name, number = f"{stem} ({number})", number + 1
        seen.add(name.casefold())
        names.append(name)
    return names


def _width(heading: str, column: Column) -> float:
    if column.is_text:
        content = max((len(str(value)) for value in column.values if value is not None), default=0)
        return min(max(content + 2, 8, min(len(heading) + 4, 14)), WIDEST_TEXT)
    heading_width = max(*map(len, heading.split()), len(heading) / 2 + 1) + 4  # on two lines
    return max(style.WIDTHS.get(column.look.number_format, 10), heading_width, 11)
