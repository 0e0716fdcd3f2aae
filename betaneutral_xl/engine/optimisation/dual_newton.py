"""Newton's method on the dual of the quadratic program: exact, with V dense or in factor form.

Split ``V = K + diag(D)`` with K positive semidefinite and D > 0. With
``1/2 d'K d = max over y of y'K d - 1/2 y'K y`` the Lagrangian separates by name, given K y (n,) and the
duals p of the conditions: each trade minimises a one-dimensional convex function, by soft-thresholding
and clipping

    d_i = clip(soft_threshold((A p - K y)_i) / D_i)

The dual in (y, p) is concave and piecewise quadratic; Newton's method with a line search reaches the
piece of the solution after a few steps, and is exact there. A step costs

* in factor form, where D is the specific variance and z = L'y replaces y, two products with L and the
  change of ``L' D^-1 L`` over the names that have become free or fixed (on a limit);
* with a dense V, of which D is a share of the diagonal, the Cholesky factorisation of V over the free
  names F: the Newton system ``V_FF delta - C_F dp = -(K (d - y))_F`` does not depend on D. A small enough
  share leaves K semidefinite; no progress over some steps means that it was too large.

Where D is (nearly) zero, the proximal point method adds ``rho/2 |d - c|^2`` with a centre c that follows d.

References
----------
Li, Sun and Toh, A highly efficient semismooth Newton augmented Lagrangian method, SIAM J. Optim. 2018.
Rockafellar, Monotone operators and the proximal point algorithm, SIAM J. Control Optim. 1976.

"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from betaneutral_xl.engine.optimisation.quadratic import MAX_TRADE, Duals, QuadraticProgram, Solution
from betaneutral_xl.model.risk import Factors

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import BoolArray, FloatArray
    from betaneutral_xl.model.risk import CovarianceOperator

SEARCHES = 40
"""Largest number of trial lengths of a line search."""

ROUNDING = 1e-13
"""Residual of the dual's gradient, relative to the trades, that counts as rounding error."""

STALLED = 1e-9
"""Residual below which a step without progress means that rounding error is reached."""

NEAR, CERTIFY_EVERY = 1e-7, 8
"""Residual below which every iterate is certified; the others every so many steps."""

STOP = 1e-3
"""Error, relative to the tolerances of a proof, at which the method stops."""

REGULARISATION = 1e-4
"""Share of the curvature with all names free that is added where fewer are free than determine the duals."""

SLOW = 0.6
"""Ratio of successive moves of the proximal centre above which rho is reduced to a tenth."""


@dataclass(slots=True, eq=False)
class _Iterate:
    """A point of the dual and the minimiser of its Lagrangian.

    Attributes
    ----------
    z, expanded
        L'y (k,) in factor form, else y (n,); and K y (n,).
    duals
        p of the m conditions and of the limits of turnover and gross exposure, negative at upper limits.
    trades
        d, shape (n,), the minimiser.
    values
        Of the conditions, of two-way turnover and of gross exposure.
    gradient, violations
        Of the dual, with respect to z and to p: the limit of the dual's sign minus the value.

    """

    z: FloatArray
    expanded: FloatArray
    duals: FloatArray
    trades: FloatArray
    values: FloatArray
    gradient: FloatArray
    violations: FloatArray


Direction: TypeAlias = "tuple[FloatArray, FloatArray, FloatArray]"
"""Change of z, of K y, and the covector of the former: its product with z is the slope of ``-y'K y / 2``."""

Newton: TypeAlias = "tuple[FloatArray, FloatArray, Callable[[FloatArray], Direction]]"
"""S, s and the direction of a change dp of the duals, with which the values change by S dp - s."""


