"""ETFs from ranges of typed cells; weights, classes and tickers by the rules of issuers' files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.portfolio import AssetClass, Constituent, Etf, sum_warnings
from betaneutral_xl.model.printed import number
from betaneutral_xl.readers import derivatives
from betaneutral_xl.readers.columns import Column, Header, column_of, indices_of
from betaneutral_xl.readers.etf_files import constituents, signed_by_side, total_warnings, weight_warnings
from betaneutral_xl.readers.holdings_table import HoldingsTable, holding_rows
from betaneutral_xl.readers.tabular.cell_grids import refuse_errors, sheet_of, text_of
from betaneutral_xl.readers.weights import decimal_weights
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.model.provenance import Provenance
    from betaneutral_xl.readers.tabular.cell_grids import Cell, CellGrid

HEADER_SEARCH_ROWS = 60
OWN_NAME = Pattern(r"[A-Z][A-Z0-9]{1,9}")
"""A fund's ticker over its column of weights, even if it is also the word for another column."""
OTHER_COLUMNS = frozenset(
    {Column.TICKER, Column.NAME, Column.WEIGHT, Column.SHARES, Column.PRICE, Column.MARKET_VALUE}
    | {Column.ASSET_CLASS}
)


def header_row(grid: CellGrid) -> int | None:
    """Return the index of the header: the first row of words that names tickers, or names and weights."""
    for i, row in enumerate(grid.rows[:HEADER_SEARCH_ROWS]):
        filled = [cell for cell in row if cell is not None]
        if len(filled) < 2 or not all(map(is_word, filled)):  # noqa: PLR2004 - a ticker and a weight
            continue
        found = set(map(column_of, map(str, filled)))
        if Column.TICKER in found or {Column.NAME, Column.WEIGHT} <= found:
            return i
    return None


def is_word(cell: Cell) -> bool:
    """Whether a cell holds text that is not a number."""
    return isinstance(cell, str) and number(cell) is None


def etf_columns(grid: CellGrid) -> tuple[tuple[int, int], ...]:
    """Return the columns, start and end, of each of the tables side by side in a range.

    With a header, a table begins after the blank column before it; without one, or where no column
    is blank, with its tickers.
    """
    header = header_row(grid)
    first = header or 0
    refuse_errors(grid, first=first, end=first + 1)
    cells = grid.rows[first]
    named = [
        j
        for j, cell in enumerate(cells)
        if (is_word(cell) if header is None else column_of(text_of(cell)) is Column.TICKER)
    ]
    if header is not None and not named:
        named = [j for j, cell in enumerate(cells) if column_of(text_of(cell)) is Column.NAME]
    starts = named if header is None else [_start(grid, before, j) for before, j in pairwise([-1, *named])]
    if not starts:
        msg = f"{grid.what} needs a column of tickers and one of weights."
        raise InputError(msg)
    return tuple(zip(starts, [*starts[1:], len(cells)], strict=True))


def _start(grid: CellGrid, before: int, tickers: int) -> int:
    """Return where the table of a column of tickers begins; ``before`` is the last table's, -1 for none."""
    rows = grid.rows[header_row(grid) or 0 :]
    gaps = [j for j in range(before + 1, tickers) if all(row[j] is None for row in rows)]
    if gaps:
        return gaps[-1] + 1
    return tickers if before >= 0 else 0


