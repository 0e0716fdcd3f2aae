"""Newton's method on the dual of the quadratic program: exact, with V dense or in factor form.

Split ``V = K + diag(D)`` with K positive semidefinite and D > 0. With
``1/2 d'K d = max over y of y'K d - 1/2 y'K y`` the Lagrangian separates by name, given y (n,) and the
duals p of the conditions: each trade minimises a one-dimensional convex function, by soft-thresholding
and clipping

    d_i = clip(soft_threshold((A p - K y)_i) / D_i)

The dual in (y, p) is concave and piecewise quadratic. Over the free names F, those on no limit, its
Newton system is

    V_FF delta - C_F dp = -(K (d - y))_F,      C_F' delta = residuals of the conditions,

whatever D is: one Cholesky factorisation of V_FF, or the Woodbury identity in factor form. Newton's
method with a line search reaches the piece of the solution after a few steps, and is exact there.

In factor form D is the specific variance. With a dense V it is a share of the diagonal, of which a small
enough one leaves K semidefinite; hence the certificate of V itself is the stopping rule, and no progress
over some steps means that the share was too large.

References
----------
Li, Sun and Toh, A highly efficient semismooth Newton augmented Lagrangian method, SIAM J. Optim. 2018.

"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation.quadratic import MAX_TRADE, Duals, QuadraticProgram, Solution

if TYPE_CHECKING:
    from collections.abc import Callable

    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import Solver

SEARCHES = 40
"""Largest number of trial lengths of a line search."""

ROUNDING = 1e-13
"""Residual of the dual's gradient, relative to the trades, that counts as rounding error."""

STOP = 1e-3
"""Error, relative to the tolerances of a proof, at which the method stops."""

MAX_LENGTH = 1e6
"""Largest length, in Newton steps, to which a step is extended."""

REGULARISATION = 0.03
"""Share of the curvature with all names free that is added where fewer are free than determine the duals."""


@dataclass(frozen=True, slots=True, eq=False)
class Iterate:
    """A point of the dual, and the minimiser of its Lagrangian.

    Attributes
    ----------
    centre, of_centre
        y and V y, shape (n,).
    duals
        p of the m conditions, of turnover and of gross exposure, shape (m + 2,); those of limits
        from above are negative.
    trades
        d, shape (n,), the minimiser.

    """

    centre: FloatArray
    of_centre: FloatArray
    duals: FloatArray
    trades: FloatArray


def solve(
    problem: QuadraticProgram,
    separable: FloatArray,
    start: Solution | None = None,
    *,
    steps: int = 60,
    patience: int = 60,
) -> Solution | None:
    """Return the best solution found, not necessarily proven; None if the dual seems unbounded.

    Parameters
    ----------
    problem
        The program.
    separable
        D, shape (n,), positive.
    start
        Solution of a program with the same limits, to start from.
    steps
        Largest number of Newton steps.
    patience
        Largest number of steps without progress.

    """
    dual = _Dual(problem, separable)
    iterate = dual.start(start)
    best: Solution | None = None
    lowest, idle = math.inf, 0
    for _ in range(steps):
        of_trades = problem.covariance.matvec(iterate.trades)
        solution = dual.solution(iterate, of_trades)
        if best is None or solution.error < best.error:
            best = solution
        residual = dual.residual(iterate, of_trades)
        if solution.objective - solution.gap > dual.max_objective:
            return None  # no trades within the bounds have so large an objective: infeasible
        if solution.error <= STOP or residual <= ROUNDING * (1.0 + float(np.abs(iterate.trades).sum())):
            break
        idle = 0 if residual < 0.7 * lowest else idle + 1
        lowest = min(lowest, residual)
        if idle >= patience or (idle and solution.proven):
            break
        try:
            iterate = dual.step(iterate, of_trades)
        except np.linalg.LinAlgError:
            break
    return best


