"""From weights to whole shares, and the truth after rounding.

Rounding each trade to the nearest lot leaves a beta that nobody asked for. Each trade can be
rounded down or up; of these choices one is searched whose rounding errors cancel in beta: first the
nearest, then single names and pairs of names are turned round as long as the residual beta falls.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.checks import Check, size_of
from betaneutral_xl.errors import CheckFailed, InputError, MissingPrice, UncoveredRisk, listing
from betaneutral_xl.model.alignment import MIN_COVERAGE
from betaneutral_xl.model.arrays import FloatArray, IntArray, read_only
from betaneutral_xl.model.constraints import BASIS_POINT, SMALLEST_TRADE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from betaneutral_xl.engine.result import Rebalance

PAIRS = 400
"""Of so many trades every pair is tried; of more, the pairs of those that change beta least."""

ROUNDS = 200
"""Improvements after which the search ends; it has never been seen to need more than a few dozen."""

WHOLE = 1e-6
"""What a weight may lack to a whole share, for rounding of its digits."""

SAME_WEIGHT = 1e-7
"""Weights that differ by less are the same, after a journey through cells."""

ENOUGH = 1e-7
"""A residual beta that is not worth improving."""


class Side(StrEnum):
    """What is done with the shares."""

    BUY = "buy"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class Order:
    """A trade in whole shares: ``shares`` is positive on either side, ``price`` in base currency."""

    ticker: str
    side: Side
    shares: int
    price: float

    def __post_init__(self) -> None:
        """Validate that it is an order."""
        if self.shares <= 0 or not 0.0 < self.price < math.inf:
            msg = f"An order for {self.shares} shares of {self.ticker} at {self.price:g} is none."
            raise InputError(msg, tickers=[self.ticker])

    @property
    def signed_shares(self) -> int:
        """Negative for a sale."""
        return self.shares if self.side is Side.BUY else -self.shares

    @property
    def notional(self) -> float:
        """What it moves, in base currency, positive."""
        return self.shares * self.price


class Tradable(StrEnum):
    """What orders are in: the names themselves, or for a hedge the ETFs.

    The ETFs only where enough of each has risk data, or its own row; or whatever their coverage.
    """

    NAMES = "names"
    ETFS = "etfs"
    ETFS_ANY_COVERAGE = "etfs_any_coverage"


class Action(StrEnum):
    """What a broker is told to do; a sale of what is not held must be told apart."""

    BUY = "buy"
    SELL = "sell"
    SELL_SHORT = "sell short"


@dataclass(frozen=True, slots=True)
class Leg:
    """An order, or the part of one on one side of nothing held."""

    ticker: str
    action: Action
    shares: int
    price: float

    @property
    def notional(self) -> float:
        """What it moves, in base currency, positive."""
        return self.shares * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """How weights become orders.

    Attributes
    ----------
    prices
        Base currency a share, by ticker.
    nav
        Net asset value, base currency.
    lots
        Shares in a lot, by ticker; 1 for all that are not named.
    keep_cash
        Least cash after the trades, as a decimal of net asset value; a target that asks for less
        is not changed for it, only the rounding.
    min_notional
        Trades smaller than this, in base currency, are left out.
    cost_bp
        What a trade costs, in basis points of what is traded.

    """

    prices: Mapping[str, float]
    nav: float
    lots: Mapping[str, int] = field(default_factory=dict)
    keep_cash: float = -math.inf
    min_notional: float = 0.0
    cost_bp: float = 0.0

    def __post_init__(self) -> None:
        """Validate that the numbers have a meaning."""
        for name in ("prices", "lots"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        if not 0.0 < self.nav < math.inf:
            msg = f"The net asset value is {self.nav:g}. Give the fund's value in base currency."
            raise InputError(msg)
        for what, value in (("smallest order's value", self.min_notional), ("cost in bp", self.cost_bp)):
            if not 0.0 <= value < math.inf:
                msg = f"The {what} is {value:g}. Give zero or more."
                raise InputError(msg)
        bad = [ticker for ticker, lot in self.lots.items() if lot < 1 or lot != int(lot)]
        if bad:
            msg = f"The lot of {listing(bad)} is not a whole number of shares, 1 or more."
            raise InputError(msg, tickers=bad)


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Whole-share trades, and what the portfolio is after them.

    Attributes
    ----------
    result
        The weights that were aimed at.
    ticket
        How they became orders.
    orders
        The trades, largest first.
    weights
        Shape (N,): the portfolio after them.
    left_out
        Names whose trade is below the minimum notional or rounds to nothing.
    in_etfs
        Whether the orders are in shares of the ETFs, in place of their baskets; then ``weights``
        sees through them to their names.

    """

    result: Rebalance
    ticket: Ticket
    orders: tuple[Order, ...]
    weights: FloatArray
    left_out: tuple[str, ...]
    in_etfs: bool = False

    def __post_init__(self) -> None:
        """Make the weights read-only."""
        object.__setattr__(self, "weights", read_only(self.weights))

    @property
    def residual_beta(self) -> Mapping[str, float]:
        """What rounding adds to the beta to each ETF that the exact weights have."""
        aligned = self.result.aligned
        off = (self.weights - self.result.new_weights)[aligned.covered]
        betas = self.result.predicted_beta[aligned.covered].T @ off
        return MappingProxyType(dict(zip(aligned.etf_names, betas.tolist(), strict=True)))

    @property
    def beta(self) -> Mapping[str, float]:
        """The portfolio's beta to each ETF after the trades."""
        exact = self.result.after.beta
        return MappingProxyType({name: exact[name] + off for name, off in self.residual_beta.items()})

    @property
    def traded(self) -> float:
        """What the orders move in all, in base currency."""
        return math.fsum(order.notional for order in self.orders)

    @property
    def turnover(self) -> float:
        """One-way, decimal of net asset value."""
        return self.traded / self.ticket.nav / 2.0

    @property
    def cost(self) -> float:
        """What the orders cost, in base currency."""
        return self.traded * self.ticket.cost_bp * BASIS_POINT

    @property
    def cash(self) -> float:
        """Cash after the orders and their cost, in base currency."""
        paid = math.fsum(order.signed_shares * order.price for order in self.orders)
        return self.result.aligned.holdings.cash * self.ticket.nav - paid - self.cost

    @property
    def tracking_error(self) -> float:
        """Annual, against the weights that were aimed at; decimal."""
        aligned = self.result.aligned
        return aligned.covariance.volatility((self.weights - self.result.new_weights)[aligned.covered])

    def legs(self) -> tuple[Leg, ...]:
        """Return the orders as a broker takes them: a sale beyond what is held is two, the rest of it short.

        A portfolio that is given in weights holds as many whole shares as its weight buys.
        """
        held = self._held()
        found: list[Leg] = []
        for one in self.orders:
            if one.side is Side.BUY:
                found.append(Leg(one.ticker, Action.BUY, one.shares, one.price))
                continue
            own = min(one.shares, held.get(one.ticker, 0))
            parts = ((Action.SELL, own), (Action.SELL_SHORT, one.shares - own))
            found += [Leg(one.ticker, action, shares, one.price) for action, shares in parts if shares]
        return tuple(found)

    def _held(self) -> dict[str, int]:
        """Return the whole shares that are held of each name; none of what is held short."""
        holdings, ticket = self.result.aligned.holdings, self.ticket
        if holdings.shares is not None:
            shares = dict(zip(holdings.tickers, holdings.shares.tolist(), strict=True))
        else:
            weights = zip(holdings.tickers, holdings.weights.tolist(), strict=True)
            shares = {
                name: weight * ticket.nav / ticket.prices[name]
                for name, weight in weights
                if name in ticket.prices
            }
        return {name: max(math.floor(quantity + WHOLE), 0) for name, quantity in shares.items()}

    def checks(self) -> tuple[Check, ...]:
        """Recompute what the orders do from the orders alone."""
        aligned, nav = self.result.aligned, self.ticket.nav
        names = aligned.etf_names if self.in_etfs else aligned.tickers
        bought = np.zeros(len(names))
        off_lot = 0
        for order, place in zip(self.orders, _places(self.orders, names), strict=True):
            bought[place] += order.signed_shares * order.price / nav
            off_lot += order.shares % self.ticket.lots.get(order.ticker, 1)
        through = aligned.expand(aligned.equivalents @ bought, 0.0) if self.in_etfs else bought
        made = aligned.weights + through
        # What an ETF holds besides its basket is paid for, too, and is in no beta.
        total = float(made.sum() + bought.sum() - through.sum()) + (self.cash + self.cost) / nav
        before = float(aligned.weights.sum()) + aligned.holdings.cash
        small = sum(order.notional < self.ticket.min_notional for order in self.orders)
        size = size_of(made, bought, aligned.weights)
        return (
            Check("the orders make the weights", float(np.abs(made - self.weights).max()), 1e-12 * size),
            Check("what is bought is paid in cash", abs(total - before), 1e-10 * size),
            Check("every order is of whole lots", float(off_lot), 0.0),
            Check("no order is below the minimum notional", float(small), 0.0),
            Check(
                "no name is ordered twice",
                float(len(self.orders) - len({o.ticker for o in self.orders})),
                0.0,
            ),
        )

    def check(self) -> Orders:
        """Return the orders themselves if all of their checks pass.

        Raises
        ------
        CheckFailed
            With the first check that does not pass.

        """
        for one in self.checks():
            if not one.passed:
                msg = f"The orders fail their own check that {one.name}: off by {one.residual:.3g}."
                raise CheckFailed(msg)
        return self


