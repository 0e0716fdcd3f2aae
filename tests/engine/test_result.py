from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from betaneutral_xl.engine.checks import size_of
from betaneutral_xl.engine.estimators.fitting import estimate
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.regression import slopes
from betaneutral_xl.engine.result import TOLERANCE, Method, Rebalance
from betaneutral_xl.errors import CheckFailed
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.notices import Severity
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.model.returns import Returns

if TYPE_CHECKING:
    from betaneutral_xl.model.risk import Covariance


@pytest.fixture
def hedge(book: Holdings, etf: Etf, risk: Covariance) -> Rebalance:
    """Return the hedge of the notebook's example."""
    return neutralise(Question(book, [etf], risk))


def test_measures_of_the_notebooks_hedge_by_hand(hedge: Rebalance, risk: Covariance) -> None:
    w, x = np.array([0.3, 0.4, 0.3]), hedge.new_weights
    v = risk.form.dense()
    assert hedge.before.volatility == pytest.approx(math.sqrt(w @ v @ w))
    assert hedge.after.volatility == pytest.approx(math.sqrt(x @ v @ x))
    assert hedge.tracking_error == pytest.approx(math.sqrt((x - w) @ v @ (x - w)))
    assert hedge.turnover == pytest.approx(0.985106 / 2, abs=1e-6)
    assert hedge.before.gross == pytest.approx(1.0)
    assert hedge.after.gross == pytest.approx(0.09404255 + 0.10446809 + 0.00446809)
    assert hedge.after.net == pytest.approx(1.0 - 0.985106, abs=1e-6)
    assert hedge.after.cash == pytest.approx(0.985106, abs=1e-6)


def test_the_table_has_the_documented_columns_and_ends_with_cash(hedge: Rebalance) -> None:
    table = hedge.table
    assert list(table.columns) == ["ticker", "weight", "etf_weight", "predicted_beta", "new_weight", "trade"]
    assert table["ticker"].tolist() == ["A", "B", "C", "CASH"]
    assert table["new_weight"].sum() == pytest.approx(1.0)
    assert (table["predicted_beta"] * table["new_weight"]).sum() == pytest.approx(0.0, abs=1e-12)


def test_with_several_etfs_each_column_carries_the_etfs_name(
    book: Holdings, etf: Etf, risk: Covariance
) -> None:
    other = Etf.from_weights({"B": 1.0}, name="QQQ")
    columns = neutralise(Question(book, [etf, other], risk)).columns
    assert columns[2:6] == ("etf_weight_AI", "etf_weight_QQQ", "predicted_beta_AI", "predicted_beta_QQQ")


@pytest.mark.parametrize("method", list(Method))
def test_every_result_passes_its_checks(method: Method, book: Holdings, etf: Etf, risk: Covariance) -> None:
    result = neutralise(Question(book, [etf], risk, method=method))
    assert result.checks()
    assert all(check.passed for check in result.checks())


def test_a_result_off_its_target_does_not_pass(hedge: Rebalance) -> None:
    wrong = replace(hedge, new_weights=hedge.new_weights + np.array([1e-6, 0.0, 0.0]))
    failed = [check.name for check in wrong.checks() if not check.passed]
    assert "beta to AI is 0" in failed
    assert "trades are the ETFs' baskets" in failed
    with pytest.raises(CheckFailed, match="fails its own check that beta to AI is 0"):
        wrong.check()


@pytest.mark.parametrize("size", [1.0, 3.0, 8.0])
@pytest.mark.parametrize("method", [Method.HEDGE, Method.LEAST_SQUARES])
def test_checks_allow_rounding_errors_of_weights_of_any_size(
    method: Method, size: float, book: Holdings, etf: Etf, risk: Covariance
) -> None:
    many = dict(zip(book.tickers, (book.weights * size).tolist(), strict=True))
    result = neutralise(Question(Holdings.from_weights(many), [etf], risk, method=method))
    assert all(check.passed for check in result.checks())
    off = replace(result, new_weights=result.new_weights + size * np.eye(len(result.tickers))[0] * 1e-6)
    assert not all(check.passed for check in off.checks())


@pytest.mark.parametrize("size", [1.0, 1e3, 2e9, 1e15])
def test_the_order_of_summation_never_fails_a_check(size: float) -> None:
    rng = np.random.default_rng(8)
    weights = rng.normal(size=2000) * size
    sums = [float(np.cumsum(rng.permutation(weights))[-1]) for _ in range(50)]
    assert max(sums) - min(sums) <= TOLERANCE * size_of(weights)
    assert TOLERANCE * size_of(weights) < 1e-6 * size


def test_weights_that_are_nan_do_not_pass(hedge: Rebalance) -> None:
    with pytest.raises(CheckFailed):
        replace(hedge, new_weights=np.full(3, math.nan)).check()


