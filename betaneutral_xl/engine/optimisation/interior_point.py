"""Mehrotra's predictor-corrector method: slower than Newton's on the dual, but more robust.

Every absolute value ``|o + d|`` with a cost or a limit is split, ``o + d = p - q`` with p, q >= 0. All limits
of single names condense into the diagonal of V; the conditions and the limits of turnover and gross
exposure, ``on_trades d + on_sizes sum(p + q) + t = limits``, border it. A step is one factorisation of
V + diagonal for any limits, and V may be singular.

References
----------
Mehrotra, On the implementation of a primal-dual interior point method, SIAM J. Optim. 1992.
Nocedal and Wright, Numerical Optimization, 2nd ed., chapter 16.6.

"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation.quadratic import ABSOLUTE_GAP, Duals, QuadraticProgram, Solution

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import Solver

STEPS, PATIENCE = 40, 10
"""Largest number of steps, and of steps without progress; 10 to 20 steps are usual."""

STEP_FRACTION = 0.98
"""Step length as a share of the distance to the boundary; nearer to it the products become too unequal."""

SHORT = 0.2
"""Length of a step below which one to the central path is taken instead."""

DAMPING = 1e-10
"""Added to the diagonal of V in the Newton systems, relative to the mean variance."""

DAMPING_FACTOR = 30.0
"""Growth of the damping where V is not definite even so, as after rounding."""

MAX_DAMPING = 1e-6
"""Largest damping."""

STOP = 1e-2
"""Error, relative to the tolerances of a proof, at which the method stops."""

MIN_GAP = 1e-3 * ABSOLUTE_GAP
"""Smallest complementarity gap that a step aims at: less only makes the Newton systems ill-conditioned."""


def solve(problem: QuadraticProgram) -> Solution | None:
    """Return the best solution found, not necessarily proven; None if there is none."""
    program = _Program(problem)
    best: Solution | None = None
    idle = 0
    try:
        with np.errstate(over="raise", invalid="raise"):  # diverging iterates end the search, too
            point = program.start()
            for _ in range(STEPS):
                solution = program.solution(point)
                idle += 1
                if best is None or solution.error < best.error:
                    best, idle = solution, 0
                if solution.error <= STOP or idle >= (2 if best.proven else PATIENCE):
                    break
                point = program.step(point)
    except (np.linalg.LinAlgError, FloatingPointError):
        return best
    return best


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """A point, or a step from one.

    Attributes
    ----------
    trades
        d, shape (n,).
    sizes, size_duals
        Shape (2 + 2 K, n): the distances of d from its bounds, then all p, then all q; and their duals.
    split_duals
        Shape (K, n), of ``o + d = p - q``.
    slacks, duals
        t and y of the rows.

    """

    trades: FloatArray
    sizes: FloatArray
    size_duals: FloatArray
    split_duals: FloatArray
    slacks: FloatArray
    duals: FloatArray

    def moved(self, length: float, step: _Point) -> _Point:
        """Return the point a step of some length away."""
        return _Point(
            *(getattr(self, name) + length * getattr(step, name) for name in self.__dataclass_fields__)
        )


class _Program:
    """The program over the names that can move, whose absolute values are split."""

    def __init__(self, problem: QuadraticProgram) -> None:
        low, high = problem.lower - problem.weights, problem.upper - problem.weights
        self.problem, self.names = problem, np.flatnonzero(low < high)
        self.fixed_trades = np.where(low < high, 0.0, np.minimum(np.maximum(0.0, low), high))
        self.bounds = np.array([-low[self.names], high[self.names]])
        mean = float(problem.covariance.variances().mean())
        self.unit = mean / problem.size
        self.damping, self.max_damping = DAMPING * mean, MAX_DAMPING * mean

        by_trade = bool(problem.cost) or math.isfinite(problem.turnover)
        by_weight = math.isfinite(problem.gross)
        offsets = [np.zeros(self.names.size)] * by_trade + [problem.weights[self.names]] * by_weight
        self.offsets = np.array(offsets).reshape(-1, self.names.size)
        self.costs = np.array([problem.cost] * by_trade + [0.0] * by_weight)[:, None]
        self.live = np.vstack(
            [np.isfinite(self.bounds), np.ones((2 * len(self.offsets), self.names.size), bool)]
        )
        self.bounds = np.where(self.live[:2], self.bounds, 1.0)
        self._write_rows()
        self.count = max(int(self.live.sum() + self.loose.sum()), 1)

    def _write_rows(self) -> None:
        """Write the conditions and the limits of turnover and gross as rows on trades and sums of sizes."""
        problem, names, fixed = self.problem, self.names, self.fixed_trades
        base = problem.conditions.T @ (problem.weights + fixed)
        equal = np.flatnonzero(problem.equalities)
        above = np.flatnonzero(~problem.equalities & np.isfinite(problem.row_upper))
        below = np.flatnonzero(~problem.equalities & np.isfinite(problem.row_lower))
        self.condition = np.concatenate([equal, above, below])
        self.sign = np.where(np.arange(self.condition.size) < equal.size + above.size, 1.0, -1.0)
        ends = np.concatenate([problem.row_upper[equal], problem.row_upper[above], problem.row_lower[below]])
        others = np.delete(np.arange(problem.size), names)
        caps = []
        if math.isfinite(problem.turnover):
            caps.append((0, 2.0 * problem.turnover - float(np.abs(fixed[others]).sum())))
        if math.isfinite(problem.gross):
            held = float(np.abs((problem.weights + fixed)[others]).sum())
            caps.append((len(self.offsets) - 1, problem.gross - held))
        count = self.condition.size
        self.on_trades = np.zeros((count + len(caps), names.size))
        self.on_trades[:count] = problem.conditions[np.ix_(names, self.condition)].T * self.sign[:, None]
        self.on_sizes = np.zeros((count + len(caps), len(self.offsets)))
        for row, (block, _) in enumerate(caps, start=count):
            self.on_sizes[row, block] = 1.0
        self.limits = np.concatenate([self.sign * (ends - base[self.condition]), [cap for _, cap in caps]])
        self.loose = np.arange(self.limits.size) >= equal.size

    def start(self) -> _Point:
        """Return a starting point within the bounds."""
        n = self.problem.size
        low = np.where(self.live[0], -self.bounds[0], -np.inf)
        high = np.where(self.live[1], self.bounds[1], np.inf)
        trades = np.clip(0.0, low + 1.0 / n, np.maximum(high - 1.0 / n, low + 1e-3 / n))
        values = trades + self.offsets
        distances = np.maximum(self.bounds + np.array([trades, -trades]), 0.1 / n)
        sizes = np.vstack([distances, np.maximum(values, 0.0) + 1.0 / n, np.maximum(-values, 0.0) + 1.0 / n])
        size_duals = np.where(self.live, self.unit, 0.0)
        size_duals[2:] = np.maximum(np.vstack([self.costs, self.costs]), self.unit)
        slacks = np.where(self.loose, np.maximum(self.limits - self._rows(trades, np.abs(values)), 0.1), 0.0)
        duals = np.where(self.loose, self.unit, 0.0)
        return _Point(
            trades, np.where(self.live, sizes, 1.0), size_duals, np.zeros_like(self.offsets), slacks, duals
        )

    def solution(self, point: _Point) -> Solution:
        """Return the solution of a point, polished."""
        trades = self.problem.polish(self._all(point.trades))
        duals = np.zeros(self.problem.row_lower.size)
        count = self.condition.size
        np.subtract.at(duals, self.condition, self.sign * point.duals[:count])
        caps = iter(point.duals[count:].tolist())
        turnover = next(caps) if math.isfinite(self.problem.turnover) else 0.0
        gross = next(caps) if math.isfinite(self.problem.gross) else 0.0
        return Solution(self.problem, trades, Duals(duals, turnover, gross), "interior point")

    def step(self, point: _Point) -> _Point:
        """Return the next point: predictor, corrector, and a step within the boundary."""
        direction = self._newton_system(point)
        products, of_rows = point.sizes * point.size_duals * self.live, point.slacks * point.duals
        mean = float(products.sum() + of_rows.sum()) / self.count
        predictor = direction(-products, -of_rows)
        ahead = point.moved(self._step_length(point, predictor), predictor)
        predicted = float((ahead.sizes * ahead.size_duals * self.live).sum() + ahead.slacks @ ahead.duals)
        ratio = predicted / self.count / mean if mean > 0.0 else 0.0
        target = max(mean * ratio**3, MIN_GAP / self.count)
        corrector = direction(
            np.where(self.live, target - products - predictor.sizes * predictor.size_duals, 0.0),
            np.where(self.loose, target - of_rows - predictor.slacks * predictor.duals, 0.0),
        )
        length = self._step_length(point, corrector)
        if length < SHORT:  # the products are too unequal: centre them
            corrector = direction(
                np.where(self.live, mean - products, 0.0), np.where(self.loose, mean - of_rows, 0.0)
            )
            length = self._step_length(point, corrector)
        return point.moved(length, corrector)

    def _newton_system(self, point: _Point) -> Callable[[FloatArray, FloatArray], _Point]:
        """Return the function from the changes of the complementarity products to the Newton step."""
        count = len(self.offsets)
        s, z, t, y = point.sizes, point.size_duals, point.slacks, point.duals
        positive, negative = s[2 : 2 + count], s[2 + count :]
        p, q = positive / z[2 : 2 + count], negative / z[2 + count :]
        between = 1.0 / (p + q)
        skew = (p - q) * between
        loads = self.costs + (self.on_sizes.T @ y)[:, None]
        gradient = self.problem.covariance.matvec(self._all(point.trades))[self.names]
        of_trades = gradient + self.on_trades.T @ y - z[0] + z[1]
        of_trades += point.split_duals.sum(axis=0)
        of_sizes = np.vstack([loads - point.split_duals, loads + point.split_duals]) - z[2:]
        of_bounds = np.where(
            self.live[:2], self.bounds + np.array([point.trades, -point.trades]) - s[:2], 0.0
        )
        of_splits = point.trades + self.offsets - positive + negative
        of_rows = self._rows(point.trades, positive + negative) + t - self.limits

        solve = self._solver((z[:2] / s[:2]).sum(axis=0) + between.sum(axis=0))
        border = self.on_trades + self.on_sizes @ skew
        solved = solve(np.asfortranarray(border.T))
        system = border @ solved
        system += self.on_sizes * (4.0 * p * q * between).sum(axis=1) @ self.on_sizes.T
        np.einsum("ii->i", system)[:] += np.divide(t, y, out=np.zeros_like(t), where=self.loose)
        # Scaled, as the slack of a limit far away would hide the other rows from least squares.
        scale = 1.0 / np.sqrt(np.maximum(system.diagonal(), np.finfo(np.float64).tiny))
        scaled = scale[:, None] * system * scale

        def direction(products: FloatArray, row_products: FloatArray) -> _Point:
            from_bounds = (products[:2] - z[:2] * of_bounds) / s[:2]
            from_sizes = products[2:] / s[2:] - of_sizes
            p_terms, q_terms = p * from_sizes[:count], q * from_sizes[count:]
            shift = of_splits - p_terms + q_terms
            right = from_bounds[0] - from_bounds[1] - of_trades - (between * shift).sum(axis=0)
            alone = solve(right)
            residual = of_rows + np.divide(row_products, y, out=np.zeros_like(t), where=self.loose)
            residual += self.on_sizes @ (skew * shift + p_terms + q_terms).sum(axis=1)
            duals = scale * np.linalg.lstsq(scaled, scale * (border @ alone + residual), rcond=None)[0]
            trades = alone - solved @ duals
            loads = (self.on_sizes.T @ duals)[:, None]
            split_duals = between * (trades + shift + (p - q) * loads)
            sizes = np.vstack(
                [
                    np.where(self.live[:2], np.array([trades, -trades]) + of_bounds, 0.0),
                    p * (split_duals - loads) + p_terms,
                    q_terms - q * (split_duals + loads),
                ]
            )
            slacks = np.divide(row_products - t * duals, y, out=np.zeros_like(t), where=self.loose)
            return _Point(trades, sizes, (products - z * sizes) / s, split_duals, slacks, duals)

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

    def _step_length(self, point: _Point, step: _Point) -> float:
        """Return the step length that keeps all sizes, slacks and their duals positive."""
        fastest = STEP_FRACTION
        live = {"sizes": self.live, "size_duals": self.live, "slacks": self.loose, "duals": self.loose}
        for name, some in live.items():
            now, change = getattr(point, name)[some], getattr(step, name)[some]
            fastest = max(fastest, float((-change / now).max(initial=0.0)))
        return STEP_FRACTION / fastest

    def _rows(self, trades: FloatArray, sizes: FloatArray) -> FloatArray:
        value: FloatArray = self.on_trades @ trades + self.on_sizes @ sizes.sum(axis=1)
        return value

    def _all(self, trades: FloatArray) -> FloatArray:
        every = self.fixed_trades.copy()
        every[self.names] = trades
        return every