def solve(
    problem: QuadraticProgram,
    separable: FloatArray,
    start: Solution | None = None,
    *,
    rho: float = 0.0,
    steps: int = 200,
    patience: int = 200,
) -> Solution | None:
    """Return the best solution found, not necessarily proven; None if the dual seems unbounded.

    ``separable`` is D (n,), positive unless ``rho`` is, the weight of the distance from the proximal centre.
    ``start`` is the solution of a program with the same limits. ``patience`` is the largest number of steps
    without progress.
    """
    dual = _Dual(problem, separable, rho)
    iterate = dual.start(start)
    best: Solution | None = None
    lowest, idle = math.inf, 0
    for count in range(1, steps + 1):
        residual = dual.residual(iterate)
        idle = 0 if residual < 0.7 * lowest else idle + 1
        lowest = min(lowest, residual)
        if residual <= NEAR or idle >= patience or count % CERTIFY_EVERY == 0 or count == steps:
            solution = dual.solution(iterate)
            if best is None or solution.error < best.error:
                best = solution
            if solution.objective - solution.gap > dual.max_objective:
                return None  # no trades within the bounds have so large an objective: infeasible
            if solution.error <= STOP or (idle and solution.proven):
                break
        rounding = ROUNDING * (1.0 + float(np.abs(iterate.trades).sum())) if residual <= STALLED else 0.0
        if residual <= rounding or (idle and residual <= STALLED) or idle >= patience:
            if (best is not None and best.proven) or not dual.recentre(iterate):
                break
            iterate = dual.at(iterate.z, iterate.expanded, iterate.duals)
            lowest, idle = math.inf, 0
        try:
            iterate = dual.step(iterate)
        except np.linalg.LinAlgError:
            break
    return best


