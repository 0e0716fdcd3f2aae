"""Mehrotra's predictor-corrector method: slower than Newton's on the dual, and hardly ever lost.

Every size ``|o + d|`` that is priced or limited gets a variable of its own, so that with v = (d, sizes)
all limits of single names are ``coefficients @ v <= ends``, name by name, and all others are few rows
``R v <= ends``. The former condense into the diagonal of V, the latter border it: a step is one
factorisation of V + diagonal, whatever the limits are, and a singular V is no trouble.

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

from betaneutral_xl.engine.optimisation.quadratic import Multipliers, Problem, Solution

if TYPE_CHECKING:
    from collections.abc import Callable

    from betaneutral_xl.model.arrays import BoolArray, FloatArray
    from betaneutral_xl.model.risk import Solver

STEPS = 60
"""Steps at most; 10 to 25 are usual."""

TO_THE_EDGE = 0.9995
"""Share of the way to the nearest limit that a step goes."""

DAMPING = 1e-10
"""Added to the diagonal of V, relative to the mean variance, where it moves a step and not the answer."""

MORE = 30.0
"""How much more is added where V is not definite even so, as one that was rounded need not be."""

MOST_DAMPING = 1e-6
"""The most that is added."""

EXACT = 1e-2
"""Share of the gap and violation that a proof allows at which the method stops of itself."""


def solve(problem: Problem) -> Solution | None:
    """Return the solution, proven or the best found; None where the method gets lost."""
    program = _Program(problem)
    best: Solution | None = None
    try:
        with np.errstate(over="raise", invalid="raise"):  # iterates that diverge end the search, too
            point = program.start()
            for _ in range(STEPS):
                solution = program.solution(point)
                if best is None or solution.shortfall < best.shortfall:
                    best = solution
                if solution.shortfall <= EXACT:
                    break
                point = program.step(point)
                if point is None:
                    break
    except (np.linalg.LinAlgError, FloatingPointError):
        return best
    return best


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """Variables v (1 + K, n), slacks and duals of the names' limits (B, n) and of the rows (R,), and V d."""

    variables: FloatArray
    slacks: FloatArray
    duals: FloatArray
    row_slacks: FloatArray
    row_duals: FloatArray
    pull: FloatArray


