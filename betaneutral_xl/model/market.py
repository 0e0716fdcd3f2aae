"""The market that a portfolio is hedged against besides the ETFs.

Selling an ETF alone leaves a market beta, and most of the drift of the portfolio's beta to the ETF is that
market beta times the moving beta of the market to the ETF. The share is how much of the market's leg is sold:
0 for the ETF alone, 1 for a portfolio without beta to either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.arrays import FloatArray, make_read_only
from betaneutral_xl.model.portfolio import Etf
from betaneutral_xl.model.tickers import normalise

if TYPE_CHECKING:
    from betaneutral_xl.model.risk import Covariance

BENCHMARKS = ("IWV", "SPY", "IVV", "VOO", "VTI", "IWB", "QQQ")
"""Market funds, in the order in which they are proposed as a target."""


def market_fund(risk_model: Covariance) -> str | None:
    """Return the first market fund that the risk model covers; None if there is none."""
    return next((name for name in BENCHMARKS if name in risk_model), None)


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """A market and the share of its leg.

    Attributes
    ----------
    etf
        A broad fund with its constituents; of a ticker, a fund that holds this ticker alone.
    share
        s, 0 to 1: the share of the market's leg that is sold; for the methods that reweight, how far the
        market beta moves to zero.
    listed
        Whether its names have rows of their own beside those of portfolio and ETFs, so that they can be
        traded.

    """

    etf: Etf
    share: float = 1.0
    listed: bool = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            msg = (
                f"The market share is {self.share:g}. Give a number from 0 (sell the ETF alone) to 1 (sell "
                "ETF and market), such as 0.5 or 50%."
            )
            raise InputError(msg)

    @classmethod
    def of(cls, market: Etf | str, share: float = 1.0, *, listed: bool = True) -> Market:
        """Make a market of a ticker of the risk model, or of a fund with its constituents."""
        if isinstance(market, Etf):
            return cls(market, share, listed)
        ticker = normalise(market)
        return cls(Etf.from_weights({ticker: 1.0}, name=ticker), share, listed)

    @property
    def name(self) -> str:
        """Its name."""
        return self.etf.name


@dataclass(frozen=True, slots=True, eq=False)
class AlignedMarket:
    """The market in the risk model of an ``Aligned``.

    Attributes
    ----------
    market
        The market and the share of its leg.
    unit
        Shape (n + m,): one unit of it in the instruments of ``Aligned``.
    betas
        Shape (n + m,): the instruments' betas to it.
    portfolio_beta
        Market beta of the portfolio that the share refers to.
    traded_as
        The ticker of its shares: that of its row of the risk model, or its name.
    covered
        Share of its exposure, by weight, that has risk data; 0 to 1.

    """

    market: Market
    unit: FloatArray
    betas: FloatArray
    portfolio_beta: float
    traded_as: str
    covered: float

    def __post_init__(self) -> None:
        make_read_only(self, "unit", "betas")

    @property
    def name(self) -> str:
        """The market's name."""
        return self.market.name

    @property
    def share(self) -> float:
        """The share of its leg."""
        return self.market.share

    @property
    def remaining_beta(self) -> float:
        """The market beta that the methods that reweight leave: the part of the leg that is not sold."""
        return (1.0 - self.share) * self.portfolio_beta

    def beta(self, inside: FloatArray) -> float:
        """Return the market beta of weights of the instruments, shape (n + m,)."""
        return float(np.dot(self.betas, inside))
