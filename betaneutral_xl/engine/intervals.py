"""Forecast intervals of betas: sampling error and drift.

The standard error of a beta says how well the past beta is known. Next month's is another one: betas drift.
How much is measured in the risk model's own window. Past blocks of 21 days, k = 1 ... K counted back from the
end, are forecast with the same estimator from the days before them, and with e_k the realised less the
predicted beta of a portfolio,

    tau^2 = max(0, mean_k(e_k^2 - SE_pred,k^2 - SE_real,k^2))

is the variance of the drift. Next month's beta is within ``beta +- t_K sqrt(SE^2 + tau^2)`` 95 times in 100,
with t_K the quantile of Student's distribution: tau is known from K blocks only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from betaneutral_xl.engine.estimators import ESTIMATORS, MIN_PERIODS, Window, canonical, read_parameters
from betaneutral_xl.engine.estimators.history import BLOCK, MAX_BLOCKS, MIN_BLOCKS, MIN_DAYS
from betaneutral_xl.engine.regression import FITTED_PARAMETERS
from betaneutral_xl.errors import InputError, ModelError
from betaneutral_xl.model.arrays import BoolArray, FloatArray, IntArray, positions_of, read_only
from betaneutral_xl.model.drift import DriftErrors, DriftReturns
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from betaneutral_xl.model.alignment import Aligned

OWN_SHARE = 0.5
"""Smallest share of a block's days, and of a portfolio's weights, with returns that are not imputed."""

LEVEL = 0.95
"""Probability of the interval that is shown."""


@dataclass(frozen=True, slots=True)
class BetaForecast:
    """A predicted beta with its uncertainty.

    Attributes
    ----------
    beta
        The prediction.
    se
        Its standard error, the sampling error; NaN where unknown.
    drift
        tau, the standard deviation of what next month's beta is away from the past one's; NaN where unknown.
    blocks
        Number of blocks that the drift is known from.

    """

    beta: float
    se: float = math.nan
    drift: float = math.nan
    blocks: int = 0

    def half_width(self, level: float = LEVEL, added_se: float = 0.0) -> float:
        """Return half the length of the interval; NaN where standard error or drift is unknown.

        ``added_se`` is the standard error of a realised beta that the interval is to hold.
        """
        if not self.blocks or math.isnan(self.drift) or math.isnan(self.se):
            return math.nan
        return quantile(level, self.blocks) * math.hypot(self.se, self.drift, added_se)

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval of next month's beta; NaN where unknown."""
        return self.beta - self.half_width()

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval of next month's beta; NaN where unknown."""
        return self.beta + self.half_width()


