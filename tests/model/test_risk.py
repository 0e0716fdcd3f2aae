from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.errors import (
    DuplicateTicker,
    InputError,
    MissingValue,
    NotPositiveSemidefinite,
    UndefinedBeta,
    UnknownTicker,
)
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import SCIPY_ONCE_FROM, Covariance, Dense, Factors, solved_once

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray


def factor_model(seed: int, n: int = 12, k: int = 3) -> Factors:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(k, k))
    return Factors.from_exposures(rng.normal(size=(n, k)), a @ a.T / k, rng.uniform(0.01, 0.1, n))


def test_beta_of_the_notebooks_example(risk: Covariance) -> None:
    beta = risk.predicted_beta(np.array([0.4, 0.3, 0.3]))
    np.testing.assert_allclose(beta, [1.06382979, 0.91489362, 1.0], atol=5e-9)


def test_implied_returns_of_he_and_litterman() -> None:
    """He and Litterman (1999), tables 1 and 2: seven countries, risk aversion 2.5."""
    volatility = np.array([16.0, 20.3, 24.8, 27.1, 21.0, 20.0, 18.7]) / 100
    market = np.array([1.6, 2.2, 5.2, 5.5, 11.6, 12.4, 61.5]) / 100
    correlation = np.eye(7)
    correlation[np.triu_indices(7, 1)] = [
        *(0.488, 0.478, 0.515, 0.439, 0.512, 0.491),
        *(0.664, 0.655, 0.310, 0.608, 0.779),
        *(0.861, 0.355, 0.783, 0.668),
        *(0.354, 0.777, 0.653),
        *(0.405, 0.306),
        0.652,
    ]
    correlation = np.triu(correlation) + np.triu(correlation, 1).T
    countries = ["AUL", "CAN", "FRA", "GER", "JAP", "UKG", "USA"]
    model = Covariance.from_matrix(countries, correlation * np.outer(volatility, volatility))
    implied = 2.5 * model.predicted_beta(market) * model.variance(market)
    assert (implied * 100).round(1).tolist() == [3.9, 6.9, 8.4, 9.0, 4.3, 6.8, 7.6]


def test_minimum_variance_hedge_ratio_of_hull() -> None:
    """Hull, Options, Futures and Other Derivatives: jet fuel hedged with heating oil futures."""
    spot, future, correlation = 0.0263, 0.0313, 0.928
    cross = correlation * spot * future
    model = Covariance.from_matrix(["JET", "OIL"], np.array([[spot**2, cross], [cross, future**2]]))
    ratio = model.predicted_beta(np.array([0.0, 1.0]))[0]
    assert ratio == pytest.approx(0.928 * 0.0263 / 0.0313, rel=1e-12)
    assert round(float(ratio), 2) == 0.78


def test_beta_and_correlation_of_the_funds_own_files() -> None:
    covariance, etf, portfolio = 0.020066824525673245, 0.17806132034554187, 0.12597795221886693
    matrix = np.array([[portfolio**2, covariance], [covariance, etf**2]])
    model = Covariance.from_matrix(["PORTFOLIO", "ETF"], matrix)
    beta = float(model.predicted_beta(np.array([0.0, 1.0]))[0])
    assert beta == pytest.approx(0.6329063808960423, rel=1e-14)
    sigma = model.volatilities
    assert beta * sigma[1] / sigma[0] == pytest.approx(0.8945703899177203, rel=1e-14)


