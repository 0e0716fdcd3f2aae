"""A history survives being kept beside its covariance, and the sample ships one."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from betaneutral_xl.engine.estimators.fitting import estimate
from betaneutral_xl.engine.forecast_errors import forecast_errors
from betaneutral_xl.engine.intervals import name_forecasts
from betaneutral_xl.hosts.cli.estimate import to_api_csv
from betaneutral_xl.hosts.sheets import handles
from betaneutral_xl.job import sample
from betaneutral_xl.job.histories import from_plain, to_plain
from betaneutral_xl.job.inputs import covariance_file, read
from betaneutral_xl.job.request import Request
from betaneutral_xl.job.run import Inputs, solve
from betaneutral_xl.model.alignment import align
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.returns import Prices
from betaneutral_xl.model.risk import Covariance


def priced(names: tuple[str, ...] = ("A", "B", "C")) -> Covariance:
    rng = np.random.default_rng(1)
    moves = rng.normal(0.0, 0.01, (300, 1)) + rng.normal(0.0, 0.01, (300, len(names)))
    moves[:40, -1] = np.nan
    levels = 100.0 * np.cumprod(1.0 + np.nan_to_num(moves), axis=0)
    levels[:40, -1] = np.nan
    days = np.busday_offset("2022-01-03", np.arange(300), roll="forward")
    prices = Prices.from_matrix(names, list(days.astype(object)), levels)
    return estimate(prices.returns(), "exponential", half_life=21.0)


def unit_of(covariance: Covariance) -> list[float]:
    history = covariance.history
    return history[0].unit.tolist() if isinstance(history, tuple) else [0.5, 0.5, 0.0]


@pytest.mark.parametrize("made", [priced, sample.load_covariance])
def test_a_history_survives_being_kept(made: Callable[[], Covariance]) -> None:
    covariance = made()
    about, arrays = to_plain(covariance.history)
    again = from_plain(json.loads(json.dumps(about)), arrays)
    unit = np.array(unit_of(covariance))
    pair = [forecast_errors(one, covariance.tickers, unit) for one in (covariance.history, again)]
    assert pair[0] is not None
    assert pair[1] is not None
    np.testing.assert_array_equal(pair[0].errors, pair[1].errors)
    np.testing.assert_array_equal(pair[0].sampling_matrix(), pair[1].sampling_matrix())


def test_no_history_stays_none() -> None:
    assert from_plain(*to_plain(None)) is None


@pytest.mark.parametrize("made", [priced, sample.load_covariance])
def test_the_intervals_of_a_covariance_that_is_kept_are_the_same(made: Callable[[], Covariance]) -> None:
    covariance = made()
    unit = np.array(unit_of(covariance))
    again = handles.from_bytes(handles.to_bytes(covariance))
    assert name_forecasts(again, unit) == name_forecasts(covariance, unit)
    assert math.isfinite(name_forecasts(again, unit)[0].half_width())


def test_a_covariance_without_its_history_has_a_handle_of_its_own() -> None:
    covariance = priced()
    assert handles.fingerprint(covariance) != handles.fingerprint(replace(covariance, history=None))


@pytest.mark.parametrize("objective", ["stable", "tracking_error"])
def test_a_covariance_file_of_an_estimate_gives_the_same_weights_and_interval_as_the_estimate(
    objective: str, tmp_path: Path
) -> None:
    names = tuple(f"N{i}" for i in range(6))
    risk = priced(names)
    (tmp_path / "risk.csv").write_text(to_api_csv(risk), encoding="utf-8")
    again = read(covariance_file(tmp_path / "risk.csv"), Covariance).value
    fund = Holdings.from_weights(dict.fromkeys(names[:4], 0.25))
    etf = Etf.from_weights(dict.fromkeys(names[2:], 0.25), "E")
    request = Request.parse({"method": "reweight", "target": 0.3, "objective": objective})
    first, second = (solve(request, Inputs(fund, (etf,), one)) for one in (risk, again))
    np.testing.assert_allclose(first.new_weights, second.new_weights, rtol=0, atol=1e-9)
    assert first.objective == second.objective == objective
    assert (first.leave_one_out.size > 0) == (objective == "stable")
    widths = [one.after_forecast["E"].half_width() for one in (first, second)]
    assert widths[0] == pytest.approx(widths[1], rel=1e-9)


def test_the_sample_has_past_errors_of_betas_to_its_own_etf_only() -> None:
    holdings = read(sample.raw_input(sample.HOLDINGS), Holdings).value
    etf = read(sample.raw_input(sample.ETF), Etf).value
    risk = read(sample.raw_input(sample.COVARIANCE), Covariance).value
    aligned = align(holdings, [etf], risk)
    tickers, unit = aligned.instruments.tickers, aligned.units[:, 0]
    found = forecast_errors(risk.history, tickers, unit)
    assert found is not None
    assert found.errors.shape == (18, len(tickers))
    # The ETF itself has none, but for the decimals of the file.
    np.testing.assert_allclose(found.errors @ unit, 0.0, atol=2e-5)
    assert forecast_errors(risk.history, tickers, np.eye(len(tickers))[0]) is None
