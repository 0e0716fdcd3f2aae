from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaneutral_xl.engine.estimators.fitting import estimate
from betaneutral_xl.engine.regression import (
    betas,
    decaying_weights,
    effective_days,
    vasicek,
)
from betaneutral_xl.errors import InputError, UndefinedBeta
from betaneutral_xl.model.returns import Returns

api = pytest.importorskip("statsmodels.api")


@given(seed=st.integers(0, 2**16), days=st.integers(5, 60))
@settings(max_examples=25, deadline=None)
def test_slope_and_standard_error_are_those_of_ordinary_least_squares(seed: int, days: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 0.01, days)
    y = 1.3 * x + rng.normal(0.001, 0.02, days)
    fit = api.OLS(y, api.add_constant(x)).fit()
    ours = betas(y[:, None], x)
    assert ours.beta[0] == pytest.approx(fit.params[1], rel=1e-9)
    assert ours.standard_error[0] == pytest.approx(fit.bse[1], rel=1e-9)
    assert ours.days[0] == pytest.approx(days)


@pytest.mark.parametrize("shape", ["one", "several"])
def test_a_sample_covariance_gives_the_standard_errors_of_least_squares(shape: str) -> None:
    """The covariance's own formula, in factor form, against a regression on the basket's returns."""
    rng = np.random.default_rng(2)
    days, names = 90, 150  # more names than days: V has not full rank
    matrix = rng.normal(0, 0.01, (days, 1)) + rng.normal(0, 0.02, (days, names))
    tickers = [f"N{i:03d}" for i in range(names)]
    returns = Returns.from_matrix(tickers, np.datetime64("2024-01-01") + np.arange(days), matrix)
    covariance = estimate(returns, "sample")
    baskets = rng.dirichlet(np.ones(names), 2).T
    w = rng.normal(0, 0.1, names)
    basket = baskets[:, 0] if shape == "one" else baskets
    error = covariance.beta_standard_error(basket)
    beta = covariance.predicted_beta(basket)
    portfolio = covariance.portfolio_beta_standard_error(w, basket)
    assert error.shape == basket.shape
    for k in range(1 if shape == "one" else 2):
        x = api.add_constant(matrix @ baskets[:, k])
        for i in (0, 77):
            fit = api.OLS(matrix[:, i], x).fit()
            assert np.atleast_2d(beta.T)[k, i] == pytest.approx(fit.params[1], rel=1e-9)
            assert np.atleast_2d(error.T)[k, i] == pytest.approx(fit.bse[1], rel=1e-9)
        fit = api.OLS(matrix @ w, x).fit()
        assert np.atleast_1d(portfolio)[k] == pytest.approx(fit.bse[1], rel=1e-9)


def test_weighted_slopes_are_those_of_weighted_least_squares() -> None:
    rng = np.random.default_rng(3)
    x, q = rng.normal(0, 0.01, 80), decaying_weights(80, 20)
    y = 0.7 * x + rng.normal(0, 0.01, 80)
    fit = api.WLS(y, api.add_constant(x), weights=q).fit()
    ours = betas(y[:, None], x, q)
    assert ours.beta[0] == pytest.approx(fit.params[1], rel=1e-9)
    freedom = (80 - 2) / (effective_days(q) - 2)
    assert ours.standard_error[0] == pytest.approx(fit.bse[1] * np.sqrt(freedom), rel=1e-9)


def test_each_asset_uses_the_days_it_shares_with_the_etf() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(0, 0.01, 50)
    y = np.column_stack([x * 2 + rng.normal(0, 0.01, 50), np.full(50, np.nan), x])
    y[10:20, 0] = x[:3] = np.nan
    y[3:, 2] = np.where(np.arange(47) < 2, y[3:, 2], np.nan)
    fit = betas(y, x)
    both = np.isfinite(y[:, 0]) & np.isfinite(x)
    expected = api.OLS(y[both, 0], api.add_constant(x[both])).fit()
    assert fit.beta[0] == pytest.approx(expected.params[1], rel=1e-9)
    assert fit.standard_error[0] == pytest.approx(expected.bse[1], rel=1e-9)
    assert fit.days.tolist() == pytest.approx([37.0, 0.0, 2.0])
    assert np.isnan(fit.beta[1:]).all()
    assert np.isnan(fit.standard_error[1:]).all()


def test_beta_to_an_etf_that_does_not_move_is_undefined() -> None:
    with pytest.raises(UndefinedBeta, match="do not vary"):
        betas(np.ones((10, 2)), np.zeros(10))


def test_weights_halve_and_count_their_days() -> None:
    q = decaying_weights(2000, 63)
    assert q.sum() == pytest.approx(1.0)
    assert q[-1] / q[-64] == pytest.approx(2.0)
    decay = 2 ** (-1 / 63)
    assert effective_days(q) == pytest.approx((1 + decay) / (1 - decay), rel=1e-6)
    with pytest.raises(InputError, match="half-life"):
        decaying_weights(10, 0.0)


def test_vasicek_shrinks_uncertain_betas_more_and_certain_ones_not_at_all() -> None:
    beta, error = np.array([0.2, 1.0, 1.8]), np.array([0.0, 0.3, 0.6])
    shrunk = vasicek(beta, error)
    assert shrunk[0] == pytest.approx(0.2)
    assert abs(shrunk[2] - 1.0) < 0.8
    assert vasicek(np.ones(3), np.full(3, 0.2)).tolist() == [1.0, 1.0, 1.0]
    assert vasicek(beta, np.zeros(3)).tolist() == beta.tolist()


def test_no_error_bar_without_effective_days() -> None:
    returns = Returns.from_matrix(
        ["A", "B"],
        np.datetime64("2024-01-01") + np.arange(30),
        np.random.default_rng(0).normal(size=(30, 2)) / 100,
    )
    covariance = estimate(returns, "sample")
    unknown = type(covariance)(covariance.tickers, covariance.form, covariance.provenance)
    f = np.array([0.5, 0.5])
    assert np.isnan(unknown.beta_standard_error(f)).all()
    assert np.isnan(unknown.portfolio_beta_standard_error(f, np.column_stack([f, f]))).all()
    few = type(covariance)(covariance.tickers, covariance.form, covariance.provenance, effective_days=2.0)
    assert np.isnan(few.beta_standard_error(f)).all()


def test_a_name_seen_on_fewer_days_has_the_wider_error_bar() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(0, 0.01, (200, 1)) + rng.normal(0, 0.01, (200, 20))
    matrix[:150, 3] = np.nan
    returns = Returns.from_matrix(
        [f"N{i:02d}" for i in range(20)], np.datetime64("2024-01-01") + np.arange(200), matrix
    )
    covariance = estimate(returns, "sample")
    f = np.where(np.arange(20) >= 10, 0.1, 0.0)
    error = covariance.beta_standard_error(f)
    assert error[3] > 1.6 * np.delete(error[:10], 3).max()
    alone = covariance.portfolio_beta_standard_error(np.eye(20)[3], f)
    assert float(alone) == pytest.approx(error[3])
    assert covariance.select(["N03", "N00"]).seen is not None
