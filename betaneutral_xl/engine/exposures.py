"""What a portfolio's risk consists of: the ETFs' share, losses if an ETF falls, contributions of names.

All from the betas and covariance of an aligned portfolio; weights x are those of the n covered names, before
or after a change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.arrays import FloatArray, make_read_only

if TYPE_CHECKING:
    from betaneutral_xl.engine.intervals import BetaForecast
    from betaneutral_xl.model.alignment import Aligned

MOVES = (-0.1, -0.2)
"""Returns of an ETF whose effect is shown."""

REST = "other"
"""The label of the names in no group."""


def etf_variance_share(aligned: Aligned, weights: FloatArray) -> float:
    """Return the share of the variance of weights x (n,) that their regression on all ETFs explains, 0 to 1.

    ``c'(U'VU)^-1 c / (x'V x)`` with c the portfolio's covariances with the K ETFs; for one ETF the squared
    correlation. The rest is what hedging by the ETFs leaves. NaN for a portfolio without variance.
    """
    variance = aligned.covariance.variance(weights)
    if not variance > 0.0:
        return math.nan
    among = aligned.units.T @ aligned.instruments.form.matvec(aligned.units)
    with_etfs = aligned.etf_covariances.T @ weights
    explained = float(with_etfs @ np.linalg.pinv(among, hermitian=True) @ with_etfs)
    return min(max(explained / variance, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class VarianceSplit:
    """What a portfolio's variance consists of.

    Attributes
    ----------
    volatility
        Annual.
    etfs
        Share of the variance that the regression on the ETFs explains.
    market
        Share that the market explains besides; NaN without a market.

    """

    volatility: float
    etfs: float
    market: float = math.nan

    @property
    def rest(self) -> float:
        """Share that neither explains."""
        return 1.0 - self.etfs - (0.0 if math.isnan(self.market) else self.market)


def variance_split(aligned: Aligned, weights: FloatArray, market: str | None = None) -> VarianceSplit:
    """Split the variance of weights x (n,) into that of the ETFs, of the market besides, and the rest.

    The market's share is what it adds to the regression on the ETFs, so that the parts sum to 1. It is the
    aligned one, else that of the ticker ``market`` in the risk model.
    """
    volatility, etfs = aligned.covariance.volatility(weights), etf_variance_share(aligned, weights)
    found = _market_covariances(aligned, market)
    if found is None or math.isnan(etfs):
        return VarianceSplit(volatility, etfs)
    with_market, variance = found
    inside = aligned.units.T @ aligned.instruments.form.matvec(aligned.units)
    cross = (aligned.units.T @ with_market)[:, None]
    among = np.block([[inside, cross], [cross.T, np.array([[variance]])]])
    own = np.append(aligned.etf_covariances.T @ weights, with_market[: len(weights)] @ weights)
    both = min(float(own @ np.linalg.pinv(among, hermitian=True) @ own) / volatility**2, 1.0)
    return VarianceSplit(volatility, etfs, max(both - etfs, 0.0))


def _market_covariances(aligned: Aligned, ticker: str | None) -> tuple[FloatArray, float] | None:
    """Return the instruments' covariances with the market, shape (n + m,), and its variance."""
    if aligned.market is not None:
        unit = aligned.market.unit
        covariances: FloatArray = aligned.instruments.form.matvec(unit)
        return covariances, float(unit @ covariances)
    if ticker is None:
        return None
    model = aligned.risk_model
    return model.between(ticker, aligned.instruments.tickers), float(model.between(ticker, [ticker])[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock:
    """The expected return of a portfolio if one ETF moves, decimals of net asset value.

    Attributes
    ----------
    etf, move
        The ETF's name and its return, such as -0.1.
    expected
        Beta times the move.
    half_width
        Half the 95 % interval of next month's beta, drift included, times the size of the move; NaN where
        the drift is unknown.
    se
        The standard error of the beta times the size of the move; NaN where unknown.

    """

    etf: str
    move: float
    expected: float
    half_width: float = math.nan
    se: float = math.nan

    @property
    def low(self) -> float:
        """Lower end of the interval; NaN where unknown."""
        return self.expected - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval; NaN where unknown."""
        return self.expected + self.half_width


def shocks(forecasts: Mapping[str, BetaForecast]) -> tuple[Shock, ...]:
    """Return a portfolio's expected returns if each ETF moves: for every ETF, every of ``MOVES``, decimals.

    ``forecasts`` are next month's betas of the portfolio to each ETF, with their intervals.
    """
    return tuple(
        Shock(
            etf=name,
            move=move,
            expected=one.beta * move,
            half_width=one.half_width() * abs(move),
            se=one.se * abs(move),
        )
        for name, one in forecasts.items()
        for move in MOVES
    )


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """How much names, or groups, contribute to a portfolio's betas and volatility.

    Attributes
    ----------
    labels
        Tickers, or groups.
    beta
        Shape (n, K), weight times beta; the columns sum to the portfolio's betas.
    volatility
        Shape (n,), annual, ``x_i (V x)_i / sqrt(x'V x)``; sums to the portfolio's volatility.

    """

    labels: tuple[str, ...]
    beta: FloatArray
    volatility: FloatArray

    def __post_init__(self) -> None:
        make_read_only(self, "beta", "volatility")

    def by_group(self, groups: Mapping[str, Sequence[str]]) -> Contributions:
        """Return the sums over groups of tickers, and as ``other`` of the names in none.

        Raises
        ------
        InputError
            If a name is in two groups, so that it would count twice.

        """
        member: dict[str, str] = {}
        for group, tickers in groups.items():
            for ticker in tickers:
                if member.setdefault(ticker, group) != group:
                    msg = f"{ticker} is in two groups, {member[ticker]} and {group}. Keep it in one."
                    raise InputError(msg)
        own = [member.get(label, REST) for label in self.labels]
        labels = tuple(dict.fromkeys([*groups, *([REST] if REST in own else [])]))
        inside = np.array([[one == label for one in own] for label in labels], dtype=np.float64)
        return Contributions(labels, inside @ self.beta, inside @ self.volatility)


def contributions(aligned: Aligned, weights: FloatArray) -> Contributions:
    """Return every covered name's contribution to the betas and to the volatility of weights x (n,).

    Volatilities are NaN for a portfolio without variance.

    References
    ----------
    Grinold and Kahn, Active Portfolio Management, 2nd ed., chapter 3 (marginal contributions to risk).

    """
    volatility = aligned.covariance.volatility(weights)
    marginal = aligned.covariance.form.matvec(weights)
    of_volatility = weights * marginal / volatility if volatility else np.full(len(weights), math.nan)
    return Contributions(aligned.covered_tickers, weights[:, None] * aligned.betas, of_volatility)