class _Dual:
    """The dual function of a problem for one split of V, and its Newton steps."""

    def __init__(self, problem: QuadraticProgram, separable: FloatArray) -> None:
        self.problem, self.separable = problem, separable
        self.weights, self.conditions = problem.weights, problem.conditions
        self.low, self.high = problem.lower - problem.weights, problem.upper - problem.weights
        held = problem.conditions.T @ problem.weights
        self.row_lower = np.concatenate([problem.row_lower - held, [-math.inf, -math.inf]])
        self.row_upper = np.concatenate([problem.row_upper - held, [2.0 * problem.turnover, problem.gross]])
        self.equal = self.row_lower == self.row_upper
        sizes = np.minimum(np.maximum(np.abs(self.low), np.abs(self.high)), MAX_TRADE)
        risks = np.sqrt(problem.covariance.variances())
        self.max_objective = 0.5 * float(sizes @ risks) ** 2 + problem.cost * float(sizes.sum())
        own = 1.0 / separable
        full_curvature = np.einsum("ij,ij,i->j", problem.conditions, problem.conditions, own)
        self.full_curvature = np.concatenate([full_curvature, [own.sum(), own.sum()]])
        self.solver: Solver | None = None  # of the last step; updated for other names in factor form

    def start(self, solution: Solution | None) -> Iterate:
        """Return the iterate of a solution, or that of no trades."""
        if solution is None:
            centre, duals = np.zeros(self.problem.size), np.zeros(self.row_lower.size)
        else:
            multipliers = solution.duals
            centre = solution.trades
            duals = np.concatenate([multipliers.conditions, [-multipliers.turnover, -multipliers.gross]])
        of_centre = self.problem.covariance.matvec(centre)
        return Iterate(
            centre, of_centre, duals, self.minimiser(self.linear_terms(centre, of_centre, duals), duals)
        )

    def linear_terms(self, centre: FloatArray, of_centre: FloatArray, duals: FloatArray) -> FloatArray:
        """Return A p - K y."""
        linear: FloatArray = self.conditions @ duals[:-2] - of_centre + self.separable * centre
        return linear

    def minimiser(self, linear: FloatArray, duals: FloatArray) -> FloatArray:
        """Return the trades that minimise the Lagrangian."""
        kink = self.problem.cost - float(duals[-2])
        trades = _soft_threshold(linear, self.separable, kink, -float(duals[-1]), self.weights)
        return np.minimum(np.maximum(trades, self.low), self.high)

    def row_values(self, trades: FloatArray) -> FloatArray:
        """Return the value of every condition, of two-way turnover and of gross exposure."""
        sizes = [np.abs(trades).sum(), np.abs(self.weights + trades).sum()]
        return np.concatenate([self.conditions.T @ trades, sizes])

    def residuals(self, duals: FloatArray, values: FloatArray) -> FloatArray:
        """Return the residual of every condition: its limit of the dual's sign minus its value."""
        ends = np.where(duals > 0.0, self.row_lower, np.where(duals < 0.0, self.row_upper, values))
        return np.clip(ends, self.row_lower, self.row_upper) - values

    def residual(self, iterate: Iterate, of_trades: FloatArray) -> float:
        """Return the largest entry of the dual's gradient, in units of trades."""
        off = self._off_centre(iterate, of_trades)
        lack = self.residuals(iterate.duals, self.row_values(iterate.trades))
        return max(float(np.abs(off).max()) / float(self.separable.mean()), float(np.abs(lack).max()))

    def solution(self, iterate: Iterate, of_trades: FloatArray) -> Solution:
        """Return the trades with their multipliers."""
        turnover, gross = np.maximum(-iterate.duals[-2:], 0.0).tolist()
        multipliers = Duals(iterate.duals[:-2].copy(), turnover, gross)
        return Solution(self.problem, iterate.trades, multipliers, "dual Newton", known_gradient=of_trades)

    def step(self, iterate: Iterate, of_trades: FloatArray) -> Iterate:
        """Return the next iterate: a Newton step with a line search."""
        delta, duals_along, few_free = self._direction(iterate, of_trades)
        along = iterate.trades - iterate.centre + delta
        of_along = of_trades - iterate.of_centre + self.problem.covariance.matvec(delta)
        semidefinite_along = of_along - self.separable * along  # K times the step
        linear = self.linear_terms(iterate.centre, iterate.of_centre, iterate.duals)
        linear_along = self.conditions @ duals_along[:-2] - semidefinite_along

        def evaluate(length: float) -> tuple[float, Iterate]:
            """Return the dual's slope along the step at a length, and the iterate."""
            duals = iterate.duals + length * duals_along
            duals[np.abs(duals) <= 1e-10 * np.abs(iterate.duals)] = 0.0  # rounding across zero
            duals[-2:] = np.minimum(duals[-2:], 0.0)
            trades = self.minimiser(linear + length * linear_along, duals)
            centre = iterate.centre + length * along
            # A dual of zero takes the limit of the sign it had before the step, or else of the step.
            heading = np.where(
                duals != 0.0, duals, np.where(iterate.duals != 0.0, iterate.duals, duals_along)
            )
            ends = np.where(heading > 0.0, self.row_lower, np.where(heading < 0.0, self.row_upper, 0.0))
            moved = duals_along != 0.0
            slope = float((trades - centre) @ semidefinite_along)
            slope += float(duals_along[moved] @ (ends - self.row_values(trades))[moved])
            return slope, Iterate(centre, iterate.of_centre + length * of_along, duals, trades)

        return _line_search(evaluate, may_extend=few_free)

    def _off_centre(self, iterate: Iterate, of_trades: FloatArray) -> FloatArray:
        """Return K (d - y)."""
        off: FloatArray = of_trades - iterate.of_centre - self.separable * (iterate.trades - iterate.centre)
        return off

    def _direction(self, iterate: Iterate, of_trades: FloatArray) -> tuple[FloatArray, FloatArray, bool]:
        """Return the Newton step of the trades, of the duals, and whether few names are free."""
        trades, problem = iterate.trades, self.problem
        values = self.row_values(trades)
        violated = self.residuals(iterate.duals, values) != 0.0
        active = violated | (iterate.duals != 0.0)
        free = (trades > self.low) & (trades < self.high)
        if problem.cost or active[-2]:
            free &= trades != 0.0
        if active[-1]:
            free &= self.weights + trades != 0.0
        rows = np.flatnonzero(free)
        slopes = np.column_stack(
            [self.conditions[rows], np.sign(trades[rows]), np.sign(self.weights[rows] + trades[rows])]
        )
        if not rows.size:
            solved = np.zeros((0, slopes.shape[1] + 1))
        else:
            right = np.column_stack([self._off_centre(iterate, of_trades)[rows], slopes])
            self.solver = problem.covariance.solver(
                None if rows.size == problem.size else rows, near=self.solver
            )
            solved = self.solver(np.asfortranarray(right))
        base, solved_slopes = solved[:, 0], solved[:, 1:]
        system = slopes.T @ solved_slopes
        few_free = rows.size < 2 * int(active.sum())
        diagonal = np.einsum("ii->i", system)
        diagonal += 1e-14 * diagonal + (REGULARISATION * self.full_curvature if few_free else 0.0)
        duals = _solve_duals(
            system,
            values - slopes.T @ base - system @ iterate.duals,
            self.row_lower,
            self.row_upper,
            iterate.duals,
        )
        duals_along = duals - iterate.duals
        delta = np.zeros(problem.size)
        delta[rows] = solved_slopes @ duals_along - base
        return delta, duals_along, few_free


