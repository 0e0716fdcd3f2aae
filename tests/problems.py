"""Quadratic problems made at random, and what other exact solvers say of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import clarabel
import numpy as np
from scipy.sparse import csc_matrix, triu

from betaneutral_xl.engine.optimisation.quadratic import Problem
from betaneutral_xl.model.risk import Dense, Factors

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import CovarianceOperator


def random_form(rng: np.random.Generator, n: int, kind: str) -> CovarianceOperator:
    """Return a covariance: plain, with ties, nearly singular, a sample of few days, or dense."""
    factors = int(rng.integers(1, 10))
    loadings = rng.normal(size=(n, factors)) * 0.1
    specific = rng.uniform(0.01, 0.1, n)
    if kind == "ties":
        loadings, specific = np.round(loadings, 1), np.full(n, 0.04)
    if kind == "nearly singular":
        specific = np.full(n, 1e-9)
    if kind == "sample":
        specific = np.zeros(n)
    form = Factors(loadings, specific)
    return Dense(form.dense()) if kind == "dense" else form


def random_problem(seed: int, kind: str, *, kinked: bool, reachable: bool = True) -> Problem:
    """Return a problem with tight bounds, equalities and inequalities.

    Its conditions are those of some weights within the bounds; unless it is not to be reachable,
    when the last one is moved out of reach.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 45))
    weights = rng.dirichlet(np.ones(n))
    weights[1:][rng.random(n - 1) < 0.4] = 0.0
    weights = np.round(weights / weights.sum(), 2 if rng.random() < 0.5 else 16)
    lower = np.full(n, 0.0 if rng.random() < 0.5 else -rng.uniform(0.0, 0.2))
    upper = np.full(n, rng.uniform(1.2 / n, 0.5))
    inside = np.clip(rng.dirichlet(np.ones(n)), lower, upper)
    rows = [np.ones(n), rng.uniform(0.3, 1.8, n), (rng.random(n) < 0.4).astype(float)]
    conditions = np.column_stack(rows[: int(rng.integers(2, 4))])
    least = conditions.T @ inside
    most = least.copy()
    for j in range(least.size):
        if rng.random() < 0.3:
            least[j] -= rng.uniform(0.0, 0.2)
            most[j] += rng.uniform(0.0, 0.05)
    if not reachable:
        least[1] = most[1] = float(conditions[:, 1] @ np.where(conditions[:, 1] > 0.0, upper, lower)) + 0.01
    caps = {}
    if kinked:
        caps = {
            "turnover": float(np.abs(inside - weights).sum()) / 2.0 * rng.uniform(1.0, 1.3),
            "gross": float(np.abs(inside).sum()) * rng.uniform(1.0, 1.2) if rng.random() < 0.5 else math.inf,
            "cost": 10.0 ** rng.uniform(-5.0, -2.0) if rng.random() < 0.5 else 0.0,
        }
    labels = tuple(f"condition {j}" for j in range(least.size))
    form = random_form(rng, n, kind)
    return Problem(form, weights, lower, upper, conditions, least, most, labels, **caps)


DENSE_KINDS = ["factors and specific risk", "many days", "few days", "shrunk few days", "one correlation"]


