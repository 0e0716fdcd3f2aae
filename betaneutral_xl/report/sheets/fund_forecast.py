"""The sheet Fund forecast: the fund's own forecast of its risk beside ours, and what the difference is of."""

from __future__ import annotations

import math

from betaneutral_xl.job.daily.page import FundForecast
from betaneutral_xl.job.views import Kind
from betaneutral_xl.report import style
from betaneutral_xl.report.cells import Canvas, Formula
from betaneutral_xl.report.checked_tables import FIRST_ROW, finish_sheet, write_headings

NAME = "Fund forecast"

HEADINGS = (
    "Of the portfolio as it is",
    "Fund's own",
    "Ours",
    "Ours, for their weights",
    "Difference",
    "of other names and weights",
    "of another model or day",
)

WIDTHS = (26, 12, 12, 22, 12, 26, 24)


def write(canvas: Canvas, forecast: FundForecast) -> None:
    """Write a row per measure, whose differences are formulas, and the notes below."""
    number = style.TEXT.replace(number_format=style.NUMBER)
    write_headings(canvas, HEADINGS, [style.TEXT, *[number] * (len(HEADINGS) - 1)])
    row = FIRST_ROW
    for line in forecast.lines:
        shown = style.PERCENT if line.kind is Kind.PERCENT else style.NUMBER
        canvas.put(row, 1, f"{line.label[0].upper()}{line.label[1:]}", style.LABEL)
        for column, value in enumerate((line.theirs, line.ours, line.of_their_names), start=2):
            canvas.put(row, column, None if math.isnan(value) else value, style.from_python(shown))
        for column, (text, value) in enumerate(
            (
                (f"C{row}-B{row}", line.ours - line.theirs),
                (f"C{row}-D{row}", line.universe),
                (f"D{row}-B{row}", line.model),
            ),
            start=5,
        ):
            known = None if math.isnan(value) else Formula(text, value)
            canvas.put(row, column, known, style.calculated(shown))
        row += 1
    for note in forecast.notes:
        row += 1
        canvas.put(row, 1, note, style.TEXT)
    canvas.widths(WIDTHS)
    finish_sheet(canvas, len(WIDTHS), row)