class _Dual:
    """The dual function of a program for one split of V, and its Newton steps."""

    def __init__(self, problem: QuadraticProgram, separable: FloatArray, rho: float) -> None:
        self.problem, self.specific, self.rho = problem, separable, rho
        self.weights, self.conditions = problem.weights, problem.conditions
        self.low, self.high = problem.lower - problem.weights, problem.upper - problem.weights
        held = problem.conditions.T @ problem.weights
        self.has_turnover, self.has_gross = math.isfinite(problem.turnover), math.isfinite(problem.gross)
        caps = np.array([2.0 * problem.turnover] * self.has_turnover + [problem.gross] * self.has_gross)
        self.offsets = [0.0] * self.has_turnover + [problem.weights] * self.has_gross
        self.row_lower = np.concatenate([problem.row_lower - held, np.full(caps.size, -math.inf)])
        self.row_upper = np.concatenate([problem.row_upper - held, caps])
        sizes = np.minimum(np.maximum(np.abs(self.low), np.abs(self.high)), MAX_TRADE)
        total = min(
            float(sizes.sum()), 2.0 * problem.turnover, problem.gross + float(np.abs(self.weights).sum())
        )
        risks = np.sqrt(problem.covariance.variances())
        risk = min(float(sizes @ risks), total * float(risks.max(initial=0.0)))
        self.max_objective = 0.5 * risk**2 + problem.cost * total
        self.risk = float(risks.mean()) or 1.0
        self.centre, self.moved = np.zeros(problem.size), math.inf
        self.split = self._split()

    def _split(self) -> _FactorSplit | _DenseSplit:
        self.separable = self.specific + self.rho
        own = 1.0 / self.separable
        curvature = np.einsum("ij,ij,i->j", self.conditions, self.conditions, own)
        self.curvature = np.concatenate([curvature, np.full(len(self.offsets), own.sum())])
        covariance = self.problem.covariance
        if isinstance(covariance, Factors) and covariance.loadings.shape[1] < covariance.size:
            return _FactorSplit(covariance, self.conditions, own, self.risk)
        return _DenseSplit(covariance, self.specific, self.rho, self.conditions)

    def start(self, solution: Solution | None) -> _Iterate:
        """Return the iterate of a solution, or that of no trades."""
        trades, duals = np.zeros(self.problem.size), np.zeros(self.row_lower.size)
        if solution is not None:
            self.centre = trades = solution.trades
            caps = [-solution.duals.turnover] * self.has_turnover + [-solution.duals.gross] * self.has_gross
            duals = np.concatenate([solution.duals.conditions, caps])
        z = self.split.contract(trades)
        return self.at(z, self.split.expand(z), duals)

    def at(
        self, z: FloatArray, expanded: FloatArray, duals: FloatArray, trades: FloatArray | None = None
    ) -> _Iterate:
        """Return the iterate of a point, whose minimiser may be known."""
        if trades is None:
            trades = self.minimiser(self.linear(expanded, duals), duals)
        gradient, values = self.split.gradient(z, expanded, trades)
        if self.offsets:
            values = np.append(values, self.sizes(trades))
        ends = np.where(duals > 0.0, self.row_lower, np.where(duals < 0.0, self.row_upper, values))
        violations = np.minimum(np.maximum(ends, self.row_lower), self.row_upper) - values
        return _Iterate(z, expanded, duals, trades, values, gradient, violations)

    def linear(self, expanded: FloatArray, duals: FloatArray) -> FloatArray:
        """Return the linear terms of the trades."""
        linear: FloatArray = self.conditions @ duals[: self.conditions.shape[1]] - expanded
        return linear + self.rho * self.centre if self.rho else linear

    def minimiser(self, linear: FloatArray, duals: FloatArray) -> FloatArray:
        """Return the trades that minimise the Lagrangian."""
        turnover, gross = self.caps(duals)
        trades = _soft_threshold(linear, self.separable, self.problem.cost + turnover, gross, self.weights)
        return np.minimum(np.maximum(trades, self.low), self.high)

    def caps(self, duals: FloatArray) -> tuple[float, float]:
        """Return the duals of turnover and gross exposure, >= 0."""
        m = self.conditions.shape[1]
        turnover = max(-float(duals[m]), 0.0) if self.has_turnover else 0.0
        return turnover, max(-float(duals[-1]), 0.0) if self.has_gross else 0.0

    def sizes(self, trades: FloatArray) -> list[float]:
        """Return two-way turnover and gross exposure, as far as they are limited."""
        return [float(np.abs(trades + offset).sum()) for offset in self.offsets]

    def residual(self, iterate: _Iterate) -> float:
        """Return the largest entry of the dual's gradient, in units of trades."""
        of_z = float(np.abs(iterate.gradient).max(initial=0.0)) / self.split.scale
        return max(of_z, float(np.abs(iterate.violations).max(initial=0.0)))

    def solution(self, iterate: _Iterate) -> Solution:
        """Return the trades with their duals."""
        multipliers = Duals(iterate.duals[: self.conditions.shape[1]].copy(), *self.caps(iterate.duals))
        gradient = self.split.product(iterate)
        return Solution(self.problem, iterate.trades, multipliers, "dual Newton", known_gradient=gradient)

    def recentre(self, iterate: _Iterate) -> bool:
        """Move the proximal centre to the trades; False if it stays."""
        moved = float(np.abs(iterate.trades - self.centre).max()) if self.rho else 0.0
        if SLOW * self.moved < moved < math.inf:
            self.rho /= 10.0
            self.split = self._split()
        self.centre, self.moved = iterate.trades, moved
        return moved > 0.0

    def step(self, iterate: _Iterate) -> _Iterate:
        """Return the next iterate: a Newton step with a line search."""
        duals_along, (z_along, expanded_along, covector) = self._direction(iterate)
        linear = self.linear(iterate.expanded, iterate.duals)
        m = self.conditions.shape[1]
        linear_along = self.conditions @ duals_along[:m] - expanded_along
        moved = np.flatnonzero(duals_along)
        along = duals_along[moved]
        capped = bool(duals_along[m:].any())
        # A dual of zero takes the limit of the sign it had before the step, or else of the step.
        fallback = np.where(iterate.duals != 0.0, iterate.duals, duals_along)[moved]
        lower, upper = self.row_lower[moved], self.row_upper[moved]

        def evaluate(length: float) -> tuple[float, FloatArray, FloatArray]:
            """Return the dual's slope along the step at a length; its duals and trades."""
            duals = iterate.duals + length * duals_along
            duals[m:] = np.minimum(duals[m:], 0.0)
            trades = self.minimiser(linear + length * linear_along, duals)
            heading = np.where(duals[moved] != 0.0, duals[moved], fallback)
            slope = float(along @ np.where(heading > 0.0, lower, upper)) - float(linear_along @ trades)
            slope -= float((iterate.z + length * z_along) @ covector)
            if capped:
                slope -= float(duals_along[m:] @ self.sizes(trades))
            return slope, duals, trades

        start = float(along @ (np.where(fallback > 0.0, lower, upper) - iterate.values[moved]))
        start += float(iterate.gradient @ z_along)
        length, duals, trades = _line_search(evaluate, start)
        z, expanded = iterate.z + length * z_along, iterate.expanded + length * expanded_along
        return self.at(z, expanded, duals, trades)

    def _direction(self, iterate: _Iterate) -> tuple[FloatArray, Direction]:
        """Return the Newton step; limits of turnover and gross exposure that are not active do not enter."""
        trades, m = iterate.trades, self.conditions.shape[1]
        active = (iterate.duals != 0.0) | (iterate.violations != 0.0)
        count = np.count_nonzero(active)
        active[:m] = True
        free = (trades > self.low) & (trades < self.high)
        signs = []
        for offset, is_active in zip(self.offsets, active[m:], strict=True):
            if is_active:
                sizes = trades + offset
                signs.append(np.sign(sizes))
                free &= sizes != 0.0
        if self.problem.cost:
            free &= trades != 0.0
        system, shift, step = self.split.newton(iterate, free, np.array(signs).reshape(-1, trades.size))
        diagonal = np.einsum("ii->i", system)
        diagonal += 1e-14 * diagonal
        if np.count_nonzero(free) < 2 * count:
            diagonal += REGULARISATION * self.curvature[active]
        rows = slice(None) if active.all() else active
        duals = iterate.duals[rows]
        offset = iterate.values[rows] - shift - system @ duals
        along = _solve_duals(system, offset, self.row_lower[rows], self.row_upper[rows], duals) - duals
        duals_along = np.zeros_like(iterate.duals)
        duals_along[rows] = along
        return duals_along, step(along)


