"""Tables in memory -> holdings, ETFs, prices: ranges of a worksheet's cells, and pandas objects.

They are read by the same readers as files, so that a table means the same wherever it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.readers.columns import Column, column_of
from betaneutral_xl.readers.etf_grids import etf_columns, parse_etf_grid
from betaneutral_xl.readers.holdings_files import parse_holdings_grid
from betaneutral_xl.readers.matrix_tables import is_matrix, parse_matrix_grid
from betaneutral_xl.readers.prices import History, parse_history_grid
from betaneutral_xl.readers.quote_grids import parse_quotes_grid, tickers_of

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Etf, Holdings
    from betaneutral_xl.model.quotes import Quotes
    from betaneutral_xl.model.risk import Covariance
    from betaneutral_xl.readers.tabular.cell_grids import Cell, CellGrid

__all__ = ["History", "etf_columns", "is_matrix", "tickers_of"]


def holdings(grid: CellGrid) -> Holdings:
    """Read a portfolio from a range; see ``parse_holdings_grid``."""
    return parse_holdings_grid(grid, in_sheet(grid))


def etfs(grid: CellGrid, place: int = 1) -> tuple[Etf, ...]:
    """Read one table of ETFs from a range; see ``parse_etf_grid``."""
    return parse_etf_grid(grid, in_sheet(grid), place)


def quotes(grid: CellGrid) -> Quotes:
    """Read prices for orders from a range that is not blank; see ``parse_quotes_grid``."""
    return parse_quotes_grid(grid, in_sheet(grid))


def covariance(grid: CellGrid, unit: str | None = None) -> Covariance:
    """Read a covariance from a range; see ``parse_matrix_grid``."""
    return parse_matrix_grid(grid, in_sheet(grid), unit)


def history(grid: CellGrid, kind: str | None = None) -> History:
    """Read a block of prices or returns from a range; see ``parse_history_grid``."""
    return parse_history_grid(grid, kind)


def in_sheet(grid: CellGrid) -> Provenance:
    """Return the origin of a range."""
    return Provenance(
        source="worksheet",
        location=grid.what,
        retrieval=Retrieval.GIVEN,
        as_of=None,
        rows=len(grid.rows),
    )


# ---------------------------------------------------------------- pandas objects and mappings


ETF = "etf"
"""The argument that may be headed by the name of an ETF."""

PRICES = "prices"
"""The argument whose numbers are prices and not weights."""


@dataclass(frozen=True, slots=True)
class ObjectGrid:
    """The cells of a Python object; its header, if it has one, is row 0."""

    what: str
    rows: tuple[tuple[Cell, ...], ...]

    def place(self, row: int, column: int) -> str:
        """Describe the place of a cell by its row, counted from 1 below the header, and its column."""
        head = self.rows[0][column] if column < len(self.rows[0]) else None
        return f"row {row} of {self.what}" + (f" ({head})" if head is not None else "")

    def refuse_error(self, row: int, column: int) -> None:
        """Accept every cell: Python's values are no errors of a spreadsheet."""


def holdings_of_object(given: Any) -> Holdings:
    """Read a portfolio from a mapping, Series or DataFrame, by the rules for files.

    Raises
    ------
    InputError
        If it is none of these, or cannot be read as a portfolio.

    """
    grid = _grid_of(given, "holdings")
    return parse_holdings_grid(grid, Provenance.given(len(grid.rows) - 1))


def etfs_of_object(given: Any) -> tuple[Etf, ...]:
    """Read ETFs from a mapping, Series or DataFrame, by the rules for issuers' files.

    Raises
    ------
    InputError
        If it is none of these, or cannot be read as an ETF.

    """
    grid = _grid_of(given, ETF)
    origin = Provenance.given(len(grid.rows) - 1)
    return parse_etf_grid(grid, origin)


