"""From constraints on names to a problem on the names that may be traded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation.quadratic import Problem
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
"""A weight this close to a limit is on it."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A limit that the answer is on, and its shadow price.

    The price is what the objective, ``risk_aversion / 2 * tracking_error**2`` and the cost, falls
    by when the limit is moved by one, at the rate of the first step.
    """

    limit: str
    price: float


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """A problem, and which of the n covered names it is about.

    Attributes
    ----------
    aligned
        The names.
    constraints
        What the problem came from.
    problem
        On the names that may be traded.
    tradable
        Shape (n,), which covered names these are.
    unit
        What the problem's objective is to be multiplied by to be in units of utility.

    """

    aligned: Aligned
    constraints: Constraints
    problem: Problem
    tradable: BoolArray
    unit: float = 1.0

    @property
    def tickers(self) -> tuple[str, ...]:
        """The names that may be traded."""
        return tuple(np.array(self.aligned.covered_tickers, dtype=object)[self.tradable])

    def expand(self, new_weights: FloatArray) -> FloatArray:
        """Put new weights of the tradable names on the list of all N."""
        covered = self.aligned.covered_weights.copy()
        covered[self.tradable] = new_weights
        return self.aligned.expand(covered, self.aligned.weights)

    def binding(self, solution: Solution) -> tuple[Binding, ...]:
        """Return the limits that a solution is on, largest shadow price first."""
        problem, prices = self.problem, solution.multipliers
        x = problem.weights + solution.trades
        pressure = solution.pull - problem.conditions @ prices.conditions
        tickers = self.tickers
        limits: list[tuple[str, float]] = []
        for word, bounds in (("lower", problem.lower), ("upper", problem.upper)):
            limits += [
                (f"{tickers[i]} at its {word} bound {bounds[i]:g}", float(pressure[i]))
                for i in np.flatnonzero(np.abs(x - bounds) <= ON_LIMIT)
            ]
        limits += [
            (label, float(price))
            for label, price, equal in zip(problem.labels, prices.conditions, problem.equalities, strict=True)
            if price and not equal
        ]
        if prices.turnover:
            limits.append((f"turnover at {problem.turnover:g}", 2.0 * prices.turnover))
        if prices.gross:
            limits.append((f"gross exposure at {self.constraints.gross:g}", prices.gross))
        priced = (Binding(limit, self.unit * abs(price)) for limit, price in limits)
        return tuple(sorted(priced, key=lambda one: -one.price))


def pose(
    aligned: Aligned,
    constraints: Constraints,
    betas: FloatArray,
    wanted: Sequence[Range],
    *,
    squares: bool = False,
) -> Posed:
    """Write constraints as a problem on the names that may be traded.

    Parameters
    ----------
    aligned, constraints
        The names and what is asked of them.
    betas
        Predicted betas of the n covered names, shape (n, K).
    wanted
        K ranges that the portfolio's betas must be in.
    squares
        Whether the objective is the sum of squared trades in place of the tracking variance.

    Raises
    ------
    UnknownTicker
        If a limit is for a name that is neither held nor in an ETF.
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
        (f"beta to {name}", betas[:, k], wanted[k], float(betas[:, k] @ fixed_covered))
        for k, name in enumerate(aligned.etf_names)
    ]
    for group, limit in constraints.group_limits.items():
        members = frozenset(constraints.groups[group])
        inside = np.array([ticker in members for ticker in aligned.tickers], dtype=np.float64)
        rows.append((group_label(group), inside[aligned.covered], limit, float(inside @ fixed)))
    scale = 1.0 if squares else 1.0 / constraints.risk_aversion
    form = aligned.covariance.form.subset(np.flatnonzero(tradable))
    if squares:
        form = Factors(np.zeros((form.size, 0)), np.ones(form.size))
    problem = Problem(
        form=form,
        weights=aligned.covered_weights[tradable],
        lower=bounds[all_tradable, 0],
        upper=bounds[all_tradable, 1],
        conditions=np.column_stack([row[tradable] for _, row, _, _ in rows]),
        least=np.array([limit.low - part for _, _, limit, part in rows]),
        most=np.array([limit.high - part for _, _, limit, part in rows]),
        labels=tuple(label for label, *_ in rows),
        turnover=constraints.turnover,
        gross=constraints.gross - float(np.abs(fixed).sum()),
        cost=constraints.cost * scale,
    )
    return Posed(aligned, constraints, problem, tradable, 1.0 / scale)


def bounds_of(constraints: Constraints, tickers: Sequence[str]) -> FloatArray:
    """Return the least and the most weight of every name, shape (N, 2)."""
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
        return frozenset(aligned.tickers)
    if universe is Universe.HELD:
        return frozenset(aligned.holdings.tickers)
    return frozenset(ticker for etf in aligned.etfs for ticker in etf.tickers)


def _tradable(aligned: Aligned, constraints: Constraints) -> BoolArray:
    names = universe_of(aligned, constraints.universe) - set(constraints.frozen)
    return np.array([ticker in names for ticker in aligned.covered_tickers], dtype=np.bool_)


def _require_known(aligned: Aligned, constraints: Constraints) -> None:
    known = set(aligned.tickers)
    strangers = [name for name in constraints.named if name not in known]
    if strangers:
        msg = f"There is a limit for {listing(strangers)}, which is in no portfolio or ETF here. Check it."
        raise UnknownTicker(msg, tickers=strangers)
    unknown = [name for name in constraints.beta if name not in {*aligned.etf_names, ALL}]
    if unknown:
        there = ", ".join(aligned.etf_names)
        msg = f"There is a range of beta to {listing(unknown)}, but the ETFs are {there}."
        raise UnknownTicker(msg, tickers=unknown)


def _require_fixed_within(aligned: Aligned, tradable: BoolArray, bounds: FloatArray) -> None:
    weights = aligned.weights
    outside = ~tradable & ((weights < bounds[:, 0] - ON_LIMIT) | (weights > bounds[:, 1] + ON_LIMIT))
    # A name of the ETF that is not held, and may not be traded, stays at zero whatever its bounds.
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
