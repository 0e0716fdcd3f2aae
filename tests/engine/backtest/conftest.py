"""A simulated market with known betas: one common factor, and idiosyncratic noise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from betaneutral_xl import Etf, Holdings
from betaneutral_xl.engine.backtest import Estimator, Schedule, Study
from betaneutral_xl.model.returns import Prices

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray

NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")
BETAS = np.array([0.5, 0.8, 1.0, 1.2, 1.5, 2.0])
DAYS = 420


def weekdays(count: int) -> list[date]:
    days = np.busday_offset("2022-01-03", np.arange(count), roll="forward")
    return list(days.astype(object))


@pytest.fixture(scope="session")
def levels() -> FloatArray:
    rng = np.random.default_rng(7)
    market = rng.normal(0.0, 0.01, (DAYS, 1))
    return np.asarray(100.0 * np.cumprod(1.0 + market * BETAS + rng.normal(0.0, 0.008, (DAYS, 6)), axis=0))


@pytest.fixture
def prices(levels: FloatArray) -> Prices:
    return Prices.from_matrix(NAMES, weekdays(DAYS), levels)


@pytest.fixture
def study(prices: Prices) -> Callable[..., Study]:
    """Return a factory of studies of the first four names against the last three."""

    def make(**changes: object) -> Study:
        defaults: dict[str, object] = {
            "holdings": Holdings.from_weights({"AAA": 0.4, "BBB": 0.3, "CCC": 0.2, "DDD": 0.1}),
            "etfs": (Etf.from_weights({"DDD": 0.5, "EEE": 0.3, "FFF": 0.2}, name="ETF"),),
            "prices": prices,
            "schedule": Schedule(start=date(2022, 6, 1)),
            "estimators": (Estimator.parse("sample"),),
        }
        return Study(**{**defaults, **changes})  # type: ignore[arg-type] # as the caller says

    return make
