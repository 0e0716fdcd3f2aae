"""Ranges of cells -> holdings, ETFs, prices, by the readers of files; and back to rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from betaneutral_xl.job import tables
from betaneutral_xl.job.tables import CASH, etfs, holdings
from betaneutral_xl.job.tables import tickers_of as tickers
from betaneutral_xl.model.quotes import Quotes

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.cells import Grid
    from betaneutral_xl.model.portfolio import Etf, Holdings

__all__ = ["etf_rows", "etfs", "holdings", "holdings_rows", "quotes", "side_by_side", "tickers"]


def side_by_side(grid: Grid) -> tuple[Grid, ...]:
    """Split tables of ETFs that stand side by side, each with one column of tickers."""
    return tuple(grid.columns(start, end) for start, end in tables.etf_columns(grid))


def quotes(grid: Grid) -> Quotes:
    """Read a table of ticker and price, and of day and source if it has them; none for a blank argument."""
    return Quotes() if grid.blank else tables.quotes(grid)


def holdings_rows(given: Holdings) -> list[list[Any]]:
    """Return a portfolio as rows: ticker, shares, price, market_value, weight; largest first, cash last."""
    absent = [math.nan] * len(given.tickers)
    shares = absent if given.shares is None else given.shares.tolist()
    prices = absent if given.prices is None else given.prices.tolist()
    rows = [
        [ticker, quantity, price, quantity * price, weight]
        for ticker, quantity, price, weight in zip(
            given.tickers, shares, prices, given.weights.tolist(), strict=True
        )
    ]
    rows.sort(key=lambda row: (-row[-1], row[0]))
    if given.cash:
        value = math.nan if given.nav is None else given.cash * given.nav
        rows.append([CASH, math.nan, math.nan, value, given.cash])
    return [["ticker", "shares", "price", "market_value", "weight"], *rows]


def etf_rows(given: Etf) -> list[list[Any]]:
    """Return an ETF's rows: ticker, name, weight, class; the chosen classes only, as printed.

    Below them stand the swaps and futures that scale the basket, each with its exposure for a weight.
    """
    return [
        ["ticker", "name", "weight", "class"],
        *(
            [row.ticker or None, row.name or None, row.weight, str(row.asset_class)]
            for row in given.constituents
            if row.asset_class in given.classes
        ),
        *(
            [None, row.name or None, row.exposure, str(row.asset_class)]
            for row in given.constituents
            if given.scales_basket(row)
        ),
    ]
