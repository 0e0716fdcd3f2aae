"""The quadratic program of all methods with limits, and solutions with optimality certificates.

In trades d = x - w, with V in factor form where it is given so::

    min   1/2 d'V d + c sum|d|
    s.t.  lower <= w + d <= upper,  row_lower <= A'(w + d) <= row_upper,
          sum|d| / 2 <= turnover,   sum|w + d| <= gross

Whichever solver found a solution (``solvers``), its violation and its duality gap are recomputed here
from the program alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.model.arrays import FloatArray, make_read_only

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import BoolArray
    from betaneutral_xl.model.risk import CovarianceOperator

VIOLATION = 1e-10
"""Largest violation of a limit in a proven solution, in weight (or beta)."""

RELATIVE_GAP, ABSOLUTE_GAP = 1e-8, 1e-12
"""Largest duality gap of a proven solution (1e-12 is a tracking error of 0.014 bp)."""

ROUNDING = 1e-13
"""Residual of an equality that counts as rounding error."""

ON_LIMIT = 1e-9
"""Distance from a limit within which a weight counts as on it."""

MAX_TRADE = 10.0
"""Bound on a trade, in net asset values, that the certificate assumes for a name without bounds."""


@dataclass(frozen=True, eq=False)
class QuadraticProgram:
    """A quadratic program over the n names that may be traded, with m linear conditions.

    Attributes
    ----------
    covariance
        V, n assets, annual, times the objective's scale.
    weights
        w, shape (n,), before trading.
    lower, upper
        Shape (n,), bounds on the new weights; may be infinite.
    conditions
        A, shape (n, m).
    row_lower, row_upper
        Shape (m,), limits of A'x; equal for an equality.
    labels
        m names of the conditions.
    turnover, gross
        Largest one-way turnover and gross exposure; may be infinite.
    cost
        c, per unit of trade.

    """

    covariance: CovarianceOperator
    weights: FloatArray
    lower: FloatArray
    upper: FloatArray
    conditions: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    labels: tuple[str, ...]
    turnover: float = math.inf
    gross: float = math.inf
    cost: float = 0.0

    def __post_init__(self) -> None:
        make_read_only(self, "weights", "lower", "upper", "conditions", "row_lower", "row_upper")

    @property
    def size(self) -> int:
        """Number of names n."""
        return len(self.weights)

    @cached_property
    def equalities(self) -> BoolArray:
        """Which conditions are equalities, shape (m,)."""
        equal: BoolArray = self.row_lower == self.row_upper
        return equal

    @cached_property
    def has_inequalities(self) -> bool:
        """Whether any limit is not an equality."""
        return bool(
            np.isfinite(self.lower).any()
            or np.isfinite(self.upper).any()
            or not self.equalities.all()
            or self.has_l1_terms
        )

    @property
    def has_l1_terms(self) -> bool:
        """Whether absolute values enter: a cost, a turnover limit or a gross limit."""
        return bool(self.cost) or math.isfinite(self.turnover) or math.isfinite(self.gross)

    def with_bounds(self, lower: FloatArray, upper: FloatArray) -> QuadraticProgram:
        """Return the same program with other bounds."""
        return replace(self, lower=lower, upper=upper)

    def polish(self, trades: FloatArray) -> FloatArray:
        """Remove rounding errors: move trades exactly onto the bounds and equalities."""
        low, high = self.lower - self.weights, self.upper - self.weights
        trades = np.minimum(np.maximum(trades, low), high)
        residual = (self.row_lower - self.conditions.T @ (self.weights + trades))[self.equalities]
        if not np.abs(residual).max(initial=0.0) > ROUNDING:
            return trades
        free = (trades > low) & (trades < high)
        conditions = self.conditions[:, self.equalities]
        trades[free] += np.linalg.lstsq(conditions[free].T, residual, rcond=None)[0]
        return np.minimum(np.maximum(trades, low), high)


@dataclass(frozen=True, slots=True)
class Duals:
    """Dual variables: ``conditions`` (m,), positive at lower, negative at upper limits; the others >= 0."""

    conditions: FloatArray
    turnover: float = 0.0
    gross: float = 0.0


@dataclass(frozen=True, eq=False)
class Solution:
    """Trades and the duals that certify them.

    Attributes
    ----------
    problem
        The program.
    trades
        d, shape (n,).
    duals
        For the certificate; any duals give a valid, if loose, bound.
    solver
        Name of the solver that found it.
    minimum_norm
        Whether the optimum is not unique, and this is the one of least sum of squared trades.
    known_gradient
        V d, where the solver has computed it already.
    linear, constant
        g (n,), and the objective at no trade, where it is ``1/2 d'V d + g'd + c sum|d| + constant``.

    """

    problem: QuadraticProgram
    trades: FloatArray
    duals: Duals
    solver: str
    minimum_norm: bool = False
    known_gradient: FloatArray | None = field(default=None, repr=False)
    linear: FloatArray | None = field(default=None, repr=False)
    constant: float = 0.0

    def __post_init__(self) -> None:
        make_read_only(self, "trades")

    @cached_property
    def gradient(self) -> FloatArray:
        """V d + g, shape (n,)."""
        if self.known_gradient is not None:
            return self.known_gradient
        product = self.problem.covariance.matvec(self.trades)
        return product if self.linear is None else product + self.linear

    @cached_property
    def objective(self) -> float:
        """1/2 d'V d + g'd + c sum|d| + constant."""
        twice = self.gradient if self.linear is None else self.gradient + self.linear
        traded = float(np.abs(self.trades).sum())
        return max(0.5 * float(self.trades @ twice) + self.constant, 0.0) + self.problem.cost * traded

    @cached_property
    def violation(self) -> float:
        """Largest violation of any limit, in weight (or beta)."""
        p, d = self.problem, self.trades
        x = p.weights + d
        rows = p.conditions.T @ x
        excess = [p.lower - x, x - p.upper, p.row_lower - rows, rows - p.row_upper]
        if p.has_l1_terms:
            sizes = np.abs(d).sum() / 2.0 - p.turnover, np.abs(x).sum() - p.gross
            excess.append(np.array(sizes))
        return float(np.concatenate(excess).max(initial=0.0))

    @cached_property
    def gap(self) -> float:
        """Duality gap: upper bound on how much lower the objective of any feasible portfolio can be.

        The objective is convex, so it lies above its tangent at d; the minimum of the tangent's
        Lagrangian over the bounds is a lower bound on the objective of every feasible portfolio.
        Nothing here depends on how d was found.
        """
        p, d, duals = self.problem, self.trades, self.duals
        limits = np.where(duals.conditions > 0.0, p.row_lower, p.row_upper)
        finite = np.isfinite(limits)
        nu, limits = np.where(finite, duals.conditions, 0.0), np.where(finite, limits, 0.0)
        slopes = self.gradient - p.conditions @ nu
        # No name can trade more than the whole turnover, nor weigh more than the gross exposure.
        far = min(MAX_TRADE, 2.0 * p.turnover)
        low = np.maximum(np.maximum(p.lower, -p.gross) - p.weights, -far)
        high = np.minimum(np.minimum(p.upper, p.gross) - p.weights, far)
        gap = float(nu @ (p.conditions.T @ (p.weights + d) - limits))
        if not p.has_l1_terms:
            return gap + float(slopes @ d - np.minimum(slopes * low, slopes * high).sum())

        kink = p.cost + duals.turnover

        def tangent(trades: FloatArray) -> FloatArray:
            value = slopes * trades + kink * np.abs(trades)
            return value + duals.gross * np.abs(p.weights + trades) if duals.gross else value

        corners = [low, high, np.clip(0.0, low, high), np.clip(-p.weights, low, high)]
        gap += float((tangent(d) - np.min([tangent(corner) for corner in corners], axis=0)).sum())
        if duals.turnover:
            gap += duals.turnover * (2.0 * p.turnover - float(np.abs(d).sum()))
        if duals.gross:
            gap += duals.gross * (p.gross - float(np.abs(p.weights + d).sum()))
        return gap

    @property
    def gap_tolerance(self) -> float:
        """Largest gap of a proven solution."""
        return RELATIVE_GAP * self.objective + ABSOLUTE_GAP

    @property
    def error(self) -> float:
        """Violation or gap relative to its tolerance, whichever is larger; at most 1 where proven."""
        return float(np.maximum(self.violation / VIOLATION, self.gap / self.gap_tolerance))  # keeps a NaN

    @property
    def proven(self) -> bool:
        """Whether it is feasible and optimal within the tolerances."""
        return self.error <= 1.0
