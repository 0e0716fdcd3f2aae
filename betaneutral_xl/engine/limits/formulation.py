"""Formulate limits on names as a quadratic program over the names that may be traded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import and_
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.limits.limit import Row, Terms
from betaneutral_xl.engine.optimisation.quadratic import ON_LIMIT, QuadraticProgram
from betaneutral_xl.errors import Infeasible, UnknownTicker, listing
from betaneutral_xl.model.constraints import RISK_AVERSION, Range
from betaneutral_xl.model.risk import Factors
from betaneutral_xl.model.values import share_text
from betaneutral_xl.system.words import did_you_mean

if TYPE_CHECKING:
    from betaneutral_xl.engine.limits.limit import Limit
    from betaneutral_xl.engine.optimisation.quadratic import Solution
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.arrays import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Binding:
    """A limit that is active at the optimum, and its shadow price.

    The price is the derivative of the objective, ``risk_aversion / 2 * tracking_error**2`` plus the
    cost, with respect to the limit: the decrease per unit by which the limit is relaxed.
    """

    limit: str
    price: float


@dataclass(frozen=True, eq=False)
class Formulation:
    """A quadratic program, and the mapping between its names and those of the portfolio.

    Attributes
    ----------
    aligned
        Portfolio, ETFs and risk model on one list of N names.
    limits
        The limits that were formulated.
    betas
        Predicted betas of the n covered names, shape (n, K).
    targets
        K ranges of the portfolio's betas.
    squares
        Whether the objective is the sum of squared trades instead of the tracking variance.
    terms
        What the limits add to the program.
    traded
        Shape (N,), whether each name may be traded; never one without risk data.
    problem
        The program, over the names that may be traded; every limit is net of the other weights.

    """

    aligned: Aligned
    limits: tuple[Limit, ...]
    betas: FloatArray
    targets: tuple[Range, ...]
    squares: bool
    terms: Terms
    traded: BoolArray
    problem: QuadraticProgram

    @property
    def tickers(self) -> tuple[str, ...]:
        """The names that may be traded."""
        return tuple(np.array(self.aligned.tickers, dtype=object)[self.traded])

    @cached_property
    def fixed(self) -> FloatArray:
        """Shape (N,): the weights of the names that may not be traded, zero for the others."""
        return np.where(self.traded, 0.0, self.aligned.weights)

    @property
    def unit(self) -> float:
        """Factor from the program's objective to units of utility."""
        return 1.0 if self.squares else self.terms.risk_aversion or RISK_AVERSION

    def with_limits(self, limits: Sequence[Limit]) -> Formulation:
        """Return the same problem with other limits."""
        return formulate(self.aligned, limits, self.betas, self.targets, squares=self.squares)

    def without_market(self) -> Formulation:
        """Return the same problem with no share of a market's leg sold."""
        aligned, market = self.aligned, self.aligned.market
        if market is not None:
            aligned = replace(aligned, market=replace(market, market=replace(market.market, share=0.0)))
        return formulate(aligned, self.limits, self.betas, self.targets, squares=self.squares)

    def expand(self, new_weights: FloatArray) -> FloatArray:
        """Expand new weights of the tradable names to all N names; the others keep theirs."""
        full = self.aligned.weights.copy()
        full[self.traded] = new_weights
        return full

    def binding(self, solution: Solution) -> tuple[Binding, ...]:
        """Return the active limits of a solution, largest shadow price first."""
        priced = (Binding(limit, self.unit * abs(price)) for limit, price in self._active(solution))
        return tuple(sorted(priced, key=lambda one: -one.price))

    def _active(self, solution: Solution) -> Iterator[tuple[str, float]]:
        """Yield the active limits with their dual variables: bounds, then rows, then the others."""
        problem, duals = self.problem, solution.duals
        x = problem.weights + solution.trades
        reduced_gradient = solution.gradient - problem.conditions @ duals.conditions
        tickers = self.tickers
        for word, bounds in (("lower", problem.lower), ("upper", problem.upper)):
            for i in np.flatnonzero(np.abs(x - bounds) <= ON_LIMIT):
                yield f"{tickers[i]} at its {word} bound {bounds[i]:g}", float(reduced_gradient[i])
        for label, price, equal in zip(problem.labels, duals.conditions, problem.equalities, strict=True):
            if price and not equal:
                yield label, float(price)
        for limit in self.limits:
            yield from limit.shadow_prices(duals)


