"""What was traded of the accepted orders, the beta that it left, and what is still to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine import fills as engine
from betaneutral_xl.engine.attribution import Position, split
from betaneutral_xl.engine.fills import FillLine, State
from betaneutral_xl.errors import InputError, listing
from betaneutral_xl.job.answer.lines import shown
from betaneutral_xl.job.daily.plain import SummaryLine
from betaneutral_xl.job.order_formats import COLUMNS
from betaneutral_xl.job.sources import from_snapshot
from betaneutral_xl.job.views import Kind
from betaneutral_xl.readers.fills import Fills, parse_fills
from betaneutral_xl.readers.flex_query import is_query
from betaneutral_xl.system.files import read_bytes, shown_name
from betaneutral_xl.system.saving import to_csv

if TYPE_CHECKING:
    from betaneutral_xl.engine.orders import Order
    from betaneutral_xl.job.daily.records import Accepted
    from betaneutral_xl.model.portfolio import Holdings
    from betaneutral_xl.system.settings import Settings

LINES = ("ticker", "state", "ordered", "filled", "left", "order_price", "price", "slippage", "commission")
"""The columns of the table of fills."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """Orders against trades.

    Attributes
    ----------
    fund, accepted_at
        Whose orders, and when they were accepted.
    lines
        By name, in the order of the orders.
    accepted, now
        The beta to each ETF with all orders filled, and with what was.
    left
        The orders that are still to do; a surplus is traded back.
    notes
        What of the input was left out, one line each.

    """

    fund: str
    accepted_at: datetime
    lines: tuple[FillLine, ...]
    accepted: Mapping[str, float]
    now: Mapping[str, float]
    left: tuple[Order, ...]
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return all(one.state is State.FILLED for one in self.lines)

    def count(self, state: State) -> int:
        """Return the number of names in a state."""
        return sum(one.state is state for one in self.lines)

    @property
    def slippage(self) -> float:
        """What the trades cost more than at the orders' prices, base currency, where both are known."""
        return math.fsum(one.slippage for one in self.lines if not math.isnan(one.slippage))

    @property
    def cost(self) -> float:
        """Commissions, base currency."""
        return math.fsum(one.cost for one in self.lines)

    @property
    def headline(self) -> str:
        """What became of the orders, in one sentence."""
        counts = [f"{self.count(state)} {state}" for state in State if self.count(state)]
        betas = ", ".join(
            f"beta to {name} {shown(beta, Kind.NUMBER, 4)}, "
            f"with all orders {shown(self.accepted[name], Kind.NUMBER, 4)}"
            for name, beta in self.now.items()
        )
        return f"Orders: {', '.join(counts)}; {betas}."


FAR = math.log1p(0.15)
"""Difference of a trade's price from its order's, in logarithms, from which one of them is doubtful."""


def load_fills(path: str, settings: Settings) -> Fills:
    """Read a file of trades, or those of a Flex query ``ibkr:QUERYID``.

    Raises
    ------
    InputError
        If it cannot be read.
    SourceError
        If it cannot be fetched.

    """
    if is_query(path):
        from betaneutral_xl.network.flex import Flex

        with Flex(settings) as flex:
            return parse_fills(flex.statement(path).data, path)
    return parse_fills(read_bytes(path), shown_name(path))


def of_fills(accepted: Accepted, fills: Fills) -> Reconciliation:
    """Return the accepted orders against trades.

    Raises
    ------
    InputError
        If the proposal was accepted without orders.

    """
    _require_orders(accepted)
    notes = (*fills.warnings, *_early(accepted, fills))
    return _made(accepted, engine.reconcile(accepted.orders, fills.fills), notes)


def _early(accepted: Accepted, fills: Fills) -> tuple[str, ...]:
    """Return a note on trades of days before the orders were accepted, which may be of other orders."""
    then = accepted.at.astimezone().date()  # as a broker writes the days of trades, not in UTC
    early = [f"{one.ticker} on {one.day}" for one in fills.fills if one.day is not None and one.day < then]
    if not early:
        return ()
    text = (
        f"Trades of days before the orders were accepted ({then}): {listing(early)}. They count; leave them "
        "out if they are of other orders."
    )
    return (text,)


def of_holdings(accepted: Accepted, now: Holdings) -> Reconciliation:
    """Return the accepted orders against the portfolio that they led to.

    Raises
    ------
    InputError
        If the proposal was accepted without orders, or the portfolio has no shares.

    """
    _require_orders(accepted)
    if now.shares is None:
        msg = f"The holdings of {now.fund} have no shares, so what was traded is not known. Give shares."
        raise InputError(msg)
    shares, prices, then = now.shares_of, now.price_of, accepted.holdings.price_of
    before = accepted.holdings.shares_of
    for one in accepted.orders:
        before[one.ticker] = before.get(one.ticker, 0.0) - one.signed_shares
    ratios = {
        name: split(number, shares.get(name), then.get(name, math.nan), prices.get(name))
        for name, number in before.items()
    }
    split_names = [name for name, ratio in ratios.items() if ratio != 1.0]
    notes = tuple(f"The shares of {name} look like a split: see today for it." for name in split_names)
    for name in split_names:
        shares[name] /= ratios[name]
    return _made(accepted, engine.of_holdings(accepted.orders, before, shares, prices), notes)


