"""The sheets Past betas and Realised: betas to each ETF by month and by day, in columns of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from openpyxl.utils import get_column_letter

from betaneutral_xl.job.realised import Realised
from betaneutral_xl.report import charts, pictures, style
from betaneutral_xl.report.builder import Book
from betaneutral_xl.report.cells import Canvas, Scalar
from betaneutral_xl.report.checked_tables import FIRST_ROW, Column, place
from betaneutral_xl.report.contents import Contents
from betaneutral_xl.report.style import Look

NAME = "Past betas"

CHART_ROWS, CHART_COLUMNS = 20, 12
"""Rows and columns that a chart of realised betas covers."""


def _padded(heading: str, values: Sequence[Scalar], look: Look, length: int) -> Column:
    """Return a column of values, with empty cells below a shorter series."""
    return Column(heading, [*values, *[None] * (length - len(values))], look)


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write the months of each ETF, of today's portfolio and of the proposal."""
    drawn = [pictures.past_betas(contents.page, at) for at in range(len(contents.page.past))]
    length = max(len(one.categories) for one in drawn)
    columns: list[Column] = []
    for past, picture in zip(contents.page.past, drawn, strict=True):
        columns.append(_padded(f"Month to {past.etf}", picture.categories, style.LABEL, length))
        for one in picture.series:
            values = [None if math.isnan(value) else value for value in one.values]
            columns.append(
                _padded(f"{past.etf}: {one.name}", values, style.from_python(style.NUMBER), length)
            )
    place(book, canvas, "tblPastBetas", columns)


def source(contents: Contents, at: int) -> tuple[str, list[charts.Source]]:
    """Return where the numbers of the chart of one ETF are: the months, and each series."""
    before = sum(1 + len(pictures.past_betas(contents.page, n).series) for n in range(at))
    picture = pictures.past_betas(contents.page, at)
    last = FIRST_ROW + len(picture.categories) - 1
    letters = [get_column_letter(before + 1 + n) for n in range(1 + len(picture.series))]
    months, *series = (charts.column(NAME, letter, FIRST_ROW, last) for letter in letters)
    return months, [charts.Source(one) for one in series]


def same_dates(series: tuple[Realised, ...]) -> list[tuple[Realised, ...]]:
    """Return the series grouped by ETF and dates, one chart per group."""
    return [tuple(group) for _, group in groupby(series, key=lambda one: (one.etf, one.dates))]


def write_realised(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write dates, realised betas and standard errors, and a chart per ETF to the right."""
    groups = same_dates(contents.realised)
    columns: list[Column] = []
    drawn = []
    length = max(len(group[0].dates) for group in groups)
    number = style.entered(style.NUMBER)

    def reference(column: int, group: tuple[Realised, ...]) -> str:
        last = FIRST_ROW + len(group[0].dates) - 1
        return charts.column(canvas.title, get_column_letter(column), FIRST_ROW, last)

    for group in groups:
        columns.append(_padded(f"Date {group[0].etf}", group[0].dates, style.entered(style.DAY), length))
        dates, sources = reference(len(columns), group), []
        for one in group:
            sources.append(charts.Source(reference(len(columns) + 1, group)))
            for heading, values in (("Realised beta", one.beta), ("Standard error", one.error)):
                columns.append(
                    _padded(f"{heading} {one.label} to {one.etf}", values.tolist(), number, length)
                )
        drawn.append((pictures.realised_betas(group), dates, sources))
    place(book, canvas, "tblRealised", columns)
    right = get_column_letter(len(columns) + 2)
    edge = get_column_letter(len(columns) + 2 + CHART_COLUMNS)
    canvas.sheet.print_area = f"A1:{edge}{max(FIRST_ROW + length - 1, 1 + CHART_ROWS * len(groups))}"
    canvas.sheet.page_setup.orientation = "landscape"
    for n, (picture, dates, sources) in enumerate(drawn):
        corner = f"{right}{FIRST_ROW + n * CHART_ROWS}"
        charts.draw(canvas, picture, dates, sources, at=corner, size=(22.0, 9.5))
