"""Calc's values and ours: what differs from other hosts is made alike here, and nowhere else."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from betaneutral_xl.hosts.sheets.cells import EPOCH

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.cells import Cell
    from betaneutral_xl.hosts.sheets.session import Rows


def from_calc(value: object) -> object:
    """Return an argument as other hosts give it.

    A single blank cell arrives from Calc as 0.0. None of our arguments means anything by a single
    zero that it does not mean by a blank, so a zero is a blank.

    >>> from_calc(0.0), from_calc(((0.0, ""),))
    (None, ((0.0, ''),))
    """
    return None if isinstance(value, float) and value == 0.0 else value


def for_calc(rows: Rows) -> list[list[str | float]]:
    """Return a result as Calc takes it: days as their numbers, truth values as 1 and 0, blanks as no text.

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
