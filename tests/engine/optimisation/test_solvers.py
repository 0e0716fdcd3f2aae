"""Every bounded answer against an exact solver that nobody here wrote, every refusal against HiGHS."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import TINY, by_clarabel, random_problem
from scipy.optimize import linprog

from betaneutral_xl.engine.optimisation import interior_point, solvers
from betaneutral_xl.engine.optimisation.quadratic import Problem
from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.risk import Dense, Factors

KINDS = ["plain", "ties", "nearly singular", "sample", "dense"]


@settings(max_examples=200)
@given(seed=st.integers(0, 1_000_000), kind=st.sampled_from(KINDS))
def test_bounded_answers_agree_with_clarabel(seed: int, kind: str) -> None:
    problem = random_problem(seed, kind, kinked=False)
    answer = solvers.solve(problem)
    assert answer.violation <= 1e-10
    judged = by_clarabel(problem)
    assert answer.objective == pytest.approx(judged, rel=1e-7, abs=TINY)
    assert answer.objective <= judged * (1.0 + 1e-8) + 2e-12


@settings(max_examples=100)
@given(seed=st.integers(0, 1_000_000), kind=st.sampled_from(["plain", "dense"]))
def test_answers_with_turnover_gross_and_cost_agree_with_clarabel(seed: int, kind: str) -> None:
    problem = random_problem(seed, kind, kinked=True)
    answer = solvers.solve(problem)
    assert answer.violation <= 1e-10
    assert answer.objective == pytest.approx(by_clarabel(problem), rel=1e-7, abs=TINY)


@pytest.mark.parametrize("kind", KINDS)
def test_the_interior_point_alone_proves_nearly_every_answer_and_no_other(kind: str) -> None:
    """It is the last in line: what it leaves unproven (1 in some thousand) is refused, never returned."""
    proven = 0
    for seed in range(40):
        problem = random_problem(seed, kind, kinked=True)
        answer = interior_point.solve(problem)
        if answer is not None and answer.proven:
            proven += 1
            expected = solvers.solve(problem).objective
            assert answer.objective == pytest.approx(expected, rel=1e-7, abs=2e-12)
    assert proven >= 38


@settings(max_examples=100)
@given(seed=st.integers(0, 1_000_000), kind=st.sampled_from(KINDS), reachable=st.booleans())
def test_what_is_infeasible_is_said_to_be_and_nothing_else(seed: int, kind: str, *, reachable: bool) -> None:
    problem = random_problem(seed, kind, kinked=False, reachable=reachable)
    judge = linprog(  # type: ignore[call-overload] # its stubs know no array of bounds
        np.zeros(problem.size),
        A_ub=np.vstack([problem.conditions.T, -problem.conditions.T]),
        b_ub=np.concatenate([problem.most, -problem.least]),
        bounds=np.column_stack([problem.lower, problem.upper]),
    )
    assert judge.status in {0, 2}
    if judge.status == 2:
        with pytest.raises(Infeasible, match="the best miss by"):
            solvers.solve(problem)
    else:
        assert solvers.solve(problem).proven


def test_kkt_by_hand_of_a_turnover_cap() -> None:
    """Two names of unit variance, wish to move (1, -1) priced at 1 each, may move half of it."""
    problem = Problem(
        form=Dense(np.eye(2)),
        weights=np.array([0.5, 0.5]),
        lower=np.full(2, -math.inf),
        upper=np.full(2, math.inf),
        conditions=np.column_stack([np.ones(2), [1.0, -1.0]]),
        least=np.array([1.0, 0.6]),
        most=np.array([1.0, math.inf]),
        labels=("sum", "tilt"),
        turnover=0.4,
    )
    answer = solvers.solve(problem)
    np.testing.assert_allclose(answer.trades, [0.3, -0.3], atol=1e-12)
    np.testing.assert_allclose(answer.multipliers.conditions[1], 0.3, atol=1e-9)
    with pytest.raises(Infeasible):
        solvers.solve(replace(problem, least=np.array([1.0, 0.9])))


def test_where_no_bound_binds_the_answer_is_the_closed_form() -> None:
    rng = np.random.default_rng(7)
    n = 300
    form = Factors(rng.normal(size=(n, 5)) * 0.1, rng.uniform(0.02, 0.1, n))
    conditions = np.column_stack([np.ones(n), rng.uniform(0.5, 1.5, n)])
    weights = rng.dirichlet(np.ones(n))
    wanted = np.array([1.0, 0.0])
    limits = {"conditions": conditions, "least": wanted, "most": wanted, "labels": ("net", "beta")}
    free = Problem(form, weights, np.full(n, -math.inf), np.full(n, math.inf), **limits)  # type: ignore[arg-type]
    wide = free.restricted(np.full(n, -1.0), np.full(n, 1.0))
    one, other = solvers.solve(free), solvers.solve(wide)
    assert (one.solver, other.solver) == ("closed form", "dual Newton")
    np.testing.assert_allclose(one.trades, other.trades, atol=1e-12)


def test_a_sample_covariance_of_few_days_needs_no_square_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    """400 names, 60 days: the 60-column form is enough, bounded or not."""
    rng = np.random.default_rng(3)
    n = 400
    form = Factors(rng.normal(size=(n, 60)) * 0.03, np.zeros(n))
    monkeypatch.setattr(Factors, "dense", lambda self: pytest.fail("formed the N x N matrix"))
    conditions = np.column_stack([np.ones(n), rng.uniform(0.5, 1.5, n)])
    weights = rng.dirichlet(np.ones(n))
    wanted = np.array([1.0, 0.8])
    for low in (-math.inf, 0.0):
        problem = Problem(
            form, weights, np.full(n, low), np.full(n, -low), conditions, wanted, wanted, ("net", "beta")
        )
        if low == 0.0:
            problem = problem.restricted(np.zeros(n), np.full(n, 0.05))
        answer = solvers.solve(problem)
        assert answer.proven
        np.testing.assert_allclose(conditions.T @ (weights + answer.trades), wanted, atol=1e-10)


@settings(max_examples=50)
@given(seed=st.integers(0, 1_000_000))
def test_limits_that_do_not_bind_cost_nothing(seed: int) -> None:
    free = random_problem(seed, "plain", kinked=False)
    answer = solvers.solve(free)
    loose = float(np.abs(answer.trades).sum()) / 2.0 + 0.01
    capped = solvers.solve(replace(free, turnover=loose))
    assert capped.proven
    assert capped.solver == answer.solver
    assert capped.trades == pytest.approx(answer.trades, abs=1e-12)