def orders_in(what: Tradable, result: Rebalance, ticket: Ticket) -> Orders:
    """Turn new weights into orders in the names, or a hedge into orders in the ETFs."""
    if what is Tradable.NAMES:
        return make_orders(result, ticket)
    return etf_orders(result, ticket, any_coverage=what is Tradable.ETFS_ANY_COVERAGE)


def make_orders(result: Rebalance, ticket: Ticket) -> Orders:
    """Turn new weights into whole-share orders with little residual beta.

    Raises
    ------
    MissingPrice
        If a name that is to be traded has no positive price.
    InputError
        If the cash to be kept cannot be kept by rounding.

    """
    trades = result.trades
    names = np.flatnonzero(np.abs(trades) > SMALLEST_TRADE)
    tickers = [result.tickers[i] for i in names]
    prices = np.array([ticket.prices.get(ticker, math.nan) for ticker in tickers])
    bad = [ticker for ticker, price in zip(tickers, prices, strict=True) if not 0.0 < price < math.inf]
    if bad:
        msg = f"No price for {len(bad)} of {len(tickers)} trades: {listing(bad)}. Give their prices."
        raise MissingPrice(msg, tickers=bad)
    lots = np.array([ticket.lots.get(ticker, 1) for ticker in tickers], dtype=np.float64)
    wanted = trades[names] * ticket.nav / prices / lots
    large = np.abs(trades[names]) * ticket.nav >= ticket.min_notional
    counts = _rounded(result, ticket, names[large], wanted[large], (prices * lots)[large] / ticket.nav)

    shares = np.zeros(len(names))
    shares[large] = counts * lots[large]
    weights = result.weights.copy()
    weights[names] += shares * prices / ticket.nav
    orders = [
        Order(ticker, Side.BUY if share > 0 else Side.SELL, abs(int(share)), float(price))
        for ticker, share, price in zip(tickers, shares.tolist(), prices, strict=True)
        if share
    ]
    return Orders(
        result=result,
        ticket=ticket,
        orders=tuple(sorted(orders, key=lambda order: -order.notional)),
        weights=weights,
        left_out=tuple(ticker for ticker, share in zip(tickers, shares, strict=True) if not share),
    ).check()


