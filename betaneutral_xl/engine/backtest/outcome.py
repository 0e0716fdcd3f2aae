"""Outcome of weights: returns, drifted weights, drawdown and realised betas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.backtest.plan import Holding
from betaneutral_xl.errors import ModelError
from betaneutral_xl.model.returns import Returns

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.returns import Prices


def outcomes(prices: Prices) -> Returns:
    """Return the daily returns of holding each name, shape (T - 1, N).

    A missing price is carried forward: the return is 0 on that day and the whole move falls on the
    day that trading resumes. After a name's last price its return is 0; before its first price NaN.
    """
    rows = np.arange(len(prices.dates))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(prices.matrix), rows, -1), axis=0)
    carried = np.where(last >= 0, np.take_along_axis(prices.matrix, np.maximum(last, 0), axis=0), np.nan)
    return Returns(prices.tickers, prices.dates[1:], carried[1:] / carried[:-1] - 1.0, prices.provenance)


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Evolution of P portfolios over T days.

    Attributes
    ----------
    returns
        Shape (T, P), daily, of the whole net asset value; cash earns nothing.
    weights
        Shape (N, P), the weights on the last day.
    turnover
        Shape (P,), one-way turnover of daily rebalancing; 0 where weights drift.

    """

    returns: FloatArray
    weights: FloatArray
    turnover: FloatArray


def follow(weights: FloatArray, gains: FloatArray, holding: Holding, names: Sequence[str] = ()) -> Path:
    """Hold portfolios (N, P) over the days of ``gains`` (T, N); ``names`` label the first portfolios.

    If weights drift, the value is ``V_t = 1 + sum_i x_i (p_ti / p_0i - 1)``; if rebalanced daily, each
    day's return is ``sum_i x_i r_ti``.

    Raises
    ------
    ModelError
        If a portfolio loses more than its net asset value.

    """
    if holding is Holding.DRIFTING:
        growth = np.cumprod(1.0 + gains, axis=0)
        value = 1.0 - weights.sum(axis=0) + growth @ weights
        _require_solvent(value, weights, names)
        daily = value / np.vstack([np.ones(value.shape[1]), value[:-1]]) - 1.0
        return Path(daily, growth[-1][:, None] * weights / value[-1], np.zeros(value.shape[1]))
    daily = gains @ weights
    _require_solvent(1.0 + daily, weights, names)
    traded = np.array(
        [
            float((np.abs(gains[:-1] - r[:-1, None]) @ np.abs(x) / (1.0 + r[:-1])).sum()) / 2.0
            for x, r in zip(weights.T, daily.T, strict=True)
        ]
    )
    return Path(daily, weights * (1.0 + gains[-1][:, None]) / (1.0 + daily[-1]), traded)


def _require_solvent(value: FloatArray, weights: FloatArray, names: Sequence[str]) -> None:
    lost = np.flatnonzero((value <= 0.0).any(axis=0))
    if lost.size:
        who = f" of {names[lost[0]]}" if lost[0] < len(names) else ""
        gross = float(np.abs(weights[:, lost[0]]).sum())
        msg = (
            f"The weights{who}, with a gross exposure of {gross:.2f}, lose more than the net asset value, "
            "so returns are undefined. Try smaller ones."
        )
        raise ModelError(msg)


def drawdown(returns: FloatArray) -> float:
    """Return the maximum drawdown of daily returns, a nonnegative decimal.

    >>> round(drawdown(np.array([0.1, -0.2, 0.05, -0.1])), 4)
    0.244
    """
    value = np.concatenate([[1.0], np.cumprod(1.0 + returns)])
    return float((1.0 - value / np.maximum.accumulate(value)).max())


def rolling_beta(returns: FloatArray, etf: FloatArray, days: int) -> FloatArray:
    """Return the rolling beta over ``days`` days, shape (T,); NaN on the first ``days - 1`` days."""
    beta = np.full(len(returns), np.nan)
    if len(returns) >= days:
        y, x = (np.lib.stride_tricks.sliding_window_view(one, days) for one in (returns, etf))
        x = x - x.mean(axis=1, keepdims=True)
        beta[days - 1 :] = (x * y).sum(axis=1) / (x * x).sum(axis=1)
    return beta
