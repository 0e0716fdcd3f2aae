"""Values without files are kept as files that are read back to the same betas."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from betaneutral_xl.job import run
from betaneutral_xl.job.request import Request
from betaneutral_xl.job.snapshot import write_snapshot
from betaneutral_xl.job.sources import Sources, from_snapshot
from betaneutral_xl.job.value_files import raw_inputs_of
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.job.run import Inputs
    from betaneutral_xl.model.risk import Covariance


@pytest.fixture(scope="module")
def sample() -> Inputs:
    return replace(Sources.parse({"sample": True}).load(Settings()), raw_inputs=())


def again(inputs: Inputs, request: Request, folder: Path) -> Inputs:
    file = folder / "run.zip"
    write_snapshot(file, raw_inputs_of(inputs, request), {})
    return from_snapshot(file)[0]


@pytest.mark.parametrize("method", ["hedge", "reweight"])
def test_a_run_of_values_is_repeated_from_its_snapshot(sample: Inputs, tmp_path: Path, method: str) -> None:
    request = Request.parse({"method": method, "target": "IWV"})
    found = again(sample, request, tmp_path)
    first, second = (run.solve(request, one) for one in (sample, found))
    assert second.tickers == first.tickers
    assert second.new_weights == pytest.approx(first.new_weights, abs=1e-9)
    assert second.before_forecast["JHAI"].low == pytest.approx(first.before_forecast["JHAI"].low)
    assert found.holdings.as_of == sample.holdings.as_of
    assert found.holdings.shares == pytest.approx(sample.holdings.shares)
    assert found.holdings.nav == pytest.approx(sample.holdings.nav)
    assert found.etf_names == sample.etf_names


def test_a_portfolio_in_weights_with_cash_and_without_a_day_is_kept(risk: Covariance, tmp_path: Path) -> None:
    from betaneutral_xl.job.run import Inputs

    inputs = Inputs(
        Holdings.from_weights({"A": 0.5, "B": -0.2}), (Etf.from_weights({"A": 0.4, "C": 0.5}, "AI"),), risk
    )
    found = again(inputs, Request(), tmp_path)
    assert found.holdings.as_of is None
    assert found.holdings.cash == pytest.approx(0.7)
    assert run.unchanged(Request(), found).before.beta == pytest.approx(
        run.unchanged(Request(), inputs).before.beta
    )


def test_what_was_read_from_files_is_kept_as_these(sample: Inputs) -> None:
    files = Sources.parse({"sample": True}).load(Settings()).raw_inputs
    assert raw_inputs_of(replace(sample, raw_inputs=files), Request()) == files
