"""The sheet Realised: realised betas, one block of columns per series."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from openpyxl.utils import get_column_letter

from betaneutral_xl.report import charts, pictures, style
from betaneutral_xl.report.checked_tables import FIRST_ROW, CheckedColumn, place

if TYPE_CHECKING:
    from betaneutral_xl.job.realised import Realised
    from betaneutral_xl.report.builder import Book
    from betaneutral_xl.report.cells import Canvas
    from betaneutral_xl.report.contents import Contents

CHART_ROWS, CHART_COLUMNS = 20, 12
"""Rows and columns that a chart covers."""


def same_dates(series: tuple[Realised, ...]) -> list[tuple[Realised, ...]]:
    """Return the series grouped by ETF and dates, one chart per group."""
    return [tuple(group) for _, group in groupby(series, key=lambda one: (one.etf, one.dates))]


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write dates, realised betas and standard errors, and a chart per ETF to the right."""
    groups = same_dates(contents.realised)
    columns: list[CheckedColumn] = []
    drawn = []
    length = max(len(group[0].dates) for group in groups)
    for group in groups:
        first = len(columns) + 1
        last = FIRST_ROW + len(group[0].dates) - 1
        columns.append(_padded(f"Date {group[0].etf}", list(group[0].dates), style.DAY, length))
        sources = []
        for one in group:
            at = len(columns) + 1
            for heading, values in (("Realised beta", one.beta), ("Standard error", one.error)):
                name = f"{heading} {one.label} to {one.etf}"
                columns.append(_padded(name, values.tolist(), style.NUMBER, length))
            letter = get_column_letter(at)
            sources.append(charts.Source(charts.column(canvas.title, letter, FIRST_ROW, last)))
        dates = charts.column(canvas.title, get_column_letter(first), FIRST_ROW, last)
        drawn.append((pictures.realised_betas(group), dates, sources))
    place(book, canvas, "tblRealised", columns)
    right = get_column_letter(len(columns) + 2)
    edge = get_column_letter(len(columns) + 2 + CHART_COLUMNS)
    canvas.sheet.print_area = f"A1:{edge}{max(FIRST_ROW + length - 1, 1 + CHART_ROWS * len(groups))}"
    canvas.sheet.page_setup.orientation = "landscape"
    for n, (picture, dates, sources) in enumerate(drawn):
        corner = f"{right}{FIRST_ROW + n * CHART_ROWS}"
        charts.draw(canvas, picture, dates, sources, at=corner, size=(22.0, 9.5))


def _padded(heading: str, values: list[object], number_format: str, length: int) -> CheckedColumn:
    """Return a column of values, with empty cells below a shorter series."""
    filled = [*values, *(None for _ in range(length - len(values)))]
    return CheckedColumn(heading=heading, values=filled, look=style.entered(number_format))  # type: ignore[arg-type]
