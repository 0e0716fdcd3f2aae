"""Dense covariances under every limit: proven, compared with Clarabel, or refused early."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from problems import DENSE_KINDS, TINY, by_clarabel, dense_matrix, dense_problem, rounded

from betaneutral_xl import Covariance
from betaneutral_xl.engine.optimisation import interior_point, solvers
from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.risk import Dense, Factors

if TYPE_CHECKING:
    from betaneutral_xl.model.risk import CovarianceOperator


@pytest.mark.parametrize("first", range(0, 300, 20))
def test_all_of_300_random_programs_are_proven(first: int) -> None:
    for seed in range(first, first + 20):
        solution = solvers.solve(dense_problem(seed))
        assert solution.proven, seed
        if seed % 4 == 0:
            reference = by_clarabel(solution.problem)
            assert solution.objective == pytest.approx(reference, rel=1e-7, abs=TINY), seed
            assert solution.objective <= reference * (1.0 + 1e-8) + 2e-12, seed


@pytest.mark.parametrize(
    ("digits", "kind"),
    [
        (digits, kind)
        for digits in (6, 7, 10, 15, 17)
        for kind in DENSE_KINDS
        if kind != "few days" or digits >= 15  # rounding to fewer makes it indefinite
    ],
)
def test_solutions_are_proven_for_the_rounded_matrix_itself(digits: int, kind: str) -> None:
    problem = dense_problem(DENSE_KINDS.index(kind), 400)
    rng = np.random.default_rng(digits)
    matrix = rounded(dense_matrix(rng, problem.size, kind), digits)
    covariance = Covariance.from_matrix([f"T{i}" for i in range(problem.size)], matrix)
    for limited in (problem, replace(problem, turnover=math.inf, gross=math.inf, cost=0.0)):
        problem = replace(limited, covariance=covariance.form)
        solution = solvers.solve(problem)
        assert solution.violation <= 1e-10
        assert solution.gap <= 1e-8 * solution.objective + 1e-12
        assert replace(solution, known_gradient=None).gap == pytest.approx(solution.gap, abs=1e-13)


def test_identical_names_and_cash_rows_are_solved() -> None:
    rng = np.random.default_rng(1)
    problem = dense_problem(1)
    n = problem.size
    matrix = dense_matrix(rng, n, "many days")
    matrix[1], matrix[:, 1] = matrix[0], matrix[:, 0]
    matrix[1, 1] = matrix[0, 0]
    matrix[2], matrix[:, 2] = 0.0, 0.0  # cash
    for limited in (problem, replace(problem, turnover=math.inf, gross=math.inf, cost=0.0)):
        solution = solvers.solve(replace(limited, covariance=Dense(matrix)))
        assert solution.proven
        assert solution.objective == pytest.approx(by_clarabel(solution.problem), rel=1e-7, abs=TINY)


@pytest.mark.parametrize("covariance", [Dense(np.zeros((3, 3))), Factors(np.zeros((3, 1)), np.zeros(3))])
def test_a_covariance_of_cash_alone_is_solved(covariance: CovarianceOperator) -> None:
    targets, weights = np.array([1.0, 0.1]), np.array([0.2, 0.3, 0.5])
    conditions = np.column_stack([np.ones(3), [0.0, 0.1, 0.5]])
    limits = (np.zeros(3), np.ones(3), conditions, targets, targets, ("net", "beta"))
    solution = solvers.solve(QuadraticProgram(covariance, weights, *limits, turnover=0.9, cost=1e-3))
    assert solution.proven


def test_infeasible_limits_are_detected_before_v_is_factorised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        interior_point, "solve", lambda problem: pytest.fail("interior point on an infeasible program")
    )
    monkeypatch.setattr(
        Dense, "solver", lambda self, *_: pytest.fail("factorised V of an infeasible program")
    )
    rng = np.random.default_rng(0)
    n = 300
    problem = replace(
        dense_problem(0),
        covariance=Dense(dense_matrix(rng, n, "many days")),
        weights=np.full(n, 1.0 / n),
        lower=np.zeros(n),
        upper=np.full(n, 0.02),
        conditions=np.column_stack([np.ones(n), rng.uniform(0.5, 1.5, n)]),
        row_lower=np.array([1.0, 0.4]),
        row_upper=np.array([1.0, 0.4]),
        labels=("net", "beta"),
    )
    with pytest.raises(Infeasible, match="the best miss by"):
        solvers.solve(problem)


@pytest.mark.parametrize("kind", DENSE_KINDS)
def test_the_solution_is_that_of_the_same_names_in_another_order(kind: str) -> None:
    rng = np.random.default_rng(5)
    problem = replace(dense_problem(DENSE_KINDS.index(kind)), turnover=math.inf)
    order = rng.permutation(problem.size)
    other = replace(
        problem,
        covariance=problem.covariance.subset(order),
        weights=problem.weights[order],
        lower=problem.lower[order],
        upper=problem.upper[order],
        conditions=problem.conditions[order],
    )
    one, two = solvers.solve(problem), solvers.solve(other)
    assert two.objective == pytest.approx(one.objective, rel=2e-8, abs=2e-12)
