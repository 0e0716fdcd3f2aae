"""How fast a backtest is: ``pytest tests/benchmarks/test_backtest.py``, on made-up prices."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl import Etf, Holdings
from betaneutral_xl.backtest import Estimator, Schedule, Study, walk
from betaneutral_xl.returns import Prices

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

SIX = ("default", "sample", "sample:window=252", "exponential", "two_speed", "statistical_factors")


def market(names: int, days: int, schedule: Schedule, estimators: tuple[str, ...]) -> Study:
    """Return a study of half of the names against all, a tenth of them listed late."""
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


def mean(benchmark: BenchmarkFixture) -> float:
    """Return the seconds measured; nothing where the benchmarks are disabled."""
    return float(benchmark.stats["mean"]) if benchmark.stats else 0.0


def test_42_months_75_names_six_estimators(benchmark: BenchmarkFixture) -> None:
    study = market(75, 1460, Schedule(start=date(2019, 12, 1), end=date(2023, 5, 31)), SIX)
    assert len(benchmark(walk, study).dates) == 42
    assert mean(benchmark) < 3.0


def test_250_dates_2000_names(benchmark: BenchmarkFixture) -> None:
    study = market(2000, 504 + 750 + 22, Schedule(start=date(2019, 12, 9), every="3"), ("default",))
    result = benchmark.pedantic(walk, (study,), rounds=1)  # type: ignore[no-untyped-call]
    assert len(result.dates) >= 250
    assert mean(benchmark) < 60.0