def covariance_of_object(given: Any) -> Covariance:
    """Read a covariance from a DataFrame, by the rules for files.

    Raises
    ------
    InputError
        If it is not one, or not a square table with its tickers on both sides.

    """
    if not (hasattr(given, "columns") and hasattr(given, "index")):
        msg = f"Give the covariance as a Covariance or a labelled DataFrame, not {type(given).__name__}."
        raise InputError(msg)
    header = ("", *(str(name) for name in given.columns))
    rows = [
        (_cell(label, "covariance"), *(_cell(value, "covariance") for value in row))
        for label, row in zip(given.index, given.itertuples(index=False, name=None), strict=True)
    ]
    grid = ObjectGrid("covariance", (header, *rows))
    return parse_matrix_grid(grid, Provenance.given(len(rows)))


def quotes_of_object(given: Any) -> Quotes:
    """Read prices for orders from a mapping, Series or DataFrame of ticker and price.

    Raises
    ------
    InputError
        If it is none of these, or a price cannot be read.

    """
    grid = _grid_of(given, PRICES)
    return parse_quotes_grid(grid, Provenance.given(len(grid.rows) - 1))


def _grid_of(given: Any, what: str) -> ObjectGrid:
    if hasattr(given, "columns") and hasattr(given, "index"):
        return ObjectGrid(what, _frame_rows(given, what))
    if isinstance(given, Mapping) or (hasattr(given, "items") and hasattr(given, "index")):
        rows = [(_cell(ticker, what), _cell(weight, what)) for ticker, weight in given.items()]
        head = getattr(given, "name", None)
        heading = head if what == ETF and _is_own_name(head) else _number(what)
        return ObjectGrid(what, (("ticker", heading), *rows))
    msg = (
        f"Give {what} as ticker to {_number(what)} (a dict or a Series) or as a DataFrame, "
        f"not {type(given).__name__}."
    )
    raise InputError(msg)


def _number(what: str) -> str:
    """Return what the numbers of an argument without a heading are."""
    return "price" if what == PRICES else "weight"


def _frame_rows(frame: Any, what: str) -> tuple[tuple[Cell, ...], ...]:
    """Return a DataFrame's header and rows, with its index before them unless it only counts the rows."""
    labels = list(frame.index)
    counted = labels == list(range(len(labels)))
    if counted and list(frame.columns) == list(range(frame.shape[1])):  # rows as they are, header included
        body = frame.itertuples(index=False, name=None)
        return tuple(tuple(_cell(value, what) for value in row) for row in body)
    header = [str(name) for name in frame.columns]
    body = [list(row) for row in frame.itertuples(index=False, name=None)]
    named = any(column_of(name) in {Column.TICKER, Column.NAME} for name in header)
    if not (named and counted):
        levels = [str(name) if name is not None else "" for name in frame.index.names]
        levels = ["ticker"] if len(levels) == 1 and not named and column_of(levels[0]) is None else levels
        header = [*levels, *header]
        body = [
            [*(label if isinstance(label, tuple) else (label,)), *row]
            for label, row in zip(labels, body, strict=True)
        ]
    own = what == ETF and _is_own_name(frame.columns[-1])
    if len(header) == 2 and column_of(header[1]) is None and not own:  # noqa: PLR2004 - one column of numbers
        header[1] = _number(what)
    return (tuple(header), *(tuple(_cell(value, what) for value in row) for row in body))


def _is_own_name(header: object) -> bool:
    """Whether a column of an ETF's weights is headed by the ETF's name."""
    return isinstance(header, str) and bool(header.strip()) and column_of(header) is None


def _cell(value: Any, what: str) -> Cell:
    """Return a value of Python or pandas as a cell; NaN, NaT and None are blanks."""
    if value is None or isinstance(value, (str, bool)):
        return value.strip() or None if isinstance(value, str) else value
    if isinstance(value, datetime):  # pandas' NaT is one, and has no day
        return None if value != value else value.date()  # noqa: PLR0124 - not a time
    if isinstance(value, date):
        return value
    if hasattr(value, "item") and not isinstance(value, float):
        return _cell(value.item(), what)
    if hasattr(value, "__float__"):
        found = float(value)
        return None if math.isnan(found) else found
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    msg = f"A value of {what} is a {type(value).__name__}. Give numbers, texts and dates."
    raise InputError(msg)
