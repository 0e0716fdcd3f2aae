"""Join a header of two rows into one: *Weight* over *Portfolio* and *Benchmark*, *Market* over *Value*.

A cell that spans several columns has its text in the first of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from betaneutral_xl.model.printed import cell_text, number
from betaneutral_xl.readers.columns import IDENTIFIER_COLUMNS, MAX_HEADER_CELLS, column_of

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

SEARCHED_ROWS = 60
"""Rows of a sheet in which a header of two rows is searched."""
IDENTIFIERS = frozenset(IDENTIFIER_COLUMNS)


def with_joined_headers(sheet: TextSheet) -> TextSheet:
    """Return a sheet with the first header of two rows, if it has one, in the second of them."""
    for i, (top, below) in enumerate(zip(sheet.rows[:SEARCHED_ROWS], sheet.rows[1:], strict=False)):
        joined = _joined(top, below) if len(top) > 1 and len(below) > 1 else None
        if joined is not None and _has_numbers(sheet.rows[i + 2 : i + 4]):
            return replace(sheet, rows=(*sheet.rows[:i], (), joined, *sheet.rows[i + 2 :]))
    return sheet


def _joined(top: Row, below: Row) -> Row | None:
    """Return two rows as one header, None if the lower one is no part of it.

    It has texts, no numbers, and none below the columns that name a holding: else it is a holding, or the
    heading of some.
    """
    width = min(max(len(top), len(below)), MAX_HEADER_CELLS)
    upper, lower = ([cell_text(row[j]) if j < len(row) else "" for j in range(width)] for row in (top, below))
    if any(number(text) is not None for text in (*upper, *lower)) or not any(lower):
        return None
    names = [j for j, text in enumerate(upper) if text and column_of(text) in IDENTIFIERS]
    if not names or any(lower[j] for j in names):
        return None
    spanning = ""
    found = []
    for j, (text, part) in enumerate(zip(upper, lower, strict=True)):
        spanning = "" if j in names else text or spanning
        if part and not spanning:
            return None
        found.append(f"{spanning} {part}" if part else text)
    return tuple(found)


def _has_numbers(rows: Sequence[Row]) -> bool:
    return any(number(cell) is not None or "%" in cell for row in rows for cell in row)
