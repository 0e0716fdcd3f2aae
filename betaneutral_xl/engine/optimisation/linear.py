"""Linear programs over the limits of a quadratic program, solved with HiGHS through scipy.

Absolute values become variables, ``a >= |d|`` and ``b >= |w + d|``, one block of n each, present only
where a limit or the objective needs them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from betaneutral_xl.errors import SolverFailed

if TYPE_CHECKING:
    from scipy import sparse
    from scipy.optimize import OptimizeResult

    from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
    from betaneutral_xl.model.arrays import FloatArray

SparseMatrix: TypeAlias = "sparse.sparray | sparse.spmatrix"

TOLERANCE = 1e-10
"""Feasibility tolerance of HiGHS, the smallest that it accepts."""

COARSE = 1e-7
"""HiGHS' own tolerance: limits that no point keeps within it, none keeps within a smaller one."""

ALGORITHMS = ("highs", "highs-ipm")
"""Tried in this order. At the smallest tolerance the simplex method may end infeasible programs with
"Unknown", which the interior point method then decides; what neither decides may be infeasible at the
coarse tolerance. Solutions at that one would exceed the tolerance of proven solutions."""

SOLVED, INFEASIBLE, UNBOUNDED = 0, 2, 3
"""Status codes of scipy's linprog that are no failure."""


class Unbounded(SolverFailed):
    """The objective is unbounded within the limits."""


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """``row_lower <= rows v <= row_upper`` and ``lower <= v <= upper`` over v = (d, a, b).

    The rows of the conditions come first, those of the turnover and gross limits last.
    """

    rows: sparse.csc_array
    row_lower: FloatArray
    row_upper: FloatArray
    lower: FloatArray
    upper: FloatArray
    trades: slice
    trade_sizes: slice
    weight_sizes: slice
    caps: slice

    @classmethod
    def of(cls, problem: QuadraticProgram, *, sizes: bool = False) -> Limits:
        """Write the limits of a program as rows; ``sizes`` adds the variables a in any case."""
        from scipy import sparse

        n, held = problem.size, problem.conditions.T @ problem.weights
        by_trade = sizes or problem.cost > 0.0 or math.isfinite(problem.turnover)
        by_weight = math.isfinite(problem.gross)
        eye, ones = sparse.eye_array(n, format="csc"), np.ones((1, n))
        blank = sparse.csc_array((n, n))
        grid = [
            [
                sparse.csc_array(problem.conditions.T),
                *[sparse.csc_array((held.size, n))] * (by_trade + by_weight),
            ]
        ]
        row_lower, row_upper = [problem.row_lower - held], [problem.row_upper - held]
        for present, block, offset in (
            (by_trade, 1, np.zeros(n)),
            (by_weight, 1 + by_trade, problem.weights),
        ):
            for sign in (1.0, -1.0) if present else ():  # sign (offset + d) <= size
                row = [sign * eye, *[blank] * (by_trade + by_weight)]
                row[block] = -eye
                grid.append(row)
                row_lower.append(np.full(n, -np.inf))
                row_upper.append(-sign * offset)
        for cap, block in ((2.0 * problem.turnover, 1), (problem.gross, 1 + by_trade)):
            if math.isfinite(cap):
                row = [sparse.csc_array((1, n))] * (1 + by_trade + by_weight)
                row[block] = sparse.csc_array(ones)
                grid.append(row)
                row_lower.append(np.array([-np.inf]))
                row_upper.append(np.array([cap]))
        caps = int(math.isfinite(problem.turnover)) + int(math.isfinite(problem.gross))
        height = sum(part.size for part in row_upper)
        free = np.full(n * (by_trade + by_weight), np.inf)
        return cls(
            rows=sparse.csc_array(sparse.block_array(grid)),
            row_lower=np.concatenate(row_lower),
            row_upper=np.concatenate(row_upper),
            lower=np.concatenate([problem.lower - problem.weights, 0.0 * np.ones_like(free)]),
            upper=np.concatenate([problem.upper - problem.weights, free]),
            trades=slice(0, n),
            trade_sizes=slice(n, n + n * by_trade),
            weight_sizes=slice(n + n * by_trade, n + n * by_trade + n * by_weight),
            caps=slice(height - caps, height),
        )

    @property
    def count(self) -> int:
        """Number of variables."""
        return self.lower.size

    def with_columns(self, columns: SparseMatrix | FloatArray) -> Limits:
        """Return the limits with additional variables >= 0."""
        from scipy import sparse

        more = sparse.csc_array(columns)
        return replace(
            self,
            rows=sparse.csc_array(sparse.hstack([self.rows, more])),
            lower=np.append(self.lower, np.zeros(more.shape[1])),
            upper=np.append(self.upper, np.full(more.shape[1], np.inf)),
        )

    def with_rows(self, rows: SparseMatrix, row_lower: FloatArray, row_upper: FloatArray) -> Limits:
        """Return the limits with additional rows."""
        from scipy import sparse

        return replace(
            self,
            rows=sparse.csc_array(sparse.vstack([self.rows, rows])),
            row_lower=np.concatenate([self.row_lower, row_lower]),
            row_upper=np.concatenate([self.row_upper, row_upper]),
        )

    def minimise(self, linear: FloatArray) -> FloatArray | None:
        """Return the v that minimises ``linear @ v``, shape (count,); None if the limits are infeasible.

        Raises
        ------
        Unbounded
            If the objective has no minimum.
        SolverFailed
            If no algorithm of HiGHS decides which of these holds.

        """
        if not self.count:  # no name may be traded, and HiGHS takes no problem without variables
            holds = (self.row_lower <= COARSE) & (self.row_upper >= -COARSE)
            return np.zeros(0) if holds.all() else None
        failure = ""
        for algorithm in ALGORITHMS:
            found = self._solved(linear, algorithm, TOLERANCE)
            if found.status == SOLVED:
                solution: FloatArray = found.x
                return solution
            if found.status == INFEASIBLE:
                return None
            if found.status == UNBOUNDED:
                msg = (
                    "The limits leave some weights unbounded, so there is no minimum. "
                    "Give bounds to every name."
                )
                raise Unbounded(msg)
            failure = found.message
        if self._solved(linear, ALGORITHMS[0], COARSE).status == INFEASIBLE:
            return None
        msg = f"The linear solver stopped without a solution ({failure}). Change the tightest limit a little."
        raise SolverFailed(msg)

    def _solved(self, linear: FloatArray, algorithm: str, tolerance: float) -> OptimizeResult:
        """Return what an algorithm of HiGHS finds."""
        from scipy import sparse
        from scipy.optimize import linprog

        equal = self.row_lower == self.row_upper
        up, down = ~equal & np.isfinite(self.row_upper), ~equal & np.isfinite(self.row_lower)
        return linprog(  # type: ignore[call-overload,no-any-return] # its stubs lack sparse matrices
            linear,
            A_ub=sparse.vstack([self.rows[up], -self.rows[down]]),
            b_ub=np.concatenate([self.row_upper[up], -self.row_lower[down]]),
            A_eq=self.rows[equal],
            b_eq=self.row_upper[equal],
            bounds=np.column_stack([self.lower, self.upper]),
            method=algorithm,
            options={"primal_feasibility_tolerance": tolerance, "dual_feasibility_tolerance": tolerance},
        )


