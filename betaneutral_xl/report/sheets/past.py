"""The sheet Past betas: the beta to each ETF in past months, of today's portfolio and of the proposal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from openpyxl.utils import get_column_letter

from betaneutral_xl.report import charts, pictures, style
from betaneutral_xl.report.checked_tables import FIRST_ROW, CheckedColumn, place

if TYPE_CHECKING:
    from betaneutral_xl.report.builder import Book
    from betaneutral_xl.report.cells import Canvas
    from betaneutral_xl.report.contents import Contents

NAME = "Past betas"


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write the months of each ETF in columns of their own, below each other's headings."""
    drawn = [pictures.past_betas(contents.page, at) for at in range(len(contents.page.past))]
    length = max(len(one.categories) for one in drawn)
    columns: list[CheckedColumn] = []
    for past, picture in zip(contents.page.past, drawn, strict=True):
        rest: list[None] = [None] * (length - len(picture.categories))
        columns.append(
            CheckedColumn(
                heading=f"Month to {past.etf}", values=[*picture.categories, *rest], look=style.LABEL
            )
        )
        columns += [
            CheckedColumn(
                heading=f"{past.etf}: {one.name}",
                values=[*(None if math.isnan(value) else value for value in one.values), *rest],
                look=style.from_python(style.NUMBER),
            )
            for one in picture.series
        ]
    place(book, canvas, "tblPastBetas", columns)


def source(contents: Contents, at: int) -> tuple[str, list[charts.Source]]:
    """Return where the numbers of the chart of one ETF are: the months, and each series."""
    before = sum(1 + len(pictures.past_betas(contents.page, n).series) for n in range(at))
    picture = pictures.past_betas(contents.page, at)
    last = FIRST_ROW + len(picture.categories) - 1
    letters = [get_column_letter(before + 1 + n) for n in range(1 + len(picture.series))]
    months, *series = (charts.column(NAME, letter, FIRST_ROW, last) for letter in letters)
    return months, [charts.Source(one) for one in series]
