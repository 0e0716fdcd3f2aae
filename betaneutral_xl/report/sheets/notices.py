"""The sheet Warnings: every warning and note, what changes the answer first."""

from __future__ import annotations

from betaneutral_xl.report import style
from betaneutral_xl.report.cells import Canvas
from betaneutral_xl.report.checked_tables import FIRST_ROW, finish_sheet, write_headings
from betaneutral_xl.report.contents import Contents

NAME = "Warnings"

WIDTHS = (20, 32, 100)


def write(canvas: Canvas, contents: Contents) -> None:
    """Write one row per warning."""
    write_headings(canvas, ("How much it matters", "About", "Warning"), [style.TEXT] * 3)
    row = FIRST_ROW
    wrapped = style.CELL.replace(wrap=True, vertical="top")
    for group in contents.page.notices:
        for line in group.lines:
            canvas.put(row, 1, group.severity.label, style.LABEL.replace(vertical="top"))
            canvas.put(row, 2, group.heading, wrapped)
            canvas.put(row, 3, line, wrapped.replace(indent=1))
            canvas.height(row, 13.5 * (1 + len(line) // 105) + 3)
            row += 1
    if row == FIRST_ROW:
        canvas.put(row, 1, "none", style.CELL)
    canvas.widths(WIDTHS)
    finish_sheet(canvas, len(WIDTHS), max(row - 1, FIRST_ROW))