def parse_etf_grid(grid: CellGrid, origin: Provenance, place: int = 1) -> tuple[Etf, ...]:
    """Parse one table of ETFs: ticker and weight; or ticker and a column for each ETF, headed by its name.

    ``grid`` is one of the tables of ``etf_columns``, and ``place`` its number among them, from 1, for an ETF
    without a name. Raises ``InputError`` if there is no column of weights, or its unit is ambiguous.
    """
    nameless = "ETF" if place == 1 else f"ETF {place}"
    header = header_row(grid)
    row, first = -1 if header is None else header, header or 0
    texts = tuple(map(text_of, grid.rows[first]))
    if header is None:
        refuse_errors(grid)
        weights = [j for j, cell in enumerate(grid.rows[0]) if j and not is_word(cell)]
        columns = {nameless: weights[0]} if weights else {}
        indices: dict[Column, tuple[int, ...]] = {Column.TICKER: (0,)}
    else:
        indices = indices_of(texts)
        columns = {} if Column.WEIGHT in indices else _own_columns(grid, header)
        if not columns and {Column.WEIGHT, Column.MARKET_VALUE} & indices.keys():
            columns = {nameless: -1}
    if not columns:
        refuse_errors(grid)
        msg = f"{grid.what} has no column of weights beside {grid.place(first, 0)}."
        raise InputError(msg)
    used = [i for found in indices.values() for i in found] + [i for i in columns.values() if i >= 0]
    refuse_errors(grid, used, row + 1)
    found = Header(row=row, texts=texts, indices=indices)
    return tuple(
        _etf(grid, found if column < 0 else found.prefer(Column.WEIGHT, column), name, origin)
        for name, column in columns.items()
    )


def _own_columns(grid: CellGrid, header: int) -> dict[str, int]:
    """Return the columns of weights that are headed by the names of ETFs."""
    found: dict[str, int] = {}
    for j, cell in enumerate(grid.rows[header]):
        column = column_of(text_of(cell))
        if cell is None or column in OTHER_COLUMNS or (column is not None and not _is_own_name(cell)):
            continue
        if _holds_weights(grid, header, j):
            found.setdefault(str(cell), j)
    return found


def _is_own_name(cell: Cell) -> bool:
    return isinstance(cell, str) and OWN_NAME.fullmatch(cell) is not None


def _holds_weights(grid: CellGrid, header: int, column: int) -> bool:
    """Whether a column has a number; one of nothing but errors raises the first of them."""
    below = range(header + 1, len(grid.rows))
    filled = [i for i in below if grid.rows[i][column] is not None]
    if any(not is_word(grid.rows[i][column]) for i in filled):
        return True
    for i in filled:
        grid.refuse_error(i, column)
    return False


def _etf(grid: CellGrid, header: Header, name: str, origin: Provenance) -> Etf:
    table = holding_rows(sheet_of(grid), header, grid.what)
    weights, unit = decimal_weights(table, grid.what)
    weights = signed_by_side(table, weights)
    rows, warnings = constituents(table, weights)
    rows = tuple(_with_exposure(table, cells, row) for cells, row in zip(table.rows, rows, strict=True))
    return Etf(
        name,
        rows,
        replace(origin, rows=len(rows), note=unit),
        (
            *sum_warnings(name, rows),
            *weight_warnings(table, rows, unit),
            *total_warnings(table, rows),
            *warnings,
            *derivatives.derivative_warnings(table, rows, name, ""),
            *_nameless_warnings(table, name),
            *table.warnings,
        ),
        columns=MappingProxyType(header.used_headers()) if header.row >= 0 else MappingProxyType({}),
    )


def _with_exposure(table: HoldingsTable, cells: Sequence[str], row: Constituent) -> Constituent:
    """Return a swap or a future as the worksheet function lists it: with its exposure as its weight."""
    is_listed = table.text(cells, Column.ASSET_CLASS).casefold() == AssetClass.DERIVATIVE
    if not is_listed or row.exposure is not None or math.isnan(row.weight):
        return row
    return replace(row, weight=math.nan, exposure=row.weight, moves_as_basket=True)


def _nameless_warnings(table: HoldingsTable, name: str) -> tuple[str, ...]:
    if not table.nameless:
        return ()
    where = table.where(table.nameless[0], Column.TICKER, Column.NAME)
    many = len(table.nameless)
    rows = "1 row has a number" if many == 1 else f"{many} rows have numbers"
    return (
        f"ETF {name}: {rows} without a ticker or a name, in neither basket nor total (the first: {where}).",
    )