def _places(orders: Sequence[Order], names: Sequence[str]) -> list[int]:
    place = {name: i for i, name in enumerate(names)}
    return [place[order.ticker] for order in orders]


def _require_coverage(result: Rebalance) -> None:
    """Refuse orders in shares of ETFs of which too little has risk data.

    Raises
    ------
    UncoveredRisk
        With the ETFs.

    """
    few = {name: unit.covered for name, unit in result.coverage.units.items() if not unit.sufficient}
    if few:
        told = listing([f"{name} ({covered:.2%})" for name, covered in few.items()])
        msg = (
            f"Less than {MIN_COVERAGE:.0%} of the exposure of ETF {told} has risk data, too little for "
            "orders in its shares. Trade the names, give the risk model the ETF's own row or series, or "
            f"choose {Tradable.ETFS_ANY_COVERAGE} in place of {Tradable.ETFS}."
        )
        raise UncoveredRisk(msg, tickers=tuple(few))


def etf_orders(result: Rebalance, ticket: Ticket, *, any_coverage: bool = False) -> Orders:
    """Return the hedge as orders in the ETFs themselves, in place of their baskets.

    Each is rounded to the nearest lot; a K-name hedge has no rounding to choose. The beta and the
    weights after them are those of the ETFs' baskets.

    ``any_coverage`` makes them also where less than ``MIN_COVERAGE`` of an ETF's exposure has risk data and
    the risk model has no row of its own.

    Raises
    ------
    UncoveredRisk
        If too little of an ETF has risk data.
    InputError
        If the trades are not those of a hedge by the ETFs.
    MissingPrice
        If an ETF has no price.

    """
    aligned = result.aligned
    if not any_coverage:
        _require_coverage(result)
    baskets, trades = aligned.equivalents, result.trades[aligned.covered]
    ratios = -np.linalg.lstsq(baskets, trades, rcond=None)[0]
    if float(np.abs(baskets @ ratios + trades).max(initial=0.0)) > SAME_WEIGHT:
        msg = (
            f"These trades are not {listing(aligned.etf_names)} times a ratio, so shares of the ETFs cannot "
            "stand for them. Trade the names, or hedge with the method hedge."
        )
        raise InputError(msg)
    orders: list[Order] = []
    left_out: list[str] = []
    weights = result.weights.copy()
    for place, (name, ratio) in enumerate(zip(aligned.etf_names, ratios.tolist(), strict=True)):
        price, lot = ticket.prices.get(name, math.nan), ticket.lots.get(name, 1)
        if not 0.0 < price < math.inf:
            msg = f"No price for the ETF {name}. Give it among the prices."
            raise MissingPrice(msg, tickers=[name])
        shares = round(ratio * ticket.nav / price / lot) * lot
        if not shares or abs(shares) * price < ticket.min_notional:
            left_out.append(name)
            continue
        orders.append(Order(name, Side.SELL if shares > 0 else Side.BUY, abs(shares), price))
        weights -= aligned.expand(baskets[:, place], 0.0) * (shares * price / ticket.nav)
    return Orders(
        result=result,
        ticket=ticket,
        orders=tuple(sorted(orders, key=lambda order: -order.notional)),
        weights=weights,
        left_out=tuple(left_out),
        in_etfs=True,
    ).check()