@lru_cache(maxsize=256)
def quantile(level: float, blocks: int) -> float:
    """Return the number of standard deviations about the mean that has a probability, of Student's t.

    By the expansion of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5, within 0.0002
    for the numbers of blocks in use; without the half second that importing scipy takes.

    >>> round(quantile(0.95, 18), 3), round(quantile(0.95, 6), 3), round(quantile(0.95, 10**6), 3)
    (2.101, 2.447, 1.96)
    """
    z, n = NormalDist().inv_cdf(0.5 + level / 2.0), float(blocks)
    terms = (
        (z**3 + z) / 4.0,
        (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0,
        (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0,
        (79.0 * z**9 + 776.0 * z**7 + 1482.0 * z**5 - 1920.0 * z**3 - 945.0 * z) / 92160.0,
    )
    return z + math.fsum(term / n**power for power, term in enumerate(terms, start=1))


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """One block: the risk model of the days before it, its own days, and who has returns of its own."""

    before: Covariance
    days: FloatArray
    own: BoolArray
    end: date | None = None


_BLOCKS: WeakKeyDictionary[DriftReturns, tuple[_Block, ...]] = WeakKeyDictionary()
"""The blocks of each history, which are the same for all portfolios and ETFs."""


def _blocks(history: DriftReturns) -> tuple[_Block, ...]:
    """Return the blocks of a history, latest first."""
    if history not in _BLOCKS:
        _BLOCKS[history] = tuple(_made(history))
    return _BLOCKS[history]


def _made(history: DriftReturns) -> list[_Block]:
    method = canonical(history.method)
    options = read_parameters(method, {key: str(value) for key, value in history.options.items()})
    window = Window.of(history.tickers, history.returns)
    present = np.isfinite(history.returns)
    blocks: list[_Block] = []
    origin = Provenance.given(len(history.tickers))
    for end in range(window.days, 0, -BLOCK):
        start = end - BLOCK
        if start < MIN_DAYS or len(blocks) == MAX_BLOCKS:
            break
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
        blocks.append(_Block(before, window.complete[start:end], own, last))
    return blocks


@dataclass(frozen=True, slots=True, eq=False)
class ForecastErrors:
    """The forecast errors of K past blocks of the betas to one ETF.

    Attributes
    ----------
    errors
        Shape (K, N): realised less predicted betas of N names.
    own
        Shape (K, N): whether a name had returns of its own.

    """

    errors: FloatArray
    own: BoolArray
    _unit: FloatArray
    _blocks: tuple[_Block, ...] = ()
    _recorded: FloatArray | None = None

    @property
    def days(self) -> tuple[FloatArray, ...]:
        """The daily returns of each block, shape (21, N), latest first; none where they are not known."""
        return tuple(block.days for block in self._blocks)

    @property
    def ends(self) -> tuple[date, ...]:
        """The last day of each block, latest first; empty where the days are not known."""
        return tuple(block.end for block in self._blocks if block.end is not None)

    def portfolios(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return tau^2 of P portfolios (N, P), and the number of blocks that it is known from, each (P,)."""
        excess = (self.errors @ weights) ** 2 - self._sampling(weights)
        return _mean_excess(excess, self.usable(weights))

    def usable(self, weights: FloatArray) -> BoolArray:
        """Return in which blocks P portfolios (N, P) have enough returns of their own, shape (K, P)."""
        gross = np.abs(weights)
        enough: BoolArray = self.own @ gross >= OWN_SHARE * gross.sum(axis=0)
        return enough

    def names(self) -> tuple[FloatArray, FloatArray]:
        """Return tau^2 of the N names, and the number of blocks that it is known from, each (N,)."""
        if self._recorded is not None:
            sampling = np.broadcast_to(self._recorded.diagonal(), self.errors.shape)
        else:
            sampling = np.array([self._of_names(block) for block in self._blocks])
        return _mean_excess(self.errors**2 - sampling, self.own)

    def sampling_matrix(self) -> FloatArray:
        """Return the mean sampling error as a quadratic form, shape (N, N), to keep without the returns."""
        if self._recorded is not None:
            return self._recorded
        total = np.zeros((self.errors.shape[1],) * 2)
        for block in self._blocks:
            before, u = block.before, self._unit
            beta = before.predicted_beta(u)
            variance = before.variance(u)
            days = before.effective_days or math.nan
            residual = before.form.dense() / variance - np.outer(beta, beta)
            total += residual / (days - FITTED_PARAMETERS)
            y, x, square = _centred(block.days, block.days @ u)
            slope = y.T @ x / square
            total += (y.T @ y / square - np.outer(slope, slope)) / (len(y) - FITTED_PARAMETERS)
        return total / len(self._blocks)

    def _sampling(self, weights: FloatArray) -> FloatArray:
        """Return SE_pred^2 + SE_real^2 of portfolios (N, P) by block, shape (K, P)."""
        if self._recorded is not None:
            own: FloatArray = np.einsum("np,nm,mp->p", weights, self._recorded, weights)
            return np.broadcast_to(own, (len(self.errors), weights.shape[1]))
        rows = []
        for block in self._blocks:
            predicted = np.array(
                [float(block.before.portfolio_beta_standard_error(x, self._unit)) for x in weights.T]
            )
            y, x, square = _centred(block.days @ weights, block.days @ self._unit)
            rows.append(np.nan_to_num(predicted) ** 2 + _squared_error(y, x, square))
        return np.array(rows)

    def _of_names(self, block: _Block) -> FloatArray:
        y, x, square = _centred(block.days, block.days @ self._unit)
        predicted = np.nan_to_num(block.before.beta_standard_error(self._unit))
        total: FloatArray = predicted**2 + _squared_error(y, x, square)
        return total


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


def _mean_excess(excess: FloatArray, usable: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean over usable blocks, zero at least, NaN where these are too few; and their number."""
    count = usable.sum(axis=0)
    mean = np.where(usable, excess, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(count >= MIN_BLOCKS, np.maximum(mean, 0.0), np.nan), count


def forecast_errors(covariance: Covariance, unit: FloatArray) -> ForecastErrors | None:
    """Return the past forecast errors of the betas to one ETF; None where the risk model has no history.

    Parameters
    ----------
    covariance
        The risk model of N names.
    unit
        Shape (N,): one unit of the ETF in these names.

    """
    history = covariance.drift
    if isinstance(history, DriftReturns):
        return _measured(covariance.tickers, history, unit)
    for one in history or ():
        found = _recorded(covariance.tickers, one, unit)
        if found is not None:
            return found
    return None


def _measured(tickers: Sequence[str], history: DriftReturns, unit: FloatArray) -> ForecastErrors | None:
    there, rows = _common(tickers, history.tickers)
    if unit[~there].any():
        return None
    used: list[_Block] = []
    errors: list[FloatArray] = []
    for block in _blocks(history):
        own = np.zeros(len(tickers), dtype=np.bool_)
        own[there] = block.own[rows]
        days = np.zeros((len(block.days), len(tickers)))
        days[:, there] = block.days[:, rows]
        y, x, square = _centred(days, days @ unit)
        before = _expanded(block.before, tickers, there)
        if not square > 0.0 or not before.variance(unit) > 0.0:
            continue
        used.append(_Block(before, days, own, block.end))
        errors.append(y.T @ x / square - before.predicted_beta(unit))
    if len(used) < MIN_BLOCKS:
        return None
    return ForecastErrors(read_only(errors), np.array([one.own for one in used]), unit, tuple(used))


def _common(tickers: Sequence[str], recorded: Sequence[str]) -> tuple[BoolArray, IntArray]:
    """Return which names are recorded, shape (N,), and the places of these among the recorded ones."""
    there = np.isin(tickers, recorded)
    return there, positions_of(
        [ticker for ticker, known in zip(tickers, there, strict=True) if known], recorded
    )


def _expanded(before: Covariance, tickers: Sequence[str], there: BoolArray) -> Covariance:
    """Return a risk model of exactly some names; those that it lacks have no risk and are never used."""
    if tuple(tickers) == before.tickers:
        return before
    known = [ticker for ticker, inside in zip(tickers, there, strict=True) if inside]
    selected = before.select(known)
    if len(known) == len(tickers):
        return selected
    from betaneutral_xl.model.risk import Factors

    form = selected.form
    loadings = form.loadings if isinstance(form, Factors) else np.linalg.cholesky(form.dense())
    specific = form.specific_variance if isinstance(form, Factors) else np.zeros(len(known))
    wide = np.zeros((len(tickers), loadings.shape[1]))
    wide[there] = loadings
    own = np.zeros(len(tickers))
    own[there] = specific
    return Covariance(tuple(tickers), Factors(wide, own), before.provenance, before.effective_days)


def _recorded(tickers: Sequence[str], record: DriftErrors, unit: FloatArray) -> ForecastErrors | None:
    there, rows = _common(tickers, record.tickers)
    if unit[~there].any():
        return None
    whole = np.zeros(len(record.tickers))
    whole[rows] = unit[there]
    scale = record.scale_of(whole)
    if math.isnan(scale):
        return None
    errors = np.zeros((len(record.errors), len(tickers)))
    errors[:, there] = record.errors[:, rows] / scale
    sampling = np.zeros((len(tickers),) * 2)
    sampling[np.ix_(there, there)] = record.sampling[np.ix_(rows, rows)] / scale**2
    own = np.zeros(errors.shape, dtype=np.bool_)
    own[:, there] = record.own[:, rows]
    return ForecastErrors(errors, own, unit, (), sampling)


def forecasts(covariance: Covariance, unit: FloatArray, weights: FloatArray) -> tuple[BetaForecast, ...]:
    """Return the predicted betas of P portfolios (N, P) to one ETF's unit (N,), with their uncertainty."""
    betas = covariance.predicted_beta(unit)
    found = forecast_errors(covariance, unit)
    p = weights.shape[1]
    drift, blocks = (np.full(p, math.nan), np.zeros(p)) if found is None else found.portfolios(weights)
    return tuple(
        BetaForecast(
            float(betas @ x), float(covariance.portfolio_beta_standard_error(x, unit)), math.sqrt(t), int(n)
        )
        for x, t, n in zip(weights.T, drift.tolist(), blocks.tolist(), strict=True)
    )


def portfolio_forecasts(aligned: Aligned, weights: FloatArray) -> dict[str, BetaForecast]:
    """Return the predicted beta to each ETF of weights of the instruments (n + m,), with its uncertainty."""
    return {
        name: forecasts(aligned.instruments, unit, weights[:, None])[0]
        for name, unit in zip(aligned.etf_names, aligned.units.T, strict=True)
    }


def name_ends(aligned: Aligned) -> FloatArray:
    """Return the 95 % intervals of next month's beta of the covered names to each ETF, shape (n, 2 K).

    Of each ETF the lower and the upper end; NaN where unknown.
    """
    n = len(aligned.covered_tickers)
    ends = [
        [(one.low, one.high) for one in name_forecasts(aligned.instruments, unit)[:n]]
        for unit in aligned.units.T
    ]
    return read_only(np.hstack([np.array(of_etf) for of_etf in ends]))


def name_forecasts(covariance: Covariance, unit: FloatArray) -> tuple[BetaForecast, ...]:
    """Return the predicted beta of each of N names to one ETF's unit (N,), with its uncertainty."""
    betas = covariance.predicted_beta(unit).tolist()
    errors = covariance.beta_standard_error(unit).tolist()
    found = forecast_errors(covariance, unit)
    n = len(betas)
    drift, blocks = (np.full(n, math.nan), np.zeros(n)) if found is None else found.names()
    return tuple(
        BetaForecast(beta, se, math.sqrt(t), int(k))
        for beta, se, t, k in zip(betas, errors, drift.tolist(), blocks.tolist(), strict=True)
    )
