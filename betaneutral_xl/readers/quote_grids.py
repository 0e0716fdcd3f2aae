"""Prices for orders, and lists of tickers, from ranges of typed cells."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError, MissingValue
from betaneutral_xl.model.printed import date_of
from betaneutral_xl.model.quotes import Quote, Quotes
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.columns import Column, Header, column_of, header_key, indices_of
from betaneutral_xl.readers.etf_grids import is_word
from betaneutral_xl.readers.holdings_table import HEADER_SEARCH_ROWS, holding_rows
from betaneutral_xl.readers.tabular.cell_grids import refuse_errors, sheet_of, text_of

if TYPE_CHECKING:
    from betaneutral_xl.model.provenance import Provenance
    from betaneutral_xl.readers.holdings_table import HoldingsTable
    from betaneutral_xl.readers.tabular.cell_grids import CellGrid
    from betaneutral_xl.readers.tabular.sheets import Row

SOURCE = "source"
"""The header of the column that says where a price is from."""


def parse_quotes_grid(grid: CellGrid, origin: Provenance) -> Quotes:
    """Parse a table of ticker and price, and of day and source if it has them; a blank price is none.

    Two columns without a header are ticker and price. Raises ``InputError`` if a column is missing, a price
    is not a number, or a name has two prices.
    """
    header = _header(grid)
    first = max(header.row, 0)
    refuse_errors(grid, first=first, end=first + 1)
    refuse_errors(grid, (i for found in header.indices.values() for i in found), header.row + 1)
    source_column = next((j for j, text in enumerate(header.texts) if header_key(text) == SOURCE), None)
    table = holding_rows(sheet_of(grid), header, grid.what)
    found: dict[str, Quote] = {}
    for row in (*table.rows, *table.after):
        printed, price = table.text(row, Column.TICKER), _price(table, row)
        if not printed or price is None:
            continue
        ticker = normalise(printed)
        if ticker in found:
            where = table.where(row, Column.TICKER)
            msg = f"{grid.what} has two prices of {ticker} (the second: {where}). Keep one."
            raise InputError(msg, tickers=[ticker])
        source = row[source_column] if source_column is not None and source_column < len(row) else ""
        found[ticker] = Quote(price, _day(table, row), str(source) or grid.what)
    rows = replace(origin, rows=len(found))
    return Quotes(found, origins=dict.fromkeys((quote.source for quote in found.values()), rows))


def _header(grid: CellGrid) -> Header:
    for i, row in enumerate(grid.rows[:HEADER_SEARCH_ROWS]):
        texts = tuple(map(text_of, row))
        indices = indices_of(texts)
        if {Column.TICKER, Column.PRICE} <= indices.keys():
            return Header(row=i, texts=texts, indices=indices)
    words = grid.rows[0]
    if len(words) == 2 and is_word(words[0]) and not is_word(words[1]):  # noqa: PLR2004 - ticker and price
        columns = {Column.TICKER: (0,), Column.PRICE: (1,)}
        return Header(row=-1, texts=("ticker", "price"), indices=columns)
    refuse_errors(grid)
    msg = f"{grid.what} needs the columns ticker and price."
    raise InputError(msg)


def _price(table: HoldingsTable, row: Row) -> float | None:
    price = table.number(row, Column.PRICE)
    text = table.text(row, Column.PRICE)
    if price is None and text:
        msg = f"{table.where(row, Column.PRICE)} is {text!r:.60}, not a price. Correct it, or leave it blank."
        raise MissingValue(msg)
    return price


def _day(table: HoldingsTable, row: Row) -> date | None:
    text = table.header.cell(row, Column.DATE)
    return date_of(text) if text else None


def tickers_of(grid: CellGrid) -> tuple[str, ...]:
    """Return the tickers of a row or a column, with or without a header, each once."""
    refuse_errors(grid)
    texts = [text_of(cell) for row in grid.rows for cell in row if cell is not None]
    if texts and column_of(texts[0]) is Column.TICKER:
        texts = texts[1:]
    return tuple(dict.fromkeys(normalise(text) for text in texts))
