"""The past blocks of an estimate's history: what the same estimator forecast before each, and what came.

Needed where a risk model was estimated here; a file has recorded the errors (``engine.forecast_errors``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from betaneutral_xl.engine.estimators import MIN_PERIODS, canonical
from betaneutral_xl.engine.estimators.fitting import ESTIMATORS, read_parameters
from betaneutral_xl.engine.estimators.window import Window
from betaneutral_xl.engine.regression import FITTED_PARAMETERS
from betaneutral_xl.errors import InputError, ModelError
from betaneutral_xl.model.history import BLOCK, OWN_SHARE, EstimateHistory
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import BoolArray, FloatArray

MAX_BLOCKS = 18
"""Largest number of blocks that are used."""

MIN_DAYS = 84
"""Days that an estimate needs before a block."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One block: the risk model of the days before it, its own days, and who has returns of its own."""

    before: Covariance
    days: FloatArray
    own: BoolArray
    end: date | None = None

    def errors(self, unit: FloatArray) -> FloatArray:
        """Return realised less predicted betas to a unit (M,), shape (M,)."""
        y, x, square = _centred(self.days, self.days @ unit)
        errors: FloatArray = y.T @ x / square - self.before.predicted_beta(unit)
        return errors

    def moves(self, unit: FloatArray) -> bool:
        """Whether the ETF moved in the block, and before it."""
        _, _, square = _centred(self.days, self.days @ unit)
        return square > float(np.finfo(np.float64).tiny) and self.before.variance(unit) > 0.0


@dataclass(frozen=True, slots=True, eq=False)
class OfBlocks:
    """Sampling error of forecasts that are made again."""

    blocks: tuple[Block, ...]
    unit: FloatArray

    def of_portfolios(self, weights: FloatArray) -> FloatArray:
        """Return SE_pred^2 + SE_real^2 of portfolios (M, P) by block, shape (K, P)."""
        rows = []
        for block in self.blocks:
            predicted = np.array(
                [float(block.before.portfolio_beta_standard_error(x, self.unit)) for x in weights.T]
            )
            y, x, square = _centred(block.days @ weights, block.days @ self.unit)
            rows.append(np.nan_to_num(predicted) ** 2 + _squared_error(y, x, square))
        return np.array(rows)

    def of_names(self) -> FloatArray:
        """Return the same of every name, shape (K, M)."""
        rows = []
        for block in self.blocks:
            predicted = np.nan_to_num(block.before.beta_standard_error(self.unit))
            y, x, square = _centred(block.days, block.days @ self.unit)
            rows.append(predicted**2 + _squared_error(y, x, square))
        return np.array(rows)

    def matrix(self) -> FloatArray:
        """Return their mean over the blocks as a quadratic form, shape (M, M)."""
        total = np.zeros((len(self.unit),) * 2)
        for block in self.blocks:
            before, u = block.before, self.unit
            beta = before.predicted_beta(u)
            days = before.effective_days or math.nan
            residual = before.form.dense() / before.variance(u) - np.outer(beta, beta)
            total += residual / (days - FITTED_PARAMETERS)
            y, x, square = _centred(block.days, block.days @ u)
            slope = y.T @ x / square
            total += (y.T @ y / square - np.outer(slope, slope)) / (len(y) - FITTED_PARAMETERS)
        return total / len(self.blocks)


_BLOCKS: WeakKeyDictionary[EstimateHistory, tuple[Block, ...]] = WeakKeyDictionary()
"""The blocks of each history, which are the same for all portfolios and ETFs."""


def blocks_of(history: EstimateHistory) -> tuple[Block, ...]:
    """Return the blocks of a history, latest first."""
    if history not in _BLOCKS:
        _BLOCKS[history] = tuple(_made(history))
    return _BLOCKS[history]


def _made(history: EstimateHistory) -> Iterator[Block]:
    method = canonical(history.method)
    options = read_parameters(method, {key: str(value) for key, value in history.options.items()})
    window = Window.of(history.tickers, history.returns)
    present = np.isfinite(history.returns)
    origin = Provenance.given(len(history.tickers))
    count = min(MAX_BLOCKS, (window.days - MIN_DAYS) // BLOCK)
    for end in (window.days - BLOCK * k for k in range(count)):
        start = end - BLOCK
        past = Window(window.tickers, window.returns[:start], window.complete[:start], window.unexplained)
        try:
            with np.errstate(invalid="ignore", divide="ignore"):  # names without a return before the block
                made = ESTIMATORS[method](past, **options)
        except (InputError, ModelError):
            continue  # too few days for this estimator
        seen = None if (made.seen == 1.0).all() else made.seen
        own = present[start:end].mean(axis=0) >= OWN_SHARE
        own &= present[:start].sum(axis=0) >= MIN_PERIODS
        before = Covariance(history.tickers, made.form, origin, made.effective_days, seen=seen)
        last = history.dates[end - 1] if history.dates else None
        yield Block(before, window.complete[start:end], own, last)


def _centred(returns: FloatArray, etf: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Return series (T, P) and those of an ETF (T,) less their means, and the latter's sum of squares."""
    y, x = returns - returns.mean(axis=0), etf - etf.mean()
    return y, x, float(x @ x)


def _squared_error(y: FloatArray, x: FloatArray, square: float) -> FloatArray:
    """Return the squared standard errors (P,) of the slopes of centred series (T, P) on another (T,)."""
    slope = y.T @ x / square
    left = np.maximum((y * y).sum(axis=0) - slope**2 * square, 0.0)
    error: FloatArray = left / square / (len(y) - FITTED_PARAMETERS)
    return error
