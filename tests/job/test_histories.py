from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from betaneutral_xl.engine.estimators import estimate
from betaneutral_xl.engine.intervals import name_forecasts
from betaneutral_xl.errors import UndefinedBeta
from betaneutral_xl.hosts.sheets import handles
from betaneutral_xl.job import sample
from betaneutral_xl.job.histories import drift_from_plain, drift_to_plain, from_plain, to_plain
from betaneutral_xl.job.inputs import read
from betaneutral_xl.model.alignment import align
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.returns import Prices
from betaneutral_xl.model.risk import Covariance

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_history_of_an_estimate_survives_being_kept() -> None:
    rng = np.random.default_rng(0)
    levels = 100.0 * np.cumprod(1.0 + rng.normal(0.0, 0.01, (300, 3)), axis=0)
    levels[:40, 2] = np.nan
    days = np.busday_offset("2022-01-03", np.arange(300), roll="forward")
    prices = Prices.from_matrix(("A", "B", "C"), list(days.astype(object)), levels)
    history = estimate(prices.returns(), "exponential", half_life=21.0).history
    assert history is not None
    about, arrays = to_plain(history)
    again = from_plain(json.loads(json.dumps(about)), arrays)
    assert again is not None
    units = np.array([[0.5], [0.5], [0.0]])
    np.testing.assert_array_equal(
        again.beta_errors(("A", "B", "C"), units), history.beta_errors(("A", "B", "C"), units)
    )


def test_no_history_stays_none() -> None:
    assert from_plain(*to_plain(None)) is None
    assert drift_from_plain(*drift_to_plain(None)) is None


def priced() -> Covariance:
    rng = np.random.default_rng(1)
    levels = 100.0 * np.cumprod(1.0 + rng.normal(0.0, 0.01, (300, 3)), axis=0)
    days = np.busday_offset("2022-01-03", np.arange(300), roll="forward")
    prices = Prices.from_matrix(("A", "B", "C"), list(days.astype(object)), levels)
    return estimate(prices.returns(), "exponential", half_life=21.0)


@pytest.mark.parametrize("made", [priced, sample.load_covariance])
def test_the_intervals_of_a_covariance_that_is_kept_are_the_same(made: Callable[[], Covariance]) -> None:
    covariance = made()
    unit = covariance.drift[0].unit if isinstance(covariance.drift, tuple) else np.array([0.5, 0.5, 0.0])
    again = handles.from_bytes(handles.to_bytes(covariance))
    assert name_forecasts(again, unit) == name_forecasts(covariance, unit)
    assert math.isfinite(name_forecasts(again, unit)[0].half_width())


def test_a_covariance_without_what_drift_is_measured_with_has_a_handle_of_its_own() -> None:
    covariance = priced()
    assert handles.fingerprint(covariance) != handles.fingerprint(replace(covariance, drift=None))


def test_the_sample_has_past_errors_of_betas_to_its_own_etf_only() -> None:
    holdings = read(sample.raw_input(sample.HOLDINGS), Holdings).value
    etf = read(sample.raw_input(sample.ETF), Etf).value
    risk = read(sample.raw_input(sample.COVARIANCE), Covariance).value
    aligned = align(holdings, [etf], risk)
    assert risk.history is not None
    errors = risk.history.beta_errors(aligned.instruments.tickers, aligned.units)
    assert errors.shape == (18, len(aligned.instruments.tickers), 1)
    # The ETF itself has none, but for the five decimals of the file.
    np.testing.assert_allclose(errors[:, :, 0] @ aligned.units[:, 0], 0.0, atol=2e-5)
    twice = risk.history.beta_errors(aligned.instruments.tickers, 2.0 * aligned.units)
    np.testing.assert_allclose(twice, errors / 2.0, rtol=1e-12)
    again = from_plain(*to_plain(risk.history))
    assert again is not None
    np.testing.assert_array_equal(again.beta_errors(aligned.instruments.tickers, aligned.units), errors)
    other = np.zeros_like(aligned.units)
    other[0] = 1.0
    with pytest.raises(UndefinedBeta, match="past forecast errors of betas to JHAI only"):
        risk.history.beta_errors(aligned.instruments.tickers, other)
