"""Speed of a backtest against a loop over numpy's covariance, on simulated prices.

pytest tests/benchmarks/test_backtest.py
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from betaneutral_xl import Etf, Holdings
from betaneutral_xl.engine.backtest import Estimator, Schedule, Study, walk
from betaneutral_xl.model.returns import Prices

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

SIX = ("default", "sample", "sample:window=252", "exponential", "two_speed", "statistical_factors")


def market(names: int, days: int, schedule: Schedule, estimators: tuple[str, ...]) -> Study:
    """Return a study of half of the names against all, with a tenth of them listed late."""
    rng = np.random.default_rng(0)
    calendar = np.busday_offset("2018-01-01", np.arange(days), roll="forward")
    moves = rng.normal(0.0, 0.01, (days, 1)) * rng.uniform(0.5, 1.5, names) + rng.normal(
        0.0, 0.015, (days, names)
    )
    matrix = 100.0 * np.cumprod(1.0 + moves, axis=0)
    for column in range(0, names, 10):
        matrix[: rng.integers(1, days // 2), column] = np.nan
    tickers = [f"N{i}" for i in range(names)]
    return Study(
        holdings=Holdings.from_weights(dict.fromkeys(tickers[::2], 2.0 / names)),
        etfs=(Etf.from_weights(dict.fromkeys(tickers, 1.0 / names), "ALL"),),
        prices=Prices.from_matrix(tickers, list(calendar.astype(object)), matrix),
        schedule=schedule,
        estimators=tuple(Estimator.parse(text) for text in estimators),
    )


def by_hand(study: Study) -> list[float]:
    """Hedge and measure on the same dates with plain numpy: one estimator, one method, one matrix."""
    returns = np.nan_to_num(study.prices.returns().matrix)
    held, basket = np.zeros((2, len(study.prices.tickers)))
    held[[study.prices.tickers.index(one) for one in study.holdings.tickers]] = study.holdings.weights
    basket[[study.prices.tickers.index(one) for one in study.etfs[0].tickers]] = study.etfs[0].weights
    betas = []
    for end in study.schedule.rows(study.prices.returns().dates)[0]:
        matrix = np.cov(returns[end - 503 : end + 1], rowvar=False)
        beta = held @ matrix @ basket / (basket @ matrix @ basket)
        after = returns[end + 1 : end + 1 + study.schedule.horizon]
        hedged, index = after @ (held - beta * basket), after @ basket
        betas.append(float(np.cov(hedged, index)[0, 1] / index.var(ddof=1)))
    return betas


@pytest.mark.parametrize("way", [walk, by_hand])
def test_42_months_75_names_six_estimators(way: Callable[[Study], Any], benchmark: BenchmarkFixture) -> None:
    study = market(75, 1460, Schedule(start=date(2019, 12, 1), end=date(2023, 5, 31)), SIX)
    benchmark.group = "42 months, 75 names"
    found = benchmark(way, study)
    assert len(found if way is by_hand else found.dates) == 42


@pytest.mark.parametrize("way", [walk, by_hand])
def test_250_dates_2000_names(way: Callable[[Study], Any], benchmark: BenchmarkFixture) -> None:
    study = market(2000, 504 + 750 + 22, Schedule(start=date(2019, 12, 9), every="3"), ("default",))
    benchmark.group = "250 dates, 2,000 names"
    found = benchmark.pedantic(way, (study,), rounds=1)  # type: ignore[no-untyped-call]
    assert len(found if way is by_hand else found.dates) >= 250
