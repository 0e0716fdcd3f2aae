"""The betas of past months: what was measured, and what a renewed proposal would have had."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from betaneutral_xl.engine.estimators.fitting import fit, observe
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.realised import DAYS, PastBetas, past_betas
from betaneutral_xl.engine.regression import slopes
from betaneutral_xl.errors import InputError
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.returns import Returns

NAMES, T = tuple("ABCDEF"), 504
START = date(2024, 1, 1)


def returns() -> np.ndarray:
    rng = np.random.default_rng(5)
    market = 0.01 * rng.normal(size=T)
    values = np.outer(market, np.linspace(0.6, 1.4, len(NAMES))) + 0.01 * rng.normal(size=(T, len(NAMES)))
    return np.asarray(values)


def test_recent_and_monthly_betas_are_regressions_on_the_etfs_own_returns() -> None:
    values = returns()
    days = np.array([START + timedelta(days=i) for i in range(T)], "datetime64[D]")
    risk = fit(observe(Returns(NAMES, days, values, Provenance.given(T)), window=T), "sample")
    held, etf = dict.fromkeys(NAMES[:4], 0.25), dict.fromkeys(NAMES[2:], 0.25)
    result = neutralise(Question(Holdings.from_weights(held), [Etf.from_weights(etf, "E")], risk))
    (past,) = past_betas(result.aligned, result.new_weights[result.aligned.covered])
    w = np.array([held.get(name, 0.0) for name in NAMES])
    f = np.array([etf.get(name, 0.0) for name in NAMES])
    beta, error = slopes((values @ w)[-DAYS:, None], (values @ f)[-DAYS:, None])
    assert past.recent_before is not None
    assert past.recent_before.days == DAYS == 63
    assert past.recent_before.beta == pytest.approx(float(beta[0, 0]), rel=1e-9)
    assert past.recent_before.se == pytest.approx(float(error[0, 0]), rel=1e-9)
    last, _ = slopes((values @ w)[-21:, None], (values @ f)[-21:, None])
    assert past.as_it_is[-1] == pytest.approx(float(last[0, 0]), rel=1e-9)
    assert past.ends[-1] == START + timedelta(days=T - 1)
    assert list(past.ends) == sorted(past.ends)
    # The ETF's beta to itself is always 1: renewing subtracts what was predicted, month by month.
    assert np.abs(past.renewed).mean() < np.abs(past.as_it_is).mean()


def test_a_past_with_a_missing_month_is_refused() -> None:
    with pytest.raises(InputError, match="not one value of each for every month"):
        PastBetas(etf="E", ends=(), as_it_is=np.zeros(2), renewed=np.zeros(3))
