"""The fund's own forecast beside ours: the same where all is the same, and in parts where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fund_api import DAY

from betaneutral_xl import Etf
from betaneutral_xl.errors import ChangedFormat, Refused, UnknownFund
from betaneutral_xl.job.daily.build import today
from betaneutral_xl.job.daily.forecast import beside
from betaneutral_xl.job.daily.plain import record, summary
from betaneutral_xl.job.request import Request
from betaneutral_xl.job.run import Inputs
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.network.silverfund import SilverFund, parse_risk_forecast
from betaneutral_xl.network.stand_in import Fault, StandIn

if TYPE_CHECKING:
    from betaneutral_xl.system.settings import Settings


@pytest.fixture
def settings(fund_api: StandIn, settings_for: Callable[..., Settings], tmp_path: Any) -> Settings:
    return settings_for(fund_api, records=tmp_path / "records")


@pytest.fixture
def inputs(settings: Settings) -> Inputs:
    with SilverFund(settings) as api:
        holdings = api.loaded_holdings("quant_paper", DAY)
        risk = api.loaded_covariance(holdings.value.tickers)
    etf = Etf.from_weights({"NVDA": 0.6, "MSFT": 0.4}, name="AI")
    return Inputs(holdings.value, (etf,), risk.value, (holdings.raw_input, risk.raw_input))


def test_of_the_same_names_and_model_both_forecasts_are_the_same(inputs: Inputs, settings: Settings) -> None:
    with SilverFund(settings) as api:
        theirs = api.risk_forecast("quant_paper")
    found = beside(inputs, theirs)
    assert [one.label for one in found.lines] == ["beta to IWV", "volatility", "tracking error to IWV"]
    for line in found.lines:
        assert line.ours == pytest.approx(line.theirs, rel=1e-9)
        assert line.universe == pytest.approx(0.0, abs=1e-12)
        assert line.model == pytest.approx(0.0, abs=1e-9)
    assert (found.only_ours, found.only_theirs) == ((), ())


def test_the_parts_of_a_difference_add_up_and_its_reasons_are_named(
    inputs: Inputs, settings: Settings
) -> None:
    with SilverFund(settings) as api:
        theirs = api.risk_forecast("quant_paper")
    other = replace(theirs, weights={"NVDA": 0.7, "AAPL": 0.3}, volatility=0.5)
    found = beside(inputs, other)
    for line in found.lines:
        assert line.universe + line.model == pytest.approx(line.ours - line.theirs)
    assert found.only_ours == ("BRK.B", "MSFT")
    assert found.only_theirs == ("AAPL",)
    assert any("with another weight: NVDA" in one for one in found.notes)
    bare = replace(inputs, covariance=inputs.covariance.select(["NVDA", "MSFT", "BRK.B"]))
    beta, volatility, _ = beside(bare, theirs).lines
    assert beta.ours != beta.ours
    assert volatility.ours == pytest.approx(volatility.theirs)


def test_today_has_the_forecast_and_a_failure_is_a_notice(
    inputs: Inputs, settings: Settings, fund_api: StandIn
) -> None:
    request = Request.parse({"tolerance": 0.05})
    found = today(request, inputs, settings, fetch_forecast=True, keep=False)
    assert found.forecast is not None
    assert record(found)["fund_forecast"]["lines"]["volatility"]["ours"] > 0.0
    assert any(one.label == "Fund's own volatility" for one in summary(found))
    fund_api.fail(Fault.BAD_GATEWAY)
    again = today(request, inputs, replace(settings, refresh=True), fetch_forecast=True, keep=False)
    assert again.forecast is None
    assert any("own forecast is not shown" in one for one in again.notices)


def test_a_forecast_needs_a_token_and_a_known_fund(settings: Settings) -> None:
    with SilverFund(replace(settings, token="other")) as api, pytest.raises(Refused):  # noqa: S106 - a wrong one
        api.risk_forecast("quant_paper")
    with SilverFund(settings) as api, pytest.raises(UnknownFund):
        api.risk_forecast("../health")


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b'{"tickers": ["A"], "weights": [], "beta": 1, "volatility": 1, "tracking_error": 0}',
        b'{"tickers": ["A"], "weights": ["x"], "beta": 1, "volatility": 1, "tracking_error": 0}',
        b'{"tickers": ["A"], "weights": [1], "beta": null, "volatility": 1, "tracking_error": 0}',
        b'{"tickers": ["A"], "weights": [1], "beta": true, "volatility": 1, "tracking_error": 0}',
    ],
)
def test_another_answer_is_a_changed_format(content: bytes) -> None:
    live = replace(Provenance.given(0), retrieval=Retrieval.LIVE)
    with pytest.raises(ChangedFormat):
        parse_risk_forecast(content, live)


def test_percent_is_read_as_such_and_said() -> None:
    content = b'{"tickers": ["A"], "weights": [1], "beta": 1.1, "volatility": 20, "tracking_error": 5}'
    found = parse_risk_forecast(content, Provenance.given(0))
    assert (found.volatility, found.tracking_error) == pytest.approx((0.2, 0.05))
    assert "percent" in found.note
