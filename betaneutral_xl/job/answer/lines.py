"""The rows of the answer page: betas, measures, limits, trades, alternatives, sources."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError
from betaneutral_xl.job.views import Kind
from betaneutral_xl.model.values import share_text

if TYPE_CHECKING:
    from betaneutral_xl.engine.exposures import Shock
    from betaneutral_xl.engine.intervals import BetaForecast
    from betaneutral_xl.engine.realised import RecentBeta
    from betaneutral_xl.model.constraints import Range

CLOSE = 0.05
"""A number within this part of its limit's size is near the limit."""

TOLERANCE = 1e-7
"""What a number may be beyond its limit by rounding, as the checks of a result allow."""


class Light(StrEnum):
    """Whether a number is within its limit."""

    WITHIN = "within"
    NEAR = "near"
    OVER = "over"
    UNKNOWN = "unknown"


def light_of(value: float, limit: Range) -> Light:
    """Return whether a number is within a limit; near it is within 5 % of the limit's own size.

    >>> from betaneutral_xl.model.constraints import Range
    >>> [str(light_of(x, Range(high=0.30))) for x in (0.2, 0.29, 0.31, math.nan)]
    ['within', 'near', 'over', 'unknown']
    """
    if math.isnan(value):
        return Light.UNKNOWN
    if not limit.low - TOLERANCE <= value <= limit.high + TOLERANCE:
        return Light.OVER
    if limit.low == limit.high:
        return Light.WITHIN
    ends = [end for end in (limit.low, limit.high) if math.isfinite(end)]
    return Light.NEAR if any(abs(value - end) < CLOSE * abs(end) for end in ends) else Light.WITHIN


def shown(value: float | None, kind: Kind, digits: int = 2) -> str:
    """Return a number as it is shown everywhere on the page; empty for none.

    >>> shown(0.20651, Kind.PERCENT), shown(-0.00001, Kind.NUMBER), shown(45.0, Kind.COUNT)
    ('20.65%', '0.00', '45')
    """
    if value is None or not math.isfinite(value):
        return ""
    if kind is Kind.PERCENT:
        return f"{round(value, digits + 2) + 0.0:.{digits}%}"
    return f"{round(value):,}" if kind is Kind.COUNT else f"{round(value, digits) + 0.0:.{digits}f}"


def fall_text(shock: Shock) -> str:
    """Return which fall of an ETF a loss is of: JHAI falls 10%."""
    return f"{shock.etf} falls {abs(shock.move):.0%}"


def loss_text(shock: Shock) -> str:
    """Return the expected return if an ETF falls, with half the length of its interval where it is known."""
    width = f" ± {shown(shock.half_width, Kind.PERCENT, 1)}" if math.isfinite(shock.half_width) else ""
    return f"{shown(shock.expected, Kind.PERCENT, 1)}{width}"


