"""Past forecast errors of betas, from the history of a risk model.

The last days of the history are cut into blocks of ``BLOCK`` days. For each block the same estimator sees the
days before the block only, and its betas are compared with those realised in the block:

    e_b = R_b'u / (u'R_b u)  -  V_b u / (u'V_b u)

with R_b the sample covariance of the block's days, V_b the estimate from the days before it, and u one unit
of the ETF. They are measured here (``engine.past_blocks``) unless the risk model's file has recorded them.
Intervals of betas are measured with them (``engine.intervals``), and the stable objective of reweighting
keeps them small (``engine.stable``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from betaneutral_xl.model.arrays import BoolArray, FloatArray, IntArray, positions_of, read_only
from betaneutral_xl.model.history import OWN_SHARE, EstimateHistory, History, RecordedErrors

if TYPE_CHECKING:
    from betaneutral_xl.engine.past_blocks import Block, OfBlocks

_SamplingError: TypeAlias = "_OfRecord | OfBlocks"

MIN_BLOCKS = 6
"""Number of blocks below which no errors are known."""


@dataclass(frozen=True, slots=True, eq=False)
class ForecastErrors:
    """The forecast errors of the betas of N names to one ETF in K past blocks.

    Attributes
    ----------
    errors
        Shape (K, N): realised less predicted betas, the latest block first; NaN for names without a past.
    own
        Shape (K, N): whether a name had returns of its own, not imputed ones.

    """

    errors: FloatArray
    own: BoolArray
    _sampling: _SamplingError
    _names: _Names
    _blocks: tuple[Block, ...] = ()

    @property
    def days(self) -> tuple[FloatArray, ...]:
        """The daily returns of each block, shape (21, N), latest first; none where they are not known."""
        return tuple(self._names.restrict(block.days, 0.0) for block in self._blocks)

    @property
    def ends(self) -> tuple[date, ...]:
        """The last day of each block, latest first; empty where the days are not known."""
        return tuple(block.end for block in self._blocks if block.end is not None)

    def of(self, weights: FloatArray) -> FloatArray:
        """Return the errors of P portfolios (N, P), shape (K, P); names without a past have no part."""
        there = self._names.there
        errors: FloatArray = self.errors[:, there] @ weights[there]
        return errors

    def usable(self, weights: FloatArray) -> BoolArray:
        """Return in which blocks P portfolios (N, P) have enough returns of their own, shape (K, P)."""
        gross = np.abs(weights)
        enough: BoolArray = self.own @ gross >= OWN_SHARE * gross.sum(axis=0)
        return enough

    def portfolios(
        self, weights: FloatArray, changes: Sequence[FloatArray] | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return tau^2 of P portfolios (N, P), and the number of blocks that it is known from, each (P,).

        ``changes`` are added to each portfolio's errors in the latest blocks; blocks of NaN are not used.
        """
        errors = self.of(weights)
        for p, change in enumerate(changes or ()):
            errors[: len(change), p] += change
        excess = errors**2 - self.sampling(weights)
        return _mean_excess(excess, self.usable(weights) & ~np.isnan(errors))

    def names(self) -> tuple[FloatArray, FloatArray]:
        """Return tau^2 of the N names, and the number of blocks that it is known from, each (N,)."""
        sampling = self._names.restrict(self._sampling.of_names(), math.nan)
        return _mean_excess(self.errors**2 - sampling, self.own)

    def sampling(self, weights: FloatArray) -> FloatArray:
        """Return SE_pred^2 + SE_real^2 of portfolios (N, P) by block, shape (K, P)."""
        return self._sampling.of_portfolios(self._names.lift(weights))

    def sampling_matrix(self) -> FloatArray:
        """Return the mean sampling error as a quadratic form, shape (N, N), to keep without the returns."""
        return self._names.restrict(self._names.restrict(self._sampling.matrix(), 0.0).T, 0.0)


def forecast_errors(
    history: History | None, tickers: Sequence[str], unit: FloatArray
) -> ForecastErrors | None:
    """Return the past forecast errors of the betas of N names to one ETF.

    Parameters
    ----------
    history
        The past of a risk model.
    tickers
        N names.
    unit
        Shape (N,): one unit of the ETF in these names.

    Returns
    -------
    ForecastErrors or None
        None where there is no history, where it lacks a name of the ETF, has errors of other ETFs only, or
        fewer than ``MIN_BLOCKS`` blocks in which the ETF moved.

    """
    if history is None:
        return None
    if isinstance(history, EstimateHistory):
        names = _Names.of(tickers, history.tickers)
        return None if unit[~names.there].any() else _measured(history, names, names.lift(unit))
    found = (_recorded(one, _Names.of(tickers, one.tickers), unit) for one in history)
    return next((one for one in found if one is not None), None)


