"""The sheet Checks: every formula against Python, and the checks of the result in Python."""

from __future__ import annotations

from dataclasses import dataclass

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font, PatternFill

from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book, Compared
from betaneutral_xl.report.cells import Canvas, Formula
from betaneutral_xl.report.checked_tables import FIRST_ROW, finish_sheet, write_headings
from betaneutral_xl.report.contents import Contents
from betaneutral_xl.report.sheets.inputs import AGREES, SMALLEST_SCALE

HEADINGS = ("Check", "Cells", "Largest difference", "Allowed", "Holds")
CELLS, GAP, ALLOWED, HOLDS = 2, 3, 4, 5

VERDICT_ROW = FIRST_ROW + 1


@dataclass(frozen=True, slots=True)
class _Line:
    label: str
    cells: int
    gap: Formula | float
    allowed: Formula | float
    holds: bool = True


def write(book: Book, canvas: Canvas, contents: Contents) -> int:
    """Write all checks and return their number."""
    write_headings(canvas, HEADINGS, [style.TEXT, *[style.calculated(style.TINY)] * 3, style.TEXT])
    compared, verified = book.compared, list(contents.checks)
    count = len(compared) + len(verified)
    first = FIRST_ROW + 4
    last = first + count + 2
    verdicts = f"$E${first}:$E${last}"
    canvas.put(
        FIRST_ROW,
        1,
        "The spreadsheet recalculates every formula; the value computed in Python is next to it.",
        style.NOTE,
    )
    canvas.put(VERDICT_ROW, 1, "all checks hold", style.LABEL.replace(size=12))
    canvas.paint(VERDICT_ROW, range(2, HOLDS), style.CELL)
    canvas.put(
        VERDICT_ROW,
        HOLDS,
        Formula(f"COUNTIF({verdicts},TRUE)={count}", value=all(check.passed for check in verified)),
        style.LABEL.replace(size=12, align="center"),
    )
    book.define("all_checks_hold", canvas.area(VERDICT_ROW, HOLDS))
    book.define("verdicts", canvas.area(first, HOLDS, last - first + 1))
    canvas.put(
        first - 1, 1, "Formulas of this workbook against Python, relative to the largest value", style.SECTION
    )
    row = first
    for one in compared:
        _write(canvas, row, _compared(one))
        row += 1
    canvas.put(row + 1, 1, "Verified in Python before the report was written", style.SECTION)
    row += 2
    for check in verified:
        _write(canvas, row, _Line(check.name, 1, check.residual, check.limit, check.passed))
        row += 1
    _colours(canvas, VERDICT_ROW, row - 1)
    canvas.widths([64, 10, 14, 14, 12])
    finish_sheet(canvas, len(HEADINGS), row - 1)
    return count


def _compared(one: Compared) -> _Line:
    power = "^2" if one.squared else ""
    label = f"{one.label} (squares)" if one.squared else one.label
    cells = one.formulas.rows * one.formulas.columns
    if one.text:
        return _Line(label, cells, Formula(f"SUMPRODUCT(--({one.formulas}<>{one.python}))", 0.0), 0.0)
    gap = Formula(f"SUMPRODUCT(MAX(ABS({one.formulas}{power}-{one.python}{power})))", 0.0)
    allowed = Formula(
        f"tolerance*MAX(smallest_scale,SUMPRODUCT(MAX(ABS({one.python}{power}))))",
        AGREES * max(SMALLEST_SCALE, one.scale),
    )
    return _Line(label, cells, gap, allowed)


def _write(canvas: Canvas, row: int, line: _Line) -> None:
    canvas.put(row, 1, line.label, style.CELL)
    canvas.put(row, CELLS, line.cells, style.calculated(style.WHOLE))
    canvas.put(row, GAP, line.gap, style.calculated(style.TINY))
    canvas.put(row, ALLOWED, line.allowed, style.calculated(style.TINY))
    canvas.put(row, HOLDS, Formula(f"C{row}<=D{row}", value=line.holds), style.CELL.replace(align="center"))


def _colours(canvas: Canvas, first: int, last: int) -> None:
    """Colour the labels of the checks by their verdicts.

    The verdicts themselves are not coloured, because LibreOffice 7.4 crashes when it prints a
    conditional format on a formula that is TRUE or FALSE.
    """
    for condition, fill, ink in (
        (f"AND(ISLOGICAL($E{first}),$E{first})", style.GOOD, style.GOOD_INK),
        (f"AND(ISLOGICAL($E{first}),NOT($E{first}))", style.BAD, style.BAD_INK),
    ):
        rule = FormulaRule(  # type: ignore[no-untyped-call] # untyped in openpyxl's stubs
            formula=[condition], fill=PatternFill(bgColor=fill), font=Font(color=ink, bold=True)
        )
        canvas.sheet.conditional_formatting.add(f"A{first}:A{last}", rule)
