from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from betaneutral_xl.engine.optimisation import cardinality, solvers
from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.risk import Factors


def few_names(seed: int, n: int = 7) -> QuadraticProgram:
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(n))
    betas = rng.uniform(0.5, 1.5, n)
    targets = np.array([1.0, float(betas @ weights) - rng.uniform(0.1, 0.3)])
    form = Factors(np.column_stack([0.2 * betas, rng.normal(size=n) * 0.05]), rng.uniform(0.02, 0.1, n))
    conditions = np.column_stack([np.ones(n), betas])
    return QuadraticProgram(
        form, weights, np.full(n, -0.3), np.full(n, 0.8), conditions, targets, targets, ("net", "beta")
    )


def every_choice(problem: QuadraticProgram, limit: int, min_trade: float) -> Iterator[float]:
    """Yield the optimum of every choice of names that are fixed, bought and sold."""
    w = problem.weights
    signs = (0, 1, -1) if min_trade else (0, 1)
    for choice in itertools.product(signs, repeat=problem.size):
        if np.count_nonzero(choice) > limit:
            continue
        chosen = np.array(choice)
        lower, upper = problem.lower.copy(), problem.upper.copy()
        lower[chosen == 0] = np.maximum(lower, w)[chosen == 0]  # a weight out of its bounds must be traded
        upper[chosen == 0] = np.minimum(upper, w)[chosen == 0]
        if min_trade:
            lower[chosen == 1] = np.maximum(lower, w + min_trade)[chosen == 1]
            upper[chosen == -1] = np.minimum(upper, w - min_trade)[chosen == -1]
        if (lower <= upper).all():
            try:
                yield solvers.solve(problem.with_bounds(lower, upper)).objective
            except Infeasible:
                continue


@settings(max_examples=10)
@given(seed=st.integers(0, 100_000), limit=st.integers(2, 5))
def test_a_limit_on_the_number_of_trades_gives_the_best_of_all_choices(seed: int, limit: int) -> None:
    problem = few_names(seed)
    best = min(every_choice(problem, limit, 0.0), default=math.inf)
    if math.isinf(best):
        with pytest.raises(Infeasible):
            cardinality.solve(problem, limit, 0.0)
        return
    found = cardinality.solve(problem, limit, 0.0)
    assert found.optimal
    assert found.solution.objective == pytest.approx(best, rel=2e-6)
    assert np.count_nonzero(np.abs(found.solution.trades) > 1e-9) <= limit


@settings(max_examples=5)
@given(seed=st.integers(0, 100_000))
@example(seed=5304)
def test_a_limit_on_the_size_of_trades_gives_the_best_of_all_choices(seed: int) -> None:
    problem = few_names(seed, n=5)
    best = min(every_choice(problem, 5, 0.06), default=math.inf)
    if math.isinf(best):
        with pytest.raises(Infeasible):
            cardinality.solve(problem, None, 0.06)
        return
    found = cardinality.solve(problem, None, 0.06)
    assert found.optimal
    assert found.solution.objective == pytest.approx(best, rel=2e-6)
    sizes = np.abs(found.solution.trades)
    assert (sizes[sizes > 1e-9] >= 0.06 - 1e-9).all()


def test_a_truncated_search_bounds_the_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = few_names(3, n=14)
    full = cardinality.solve(problem, 4, 0.02)
    monkeypatch.setattr(cardinality, "EFFORT", 0)
    short = cardinality.solve(problem, 4, 0.02)
    assert full.optimal
    assert short.nodes == 20
    assert not short.optimal
    assert short.bound <= full.solution.objective <= short.solution.objective


def test_a_search_of_slow_nodes_ends_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = few_names(3, n=14)
    turnover = float(np.abs(solvers.solve(problem).trades).sum()) / 2.0 * 0.95
    capped = replace(problem, turnover=turnover)
    whole = cardinality.solve(capped, 5, 0.0)
    budget = 60  # fast nodes
    monkeypatch.setattr(cardinality, "EFFORT", budget * problem.size)
    short = cardinality.solve(capped, 5, 0.0)
    assert whole.optimal
    assert short.nodes < budget / 2 < budget < whole.nodes
    assert short.bound <= whole.solution.objective <= short.solution.objective + 1e-12
