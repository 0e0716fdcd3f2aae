"""Mehrotra's predictor-corrector method: slower than Newton's on the dual, but more robust.

Every absolute value ``|o + d|`` with a cost or limit becomes a variable, so that with v = (d, sizes)
all limits of single names are ``coefficients @ v <= limits``, name by name, and all others are few rows
``R v <= limits``. The former condense into the diagonal of V, the latter border it: a step is one
factorisation of V + diagonal for any limits, and V may be singular.

References
----------
Mehrotra, On the implementation of a primal-dual interior point method, SIAM J. Optim. 1992.
Nocedal and Wright, Numerical Optimization, 2nd ed., chapter 16.6.

"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation.quadratic import Duals, QuadraticProgram, Solution

if TYPE_CHECKING:
    from collections.abc import Callable

    from betaneutral_xl.model.arrays import BoolArray, FloatArray
    from betaneutral_xl.model.risk import Solver

STEPS = 60
"""Largest number of steps; 10 to 25 are usual."""

STEP_FRACTION = 0.9995
"""Step length as a share of the distance to the boundary."""

DAMPING = 1e-10
"""Added to the diagonal of V in the Newton systems, relative to the mean variance."""

DAMPING_FACTOR = 30.0
"""Growth of the damping where V is not definite even so, as after rounding."""

MAX_DAMPING = 1e-6
"""Largest damping."""

STOP = 1e-2
"""Error, relative to the tolerances of a proof, at which the method stops."""


def solve(problem: QuadraticProgram) -> Solution | None:
    """Return the best solution found, not necessarily proven; None if there is none."""
    program = _Program(problem)
    best: Solution | None = None
    try:
        with np.errstate(over="raise", invalid="raise"):  # diverging iterates end the search, too
            point = program.start()
            for _ in range(STEPS):
                solution = program.solution(point)
                if best is None or solution.error < best.error:
                    best = solution
                if solution.error <= STOP:
                    break
                point = program.step(point)
                if point is None:
                    break
    except (np.linalg.LinAlgError, FloatingPointError):
        return best
    return best


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """Variables v (1 + K, n), slacks and duals of names' limits (B, n) and of rows (R,), and V d."""

    variables: FloatArray
    slacks: FloatArray
    duals: FloatArray
    row_slacks: FloatArray
    row_duals: FloatArray
    gradient: FloatArray


