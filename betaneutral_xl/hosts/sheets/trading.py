"""Prices and whole-share orders in worksheets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.result import CASH, Rebalance
from betaneutral_xl.errors import InputError
from betaneutral_xl.hosts.sheets import cells, ranges
from betaneutral_xl.hosts.sheets.entries import Origins, Result
from betaneutral_xl.hosts.sheets.worksheet import (
    file_stamp,
    input_provenance,
    provenance_of,
    resolve_file,
    tables_of,
    union,
)
from betaneutral_xl.job import run
from betaneutral_xl.job.inputs import quotes_of
from betaneutral_xl.job.request import OrderTerms
from betaneutral_xl.model.quotes import STALE_DAYS, Quotes

if TYPE_CHECKING:
    from datetime import date

    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.hosts.sheets.cells import Grid
    from betaneutral_xl.hosts.sheets.session import Session
    from betaneutral_xl.model.portfolio import Holdings


def prices(session: Session, *values: Grid) -> Result:
    """Return ticker, price, as_of and source of every name and of the ETFs themselves."""
    holdings, etf, file, own, as_of = values
    portfolio, baskets = tables_of(session, holdings, etf)
    found = quotes(session, portfolio, file, own, cells.day(as_of))
    names = dict.fromkeys((*union(portfolio, baskets), *(one.name for one in baskets)))
    rows = [["ticker", "price", "as_of", "source"], *(_quoted(found, name) for name in names)]
    return Result(rows, found)


def _quoted(found: Quotes, ticker: str) -> list[Any]:
    if ticker in found.usable:
        quote = found.usable[ticker]
        return [ticker, quote.price, quote.as_of, quote.source]
    if ticker in found.stale:
        quote = found.stale[ticker]
        return [ticker, None, quote.as_of, f"too old: {STALE_DAYS} days or more ({quote.source})"]
    return [ticker, None, None, "no price"]


def prices_stamp(session: Session, _: Grid, __: Grid, file: Grid, *___: Grid) -> object:
    """Return the state of the price file, on which the result of ``prices`` depends."""
    return file_stamp(resolve_file(session, cells.text(file) or ""))


def quotes(session: Session, holdings: Holdings, file: Grid, own: Grid, as_of: date | None = None) -> Quotes:
    """Return prices: the user's own, else those of the holdings, else the last closes of a file."""
    name = cells.text(file)
    preferred = ranges.quotes(own).with_fallback(Quotes.of_holdings(holdings))
    if name is None:
        return preferred
    name = resolve_file(session, name)
    day = as_of or holdings.as_of
    closes = session.results.get_or_compute(
        ("closes", name, file_stamp(name), day), lambda: quotes_of(name, day)
    )
    return preferred.with_fallback(closes)


def orders(session: Session, *values: Grid) -> Result:
    """Return whole-share orders, then the cash and the betas after trading."""
    weights, prices, *terms = values
    result = session.origin(weights)
    if not isinstance(result, Rebalance):
        msg = f"{weights.what} is not the whole, unchanged result of BETA_NEUTRAL. Select it (in Excel, A1#)."
        raise InputError(msg)
    origin = session.origin(prices)
    own = origin if isinstance(origin, Quotes) else ranges.quotes(prices)
    quotes = own.with_fallback(Quotes.of_holdings(result.aligned.holdings))
    made = whole_shares(result, quotes, *terms)
    used = quotes.select(order.ticker for order in made.orders)
    return Result(
        [
            ["ticker", "side", "shares", "price", "value"],
            *order_rows(made),
            [CASH, "after", None, None, made.cash],
            *([f"beta to {name}", "after", None, None, beta] for name, beta in made.beta.items()),
        ],
        Origins((*input_provenance(result).parts, *provenance_of(used).parts)),
    )


def order_rows(made: Orders) -> list[list[Any]]:
    """Return one row per order: ticker, side, shares, price, value; a short sale has its own row."""
    return [[one.ticker, str(one.action), one.shares, one.price, one.notional] for one in made.legs()]


def whole_shares(result: Rebalance, quotes: Quotes, *terms: Grid) -> Orders:
    """Turn new weights into orders; the terms are net asset value, smallest order, lot, what to trade.

    Raises
    ------
    MissingValue
        If there is no net asset value, or an instrument to be traded has no price.

    """
    return run.orders(result, quotes, order_terms(*terms))


def order_terms(nav: Grid, min_notional: Grid, lot: Grid, trade: Grid) -> OrderTerms:
    """Return the terms of orders as cells give them."""
    return OrderTerms.parse(
        {
            "nav": cells.number(nav),
            "min_notional": cells.number(min_notional),
            "lot": cells.number(lot),
            "trade": cells.text(trade),
        }
    )
