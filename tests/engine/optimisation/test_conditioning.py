"""Equalities that are nearly dependent, compared with exact rational arithmetic."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.optimisation.conditioning import well_conditioned
from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram
from betaneutral_xl.engine.result import Method
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance, Dense

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray

N = 8
NAMES = [f"N{i}" for i in range(N)]


def near_copies(distance: float = 1e-6) -> tuple[Holdings, list[Etf], Covariance]:
    """Return a portfolio and two ETFs whose weights differ by about ``distance``."""
    rng = np.random.default_rng(5)
    loadings = rng.normal(size=(N, 3)) * 0.2
    matrix = loadings @ loadings.T + np.diag(rng.uniform(0.02, 0.1, N))
    first = rng.dirichlet(np.ones(N))
    second = first * (1.0 + distance * rng.normal(size=N))
    funds = [
        Etf.from_weights(dict(zip(NAMES, f.tolist(), strict=True)), n)
        for f, n in ((first, "A"), (second, "B"))
    ]
    held = Holdings.from_weights(dict(zip(NAMES, rng.dirichlet(np.ones(N)).tolist(), strict=True)))
    return held, funds, Covariance.from_matrix(NAMES, matrix)


def exact(weights: FloatArray, etfs: list[FloatArray], matrix: FloatArray) -> FloatArray:
    """Return the weights of least tracking error with betas of 0 and the sum kept, in exact arithmetic."""
    v = [[Fraction(x) for x in row] for row in matrix.tolist()]
    w = [Fraction(x) for x in weights.tolist()]
    rows = [[Fraction(1)] * len(w)]
    for etf in etfs:
        f = [Fraction(x) for x in etf.tolist()]
        vf = [sum((a * b for a, b in zip(row, f, strict=True)), Fraction(0)) for row in v]
        variance = sum((a * b for a, b in zip(f, vf, strict=True)), Fraction(0))
        rows.append([x / variance for x in vf])
    required = [Fraction(0)] + [
        -sum((a * b for a, b in zip(row, w, strict=True)), Fraction(0)) for row in rows[1:]
    ]
    m = len(rows)
    system = [v[i] + [row[i] for row in rows] + [Fraction(0)] for i in range(len(w))]
    system += [row + [Fraction(0)] * m + [b] for row, b in zip(rows, required, strict=True)]
    for i in range(len(system)):  # Gauss and Jordan
        pivot = max(range(i, len(system)), key=lambda r, i=i: abs(system[r][i]))  # type: ignore[misc] # i is bound
        system[i], system[pivot] = system[pivot], system[i]
        for r, row in enumerate(system):
            if r != i and row[i]:
                factor = row[i] / system[i][i]
                system[r] = [a - factor * b for a, b in zip(row, system[i], strict=True)]
    return np.array([float(x + system[i][-1] / system[i][i]) for i, x in enumerate(w)])


@pytest.mark.parametrize("distance", [1e-3, 1e-5, 1e-7])
def test_reweighting_against_near_copies_is_the_exact_closed_form(distance: float) -> None:
    held, funds, risk = near_copies(distance)
    result = neutralise(Question(held, funds, risk, method=Method.REWEIGHT))
    expected = exact(result.weights, [np.asarray(etf.weights) for etf in funds], risk.form.dense())
    # The betas' own rounding errors, 1e-16, are magnified by the weights' distance.
    np.testing.assert_allclose(result.new_weights, expected, rtol=0, atol=max(1e-14 / distance, 1e-10))
    assert result.solution is not None
    assert result.solution.proven


def test_the_near_copies_that_had_no_proven_solution_have_one(shared: Path) -> None:
    case = json.loads((shared.parent / "cases" / "truth" / "reweight_near_copies.json").read_text())
    names, matrix = case["tickers"], np.array(case["V"])
    held = Holdings.from_weights(dict(zip(names, case["weights"], strict=True)))
    funds = [Etf.from_weights(dict(zip(names, f, strict=True)), f"E{k}") for k, f in enumerate(case["etfs"])]
    result = neutralise(Question(held, funds, Covariance.from_matrix(names, matrix), method=Method.REWEIGHT))
    # The file's closed form is itself computed in floating point, to 1.3e-6.
    np.testing.assert_allclose(result.new_weights, case["expected_x_closed_form"], rtol=0, atol=2e-6)
    expected = exact(np.array(case["weights"]), [np.array(f) for f in case["etfs"]], matrix)
    np.testing.assert_allclose(result.new_weights, expected, rtol=0, atol=1e-9)


LIMITS: list[dict[str, Any]] = [
    {"lower": "-200%", "upper": "200%"},
    {"turnover": "900%"},
    {"gross": "1500%"},
    {"frozen": ["N1"]},
    {"cost_bp": 10},
    {"max_trades": 7},
]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_near_copies_are_proven_under_limits_too(limits: dict[str, Any]) -> None:
    held, funds, risk = near_copies()
    result = neutralise(
        Question(held, funds, risk, method=Method.REWEIGHT, constraints=Constraints.from_mapping(limits))
    )
    assert result.solution is not None
    assert result.solution.proven
    assert max(abs(beta) for beta in result.after.beta.values()) <= 1e-9


@pytest.mark.parametrize("method", [Method.LEAST_SQUARES, Method.FEWEST_TRADES])
def test_the_other_methods_answer_on_near_copies(method: Method) -> None:
    held, funds, risk = near_copies()
    result = neutralise(Question(held, funds, risk, method=method))
    assert result.solution is not None
    assert result.solution.proven


def program(conditions: FloatArray) -> QuadraticProgram:
    m = conditions.shape[1]
    weights = np.full(N, 1.0 / N)
    sides = conditions.T @ weights + 0.1 * np.arange(m)
    return QuadraticProgram(
        Dense(np.eye(N)),
        weights,
        np.full(N, -np.inf),
        np.full(N, np.inf),
        conditions,
        sides,
        sides,
        tuple(f"row {k}" for k in range(m)),
    )


def test_independent_conditions_are_left_as_they_are() -> None:
    problem = program(np.column_stack([np.ones(N), np.arange(N, dtype=np.float64)]))
    assert well_conditioned(problem) is problem


def test_the_equivalent_program_has_orthonormal_equalities_and_the_same_solutions() -> None:
    rng = np.random.default_rng(2)
    ones, beta = np.ones(N), rng.normal(size=N)
    problem = program(np.column_stack([ones, beta, beta + 1e-6 * rng.normal(size=N)]))
    equivalent = well_conditioned(problem)
    np.testing.assert_allclose(equivalent.conditions.T @ equivalent.conditions, np.eye(3), atol=1e-14)
    x = np.linalg.lstsq(equivalent.conditions.T, equivalent.row_lower, rcond=None)[0]
    np.testing.assert_allclose(problem.conditions.T @ x, problem.row_lower, rtol=0, atol=1e-9)
