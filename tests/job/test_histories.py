from __future__ import annotations

import json

import numpy as np
import pytest

from betaneutral_xl.engine.estimators import estimate
from betaneutral_xl.errors import UndefinedBeta
from betaneutral_xl.job import sample
from betaneutral_xl.job.histories import from_plain, to_plain
from betaneutral_xl.job.inputs import read
from betaneutral_xl.model.alignment import align
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.returns import Prices
from betaneutral_xl.model.risk import Covariance


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
