"""Forecast intervals: the drift that is measured, where it is unknown, and how often they hold."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pytest

from betaneutral_xl.engine.estimators.fitting import fit, observe
from betaneutral_xl.engine.forecast_errors import ForecastErrors, forecast_errors
from betaneutral_xl.engine.intervals import (
    LEVEL,
    NORMAL,
    BetaForecast,
    forecasts,
    name_forecasts,
    quantile,
)
from betaneutral_xl.engine.regression import slopes
from betaneutral_xl.model.history import RecordedErrors
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.returns import Returns

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import Covariance

NAMES = 12


def simulated(drift: float, days: int = 504, seed: int = 3) -> FloatArray:
    """Return returns of names whose betas to the first one jump by ``drift`` from month to month."""
    rng = np.random.default_rng(seed)
    market = 0.01 * rng.normal(size=days)
    months = np.arange(days) // 21
    betas = 1.0 + drift * rng.normal(size=(months.max() + 1, NAMES))
    returns = betas[months] * market[:, None] + 0.008 * rng.normal(size=(days, NAMES))
    returns[:, 0] = market
    return returns


def estimate(returns: FloatArray, method: str = "sample") -> Covariance:
    dates = np.array([date(2024, 1, 1) + timedelta(days=i) for i in range(len(returns))], "datetime64[D]")
    tickers = tuple(f"N{i}" for i in range(returns.shape[1]))
    origin = Provenance.given(len(tickers))
    return fit(observe(Returns(tickers, dates, returns, origin)), method)


UNIT = np.eye(NAMES)[0]


def errors_of(covariance: Covariance, unit: FloatArray = UNIT) -> ForecastErrors | None:
    return forecast_errors(covariance.history, covariance.tickers, unit)


def test_the_normal_quantile_is_that_of_the_level_shown() -> None:
    assert NormalDist().inv_cdf(0.5 + LEVEL / 2.0) == NORMAL


def test_quantile_is_that_of_student() -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    for blocks in (6, 7, 10, 18):
        for level in (0.68, 0.95, 0.99):
            exact = float(scipy_stats.t.ppf(0.5 + level / 2.0, blocks))
            assert quantile(level, blocks) == pytest.approx(exact, abs=5e-3 if level > 0.95 else 5e-4)


def test_constant_betas_have_hardly_any_drift_and_moving_ones_their_own() -> None:
    still = [math.sqrt(one) for one in _taus(0.0)]
    moving = [math.sqrt(one) for one in _taus(0.4)]
    assert np.median(still) < 0.1
    assert np.median(moving) == pytest.approx(0.4, abs=0.08)


def _taus(drift: float) -> list[float]:
    found = []
    for seed in range(8):
        errors = errors_of(estimate(simulated(drift, seed=seed)))
        assert errors is not None
        found += errors.names()[0][1:].tolist()
    return found


def test_drift_of_a_portfolio_is_the_formula_of_its_series() -> None:
    returns = simulated(0.3)
    w = np.linspace(-0.5, 1.0, NAMES)
    (found,) = forecasts(estimate(returns), UNIT, w[:, None])
    squares = []
    for k in range(18):
        end = 504 - 21 * k
        before, block = returns[: end - 21], returns[end - 21 : end]
        (past, past_error), (real, error) = (
            (part.item() for part in slopes((days @ w)[:, None], days[:, :1])) for days in (before, block)
        )
        squares.append((real - past) ** 2 - past_error**2 - error**2)
    assert found.blocks == 18
    assert found.drift**2 == pytest.approx(np.mean(squares), rel=1e-6)


def test_drift_of_a_name_is_that_of_a_portfolio_of_it_alone() -> None:
    covariance = estimate(simulated(0.3), "volatility_scaled")
    by_name = name_forecasts(covariance, UNIT)
    as_portfolios = forecasts(covariance, UNIT, np.eye(NAMES))
    for one, other in zip(by_name, as_portfolios, strict=True):
        assert one.drift == pytest.approx(other.drift, abs=1e-9)
        assert one.beta == pytest.approx(other.beta, abs=1e-12)


def test_etf_itself_has_no_drift() -> None:
    (own,) = forecasts(estimate(simulated(0.3)), UNIT, UNIT[:, None])
    assert own.half_width() == pytest.approx(0.0, abs=1e-6)


def test_interval_holds_next_months_beta_19_times_in_20() -> None:
    inside = []
    for seed in range(30):
        returns = simulated(0.3, days=525, seed=100 + seed)
        predicted = name_forecasts(estimate(returns[:504]), UNIT)
        real, error = slopes(returns[504:], returns[504:, :1])
        inside += [
            abs(real[i, 0] - one.beta) <= one.half_width(0.95, float(error[i, 0]))
            for i, one in enumerate(predicted)
            if i
        ]
    assert 0.92 <= np.mean(inside) <= 0.98


def test_covariance_without_history_has_no_interval() -> None:
    (one,) = forecasts(replace(estimate(simulated(0.3)), history=None), UNIT, UNIT[:, None])
    assert math.isnan(one.drift)
    assert math.isnan(one.half_width())
    assert math.isfinite(one.se)


def test_too_few_months_have_no_interval() -> None:
    assert errors_of(estimate(simulated(0.3, days=84 + 5 * 21))) is None
    assert errors_of(estimate(simulated(0.3, days=84 + 6 * 21))) is not None


def test_name_without_returns_of_its_own_in_most_months_has_no_interval() -> None:
    returns = simulated(0.3)
    returns[:-80, 5] = np.nan
    found = name_forecasts(estimate(returns), UNIT)
    assert math.isnan(found[5].drift)
    assert math.isfinite(found[4].drift)


def test_selected_names_keep_their_drift() -> None:
    covariance = estimate(simulated(0.3), "volatility_scaled")
    few = covariance.select(["N3", "N0", "N7"])
    unit = np.array([0.0, 1.0, 0.0])
    whole, part = name_forecasts(covariance, UNIT), name_forecasts(few, unit)
    assert part[0].drift == pytest.approx(whole[3].drift, rel=1e-9)
    assert part[2].drift == pytest.approx(whole[7].drift, rel=1e-9)


def test_recorded_errors_give_the_same_drift_without_the_returns() -> None:
    covariance = estimate(simulated(0.3))
    found = errors_of(covariance)
    assert found is not None
    record = RecordedErrors(covariance.tickers, UNIT, found.errors, found.own, found.sampling_matrix())
    recorded = replace(covariance, history=(record,))
    w = np.linspace(-0.5, 1.0, NAMES)
    for one, scale in ((1.0, 1.0), (2.0, 0.5)):  # twice the ETF has half the betas
        (kept,) = forecasts(recorded, one * UNIT, w[:, None])
        (full,) = forecasts(covariance, UNIT, w[:, None])
        assert kept.drift == pytest.approx(scale * full.drift, rel=1e-6)
    assert errors_of(recorded, np.eye(NAMES)[1]) is None  # another ETF's


def test_weekly_returns_have_no_interval_of_next_month() -> None:
    returns = simulated(0.3)
    dates = np.array([date(2016, 1, 1) + timedelta(days=7 * i) for i in range(len(returns))], "datetime64[D]")
    tickers = tuple(f"N{i}" for i in range(NAMES))
    weekly = fit(observe(Returns(tickers, dates, returns, Provenance.given(NAMES))), "sample")
    (one,) = forecasts(weekly, UNIT, UNIT[:, None])
    assert math.isnan(one.half_width())
    assert math.isfinite(one.se)


def test_interval_needs_standard_error_and_drift() -> None:
    assert math.isnan(BetaForecast(0.5, math.nan, 0.1, 18).half_width())
    assert math.isnan(BetaForecast(0.5, 0.1).low)
    whole = BetaForecast(0.5, 0.03, 0.04, 18)
    assert whole.half_width() == pytest.approx(quantile(0.95, 18) * 0.05)
    assert (whole.low + whole.high) / 2.0 == pytest.approx(0.5)
    assert whole.half_width(added_se=0.12) == pytest.approx(quantile(0.95, 18) * 0.13)