def formulate(
    aligned: Aligned,
    limits: Sequence[Limit],
    betas: FloatArray,
    targets: Sequence[Range],
    *,
    squares: bool = False,
) -> Formulation:
    """Formulate limits as a quadratic program over the names that may be traded, net of the other weights.

    ``betas`` (n, K) are those of the covered names, and ``targets`` the K ranges of the portfolio's. With
    ``squares`` the objective is the sum of squared trades instead of the tracking variance.

    Raises
    ------
    UnknownTicker
        If a limit names a ticker that is neither held nor in an ETF.
    Infeasible
        If a name that may not be traded is outside its own bounds, or those of two limits exclude each
        other.

    """
    _require_known(aligned, limits)
    terms = reduce(and_, (limit.terms(aligned) for limit in limits), Terms())
    n = len(aligned.tickers)
    lower, upper = np.broadcast_to(terms.lower, n), np.broadcast_to(terms.upper, n)
    traded = aligned.covered & terms.tradable & _of_inputs(aligned)
    _require_fixed_within(aligned, traded, lower, upper)
    _require_room(aligned, traded, lower, upper)
    fixed = np.where(traded, 0.0, aligned.weights)
    aims = [
        Row(beta_label(name), aligned.expand(betas[:, k], 0.0), targets[k])
        for k, name in enumerate(aligned.etf_names)
    ]
    market = market_row(aligned)
    rows = [*terms.rows, *aims, *([market] if market else [])]
    parts = [float(row.coefficients @ fixed) for row in rows]
    covariance = aligned.covariance.form.subset(np.flatnonzero(traded[aligned.covered]))
    if squares:
        covariance = Factors(np.zeros((covariance.size, 0)), np.ones(covariance.size))
    scale = 1.0 if squares else 1.0 / (terms.risk_aversion or RISK_AVERSION)
    problem = QuadraticProgram(
        covariance=covariance,
        weights=aligned.weights[traded],
        lower=lower[traded],
        upper=upper[traded],
        conditions=np.column_stack([row.coefficients[traded] for row in rows]),
        row_lower=np.array([row.limit.low - part for row, part in zip(rows, parts, strict=True)]),
        row_upper=np.array([row.limit.high - part for row, part in zip(rows, parts, strict=True)]),
        labels=tuple(row.label for row in rows),
        turnover=terms.turnover,
        gross=terms.gross - float(np.abs(fixed).sum()),
        cost=terms.cost * scale,
    )
    return Formulation(aligned, tuple(limits), betas, tuple(targets), squares, terms, traded, problem)


def _of_inputs(aligned: Aligned) -> BoolArray:
    """Return which names are of the portfolio or an ETF, shape (N,): a market's own names are not traded."""
    names = aligned.input_names
    return np.fromiter((ticker in names for ticker in aligned.tickers), np.bool_, len(aligned.tickers))


def market_row(aligned: Aligned) -> Row | None:
    """Return the market beta that a share of the market's leg leaves, where a market is hedged."""
    market = aligned.market
    if market is None or not market.share:
        return None
    own = aligned.expand(market.betas[: len(aligned.covered_tickers)], 0.0)
    left = market.remaining_beta
    return Row(f"market beta to {market.name}", own, Range(left, left))


def beta_label(etf: str) -> str:
    """Return the label of the row of the beta to an ETF."""
    return f"beta to {etf}"


def unknown_names(unknown: Sequence[str], known: Iterable[str]) -> str:
    """Return the message about limits for names that are in no portfolio and no ETF."""
    hint = did_you_mean(unknown[0], known) or " Check it."
    return f"There is a limit for {listing(unknown)}, which is in no portfolio or ETF here.{hint}"


def _require_known(aligned: Aligned, limits: Sequence[Limit]) -> None:
    known = set(aligned.tickers)
    unknown = list(dict.fromkeys(name for one in limits for name in one.named() if name not in known))
    if unknown:
        raise UnknownTicker(unknown_names(unknown, known), tickers=unknown)
    etfs = aligned.etf_names
    unknown_etfs = list(dict.fromkeys(n for one in limits for n in one.named_etfs() if n not in etfs))
    if unknown_etfs:
        msg = (
            f"There is a range of beta to {listing(unknown_etfs)}, but the ETFs are "
            f"{', '.join(etfs)}. Check the name."
        )
        raise UnknownTicker(msg, tickers=unknown_etfs)


def _require_fixed_within(aligned: Aligned, traded: BoolArray, lower: FloatArray, upper: FloatArray) -> None:
    weights = aligned.weights
    outside = ~traded & ((weights < lower - ON_LIMIT) | (weights > upper + ON_LIMIT))
    # A name that is only in the ETF and may not be traded stays at zero, whatever its bounds.
    held = set(aligned.holdings.tickers)
    first = next((i for i in np.flatnonzero(outside).tolist() if aligned.tickers[i] in held), None)
    if first is not None:
        name = aligned.tickers[first]
        low, high = lower[first], upper[first]
        msg = (
            f"{name} may not be traded (frozen, out of the universe, or without risk data) and its weight "
            f"{weights[first]:.4g} is outside its bounds ({Range(float(low), float(high))}). "
            "Let it be traded, or give it bounds of its own."
        )
        raise Infeasible(msg, tickers=[name])


def _require_room(aligned: Aligned, traded: BoolArray, lower: FloatArray, upper: FloatArray) -> None:
    """Refuse bounds of several limits on one name that exclude each other."""
    apart = traded & (lower > upper)
    if apart.any():
        first = int(np.flatnonzero(apart)[0])
        name = aligned.tickers[first]
        msg = (
            f"By the limits {name} weighs at least {share_text(lower[first])} and at most "
            f"{share_text(upper[first])}. "
            "Relax one of them, or give it bounds of its own."
        )
        raise Infeasible(msg, tickers=[name])