def limit_text(limit: Range, kind: Kind) -> str:
    """Return a limit in words; percents without trailing zeros, as they were typed.

    >>> from betaneutral_xl.model.constraints import Range
    >>> limit_text(Range(high=0.3), Kind.PERCENT), limit_text(Range(0.0, 0.0), Kind.NUMBER)
    ('at most 30%', '0.00')
    """
    low, high = (
        share_text(end) if kind is Kind.PERCENT and math.isfinite(end) else shown(end, kind)
        for end in (limit.low, limit.high)
    )
    if limit.low == limit.high:
        return low
    if low and high:
        return f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}" if high else "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaLine:
    """The beta to one ETF.

    Attributes
    ----------
    etf
        The ETF's name.
    before, after
        Next month's beta with its interval.
    target
        What it is to be; None for a method without a target.
    coverage
        Share of the ETF's exposure that has risk data.
    basis
        How the ETF is represented in the risk model.
    realised_before, realised_after
        The beta of the same weights over the latest 63 days; None where their returns are not known.
    meaning
        What the beta is.

    """

    etf: str
    before: BetaForecast
    after: BetaForecast
    target: Range | None
    coverage: float
    basis: str
    realised_before: RecentBeta | None = None
    realised_after: RecentBeta | None = None
    meaning: str = ""

    @property
    def target_text(self) -> str:
        """The target in words; empty for a method without one."""
        return "" if self.target is None else limit_text(self.target, Kind.NUMBER)

    @property
    def light(self) -> Light:
        """Whether the beta after is on its target."""
        return Light.UNKNOWN if self.target is None else light_of(self.after.beta, self.target)


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of the portfolio before and after; ``before`` is None for one of the change alone.

    Attributes
    ----------
    key
        Identifier, the same in JSON.
    label, meaning
        In words.
    before, after
        Decimals.
    kind
        How they are formatted.
    is_money
        Whether they are parts of the net asset value, so that they are an amount of money too.

    """

    key: str
    label: str
    before: float | None
    after: float
    kind: Kind = Kind.PERCENT
    meaning: str = ""
    is_money: bool = False


REQUEST = "request"
"""The source of a limit that no mandate set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLine:
    """A limit with the number that it bounds, before and after.

    Attributes
    ----------
    label
        What is bounded, in words.
    before, after
        The number; ``before`` is NaN for one of the trades.
    limit
        What it may be.
    kind
        How the numbers are formatted.
    ticker
        The name that the number is of; empty for a sum.
    source
        Who set the limit: ``REQUEST``, or the name of a mandate.

    """

    label: str
    after: float
    limit: Range
    before: float = math.nan
    kind: Kind = Kind.PERCENT
    ticker: str = ""
    source: str = REQUEST

    def __post_init__(self) -> None:
        if not self.label or not self.source:
            msg = "A limit has no label or no source. Name what is bounded, and who set the limit."
            raise InputError(msg)

    @property
    def light(self) -> Light:
        """Whether the number after is within the limit."""
        return light_of(self.after, self.limit)

    @property
    def light_before(self) -> Light:
        """Whether the number before is within the limit."""
        return light_of(self.before, self.limit)

    @property
    def text(self) -> str:
        """The limit in words."""
        return limit_text(self.limit, self.kind)

    @property
    def setter(self) -> str:
        """Who set it, as the end of a label: ``, mandate``; empty for the request itself."""
        return "" if self.source == REQUEST else ", mandate"

    @property
    def title(self) -> str:
        """Its label with the name that it is of, and who set it."""
        of = f" ({self.ticker})" if self.ticker else ""
        return f"{self.label}{of}{self.setter}"

    @property
    def heading(self) -> str:
        """The title with a capital letter."""
        return f"{self.title[:1].upper()}{self.title[1:]}"


@dataclass(frozen=True, slots=True)
class Leg:
    """An ETF to trade in place of its basket; ``ratio`` is in net asset value, positive to sell."""

    name: str
    ratio: float

    @property
    def action(self) -> str:
        """What to do."""
        return "sell" if self.ratio >= 0.0 else "buy"

    @property
    def label(self) -> str:
        """What it is, as the beginning of a line."""
        return f"{self.action.capitalize()} {self.name} in place of its basket"

    def text(self, digits: int = 1) -> str:
        """Return what to do with how much of it, as a percentage with these digits."""
        return f"{self.action} {abs(self.ratio):.{digits}%} of net asset value in {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeLine:
    """One trade: weights before and after, decimals, and what it changes of the beta to each ETF."""

    ticker: str
    before: float
    after: float
    beta_change: tuple[float, ...]

    @property
    def trade(self) -> float:
        """What is traded, negative for a sale."""
        return self.after - self.before

    @property
    def side(self) -> str:
        """What to tell a broker, who must know what is short."""
        if self.trade > 0.0:
            return "buy" if self.before >= 0.0 else "buy to cover"
        if self.before <= 0.0:
            return "sell short"
        return "sell" if self.after >= 0.0 else "sell and sell short"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativeLine:
    """One way to the target, beside the others.

    Attributes
    ----------
    name
        In words.
    chosen
        Whether it is the one that was asked for.
    keeps_limits
        Whether the limits on weights were applied to it; a hedge ignores them.
    beta
        Next month's beta to each ETF, with its interval; empty where there is no such portfolio.
    volatility, tracking_error, turnover, cost, gross, net, trades, market_beta
        As of ``engine.compare.Alternative``; NaN where unknown.
    note
        Why there is no such portfolio.

    """

    name: str
    chosen: bool
    keeps_limits: bool
    beta: Mapping[str, BetaForecast]
    volatility: float
    tracking_error: float
    turnover: float
    cost: float
    gross: float
    net: float
    trades: float
    market_beta: float
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionLine:
    """What a name, or a group, contributes; betas to each ETF, and annual volatility, before and after."""

    label: str
    beta_before: tuple[float, ...]
    beta_after: tuple[float, ...]
    volatility_before: float
    volatility_after: float


@dataclass(frozen=True, slots=True)
class SourceLine:
    """Where an input came from, as of when, and when and how it was read."""

    part: str
    source: str
    location: str
    as_of: date | None
    retrieval: str
    fetched_at: datetime
