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
    caps: int

    @classmethod
    def of(cls, problem: QuadraticProgram, *, sizes: bool = False) -> Limits:
        """Write the limits of a program as rows; ``sizes`` adds the variables a in any case."""
        from scipy import sparse

        n, held = problem.size, problem.conditions.T @ problem.weights
        by_trade = sizes or problem.cost > 0.0 or math.isfinite(problem.turnover)
        offsets = [np.zeros(n)] * by_trade + [problem.weights] * math.isfinite(problem.gross)
        k, none = len(offsets), np.full(n, -np.inf)
        eye, blank = sparse.eye_array(n, format="csc"), sparse.csc_array((n, n))
        first = [sparse.csc_array(problem.conditions.T), *[sparse.csc_array((held.size, n))] * k]
        parts = [(first, problem.row_lower - held, problem.row_upper - held)]
        for block, offset in enumerate(offsets, start=1):
            for sign in (1.0, -1.0):  # sign (offset + d) <= size
                row = [sign * eye, *[blank] * k]
                row[block] = -eye
                parts.append((row, none, -sign * offset))
        sums = (1, 2.0 * problem.turnover), (k, problem.gross)
        caps = [(block, cap) for block, cap in sums if cap < math.inf]
        for block, cap in caps:
            row = [sparse.csc_array((1, n))] * (1 + k)
            row[block] = sparse.csc_array(np.ones((1, n)))
            parts.append((row, none[:1], np.array([cap])))
        grid, lows, highs = zip(*parts, strict=True)
        many = np.full(n * k, np.inf)
        return cls(
            rows=sparse.csc_array(sparse.block_array(grid)),
            row_lower=np.concatenate(lows),
            row_upper=np.concatenate(highs),
            lower=np.concatenate([problem.lower - problem.weights, np.zeros_like(many)]),
            upper=np.concatenate([problem.upper - problem.weights, many]),
            caps=len(caps),
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

    def least_sum(self, variables: slice) -> float | None:
        """Return the least sum of some variables; None, and errors, as of ``minimise``."""
        linear = np.zeros(self.count)
        linear[variables] = 1.0
        solution = self.minimise(linear)
        return None if solution is None else float(linear @ solution)

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
    elastic = np.zeros(limits.row_lower.size, dtype=np.bool_)
    elastic[: problem.row_lower.size] = elastic[elastic.size - limits.caps :] = True
    # row_lower <= A v + t and A v - t <= row_upper: two rows an interval.
    upward = replace(limits, row_lower=np.where(elastic, -np.inf, limits.row_lower))
    upward = upward.with_columns(-elastic[:, None].astype(np.float64))
    low = limits.row_lower[elastic]
    downward = sparse.hstack([limits.rows[elastic], sparse.csc_array(np.ones((low.size, 1)))])
    violation = upward.with_rows(downward, low, np.full(low.size, np.inf)).least_sum(slice(-1, None))
    return math.inf if violation is None else violation


def least_turnover(problem: QuadraticProgram) -> FloatArray | None:
    """Return the trades of least turnover; None if infeasible. Few: a vertex has as many as active limits."""
    limits, n = Limits.of(problem, sizes=True), problem.size
    solution = limits.minimise(np.repeat([0.0, 1.0, 0.0], [n, n, limits.count - 2 * n]))
    return None if solution is None else solution[:n]


def minimise(problem: QuadraticProgram, direction: FloatArray) -> FloatArray | None:
    """Return the trades that minimise ``direction @ d``; None if infeasible."""
    limits = Limits.of(problem)
    solution = limits.minimise(np.append(direction, np.zeros(limits.count - problem.size)))
    return None if solution is None else solution[: problem.size]
