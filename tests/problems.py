"""Random quadratic programs, and their optimum by another exact solver."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import clarabel
import numpy as np
from scipy.sparse import csc_matrix, triu

from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
from betaneutral_xl.model.risk import Dense, Factors

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import CovarianceOperator


def random_form(rng: np.random.Generator, n: int, kind: str) -> CovarianceOperator:
    """Return a covariance: plain, with ties, nearly singular, sample of few days, or dense."""
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


def random_problem(seed: int, kind: str, *, has_l1_terms: bool, reachable: bool = True) -> QuadraticProgram:
    """Return a program with tight bounds, equalities and inequalities, feasible unless not ``reachable``."""
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
    row_lower = conditions.T @ inside
    row_upper = row_lower.copy()
    for j in range(row_lower.size):
        if rng.random() < 0.3:
            row_lower[j] -= rng.uniform(0.0, 0.2)
            row_upper[j] += rng.uniform(0.0, 0.05)
    if not reachable:
        row_lower[1] = row_upper[1] = (
            float(conditions[:, 1] @ np.where(conditions[:, 1] > 0.0, upper, lower)) + 0.01
        )
    caps = {}
    if has_l1_terms:
        caps = {
            "turnover": float(np.abs(inside - weights).sum()) / 2.0 * rng.uniform(1.0, 1.3),
            "gross": float(np.abs(inside).sum()) * rng.uniform(1.0, 1.2) if rng.random() < 0.5 else math.inf,
            "cost": 10.0 ** rng.uniform(-5.0, -2.0) if rng.random() < 0.5 else 0.0,
        }
    labels = tuple(f"condition {j}" for j in range(row_lower.size))
    form = random_form(rng, n, kind)
    return QuadraticProgram(form, weights, lower, upper, conditions, row_lower, row_upper, labels, **caps)


DENSE_KINDS = ["factors and specific risk", "many days", "few days", "shrunk few days", "one correlation"]


def dense_matrix(rng: np.random.Generator, n: int, kind: str) -> FloatArray:
    """Return an estimate without factor structure; singular for few days."""
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
    """Round every entry to so many significant digits, as a file does."""
    return np.array([[float(f"{entry:.{digits}g}") for entry in row] for row in matrix.tolist()])


def dense_problem(seed: int, most_names: int = 200) -> QuadraticProgram:
    """Return a feasible program with a dense covariance and some limits of every kind."""
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
    row_lower = conditions.T @ inside
    row_upper = row_lower.copy()
    row_lower[2] -= rng.uniform(0.0, 0.1)
    row_upper[2] += rng.uniform(0.0, 0.02)
    traded = float(np.abs(inside - weights).sum()) / 2.0
    return QuadraticProgram(
        Dense(matrix),
        weights,
        lower,
        upper,
        conditions,
        row_lower,
        row_upper,
        ("net", "beta", "group"),
        turnover=traded * rng.uniform(1.0, 1.2) if rng.random() < 0.4 else math.inf,
        gross=float(np.abs(inside).sum()) * rng.uniform(1.0, 1.1) if rng.random() < 0.5 else math.inf,
        cost=float(rng.choice([0.0, 0.0, 1e-4, 2e-3])),
    )


TINY = 1e-9
"""Absolute tolerance of the objective by Clarabel."""


def by_clarabel(problem: QuadraticProgram) -> float:
    """Return the optimum by Clarabel, over (d, a >= |d|, b >= |w + d|)."""
    n, blocks = problem.size, 3 if problem.has_l1_terms else 1
    matrix = np.zeros((n * blocks, n * blocks))
    matrix[:n, :n] = problem.covariance.dense()
    identity, blank = np.eye(n), np.zeros((n, n))
    held = problem.conditions.T @ problem.weights
    trades = np.hstack([identity, *[blank] * (blocks - 1)])
    conditions = problem.conditions.T @ trades
    equal = problem.equalities
    loose = conditions[~equal]
    # Below, rows @ v >= values, the equalities first.
    rows = [conditions[equal], loose, -loose, trades, -trades]
    values = [
        (problem.row_lower - held)[equal],
        (problem.row_lower - held)[~equal],
        (held - problem.row_upper)[~equal],
        problem.lower - problem.weights,
        problem.weights - problem.upper,
    ]
    linear = np.zeros(n * blocks)
    if problem.has_l1_terms:
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
    every, bounds = np.vstack(rows), np.concatenate(values)
    finite = np.isfinite(bounds)
    cones = [clarabel.ZeroConeT(int(equal.sum())), clarabel.NonnegativeConeT(int(finite.sum() - equal.sum()))]
    options = clarabel.DefaultSettings()
    options.verbose = False
    options.tol_gap_abs = options.tol_gap_rel = options.tol_feas = 1e-12
    solution = clarabel.DefaultSolver(
        triu(csc_matrix(matrix), format="csc"),
        linear,
        csc_matrix(-every[finite]),
        -bounds[finite],
        cones,
        options,
    ).solve()
    trades = np.array(solution.x)[:n]
    return float(0.5 * trades @ problem.covariance.matvec(trades) + problem.cost * np.abs(trades).sum())
