from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.optimize

from betaneutral_xl.engine.optimisation.linear import Limits, extreme
from betaneutral_xl.engine.optimisation.quadratic import Problem
from betaneutral_xl.errors import SolverFailed
from betaneutral_xl.model.risk import Dense

UNKNOWN = 4
"""What scipy's linprog calls an answer that is none."""


def out_of_reach(seed: int) -> tuple[Problem, float]:
    """Return a problem that asks for a beta lower by 0.3, and by how much its turnover can lower it."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 80))
    weights = np.zeros(n)
    weights[: n // 2 + 1] = rng.dirichlet(np.ones(n // 2 + 1))
    betas = rng.uniform(0.1, 2.5, n)
    wanted = np.array([1.0, float(betas @ weights) - 0.3])
    turnover = float(rng.choice([0.01, 0.05, 0.1, 0.12]))
    free = np.full(n, math.inf)
    conditions = np.column_stack([np.ones(n), betas])
    problem = Problem(
        *(Dense(np.eye(n)), weights, -free, free, conditions, wanted, wanted, ("net", "beta")),
        turnover=turnover,
    )
    return problem, 2.0 * turnover * float(betas.max())


@pytest.mark.parametrize("seed", [8, 177, 285])
def test_limits_that_cannot_be_kept_are_said_to_be_so_where_the_first_algorithm_gives_up(seed: int) -> None:
    problem, most = out_of_reach(seed)
    assert most < 0.3
    cash = np.eye(1, Limits.of(problem).least.size).T
    limits = Limits.of(problem).with_columns(cash)
    assert limits.minimise(np.append(np.zeros(limits.count - 1), 1.0)) is None


def answering(monkeypatch: pytest.MonkeyPatch, *unknown: str) -> list[str]:
    """Let some algorithms end without an answer, and return the list of those that are asked."""
    asked: list[str] = []
    real: Any = scipy.optimize.linprog

    def linprog(*given: Any, method: str, **more: Any) -> Any:
        asked.append(method)
        if method in unknown:
            return SimpleNamespace(status=UNKNOWN, message="model_status is Unknown", x=None)
        return real(*given, method=method, **more)

    monkeypatch.setattr(scipy.optimize, "linprog", linprog)
    return asked


@pytest.fixture
def two_names() -> Problem:
    """Return trades d1 + d2 = 1 within 0 and 0.8, of which the least d1 is 0.2."""
    none, most, one = np.zeros(2), np.full(2, 0.8), np.ones(1)
    return Problem(Dense(np.eye(2)), none, none, most, np.ones((2, 1)), one, one, ("sum",))


@pytest.mark.parametrize("unknown", [(), ("highs",)])
def test_a_second_algorithm_is_asked_only_where_the_first_has_no_answer(
    monkeypatch: pytest.MonkeyPatch, two_names: Problem, unknown: tuple[str, ...]
) -> None:
    asked = answering(monkeypatch, *unknown)
    assert extreme(two_names, np.array([1.0, 0.0])) == pytest.approx([0.2, 0.8])
    assert asked == [*unknown, "highs-ipm" if unknown else "highs"]


def test_where_no_algorithm_has_an_answer_the_solver_has_failed(
    monkeypatch: pytest.MonkeyPatch, two_names: Problem
) -> None:
    answering(monkeypatch, "highs", "highs-ipm")
    with pytest.raises(SolverFailed, match=r"without an answer .*Unknown"):
        extreme(two_names, np.array([1.0, 0.0]))