def least_violation(problem: QuadraticProgram) -> float:
    """Return the smallest largest violation of the rows by weights within their bounds; 0 if feasible."""
    from scipy import sparse

    limits = Limits.of(problem)
    slack = np.zeros(limits.row_lower.size)
    slack[: problem.row_lower.size] = slack[limits.caps] = 1.0
    elastic = slack > 0.0
    count = int(elastic.sum())
    # row_lower <= A v + t and A v - t <= row_upper: two rows an interval.
    upward = replace(limits, row_lower=np.where(elastic, -np.inf, limits.row_lower)).with_columns(
        -slack[:, None]
    )
    downward = sparse.hstack([limits.rows[elastic], sparse.csc_array(np.ones((count, 1)))])
    both = upward.with_rows(downward, limits.row_lower[elastic], np.full(count, np.inf))
    solution = both.minimise(np.append(np.zeros(limits.count), 1.0))
    return math.inf if solution is None else float(solution[-1])


def least_turnover(problem: QuadraticProgram) -> FloatArray | None:
    """Return the trades of least turnover; None if infeasible. Few: a vertex has as many as active limits."""
    limits = Limits.of(problem, sizes=True)
    linear = np.zeros(limits.count)
    linear[limits.trade_sizes] = 1.0
    solution = limits.minimise(linear)
    return None if solution is None else solution[limits.trades]


def minimise(problem: QuadraticProgram, direction: FloatArray) -> FloatArray | None:
    """Return the trades that minimise ``direction @ d``; None if infeasible."""
    limits = Limits.of(problem)
    linear = np.zeros(limits.count)
    linear[limits.trades] = direction
    solution = limits.minimise(linear)
    return None if solution is None else solution[limits.trades]
