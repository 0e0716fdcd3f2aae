"""The betas that today's weights had in the past months, from the returns behind the risk model.

A portfolio as it is has the beta that is measured. A proposal is renewed: had its beta been brought to the
same number at the start of every month, with the risk model of the days before, the beta of that month would
have been the number plus the forecast error of the month. So the past of a hedge needs no backtest, and what
it shows is what the interval of next month's beta is made of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.forecast_errors import forecast_errors
from betaneutral_xl.errors import InputError
from betaneutral_xl.model.arrays import FloatArray, make_read_only
from betaneutral_xl.model.history import BLOCK

if TYPE_CHECKING:
    from betaneutral_xl.engine.forecast_errors import ForecastErrors
    from betaneutral_xl.model.alignment import Aligned

RECENT = 3
"""Number of blocks of the realised beta that is shown beside a prediction."""

DAYS = RECENT * BLOCK
"""The same in days: 63."""


@dataclass(frozen=True, slots=True)
class RecentBeta:
    """A realised beta over the latest days: the slope, and its standard error."""

    beta: float
    se: float
    days: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PastBetas:
    """The betas to one ETF of today's weights, month by month.

    Attributes
    ----------
    etf
        The ETF's name.
    ends
        The last day of each of the K months, ascending; empty where the risk model does not keep them.
    as_it_is
        Shape (K,), of the portfolio as it is; NaN where the returns are not known.
    renewed
        Shape (K,), of the proposal, renewed to its predicted beta at the start of each month.
    noise
        The standard error of one month's measured beta of the proposal, with which the interval of next
        month's beta is the one that measured betas are in.
    recent_before, recent_after
        The realised betas over the latest 63 days, of the portfolio and of the proposal; None where the
        returns are not known.

    """

    etf: str
    ends: tuple[date, ...]
    as_it_is: FloatArray
    renewed: FloatArray
    noise: float = 0.0
    recent_before: RecentBeta | None = None
    recent_after: RecentBeta | None = None

    def __post_init__(self) -> None:
        make_read_only(self, "as_it_is", "renewed")
        months = len(self.renewed)
        if self.as_it_is.shape != (months,) or len(self.ends) not in {0, months}:
            msg = f"The past betas to {self.etf} have not one value of each for every month."
            raise InputError(msg)

    @property
    def months(self) -> int:
        """K."""
        return len(self.renewed)


def past_betas(aligned: Aligned, weights: FloatArray) -> tuple[PastBetas, ...]:
    """Return the past of today's portfolio and of a proposal, for each ETF whose past is known.

    ``weights`` (n,) are the proposal's, of the covered names.
    """
    both = np.column_stack([aligned.with_etfs(aligned.covered_weights), aligned.with_etfs(weights)])
    found = []
    for name, unit in zip(aligned.etf_names, aligned.units.T, strict=True):
        errors = forecast_errors(aligned.risk_model.history, aligned.instruments.tickers, unit)
        if errors is not None:
            predicted = float(aligned.instruments.predicted_beta(unit) @ both[:, 1])
            se = float(aligned.instruments.portfolio_beta_standard_error(both[:, 1], unit))
            found.append(_past(name, unit, both, errors, (predicted, se)))
    return tuple(found)


def _past(
    name: str, unit: FloatArray, both: FloatArray, errors: ForecastErrors, now: tuple[float, float]
) -> PastBetas:
    """Return the past of two portfolios (n + m, 2); a month that is imputed for half of one has none.

    ``now`` is the proposal's predicted beta and its standard error.
    """
    usable = errors.usable(both)
    renewed = np.where(usable[:, 1], errors.of(both)[:, 1] + now[0], math.nan)
    measured = float(errors.sampling(both)[:, 1].mean()) - np.nan_to_num(now[1]) ** 2
    as_it_is = np.full(len(renewed), math.nan)
    recent: tuple[RecentBeta | None, ...] = (None, None)
    if errors.days:
        slope_of = [_slope(block @ both[:, 0], block @ unit).beta for block in errors.days]
        as_it_is = np.where(usable[:, 0], slope_of, math.nan)
    if len(errors.days) >= RECENT:
        latest = np.concatenate(errors.days[RECENT - 1 :: -1])
        known = [bool(own.all()) for own in usable[:RECENT].T]
        recent = tuple(
            _slope(latest @ one, latest @ unit) if own else None
            for one, own in zip(both.T, known, strict=True)
        )
    return PastBetas(
        etf=name,
        ends=errors.ends[::-1],
        as_it_is=as_it_is[::-1],
        renewed=renewed[::-1],
        noise=math.sqrt(max(measured, 0.0)),
        recent_before=recent[0],
        recent_after=recent[1],
    )


def _slope(portfolio: FloatArray, etf: FloatArray) -> RecentBeta:
    from betaneutral_xl.engine.regression import slopes

    beta, error = slopes(portfolio[:, None], etf[:, None])
    return RecentBeta(float(beta[0, 0]), float(error[0, 0]), len(etf))
