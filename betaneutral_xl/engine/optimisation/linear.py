"""The linear side of the problem: its limits without absolute values, and programmes over them.

A trade's size and a weight's size become variables of their own, ``a >= |d|`` and ``b >= |w + d|``,
one block of n each, present only where a limit or the objective asks for them. The programmes go to
HiGHS through scipy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from betaneutral_xl.errors import SolverFailed

if TYPE_CHECKING:
    from scipy import sparse

    from betaneutral_xl.engine.optimisation.quadratic import Problem
    from betaneutral_xl.model.arrays import FloatArray

SparseMatrix: TypeAlias = "sparse.sparray | sparse.spmatrix"

TOLERANCE = 1e-10
"""Feasibility asked of HiGHS, the least that it takes."""

ALGORITHMS = ("highs", "highs-ipm")
"""Asked in this order. Near the least tolerance the simplex may end with "Unknown" where limits cannot
be kept, which the interior point then proves; a greater tolerance would be one that proofs do not have."""

SOLVED, INFEASIBLE, UNBOUNDED = 0, 2, 3
"""What scipy's linprog calls the answers that are no failure."""


class Unbounded(SolverFailed):
    """The limits let the objective fall without end."""


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """``least <= rows v <= most`` and ``lower <= v <= upper`` over v = (d, a, b).

    The conditions of the problem come first, the caps on turnover and gross last.
    """

    rows: sparse.csc_array
    least: FloatArray
    most: FloatArray
    lower: FloatArray
    upper: FloatArray
    trades: slice
    trade_sizes: slice
    weight_sizes: slice
    caps: slice

    @classmethod
    def of(cls, problem: Problem, *, sizes: bool = False) -> Limits:
        """Write the limits of a problem as rows; ``sizes`` asks for the trades' sizes in any case."""
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
        least, most = [problem.least - held], [problem.most - held]
        for present, block, offset in (
            (by_trade, 1, np.zeros(n)),
            (by_weight, 1 + by_trade, problem.weights),
        ):
            for sign in (1.0, -1.0) if present else ():  # sign (offset + d) <= size
                row = [sign * eye, *[blank] * (by_trade + by_weight)]
                row[block] = -eye
                grid.append(row)
                least.append(np.full(n, -np.inf))
                most.append(-sign * offset)
        for cap, block in ((2.0 * problem.turnover, 1), (problem.gross, 1 + by_trade)):
            if math.isfinite(cap):
                row = [sparse.csc_array((1, n))] * (1 + by_trade + by_weight)
                row[block] = sparse.csc_array(ones)
                grid.append(row)
                least.append(np.array([-np.inf]))
                most.append(np.array([cap]))
        caps = int(math.isfinite(problem.turnover)) + int(math.isfinite(problem.gross))
        height = sum(part.size for part in most)
        free = np.full(n * (by_trade + by_weight), np.inf)
        return cls(
            rows=sparse.csc_array(sparse.block_array(grid)),
            least=np.concatenate(least),
            most=np.concatenate(most),
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
        """Return the limits with more variables, all >= 0."""
        from scipy import sparse

        more = sparse.csc_array(columns)
        return replace(
            self,
            rows=sparse.csc_array(sparse.hstack([self.rows, more])),
            lower=np.append(self.lower, np.zeros(more.shape[1])),
            upper=np.append(self.upper, np.full(more.shape[1], np.inf)),
        )

    def with_rows(self, rows: SparseMatrix, least: FloatArray, most: FloatArray) -> Limits:
        """Return the limits with more rows."""
        from scipy import sparse

        return replace(
            self,
            rows=sparse.csc_array(sparse.vstack([self.rows, rows])),
            least=np.concatenate([self.least, least]),
            most=np.concatenate([self.most, most]),
        )

    def minimise(self, linear: FloatArray) -> FloatArray | None:
        """Return the variables of least ``linear @ v``; None where no v keeps the limits.

        Raises
        ------
        Unbounded
            If there is no least.
        SolverFailed
            If no algorithm of HiGHS ends with one of these answers.

        """
        from scipy import sparse
        from scipy.optimize import linprog

        equal = self.least == self.most
        up, down = ~equal & np.isfinite(self.most), ~equal & np.isfinite(self.least)
        for algorithm in ALGORITHMS:
            found = linprog(  # type: ignore[call-overload] # its stubs know no sparse matrices
                linear,
                A_ub=sparse.vstack([self.rows[up], -self.rows[down]]),
                b_ub=np.concatenate([self.most[up], -self.least[down]]),
                A_eq=self.rows[equal],
                b_eq=self.most[equal],
                bounds=np.column_stack([self.lower, self.upper]),
                method=algorithm,
                options={"primal_feasibility_tolerance": TOLERANCE, "dual_feasibility_tolerance": TOLERANCE},
            )
            if found.status in {SOLVED, INFEASIBLE, UNBOUNDED}:
                break
        if found.status == INFEASIBLE:
            return None
        if found.status == UNBOUNDED:
            msg = "The limits leave some weights unbounded, so there is no least. Give bounds to every name."
            raise Unbounded(msg)
        if found.status != SOLVED:
            msg = (
                f"The linear solver stopped without an answer ({found.message}). "
                "Change the tightest limit a little."
            )
            raise SolverFailed(msg)
        answer: FloatArray = found.x
        return answer


def least_violation(problem: Problem) -> float:
    """Return by how much the conditions and caps must be missed at least; 0 where they can be kept.

    All are missed by the same amount at most; the bounds of single names are kept.
    """
    from scipy import sparse

    limits = Limits.of(problem)
    missed = np.zeros(limits.least.size)
    missed[: problem.least.size] = missed[limits.caps] = 1.0
    elastic = missed > 0.0
    count = int(elastic.sum())
    # least <= A v + t and A v - t <= most need t on either side: two rows an interval.
    upward = replace(limits, least=np.where(elastic, -np.inf, limits.least)).with_columns(-missed[:, None])
    downward = sparse.hstack([limits.rows[elastic], sparse.csc_array(np.ones((count, 1)))])
    both = upward.with_rows(downward, limits.least[elastic], np.full(count, np.inf))
    answer = both.minimise(np.append(np.zeros(limits.count), 1.0))
    return math.inf if answer is None else float(answer[-1])


def fewest_trades(problem: Problem) -> FloatArray | None:
    """Return the trades of least turnover, which are few: a vertex has as many as limits that bind."""
    limits = Limits.of(problem, sizes=True)
    linear = np.zeros(limits.count)
    linear[limits.trade_sizes] = 1.0
    answer = limits.minimise(linear)
    return None if answer is None else answer[limits.trades]


def extreme(problem: Problem, direction: FloatArray) -> FloatArray | None:
    """Return the trades of least ``direction @ d``; None where no trades keep the limits."""
    limits = Limits.of(problem)
    linear = np.zeros(limits.count)
    linear[limits.trades] = direction
    answer = limits.minimise(linear)
    return None if answer is None else answer[limits.trades]
