"""Limits with a dense covariance, against an interior point method of a few lines in the same process."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from betaneutral_xl.engine.optimisation import solvers
from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
from betaneutral_xl.model.risk import Dense

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray

FASTER = 5.0
"""How many times faster than the plain interior point method, in CPU time."""

MOST_SECONDS = 3.0
"""Largest CPU time of 5,000 names, on one thread."""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Keep linear algebra on one thread, whose CPU time depends little on other processes."""
    with threadpool_limits(limits=1):
        yield


def factor_matrix(rng: np.random.Generator, n: int) -> FloatArray:
    """Return V of 13 factors and specific variances, multiplied out."""
    loadings = np.hstack([rng.normal(1.0, 0.3, (n, 1)) * 0.16, rng.normal(0.0, 0.08, (n, 12))])
    matrix: FloatArray = loadings @ loadings.T + np.diag(rng.uniform(0.02, 0.15, n))
    return (matrix + matrix.T) / 2.0


def full_matrix(rng: np.random.Generator, n: int) -> FloatArray:
    """Return V without factor structure: eigenvalues that fall slowly."""
    volatility = 0.25 * np.exp(0.3 * rng.standard_normal(n))
    values = np.arange(1, n + 1) ** -0.7
    vectors = np.linalg.qr(rng.standard_normal((n, n)))[0]
    correlation = 0.7 * (vectors * (values * n / values.sum())) @ vectors.T + 0.3
    matrix: FloatArray = correlation * np.outer(volatility, volatility)
    return (matrix + matrix.T) / 2.0


def long_only(rng: np.random.Generator, matrix: FloatArray) -> QuadraticProgram:
    """Return the program of beta one half to an ETF of two names in five, long only."""
    n = len(matrix)
    weights, etf = rng.dirichlet(np.ones(n)), np.zeros(n)
    inside = rng.choice(n, 2 * n // 5, replace=False)
    etf[inside] = rng.dirichlet(np.ones(inside.size))
    product = matrix @ etf
    conditions = np.column_stack([np.ones(n), product / (etf @ product)])
    targets, none = np.array([1.0, 0.5]), np.zeros(n)
    return QuadraticProgram(
        Dense(matrix), weights, none, none + np.inf, conditions, targets, targets, ("net", "beta")
    )


def plain_interior_point(problem: QuadraticProgram) -> FloatArray:
    """Return the trades by Mehrotra's method, for equalities and long-only names alone."""
    from scipy.linalg import cho_factor, cho_solve

    matrix, rows = problem.covariance.dense(), problem.conditions.T
    n = problem.size
    x, z, y = np.full(n, 1.0 / n), np.full(n, 1e-3), np.zeros(len(rows))
    for _ in range(80):
        dual = matrix @ (x - problem.weights) - rows.T @ y - z
        primal, mean = rows @ x - problem.row_lower, x @ z / n
        if max(np.abs(dual).max(), np.abs(primal).max()) < 1e-11 and mean < 1e-13:
            break
        system = matrix.copy()
        system[np.diag_indices(n)] += z / x
        factor = cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
        answers = cho_solve(factor, rows.T)
        change = -x * z
        for fraction in (1.0, 0.995):
            alone = cho_solve(factor, change / x - dual)
            dy = np.linalg.solve(rows @ answers, -primal - rows @ alone)
            dx = alone + answers @ dy
            dz = (change - z * dx) / x
            length = fraction / max(fraction, float((-dx / x).max()), float((-dz / z).max()))
            ahead = float((x + length * dx) @ (z + length * dz)) / n
            change = (ahead / mean) ** 3 * mean - x * z - dx * dz
        x, y, z = x + length * dx, y + length * dy, z + length * dz
    return x - problem.weights


def seconds(run: Callable[[], object], times: int) -> float:
    """Return the shortest CPU time of several runs."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return min(taken)


@pytest.mark.parametrize("matrix", [factor_matrix, full_matrix])
def test_long_only_is_faster_than_a_plain_interior_point(
    matrix: Callable[[np.random.Generator, int], FloatArray],
) -> None:
    rng = np.random.default_rng(0)
    problem = long_only(rng, matrix(rng, 2000))
    trades = plain_interior_point(problem)
    reference = 0.5 * float(trades @ problem.covariance.matvec(trades))
    assert solvers.solve(problem).objective == pytest.approx(reference, rel=1e-8)
    own, plain = (
        seconds(lambda: solvers.solve(problem), 5),
        seconds(lambda: plain_interior_point(problem), 2),
    )
    assert FASTER * own <= plain


@pytest.mark.parametrize("cap", [np.inf, 4.0], ids=["long only", "four fifths of the names free"])
def test_time_and_memory_of_five_thousand_names(cap: float) -> None:
    rng = np.random.default_rng(0)
    problem = long_only(rng, factor_matrix(rng, 5000))
    problem = problem.with_bounds(problem.lower, np.maximum(problem.weights, cap / problem.size))
    betas = np.array([1.0, 0.9 * float(problem.conditions[:, 1] @ problem.weights)])
    problem = replace(problem, row_lower=betas, row_upper=betas)
    assert seconds(lambda: solvers.solve(problem), 2) <= MOST_SECONDS
    tracemalloc.start()
    solvers.solve(problem)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 1.2 * 8 * problem.size**2  # one matrix beside V
