"""Conversion of values to Excel; the page (``static/values.js``) converts what comes from it."""

from __future__ import annotations

import json
from datetime import date

from betaneutral_xl.hosts.sheets.cells import EPOCH, PREFIX, Cell
from betaneutral_xl.hosts.sheets.session import Rows

Value = str | float | bool

MAX_RESULT = 4_000_000
"""Characters of one result as JSON. Excel takes 5 MB with what is around it, and shows #BUSY! for more."""

LARGE = 50_000
"""Cells from which numbers have ``DIGITS`` digits, so that a matrix of 500 names fits into ``MAX_RESULT``."""

DIGITS = 9

MEASURED_FROM = 10_000
"""Cells from which a result is measured: fewer, of at most 254 characters, cannot exceed the limit."""


def for_office(rows: Rows) -> list[list[Value]]:
    """Return a result for Excel: days as serial numbers, blanks as "", for null would show as 0.

    A result that Excel would wait for without end is one line that says so.

    >>> for_office(((None, True, date(2025, 11, 18), "MSFT"),))
    [['', True, 45979.0, 'MSFT']]
    """
    count = sum(map(len, rows))
    digits = DIGITS if count >= LARGE else None
    plain = [[_plain(cell, digits) for cell in row] for row in rows]
    if count >= MEASURED_FROM and len(json.dumps(plain, separators=(",", ":"))) > MAX_RESULT:
        return [[_too_large(len(rows), len(rows[0]))]]
    return plain


def _plain(cell: Cell, digits: int | None) -> Value:
    match cell:
        case None:
            return ""
        case bool() | str():
            return cell
        case date():
            return float((cell - EPOCH).days)
    return cell if digits is None else float(f"{cell:.{digits}g}")


def _too_large(height: int, width: int) -> str:
    return (
        f"{PREFIX}{height:,} x {width:,} cells are more than Excel takes from an add-in at once. "
        "Give the handle itself to the functions, or ask for fewer names."
    )
