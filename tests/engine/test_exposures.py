from __future__ import annotations

import math

import numpy as np
import pytest

from betaneutral_xl.engine.exposures import contributions, etf_variance_share, shocks, variance_split
from betaneutral_xl.engine.intervals import BetaForecast
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.errors import InputError
from betaneutral_xl.model.alignment import Aligned, align
from betaneutral_xl.model.market import Market
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance

V = np.array([[0.04, 0.02, 0.01], [0.02, 0.03, 0.015], [0.01, 0.015, 0.05]])
W, F = np.array([0.3, 0.4, 0.3]), np.array([0.4, 0.3, 0.3])


def aligned(*, days: float | None = 122.0, etfs: int = 1) -> Aligned:
    names = ("A", "B", "C")
    risk = Covariance.from_matrix(names, V, effective_days=days)
    funds = [Etf.from_weights(dict(zip(names, F.tolist(), strict=True)), "E")]
    if etfs == 2:
        funds.append(Etf.from_weights({"C": 1.0}, "G"))
    return align(Holdings.from_weights(dict(zip(names, W.tolist(), strict=True))), funds, risk)


def test_the_share_of_one_etf_is_the_squared_correlation() -> None:
    expected = (W @ V @ F) ** 2 / ((W @ V @ W) * (F @ V @ F))
    assert etf_variance_share(aligned(), W) == pytest.approx(expected, rel=1e-12)


def test_a_hedge_leaves_no_share_and_a_second_etf_never_lowers_it() -> None:
    one, two = aligned(), aligned(etfs=2)
    hedged = neutralise(Question(one.holdings, one.etfs, one.risk_model))
    assert etf_variance_share(one, hedged.new_weights) == pytest.approx(0.0, abs=1e-12)
    assert etf_variance_share(two, W) >= etf_variance_share(one, W)
    assert etf_variance_share(one, F) == pytest.approx(1.0, rel=1e-12)


def test_a_portfolio_without_variance_has_no_share() -> None:
    assert math.isnan(etf_variance_share(aligned(), np.zeros(3)))
    assert np.isnan(contributions(aligned(), np.zeros(3)).volatility).all()


def test_losses_are_beta_times_the_fall_with_the_interval_of_next_months_beta() -> None:
    forecast = BetaForecast(0.5, 0.05, 0.1, 18)
    ten, twenty = shocks({"E": forecast})
    assert (ten.etf, ten.move, twenty.move) == ("E", -0.1, -0.2)
    assert ten.expected == pytest.approx(-0.05, rel=1e-12)
    assert twenty.expected == pytest.approx(2.0 * ten.expected, rel=1e-12)
    assert ten.high - ten.low == pytest.approx(0.1 * (forecast.high - forecast.low), rel=1e-12)
    assert ten.low == pytest.approx(-0.1 * forecast.high, rel=1e-12)


def test_an_unknown_drift_is_no_interval_but_a_standard_error() -> None:
    one, _ = shocks({"E": BetaForecast(0.5, 0.05)})
    assert math.isnan(one.low)
    assert math.isnan(one.high)
    assert one.se == pytest.approx(0.005)


def test_the_parts_of_a_variance_are_those_of_two_regressions_and_sum_to_one() -> None:
    one = aligned()
    split = variance_split(one, W, "C")
    both = np.column_stack([F, np.array([0.0, 0.0, 1.0])])
    explained = (both.T @ V @ W) @ np.linalg.solve(both.T @ V @ both, both.T @ V @ W)
    assert split.etfs + split.market == pytest.approx(explained / (W @ V @ W), rel=1e-10)
    assert split.etfs + split.market + split.rest == pytest.approx(1.0)
    assert split.volatility == pytest.approx(math.sqrt(W @ V @ W))


def test_without_a_market_the_rest_is_all_that_the_etf_leaves() -> None:
    split = variance_split(aligned(), W)
    assert math.isnan(split.market)
    assert split.etfs + split.rest == pytest.approx(1.0)


def test_a_market_that_is_given_splits_as_its_ticker_does() -> None:
    one = aligned()
    given = align(one.holdings, one.etfs, one.risk_model, market=Market.of("C"))
    by_ticker = variance_split(one, W, "C")
    assert variance_split(given, W).market == pytest.approx(by_ticker.market, rel=1e-10)


def test_contributions_sum_to_the_portfolio_and_over_groups() -> None:
    found = contributions(aligned(etfs=2), W)
    np.testing.assert_allclose(found.beta.sum(axis=0), aligned(etfs=2).betas.T @ W, rtol=1e-12)
    assert found.volatility.sum() == pytest.approx(math.sqrt(W @ V @ W), rel=1e-12)
    grouped = found.by_group({"first": ["A", "B"]})
    assert grouped.labels == ("first", "other")
    np.testing.assert_allclose(grouped.volatility, [found.volatility[:2].sum(), found.volatility[2]])
    np.testing.assert_allclose(grouped.beta[0], found.beta[:2].sum(axis=0))
    assert found.by_group({"all": ["A", "B", "C"]}).labels == ("all",)


def test_a_name_in_two_groups_is_refused() -> None:
    with pytest.raises(InputError, match="A is in two groups, x and y"):
        contributions(aligned(), W).by_group({"x": ["A"], "y": ["A"]})
