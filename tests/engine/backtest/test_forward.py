from __future__ import annotations

import math
import sys
import tracemalloc
from collections.abc import Callable
from datetime import date
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import statsmodels.api as sm
from threadpoolctl import threadpool_info

from betaneutral_xl import Covariance, Etf, Holdings
from betaneutral_xl.engine.backtest import Absent, Estimator, Holding, Schedule, Study, walk
from betaneutral_xl.engine.backtest.decide import decide
from betaneutral_xl.engine.estimators.fitting import estimate
from betaneutral_xl.engine.forecast_errors import MIN_BLOCKS
from betaneutral_xl.engine.neutral import Question, neutralise, reach
from betaneutral_xl.engine.past_blocks import MIN_DAYS
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.engine.stable import Objective
from betaneutral_xl.errors import (
    InputError,
    MissingPackage,
    MissingValue,
    ModelError,
    SolverFailed,
    UndefinedBeta,
)
from betaneutral_xl.model.constraints import Constraints, Range
from betaneutral_xl.model.history import BLOCK
from betaneutral_xl.model.returns import Prices

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray


def replaced(prices: Prices, matrix: FloatArray) -> Prices:
    return Prices.from_matrix(prices.tickers, prices.dates, matrix)


@pytest.mark.parametrize("method", ["hedge", "reweight", "scaled", "beta"])
def test_changed_future_prices_change_no_decision(
    study: Callable[..., Study], prices: Prices, method: str
) -> None:
    whole = walk(study(methods=(method, "perfect_foresight")))
    date_of_plant = whole.dates[5]
    planted = prices.matrix.copy()
    after = prices.dates > date_of_plant
    planted[after] *= np.random.default_rng(3).uniform(0.5, 1.5, planted[after].shape)
    custom = study(methods=(method, "perfect_foresight"), prices=replaced(prices, planted))

    for day in whole.dates[:6]:
        seen, seen_planted = (
            table.returns().until(day.astype(object), 504) for table in (prices, custom.prices)
        )
        first, second = decide(study(methods=(method,)), seen), decide(custom, seen_planted)
        assert (first.new_weights[method, "sample"] == second.new_weights[method, "sample"]).all()
    again = walk(custom)
    assert (whole.beta[:5, 0] == again.beta[:5, 0]).all()
    assert (whole.beta[5:, 0] != again.beta[5:, 0]).all()  # the changed prices have an effect


