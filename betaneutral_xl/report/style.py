"""How the report looks, and the one way in which it writes a cell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties

from betaneutral_xl.saving import FORMULA_STARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from openpyxl.worksheet.worksheet import Worksheet

FONT = "Calibri"
INK, MUTED, ACCENT, LINE = "1F2937", "6B7280", "1D4ED8", "D1D5DB"

TITLE = Font(name=FONT, size=16, bold=True, color=INK)
HEADING = Font(name=FONT, size=10, bold=True, color="FFFFFF")
BODY = Font(name=FONT, size=10, color=INK)
STRONG = Font(name=FONT, size=10, bold=True, color=INK)
NOTE = Font(name=FONT, size=9, italic=True, color=MUTED)
BAND = PatternFill("solid", start_color=ACCENT)
CAUTION = PatternFill("solid", start_color="FEF3C7")
UNDERLINE = Border(bottom=Side(style="thin", color=LINE))

NUMBER, PERCENT, EXACT = "0.0000;-0.0000;0.0000", "0.00%", "0.0E+00"

LONGEST_TEXT = 32_767
"""Characters that a cell can hold."""

Value = str | float | int | None
"""What a cell may be given; a missing number is an empty cell."""


def put(
    sheet: Worksheet,
    row: int,
    column: int,
    value: Value | date | datetime,
    number_format: str | None = None,
    *,
    font: Font = BODY,
) -> Cell:
    """Write one cell; text stays text, whatever it begins with.

    Formulas are written with ``put_formula`` and by nothing else.
    """
    cell = sheet.cell(row=row, column=column)
    assert isinstance(cell, Cell)  # noqa: S101 - the report writes a merged range's first cell only
    cell.font = font
    if isinstance(value, str):
        cell.value = value[:LONGEST_TEXT]
        cell.data_type = "s"
        if value.startswith(FORMULA_STARTS):
            cell.quotePrefix = True
    elif not (isinstance(value, float) and not math.isfinite(value)):
        cell.value = value
    if number_format is not None:
        cell.number_format = number_format
    return cell


def put_formula(sheet: Worksheet, row: int, column: int, formula: str, number_format: str) -> Cell:
    """Write a formula of our own making: no outside text may be part of it."""
    cell = sheet.cell(row=row, column=column, value=f"={formula}")
    assert isinstance(cell, Cell)  # noqa: S101 - as in put
    cell.font = BODY
    cell.number_format = number_format
    return cell


def heading(sheet: Worksheet, row: int, labels: Sequence[str], *, numbers: bool = True) -> None:
    """Write a table's heading; labels of numbers stand to the right, as the numbers do."""
    for column, label in enumerate(labels, start=1):
        cell = put(sheet, row, column, label, font=HEADING)
        cell.fill = BAND
        cell.alignment = Alignment(horizontal="right" if numbers and column > 1 else "left")


def widths(sheet: Worksheet, characters: Iterable[float]) -> None:
    """Set the columns' widths in characters, from the first on."""
    for index, width in enumerate(characters, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width


def paper(sheet: Worksheet, footer: str, *, landscape: bool = False, title_rows: str | None = None) -> None:
    """Fit the sheet to a page's width, with a footer; show no grid."""
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.HeaderFooter.oddFooter = HeaderFooterItem(
        left=_HeaderFooterPart(text=footer.replace("&", "&&")),
        right=_HeaderFooterPart(text="&A, page &P of &N"),
    )
    if title_rows:
        sheet.print_title_rows = title_rows
