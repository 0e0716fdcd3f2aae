"""Past forecast errors of betas, compared with regressions over the same days."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from betaneutral_xl.engine.estimators.fitting import estimate
from betaneutral_xl.engine.estimators.from_prices import covariance_of
from betaneutral_xl.engine.forecast_errors import MIN_BLOCKS, forecast_errors, tickers_of
from betaneutral_xl.engine.past_blocks import MAX_BLOCKS, MIN_DAYS
from betaneutral_xl.model.history import BLOCK, RecordedErrors
from betaneutral_xl.model.returns import Prices

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.history import History

NAMES = ("AAA", "BBB", "CCC", "DDD")
ETF = np.array([0.5, 0.5, 0.0, 0.0])


def prices(days: int, *, step: int = 1) -> Prices:
    rng = np.random.default_rng(1)
    market = rng.normal(0.0, 0.01, (days + 1, 1))
    moves = market * np.array([0.5, 1.0, 1.5, 2.0]) + rng.normal(0.0, 0.01, (days + 1, 4))
    first = np.busday_offset("2022-01-03", np.arange(0, step * (days + 1), step), roll="forward")
    return Prices.from_matrix(NAMES, list(first.astype(object)), 100.0 * np.cumprod(1.0 + moves, axis=0))


def errors_of(
    history: History | None, tickers: tuple[str, ...] = NAMES, unit: FloatArray = ETF
) -> FloatArray:
    found = forecast_errors(history, tickers, unit)
    assert found is not None
    return found.errors


def slope(days: FloatArray, column: int, etf: FloatArray) -> float:
    """Return the beta of one name over some days, by ordinary least squares."""
    design = np.column_stack([np.ones(len(days)), days @ etf])
    return float(np.linalg.lstsq(design, days[:, column], rcond=None)[0][1])


def test_errors_are_those_of_regressions_before_and_in_each_block() -> None:
    returns = prices(300).returns()
    errors = errors_of(estimate(returns, "sample").history)
    blocks = (300 - MIN_DAYS) // BLOCK
    assert errors.shape == (blocks, 4)
    for b in (0, 3, blocks - 1):
        end = 300 - BLOCK * b
        inside, before = returns.matrix[end - BLOCK : end], returns.matrix[: end - BLOCK]
        assert len(before) >= MIN_DAYS
        for column in range(4):
            expected = slope(inside, column, ETF) - slope(before, column, ETF)
            assert errors[b, column] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("method", ["default", "exponential", "two_speed", "pairwise", "single_index"])
def test_an_etf_has_no_error_to_itself(method: str) -> None:
    errors = errors_of(estimate(prices(300).returns(), method).history)
    np.testing.assert_allclose(errors @ ETF, 0.0, atol=1e-12)
    assert np.isfinite(errors).all()


def test_a_forecast_does_not_see_its_block() -> None:
    returns = prices(300).returns()
    changed = np.array(returns.matrix)
    changed[-BLOCK:] *= np.random.default_rng(0).uniform(0.5, 2.0, (BLOCK, 4))
    table = type(returns)(returns.tickers, returns.dates, changed, returns.provenance)
    same, other = (errors_of(estimate(one, "exponential").history) for one in (returns, table))
    np.testing.assert_array_equal(same[1:], other[1:])
    inside = [slope(one[-BLOCK:], 2, ETF) for one in (returns.matrix, changed)]
    assert other[0, 2] - same[0, 2] == pytest.approx(inside[1] - inside[0], abs=1e-10)


def test_the_number_of_blocks_is_limited_and_few_days_have_no_history() -> None:
    long = errors_of(estimate(prices(504).returns(), "sample").history)
    assert len(long) == MAX_BLOCKS
    enough = MIN_DAYS + MIN_BLOCKS * BLOCK
    assert len(errors_of(estimate(prices(enough).returns(), "sample").history)) == MIN_BLOCKS
    assert forecast_errors(estimate(prices(enough - 1).returns(), "sample").history, NAMES, ETF) is None


def test_weekly_prices_have_no_history() -> None:
    assert estimate(prices(300, step=5).returns(), "sample").history is None


def test_part_of_a_risk_model_keeps_the_history_and_the_context_of_its_estimate() -> None:
    whole = covariance_of(prices(300), ["BBB", "AAA"], "default", as_of=date(2023, 2, 1))
    part = whole.select(["AAA"])
    assert part.history is whole.history
    assert part.history is not None
    both = errors_of(part.history, ("AAA", "BBB"), np.array([0.5, 0.5]))
    np.testing.assert_allclose(both.sum(axis=1), 0.0, atol=1e-12)


def test_a_block_in_which_the_etf_did_not_move_is_passed_over() -> None:
    table = prices(300)
    matrix = np.array(table.matrix)
    matrix[-BLOCK - 5 :, :2] = matrix[-BLOCK - 5, :2]
    still = estimate(Prices.from_matrix(NAMES, table.dates, matrix).returns(), "sample").history
    moving = errors_of(estimate(table.returns(), "sample").history)
    np.testing.assert_array_equal(errors_of(still)[1:], moving[2:])
    assert len(errors_of(still)) == len(moving) - 1


def test_names_without_a_past_have_no_errors_and_an_etf_of_such_names_none_at_all() -> None:
    history = estimate(prices(300).returns(), "sample").history
    wide = errors_of(history, ("NEW", *NAMES), np.array([0.0, *ETF]))
    assert np.isnan(wide[:, 0]).all()
    np.testing.assert_array_equal(wide[:, 1:], errors_of(history))
    assert forecast_errors(history, ("NEW", *NAMES), np.array([0.1, *ETF])) is None
    assert forecast_errors(None, NAMES, ETF) is None


def test_recorded_errors_are_the_same_for_a_multiple_of_the_etf_and_unknown_for_another() -> None:
    history = estimate(prices(300).returns(), "sample").history
    found = forecast_errors(history, NAMES, ETF)
    assert found is not None
    record = (RecordedErrors(NAMES, ETF, found.errors, found.own, found.sampling_matrix()),)
    np.testing.assert_allclose(errors_of(record, unit=2.0 * ETF), found.errors / 2.0, rtol=1e-12)
    assert forecast_errors(record, NAMES, np.eye(4)[0]) is None
    assert tickers_of(record) == set(NAMES)
