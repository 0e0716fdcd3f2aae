"""Today: what became of the accepted proposal, and whether to trade, as one value that hosts draw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from betaneutral_xl.job.views import Kind

if TYPE_CHECKING:
    from betaneutral_xl.engine.attribution import Change
    from betaneutral_xl.engine.intervals import BetaForecast
    from betaneutral_xl.job.answer.lines import LimitLine
    from betaneutral_xl.job.daily.records import Reading
    from betaneutral_xl.job.etf_days import EtfDay

PART_WORDS = {
    "prices": "prices",
    "trades": "trades and flows",
    "etf": "the ETF's own changes",
    "risk": "the risk model",
}
"""The parts of a change in words, in their order."""

FALL = 0.10
"""The fall of an ETF of which losses are shown."""


class Verdict(StrEnum):
    """Whether to trade."""

    LEAVE = "leave"
    REBALANCE = "rebalance"


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaToday:
    """The beta to one ETF today.

    Attributes
    ----------
    etf
        The ETF's name.
    forecast
        Next month's beta with its interval.
    target
        What it is to be; NaN where that is a range.
    low, high
        Between what it may be before it is worth trading.
    accepted
        The beta of the accepted proposal on its day; NaN without one.
    change
        What moved it since; None without an accepted proposal.
    volatility
        The ETF's own, annual, decimal.

    """

    etf: str
    forecast: BetaForecast
    target: float
    low: float
    high: float
    accepted: float = math.nan
    change: Change | None = None
    volatility: float = math.nan

    @property
    def off(self) -> float:
        """How far it is outside of what it may be; zero inside."""
        return max(self.low - self.forecast.beta, self.forecast.beta - self.high, 0.0)

    @property
    def gap(self) -> float:
        """The beta less its target, or less the nearer end of its range."""
        if not math.isnan(self.target):
            return self.forecast.beta - self.target
        return self.forecast.beta - min(max(self.forecast.beta, self.low), self.high)

    @property
    def loss(self) -> float:
        """What the gap costs if the ETF falls by ``FALL``, decimal of net asset value; a gain is negative."""
        return self.gap * FALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebalancing:
    """What rebalancing takes.

    Attributes
    ----------
    betas
        The beta to each ETF after it.
    trades, turnover, cost, tracking_error
        Names traded; and decimals of net asset value. ``cost`` is NaN where no cost of a trade is known.
    slowest, days
        The name that takes longest to trade, and its days; empty and NaN where no volume is known.
    reason
        Why there is no such portfolio; empty where there is one.

    """

    betas: Mapping[str, float] = field(default_factory=dict)
    trades: int = 0
    turnover: float = 0.0
    cost: float = math.nan
    tracking_error: float = 0.0
    slowest: str = ""
    days: float = math.nan
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastLine:
    """One number of the fund's own forecast beside ours; decimals, NaN where unknown."""

    label: str
    ours: float
    theirs: float
    of_their_names: float = math.nan
    """Ours for the weights of their forecast: what is left is the model and its day."""
    kind: Kind = Kind.PERCENT
    """How it is formatted."""

    @property
    def universe(self) -> float:
        """The part of the difference that is of other names and weights."""
        return self.ours - self.of_their_names

    @property
    def model(self) -> float:
        """The part of the difference that is of another risk model, or another day of it."""
        return self.of_their_names - self.theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class FundForecast:
    """The fund's own forecast beside ours.

    Attributes
    ----------
    lines
        Beta, volatility and tracking error.
    benchmark
        What beta and tracking error are against.
    only_ours, only_theirs
        Names that one of the two has, and the other has not.
    notes
        What else differs, one line each.

    """

    lines: tuple[ForecastLine, ...]
    benchmark: str
    only_ours: tuple[str, ...] = ()
    only_theirs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What became of the accepted proposal.

    Attributes
    ----------
    as_of, at
        The day of the portfolio, and when it was seen.
    mandate
        The name of the rules; empty for none.
    nav
        Net asset value, base currency; None where unknown.
    accepted_at, accepted_as_of
        When the proposal was accepted, and the day of its holdings; None without one.
    verdict, reasons
        Whether to trade, and why, one line each.
    limits
        The mandate's limits with the numbers of today; none without one.
    etfs
        The age of each ETF's file, and what changed in it.
    forecast
        The fund's own beside ours; None where it was not fetched.
    history
        The readings up to today, oldest first.

    """

    fund: str
    as_of: date | None
    at: datetime
    mandate: str
    nav: float | None
    accepted_at: datetime | None
    accepted_as_of: date | None
    betas: tuple[BetaToday, ...]
    verdict: Verdict
    reasons: tuple[str, ...]
    rebalancing: Rebalancing
    limits: tuple[LimitLine, ...] = ()
    etfs: tuple[EtfDay, ...] = ()
    forecast: FundForecast | None = None
    history: tuple[Reading, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The verdict with its first reason, in one sentence."""
        word = "Leave it" if self.verdict is Verdict.LEAVE else "Rebalance"
        return f"{word}: {self.reasons[0]}."

    def money(self, share: float) -> float | None:
        """Return a part of the net asset value in base currency; None where either is unknown."""
        return None if self.nav is None or math.isnan(share) else share * self.nav
