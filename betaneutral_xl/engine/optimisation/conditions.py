"""Formulate constraints on names as a quadratic program over the names that may be traded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
from betaneutral_xl.errors import Infeasible, UnknownTicker, listing
from betaneutral_xl.model.constraints import ALL, Constraints, Range, Universe
from betaneutral_xl.model.risk import Factors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from betaneutral_xl.engine.optimisation.quadratic import Solution
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.arrays import BoolArray, FloatArray

NET = "net exposure"
"""The label of the condition on the sum of weights."""

ON_LIMIT = 1e-9
"""Distance from a limit within which a weight counts as on it."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A limit that is active at the optimum, and its shadow price.

    The price is the derivative of the objective, ``risk_aversion / 2 * tracking_error**2`` plus the
    cost, with respect to the limit: the decrease per unit by which the limit is relaxed.
    """

    limit: str
    price: float


@dataclass(frozen=True, slots=True, eq=False)
class Formulation:
    """A quadratic program, and the mapping between its names and those of the portfolio.

    Attributes
    ----------
    aligned
        Portfolio, ETFs and risk model on one list of names.
    constraints
        The constraints that were formulated.
    problem
        The program, over the names that may be traded.
    tradable
        Shape (n,), whether each covered name may be traded.
    unit
        Factor from the program's objective to units of utility.

    """

    aligned: Aligned
    constraints: Constraints
    problem: QuadraticProgram
    tradable: BoolArray
    unit: float = 1.0

    @property
    def tickers(self) -> tuple[str, ...]:
        """The names that may be traded."""
        return tuple(np.array(self.aligned.covered_tickers, dtype=object)[self.tradable])

    def expand(self, new_weights: FloatArray) -> FloatArray:
        """Expand new weights of the tradable names to all N names; the others keep theirs."""
        covered = self.aligned.covered_weights.copy()
        covered[self.tradable] = new_weights
        return self.aligned.expand(covered, self.aligned.weights)

    def binding(self, solution: Solution) -> tuple[Binding, ...]:
        """Return the active limits of a solution, largest shadow price first."""
        problem, duals = self.problem, solution.duals
        x = problem.weights + solution.trades
        reduced_gradient = solution.gradient - problem.conditions @ duals.conditions
        tickers = self.tickers
        limits: list[tuple[str, float]] = []
        for word, bounds in (("lower", problem.lower), ("upper", problem.upper)):
            limits += [
                (f"{tickers[i]} at its {word} bound {bounds[i]:g}", float(reduced_gradient[i]))
                for i in np.flatnonzero(np.abs(x - bounds) <= ON_LIMIT)
            ]
        limits += [
            (label, float(price))
            for label, price, equal in zip(problem.labels, duals.conditions, problem.equalities, strict=True)
            if price and not equal
        ]
        if duals.turnover:
            limits.append((f"turnover at {problem.turnover:g}", 2.0 * duals.turnover))
        if duals.gross:
            limits.append((f"gross exposure at {self.constraints.gross:g}", duals.gross))
        priced = (Binding(limit, self.unit * abs(price)) for limit, price in limits)
        return tuple(sorted(priced, key=lambda one: -one.price))


def formulate(
    aligned: Aligned,
    constraints: Constraints,
    betas: FloatArray,
    targets: Sequence[Range],
    *,
    squares: bool = False,
) -> Formulation:
    """Formulate constraints as a quadratic program over the names that may be traded.

    Parameters
    ----------
    aligned, constraints
        The names and the constraints on them.
    betas
        Predicted betas of the n covered names, shape (n, K).
    targets
        K ranges of the portfolio's betas.
    squares
        Whether the objective is the sum of squared trades instead of the tracking variance.

    Returns
    -------
    Formulation
        The program; every limit is net of the weights that may not be traded.

    Raises
    ------
    UnknownTicker
        If a limit names a ticker that is neither held nor in an ETF.
    Infeasible
        If a name that may not be traded is outside its own bounds.

    """
    _require_known(aligned, constraints)
    covered = aligned.covered_tickers
    tradable = _tradable(aligned, constraints)
    all_tradable = np.zeros(len(aligned.tickers), dtype=np.bool_)
    all_tradable[aligned.covered] = tradable
    bounds = bounds_of(constraints, aligned.tickers)
    _require_fixed_within(aligned, all_tradable, bounds)

    fixed = np.where(all_tradable, 0.0, aligned.weights)
    fixed_covered = np.where(tradable, 0.0, aligned.covered_weights)
    net = constraints.net or Range(*[float(aligned.weights.sum())] * 2)
    rows: list[tuple[str, FloatArray, Range, float]] = [(NET, np.ones(len(covered)), net, float(fixed.sum()))]
    rows += [
        (f"beta to {name}", betas[:, k], targets[k], float(betas[:, k] @ fixed_covered))
        for k, name in enumerate(aligned.etf_names)
    ]
    for group, limit in constraints.group_limits.items():
        members = frozenset(constraints.groups[group])
        inside = np.array([ticker in members for ticker in aligned.tickers], dtype=np.float64)
        rows.append((group_label(group), inside[aligned.covered], limit, float(inside @ fixed)))
    market = aligned.market
    if market is not None and market.share:
        own = market.betas[: len(covered)]
        left = (1.0 - market.share) * float(own @ aligned.covered_weights)
        rows.append((f"market beta to {market.name}", own, Range(left, left), float(own @ fixed_covered)))
    scale = 1.0 if squares else 1.0 / constraints.risk_aversion
    covariance = aligned.covariance.form.subset(np.flatnonzero(tradable))
    if squares:
        covariance = Factors(np.zeros((covariance.size, 0)), np.ones(covariance.size))
    problem = QuadraticProgram(
        covariance=covariance,
        weights=aligned.covered_weights[tradable],
        lower=bounds[all_tradable, 0],
        upper=bounds[all_tradable, 1],
        conditions=np.column_stack([row[tradable] for _, row, _, _ in rows]),
        row_lower=np.array([limit.low - part for _, _, limit, part in rows]),
        row_upper=np.array([limit.high - part for _, _, limit, part in rows]),
        labels=tuple(label for label, *_ in rows),
        turnover=constraints.turnover,
        gross=constraints.gross - float(np.abs(fixed).sum()),
        cost=constraints.cost * scale,
    )
    return Formulation(aligned, constraints, problem, tradable, 1.0 / scale)


def bounds_of(constraints: Constraints, tickers: Sequence[str]) -> FloatArray:
    """Return the lower and upper bound of every name, shape (N, 2)."""
    bounds = np.array([constraints.bounds(ALL)] * len(tickers))
    named = {*constraints.lower, *constraints.upper}
    for row, ticker in enumerate(tickers) if named - {ALL} else ():
        if ticker in named:
            bounds[row] = constraints.bounds(ticker)
    return bounds


def group_label(group: str) -> str:
    """Return the label of the condition on a group."""
    return f"weight of group {group}"


def universe_of(aligned: Aligned, universe: Universe) -> frozenset[str]:
    """Return the tickers of a universe."""
    if universe is Universe.UNION:
        return aligned.input_names
    if universe is Universe.HELD:
        return frozenset(aligned.holdings.tickers)
    return frozenset(ticker for etf in aligned.etfs for ticker in etf.tickers)


def _tradable(aligned: Aligned, constraints: Constraints) -> BoolArray:
    names = universe_of(aligned, constraints.universe) - set(constraints.frozen)
    return np.array([ticker in names for ticker in aligned.covered_tickers], dtype=np.bool_)


def _require_known(aligned: Aligned, constraints: Constraints) -> None:
    known = set(aligned.tickers)
    unknown = [name for name in constraints.named if name not in known]
    if unknown:
        msg = f"There is a limit for {listing(unknown)}, which is in no portfolio or ETF here. Check it."
        raise UnknownTicker(msg, tickers=unknown)
    unknown_etfs = [name for name in constraints.beta if name not in {*aligned.etf_names, ALL}]
    if unknown_etfs:
        msg = (
            f"There is a range of beta to {listing(unknown_etfs)}, but the ETFs are "
            f"{', '.join(aligned.etf_names)}. Check the name."
        )
        raise UnknownTicker(msg, tickers=unknown_etfs)


def _require_fixed_within(aligned: Aligned, tradable: BoolArray, bounds: FloatArray) -> None:
    weights = aligned.weights
    outside = ~tradable & ((weights < bounds[:, 0] - ON_LIMIT) | (weights > bounds[:, 1] + ON_LIMIT))
    # A name that is only in the ETF and may not be traded stays at zero, whatever its bounds.
    outside &= np.isin(aligned.tickers, aligned.holdings.tickers)
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        name = aligned.tickers[first]
        low, high = bounds[first]
        msg = (
            f"{name} may not be traded (frozen, out of the universe, or without risk data) and its weight "
            f"{weights[first]:.4g} is outside its bounds ({Range(float(low), float(high))}). "
            "Let it be traded, or give it bounds of its own."
        )
        raise Infeasible(msg, tickers=[name])
