"""A button of Excel's ribbon on a workbook file, through the stand-in COM layer.

Arguments: a workbook file, a button, and where to save the workbook, if it is to be saved. Output: one JSON
line with its message, and the cells of the sheet Proposal as ``[row, column, value]``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import excel_file
import replaced_com as com

os.environ["BETANEUTRAL_CELL_WAIT"] = "300"  # no answer is too late for a test
xw = com.xlwings_as_on_windows()

from xlwings import _xlwindows  # noqa: E402 - after xlwings is as on Windows

from betaneutral_xl.hosts.excel import ribbon  # noqa: E402 - likewise
from betaneutral_xl.hosts.sheets.layout import Sheet  # noqa: E402 - likewise


def main() -> None:
    """Press the button."""
    path, button, *output = Path(sys.argv[1]), sys.argv[2], *sys.argv[3:]
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    book = com.opened(path.read_bytes(), path.parent)
    vars(_xlwindows)["BOOK_CALLER"] = book
    message = ribbon.run(button)
    cells = book.Worksheets(Sheet.PROPOSAL).cells
    for name in output:
        Path(name).write_bytes(saved(path.read_bytes(), book))
    shown = [[*at, value] for at, value in sorted(cells.items()) if value is not None]
    out.write(json.dumps({"message": message, "cells": shown}, default=str) + "\n")
    out.close()


def saved(content: bytes, book: com.Book) -> bytes:
    """Return the file of a workbook of which ``content`` was opened; the stand-in has no formulas."""
    formulas = {
        (sheet, row + 1, column + 1): (text, height, width)
        for sheet, row, column, text, height, width, _ in excel_file.contents(content)["formulas"]
    }
    return excel_file.saved(content, {one.Name: one.cells for one in book.Worksheets}, formulas)


if __name__ == "__main__":
    main()
