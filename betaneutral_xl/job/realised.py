"""The betas that a hedge had month by month, from the prices behind the risk model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.arrays import FloatArray, make_read_only
from betaneutral_xl.readers.raw_input import Reader

if TYPE_CHECKING:
    from betaneutral_xl.job.run import Inputs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Realised:
    """What weights did after the fact: a series of realised betas to one ETF.

    Attributes
    ----------
    label
        Which weights, such as ``hedge`` or ``as it was``.
    etf
        The ETF's name.
    dates
        T days, ascending: the last of each window.
    beta, error
        Shape (T,): the slope over the window, and its standard error.
    total_return, volatility, drawdown
        Of the daily returns over all windows, before cost: compounded; annual; the largest fall from a
        high. Decimals; NaN where unknown.

    """

    label: str
    etf: str
    dates: tuple[date, ...]
    beta: FloatArray
    error: FloatArray
    total_return: float = math.nan
    volatility: float = math.nan
    drawdown: float = math.nan

    def __post_init__(self) -> None:
        make_read_only(self, "beta", "error")
        for name in ("beta", "error"):
            if getattr(self, name).shape != (len(self.dates),):
                msg = f"The realised {name} of {self.label} has not one value for each of its dates."
                raise InputError(msg)
        if not self.dates or list(self.dates) != sorted(set(self.dates)):
            msg = f"The dates of the realised beta of {self.label} are none, or not ascending."
            raise InputError(msg)


def realised_betas(inputs: Inputs) -> tuple[Realised, ...]:
    """Return what the hedge did month by month, and the portfolio without it; nothing without prices.

    Raises
    ------
    InputError, ModelError
        If the prices are too few, or no date has an answer.

    """
    file = next(
        (one for one in inputs.raw_inputs if one.reader is Reader.PRICES and "role" not in one.options),
        None,
    )
    if file is None:
        return ()
    from betaneutral_xl.engine.backtest import Estimator, Schedule, Study, walk
    from betaneutral_xl.engine.backtest.outcome import drawdown
    from betaneutral_xl.model.covariance_units import TRADING_DAYS
    from betaneutral_xl.readers.prices import parse_prices

    prices = parse_prices(file.data, file.name)
    estimator = Estimator.parse(file.options["method"], int(file.options["window"]))
    study = Study(
        holdings=inputs.holdings,
        etfs=inputs.etfs,
        prices=prices,
        schedule=Schedule(),
        estimators=(estimator,),
        methods=("hedge", "unhedged"),
    )
    backtest = walk(study)
    calendar = prices.returns().dates
    ends = calendar[np.searchsorted(calendar, backtest.dates) + study.schedule.horizon]
    return tuple(
        Realised(
            label=method,
            etf=etf,
            dates=tuple(ends.astype(object).tolist()),
            beta=backtest.beta[:, p, k],
            error=backtest.standard_error[:, p, k],
            total_return=float(np.prod(1.0 + backtest.returns[:, p]) - 1.0),
            volatility=float(backtest.returns[:, p].std() * math.sqrt(TRADING_DAYS)),
            drawdown=drawdown(backtest.returns[:, p]),
        )
        for k, etf in enumerate(backtest.etf_names)
        for p, (method, _) in enumerate(backtest.strategies)
    )
