"""The fund's own forecast stands in the report where the holdings are of its API."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from fund_api import DAY

from betaneutral_xl import Etf
from betaneutral_xl.job import run
from betaneutral_xl.job.request import OrderTerms, Request
from betaneutral_xl.job.run import Inputs
from betaneutral_xl.model.provenance import now
from betaneutral_xl.network.silverfund import SilverFund
from betaneutral_xl.network.stand_in import Fault, StandIn
from betaneutral_xl.report import build_html, build_workbook
from betaneutral_xl.report.assembly import Assembled, assemble
from betaneutral_xl.report.sheets import fund_forecast

if TYPE_CHECKING:
    from betaneutral_xl.system.settings import Settings


@pytest.fixture
def settings(fund_api: StandIn, settings_for: Callable[..., Settings], tmp_path: Any) -> Settings:
    return settings_for(fund_api, records=tmp_path / "records")


@pytest.fixture
def outcome(settings: Settings) -> run.Outcome:
    with SilverFund(settings) as api:
        holdings = api.holdings("quant_paper", DAY)
        risk = api.covariance(holdings.tickers)
    etf = Etf.from_weights({"NVDA": 0.6, "MSFT": 0.4}, name="AI")
    return run.run(Request(), Inputs(holdings, (etf,), risk))


def assembled(outcome: run.Outcome, settings: Settings | None) -> Assembled:
    return assemble(outcome, OrderTerms(), command="test", written_at=now(), settings=settings)


def test_the_forecast_is_on_a_sheet_and_on_the_web_page_with_its_difference_explained(
    outcome: run.Outcome, settings: Settings
) -> None:
    contents = assembled(outcome, settings).contents
    book = openpyxl.load_workbook(io.BytesIO(build_workbook(contents)), data_only=True)
    rows: list[Any] = list(book[fund_forecast.NAME].iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows[:3]] == ["Beta to IWV", "Volatility", "Tracking error to IWV"]
    for _, theirs, ours, mixed, difference, names, model in rows[:3]:
        assert difference == pytest.approx(ours - theirs, abs=1e-12)
        assert (names, model) == pytest.approx((ours - mixed, mixed - theirs), abs=1e-12)
        assert names + model == pytest.approx(difference, abs=1e-12)
    assert any("our risk model of" in str(row[0]) for row in rows[3:])
    page = build_html(contents).decode()
    assert "own forecast, of the portfolio as it is" in page
    assert "tracking error to IWV" in page


def test_without_it_the_report_has_no_such_sheet(outcome: run.Outcome, settings: Settings) -> None:
    assert assembled(outcome, None).contents.forecast is None
    origin = replace(outcome.inputs.holdings.provenance, source="holdings file")
    holdings = replace(outcome.inputs.holdings, provenance=origin)
    other = replace(outcome, inputs=replace(outcome.inputs, holdings=holdings))
    contents = assembled(other, settings).contents
    assert contents.forecast is None
    assert fund_forecast.NAME not in openpyxl.load_workbook(io.BytesIO(build_workbook(contents))).sheetnames


def test_a_forecast_that_cannot_be_fetched_is_a_warning_and_no_failure(
    outcome: run.Outcome, settings: Settings, fund_api: StandIn
) -> None:
    fund_api.fail(Fault.BAD_GATEWAY)
    found = assembled(outcome, replace(settings, refresh=True))
    assert found.contents.forecast is None
    assert any("own forecast is not shown" in note for note in found.notes)
