"""Prices and orders in worksheets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import InputError, MissingValue
from betaneutral_xl.hosts.sheets import cells, ranges
from betaneutral_xl.hosts.sheets.cells import Grid
from betaneutral_xl.hosts.sheets.entries import Origins, Prices, Result, Solved
from betaneutral_xl.hosts.sheets.origins import fingerprint
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.hosts.sheets.worksheet import (
    file_stamp,
    input_provenance,
    mandate,
    provenance_of,
    resolve_file,
    tables_of,
    union,
)
from betaneutral_xl.job import order_formats, run
from betaneutral_xl.job.request import OrderTerms, beyond_defaults
from betaneutral_xl.job.sources import order_quotes, quotes_of
from betaneutral_xl.model.positions import CASH
from betaneutral_xl.model.quotes import STALE_DAYS, Quotes

if TYPE_CHECKING:
    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.mandate import Mandate
    from betaneutral_xl.model.portfolio import Holdings


def prices(session: Session, *values: Grid) -> Result:
    """Return ticker, price, as_of and source of every name and of the ETFs themselves."""
    holdings, etf, file, own, as_of = values
    portfolio, baskets = tables_of(session, holdings, etf)
    found = quotes(session, portfolio, file, own, cells.day(as_of))
    names = dict.fromkeys((*union(portfolio, baskets), *(one.name for one in baskets)))
    rows = [["ticker", "price", "as_of", "source"], *(_quoted(found, name) for name in names)]
    return Result(rows, Prices(found, portfolio))


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
    """Return orders in shares, then the cash and the betas after trading."""
    weights, prices, *terms, constraints = values
    standing = mandate(session, constraints)
    results = _results(session, weights, prices)
    if not results:
        msg = f"{weights.what} is not the whole, unchanged result of BETA_NEUTRAL. Select it (in Excel, A1#)."
        raise InputError(msg)
    origin = session.origin(prices)
    own = origin.quotes if isinstance(origin, Prices) else ranges.quotes(prices)
    if len(results) == 1:
        return _ordered(results[0], own, terms, standing)
    return _agreed(results, weights, lambda one: _ordered(one, own, terms, standing))


def _results(session: Session, weights: Grid, prices: Grid) -> list[Rebalance]:
    """Return the results that have these cells; of several, those of the portfolio of the prices."""
    results = [one.result for one in session.origins(weights) if isinstance(one, Solved)]
    if len(results) < 2:  # noqa: PLR2004 - nothing to tell apart
        return results
    priced = {_content(one.holdings) for one in session.origins(prices) if isinstance(one, Prices)}
    return [one for one in results if _content(one.aligned.holdings) in priced] or results


def _content(holdings: Holdings) -> bytes:
    return fingerprint(holdings, source=False)


def _agreed(results: Sequence[Rebalance], weights: Grid, ordered: Callable[[Rebalance], Result]) -> Result:
    """Return the orders that all results with the same cells have."""
    made: list[Result] = []
    errors: list[MissingValue] = []
    for result in results:
        try:
            made.append(ordered(result))
        except MissingValue as error:
            errors.append(error)
    if not made and len(set(map(str, errors))) == 1:
        raise errors[0]
    if errors or any(one.rows != made[0].rows for one in made):
        msg = (
            f"{weights.what} is the result of BETA_NEUTRAL for several portfolios, with other prices or "
            "another net asset value. Give BN_PRICES of the portfolio, or all prices and the net asset "
            "value; or press Refresh if the others are no longer used."
        )
        raise InputError(msg)
    return made[0] if all(one.value == made[0].value for one in made) else Result(made[0].rows)


def _ordered(result: Rebalance, own: Quotes, terms: Sequence[Grid], standing: Mandate | None) -> Result:
    holdings = result.aligned.holdings
    quotes = own.with_fallback(Quotes.of_holdings(holdings)) if own.prices else order_quotes(holdings, None)
    made = run.orders(result, quotes, order_terms(terms, standing))
    used = quotes.select(order.ticker for order in made.orders)
    kinds = holdings.kinds_of_groups
    blank = [None] * len(kinds)
    return Result(
        [
            ["ticker", "side", "shares", "price", "value", *kinds],
            *order_rows(made),
            [CASH, "after", None, None, made.cash, *blank],
            *([f"beta to {name}", "after", None, None, beta, *blank] for name, beta in made.beta.items()),
        ],
        Origins((*input_provenance(result).parts, *provenance_of(used).parts)),
    )


def order_rows(made: Orders) -> list[list[Any]]:
    """Return one row per order: ticker, side, shares, price, value, groups; a short sale has its own."""
    return [
        [
            *(one.ticker, str(one.side), one.shares, one.price, one.notional),
            *order_formats.groups(made, one.ticker),
        ]
        for one in made.for_broker()
    ]


def order_terms(terms: Sequence[Grid], standing: Mandate | None = None) -> OrderTerms:
    """Return the terms of orders as cells give them; where they do not, as a mandate has them.

    The cells are net asset value, smallest order, lot, and what to trade.
    """
    nav, min_notional, lot, trade = terms
    typed = {
        "order_nav": cells.number(nav),
        "min_notional": cells.number(min_notional),
        "lot": cells.text(lot),
        "trade": cells.text(trade),
    }
    return OrderTerms.parse(typed if standing is None else standing.terms(beyond_defaults(typed)))
