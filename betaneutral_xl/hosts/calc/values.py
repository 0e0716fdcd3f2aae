"""Conversion of values from and to Calc: the only place for its differences from other hosts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.sheets.cells import EPOCH

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.cells import Cell
    from betaneutral_xl.hosts.sheets.session import Rows


def from_calc(value: object) -> object:
    """Return an argument as other hosts pass it.

    Calc passes a single blank cell as 0.0. For every argument of the functions a single zero means the
    same as a blank, so 0.0 is converted to a blank.

    >>> from_calc(0.0), from_calc(((0.0, ""),))
    (None, ((0.0, ''),))
    """
    return None if isinstance(value, float) and value == 0.0 else value


def for_calc(rows: Rows) -> list[list[str | float]]:
    """Return a result for Calc: dates as serial numbers, booleans as 1 and 0, blanks as "".

    >>> for_calc([[None, True, date(2025, 11, 18), "MSFT"]])
    [['', 1.0, 45979.0, 'MSFT']]
    """
    return [[cell if isinstance(cell, (float, str)) else _plain(cell) for cell in row] for row in rows]


def _plain(cell: Cell) -> str | float:
    match cell:
        case None:
            return ""
        case bool():
            return float(cell)
        case date():
            return float((cell - EPOCH).days)
    return cell
