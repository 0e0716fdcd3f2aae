"""Conversion of values from and to Calc: the only place for its differences from other hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.hosts.sheets.cells import as_numbers

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Rows


OPEN_TEMPLATE = "Open the template: betaneutral-xl calc open."
"""What the user of Calc is to do where a document lacks a sheet or a range."""


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

    >>> from datetime import date
    >>> for_calc(((None, True, date(2025, 11, 18), "MSFT"),))
    [['', 1.0, 45979.0, 'MSFT']]
    """
    return [["" if cell is None else cell for cell in row] for row in as_numbers(rows)]
