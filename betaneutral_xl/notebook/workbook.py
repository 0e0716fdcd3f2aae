"""A result as a plain workbook of values: no formula, and none from a text of a file."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from betaneutral_xl.errors import one_line
from betaneutral_xl.job import views

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

    from betaneutral_xl.engine.result import Rebalance

OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
"""Texts stay texts, whatever they begin with."""

MEASURES = ("measure", "before", "after", "meaning")


def build(result: Rebalance) -> bytes:
    """Return the bytes of a workbook with the sheets Weights, Measures and Notes."""
    import xlsxwriter

    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, OPTIONS) as book:
        _sheet(book, "Weights", result.columns, result.rows())
        rows = ((one.label, one.before, one.after, one.meaning) for one in views.lines(result))
        _sheet(book, "Measures", MEASURES, rows)
        notes = [views.headline(result), views.uncertainty_note(result), *result.warnings]
        _sheet(book, "Notes", ("note",), ((one,) for one in notes))
    return stream.getvalue()


def _sheet(
    book: Workbook, name: str, headings: Sequence[str], rows: Iterable[Sequence[str | float | None]]
) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, one_line(heading), bold)
    for at, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            _write(sheet, at, column, value)
    sheet.freeze_panes(1, 1)
    sheet.autofit()


def _write(sheet: Worksheet, row: int, column: int, value: str | float | None) -> None:
    """Write a cell; what is unknown stays blank."""
    if isinstance(value, str):
        sheet.write_string(row, column, one_line(value))
    elif value is not None and math.isfinite(value):
        sheet.write_number(row, column, value)
