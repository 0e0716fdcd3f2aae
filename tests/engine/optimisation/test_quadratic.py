from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import random_problem

from betaneutral_xl.engine.optimisation import interior_point, solvers
from betaneutral_xl.engine.optimisation.quadratic import Multipliers, Problem, Solution
from betaneutral_xl.model.risk import Dense

UNBOUNDED = np.full(2, math.inf)


@pytest.fixture
def two_names() -> Problem:
    """Return min (d1^2 + d2^2) / 2 with d1 + d2 = 1 and d1 <= 0.2, whose answer is (0.2, 0.8)."""
    return Problem(
        form=Dense(np.eye(2)),
        weights=np.zeros(2),
        lower=-UNBOUNDED,
        upper=np.array([0.2, math.inf]),
        conditions=np.ones((2, 1)),
        least=np.ones(1),
        most=np.ones(1),
        labels=("sum",),
    )


def test_an_answer_by_hand_is_proven_by_its_multiplier(two_names: Problem) -> None:
    answer = Solution(two_names, np.array([0.2, 0.8]), Multipliers(np.array([0.8])), "by hand")
    assert answer.objective == pytest.approx(0.34)
    assert answer.violation == 0.0
    assert answer.gap == pytest.approx(0.0, abs=1e-15)
    assert answer.proven


@pytest.mark.parametrize("price", [0.0, 0.5, 0.79, 2.0])
def test_a_wrong_multiplier_proves_nothing(two_names: Problem, price: float) -> None:
    answer = Solution(two_names, np.array([0.2, 0.8]), Multipliers(np.array([price])), "by hand")
    assert answer.gap > answer.allowed_gap
    assert not answer.proven


def test_a_worse_answer_is_not_proven_by_the_right_multiplier(two_names: Problem) -> None:
    answer = Solution(two_names, np.array([0.1, 0.9]), Multipliers(np.array([0.8])), "by hand")
    assert answer.violation == 0.0
    assert answer.gap >= answer.objective - 0.34


@pytest.mark.parametrize(
    ("change", "amount"),
    [
        ({"upper": np.array([0.1, 1.0])}, 0.1),
        ({"lower": np.array([0.25, 0.0])}, 0.05),
        ({"most": np.array([0.9]), "least": np.array([-1.0])}, 0.1),
        ({"turnover": 0.4}, 0.1),
        ({"gross": 0.7}, 0.3),
    ],
)
def test_every_limit_that_is_exceeded_is_seen(
    two_names: Problem, change: dict[str, object], amount: float
) -> None:
    tighter = replace(two_names, **change)  # type: ignore[arg-type] # one field each
    answer = Solution(tighter, np.array([0.2, 0.8]), Multipliers(np.array([0.8])), "by hand")
    assert answer.violation == pytest.approx(amount)
    assert not answer.proven


@given(seed=st.integers(0, 10_000), price=st.floats(-1.0, 1.0))
def test_the_gap_is_never_less_than_what_could_be_saved(seed: int, price: float) -> None:
    """Whatever the multipliers: the best answer is at most ``gap`` below any allowed one."""
    problem = random_problem(seed, "plain", kinked=False)
    best = solvers.solve(problem)
    other = interior_point.solve(replace(problem, form=Dense(np.eye(problem.size))))
    assert other is not None
    guess = Solution(problem, other.trades, Multipliers(np.full(problem.least.size, price)), "a guess")
    assert guess.gap >= guess.objective - best.objective - 1e-12