class _Program:
    """The problem over the names that can move, with a variable for every size that matters."""

    def __init__(self, problem: Problem) -> None:
        low, high = problem.lower - problem.weights, problem.upper - problem.weights
        self.problem = problem
        self.names = np.flatnonzero(low < high)
        self.still = np.where(low < high, 0.0, np.minimum(np.maximum(0.0, low), high))
        names, n = self.names, self.names.size
        mean = float(problem.form.variances().mean())
        self.unit = mean / problem.size
        self.damping, self.most_damping = DAMPING * mean, MOST_DAMPING * mean

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
        self.ends = np.array([ends for _, ends in blocks])
        self.live = np.isfinite(self.ends)
        self.linear = np.zeros((1 + len(self.offsets), n))
        if by_trade:
            self.linear[1] = problem.cost
        self._write_rows()

    def _write_rows(self) -> None:
        """Write the conditions and caps as rows on the trades and on the sums of sizes."""
        problem, names = self.problem, self.names
        base = problem.conditions.T @ (problem.weights + self.still)
        equal = np.flatnonzero(problem.equalities)
        above = np.flatnonzero(~problem.equalities & np.isfinite(problem.most))
        below = np.flatnonzero(~problem.equalities & np.isfinite(problem.least))
        self.condition = np.concatenate([equal, above, below])
        self.sign = np.concatenate([np.ones(equal.size + above.size), -np.ones(below.size)])
        ends = (problem.most - base)[equal], (problem.most - base)[above], (base - problem.least)[below]
        caps = [
            (cap - float(np.abs(fixed[self._fixed]).sum()))
            for cap, fixed in (
                (2.0 * problem.turnover, self.still),
                (problem.gross, problem.weights + self.still),
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
        self.row_ends = np.concatenate([*ends, caps])
        self.loose = np.arange(self.row_ends.size) >= equal.size

    @property
    def _fixed(self) -> BoolArray:
        fixed = np.ones(self.problem.size, dtype=np.bool_)
        fixed[self.names] = False
        return fixed

    def start(self) -> _Point:
        """Return a point inside of the bounds, if not of the rows."""
        n = self.problem.size
        high, low = self.ends[0], -self.ends[1]
        trades = np.clip(0.0, low + 1.0 / n, np.maximum(high - 1.0 / n, low + 1e-3 / n))
        variables = np.array([trades, *(np.abs(trades + offset) + 1.0 / n for offset in self.offsets)])
        slacks = np.where(self.live, np.maximum(self.ends - self.coefficients @ variables, 0.1 / n), 1.0)
        duals = np.where(self.live, self.unit, 0.0)
        duals[2:] = max(self.unit, self.problem.cost / 2.0)
        row_slacks = np.where(self.loose, np.maximum(self.row_ends - self._rows(variables), 0.1), 0.0)
        row_duals = np.where(self.loose, self.unit, 0.0)
        return _Point(variables, slacks, duals, row_slacks, row_duals, self._pull(trades))

    def solution(self, point: _Point) -> Solution:
        """Return the trades, put on limits that they are on but for rounding, with their multipliers."""
        trades = self.problem.within(self._all(point.variables[0]))
        prices = np.zeros(self.problem.least.size)
        count = self.condition.size
        np.subtract.at(prices, self.condition, self.sign * point.row_duals[:count])
        caps = iter(point.row_duals[count:].tolist())
        turnover = next(caps) if math.isfinite(self.problem.turnover) else 0.0
        gross = next(caps) if math.isfinite(self.problem.gross) else 0.0
        return Solution(self.problem, trades, Multipliers(prices, turnover, gross), "interior point")

    def step(self, point: _Point) -> _Point:
        """Predict, correct, and go as far as no slack or dual becomes negative."""
        direction = self._factorised(point)
        s, z, t, y = point.slacks, point.duals, point.row_slacks, point.row_duals
        count = max(int(self.live.sum() + self.loose.sum()), 1)
        mean = float((s * z).sum() + t @ y) / count
        _, ds, dz, dt, dy = direction(-s * z, -t * y)
        length = self._reach(point, ds, dz, dt, dy)
        predicted = float(((s + length * ds) * (z + length * dz)).sum())
        predicted += float((t + length * dt) @ (y + length * dy))
        aim = mean * (predicted / count / mean) ** 3 if mean > 0.0 else 0.0
        dv, ds, dz, dt, dy = direction(
            np.where(self.live, aim - s * z - ds * dz, 0.0), np.where(self.loose, aim - t * y - dt * dy, 0.0)
        )
        length = self._reach(point, ds, dz, dt, dy)
        variables = point.variables + length * dv
        return _Point(
            variables,
            s + length * ds,
            z + length * dz,
            t + length * dt,
            y + length * dy,
            self._pull(variables[0]),
        )

    def _factorised(self, point: _Point) -> Callable[[FloatArray, FloatArray], tuple[FloatArray, ...]]:
        """Return what takes wanted changes of the products slack times dual to a step."""
        q, s, z, t, y = self.coefficients, point.slacks, point.duals, point.row_slacks, point.row_duals
        off_dual = self.linear + q.T @ z
        off_dual[0] += point.pull + self.on_trades.T @ y
        off_dual[1:] += (self.on_sizes.T @ y)[:, None]
        off_names = np.where(self.live, q @ point.variables + s - np.where(self.live, self.ends, 0.0), 0.0)
        off_rows = self._rows(point.variables) + t - self.row_ends

        curvature = np.einsum("bi,bj,bn->ijn", q, q, z / s)
        own = np.einsum("kkn->kn", curvature)[1:]  # of the sizes, which only meet the trades
        ratio = curvature[0, 1:] / own
        rows = self.on_trades - self.on_sizes @ ratio
        solve = self._solver(curvature[0, 0] - (curvature[0, 1:] * ratio).sum(axis=0))
        answers = solve(np.asfortranarray(rows.T))
        system = rows @ answers + (self.on_sizes * (1.0 / own).sum(axis=1)) @ self.on_sizes.T
        stiffness = np.divide(t, y, out=np.zeros_like(t), where=self.loose)
        np.einsum("ii->i", system)[:] += stiffness

        def direction(names: FloatArray, of_rows: FloatArray) -> tuple[FloatArray, ...]:
            right = -off_dual - q.T @ ((names + z * off_names) / s)
            ends = -off_rows - np.divide(of_rows, y, out=np.zeros_like(t), where=self.loose)
            alone = solve(right[0] - (ratio * right[1:]).sum(axis=0))
            met = rows @ alone + self.on_sizes @ (right[1:] / own).sum(axis=1)
            dy = np.linalg.lstsq(system, met - ends)[0]
            trades = alone - answers @ dy
            sizes = (right[1:] - (self.on_sizes.T @ dy)[:, None] - curvature[0, 1:] * trades) / own
            dv = np.vstack([trades, sizes])
            ds = np.where(self.live, -off_names - q @ dv, 0.0)
            dt = np.where(self.loose, -off_rows - self._rows(dv), 0.0)
            return dv, ds, np.where(self.live, (names - z * ds) / s, 0.0), dt, dy

        return direction

    def _solver(self, added: FloatArray) -> Solver:
        """Return what solves with V + diag(added), and as little more on the diagonal as it takes."""
        everyone = self.names.size == self.problem.size
        while True:
            try:
                return self.problem.form.solver(None if everyone else self.names, added + self.damping)
            except np.linalg.LinAlgError:
                if self.damping > self.most_damping:
                    raise
                self.damping *= MORE

    def _reach(self, point: _Point, *steps: FloatArray) -> float:
        """Return the length of a step that ends before a slack or dual becomes negative."""
        fastest = TO_THE_EDGE
        rows = self.loose
        for now, change, live in zip(
            (point.slacks, point.duals, point.row_slacks, point.row_duals),
            steps,
            (self.live, self.live, rows, rows),
            strict=True,
        ):
            fastest = max(fastest, float((-change[live] / now[live]).max(initial=0.0)))
        return TO_THE_EDGE / fastest

    def _rows(self, variables: FloatArray) -> FloatArray:
        value: FloatArray = self.on_trades @ variables[0] + self.on_sizes @ variables[1:].sum(axis=1)
        return value

    def _all(self, trades: FloatArray) -> FloatArray:
        every = self.still.copy()
        every[self.names] = trades
        return every

    def _pull(self, trades: FloatArray) -> FloatArray:
        pull: FloatArray = self.problem.form.matvec(self._all(trades))[self.names]
        return pull