def test_a_decision_uses_no_later_day(study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[np.datetime64] = []

    def spy(custom: Study, seen: object, held: object) -> object:
        handed.append(seen.dates[-1])  # type: ignore[attr-defined] # a Returns
        return decide(custom, seen, held)  # type: ignore[arg-type] # likewise

    monkeypatch.setattr("betaneutral_xl.engine.backtest.forward.decide", spy)
    result = walk(study())
    assert handed == list(result.dates)


def test_realised_betas_are_those_of_statsmodels(study: Callable[..., Study], prices: Prices) -> None:
    custom = study(methods=("unhedged",), holding=Holding.DAILY)
    result = walk(custom)
    returns = prices.returns()
    row = int(np.flatnonzero(returns.dates == result.dates[3])[0])
    after = returns.matrix[row + 1 : row + 22]
    book = after @ np.array([0.4, 0.3, 0.2, 0.1, 0.0, 0.0])
    basket = after @ np.array([0.0, 0.0, 0.0, 0.5, 0.3, 0.2])
    fit = sm.OLS(book, sm.add_constant(basket)).fit()
    assert result.beta[3, 0, 0] == pytest.approx(fit.params[1], rel=1e-10)
    assert result.standard_error[3, 0, 0] == pytest.approx(fit.bse[1], rel=1e-10)


def test_the_hedge_of_a_date_is_that_of_neutralise_on_past_returns(
    study: Callable[..., Study], prices: Prices
) -> None:
    seen = prices.returns().until(date(2022, 8, 31), 504)
    made = decide(study(methods=("hedge",)), seen).new_weights["hedge", "sample"]
    sample = Covariance.from_matrix(prices.tickers, 252.0 * np.cov(seen.matrix.T))
    custom = study()
    by_hand = neutralise(Question(custom.holdings, custom.etfs, sample))
    assert made == pytest.approx(by_hand.new_weights, abs=1e-12)


def test_with_constant_betas_a_hedge_is_neutral_and_foresight_exact(study: Callable[..., Study]) -> None:
    result = walk(study(holding=Holding.DAILY))
    hedge, alone, foresight = (
        result.performance((m, "sample")) for m in ("hedge", "unhedged", "perfect_foresight")
    )
    assert alone.realised_beta_mean[0] == pytest.approx(0.78 / 1.45, abs=0.1)
    assert abs(hedge.realised_beta_mean[0]) < 0.05
    assert hedge.realised_beta_rms[0] < 1.7 * hedge.noise_floor[0]
    assert foresight.realised_beta_rms[0] < 1e-10
    assert foresight.hedge_effectiveness >= hedge.hedge_effectiveness > 0.4
    assert [alone.hedge_effectiveness, alone.tracking_error] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert hedge.n_dates == len(result.dates)


def test_turnover_and_cost_are_measured_from_the_drifted_weights(study: Callable[..., Study]) -> None:
    result = walk(study(methods=("unhedged", "hedge"), cost_bp=10.0))
    assert result.turnover[0, 0] == 0.0  # it is held already
    first, second = result.first[:2]
    gains = study().prices.returns()
    start = int(np.flatnonzero(gains.dates == result.days[first])[0])
    growth = np.prod(1.0 + gains.matrix[start : start + second - first], axis=0)
    w = np.array([0.4, 0.3, 0.2, 0.1, 0.0, 0.0])
    drifted = w * growth / (w @ growth)
    assert result.turnover[1, 0] == pytest.approx(np.abs(w - drifted).sum() / 2.0)
    measured = result.performance(("hedge", "sample"))
    yearly = 2.0 * 10e-4 * result.turnover[:, 1].sum() / len(result.days) * 252
    assert measured.cost == pytest.approx(yearly)


def test_an_etfs_own_price_series_is_equivalent_to_its_basket(
    study: Callable[..., Study], prices: Prices
) -> None:
    basket = prices.returns().matrix @ np.array([0.0, 0.0, 0.0, 0.5, 0.3, 0.2])
    series = 50.0 * np.concatenate([[1.0], np.cumprod(1.0 + basket)])
    both = Prices.from_matrix(
        [*prices.tickers, "ETF"], prices.dates, np.column_stack([prices.matrix, series])
    )
    by_series = study(etfs=(Etf.from_weights({"ETF": 1.0}, "ETF"),), prices=both, holding=Holding.DAILY)
    by_basket = study(holding=Holding.DAILY)
    kept = [m for m in by_basket.methods if m != "beta"]  # which holds the names themselves
    for method in kept:
        one, other = (walk(s).performance((method, "sample")) for s in (by_series, by_basket))
        if method != "scaled":
            assert one.realised_beta_mean[0] == pytest.approx(other.realised_beta_mean[0], abs=1e-9)
            assert one.volatility == pytest.approx(other.volatility, rel=1e-9)


def test_a_portfolio_is_hedged_with_several_etfs_at_once(study: Callable[..., Study]) -> None:
    etfs = (
        Etf.from_weights({"CCC": 0.5, "DDD": 0.5}, "LOW"),
        Etf.from_weights({"EEE": 0.5, "FFF": 0.5}, "HIGH"),
    )
    result = walk(study(etfs=etfs, holding=Holding.DAILY))
    assert result.beta.shape == (len(result.dates), 3, 2)
    foresight = result.performance(("perfect_foresight", "sample"))
    assert foresight.realised_beta_rms == pytest.approx([0.0, 0.0], abs=1e-10)
    hedge = result.performance(("hedge", "sample"))
    assert (np.abs(hedge.realised_beta_mean) < 0.1).all()
    assert set(hedge.record(result.etf_names)["realised_beta_mean"]) == {"LOW", "HIGH"}


@pytest.mark.parametrize(("absent", "total"), [(Absent.RESCALE, 1.0), (Absent.CASH, 0.6)])
def test_a_name_that_is_not_listed_yet_is_reported_and_replaced_as_requested(
    study: Callable[..., Study], prices: Prices, absent: Absent, total: float
) -> None:
    late = prices.matrix.copy()
    late[:200, 0] = np.nan  # AAA, 40 percent
    custom = study(prices=replaced(prices, late), absent=absent, methods=("unhedged",))
    early = decide(custom, custom.prices.returns().until(date(2022, 8, 31), 504))
    assert early.absent == ("AAA",)
    assert early.weights[0] == 0.0
    assert early.weights.sum() == pytest.approx(total)
    notes = " ".join(walk(custom).notes)
    assert "Not tradable on some dates" in notes
    assert "AAA (5 of" in notes


@pytest.mark.parametrize(
    ("weights", "factor"),
    [
        ({"AAA": 0.05, "BBB": 0.6, "CCC": -0.55}, 1.20 / 1.15),
        ({"AAA": 0.59, "BBB": 0.6, "CCC": -0.59}, 1.78 / 1.19),
        ({"AAA": 0.59, "BBB": 0.55, "CCC": -0.6}, 1.74 / 1.15),  # whose net exposure changes its sign
        ({"AAA": -0.5, "BBB": -0.3, "CCC": -0.2}, 2.0),
    ],
)
def test_long_and_short_positions_keep_their_gross_exposure_where_a_name_is_not_tradable(
    study: Callable[..., Study], prices: Prices, weights: dict[str, float], factor: float
) -> None:
    late = prices.matrix.copy()
    late[:200, 0] = np.nan  # AAA
    custom = study(
        prices=replaced(prices, late), holdings=Holdings.from_weights(weights), methods=("unhedged",)
    )
    early = decide(custom, custom.prices.returns().until(date(2022, 8, 31), 504))
    assert early.weights[:3] == pytest.approx([0.0, weights["BBB"] * factor, weights["CCC"] * factor])
    assert early.scaled == pytest.approx({"the portfolio": factor, "ETF ETF": 1.0})
    (line,) = (note for note in walk(custom).notes if "Not tradable" in note)
    assert f"the others are scaled up, by a factor of {factor:.2f} at most (the portfolio on 2022-" in line


def test_a_name_that_stops_keeps_its_last_price_and_then_leaves(
    study: Callable[..., Study], prices: Prices
) -> None:
    stopped = prices.matrix.copy()
    stopped[180:, 1] = np.nan
    result = walk(study(prices=replaced(prices, stopped), methods=("hedge", "unhedged")))
    notes = " ".join(result.notes)
    assert "Names that end before the last day: BBB" in notes
    assert "Days held without a return: BBB" in notes
    assert "Not tradable on some dates" in notes
    assert np.isfinite(result.beta).all()


def test_a_date_after_which_an_etf_is_delisted_has_no_realised_beta(
    study: Callable[..., Study], prices: Prices
) -> None:
    dead = prices.matrix.copy()
    dead[prices.dates > np.datetime64("2022-10-06"), 5] = np.nan  # four days after the date
    etf = Etf.from_weights({"FFF": 1.0}, "DEAD")
    result = walk(study(prices=replaced(prices, dead), etfs=(etf,), methods=("hedge", "unhedged")))
    assert str(result.dates[-1]) == "2022-08-31"
    notes = " ".join(result.notes)
    assert "2022-09-30. DEAD has returns on 4 of the 21 days after" in notes
    assert "No name of ETF DEAD has prices on this date" in notes  # on the dates thereafter


def test_a_day_on_which_the_etf_has_no_return_does_not_count_in_a_realised_beta(
    study: Callable[..., Study], prices: Prices
) -> None:
    gap = prices.matrix.copy()
    missing = int(np.flatnonzero(prices.dates == np.datetime64("2022-10-12"))[0])
    gap[missing, 5] = np.nan
    custom = study(
        prices=replaced(prices, gap),
        etfs=(Etf.from_weights({"FFF": 1.0}, "FFF"),),
        methods=("unhedged", "perfect_foresight"),
        holding=Holding.DAILY,
    )
    result = walk(custom)
    i = int(np.flatnonzero(result.dates == np.datetime64("2022-09-30"))[0])
    returns = custom.prices.returns()
    row = int(np.flatnonzero(returns.dates == result.dates[i])[0])
    after = returns.matrix[row + 1 : row + 22]
    seen = np.isfinite(after[:, 5])
    assert seen.sum() == 19  # neither on the day without a price, nor on the one after it
    book = after[seen] @ np.array([0.4, 0.3, 0.2, 0.1, 0.0, 0.0])
    fit = sm.OLS(book, sm.add_constant(after[seen, 5])).fit()
    assert result.beta[i, 0, 0] == pytest.approx(fit.params[1], rel=1e-10)
    assert result.standard_error[i, 0, 0] == pytest.approx(fit.bse[1], rel=1e-10)
    assert result.beta[i, 1, 0] == pytest.approx(0.0, abs=1e-10)
    (line,) = (note for note in result.notes if "measured on fewer than 21 days" in note)
    assert f"On 1 of {len(result.dates)} dates" in line
    assert "2022-09-30 (19)" in line


def test_a_delisted_target_has_no_beta_either(study: Callable[..., Study], prices: Prices) -> None:
    dead = prices.matrix.copy()
    dead[prices.dates > np.datetime64("2022-10-06"), 5] = np.nan
    etf = Etf.from_weights({"DDD": 0.6, "EEE": 0.4}, "ETF")
    result = walk(study(prices=replaced(prices, dead), etfs=(etf,), target="FFF", methods=("hedge",)))
    assert str(result.dates[-1]) == "2022-08-31"
    assert any("2022-09-30. FFF has returns on 4 of the 21 days after" in note for note in result.notes)


def test_a_split_that_was_not_adjusted_for_is_flagged(study: Callable[..., Study], prices: Prices) -> None:
    split = prices.matrix.copy()
    split[300:, 2] /= 2.0
    notes = " ".join(walk(study(prices=replaced(prices, split))).notes)
    assert "look like splits not adjusted for: CCC" in notes
    assert "(2:1)" in notes


def test_suspect_prices_outside_the_days_seen_or_held_are_not_reported(
    study: Callable[..., Study], prices: Prices
) -> None:
    split = prices.matrix.copy()
    split[30:, 2] /= 2.0
    split[400:, 1] /= 2.0
    inside = Schedule(start=date(2022, 6, 1), end=date(2022, 12, 31))
    short = (Estimator.parse("sample:window=63"),)
    whole, part = (
        " ".join(walk(study(prices=replaced(prices, split), **more)).notes)
        for more in ({}, {"schedule": inside, "estimators": short})
    )
    assert "CCC -5" in whole
    assert "BBB -" in whole
    assert "look like splits" not in part


def test_dates_without_the_etf_are_left_out_and_counted(study: Callable[..., Study], prices: Prices) -> None:
    late = prices.matrix.copy()
    late[:200, 5] = np.nan
    custom = study(prices=replaced(prices, late), etfs=(Etf.from_weights({"FFF": 1.0}, "NEW"),))
    result = walk(custom)
    assert result.dates[0] > prices.dates[200]
    assert any("No name of ETF NEW has prices on this date" in note for note in result.notes)


def test_a_date_without_an_answer_is_left_out_with_its_reason_and_no_other_date(
    study: Callable[..., Study], prices: Prices
) -> None:
    still = prices.matrix.copy()
    day = int(np.flatnonzero(prices.dates == np.datetime64("2022-09-30"))[0])
    still[day : day + 22, 5] = still[day, 5]  # FFF, which is the ETF, stands still after this date only
    etf = Etf.from_weights({"FFF": 1.0}, "STILL")
    custom = study(prices=replaced(prices, still), etfs=(etf,), methods=("hedge", "unhedged"))
    result, whole = walk(custom), walk(study(etfs=(etf,), methods=("hedge", "unhedged")))
    assert set(whole.dates) - set(result.dates) == {np.datetime64("2022-09-30")}
    (line,) = (note for note in result.notes if note.startswith("Left out, 1 of"))
    assert "2022-09-30. ETF STILL does not move over the 21 days after" in line


def test_a_date_after_which_weights_lose_everything_names_the_strategy(
    study: Callable[..., Study], prices: Prices
) -> None:
    fallen = prices.matrix.copy()
    day = int(np.flatnonzero(prices.dates == np.datetime64("2022-10-14"))[0])
    fallen[day:, 0] *= 0.5
    book = Holdings.from_weights({"AAA": 3.0, "BBB": -2.0})
    result = walk(study(prices=replaced(prices, fallen), holdings=book, methods=("unhedged",)))
    assert np.datetime64("2022-09-30") not in result.dates
    assert np.datetime64("2022-10-31") in result.dates
    (line,) = (note for note in result.notes if "net asset value" in note)
    assert "2022-09-30. The weights of unhedged by sample, with a gross exposure of 5.00, lose" in line


def test_reasons_that_differ_in_numbers_only_are_reported_once(
    study: Callable[..., Study], prices: Prices
) -> None:
    fallen = prices.matrix.copy()
    for day in ("2022-10-14", "2022-11-15", "2022-12-15"):
        fallen[prices.dates >= np.datetime64(day), 0] *= 0.5
    book = Holdings.from_weights({"AAA": 3.0, "BBB": -2.0})
    notes = walk(study(prices=replaced(prices, fallen), holdings=book, methods=("hedge",))).notes
    (line,) = (note for note in notes if "net asset value" in note)
    assert (
        "Left out, 3 of 13 dates: 2022-09-30, 2022-10-31, 2022-11-30. The first reason: The weights" in line
    )


def test_a_solver_failure_on_a_date_leaves_the_portfolio_unchanged(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(question: Question) -> Rebalance:
        if question.covariance.provenance.as_of == date(2022, 9, 30):
            msg = "No answer could be proven."
            raise SolverFailed(msg)
        return neutralise(question)

    monkeypatch.setattr("betaneutral_xl.engine.backtest.decide.neutralise", failing)
    result = walk(study(methods=("reweight", "unhedged")))
    failed = result.dates == np.datetime64("2022-09-30")
    assert result.infeasible[:, 0].tolist() == failed.tolist()
    assert (result.turnover[failed, 0] == 0.0).all()
    assert (result.turnover[~failed, 0] > 0.0).all()
    assert any("on 1 of" in note and "No answer could be proven" in note for note in result.notes)


def test_a_backtest_sums_on_one_thread_of_openblas(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "openblas" not in str(np.show_config(mode="dicts")):
        pytest.skip("this NumPy computes with another BLAS than OpenBLAS")
    threads: list[int] = []

    def counting(question: Question) -> Rebalance:
        threads.extend(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
        return neutralise(question)

    monkeypatch.setattr("betaneutral_xl.engine.backtest.decide.neutralise", counting)
    walk(study(methods=("reweight",)))
    assert set(threads) == {1}


def test_a_model_error_on_every_date_is_raised(study: Callable[..., Study]) -> None:
    twice = (Etf.from_weights({"FFF": 1.0}, "ONE"), Etf.from_weights({"FFF": 1.0}, "TWO"))
    with pytest.raises(
        ModelError, match=r"no rebalance date to test. Left out, 13 of 13 dates.*are collinear"
    ):
        walk(study(etfs=twice, methods=("hedge",)))


def test_dates_are_grouped_by_kind_of_error_whatever_the_rounding_of_its_numbers(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(["inf", "1.3e+16", "9.99e15", "above 4.5e+15", "nan", "-1e-17", "0", "12.5%", "3"] * 2)

    def failing(*_: object) -> None:
        msg = f"The ETFs are collinear (condition number {next(numbers)})."
        raise UndefinedBeta(msg, tickers=["TWO"])

    monkeypatch.setattr("betaneutral_xl.engine.backtest.forward.decide", failing)
    with pytest.raises(ModelError, match=r"Left out, 13 of 13 dates.*condition number inf"):
        walk(study())


def test_dates_with_another_kind_of_error_or_name_are_reported_separately(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = [(UndefinedBeta, "ONE"), (UndefinedBeta, "TWO"), (MissingValue, "ONE")]
    errors = cycle(kind("No answer.", tickers=[name]) for kind, name in kinds)

    def failing(*_: object) -> None:
        raise next(errors)

    monkeypatch.setattr("betaneutral_xl.engine.backtest.forward.decide", failing)
    with pytest.raises(InputError, match=r"5 of 13 dates.*4 of 13 dates.*4 of 13 dates"):
        walk(study())


def test_no_rebalance_date_is_an_error_with_the_reason(study: Callable[..., Study]) -> None:
    with pytest.raises(InputError, match=r"no rebalance date to test.*fewer than 21 days after"):
        walk(study(schedule=Schedule(start=date(2023, 7, 20))))
    with pytest.raises(InputError, match="no rebalance date to test"):
        walk(study(schedule=Schedule(start=date(2030, 1, 1))))
    with pytest.raises(InputError, match="No name of the portfolio"):
        walk(study(holdings=Holdings.from_weights({"ZZZ": 1.0})))


def test_rows_hold_every_date_strategy_and_etf(study: Callable[..., Study]) -> None:
    result = walk(study())
    rows = list(result.rows())
    assert len(rows) == result.beta.size
    assert rows[0][:4] == (result.dates[0].astype(object), "hedge", "sample", "ETF")
    assert rows[0][4] == result.beta[0, 0, 0]


@pytest.mark.parametrize("method", ["hedge", "reweight", "perfect_foresight"])
def test_a_number_as_target_is_the_beta_that_is_realised(study: Callable[..., Study], method: str) -> None:
    result = walk(study(target=0.4, methods=(method,), schedule=Schedule(start=date(2022, 6, 1), horizon=63)))
    measured = result.performance((method, "sample"))
    assert (result.target_beta == 0.4).all()
    assert measured.realised_beta_mean[0] == pytest.approx(0.4, abs=0.05)
    assert measured.active_beta_mean[0] == pytest.approx(measured.realised_beta_mean[0] - 0.4, abs=1e-12)
    assert measured.active_beta_rms[0] < (0.02 if method == "perfect_foresight" else 0.15)


def test_a_ticker_as_target_has_the_slope_of_statsmodels(study: Callable[..., Study], prices: Prices) -> None:
    custom = study(target="aaa", methods=("hedge", "unhedged"), holding=Holding.DAILY)
    result = walk(custom)
    returns = prices.returns()
    row = int(np.flatnonzero(returns.dates == result.dates[3])[0])
    after = returns.matrix[row + 1 : row + 22]
    fit = sm.OLS(after[:, 0], sm.add_constant(after @ np.array([0.0, 0.0, 0.0, 0.5, 0.3, 0.2]))).fit()
    assert result.target_beta[3, 0] == pytest.approx(fit.params[1], rel=1e-10)
    hedge, alone = (result.performance((method, "sample")) for method in ("hedge", "unhedged"))
    assert hedge.active_beta_rms[0] < alone.active_beta_rms[0]


def test_each_of_several_etfs_has_its_target(study: Callable[..., Study]) -> None:
    etfs = (Etf.from_weights({"EEE": 1.0}, "E"), Etf.from_weights({"FFF": 1.0}, "F"))
    foresight = ("perfect_foresight",)
    custom = study(etfs=etfs, target={"F": 0.1, "E": "AAA"}, methods=foresight, holding=Holding.DAILY)
    result = walk(custom)
    assert custom.targets == ("AAA", 0.1)
    assert (result.target_beta[:, 1] == 0.1).all()
    assert result.performance(("perfect_foresight", "sample")).active_beta_rms == pytest.approx(0.0, abs=1e-9)


def test_dates_before_the_listing_of_a_target_are_left_out_with_a_note(
    study: Callable[..., Study], prices: Prices
) -> None:
    late = prices.matrix.copy()
    late[:200, 5] = np.nan
    etf = Etf.from_weights({"DDD": 0.6, "EEE": 0.4}, "ETF")
    result = walk(study(prices=replaced(prices, late), etfs=(etf,), target="FFF", methods=("hedge",)))
    assert result.dates[0] > prices.dates[200]
    assert any("The target FFF has no prices on this date" in note for note in result.notes)


def test_limits_are_those_of_neutralise_and_of_the_methods_that_reweight(study: Callable[..., Study]) -> None:
    limits = Constraints(lower={"*": -0.3, "AAA": 0.1}, upper={"*": 0.5}, net=Range(-math.inf, math.inf))
    custom = study(constraints=limits, methods=("hedge", "reweight"))
    seen = custom.prices.returns().until(date(2022, 8, 31), 504)
    decision = decide(custom, seen)
    covariance = estimate(seen, "sample")
    expected = neutralise(
        Question(custom.holdings, custom.etfs, covariance, method=Method.REWEIGHT, constraints=limits)
    )
    x = dict(zip(custom.prices.tickers, decision.new_weights["reweight", "sample"].tolist(), strict=True))
    assert [x[t] for t in expected.tickers] == pytest.approx(expected.new_weights.tolist(), abs=1e-9)
    assert x["AAA"] >= 0.1 - 1e-9
    plain = decide(study(methods=("hedge",)), seen).new_weights["hedge", "sample"]
    assert (decision.new_weights["hedge", "sample"] == plain).all()


def test_dates_on_which_no_weights_keep_the_limits_are_named_and_leave_the_portfolio_as_it_is(
    study: Callable[..., Study],
) -> None:
    # The lowest beta that long weights of at most a half can have is about that of AAA and BBB, 0.4.
    limits = Constraints(long_only=True, upper={"*": 0.5})
    never = walk(study(constraints=limits, methods=("reweight", "unhedged")))
    assert never.infeasible[:, 0].all()
    assert not never.infeasible[:, 1].any()
    assert (never.turnover[:, 0] == 0.0).all()  # held from the first date on, while the other is reset
    assert (never.beta[0, 0] == never.beta[0, 1]).all()
    assert never.performance(("reweight", "sample")).n_infeasible == len(never.dates)
    (line,) = (note for note in never.notes if "no weights found that keep the limits" in note)
    assert f"on {len(never.dates)} of {len(never.dates)} dates" in line
    assert str(never.dates[0]) in line
    assert "No weights reach beta" in line


def test_a_date_is_infeasible_where_the_lowest_beta_that_can_be_reached_is_above_the_target(
    study: Callable[..., Study],
) -> None:
    limits = Constraints(long_only=True, upper={"*": 0.5})
    custom = study(methods=("unhedged",))
    returns = custom.prices.returns()
    dates = walk(custom).dates
    lowest = np.array(
        [
            reach(
                Question(
                    custom.holdings,
                    custom.etfs,
                    estimate(returns, "sample", as_of=day.astype(object)),
                    constraints=limits,
                )
            ).low[0]
            for day in dates
        ]
    )
    target = float(np.median(lowest)) + 1e-4
    result = walk(study(target=target, constraints=limits, methods=("reweight",)))
    assert result.infeasible[:, 0].tolist() == (lowest > target).tolist()
    assert 0 < result.infeasible.sum() < len(dates)
    assert [row[-1] for row in result.rows()] == result.infeasible[:, 0].tolist()


def test_a_limit_of_a_name_that_is_not_listed_yet_counts_from_its_listing(
    study: Callable[..., Study], prices: Prices
) -> None:
    late = prices.matrix.copy()
    late[:200, 0] = np.nan
    custom = study(
        prices=replaced(prices, late), constraints=Constraints(lower={"AAA": 0.35}), methods=("reweight",)
    )
    result = walk(custom)
    assert not result.infeasible.any()
    last = decide(custom, custom.prices.returns().until(result.dates[-1].astype(object), 504))
    assert last.new_weights["reweight", "sample"][0] >= 0.35 - 1e-9


def test_a_decision_does_not_depend_on_the_other_estimators(
    study: Callable[..., Study], prices: Prices
) -> None:
    rng = np.random.default_rng(11)
    others = 50.0 * np.cumprod(1.0 + rng.normal(0.0, 0.01, (len(prices.dates), 40)), axis=0)
    others[:200, ::2] = np.nan  # half of the market is listed late
    table = Prices.from_matrix(
        [*prices.tickers, *(f"O{i}" for i in range(40))],
        prices.dates,
        np.column_stack([prices.matrix, others]),
    )
    short, long = Estimator.parse("default:window=63"), Estimator.parse("sample")
    alone, beside = (
        walk(study(prices=table, methods=("hedge",), estimators=which)) for which in ((short,), (short, long))
    )
    assert alone.beta[:, 0] == pytest.approx(beside.beta[:, 0], rel=1e-9)


def test_the_estimators_of_a_study_hold_the_same_names_with_a_note(
    study: Callable[..., Study], prices: Prices
) -> None:
    sparse = prices.matrix.copy()
    days = np.arange(len(sparse))
    sparse[(days > 100) & (days % 6 > 1), 0] = np.nan  # AAA has a return every sixth day
    both = (Estimator.parse("sample:window=63"), Estimator.parse("sample"))
    result = walk(study(prices=replaced(prices, sparse), methods=("hedge",), estimators=both))
    (line,) = (note for note in result.notes if "Not tradable" in note)
    assert "without 21 returns in the shortest window of 63 days or one on the last 5 days: AAA" in line


def test_the_notebooks_second_formula_does_not_hold_the_target(study: Callable[..., Study]) -> None:
    etf = Etf.from_weights({"DDD": 0.6, "EEE": 0.4}, "ETF")
    aimed, plain = (study(etfs=(etf,), methods=("beta", "hedge"), target=target) for target in ("FFF", 0.0))
    seen = aimed.prices.returns().until(date(2022, 8, 31), 504)
    x = decide(aimed, seen).new_weights["beta", "sample"]
    assert x[5] == 0.0  # FFF, which is in neither portfolio nor ETF
    assert x == pytest.approx(decide(plain, seen).new_weights["beta", "sample"], abs=1e-12)


def test_memory_does_not_grow_with_the_number_of_dates(study: Callable[..., Study]) -> None:
    estimators = (Estimator.parse("sample:window=100"),)

    def peak(every: str) -> tuple[int, int]:
        schedule = Schedule(start=date(2022, 6, 1), every=every)
        tracemalloc.start()
        result = walk(study(schedule=schedule, estimators=estimators, methods=("hedge",)))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most, len(result.dates)

    peak("21")  # what is imported and cached once
    (few, dates_few), (many, dates_many) = peak("21"), peak("2")
    assert dates_many > 9 * dates_few
    # Bytes a date: the results and garbage that waits for its collection, but not a window of returns.
    assert many < few + 4000 * (dates_many - dates_few)


def test_the_sample_portfolio_stays_as_neutral_as_documented(shared: Path) -> None:
    from betaneutral_xl.job.api import load_etf
    from betaneutral_xl.readers.holdings_files import load_holdings
    from betaneutral_xl.readers.prices import choose, load_prices

    fund = load_holdings(shared / "silverfund" / "quant_paper_weights_2025-11-18.csv")
    etf = load_etf(shared / "silverfund" / "jhai_constituents.csv")
    prices = choose([load_prices(shared / "prices" / "panel.csv.gz")], [[*fund.tickers, *etf.tickers]])
    result = walk(
        Study(
            holdings=fund,
            etfs=(etf,),
            prices=prices,
            schedule=Schedule(start=date(2023, 1, 1), end=date(2026, 6, 30)),
            estimators=(Estimator.parse("default"), Estimator.parse("sample")),
        )
    )
    chosen, equal = (result.performance(("hedge", label)) for label in ("default", "sample"))
    assert chosen.n_dates == 42
    assert abs(chosen.realised_beta_mean[0]) < 0.05
    assert chosen.realised_beta_rms[0] < 0.15
    assert chosen.realised_beta_rms[0] < 0.8 * equal.realised_beta_rms[0]
    assert chosen.hedge_effectiveness > equal.hedge_effectiveness


def test_a_missing_package_is_reported_once_and_not_for_every_date(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    custom = study(estimators=(Estimator.parse("oas"),))
    with pytest.raises(MissingPackage, match=r"^This estimator needs scikit-learn, which is not installed\."):
        walk(custom)


def test_methods_with_limits_trade_from_the_weights_of_the_date_before_as_they_drifted(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    positions: list[object] = []

    def spy(custom: Study, seen: object, held: object) -> object:
        positions.append(held)
        return decide(custom, seen, held)  # type: ignore[arg-type] # as it was called

    monkeypatch.setattr("betaneutral_xl.engine.backtest.forward.decide", spy)
    cap = 0.2
    limits = Constraints(turnover=cap, net=Range(0.0, 1.0))
    result = walk(study(methods=("reweight", "hedge"), target=0.6, constraints=limits))
    assert positions[0] is None
    strategy = ("reweight", "sample")
    held = positions[1][strategy]  # type: ignore[index] # a mapping after the first date
    assert held.shape == (6,)
    # On every date the trades from there are within the limit, as turnover is measured from there.
    assert not result.infeasible[1:, 0].all()
    assert result.turnover[~result.infeasible[:, 0], 0].max() <= cap + 1e-8


def test_the_stable_objective_is_used_from_the_date_on_that_has_a_history(
    study: Callable[..., Study],
) -> None:
    stable, least = (walk(study(methods=("reweight",), target=0.6, objective=one)) for one in Objective)
    enough = stable.study.prices.dates[1 + MIN_DAYS + MIN_BLOCKS * BLOCK]
    before = stable.dates < enough
    np.testing.assert_array_equal(stable.beta[before], least.beta[before])
    assert (stable.beta[~before] != least.beta[~before]).all()
    assert 0 < before.sum() < len(before)


def test_an_objective_without_reweight_is_refused(study: Callable[..., Study]) -> None:
    with pytest.raises(InputError, match="None of hedge has the objective tracking_error"):
        study(methods=("hedge",), objective=Objective.TRACKING_ERROR)


def test_intervals_are_those_of_the_results(
    study: Callable[..., Study], prices: Prices, monkeypatch: pytest.MonkeyPatch
) -> None:
    results: dict[str, Rebalance] = {}

    def spy(question: Question) -> Rebalance:
        return results.setdefault(str(question.method), neutralise(question))

    monkeypatch.setattr("betaneutral_xl.engine.backtest.decide.neutralise", spy)
    methods = ("hedge", "reweight", "least_squares")
    decision = decide(study(methods=methods, intervals=True), prices.returns())
    assert [results[method].leave_one_out.size > 0 for method in methods] == [False, True, False]
    for method in methods:
        (expected,) = results[method].after_forecast.values()
        (found,) = decision.forecasts[method, "sample"]
        assert found.blocks == expected.blocks >= MIN_BLOCKS
        assert found.half_width() == pytest.approx(expected.half_width(), rel=1e-9)