class _Program:
    """The program over the names that can move, with a variable for every absolute value."""

    def __init__(self, problem: QuadraticProgram) -> None:
        low, high = problem.lower - problem.weights, problem.upper - problem.weights
        self.problem = problem
        self.names = np.flatnonzero(low < high)
        self.fixed_trades = np.where(low < high, 0.0, np.minimum(np.maximum(0.0, low), high))
        names, n = self.names, self.names.size
        mean = float(problem.covariance.variances().mean())
        self.unit = mean / problem.size
        self.damping, self.max_damping = DAMPING * mean, MAX_DAMPING * mean

        by_trade = bool(problem.cost) or math.isfinite(problem.turnover)
        self.offsets = [np.zeros(n)] * by_trade
        self.offsets += [problem.weights[names]] * math.isfinite(problem.gross)
        blocks = [(np.eye(1, 1 + len(self.offsets))[0], high[names])]
        blocks.append((-blocks[0][0], -low[names]))
        for k, offset in enumerate(self.offsets, start=1):
            for sign in (1.0, -1.0):  # sign (o + d) <= size
                coefficients = np.zeros(1 + len(self.offsets))
                coefficients[[0, k]] = sign, -1.0
                blocks.append((coefficients, -sign * offset))
        self.coefficients = np.array([coefficients for coefficients, _ in blocks])
        self.limits = np.array([limits for _, limits in blocks])
        self.live = np.isfinite(self.limits)
        self.linear = np.zeros((1 + len(self.offsets), n))
        if by_trade:
            self.linear[1] = problem.cost
        self._write_rows()

    def _write_rows(self) -> None:
        """Write the conditions and the limits of turnover and gross as rows on trades and sums of sizes."""
        problem, names = self.problem, self.names
        base = problem.conditions.T @ (problem.weights + self.fixed_trades)
        equal = np.flatnonzero(problem.equalities)
        above = np.flatnonzero(~problem.equalities & np.isfinite(problem.row_upper))
        below = np.flatnonzero(~problem.equalities & np.isfinite(problem.row_lower))
        self.condition = np.concatenate([equal, above, below])
        self.sign = np.concatenate([np.ones(equal.size + above.size), -np.ones(below.size)])
        limits = (
            (problem.row_upper - base)[equal],
            (problem.row_upper - base)[above],
            (base - problem.row_lower)[below],
        )
        caps = [
            (cap - float(np.abs(fixed[self._fixed]).sum()))
            for cap, fixed in (
                (2.0 * problem.turnover, self.fixed_trades),
                (problem.gross, problem.weights + self.fixed_trades),
            )
            if math.isfinite(cap)
        ]
        # The sizes of trades stand before those of weights; a cost alone has a block and no cap.
        blocks = range(len(self.offsets))
        capped = [k for k in blocks if k or math.isfinite(problem.turnover) or not problem.cost]
        on_sizes = np.zeros((self.condition.size + len(caps), len(self.offsets)))
        for row, k in enumerate(capped[: len(caps)], start=self.condition.size):
            on_sizes[row, k] = 1.0
        self.on_trades = np.zeros((len(on_sizes), names.size))
        self.on_trades[: self.condition.size] = (
            problem.conditions[np.ix_(names, self.condition)].T * self.sign[:, None]
        )
        self.on_sizes = on_sizes
        self.row_limits = np.concatenate([*limits, caps])
        self.loose = np.arange(self.row_limits.size) >= equal.size

    @property
    def _fixed(self) -> BoolArray:
        fixed = np.ones(self.problem.size, dtype=np.bool_)
        fixed[self.names] = False
        return fixed

    def start(self) -> _Point:
        """Return a starting point within the bounds."""
        n = self.problem.size
        high, low = self.limits[0], -self.limits[1]
        trades = np.clip(0.0, low + 1.0 / n, np.maximum(high - 1.0 / n, low + 1e-3 / n))
        variables = np.array([trades, *(np.abs(trades + offset) + 1.0 / n for offset in self.offsets)])
        slacks = np.where(self.live, np.maximum(self.limits - self.coefficients @ variables, 0.1 / n), 1.0)
        duals = np.where(self.live, self.unit, 0.0)
        duals[2:] = max(self.unit, self.problem.cost / 2.0)
        row_slacks = np.where(self.loose, np.maximum(self.row_limits - self._rows(variables), 0.1), 0.0)
        row_duals = np.where(self.loose, self.unit, 0.0)
        return _Point(variables, slacks, duals, row_slacks, row_duals, self._gradient(trades))

    def solution(self, point: _Point) -> Solution:
        """Return the solution of a point, polished."""
        trades = self.problem.polish(self._all(point.variables[0]))
        duals = np.zeros(self.problem.row_lower.size)
        count = self.condition.size
        np.subtract.at(duals, self.condition, self.sign * point.row_duals[:count])
        caps = iter(point.row_duals[count:].tolist())
        turnover = next(caps) if math.isfinite(self.problem.turnover) else 0.0
        gross = next(caps) if math.isfinite(self.problem.gross) else 0.0
        return Solution(self.problem, trades, Duals(duals, turnover, gross), "interior point")

    def step(self, point: _Point) -> _Point:
        """Return the next point: predictor, corrector, and a step within the boundary."""
        direction = self._newton_system(point)
        s, z, t, y = point.slacks, point.duals, point.row_slacks, point.row_duals
        count = max(int(self.live.sum() + self.loose.sum()), 1)
        mean = float((s * z).sum() + t @ y) / count
        _, ds, dz, dt, dy = direction(-s * z, -t * y)
        length = self._step_length(point, ds, dz, dt, dy)
        predicted = float(((s + length * ds) * (z + length * dz)).sum())
        predicted += float((t + length * dt) @ (y + length * dy))
        target = mean * (predicted / count / mean) ** 3 if mean > 0.0 else 0.0
        dv, ds, dz, dt, dy = direction(
            np.where(self.live, target - s * z - ds * dz, 0.0),
            np.where(self.loose, target - t * y - dt * dy, 0.0),
        )
        length = self._step_length(point, ds, dz, dt, dy)
        variables = point.variables + length * dv
        return _Point(
            variables,
            s + length * ds,
            z + length * dz,
            t + length * dt,
            y + length * dy,
            self._gradient(variables[0]),
        )

    def _newton_system(self, point: _Point) -> Callable[[FloatArray, FloatArray], tuple[FloatArray, ...]]:
        """Return the function from the changes of the complementarity products to the Newton step."""
        q, s, z, t, y = self.coefficients, point.slacks, point.duals, point.row_slacks, point.row_duals
        dual_residual = self.linear + q.T @ z
        dual_residual[0] += point.gradient + self.on_trades.T @ y
        dual_residual[1:] += (self.on_sizes.T @ y)[:, None]
        name_residual = np.where(
            self.live, q @ point.variables + s - np.where(self.live, self.limits, 0.0), 0.0
        )
        row_residual = self._rows(point.variables) + t - self.row_limits

        curvature = np.einsum("bi,bj,bn->ijn", q, q, z / s)
        own = np.einsum("kkn->kn", curvature)[1:]  # of the sizes, which couple only to the trades
        ratio = curvature[0, 1:] / own
        rows = self.on_trades - self.on_sizes @ ratio
        solve = self._solver(curvature[0, 0] - (curvature[0, 1:] * ratio).sum(axis=0))
        solved = solve(np.asfortranarray(rows.T))
        system = rows @ solved + (self.on_sizes * (1.0 / own).sum(axis=1)) @ self.on_sizes.T
        stiffness = np.divide(t, y, out=np.zeros_like(t), where=self.loose)
        np.einsum("ii->i", system)[:] += stiffness

        def direction(names: FloatArray, of_rows: FloatArray) -> tuple[FloatArray, ...]:
            right = -dual_residual - q.T @ ((names + z * name_residual) / s)
            limits = -row_residual - np.divide(of_rows, y, out=np.zeros_like(t), where=self.loose)
            alone = solve(right[0] - (ratio * right[1:]).sum(axis=0))
            met = rows @ alone + self.on_sizes @ (right[1:] / own).sum(axis=1)
            dy = np.linalg.lstsq(system, met - limits)[0]
            trades = alone - solved @ dy
            sizes = (right[1:] - (self.on_sizes.T @ dy)[:, None] - curvature[0, 1:] * trades) / own
            dv = np.vstack([trades, sizes])
            ds = np.where(self.live, -name_residual - q @ dv, 0.0)
            dt = np.where(self.loose, -row_residual - self._rows(dv), 0.0)
            return dv, ds, np.where(self.live, (names - z * ds) / s, 0.0), dt, dy

        return direction

    def _solver(self, added: FloatArray) -> Solver:
        """Return the solver of V + diag(added) with as little damping as makes it definite."""
        everyone = self.names.size == self.problem.size
        while True:
            try:
                return self.problem.covariance.solver(None if everyone else self.names, added + self.damping)
            except np.linalg.LinAlgError:
                if self.damping > self.max_damping:
                    raise
                self.damping *= DAMPING_FACTOR

    def _step_length(self, point: _Point, *steps: FloatArray) -> float:
        """Return the step length that keeps all slacks and duals positive."""
        fastest = STEP_FRACTION
        rows = self.loose
        for now, change, live in zip(
            (point.slacks, point.duals, point.row_slacks, point.row_duals),
            steps,
            (self.live, self.live, rows, rows),
            strict=True,
        ):
            fastest = max(fastest, float((-change[live] / now[live]).max(initial=0.0)))
        return STEP_FRACTION / fastest

    def _rows(self, variables: FloatArray) -> FloatArray:
        value: FloatArray = self.on_trades @ variables[0] + self.on_sizes @ variables[1:].sum(axis=1)
        return value

    def _all(self, trades: FloatArray) -> FloatArray:
        every = self.fixed_trades.copy()
        every[self.names] = trades
        return every

    def _gradient(self, trades: FloatArray) -> FloatArray:
        gradient: FloatArray = self.problem.covariance.matvec(self._all(trades))[self.names]
        return gradient
