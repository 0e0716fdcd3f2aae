"""What a risk model keeps of its past, so that its forecasts can be judged.

A beta moves from month to month, which no standard error tells. How far is measured by forecasting past
months as the risk model forecasts the next one (``engine.forecast_errors``): that takes the daily returns
behind the estimate, or the forecast errors themselves where the returns are not to be passed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.arrays import BoolArray, FloatArray, make_read_only

SAME_UNIT = 1e-6
"""Largest angle, in radians, between two baskets that are one ETF's."""

BLOCK = 21
"""Days of a block, a month of trading: the horizon over which a forecast is judged."""

OWN_SHARE = 0.5
"""Smallest share of a block's days, and of a portfolio's weights, with returns that are not imputed."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class EstimateHistory:
    """The daily returns behind an estimate, and how it was made of them.

    Attributes
    ----------
    tickers
        N canonical tickers, those of the risk model among them; the others show how the market moved.
    returns
        Shape (T, N), daily, oldest first; NaN where a name has none.
    method, options
        The estimator and its parameters.
    dates
        The T days; empty where they are not known.

    """

    tickers: tuple[str, ...]
    returns: FloatArray
    method: str
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    dates: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        make_read_only(self, "returns")
        if self.returns.ndim != 2 or self.returns.shape[1] != len(self.tickers):  # noqa: PLR2004 - a matrix
            msg = f"A history has {len(self.tickers)} tickers but returns of shape {self.returns.shape}."
            raise InputError(msg)
        if len(self.dates) not in {0, len(self.returns)}:
            msg = f"A history has {len(self.dates)} dates but {len(self.returns)} days of returns."
            raise InputError(msg)


@dataclass(frozen=True, slots=True, eq=False)
class RecordedErrors:
    """The forecast errors of the betas to one ETF, in place of the returns that they were measured with.

    Attributes
    ----------
    tickers
        N canonical tickers.
    unit
        Shape (N,): one unit of the ETF in these names.
    errors
        Shape (K, N): realised less predicted betas of K past months, the latest first.
    own
        Shape (K, N): whether a name had returns of its own in and before the month, not imputed ones.
    sampling
        Shape (N, N): the part of a portfolio's mean squared error that is sampling error, as the
        quadratic form ``x' S x``.

    """

    tickers: tuple[str, ...]
    unit: FloatArray
    errors: FloatArray
    own: BoolArray
    sampling: FloatArray

    def __post_init__(self) -> None:
        n = len(self.tickers)
        make_read_only(self, "unit", "errors", "sampling")  # own is of booleans
        shapes = self.errors.shape[1:] == (n,) and self.own.shape == self.errors.shape
        if self.unit.shape != (n,) or not shapes or self.sampling.shape != (n, n):
            msg = f"Forecast errors of {n} names have other shapes than these names."
            raise InputError(msg)

    def scale_of(self, unit: FloatArray) -> float:
        """Return c where another unit (N,) is c times this one; NaN where it is another ETF's."""
        sizes = float(np.linalg.norm(unit)), float(np.linalg.norm(self.unit))
        if not min(sizes) > 0.0:
            return float("nan")
        apart = float(np.linalg.norm(unit / sizes[0] - self.unit / sizes[1]))
        return sizes[0] / sizes[1] if apart <= SAME_UNIT else float("nan")


History = EstimateHistory | tuple[RecordedErrors, ...]
"""The returns behind an estimate, or the forecast errors of the betas to some ETFs."""