def _require_orders(accepted: Accepted) -> None:
    if not accepted.orders or accepted.holdings.shares is None:
        msg = (
            "The proposal was accepted in weights, without orders, so there is nothing to reconcile. Accept "
            "it with a price for each name to be traded (--order-prices; Prices on the sheet Settings)."
        )
        raise InputError(msg)


def _made(accepted: Accepted, lines: tuple[FillLine, ...], notes: tuple[str, ...]) -> Reconciliation:
    inputs, _ = from_snapshot(accepted.snapshot)
    holdings = _after(accepted.holdings, lines)
    far = [
        f"{one.ticker} at {one.price:,.6g}, ordered at {one.order_price:,.6g}"
        for one in lines
        if one.price > 0.0 and one.order_price > 0.0 and abs(math.log(one.price / one.order_price)) > FAR
    ]
    if far:
        text = (
            f"Prices of trades far from those of the orders: {listing(far)}. Check them, and their currency."
        )
        notes = (*notes, text)
    return Reconciliation(
        fund=accepted.holdings.fund,
        accepted_at=accepted.at,
        lines=lines,
        accepted=Position(accepted.holdings, inputs.etfs, inputs.covariance).betas(),
        now=Position(holdings, inputs.etfs, inputs.covariance).betas(),
        left=tuple(order for one in lines if (order := one.order()) is not None),
        notes=notes,
    )


def _after(accepted: Holdings, lines: tuple[FillLine, ...]) -> Holdings:
    """Return the accepted portfolio without what is left to do, at the same prices."""
    held, prices = accepted.shares_of, accepted.price_of
    cash = accepted.cash * (accepted.nav or 1.0)
    for one in lines:
        if not one.left:
            continue
        price = prices.setdefault(
            one.ticker, one.order_price if math.isfinite(one.order_price) else one.price
        )
        held[one.ticker] = held.get(one.ticker, 0.0) - one.left
        cash += one.left * price
    names = [name for name, shares in held.items() if shares]
    values = np.array([held[name] * prices[name] for name in names])
    nav = math.fsum(values) + cash
    return replace(
        accepted,
        tickers=tuple(names),
        weights=values / nav,
        shares=np.array([held[name] for name in names]),
        prices=np.array([prices[name] for name in names]),
        nav=nav,
        cash=cash / nav,
        leverage_stated=True,
    )


def table(found: Reconciliation) -> list[list[Any]]:
    """Return the rows of ``LINES``, those with something left first."""
    order = {state: place for place, state in enumerate(State)}
    rows = sorted(found.lines, key=lambda one: (one.state is State.FILLED, -order[one.state]))
    return [
        [
            *(one.ticker, str(one.state), one.ordered, one.filled, one.left),
            *(one.order_price, one.price, one.slippage, one.cost),
        ]
        for one in rows
    ]


def lines(found: Reconciliation) -> list[SummaryLine]:
    """Return a reconciliation line by line for a sheet: what is not filled by name, the rest as a number."""
    rows = [one for one in found.lines if one.state is not State.FILLED]
    filled = found.count(State.FILLED)
    return [
        SummaryLine("Fills", "complete" if found.complete else "something is left", found.headline),
        *([SummaryLine(f"  {State.FILLED}", float(filled), kind=Kind.COUNT)] if filled else []),
        *(SummaryLine(f"  {one.ticker}", str(one.state), _in_words(one)) for one in rows),
        SummaryLine(
            "  slippage, commissions", f"{found.slippage + 0.0:,.2f}", f"commissions {found.cost:,.2f}"
        ),
        *(SummaryLine("Note", remark=note) for note in found.notes),
    ]


def _in_words(one: FillLine) -> str:
    order = one.order()
    left = "" if order is None else f"; left: {order.side} {order.shares:,} at {order.price:,.2f}"
    return f"ordered {one.ordered:+,.0f} shares, traded {one.filled:+,.0f}{left}"


def record(found: Reconciliation) -> dict[str, Any]:
    """Return a reconciliation as plain values for JSON; amounts in base currency."""
    return {
        "fund": found.fund,
        "accepted_at": found.accepted_at,
        "complete": found.complete,
        "counts": {str(state): found.count(state) for state in State},
        "beta_with_all_orders": dict(found.accepted),
        "beta_now": dict(found.now),
        "residual_beta": {name: beta - found.accepted[name] for name, beta in found.now.items()},
        "slippage": found.slippage,
        "commission": found.cost,
        "fills": [dict(zip(LINES, row, strict=True)) for row in table(found)],
        "left": [
            {"ticker": one.ticker, "side": str(one.side), "shares": one.shares, "price": one.price}
            for one in found.left
        ],
        "notes": list(found.notes),
    }


def left_as_csv(found: Reconciliation) -> str:
    """Return what is left to do in the form of the desk's orders."""
    rows = [
        (one.ticker, str(one.side).upper(), one.shares, one.price, round(one.notional, 2))
        for one in found.left
    ]
    return to_csv(COLUMNS, rows)