def dense_matrix(rng: np.random.Generator, n: int, kind: str) -> FloatArray:
    """Return a matrix with no more structure than an estimator leaves in it; singular for few days."""
    loadings = np.hstack([rng.normal(1.0, 0.3, (n, 1)) * 0.16, rng.normal(0.0, 0.05, (n, 11))])
    own = np.sqrt(rng.uniform(0.02, 0.15, n))
    if kind == "factors and specific risk":
        matrix: FloatArray = loadings @ loadings.T + np.diag(own**2)
        return matrix
    days = {"many days": 2 * n, "few days": max(n // 3, 5), "shrunk few days": max(n // 3, 5)}.get(kind, n)
    returns = rng.standard_t(5, (days, 12)) @ loadings.T + rng.standard_t(5, (days, n)) * own
    returns -= returns.mean(axis=0)
    matrix = returns.T @ returns / days * 0.6
    if kind == "shrunk few days":
        matrix = 0.95 * matrix + 0.05 * np.eye(n) * np.trace(matrix) / n
    if kind == "one correlation":
        volatility = np.sqrt(np.diag(matrix))
        matrix = 0.7 * matrix + 0.3 * 0.4 * np.outer(volatility, volatility)
        matrix[np.diag_indices(n)] += 0.3 * 0.6 * volatility**2
    return (matrix + matrix.T) / 2.0


def rounded(matrix: FloatArray, digits: int) -> FloatArray:
    """Return what a file of so many significant digits holds."""
    return np.array([[float(f"{entry:.{digits}g}") for entry in row] for row in matrix.tolist()])


def dense_problem(seed: int, most_names: int = 200) -> Problem:
    """Return a problem with a dense covariance and some limits of every kind, and weights that keep them."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, most_names))
    matrix = dense_matrix(rng, n, DENSE_KINDS[seed % len(DENSE_KINDS)])
    weights = rng.dirichlet(np.ones(n)) * (rng.random(n) < 0.8)
    weights /= weights.sum()
    short = rng.random() < 0.3
    lower = np.full(n, -0.05 if short else 0.0)
    upper = np.where(rng.random(n) < 0.5, np.maximum(weights, 4.0 / n), 1.0)
    inside = np.clip(weights + rng.normal(0.0, 0.5 / n, n), lower, upper)
    conditions = np.column_stack([np.ones(n), rng.normal(1.0, 0.3, n), rng.random(n) < 0.3])
    least = conditions.T @ inside
    most = least.copy()
    least[2] -= rng.uniform(0.0, 0.1)
    most[2] += rng.uniform(0.0, 0.02)
    traded = float(np.abs(inside - weights).sum()) / 2.0
    return Problem(
        Dense(matrix),
        weights,
        lower,
        upper,
        conditions,
        least,
        most,
        ("net", "beta", "group"),
        turnover=traded * rng.uniform(1.0, 1.2) if rng.random() < 0.4 else math.inf,
        gross=float(np.abs(inside).sum()) * rng.uniform(1.0, 1.1) if rng.random() < 0.5 else math.inf,
        cost=float(rng.choice([0.0, 0.0, 1e-4, 2e-3])),
    )


TINY = 1e-9
"""How far the judge's objective may be from the least, absolute."""


def by_clarabel(problem: Problem) -> float:
    """Return the least objective by Clarabel's interior point, over (d, a >= |d|, b >= |w + d|)."""
    n, blocks = problem.size, 3 if problem.kinked else 1
    matrix = np.zeros((n * blocks, n * blocks))
    matrix[:n, :n] = problem.form.dense()
    identity, blank = np.eye(n), np.zeros((n, n))
    held = problem.conditions.T @ problem.weights
    trades = np.hstack([identity, *[blank] * (blocks - 1)])
    conditions = problem.conditions.T @ trades
    equal = problem.equalities
    loose = conditions[~equal]
    # Below, rows @ v >= values, the equalities first.
    rows = [conditions[equal], loose, -loose, trades, -trades]
    values = [
        (problem.least - held)[equal],
        (problem.least - held)[~equal],
        (held - problem.most)[~equal],
        problem.lower - problem.weights,
        problem.weights - problem.upper,
    ]
    linear = np.zeros(n * blocks)
    if problem.kinked:
        linear[n : 2 * n] = problem.cost
        for sign in (1.0, -1.0):
            rows += [
                np.hstack([sign * identity, identity, blank]),
                np.hstack([sign * identity, blank, identity]),
            ]
            values += [np.zeros(n), -sign * problem.weights]
        caps = np.zeros((2, 3 * n))
        caps[0, n : 2 * n] = caps[1, 2 * n :] = -1.0
        rows.append(caps)
        values.append(np.array([-2.0 * problem.turnover, -problem.gross]))
    every, least = np.vstack(rows), np.concatenate(values)
    some = np.isfinite(least)
    cones = [clarabel.ZeroConeT(int(equal.sum())), clarabel.NonnegativeConeT(int(some.sum() - equal.sum()))]
    asked = clarabel.DefaultSettings()
    asked.verbose = False
    asked.tol_gap_abs = asked.tol_gap_rel = asked.tol_feas = 1e-12
    answer = clarabel.DefaultSolver(
        triu(csc_matrix(matrix), format="csc"), linear, csc_matrix(-every[some]), -least[some], cones, asked
    ).solve()
    answer = np.array(answer.x)[:n]
    return float(0.5 * answer @ problem.form.matvec(answer) + problem.cost * np.abs(answer).sum())
