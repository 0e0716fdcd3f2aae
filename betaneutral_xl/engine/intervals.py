"""Forecast intervals of betas: sampling error and drift.

The standard error of a beta says how well the past beta is known. Next month's is another one: betas drift.
How much is measured in the risk model's own window: with e_k the forecast error of a portfolio's beta in the
past blocks k = 1 ... K (``engine.forecast_errors``),

    tau^2 = max(0, mean_k(e_k^2 - SE_pred,k^2 - SE_real,k^2))

is the variance of the drift. Next month's beta is within ``beta +- t_K sqrt(SE^2 + tau^2)`` 95 times in 100,
with t_K the quantile of Student's distribution: tau is known from K blocks only. Where the weights were
chosen to have small e_k, those of weights chosen without block k are taken (``stable.leave_one_out``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.forecast_errors import forecast_errors
from betaneutral_xl.model.arrays import read_only

if TYPE_CHECKING:
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import Covariance

LEVEL = 0.95
"""Probability of the interval that is shown."""

NORMAL = 1.9599639845400536
"""The number of standard deviations about the mean of a normal distribution that has this probability."""


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
    z, n = NORMAL if level == LEVEL else _normal(level), float(blocks)
    terms = (
        (z**3 + z) / 4.0,
        (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0,
        (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0,
        (79.0 * z**9 + 776.0 * z**7 + 1482.0 * z**5 - 1920.0 * z**3 - 945.0 * z) / 92160.0,
    )
    return z + math.fsum(term / n**power for power, term in enumerate(terms, start=1))


def _normal(level: float) -> float:
    from statistics import NormalDist  # with its exact numbers it takes long to import

    return NormalDist().inv_cdf(0.5 + level / 2.0)


def forecasts(
    covariance: Covariance,
    unit: FloatArray,
    weights: FloatArray,
    changes: Sequence[FloatArray] | None = None,
) -> tuple[BetaForecast, ...]:
    """Return the predicted betas of P portfolios (N, P) to one ETF's unit (N,), with their uncertainty.

    ``changes`` has for each portfolio what is added to its past errors, latest block first, where its weights
    were chosen on them.
    """
    betas = covariance.predicted_beta(unit)
    found = forecast_errors(covariance.history, covariance.tickers, unit)
    p = weights.shape[1]
    drift, blocks = (
        (np.full(p, math.nan), np.zeros(p)) if found is None else found.portfolios(weights, changes)
    )
    return tuple(
        BetaForecast(
            float(betas @ x), float(covariance.portfolio_beta_standard_error(x, unit)), math.sqrt(t), int(n)
        )
        for x, t, n in zip(weights.T, drift.tolist(), blocks.tolist(), strict=True)
    )


def portfolio_forecasts(
    aligned: Aligned, weights: FloatArray, changes: FloatArray | None = None
) -> dict[str, BetaForecast]:
    """Return the predicted beta to each ETF of weights of the instruments (n + m,), with its uncertainty.

    ``changes``, shape (B, K), are as of ``forecasts``, for each ETF.
    """
    by_etf = [None] * len(aligned.etf_names) if changes is None else [[one] for one in changes.T]
    return {
        name: forecasts(aligned.instruments, unit, weights[:, None], one)[0]
        for name, unit, one in zip(aligned.etf_names, aligned.units.T, by_etf, strict=True)
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
    found = forecast_errors(covariance.history, covariance.tickers, unit)
    n = len(betas)
    drift, blocks = (np.full(n, math.nan), np.zeros(n)) if found is None else found.names()
    return tuple(
        BetaForecast(beta, se, math.sqrt(t), int(k))
        for beta, se, t, k in zip(betas, errors, drift.tolist(), blocks.tolist(), strict=True)
    )