def tickers_of(history: History) -> frozenset[str]:
    """Return the names that have a past."""
    if isinstance(history, EstimateHistory):
        return frozenset(history.tickers)
    return frozenset(ticker for one in history for ticker in one.tickers)


@dataclass(frozen=True, slots=True, eq=False)
class _Names:
    """Where N names are among the M of a history.

    Attributes
    ----------
    there
        Shape (N,): whether the history has a name.
    rows
        Places of these in the history.
    size
        M.

    """

    there: BoolArray
    rows: IntArray
    size: int

    @classmethod
    def of(cls, tickers: Sequence[str], recorded: Sequence[str]) -> _Names:
        known = set(recorded)
        there = np.array([ticker in known for ticker in tickers], dtype=np.bool_)
        rows = positions_of([ticker for ticker in tickers if ticker in known], recorded)
        return cls(there, rows, len(recorded))

    def lift(self, values: FloatArray) -> FloatArray:
        """Return values of the names, shape (N, ...), as those of the history's (M, ...), 0 elsewhere."""
        lifted = np.zeros((self.size, *values.shape[1:]))
        lifted[self.rows] = values[self.there]
        return lifted

    def restrict(self, values: FloatArray, absent: float) -> FloatArray:
        """Return values of the history's names, shape (K, M), as those of the names (K, N)."""
        restricted = np.full((len(values), len(self.there)), absent)
        restricted[:, self.there] = values[:, self.rows]
        return restricted


@dataclass(frozen=True, slots=True, eq=False)
class _OfRecord:
    """Sampling error of the betas of a history's M names that was recorded, the same in each of K blocks."""

    form: FloatArray
    blocks: int

    def of_portfolios(self, weights: FloatArray) -> FloatArray:
        """Return SE_pred^2 + SE_real^2 of portfolios (M, P) by block, shape (K, P)."""
        own: FloatArray = np.einsum("np,nm,mp->p", weights, self.form, weights)
        return np.broadcast_to(own, (self.blocks, len(own)))

    def of_names(self) -> FloatArray:
        """Return the same of every name, shape (K, M)."""
        return np.broadcast_to(self.form.diagonal(), (self.blocks, len(self.form)))

    def matrix(self) -> FloatArray:
        """Return their mean over the blocks as a quadratic form, shape (M, M)."""
        return self.form


def _measured(history: EstimateHistory, names: _Names, unit: FloatArray) -> ForecastErrors | None:
    """Return the errors for a unit (M,) in the history's names."""
    from betaneutral_xl.engine.past_blocks import OfBlocks, blocks_of

    blocks = tuple(block for block in blocks_of(history) if block.moves(unit))
    if len(blocks) < MIN_BLOCKS:
        return None
    errors = np.array([block.errors(unit) for block in blocks])
    own = np.array([block.own for block in blocks])
    return _of_history(errors, own, OfBlocks(blocks, unit), names, blocks)


def _recorded(record: RecordedErrors, names: _Names, unit: FloatArray) -> ForecastErrors | None:
    """Return the recorded errors for a unit (N,); None where they are of another ETF."""
    scale = record.scale_of(names.lift(unit))
    if math.isnan(scale) or unit[~names.there].any():
        return None
    sampling = _OfRecord(record.sampling / scale**2, len(record.errors))
    return _of_history(record.errors / scale, record.own, sampling, names)


def _of_history(
    errors: FloatArray,
    own: BoolArray,
    sampling: _SamplingError,
    names: _Names,
    blocks: tuple[Block, ...] = (),
) -> ForecastErrors:
    """Return errors (K, M) of a history's names as those of the names in question."""
    there = np.zeros((len(own), len(names.there)), dtype=np.bool_)
    there[:, names.there] = own[:, names.rows]
    return ForecastErrors(read_only(names.restrict(errors, math.nan)), there, sampling, names, blocks)


def _mean_excess(excess: FloatArray, usable: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean over usable blocks, zero at least, NaN where these are too few; and their number."""
    count = usable.sum(axis=0)
    mean = np.where(usable, excess, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(count >= MIN_BLOCKS, np.maximum(mean, 0.0), np.nan), count