def test_a_trade_in_a_name_without_risk_data_does_not_pass(etf: Etf, risk: Covariance) -> None:
    book = Holdings.from_weights({"A": 0.3, "B": 0.4, "PRIVATE": 0.3})
    result = neutralise(Question(book, [etf], risk, on_missing=OnMissing.DROP))
    moved = np.array(result.new_weights)
    moved[result.tickers.index("PRIVATE")] = 0.0
    failed = [check.name for check in replace(result, new_weights=moved).checks() if not check.passed]
    assert "names without risk data are not traded" in failed


def test_net_exposure_that_is_not_kept_does_not_pass(book: Holdings, etf: Etf, risk: Covariance) -> None:
    result = neutralise(Question(book, [etf], risk, method=Method.REWEIGHT))
    failed = [c.name for c in replace(result, new_weights=result.new_weights * 1.01).checks() if not c.passed]
    assert "net exposure is kept" in failed


def test_a_row_that_the_table_lost_does_not_pass(hedge: Rebalance) -> None:
    more = Holdings.from_weights({"A": 0.3, "B": 0.4, "C": 0.2, "D": 0.1})
    wrong = replace(hedge, aligned=replace(hedge.aligned, holdings=more))
    failed = [check.name for check in wrong.checks() if not check.passed]
    assert "every input row is in the table once" in failed


def test_a_limit_of_a_group_without_a_name_here_is_told(book: Holdings, etf: Etf, risk: Covariance) -> None:
    limits = Constraints.from_mapping({"groups": {"Semis": ["NVDIA"]}, "group_limits": {"Semis": [0.0, 0.1]}})
    result = neutralise(Question(book, [etf], risk, method=Method.REWEIGHT, constraints=limits))
    (line,) = (one for one in result.warnings if "of the group Semis" in one)
    assert getattr(line, "severity", None) is Severity.CHANGES


def test_few_tickers_of_a_group_that_are_not_here_are_told(
    book: Holdings, etf: Etf, risk: Covariance
) -> None:
    held = list(book.tickers[:2])
    for members, told in (([*held, "NVDIA"], ["NVDIA of Semis"]), ([*held, *"PQRS"], [])):
        limits = Constraints.from_mapping(
            {"groups": {"Semis": members}, "group_limits": {"Semis": [-1.0, 1.0]}}
        )
        result = neutralise(Question(book, [etf], risk, method=Method.REWEIGHT, constraints=limits))
        lines = [one for one in result.warnings if one.startswith("In no portfolio or ETF here")]
        assert [one.rpartition(": ")[2].rstrip(".") for one in lines] == told


def test_dates_far_apart_are_reported(etf: Etf, risk: Covariance) -> None:
    book = Holdings.from_weights({"A": 1.0}, provenance=Provenance.given(1, date(2025, 11, 18)))
    late = Etf("AI", etf.constituents, Provenance.given(3, date(2026, 9, 30)))
    lines = neutralise(Question(book, [late], risk)).warnings
    assert "Holdings are as of 2025-11-18, ETF AI as of 2026-09-30: 316 days apart." in lines


def test_an_old_risk_model_is_told_where_the_holdings_have_no_date(etf: Etf, risk: Covariance) -> None:
    read = replace(Provenance.given(1), retrieval=Retrieval.FILE)
    book = Holdings.from_weights({"A": 1.0}, provenance=read)
    for days, told in ((1000, True), (30, False)):
        day = read.fetched_at.date() - timedelta(days=days)
        old = replace(risk, provenance=replace(risk.provenance, as_of=day))
        lines = neutralise(Question(book, [etf], old)).warnings
        assert any("1000 days old" in line and "load a newer one" in line for line in lines) is told


def test_a_beta_has_its_standard_error_before_and_after() -> None:
    rng = np.random.default_rng(0)
    market = rng.normal(0.0, 0.01, (100, 1))
    matrix = market + rng.normal(0.0, 0.01, (100, 3))
    returns = Returns.from_matrix(["A", "B", "C"], np.datetime64("2024-01-01") + np.arange(100), matrix)
    holdings = Holdings.from_weights({"A": 0.5, "B": 0.5})
    etf = Etf.from_weights({"B": 0.3, "C": 0.7}, name="AI")
    result = neutralise(Question(holdings, [etf], estimate(returns, "sample")))
    for exposure, w in ((result.before, result.weights), (result.after, result.new_weights)):
        beta, error = slopes((matrix @ w)[:, None], matrix @ result.aligned.etf_weights)
        assert exposure.beta["AI"] == pytest.approx(beta[0, 0], abs=1e-12)
        assert exposure.beta_error["AI"] == pytest.approx(error[0, 0], rel=1e-9)


def test_without_a_number_of_days_there_is_no_standard_error(
    book: Holdings, etf: Etf, risk: Covariance
) -> None:
    assert math.isnan(neutralise(Question(book, [etf], risk)).after.beta_error["AI"])
