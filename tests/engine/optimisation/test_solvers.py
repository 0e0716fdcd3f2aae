"""Solutions compared with Clarabel, infeasibility with HiGHS."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import create_autospec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import TINY, by_clarabel, random_problem
from scipy.optimize import linprog

from betaneutral_xl.engine.optimisation import dual_newton, interior_point, solvers
from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.risk import Dense, Factors
from betaneutral_xl.system import optional

KINDS = ["plain", "ties", "nearly singular", "sample", "dense"]


@settings(max_examples=200)
@given(seed=st.integers(0, 1_000_000), kind=st.sampled_from(KINDS))
def test_solutions_within_bounds_agree_with_clarabel(seed: int, kind: str) -> None:
    problem = random_problem(seed, kind, has_l1_terms=False)
    solution = solvers.solve(problem)
    assert solution.violation <= 1e-10
    reference = by_clarabel(problem)
    assert solution.objective == pytest.approx(reference, rel=1e-7, abs=TINY)
    assert solution.objective <= reference * (1.0 + 1e-8) + 2e-12


@settings(max_examples=100)
@given(seed=st.integers(0, 1_000_000), kind=st.sampled_from(["plain", "dense"]))
def test_solutions_with_turnover_gross_and_cost_agree_with_clarabel(seed: int, kind: str) -> None:
    problem = random_problem(seed, kind, has_l1_terms=True)
    solution = solvers.solve(problem)
    assert solution.violation <= 1e-10
    assert solution.objective == pytest.approx(by_clarabel(problem), rel=1e-7, abs=TINY)


@pytest.mark.parametrize("kind", KINDS)
def test_the_interior_point_alone_proves_every_solution(kind: str) -> None:
    for seed in (*range(40), 200, 296, 18710):  # the last three need centring and scaled rows
        problem = random_problem(seed, kind, has_l1_terms=True)
        solution = interior_point.solve(problem)
        assert solution is not None, seed
        assert solution.proven, seed
        assert solution.objective == pytest.approx(solvers.solve(problem).objective, rel=1e-7, abs=2e-12)


@settings(max_examples=100)
@given(seed=st.integers(0, 1_000_000), kind=st.sampled_from(KINDS), reachable=st.booleans())
def test_programs_are_refused_if_and_only_if_they_are_infeasible(
    seed: int, kind: str, *, reachable: bool
) -> None:
    problem = random_problem(seed, kind, has_l1_terms=False, reachable=reachable)
    reference = linprog(  # type: ignore[call-overload] # its stubs lack arrays of bounds
        np.zeros(problem.size),
        A_ub=np.vstack([problem.conditions.T, -problem.conditions.T]),
        b_ub=np.concatenate([problem.row_upper, -problem.row_lower]),
        bounds=np.column_stack([problem.lower, problem.upper]),
    )
    assert reference.status in {0, 2}
    if reference.status == 2:
        with pytest.raises(Infeasible, match="the best miss by"):
            solvers.solve(problem)
    else:
        assert solvers.solve(problem).proven


def test_kkt_by_hand_of_a_turnover_cap() -> None:
    """Two names of unit variance that must trade 0.3 each under a turnover limit of 0.4."""
    problem = QuadraticProgram(
        covariance=Dense(np.eye(2)),
        weights=np.array([0.5, 0.5]),
        lower=np.full(2, -math.inf),
        upper=np.full(2, math.inf),
        conditions=np.column_stack([np.ones(2), [1.0, -1.0]]),
        row_lower=np.array([1.0, 0.6]),
        row_upper=np.array([1.0, math.inf]),
        labels=("sum", "tilt"),
        turnover=0.4,
    )
    solution = solvers.solve(problem)
    np.testing.assert_allclose(solution.trades, [0.3, -0.3], atol=1e-12)
    np.testing.assert_allclose(solution.duals.conditions[1], 0.3, atol=1e-9)
    with pytest.raises(Infeasible):
        solvers.solve(replace(problem, row_lower=np.array([1.0, 0.9])))


def test_the_closed_form_is_the_solution_where_no_bound_binds() -> None:
    rng = np.random.default_rng(7)
    n = 300
    form = Factors(rng.normal(size=(n, 5)) * 0.1, rng.uniform(0.02, 0.1, n))
    conditions = np.column_stack([np.ones(n), rng.uniform(0.5, 1.5, n)])
    weights = rng.dirichlet(np.ones(n))
    targets = np.array([1.0, 0.0])
    limits = {"conditions": conditions, "row_lower": targets, "row_upper": targets, "labels": ("net", "beta")}
    free = QuadraticProgram(form, weights, np.full(n, -math.inf), np.full(n, math.inf), **limits)  # type: ignore[arg-type]
    wide = free.with_bounds(np.full(n, -1.0), np.full(n, 1.0))
    one, other = solvers.solve(free), solvers.solve(wide)
    assert (one.solver, other.solver) == ("closed form", "dual Newton")
    np.testing.assert_allclose(one.trades, other.trades, atol=1e-12)


def test_a_sample_covariance_of_few_days_needs_no_square_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    """400 names, 60 days: Newton's method with proximal points on the 60 columns, bounded or not."""
    rng = np.random.default_rng(3)
    n = 400
    form = Factors(rng.normal(size=(n, 60)) * 0.03, np.zeros(n))
    monkeypatch.setattr(Factors, "dense", lambda self: pytest.fail("formed the N x N matrix"))
    conditions = np.column_stack([np.ones(n), rng.uniform(0.5, 1.5, n)])
    weights = rng.dirichlet(np.ones(n))
    targets = np.array([1.0, 0.8])
    for low in (-math.inf, 0.0):
        problem = QuadraticProgram(
            form, weights, np.full(n, low), np.full(n, -low), conditions, targets, targets, ("net", "beta")
        )
        if low == 0.0:
            problem = problem.with_bounds(np.zeros(n), np.full(n, 0.05))
        solution = solvers.solve(problem)
        assert solution.proven
        assert solution.solver == ("closed form" if low < 0.0 else "dual Newton")
        np.testing.assert_allclose(conditions.T @ (weights + solution.trades), targets, atol=1e-10)


