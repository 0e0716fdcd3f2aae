"""Tables in ranges -> holdings, ETFs, prices, covariances, by the readers of files; and back to rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.sheets.cells import Grid
from betaneutral_xl.job import tables
from betaneutral_xl.model.positions import CASH
from betaneutral_xl.model.quotes import Quotes

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Etf, Holdings
    from betaneutral_xl.model.risk import Covariance


def side_by_side(grid: Grid) -> tuple[Grid, ...]:
    """Split adjacent tables of ETFs, each with one column of tickers."""
    return tuple(grid.columns(start, end) for start, end in tables.etf_columns(grid))


def quotes(grid: Grid) -> Quotes:
    """Read a table of ticker and price, with optional columns as_of and source; empty for a blank grid."""
    return Quotes() if grid.blank else tables.quotes(grid)


def holdings_rows(portfolio: Holdings) -> list[list[Any]]:
    """Return a portfolio as rows: ticker, shares, price, market_value, weight; largest first, cash last."""
    missing = [math.nan] * len(portfolio.tickers)
    shares = missing if portfolio.shares is None else portfolio.shares.tolist()
    prices = missing if portfolio.prices is None else portfolio.prices.tolist()
    rows = [
        [ticker, quantity, price, quantity * price, weight]
        for ticker, quantity, price, weight in zip(
            portfolio.tickers, shares, prices, portfolio.weights.tolist(), strict=True
        )
    ]
    rows.sort(key=lambda row: (-row[-1], row[0]))
    if portfolio.cash:
        value = math.nan if portfolio.nav is None else portfolio.cash * portfolio.nav
        rows.append([CASH, math.nan, math.nan, value, portfolio.cash])
    return [["ticker", "shares", "price", "market_value", "weight"], *rows]


def etf_rows(etf: Etf) -> list[list[Any]]:
    """Return an ETF as rows of ticker, name, weight, class: its chosen classes, weights as in the file.

    The swaps and futures that scale the basket follow, with their exposure in the column weight.
    """
    return [
        ["ticker", "name", "weight", "class"],
        *(
            [row.ticker or None, row.name or None, row.weight, str(row.asset_class)]
            for row in etf.constituents
            if row.asset_class in etf.classes
        ),
        *(
            [None, row.name or None, row.exposure, str(row.asset_class)]
            for row in etf.constituents
            if etf.scales_basket(row)
        ),
    ]


def covariance_rows(matrix: Covariance) -> list[list[Any]]:
    """Return a covariance as rows with its tickers in the first row and column."""
    body = matrix.form.dense().tolist()
    return [
        ["ticker", *matrix.tickers],
        *([ticker, *row] for ticker, row in zip(matrix.tickers, body, strict=True)),
    ]
