from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.optimize

from betaneutral_xl.engine.optimisation.linear import Limits, minimise
from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
from betaneutral_xl.errors import SolverFailed
from betaneutral_xl.model.risk import Dense

UNKNOWN = 4
"""Status code of scipy's linprog for no decision."""


def out_of_reach(seed: int) -> tuple[QuadraticProgram, float]:
    """Return a program whose target beta is lower by 0.3, and by how much its turnover can lower it."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 80))
    weights = np.zeros(n)
    weights[: n // 2 + 1] = rng.dirichlet(np.ones(n // 2 + 1))
    betas = rng.uniform(0.1, 2.5, n)
    targets = np.array([1.0, float(betas @ weights) - 0.3])
    turnover = float(rng.choice([0.01, 0.05, 0.1, 0.12]))
    free = np.full(n, math.inf)
    conditions = np.column_stack([np.ones(n), betas])
    problem = QuadraticProgram(
        *(Dense(np.eye(n)), weights, -free, free, conditions, targets, targets, ("net", "beta")),
        turnover=turnover,
    )
    return problem, 2.0 * turnover * float(betas.max())


@pytest.mark.parametrize("seed", [8, 177, 285])
def test_infeasibility_is_detected_where_the_first_algorithm_does_not_decide(seed: int) -> None:
    problem, most = out_of_reach(seed)
    assert most < 0.3
    cash = np.eye(1, Limits.of(problem).row_lower.size).T
    limits = Limits.of(problem).with_columns(cash)
    assert limits.minimise(np.append(np.zeros(limits.count - 1), 1.0)) is None


def record_calls(monkeypatch: pytest.MonkeyPatch, *unknown: str) -> list[str]:
    """Let some algorithms end undecided, and return the list of those that are called."""
    called: list[str] = []
    real: Any = scipy.optimize.linprog

    def linprog(*arguments: Any, method: str, **options: Any) -> Any:
        called.append(method)
        if method in unknown:
            return SimpleNamespace(status=UNKNOWN, message="model_status is Unknown", x=None)
        return real(*arguments, method=method, **options)

    monkeypatch.setattr(scipy.optimize, "linprog", linprog)
    return called


@pytest.fixture
def two_names() -> QuadraticProgram:
    """Return trades d1 + d2 = 1 within 0 and 0.8, of which the least d1 is 0.2."""
    none, most, one = np.zeros(2), np.full(2, 0.8), np.ones(1)
    return QuadraticProgram(Dense(np.eye(2)), none, none, most, np.ones((2, 1)), one, one, ("sum",))


@pytest.mark.parametrize("unknown", [(), ("highs",)])
def test_the_second_algorithm_is_called_only_if_the_first_does_not_decide(
    monkeypatch: pytest.MonkeyPatch, two_names: QuadraticProgram, unknown: tuple[str, ...]
) -> None:
    called = record_calls(monkeypatch, *unknown)
    assert minimise(two_names, np.array([1.0, 0.0])) == pytest.approx([0.2, 0.8])
    assert called == [*unknown, "highs-ipm" if unknown else "highs"]


def test_solver_failed_is_raised_if_no_algorithm_decides(
    monkeypatch: pytest.MonkeyPatch, two_names: QuadraticProgram
) -> None:
    record_calls(monkeypatch, "highs", "highs-ipm")
    with pytest.raises(SolverFailed, match=r"without a solution .*Unknown"):
        minimise(two_names, np.array([1.0, 0.0]))
