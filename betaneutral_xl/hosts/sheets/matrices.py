"""Blocks of numbers labelled by tickers -> covariances, returns; and back to rows."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.errors import InputError
from betaneutral_xl.hosts.sheets.cells import Cell, Grid, as_number, day
from betaneutral_xl.hosts.sheets.ranges import first_row, is_word, typed
from betaneutral_xl.model.returns import Prices, Returns
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.columns import Column, recognise

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_labelled_matrix(grid: Grid) -> bool:
    """Return whether the first row and column hold the same tickers, in any order and spelling."""
    if len(grid.rows) != grid.width or grid.width < 2:  # noqa: PLR2004 - labels and one number
        return False
    top, side = grid.rows[0][1:], [row[0] for row in grid.rows[1:]]
    if not all(isinstance(cell, str) for cell in (*top, *side)):
        return False
    return sorted(_names(top)) == sorted(_names(side))


def _names(cells: Iterable[Cell]) -> list[str]:
    return [normalise(str(cell)) for cell in cells]


def covariance(grid: Grid, unit: str | None = None) -> Covariance:
    """Read a covariance matrix with its tickers in the first row and column, in any order.

    Parameters
    ----------
    grid
        The labelled matrix, (n + 1) x (n + 1) cells.
    unit
        The unit of its numbers, of ``CovarianceUnit``; by default annual decimals.

    Returns
    -------
    Covariance
        In the order of the first row, annual decimals.

    Raises
    ------
    InputError
        If the labels do not agree, or the numbers are impossible in that unit.

    """
    head = first_row(grid)
    if not is_labelled_matrix(grid):
        msg = (
            f"{grid.what} ({len(grid.rows)} x {grid.width} cells) does not have the same tickers in its "
            "first row and first column. Include the labels of the covariance, or give a handle."
        )
        raise InputError(msg)
    top, side = _names(head[1:]), _names(row[0] for row in grid.rows[1:])
    matrix = numbers(grid)
    place = {name: i for i, name in enumerate(side)}
    return Covariance.from_source(
        top, matrix[[place[name] for name in top]], typed(grid, len(top)), unit=unit
    )


def numbers(grid: Grid, top: int = 1, left: int = 1) -> Any:
    """Return the block without its labels as an array, NaN for blanks."""
    body = [row[left:] for row in grid.rows[top:]]
    try:
        return np.array(body, dtype=np.float64)  # None becomes NaN; numeric text is converted
    except (TypeError, ValueError):
        rows = [
            [as_number(cell, grid.place(i, j)) for j, cell in enumerate(row, start=left)]
            for i, row in enumerate(body, start=top)
        ]
        return np.array(rows)


def returns(grid: Grid, kind: str | None = None) -> Returns:
    """Read a block of prices or returns below a row of tickers, with or without a first column of dates.

    Parameters
    ----------
    grid
        One row per day, one column per name; a blank is a missing value.
    kind
        ``prices`` or ``returns``; by default, numbers that are all positive are prices.

    Raises
    ------
    InputError
        If the block has no header of tickers, its dates cannot be read, or ``kind`` is missing where
        the numbers are ambiguous.

    """
    head = first_row(grid)
    dated = is_dated(grid)
    names = head[1:] if dated else head
    if len(grid.rows) < 3 or not all(is_word(name) for name in names):  # noqa: PLR2004 - header and two days
        msg = f"{grid.what} needs a row of tickers above its prices or returns, and at least two days."
        raise InputError(msg)
    left = 1 if dated else 0
    matrix = numbers(grid, 1, left)
    days = _days(grid) if dated else np.arange(len(matrix)).astype("datetime64[D]")
    if kind not in {None, "prices", "returns"}:
        msg = f"data is {kind!r:.60}. Give prices or returns."
        raise InputError(msg)
    if kind == "prices" or (kind is None and _are_prices(grid, matrix, left)):
        return Prices.from_matrix([str(name) for name in names], days, matrix).returns()
    return Returns.from_matrix([str(name) for name in names], days, matrix)


def _are_prices(grid: Grid, matrix: Any, left: int) -> bool:
    """Return whether numbers are prices (all positive) or returns (both signs, at most 1 in size)."""
    not_prices = np.argwhere(matrix <= 0.0)
    if not not_prices.size:
        return True
    not_returns = np.argwhere(np.abs(matrix) > 1.0)
    if not not_returns.size and (matrix < 0.0).any():
        return False

    def cell(row: int, column: int) -> str:
        return f"{grid.place(1 + row, left + column)} is {matrix[row, column]:g}"

    evidence = f"{cell(*not_returns[0])} (> 100 %)" if not_returns.size else "no number is negative"
    msg = (
        f"The numbers may be prices or returns: {cell(*not_prices[0])} (not a price), but {evidence}. "
        "Correct the cell, or state in the options data=prices or data=returns."
    )
    raise InputError(msg)


def is_dated(grid: Grid) -> bool:
    """Return whether the first column of a block of prices or returns holds dates."""
    head = grid.rows[0][0]
    column = recognise(str(head)) if head is not None else None
    return (
        head is None
        or isinstance(grid.rows[-1][0], date)
        or (column is not None and column[0] is Column.DATE)
    )


def _days(grid: Grid) -> Any:
    found = [day(Grid(grid.place(i, 0), ((row[0],),))) for i, row in enumerate(grid.rows[1:], start=1)]
    if None in found:
        msg = f"{grid.place(1 + found.index(None), 0)} has no date. Fill it in, or remove the row."
        raise InputError(msg)
    return np.array(found, dtype="datetime64[D]")


def covariance_rows(covariance: Covariance) -> list[list[Any]]:
    """Return a covariance as rows with its tickers in the first row and column."""
    body = covariance.form.dense().tolist()
    return [
        ["ticker", *covariance.tickers],
        *([ticker, *row] for ticker, row in zip(covariance.tickers, body, strict=True)),
    ]
