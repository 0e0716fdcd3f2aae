"""The sheet Holdings: positions with their values and weights; and the groups of names, such as sectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from betaneutral_xl.engine.result import Rebalance
from betaneutral_xl.model.portfolio import Holdings
from betaneutral_xl.model.positions import CASH
from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book
from betaneutral_xl.report.cells import Canvas, Formula, covered_formula, lookup_key, yes
from betaneutral_xl.report.checked_tables import FIRST_ROW, Column, place
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
    covered = Column(
        "Has risk data",
        [yes(ticker in covered_tickers) for ticker in tickers],
        style.calculated("General"),
        lambda row, i: covered_formula(lookup_key(f"$A{row}", tickers[i])),
    )
    ticker = Column("Ticker", tickers, style.entered(), name="held_ticker")
    if is_valued(holdings):
        assert holdings.shares is not None  # noqa: S101 - checked by is_valued
        assert holdings.prices is not None  # noqa: S101 - likewise
        shares, prices = holdings.shares[order], holdings.prices[order]
        values, counts = (shares * prices).tolist(), shares.tolist()
        columns = [
            ticker,
            Column("Shares", counts, style.entered(style.shares(counts))),
            Column("Price", prices.tolist(), style.entered(style.PRICE), name="held_price"),
            Column("Market value", values, style.calculated(style.MONEY), "B{row}*C{row}", "held_value"),
            Column("Weight", weights, style.calculated(style.PERCENT), "D{row}/nav", "held_weight"),
            covered,
        ]
    else:
        entered = style.entered(style.PERCENT)
        columns = [ticker, Column("Weight", weights, entered, name="held_weight"), covered]
    place(book, canvas, "tblHoldings", with_groups(columns, contents.result, tickers), printed_below=1)
    row = FIRST_ROW + len(tickers)
    at = 1 + [column.heading for column in columns].index("Weight")
    canvas.put(row, 1, CASH, style.LABEL)
    canvas.paint(row, range(2, len(columns) + 1), style.CELL)
    canvas.put(row, at, Formula("cash_before", holdings.cash), style.calculated(style.PERCENT))


def with_groups(columns: Sequence[Column], result: Rebalance, tickers: Sequence[str]) -> list[Column]:
    """Return columns, then one of each kind of group that the holdings have or a table of groups gives."""
    holdings = result.aligned.holdings
    taken = {one.heading.casefold() for one in columns}
    found = [*columns]
    for kind in holdings.kinds_of_groups:
        heading = f"Group {kind.capitalize()}" if kind.casefold() in taken else kind.capitalize()
        labels = [holdings.groups_of.get(ticker, {}).get(kind, "") for ticker in tickers]
        found.append(Column(heading, labels, style.LABEL))
    return found