@given(st.integers(0, 10_000))
def test_the_factor_form_is_equivalent_to_its_dense_matrix(seed: int) -> None:
    factors = factor_model(seed)
    dense = Dense(factors.dense())
    x = np.random.default_rng(seed).normal(size=(12, 2))
    rows = np.array([7, 0, 3])
    np.testing.assert_allclose(factors.matvec(x), dense.matvec(x), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(factors.matvec(x[:, 0]), dense.matvec(x[:, 0]), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(factors.variances(), dense.variances(), rtol=1e-9)
    np.testing.assert_allclose(
        factors.subset(rows).dense(), dense.subset(rows).dense(), rtol=1e-9, atol=1e-12
    )
    columns = np.arange(12)
    np.testing.assert_allclose(factors.between(3, columns), dense.between(3, columns), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(factors.solver()(x), dense.solver()(x), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(factors.matvec(factors.solver()(x)), x, rtol=1e-6, atol=1e-8)


@given(st.integers(0, 10_000))
def test_an_etfs_own_beta_is_one(seed: int) -> None:
    model = Covariance(tuple("ABCDEFGHIJKL"), factor_model(seed), Provenance.given(12))
    baskets = np.random.default_rng(seed).dirichlet(np.ones(12), size=2).T
    own = np.einsum("nk,nk->k", model.predicted_beta(baskets), baskets)
    np.testing.assert_allclose(own, 1.0, rtol=1e-12)


def test_selected_names_keep_their_rows(risk: Covariance) -> None:
    part = risk.select(["C", "A"])
    assert part.tickers == ("C", "A")
    assert part.form.dense().tolist() == [[0.05, 0.01], [0.01, 0.04]]
    assert risk.between("B", ["C", "A"]).tolist() == [0.015, 0.02]


def test_the_product_with_few_names_equals_the_full_product() -> None:
    dense = Dense(factor_model(0, n=40).dense())
    rng = np.random.default_rng(1)
    baskets = np.zeros((40, 2))
    baskets[[3, 17], 0], baskets[[3, 30], 1] = rng.normal(size=2), rng.normal(size=2)
    np.testing.assert_allclose(dense.matvec(baskets), dense.matrix @ baskets, rtol=1e-12)
    np.testing.assert_allclose(dense.matvec(baskets[:, 0]), dense.matrix @ baskets[:, 0], rtol=1e-12)
    np.testing.assert_array_equal(dense.matvec(np.zeros(40)), np.zeros(40))


def test_selecting_an_uncovered_name_is_refused(risk: Covariance) -> None:
    with pytest.raises(UnknownTicker, match="no row for Z") as caught:
        risk.select(["A", "Z"])
    assert caught.value.tickers == ("Z",)


def matrix_with(row: int, column: int, value: float) -> FloatArray:
    matrix = np.array([[0.04, 0.02, 0.01], [0.02, 0.03, 0.015], [0.01, 0.015, 0.05]])
    matrix[row, column] = value
    return matrix


@pytest.mark.parametrize(
    ("tickers", "matrix", "error", "words"),
    [
        ("ABC", np.ones((3, 2)), InputError, "3 x 2, not square"),
        ("AB", np.eye(3), InputError, "3 rows but 2 tickers"),
        ("ABA", np.eye(3), DuplicateTicker, "lists A more than once"),
        ("ABC", matrix_with(0, 1, np.nan), MissingValue, "the first for A and B"),
        (
            "ABC",
            matrix_with(0, 1, 0.5),
            NotPositiveSemidefinite,
            "not symmetric: A with B is 0.5 one way and 0.02",
        ),
        ("ABC", matrix_with(2, 2, -0.05), NotPositiveSemidefinite, "smallest eigenvalue is -0.0"),
        (
            "ABC",
            np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]),
            NotPositiveSemidefinite,
            "smallest eigenvalue is -0.8",
        ),
    ],
)
def test_an_invalid_matrix_is_refused_with_the_reason(
    tickers: str, matrix: FloatArray, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        Covariance.from_matrix(list(tickers), matrix)


def test_a_singular_covariance_is_accepted() -> None:
    model = Covariance.from_matrix(["A", "B"], np.full((2, 2), 0.04))
    assert model.volatility(np.array([1.0, -1.0])) == 0.0


def test_an_etf_without_variance_has_no_beta(risk: Covariance) -> None:
    with pytest.raises(UndefinedBeta, match="no variance"):
        risk.predicted_beta(np.zeros(3))


@pytest.mark.parametrize(
    ("loadings", "specific", "words"),
    [
        (np.ones((3, 1)), np.ones(2), "loadings of 3 assets but 2"),
        (np.ones((2, 1)), np.array([0.1, -0.1]), "negative or missing"),
        (np.array([[1.0], [np.nan]]), np.ones(2), "negative or missing"),
    ],
)
def test_a_factor_model_validates_its_shapes_and_signs(
    loadings: FloatArray, specific: FloatArray, words: str
) -> None:
    with pytest.raises((InputError, NotPositiveSemidefinite), match=words):
        Factors(loadings, specific)


def test_a_factor_covariance_with_a_negative_eigenvalue_is_refused() -> None:
    with pytest.raises(NotPositiveSemidefinite, match="negative eigenvalue"):
        Factors.from_exposures(np.ones((3, 2)), np.diag([0.04, -0.01]), np.ones(3))


@pytest.mark.parametrize(
    ("factor", "unit"),
    [
        (1 / 52, "weekly decimals"),
        (1e4 / 52, "weekly percent squared"),
        (1e4 / 12, "monthly percent squared"),
    ],
)
def test_a_matrix_of_a_longer_period_is_named_as_that(factor: float, unit: str) -> None:
    matrix = np.array([[0.09, 0.02, 0.02], [0.02, 0.06, 0.02], [0.02, 0.02, 0.05]]) * factor
    with pytest.raises(InputError, match=f"It looks like {unit}: multiply by"):
        Covariance.from_source(["A", "B", "C"], matrix, Provenance.given(3))


@pytest.mark.parametrize(("variance", "shown"), [(2e-8, "A 0.01%"), (0.0, "A 0.00%"), (4.0, "A 200.00%")])
def test_one_volatility_far_from_the_others_is_told(variance: float, shown: str) -> None:
    matrix = np.diag([variance, 0.06, 0.05, 0.04])
    made = Covariance.from_source(["A", "B", "C", "D"], matrix, Provenance.given(4))
    assert any(shown in line and "far from the median" in line for line in made.warnings)


@pytest.mark.parametrize("daily", [[0], [0, 1], [3, 4, 5]])
def test_variances_in_daily_units_among_annual_ones_are_told(daily: list[int]) -> None:
    volatility = np.array([0.35, 0.3, 0.28, 0.25, 0.22, 0.2])
    matrix = np.outer(volatility, volatility) * (0.4 + 0.6 * np.eye(6))
    assert Covariance.from_source(list("ABCDEF"), matrix, Provenance.given(6)).warnings == ()
    scale = np.where(np.isin(np.arange(6), daily), 1.0 / np.sqrt(252.0), 1.0)
    mixed = Covariance.from_source(list("ABCDEF"), matrix * np.outer(scale, scale), Provenance.given(6))
    (line,) = mixed.warnings
    assert "has volatilities far from" in line
    named = [name for name, is_daily in zip("ABCDEF", scale < 1.0, strict=True) if is_daily]
    assert [name for name in "ABCDEF" if f"{name} " in line.partition(":")[2]] == named


@pytest.mark.parametrize(
    ("zeros", "told"),
    [
        ([(0, 1), (0, 2), (0, 3), (0, 4)], "A with 4 of 4 others."),
        ([(0, 1)], "A with 1 of 4 others, B with 1 of 4 others."),
    ],
)
def test_covariances_of_exactly_zero_are_told_as_missing(zeros: list[tuple[int, int]], told: str) -> None:
    matrix = np.full((5, 5), 0.02) + np.diag([0.07, 0.06, 0.05, 0.04, 0.05])
    for i, j in zeros:
        matrix[i, j] = matrix[j, i] = 0.0
    (line,) = Covariance.from_source(list("ABCDE"), matrix, Provenance.given(5)).warnings
    assert f"has covariances of exactly zero: {told}" in line


def test_cash_has_no_covariances() -> None:
    matrix = np.full((4, 4), 0.02) + np.diag([0.07, 0.06, 0.05, 0.04])
    matrix[0] = matrix[:, 0] = 0.0
    made = Covariance.from_source(["CASH", "B", "C", "D"], matrix, Provenance.given(4))
    assert not any("exactly zero" in line for line in made.warnings)


def test_the_rounding_of_a_symmetric_matrix_is_averaged_away() -> None:
    made = Covariance.from_matrix(["A", "B"], np.array([[0.09, 0.02 + 5e-8], [0.02, 0.04]]))
    assert made.form.dense() == pytest.approx(np.array([[0.09, 0.02], [0.02, 0.04]]), abs=5e-8)
    with pytest.raises(NotPositiveSemidefinite, match=r"is 0\.020001 one way and 0\.02 the other"):
        Covariance.from_matrix(["A", "B"], np.array([[0.09, 0.020001], [0.02, 0.04]]))


def test_a_volatility_above_500_percent_is_refused() -> None:
    with pytest.raises(InputError, match="a volatility of 510%"):
        Covariance.from_source(["A", "B", "C"], np.diag([26.01, 0.06, 0.05]), Provenance.given(3))


@pytest.mark.parametrize("n", [SCIPY_ONCE_FROM, SCIPY_ONCE_FROM + 1])
@pytest.mark.parametrize("columns", [(), (2,)])
def test_one_system_is_solved_without_scipy_and_with_it(n: int, columns: tuple[int, ...]) -> None:
    rng = np.random.default_rng(7)
    returns = rng.normal(size=(n, 2 * n))
    form = Dense(returns @ returns.T / n)
    expected = rng.normal(size=(n, *columns))
    np.testing.assert_allclose(solved_once(form, form.matrix @ expected), expected, atol=1e-9)
    with pytest.raises(np.linalg.LinAlgError):
        solved_once(Dense(np.ones((n, n))), expected)


def test_few_factors_without_specific_risk_are_singular_however_they_are_rounded() -> None:
    loadings = np.array([[0.7], [0.2]])
    np.linalg.cholesky(loadings @ loadings.T)  # rounded to a positive pivot
    with pytest.raises(np.linalg.LinAlgError):
        solved_once(Factors(loadings, np.zeros(2)), np.ones(2))
