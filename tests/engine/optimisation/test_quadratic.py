from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import random_problem

from betaneutral_xl.engine.optimisation import interior_point, solvers
from betaneutral_xl.engine.optimisation.quadratic import Duals, QuadraticProgram, Solution
from betaneutral_xl.model.risk import Dense

UNBOUNDED = np.full(2, math.inf)


@pytest.fixture
def two_names() -> QuadraticProgram:
    """Return min (d1^2 + d2^2) / 2 with d1 + d2 = 1 and d1 <= 0.2, with the solution (0.2, 0.8)."""
    return QuadraticProgram(
        covariance=Dense(np.eye(2)),
        weights=np.zeros(2),
        lower=-UNBOUNDED,
        upper=np.array([0.2, math.inf]),
        conditions=np.ones((2, 1)),
        row_lower=np.ones(1),
        row_upper=np.ones(1),
        labels=("sum",),
    )


def test_a_solution_by_hand_is_proven_by_its_dual(two_names: QuadraticProgram) -> None:
    solution = Solution(two_names, np.array([0.2, 0.8]), Duals(np.array([0.8])), "by hand")
    assert solution.objective == pytest.approx(0.34)
    assert solution.violation == 0.0
    assert solution.gap == pytest.approx(0.0, abs=1e-15)
    assert solution.proven


@pytest.mark.parametrize("dual", [0.0, 0.5, 0.79, 2.0])
def test_a_wrong_dual_proves_nothing(two_names: QuadraticProgram, dual: float) -> None:
    solution = Solution(two_names, np.array([0.2, 0.8]), Duals(np.array([dual])), "by hand")
    assert solution.gap > solution.gap_tolerance
    assert not solution.proven


def test_a_worse_solution_is_not_proven_by_the_right_dual(two_names: QuadraticProgram) -> None:
    solution = Solution(two_names, np.array([0.1, 0.9]), Duals(np.array([0.8])), "by hand")
    assert solution.violation == 0.0
    assert solution.gap >= solution.objective - 0.34


@pytest.mark.parametrize(
    ("change", "amount"),
    [
        ({"upper": np.array([0.1, 1.0])}, 0.1),
        ({"lower": np.array([0.25, 0.0])}, 0.05),
        ({"row_upper": np.array([0.9]), "row_lower": np.array([-1.0])}, 0.1),
        ({"turnover": 0.4}, 0.1),
        ({"gross": 0.7}, 0.3),
    ],
)
def test_the_violation_is_that_of_the_limit_exceeded(
    two_names: QuadraticProgram, change: dict[str, object], amount: float
) -> None:
    tighter = replace(two_names, **change)  # type: ignore[arg-type] # one field each
    solution = Solution(tighter, np.array([0.2, 0.8]), Duals(np.array([0.8])), "by hand")
    assert solution.violation == pytest.approx(amount)
    assert not solution.proven


@given(seed=st.integers(0, 10_000), dual=st.floats(-1.0, 1.0))
def test_the_gap_is_at_least_the_distance_to_the_optimum(seed: int, dual: float) -> None:
    """For any duals, no feasible portfolio is more than ``gap`` better."""
    problem = random_problem(seed, "plain", has_l1_terms=False)
    best = solvers.solve(problem)
    other = interior_point.solve(replace(problem, covariance=Dense(np.eye(problem.size))))
    assert other is not None
    guess = Solution(problem, other.trades, Duals(np.full(problem.row_lower.size, dual)), "a guess")
    assert guess.gap >= guess.objective - best.objective - 1e-12
