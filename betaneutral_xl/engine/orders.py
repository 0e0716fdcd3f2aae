"""Orders in whole lots of shares, and the portfolio after rounding; a lot may be a fraction of a share.

Rounding each trade to the nearest lot leaves a residual beta. Each trade can be rounded down or up,
and a local search looks for a choice whose rounding errors cancel in beta: starting from the nearest
lots, the rounding of single names and pairs of names is changed as long as the residual beta falls.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.checks import Check, size_of
from betaneutral_xl.engine.order_terms import DECIMALS, PARTICIPATION, Tradable, is_lot, shares_of
from betaneutral_xl.errors import CheckFailed, InputError, MissingPrice, UncoveredRisk, listing
from betaneutral_xl.model.alignment import MIN_COVERAGE
from betaneutral_xl.model.arrays import FloatArray, IntArray, make_read_only, positions_of
from betaneutral_xl.model.constraints import BASIS_POINT, SMALLEST_TRADE
from betaneutral_xl.model.portfolio import SAME_WEIGHT

if TYPE_CHECKING:
    from betaneutral_xl.engine.result import Rebalance

MAX_PAIRED = 400
"""Largest number of trades of which every pair is tried; of more, those that change beta least."""

MAX_STEPS = 200
"""Limit on the steps of the search; a few dozen have been enough in every case observed."""

SHARE_ROUNDING = 1e-6
"""Tolerance in shares within which a weight counts as a whole number of shares."""

BETA_TOLERANCE = 1e-7
"""Residual beta at which the search stops."""


class Side(StrEnum):
    """Side of an order; a broker must know which sales are short."""

    BUY = "buy"
    SELL = "sell"
    SELL_SHORT = "sell short"


@dataclass(frozen=True, slots=True)
class Order:
    """A trade: ``shares`` is positive on either side, an int if whole; ``price`` in base currency."""

    ticker: str
    side: Side
    shares: float
    price: float

    def __post_init__(self) -> None:
        if self.shares <= 0 or not 0.0 < self.price < math.inf:
            msg = (
                f"The order for {self.ticker} is {self.shares:,.10g} shares at {self.price:g}. "
                "Give a positive number of shares and a positive price."
            )
            raise InputError(msg, tickers=[self.ticker])

    @property
    def signed_shares(self) -> float:
        """Shares, negative for a sale."""
        return self.shares if self.side is Side.BUY else -self.shares

    @property
    def notional(self) -> float:
        """What it moves, in base currency, positive."""
        return self.shares * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Prices, net asset value and limits for turning weights into orders.

    Attributes
    ----------
    prices
        Price per share in base currency, by ticker.
    nav
        Net asset value, base currency.
    lots
        Shares per lot, by ticker, a whole number or a fraction of one; 1 for tickers not in the mapping.
    keep_cash
        Minimum cash after the trades, as a decimal of net asset value. It affects the rounding only:
        weights that leave less cash are not changed.
    min_notional
        Trades smaller than this, in base currency, are omitted.
    cost_bp
        Cost of a trade, in basis points of its notional.
    volumes
        Average daily volume in shares, by ticker, where it is known.
    participation
        Share of the volume that may be traded a day, decimal.

    """

    prices: Mapping[str, float]
    nav: float
    lots: Mapping[str, float] = field(default_factory=dict)
    keep_cash: float = -math.inf
    min_notional: float = 0.0
    cost_bp: float = 0.0
    volumes: Mapping[str, float] = field(default_factory=dict)
    participation: float = PARTICIPATION

    def __post_init__(self) -> None:
        for name in ("prices", "lots", "volumes"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        if not 0.0 < self.nav < math.inf:
            msg = f"The net asset value is {self.nav:g}. Give the fund's value in base currency."
            raise InputError(msg)
        for what, value in (("smallest order's value", self.min_notional), ("cost in bp", self.cost_bp)):
            if not 0.0 <= value < math.inf:
                msg = f"The {what} is {value:g}. Give zero or more."
                raise InputError(msg)
        bad = [ticker for ticker, lot in self.lots.items() if not is_lot(lot)]
        if bad:
            msg = f"The lot of {listing(bad)} is neither a whole number of shares nor a fraction of one."
            raise InputError(msg, tickers=bad)


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Orders, and the portfolio after them.

    Attributes
    ----------
    result
        The result with the target weights.
    ticket
        The prices and limits used.
    orders
        The orders, largest notional first.
    weights
        Shape (N,), the portfolio's weights after the orders.
    left_out
        Names whose trade is below the minimum notional or rounds to zero.
    in_etfs
        Whether the orders are in shares of the ETFs instead of their baskets; ``weights`` then look
        through the ETFs to their names.

    """

    result: Rebalance
    ticket: Ticket
    orders: tuple[Order, ...]
    weights: FloatArray
    left_out: tuple[str, ...]
    in_etfs: bool = False

    def __post_init__(self) -> None:
        make_read_only(self, "weights")

    @property
    def residual_beta(self) -> Mapping[str, float]:
        """Beta to each ETF that rounding adds to that of the exact weights."""
        aligned = self.result.aligned
        rounding = (self.weights - self.result.new_weights)[aligned.covered]
        betas = self.result.predicted_beta[aligned.covered].T @ rounding
        return MappingProxyType(dict(zip(aligned.etf_names, betas.tolist(), strict=True)))

    @property
    def beta(self) -> Mapping[str, float]:
        """The portfolio's beta to each ETF after the trades."""
        exact = self.result.after.beta
        return MappingProxyType({name: exact[name] + beta for name, beta in self.residual_beta.items()})

    @property
    def traded(self) -> float:
        """Total notional of the orders, in base currency."""
        return math.fsum(order.notional for order in self.orders)

    @property
    def turnover(self) -> float:
        """One-way turnover, decimal of net asset value."""
        return self.traded / self.ticket.nav / 2.0

    @property
    def cost(self) -> float:
        """Cost of the orders, in base currency."""
        return self.traded * self.ticket.cost_bp * BASIS_POINT

    @property
    def cash(self) -> float:
        """Cash after the orders and their cost, in base currency."""
        paid = math.fsum(order.signed_shares * order.price for order in self.orders)
        return self.result.aligned.holdings.cash * self.ticket.nav - paid - self.cost

    @property
    def tracking_error(self) -> float:
        """Annual tracking error against the target weights, decimal."""
        aligned = self.result.aligned
        return aligned.covariance.volatility((self.weights - self.result.new_weights)[aligned.covered])

    def days_to_trade(self) -> dict[str, float]:
        """Return ``shares / (participation * average daily volume)`` of each order whose volume is known."""
        ticket = self.ticket
        return {
            one.ticker: one.shares / (ticket.participation * ticket.volumes[one.ticker])
            for one in self.orders
            if one.ticker in ticket.volumes
        }

    def for_broker(self) -> tuple[Order, ...]:
        """Return the orders for a broker: a sale of more than is held is split into a sale and a short sale.

        Of a portfolio given in weights, the shares held are those that each weight buys. Of them, as of a
        portfolio of shares, only whole ones are sold, or whole fractions where the lot is one.
        """
        held = self._held()
        found: list[Order] = []
        for one in self.orders:
            if one.side is Side.BUY:
                found.append(one)
                continue
            own = min(one.shares, held.get(one.ticker, 0))
            short = round(one.shares - own, DECIMALS)
            parts = ((Side.SELL, own), (Side.SELL_SHORT, short))
            found += [Order(one.ticker, side, shares, one.price) for side, shares in parts if shares]
        return tuple(found)

    def _held(self) -> dict[str, float]:
        """Return the whole shares, or fractions, held long of each name; 0 for a short position."""
        holdings, ticket = self.result.aligned.holdings, self.ticket
        shares = holdings.shares_of or {
            name: weight * ticket.nav / ticket.prices[name]
            for name, weight in holdings.weight_of.items()
            if name in ticket.prices
        }
        held: dict[str, float] = {}
        for name, quantity in shares.items():
            part = min(ticket.lots.get(name, 1), 1)
            held[name] = max(shares_of(math.floor(quantity / part + SHARE_ROUNDING), part), 0)
        return held

    def checks(self) -> tuple[Check, ...]:
        """Recompute weights, cash and limits from the orders alone."""
        aligned, nav = self.result.aligned, self.ticket.nav
        names = sold_names(self.result) if self.in_etfs else aligned.tickers
        bought = np.zeros(len(names))
        off_lot = 0.0
        positions = positions_of([order.ticker for order in self.orders], names)
        for order, position in zip(self.orders, positions, strict=True):
            bought[position] += order.signed_shares * order.price / nav
            size = order.shares / self.ticket.lots.get(order.ticker, 1)
            off_lot = max(off_lot, abs(size - round(size)))
        look_through = aligned.expand(_baskets(self.result) @ bought, 0.0) if self.in_etfs else bought
        made = aligned.weights + look_through
        # The part of an ETF outside its basket is paid for too, but contributes no beta.
        total = float(made.sum() + bought.sum() - look_through.sum()) + (self.cash + self.cost) / nav
        before = float(aligned.weights.sum()) + aligned.holdings.cash
        small = sum(order.notional < self.ticket.min_notional for order in self.orders)
        size = size_of(made, bought, aligned.weights)
        return (
            Check("the orders make the weights", float(np.abs(made - self.weights).max()), 1e-12 * size),
            Check("what is bought is paid in cash", abs(total - before), 1e-10 * size),
            Check("every order is of whole lots", off_lot, SHARE_ROUNDING),
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
    """Convert new weights to orders in the names, or a hedge to orders in the ETFs."""
    if what is Tradable.NAMES:
        return make_orders(result, ticket)
    return etf_orders(result, ticket, any_coverage=what is Tradable.ETFS_ANY_COVERAGE)


def make_orders(result: Rebalance, ticket: Ticket) -> Orders:
    """Convert new weights to orders in whole lots with a small residual beta.

    Raises
    ------
    MissingPrice
        If a traded name has no positive price.
    InputError
        If the minimum cash cannot be kept by rounding.

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
    exact = trades[names] * ticket.nav / prices / lots
    large = np.abs(trades[names]) * ticket.nav >= ticket.min_notional
    counts = _rounded(result, ticket, names[large], exact[large], (prices * lots)[large] / ticket.nav)

    shares = np.zeros(len(names))
    shares[large] = counts * lots[large]
    weights = result.weights.copy()
    weights[names] += shares * prices / ticket.nav
    orders = [
        Order(ticker, Side.BUY if share > 0 else Side.SELL, shares_of(abs(share) / lot, lot), float(price))
        for ticker, share, price, lot in zip(tickers, shares.tolist(), prices, lots.tolist(), strict=True)
        if share
    ]
    return Orders(
        result=result,
        ticket=ticket,
        orders=tuple(sorted(orders, key=lambda order: -order.notional)),
        weights=weights,
        left_out=tuple(ticker for ticker, share in zip(tickers, shares, strict=True) if not share),
    ).check()


def sold_names(result: Rebalance) -> tuple[str, ...]:
    """Return the names whose shares a hedge sells: the ETFs, and the market where it has a leg."""
    market = result.aligned.market
    return (*result.etf_names, *([market.traded_as] if market and result.market_ratio else []))


def _baskets(result: Rebalance) -> FloatArray:
    """Return the weights of the covered names in one unit of each of ``sold_names``, a column each."""
    aligned = result.aligned
    if not result.market_ratio:
        return aligned.replacements
    return np.column_stack([aligned.replacements, aligned.market_unit])


def _require_coverage(result: Rebalance) -> None:
    """Refuse orders in ETFs with insufficient coverage by the risk model."""
    few = {name: unit.covered for name, unit in result.coverage.units.items() if not unit.sufficient}
    if few:
        listed = listing([f"{name} ({covered:.2%})" for name, covered in few.items()])
        msg = (
            f"Less than {MIN_COVERAGE:.0%} of the exposure of ETF {listed} has risk data, too little for "
            "orders in its shares. Trade the names, give the risk model the ETF's own row or series, or "
            f"choose {Tradable.ETFS_ANY_COVERAGE} instead of {Tradable.ETFS}."
        )
        raise UncoveredRisk(msg, tickers=tuple(few))


def etf_orders(result: Rebalance, ticket: Ticket, *, any_coverage: bool = False) -> Orders:
    """Convert a hedge to orders in the ETFs themselves instead of their baskets.

    Each order is rounded to the nearest lot. The beta and the weights after the orders are those of the
    ETFs' baskets. With ``any_coverage`` orders are also made where less than ``MIN_COVERAGE`` of an ETF's
    exposure has risk data and the risk model has no row for the ETF.

    Raises
    ------
    UncoveredRisk
        If an ETF's coverage by the risk model is insufficient.
    InputError
        If the trades are not a combination of the ETFs' baskets.
    MissingPrice
        If an ETF has no price.

    """
    aligned = result.aligned
    if not any_coverage:
        _require_coverage(result)
    names, baskets, trades = sold_names(result), _baskets(result), result.trades[aligned.covered]
    ratios = -np.linalg.lstsq(baskets, trades, rcond=None)[0]
    if float(np.abs(baskets @ ratios + trades).max(initial=0.0)) > SAME_WEIGHT:
        msg = (
            f"These trades are not a combination of the baskets of {listing(names)}, so orders "
            "in the ETFs cannot replace them. Trade the names, or use the method hedge."
        )
        raise InputError(msg)
    orders: list[Order] = []
    left_out: list[str] = []
    weights = result.weights.copy()
    for position, (name, ratio) in enumerate(zip(names, ratios.tolist(), strict=True)):
        price, lot = ticket.prices.get(name, math.nan), ticket.lots.get(name, 1)
        if not 0.0 < price < math.inf:
            msg = f"No price for the ETF {name}. Give it among the prices."
            raise MissingPrice(msg, tickers=[name])
        shares = shares_of(round(ratio * ticket.nav / price / lot), lot)
        if not shares or abs(shares) * price < ticket.min_notional:
            left_out.append(name)
            continue
        orders.append(Order(name, Side.SELL if shares > 0 else Side.BUY, abs(shares), price))
        weights -= aligned.expand(baskets[:, position], 0.0) * (shares * price / ticket.nav)
    return Orders(
        result=result,
        ticket=ticket,
        orders=tuple(sorted(orders, key=lambda order: -order.notional)),
        weights=weights,
        left_out=tuple(left_out),
        in_etfs=True,
    ).check()


def _rounded(
    result: Rebalance, ticket: Ticket, names: IntArray, exact: FloatArray, unit: FloatArray
) -> FloatArray:
    """Return whole numbers of lots near ``exact`` whose rounding errors cancel in beta.

    ``unit`` is the weight of one lot. The minimum cash is kept by rounding purchases down.
    """
    betas = result.predicted_beta[names]
    betas = np.where(np.isnan(betas), 0.0, betas)
    smallest = ticket.min_notional / ticket.nav

    def drop_small(counts: FloatArray) -> FloatArray:
        """Set counts below the minimum notional to zero."""
        return np.where(np.abs(counts) * unit >= smallest, counts, 0.0)

    counts = np.round(exact)
    counts = np.where(drop_small(counts) == counts, counts, np.sign(exact) * np.ceil(np.abs(exact)))

    def other_rounding(counts: FloatArray) -> FloatArray:
        """Return counts rounded in the other direction, except where that is below the minimum notional."""
        other = np.where(counts > exact, np.floor(exact), np.where(counts < exact, np.ceil(exact), counts))
        return np.where(drop_small(other) == other, other, counts)

    # The rounding of the other trades compensates the beta of the omitted ones.
    left = result.trades.copy()
    left[names] = 0.0
    omitted_beta = np.nan_to_num(result.predicted_beta).T @ np.where(np.abs(left) > SMALLEST_TRADE, left, 0.0)

    def rounding_beta(counts: FloatArray) -> FloatArray:
        beta: FloatArray = betas.T @ ((counts - exact) * unit) - omitted_beta
        return beta

    spare = _spare_cash(result, ticket, counts * unit)
    for i in np.argsort(-unit) if spare < 0.0 else ():
        lower = drop_small(np.floor(exact))[i]
        if spare < 0.0 and counts[i] > lower:
            spare += (counts[i] - lower) * unit[i]
            counts[i] = lower
    for _ in range(MAX_STEPS):
        before = rounding_beta(counts)
        if float(np.abs(before).max(initial=0.0)) <= BETA_TOLERANCE:
            break
        other = other_rounding(counts)
        steps = (other - counts) * unit
        best = _best_change(before, steps, betas, _spare_cash(result, ticket, counts * unit))
        if best is None:
            break
        counts[best] = other[best]
    if _spare_cash(result, ticket, counts * unit) < 0.0 <= _spare_cash(result, ticket, exact * unit):
        msg = (
            f"Rounding cannot keep cash of {ticket.keep_cash:.2%}. Keep less, or set a target with more cash."
        )
        raise InputError(msg)
    return counts


def _spare_cash(result: Rebalance, ticket: Ticket, traded: FloatArray) -> float:
    """Return the cash above the minimum, as a decimal of net asset value."""
    if math.isinf(ticket.keep_cash):
        return math.inf
    cost = float(np.abs(traded).sum()) * ticket.cost_bp * BASIS_POINT
    return result.aligned.holdings.cash - float(traded.sum()) - cost - ticket.keep_cash


def _best_change(before: FloatArray, steps: FloatArray, betas: FloatArray, spare: float) -> list[int] | None:
    """Return the one or two names whose other rounding lowers the residual most; None if none does."""
    movable = np.flatnonzero(steps)
    if not movable.size:
        return None
    moves = steps[movable, None] * betas[movable]
    few = np.argsort(np.abs(moves).max(axis=1))[:MAX_PAIRED]
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
