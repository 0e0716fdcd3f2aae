from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.engine.backtest import Holding
from betaneutral_xl.engine.backtest.outcome import drawdown, follow, outcomes, rolling_beta
from betaneutral_xl.errors import ModelError
from betaneutral_xl.model.returns import Prices

NAN = float("nan")


def test_a_missing_price_is_carried_forward() -> None:
    days = [date(2024, 1, day) for day in range(1, 7)]
    matrix = np.array([[NAN, 10.0], [10.0, 10.0], [NAN, 11.0], [12.0, 11.0], [12.0, NAN], [15.0, NAN]])
    gains = outcomes(Prices.from_matrix(["GAP", "GONE"], days, matrix)).matrix
    assert np.isnan(gains[0, 0])  # not listed yet
    assert gains[1:, 0] == pytest.approx([0.0, 0.2, 0.0, 0.25])
    assert gains[:, 1] == pytest.approx([0.0, 0.1, 0.0, 0.0, 0.0])


def test_drifting_weights_have_the_value_of_constant_shares() -> None:
    gains = np.array([[0.10, -0.10], [0.10, 0.20]])
    path = follow(np.array([[0.5], [0.3]]), gains, Holding.DRIFTING)
    value = [0.2 + 0.5 * 1.1 + 0.3 * 0.9, 0.2 + 0.5 * 1.21 + 0.3 * 1.08]
    assert path.returns[:, 0] == pytest.approx([value[0] - 1.0, value[1] / value[0] - 1.0])
    assert path.weights[:, 0] == pytest.approx([0.605 / value[1], 0.324 / value[1]])
    assert path.turnover == 0.0


def test_daily_rebalancing_earns_the_weighted_mean_with_turnover() -> None:
    gains = np.array([[0.10, 0.0], [0.0, 0.0]])
    path = follow(np.array([[0.5], [0.5]]), gains, Holding.DAILY)
    assert path.returns[:, 0] == pytest.approx([0.05, 0.0])
    drifted = np.array([0.55, 0.5]) / 1.05
    assert path.turnover[0] == pytest.approx(np.abs(drifted - 0.5).sum() / 2.0)
    assert path.weights[:, 0] == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("holding", list(Holding))
def test_a_total_loss_is_an_error(holding: Holding) -> None:
    with pytest.raises(ModelError, match="lose more than the net asset value"):
        follow(np.array([[3.0]]), np.array([[-0.5], [0.1]]), holding)


@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=30))
def test_a_drawdown_is_the_worst_of_all_pairs_of_days(returns: list[float]) -> None:
    value = np.concatenate([[1.0], np.cumprod(1.0 + np.array(returns))])
    worst = max(1.0 - value[j] / value[i] for i in range(len(value)) for j in range(i, len(value)))
    assert drawdown(np.array(returns)) == pytest.approx(worst, abs=1e-12)


def test_a_rolling_beta_is_the_slope_of_each_window() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 40))
    rolled = rolling_beta(y, x, 15)
    assert np.isnan(rolled[:14]).all()
    for end in (14, 27, 39):
        window = slice(end - 14, end + 1)
        assert rolled[end] == pytest.approx(np.polyfit(x[window], y[window], 1)[0])
