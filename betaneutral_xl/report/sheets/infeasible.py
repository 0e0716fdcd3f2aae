"""The sheet Infeasibility: the target, the attainable betas, and limits that could be relaxed."""

from __future__ import annotations

import math

import numpy as np

from betaneutral_xl.engine.reachable import Reachable
from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book, Compared
from betaneutral_xl.report.cells import Canvas, Formula
from betaneutral_xl.report.checked_tables import FIRST_ROW, finish_sheet
from betaneutral_xl.report.contents import Contents

NAME = "Infeasibility"

ETF_HEADINGS = ("Beta to", "Target", "Lowest", "Highest", "Nearest", "By formula", "ETF to sell as well")


def write(book: Book, canvas: Canvas, contents: Contents, found: Reachable) -> None:
    """Write the explanation, and the nearest weights with their betas by formula."""
    canvas.put(1, 1, found.sentence(), style.ANSWER)
    canvas.merge(1, 1, len(ETF_HEADINGS))
    canvas.paint(1, range(2, len(ETF_HEADINGS) + 1), style.ANSWER)
    canvas.height(1, 18 * (1 + len(found.sentence()) // 100) + 6)
    row = 3
    has_weights = bool(np.isfinite(found.weights).all())
    relaxed = [one.sentence for one in found.relaxations]
    lists = [("Binding limits at the nearest weights", list(found.binding))]
    lists.append(("Any one of these changes is sufficient, all else equal", relaxed))
    if found.benchmark:
        lists.append(("An attainable target", [f"{found.benchmark[0]}: {found.benchmark[1]:.4f}"]))
    start = row + len(found.etf_names) + 2 + sum(2 + len(lines) for _, lines in lists if lines)
    _betas(canvas, found, row, start + 1 if has_weights else 0)
    if has_weights:
        largest = float(np.abs(found.beta).max())
        nearest, formulas = (canvas.area(row + 1, column, len(found.etf_names)) for column in (5, 6))
        book.compared.append(Compared(f"{NAME}: nearest beta", formulas, nearest, largest))
    row += len(found.etf_names) + 2
    for title, lines in lists:
        if lines:
            canvas.put(row, 1, title, style.SECTION)
            for line in lines:
                row += 1
                canvas.put(row, 1, line, style.TEXT)
            row += 2
    if has_weights:
        row = _weights(canvas, contents, found, row)
    canvas.widths([26, 18, 14, 14, 14, 14, 22])
    finish_sheet(canvas, len(ETF_HEADINGS), max(row, FIRST_ROW))


def _betas(canvas: Canvas, found: Reachable, row: int, weights_row: int) -> None:
    for column, heading in enumerate(ETF_HEADINGS, start=1):
        canvas.put(row, column, heading, style.HEADING.replace(align="left" if column < 3 else "right"))  # noqa: PLR2004 - text
    for k, (name, target, *betas, leg) in enumerate(found.lines(), start=1):
        row += 1
        canvas.put(row, 1, name, style.LABEL)
        canvas.put(row, 2, str(target), style.entered())
        number = style.from_python(style.NUMBER)
        for column, value in enumerate(betas, start=3):
            shown = value if math.isfinite(value) else "no limit" if math.isinf(value) else None
            canvas.put(row, column, shown, number.replace(align="right"))
        if weights_row:
            cells = canvas.area(weights_row, 3, len(found.tickers)).local("$")
            beta = Formula(f"SUMPRODUCT({cells},beta_{k})", betas[-1])
            canvas.put(row, 6, beta, style.calculated(style.NUMBER))
        canvas.put(row, 7, leg, style.from_python(style.PERCENT))


def _weights(canvas: Canvas, contents: Contents, found: Reachable, row: int) -> int:
    """Write the nearest weights in the order of the sheet Weights."""
    place = {ticker: at for at, ticker in enumerate(found.tickers)}
    for column, heading in enumerate(("Nearest weights: no proposal", "Current", "Nearest"), start=1):
        canvas.put(row, column, heading, style.HEADING.replace(align="left" if column == 1 else "right"))
    old = contents.result.weights.tolist()
    for ticker, weight in zip(contents.result.tickers, old, strict=True):
        row += 1
        canvas.put(row, 1, ticker, style.LABEL)
        canvas.put(row, 2, weight, style.from_python(style.PERCENT))
        canvas.put(row, 3, float(found.weights[place[ticker]]), style.from_python(style.PERCENT))
    return row