def _rounded(
    result: Rebalance, ticket: Ticket, names: IntArray, wanted: FloatArray, worth: FloatArray
) -> FloatArray:
    """Return whole numbers of lots near those wanted whose errors cancel in beta.

    ``worth`` is a lot's weight. Cash is kept by rounding down what is bought until there is enough.
    """
    betas = result.predicted_beta[names]
    betas = np.where(np.isnan(betas), 0.0, betas)
    smallest = ticket.min_notional / ticket.nav

    def large_enough(counts: FloatArray) -> FloatArray:
        """Return counts without those that are below the minimum notional."""
        return np.where(np.abs(counts) * worth >= smallest, counts, 0.0)

    counts = np.round(wanted)
    counts = np.where(large_enough(counts) == counts, counts, np.sign(wanted) * np.ceil(np.abs(wanted)))

    def turned(counts: FloatArray) -> FloatArray:
        """Return what each count becomes when it is rounded the other way; itself where that is too small."""
        other = np.where(
            counts > wanted, np.floor(wanted), np.where(counts < wanted, np.ceil(wanted), counts)
        )
        return np.where(large_enough(other) == other, other, counts)

    # The beta that the left-out trades owe is owed by the rounding of the others.
    left = result.trades.copy()
    left[names] = 0.0
    owed = np.nan_to_num(result.predicted_beta).T @ np.where(np.abs(left) > SMALLEST_TRADE, left, 0.0)

    def off(counts: FloatArray) -> FloatArray:
        beta: FloatArray = betas.T @ ((counts - wanted) * worth) - owed
        return beta

    spare = _spare_cash(result, ticket, counts * worth)
    for i in np.argsort(-worth) if spare < 0.0 else ():
        lower = large_enough(np.floor(wanted))[i]
        if spare < 0.0 and counts[i] > lower:
            spare += (counts[i] - lower) * worth[i]
            counts[i] = lower
    for _ in range(ROUNDS):
        before = off(counts)
        if float(np.abs(before).max(initial=0.0)) <= ENOUGH:
            break
        other = turned(counts)
        steps = (other - counts) * worth
        best = _best_turn(before, steps, betas, _spare_cash(result, ticket, counts * worth))
        if best is None:
            break
        counts[best] = other[best]
    if _spare_cash(result, ticket, counts * worth) < 0.0 <= _spare_cash(result, ticket, wanted * worth):
        msg = f"Rounding cannot keep cash of {ticket.keep_cash:.2%}. Keep less, or aim at a little more cash."
        raise InputError(msg)
    return counts