def _solve_duals(
    system: FloatArray, offset: FloatArray, lower: FloatArray, upper: FloatArray, duals: FloatArray
) -> FloatArray:
    """Return duals p with ``offset + S p`` at its lower limit where p > 0, at its upper where p < 0.

    S is semidefinite, of the size of the conditions. An active-set method: the dual of the most wrong
    sign leaves the active set, else the most violated limit enters.
    """
    equal = lower == upper
    start = offset + system @ duals
    side = np.where(equal, 1.0, np.sign(duals))
    idle = side == 0.0
    side[idle] = (start < lower).astype(float)[idle] - (start > upper).astype(float)[idle]
    sizes = np.diag(system)
    scale = np.sqrt(np.maximum(sizes, ROUNDING * sizes.max())) if sizes.max() > 0.0 else np.ones_like(sizes)
    found = np.zeros_like(duals)
    for _ in range(4 * duals.size):
        on = np.flatnonzero(side)
        target = np.where(side > 0.0, lower, upper)[on] - offset[on]
        found = np.zeros_like(duals)
        part = system[np.ix_(on, on)]
        try:
            found[on] = np.linalg.solve(part, target)
        except np.linalg.LinAlgError:
            found[on] = np.linalg.lstsq(part, target)[0]
        wrong = np.where(equal, 0.0, -found * side * scale)
        if wrong.max() > 0.0:
            side[int(wrong.argmax())] = 0.0
            continue
        value = offset + system @ found
        outside = np.where(side == 0.0, np.maximum(lower - value, value - upper) / scale, 0.0)
        worst = int(outside.argmax())
        if not outside[worst] > ROUNDING:
            break
        side[worst] = 1.0 if value[worst] < lower[worst] else -1.0
    return found


def _soft_threshold(
    linear: FloatArray, curvatures: FloatArray, l1: float, gross_dual: float, weights: FloatArray
) -> FloatArray:
    """Return argmin over d of ``D d^2 / 2 - p d + l1 |d| + gross_dual |w + d|``, name by name.

    The derivative jumps by twice l1 at d = 0 and by twice the dual at d = -w.
    """
    if not gross_dual:
        if l1:
            linear = np.sign(linear) * np.maximum(np.abs(linear) - l1, 0.0)
        alone: FloatArray = linear / curvatures
        return alone
    first, second = np.minimum(0.0, -weights), np.maximum(0.0, -weights)
    between = (gross_dual - l1) * np.sign(weights)
    outer = l1 + gross_dual
    return np.maximum(
        (linear - outer) / curvatures,
        np.minimum(
            second,
            np.maximum((linear - between) / curvatures, np.minimum(first, (linear + outer) / curvatures)),
        ),
    )


def _line_search(evaluate: Callable[[float], tuple[float, Iterate]], *, may_extend: bool) -> Iterate:
    """Return an iterate along the step at which the dual's slope is positive or slightly negative.

    The dual is concave, so its slope decreases along the step. The full step is taken unless the slope
    is well below zero there; then its root is bracketed. If few names were free the step may be too
    short, and is doubled while the dual increases.
    """
    start, _ = evaluate(0.0)
    near, near_slope, length = 0.0, start, 1.0
    slope, iterate = evaluate(length)
    while may_extend and slope > 0.5 * start > 0.0 and length < MAX_LENGTH:
        near, near_slope, length = length, slope, 2.0 * length
        slope, iterate = evaluate(length)
    far, far_slope = length, slope
    for _ in range(SEARCHES):
        if not start > 0.0 or slope >= -start / 3.0:
            break
        share = near_slope / (near_slope - far_slope)
        length = near + (far - near) * min(max(share, 0.1), 0.9)
        slope, iterate = evaluate(length)
        if slope < 0.0:
            far, far_slope = length, slope
        else:
            near, near_slope = length, slope
    return iterate