class _FactorSplit:
    """K = L L' and z = L'y: the Newton system in (z, p), of the size of the factors and conditions."""

    def __init__(self, covariance: Factors, conditions: FloatArray, own: FloatArray, scale: float) -> None:
        self.covariance, self.own, self.factors = covariance, own, covariance.loadings.shape[1]
        self.columns = np.hstack([covariance.loadings, conditions])
        self.loadings = self.columns[:, : self.factors]
        self.scale = scale
        self.free: BoolArray = np.zeros(own.size, dtype=np.bool_)
        self.gram = np.zeros((self.columns.shape[1],) * 2)

    def contract(self, trades: FloatArray) -> FloatArray:
        z: FloatArray = self.loadings.T @ trades
        return z

    def expand(self, z: FloatArray) -> FloatArray:
        expanded: FloatArray = self.loadings @ z
        return expanded

    def gradient(self, z: FloatArray, _: FloatArray, trades: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return L'd - z and the values of the conditions."""
        products = self.columns.T @ trades
        return products[: self.factors] - z, products[self.factors :]

    def product(self, iterate: _Iterate) -> FloatArray:
        """Return V d."""
        gradient = self.loadings @ (iterate.z + iterate.gradient)
        return gradient + self.covariance.specific_variance * iterate.trades

    def newton(self, iterate: _Iterate, free: BoolArray, signs: FloatArray) -> Newton:
        """Return the Newton system over the free names; signs are those of the sizes with active limits."""
        self._update(free)
        k = self.factors
        border, corner = self.gram[:k, k:], self.gram[k:, k:]
        if len(signs):
            rows = free.nonzero()[0]
            scaled = (signs[:, rows] * self.own[rows]).T
            of_signs = self.columns[rows].T @ scaled
            border = np.hstack([border, of_signs[:k]])
            corner = np.block([[corner, of_signs[k:]], [of_signs[k:].T, signs[:, rows] @ scaled]])
        core = self.gram[:k, :k] + np.eye(k)
        solved = np.linalg.solve(core, np.column_stack([iterate.gradient, border]))
        base, slopes = solved[:, 0], solved[:, 1:]

        def step(duals: FloatArray) -> Direction:
            z = base + slopes @ duals
            return z, self.loadings @ z, z

        return corner - border.T @ slopes, border.T @ base, step

    def _update(self, free: BoolArray) -> None:
        """Update ``[L A]' D^-1 [L A]`` over the free names by those that have changed."""
        changed = np.flatnonzero(free != self.free)
        if 2 * changed.size > np.count_nonzero(free):
            part, scales = self.columns[free], self.own[free]
            self.gram = part.T @ (part * scales[:, None])
        elif changed.size:
            part, scales = self.columns[changed], np.where(free, self.own, -self.own)[changed]
            self.gram = self.gram + part.T @ (part * scales[:, None])
        self.free = free


class _DenseSplit:
    """K = V - diag(D) and z = y: the Newton system over the free names, by a Cholesky factorisation."""

    def __init__(
        self, covariance: CovarianceOperator, specific: FloatArray, rho: float, conditions: FloatArray
    ) -> None:
        self.covariance, self.specific, self.rho, self.conditions = covariance, specific, rho, conditions
        self.scale = float((specific + rho).mean())

    def contract(self, trades: FloatArray) -> FloatArray:
        return trades

    def expand(self, z: FloatArray) -> FloatArray:
        return self.covariance.matvec(z) - self.specific * z

    def gradient(
        self, _: FloatArray, expanded: FloatArray, trades: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return K (d - y) and the values of the conditions."""
        return self.expand(trades) - expanded, self.conditions.T @ trades

    def product(self, iterate: _Iterate) -> FloatArray:
        """Return V d."""
        return iterate.gradient + iterate.expanded + self.specific * iterate.trades

    def newton(self, iterate: _Iterate, free: BoolArray, signs: FloatArray) -> Newton:
        """Return the Newton system over the free names; signs are those of the sizes with active limits."""
        rows = np.flatnonzero(free)
        slopes = np.hstack([self.conditions[rows], signs[:, rows].T])
        solved = np.zeros((0, slopes.shape[1] + 1))
        if rows.size:
            added = np.full(rows.size, self.rho) if self.rho else None
            solver = self.covariance.solver(None if rows.size == free.size else rows, added)
            solved = solver(np.asfortranarray(np.column_stack([iterate.gradient[rows], slopes])))
        base, responses = solved[:, 0], solved[:, 1:]

        def step(duals: FloatArray) -> Direction:
            delta = np.zeros(free.size)
            delta[rows] = responses @ duals - base
            expanded = iterate.gradient + self.expand(delta)
            return iterate.trades - iterate.z + delta, expanded, expanded

        return slopes.T @ responses, slopes.T @ base, step


def _solve_duals(
    system: FloatArray, offset: FloatArray, lower: FloatArray, upper: FloatArray, duals: FloatArray
) -> FloatArray:
    """Return duals p with ``offset + S p`` at its lower limit where p > 0, at its upper where p < 0.

    S is semidefinite, of the size of the conditions. An active-set method: the dual of the most wrong
    sign leaves the active set, else the most violated limit enters.
    """
    equal = lower == upper
    if equal.all():
        return _solve(system, lower - offset)
    side = np.where(equal, 1.0, np.sign(duals))
    scale = np.sqrt(np.maximum(system.diagonal(), np.finfo(np.float64).tiny))
    found = np.zeros_like(duals)
    for _ in range(4 * duals.size):
        on = side.nonzero()[0]
        found = np.zeros_like(duals)
        found[on] = _solve(system[on[:, None], on], (np.where(side > 0.0, lower, upper) - offset)[on])
        signed = np.where(equal, 0.0, found * side * scale)
        if signed.min() < 0.0:
            side[signed.argmin()] = 0.0
            continue
        value = offset + system @ found
        outside = np.where(side == 0.0, np.maximum(lower - value, value - upper) / scale, 0.0)
        worst = outside.argmax()
        if not outside[worst] > ROUNDING:
            break
        side[worst] = 1.0 if value[worst] < lower[worst] else -1.0
    return found


def _solve(system: FloatArray, target: FloatArray) -> FloatArray:
    solution = np.empty_like(target)
    try:
        solution[:] = np.linalg.solve(system, target)
    except np.linalg.LinAlgError:
        solution[:] = np.linalg.lstsq(system, target, rcond=None)[0]
    return solution


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


def _line_search(
    evaluate: Callable[[float], tuple[float, FloatArray, FloatArray]], start: float
) -> tuple[float, FloatArray, FloatArray]:
    """Return a length at which the dual's slope is positive or slightly negative; duals and trades there.

    The dual is concave, so its slope decreases along the step. The full step is taken unless the slope
    is well below zero there; then its root is bracketed.
    """
    near, near_slope, length = 0.0, start, 1.0
    slope, *point = evaluate(length)
    far, far_slope = length, slope
    for _ in range(SEARCHES):
        if not start > 0.0 or slope >= -start / 3.0:
            break
        share = near_slope / (near_slope - far_slope)
        length = near + (far - near) * min(max(share, 0.1), 0.9)
        slope, *point = evaluate(length)
        if slope < 0.0:
            far, far_slope = length, slope
        else:
            near, near_slope = length, slope
    return length, point[0], point[1]