def _spare_cash(result: Rebalance, ticket: Ticket, traded: FloatArray) -> float:
    """Return the cash beyond what is to be kept, as a decimal of net asset value."""
    if math.isinf(ticket.keep_cash):
        return math.inf
    cost = float(np.abs(traded).sum()) * ticket.cost_bp * BASIS_POINT
    return result.aligned.holdings.cash - float(traded.sum()) - cost - ticket.keep_cash


def _best_turn(before: FloatArray, steps: FloatArray, betas: FloatArray, spare: float) -> list[int] | None:
    """Return the one or two names to round the other way for the least residual; None for neither."""
    movable = np.flatnonzero(steps)
    if not movable.size:
        return None
    moves = steps[movable, None] * betas[movable]
    few = np.argsort(np.abs(moves).max(axis=1))[:PAIRS]
    ones = [[int(i)] for i in movable]
    after_one = np.abs(before + moves).max(axis=1)
    after_one[steps[movable] > spare] = np.inf
    best = int(np.argmin(after_one))
    choice, value = ones[best], float(after_one[best])
    pair = np.abs(before + moves[few][:, None, :] + moves[few][None, :, :]).max(axis=2)
    both = steps[movable[few]][:, None] + steps[movable[few]][None, :]
    pair[(both > spare) | np.eye(len(few), dtype=np.bool_)] = np.inf
    i, j = np.unravel_index(int(np.argmin(pair)), pair.shape)
    if float(pair[i, j]) < value:
        choice, value = [int(movable[few[i]]), int(movable[few[j]])], float(pair[i, j])
    return choice if value < float(np.abs(before).max()) * (1.0 - 1e-9) else None
