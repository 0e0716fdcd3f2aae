"""The Excel process of xlwings: worksheet functions called through the stand-in COM layer.

JSON lines: ``{"call": NAME, "values": [...]}`` in, ``{"rows": [...]}`` out. Tables are written to cells and
passed as ranges, other values unchanged; ``null`` is an omitted argument.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import replaced_com as com

os.environ["BETANEUTRAL_CELL_WAIT"] = "300"  # no answer is too late for a test
xw = com.xlwings_as_on_windows()

from xlwings import com_server  # noqa: E402 - after xlwings is as on Windows

from betaneutral_xl.hosts.excel import vba  # noqa: E402 - likewise
from betaneutral_xl.hosts.sheets.functions import BY_NAME  # noqa: E402 - likewise


def argument(book: com.Book, value: Any) -> Any:
    """Return a value as Excel passes it; a table is in cells of its own sheet."""
    if not isinstance(value, list):
        return com.MISSING if value is None else value
    sheet = com.Sheet(book, f"Sheet{len(book.Worksheets) + 1}")
    book.Worksheets.append(sheet)
    area = com.Range(sheet, 1, 1, len(value), len(value[0]))
    for line, places in zip(value, area.places(), strict=True):
        sheet.cells.update(zip(places, line, strict=True))
    return area


def answer(book: com.Book, name: str, values: list[Any]) -> Any:
    """Call a function like its macro."""
    padded = [*values, *[None] * (len(BY_NAME[name].arguments) - len(values))]
    server: Any = com_server.XLPython()
    caller = book.Worksheets(1).Range("ZZ1")
    rows = server.CallUDF(vba.UDFS, name, tuple(argument(book, one) for one in padded), book, caller)
    return rows if isinstance(rows, list) else [[rows]]  # a single cell is not a list


def main() -> None:
    """Answer until the input ends; standard output has only answers."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        book = com.Book(Path.cwd())
        rows = answer(book, request["call"], request["values"])
        out.write(json.dumps({"rows": rows}, default=str) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
