"""The quadratic problem of all bounded methods, and solutions that prove themselves.

In trades d = x - w, with V in factor form wherever it comes in one::

    min   1/2 d'V d + c sum|d|
    s.t.  lower <= w + d <= upper,   least <= A'(w + d) <= most,
          sum|d| / 2 <= turnover,    sum|w + d| <= gross

Whichever solver found a solution (``solvers``), its violation and its gap are recomputed here from
the problem alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.model.arrays import FloatArray, read_only

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import BoolArray
    from betaneutral_xl.model.risk import CovarianceOperator

VIOLATION = 1e-10
"""Largest violation of a limit with which a solution counts as proven."""

RELATIVE_GAP, ABSOLUTE_GAP = 1e-8, 1e-12
"""How far above the least objective a proven solution may be (1e-12 is a tracking error of 0.014 bp)."""

ROUNDING = 1e-13
"""Residual of an equality that is rounding."""

FAR = 10.0
"""A trade of ten times the net asset value: as far as the proof looks where a name has no bound."""


@dataclass(frozen=True, eq=False)
class Problem:
    """One problem over the n names that may be traded, m linear conditions.

    Attributes
    ----------
    form
        V, n assets, multiplied by whatever the risk is worth.
    weights
        w, shape (n,), before the trades.
    lower, upper
        Shape (n,), limits of the new weights; may be infinite.
    conditions
        A, shape (n, m).
    least, most
        Shape (m,), limits of A'x; equal for an equality.
    labels
        m names of the conditions.
    turnover, gross
        Most one-way turnover and gross exposure; may be infinite.
    cost
        c, of a unit of trade.

    """

    form: CovarianceOperator
    weights: FloatArray
    lower: FloatArray
    upper: FloatArray
    conditions: FloatArray
    least: FloatArray
    most: FloatArray
    labels: tuple[str, ...]
    turnover: float = math.inf
    gross: float = math.inf
    cost: float = 0.0

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for name in ("weights", "lower", "upper", "conditions", "least", "most"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def size(self) -> int:
        """Number of names n."""
        return len(self.weights)

    @cached_property
    def equalities(self) -> BoolArray:
        """Which conditions are equalities, shape (m,)."""
        equal: BoolArray = self.least == self.most
        return equal

    @cached_property
    def bounded(self) -> bool:
        """Whether there is any limit that is not an equality."""
        return bool(
            np.isfinite(self.lower).any()
            or np.isfinite(self.upper).any()
            or not self.equalities.all()
            or self.kinked
        )

    @property
    def kinked(self) -> bool:
        """Whether absolute values enter: a cost, a turnover or a gross limit."""
        return bool(self.cost) or math.isfinite(self.turnover) or math.isfinite(self.gross)

    def restricted(self, lower: FloatArray, upper: FloatArray) -> Problem:
        """Return the same problem with other bounds."""
        return replace(self, lower=lower, upper=upper)

    def within(self, trades: FloatArray) -> FloatArray:
        """Put trades that are right but for rounding exactly on the bounds and equalities."""
        low, high = self.lower - self.weights, self.upper - self.weights
        trades = np.minimum(np.maximum(trades, low), high)
        off = (self.least - self.conditions.T @ (self.weights + trades))[self.equalities]
        if not np.abs(off).max(initial=0.0) > ROUNDING:
            return trades
        free = (trades > low) & (trades < high)
        conditions = self.conditions[:, self.equalities]
        trades[free] += np.linalg.lstsq(conditions[free].T, off)[0]
        return np.minimum(np.maximum(trades, low), high)


@dataclass(frozen=True, slots=True)
class Multipliers:
    """Prices of the limits: ``conditions`` (m,), positive where more is dearer; the others >= 0."""

    conditions: FloatArray
    turnover: float = 0.0
    gross: float = 0.0


@dataclass(frozen=True, eq=False)
class Solution:
    """Trades, and everything that proves them.

    Attributes
    ----------
    problem
        What was solved.
    trades
        d, shape (n,).
    multipliers
        From which the proof is made; any would give a true, if weak, bound.
    solver
        Who found it.
    shortest
        Whether there were many answers, of which this is the one of smallest trades.
    known_pull
        V d, where the solver knows it already.

    """

    problem: Problem
    trades: FloatArray
    multipliers: Multipliers
    solver: str
    shortest: bool = False
    known_pull: FloatArray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Make the trades read-only."""
        object.__setattr__(self, "trades", read_only(self.trades))

    @cached_property
    def pull(self) -> FloatArray:
        """V d, shape (n,)."""
        return self.problem.form.matvec(self.trades) if self.known_pull is None else self.known_pull

    @cached_property
    def objective(self) -> float:
        """1/2 d'V d + c sum|d|."""
        traded = float(np.abs(self.trades).sum())
        return max(0.5 * float(self.trades @ self.pull), 0.0) + self.problem.cost * traded

    @cached_property
    def violation(self) -> float:
        """Largest amount by which any limit is exceeded, in weight (or beta)."""
        p, d = self.problem, self.trades
        x = p.weights + d
        reached = p.conditions.T @ x
        excess = [p.lower - x, x - p.upper, p.least - reached, reached - p.most]
        if p.kinked:
            sizes = np.abs(d).sum() / 2.0 - p.turnover, np.abs(x).sum() - p.gross
            excess.append(np.array(sizes))
        return float(np.concatenate(excess).max(initial=0.0))

    @cached_property
    def gap(self) -> float:
        """Upper bound on how much lower the objective of any other allowed portfolio is.

        The objective is convex, so it lies above its tangent at d; the least of the tangent over
        the bounds, with every other limit priced by its multiplier, is a number that no allowed
        portfolio goes below. Nothing here depends on how d was found.
        """
        p, d, prices = self.problem, self.trades, self.multipliers
        ends = np.where(prices.conditions > 0.0, p.least, p.most)
        usable = np.isfinite(ends)
        nu, ends = np.where(usable, prices.conditions, 0.0), np.where(usable, ends, 0.0)
        slopes = self.pull - p.conditions @ nu
        # No name can trade more than all may together, nor weigh more than all.
        far = min(FAR, 2.0 * p.turnover)
        low = np.maximum(np.maximum(p.lower, -p.gross) - p.weights, -far)
        high = np.minimum(np.minimum(p.upper, p.gross) - p.weights, far)
        gap = float(nu @ (p.conditions.T @ (p.weights + d) - ends))
        if not p.kinked:
            return gap + float(slopes @ d - np.minimum(slopes * low, slopes * high).sum())

        kink = p.cost + prices.turnover

        def tangent(trades: FloatArray) -> FloatArray:
            value = slopes * trades + kink * np.abs(trades)
            return value + prices.gross * np.abs(p.weights + trades) if prices.gross else value

        corners = [low, high, np.clip(0.0, low, high), np.clip(-p.weights, low, high)]
        gap += float((tangent(d) - np.min([tangent(corner) for corner in corners], axis=0)).sum())
        if prices.turnover:
            gap += prices.turnover * (2.0 * p.turnover - float(np.abs(d).sum()))
        if prices.gross:
            gap += prices.gross * (p.gross - float(np.abs(p.weights + d).sum()))
        return gap

    @property
    def allowed_gap(self) -> float:
        """The largest gap with which the solution counts as proven."""
        return RELATIVE_GAP * self.objective + ABSOLUTE_GAP

    @property
    def shortfall(self) -> float:
        """How far it is from being proven: at most 1 where it is."""
        return float(np.maximum(self.violation / VIOLATION, self.gap / self.allowed_gap))  # keeps a NaN

    @property
    def proven(self) -> bool:
        """Whether it keeps every limit and no allowed portfolio is better."""
        return self.shortfall <= 1.0
