"""The sheet Holdings: positions with their values and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.model.positions import CASH
from betaneutral_xl.report import style
from betaneutral_xl.report.cells import Formula, covered_formula, lookup_key, yes
from betaneutral_xl.report.checked_tables import FIRST_ROW, CheckedColumn, place
from betaneutral_xl.report.sheets.groups import with_groups

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Holdings
    from betaneutral_xl.report.builder import Book
    from betaneutral_xl.report.cells import Canvas
    from betaneutral_xl.report.contents import Contents

SAME = 1e-9
"""Relative tolerance within which a weight is market value over net asset value."""


def is_valued(holdings: Holdings) -> bool:
    """Return whether the weights are shares times price over net asset value."""
    if holdings.shares is None or holdings.prices is None or not holdings.nav:
        return False
    values = holdings.shares * holdings.prices
    total = float(values.sum()) + holdings.cash * holdings.nav
    return bool(
        np.allclose(values / holdings.nav, holdings.weights, rtol=SAME, atol=1e-14)
        and np.isclose(total, holdings.nav, rtol=SAME, atol=0.0)
    )


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write the positions, largest first, and the cash line below."""
    holdings = contents.result.aligned.holdings
    order = np.argsort(-np.abs(holdings.weights), kind="stable").tolist()
    tickers = [holdings.tickers[at] for at in order]
    weights = holdings.weights[order].tolist()
    covered_tickers = set(contents.result.aligned.covered_tickers)
    covered = CheckedColumn(
        heading="Has risk data",
        values=[yes(ticker in covered_tickers) for ticker in tickers],
        look=style.calculated("General"),
        formula=lambda row, i: covered_formula(lookup_key(f"$A{row}", tickers[i])),
    )
    ticker = CheckedColumn(heading="Ticker", values=tickers, look=style.entered(), name="held_ticker")
    if is_valued(holdings):
        assert holdings.shares is not None  # noqa: S101 - checked by is_valued
        assert holdings.prices is not None  # noqa: S101 - likewise
        shares, prices = holdings.shares[order], holdings.prices[order]
        columns = [
            ticker,
            CheckedColumn(
                heading="Shares", values=shares.tolist(), look=style.entered(style.shares(shares.tolist()))
            ),
            CheckedColumn(
                heading="Price", values=prices.tolist(), look=style.entered(style.PRICE), name="held_price"
            ),
            CheckedColumn(
                heading="Market value",
                values=(shares * prices).tolist(),
                look=style.calculated(style.MONEY),
                formula=lambda row, _: f"B{row}*C{row}",
                name="held_value",
            ),
            CheckedColumn(
                heading="Weight",
                values=weights,
                look=style.calculated(style.PERCENT),
                formula=lambda row, _: f"D{row}/nav",
                name="held_weight",
            ),
            covered,
        ]
    else:
        columns = [
            ticker,
            CheckedColumn(
                heading="Weight", values=weights, look=style.entered(style.PERCENT), name="held_weight"
            ),
            covered,
        ]
    place(book, canvas, "tblHoldings", with_groups(columns, contents.result, tickers), printed_below=1)
    row = FIRST_ROW + len(tickers)
    at = 1 + [column.heading for column in columns].index("Weight")
    canvas.put(row, 1, CASH, style.LABEL)
    canvas.paint(row, range(2, len(columns) + 1), style.CELL)
    canvas.put(row, at, Formula("cash_before", holdings.cash), style.calculated(style.PERCENT))