@settings(max_examples=50)
@given(seed=st.integers(0, 1_000_000))
def test_limits_that_do_not_bind_do_not_change_the_solution(seed: int) -> None:
    free = random_problem(seed, "plain", has_l1_terms=False)
    solution = solvers.solve(free)
    loose = float(np.abs(solution.trades).sum()) / 2.0 + 0.01
    capped = solvers.solve(replace(free, turnover=loose))
    assert capped.proven
    assert capped.solver == solution.solver
    assert capped.trades == pytest.approx(solution.trades, abs=1e-12)


def test_an_infeasible_program_in_factor_form_ends_after_a_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the factors of a price history one Newton step of 1,500 names takes 40 ms."""
    steps = create_autospec(dual_newton._Dual.step, side_effect=dual_newton._Dual.step)
    monkeypatch.setattr(dual_newton._Dual, "step", steps)
    rng = np.random.default_rng(1)
    n, k = 300, 150
    loadings = np.column_stack([rng.uniform(0.1, 0.3, n), rng.normal(scale=0.02, size=(n, k - 1))])
    form = Factors(loadings, rng.uniform(0.01, 0.05, n))
    etf = np.where(np.arange(n) < n // 2, 2.0 / n, 0.0)
    betas = form.matvec(etf) / (etf @ form.matvec(etf))
    lowest = np.sort(betas)[: n // 10].mean()
    for target in (0.9 * lowest, 0.5 * lowest, 0.0):
        limits = (np.zeros(n), np.full(n, 10.0 / n), np.column_stack([np.ones(n), betas]))
        ends = np.array([1.0, target])
        program = QuadraticProgram(form, np.full(n, 1.0 / n), *limits, ends, ends, ("net", "beta"))
        steps.reset_mock()
        with pytest.raises(Infeasible, match="the best miss by"):
            solvers.solve(program)
        assert steps.call_count <= 40


@pytest.fixture
def _without_daqp(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the import of daqp fail as it does where the package is not installed."""
    monkeypatch.setitem(sys.modules, "daqp", None)
    optional.find.cache_clear()
    yield
    optional.find.cache_clear()


@pytest.mark.usefixtures("_without_daqp")
def test_a_missing_solver_package_is_skipped_and_its_reason_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for seed in range(20):
        problem = random_problem(seed, "plain", has_l1_terms=False)
        solution = solvers.solve(problem)
        assert solution.solver != solvers.FASTEST
        assert solution.objective == pytest.approx(by_clarabel(problem), rel=1e-7, abs=TINY)
    assert [one.levelname for one in caplog.records] == ["WARNING"]
    assert "The package daqp cannot be used" in caplog.text
    assert "daqp" in optional.status()


def test_with_its_packages_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert solvers.solve(random_problem(1, "plain", has_l1_terms=False)).proven
    assert not caplog.records
    assert "daqp" not in optional.status()
