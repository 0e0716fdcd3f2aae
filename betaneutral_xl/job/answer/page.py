"""The answer page: what a committee reads first, as one value that every front end draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError
from betaneutral_xl.job.answer.lines import REQUEST, Light
from betaneutral_xl.model.notices import Severity

if TYPE_CHECKING:
    from betaneutral_xl.engine.exposures import Shock, VarianceSplit
    from betaneutral_xl.engine.frontier import Point
    from betaneutral_xl.engine.realised import PastBetas
    from betaneutral_xl.job.answer.lines import (
        AlternativeLine,
        BetaLine,
        ContributionLine,
        Leg,
        LimitLine,
        Measure,
        SourceLine,
        TradeLine,
    )
    from betaneutral_xl.model.notices import NoticeGroup

LARGEST_TRADES = 10
"""Number of trades on the page."""

BOUNDED = {"gross": "gross exposure", "net": "net exposure", "turnover": "turnover", "trades": "names traded"}
"""What the labels of limits on measures begin with, by the measure's key."""

SHARES_SUM = 1e-9
"""What the parts of a variance may be off their sum by rounding."""


class Status(StrEnum):
    """Whether there is an answer, and whether it stands."""

    FEASIBLE = "feasible"
    WARNED = "feasible, with warnings that change it"
    INFEASIBLE = "not feasible"


@dataclass(frozen=True, slots=True)
class ReachableBeta:
    """The lowest, the highest and the nearest beta to an ETF within the limits; NaN where there is none."""

    etf: str
    low: float
    high: float
    nearest: float


@dataclass(frozen=True, slots=True)
class Infeasibility:
    """What would help an infeasible request: the reachable betas, what binds, and single changes.

    Attributes
    ----------
    reachable
        The lowest, the highest and the nearest beta to each ETF within the limits.
    binding
        The limits that bind there.
    changes
        Changes of one limit, each of which suffices by itself.
    hedge
        How much of each ETF to sell beside the nearest weights.
    other_target
        A target that is within the limits, in place of the one asked for; empty where none is known.

    """

    reachable: tuple[ReachableBeta, ...]
    binding: tuple[str, ...]
    changes: tuple[str, ...]
    hedge: tuple[Leg, ...]
    other_target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPage:
    """The answer to a request on one page.

    Attributes
    ----------
    verdict, advice
        The answer, and whether to trade, in one sentence each.
    headline
        Portfolio, ETFs, target and method in one line.
    nav
        Net asset value in base currency; None where unknown.
    uncertainty
        What stands behind the intervals.
    betas, measures, limits
        Before, after, and what they may be.
    losses_before, losses_after
        The expected return if an ETF falls by 10 and 20 %.
    market
        The market of the variance and of the market betas; empty where there is none.
    legs
        The ETFs to sell in place of their baskets; of a hedge only.
    trades, trade_count
        The largest trades, and the number of all.
    contributions, groups
        The largest contributions to beta and volatility by name, and by group.
    notices
        Warnings, what changes the answer first.
    infeasibility
        What would help; of an infeasible request only.
    alternatives, frontier, past
        Other ways, steps to the target, and realised betas by month; empty where they were not computed.

    """

    fund: str
    as_of: date | None
    etfs: tuple[str, ...]
    status: Status
    verdict: str
    advice: str
    headline: str
    method: str
    target: str
    nav: float | None
    uncertainty: str
    betas: tuple[BetaLine, ...]
    measures: tuple[Measure, ...]
    limits: tuple[LimitLine, ...]
    losses_before: tuple[Shock, ...]
    losses_after: tuple[Shock, ...]
    variance_before: VarianceSplit
    variance_after: VarianceSplit
    market: str
    legs: tuple[Leg, ...]
    trades: tuple[TradeLine, ...]
    trade_count: int
    contributions: tuple[ContributionLine, ...]
    groups: tuple[ContributionLine, ...]
    notices: tuple[NoticeGroup, ...]
    sources: tuple[SourceLine, ...]
    infeasibility: Infeasibility | None = None
    alternatives: tuple[AlternativeLine, ...] = ()
    frontier: tuple[Point, ...] = ()
    past: tuple[PastBetas, ...] = ()

    def __post_init__(self) -> None:
        problem = next((text for wrong, text in self._problems() if wrong), "")
        if problem:
            msg = f"The answer page contradicts itself: {problem}. Please report this."
            raise InputError(msg)

    def _problems(self) -> list[tuple[bool, str]]:
        infeasible, feasible = self.status is Status.INFEASIBLE, self.status is Status.FEASIBLE
        sizes = [abs(one.trade) for one in self.trades]
        before, after = (
            [(one.etf, one.move) for one in losses] for losses in (self.losses_before, self.losses_after)
        )
        changing = any(group.severity is Severity.CHANGES for group in self.notices)
        variances = (self.variance_before, self.variance_after)
        return [
            (tuple(one.etf for one in self.betas) != self.etfs, "its betas are not those to its ETFs"),
            (not self.verdict or not self.advice, "it has no verdict"),
            (infeasible != (self.infeasibility is not None), "it is feasible and has a reason not to be"),
            (infeasible and bool(self.trades), "an infeasible request has trades"),
            (feasible and changing, "its status does not say that warnings change it"),
            (sizes != sorted(sizes, reverse=True), "its trades are not sorted by size"),
            (len(self.trades) > min(LARGEST_TRADES, self.trade_count), "it has more trades than there are"),
            (before != after, "its losses before and after are of other falls"),
            (not all(map(_in_parts, variances)), "a part of a variance is negative"),
            (self.nav is not None and not self.nav > 0.0, "its net asset value is not positive"),
        ]

    def measure(self, key: str) -> Measure:
        """Return one of the measures by its key."""
        return next(one for one in self.measures if one.key == key)

    def limit_of(self, key: str) -> LimitLine | None:
        """Return the limit on one of the measures, by the measure's key; None where it has none."""
        label = BOUNDED.get(key)
        return next((one for one in self.limits if label and one.label.startswith(label)), None)

    def measured_interval(self, past: PastBetas) -> tuple[float, float]:
        """Return the interval that 95 of 100 measured betas of a month are expected in; NaN where unknown.

        A measured beta has an error of its own, so that it is wider than the interval of the beta.
        """
        after = next(one.after for one in self.betas if one.etf == past.etf)
        width = after.half_width(added_se=past.noise)
        return after.beta - width, after.beta + width

    @property
    def variance_ratio(self) -> float:
        """The variance after, in parts of that before; NaN where that is zero."""
        before, after = self.variance_before.volatility, self.variance_after.volatility
        return (after / before) ** 2 if before else math.nan

    @property
    def further_limits(self) -> tuple[LimitLine, ...]:
        """The limits on numbers that are none of the measures."""
        bounding = [self.limit_of(one.key) for one in self.measures]
        return tuple(one for one in self.limits if one not in bounding)

    @property
    def mandates(self) -> str:
        """The mandates that set limits, as a sentence with a blank before it; empty without one."""
        names = ", ".join(dict.fromkeys(one.source for one in self.limits if one.source != REQUEST))
        return f" Mandate: {names}." if names else ""

    def money(self, share: float | None) -> float | None:
        """Return a part of the net asset value in base currency; None where either is unknown."""
        return None if self.nav is None or share is None or math.isnan(share) else share * self.nav

    @property
    def limits_hold(self) -> bool:
        """Whether every beta after is on its target, and every number within its limit."""
        lights = (*(one.light for one in self.betas), *(one.light for one in self.limits))
        return Light.OVER not in lights

    @property
    def after(self) -> str:
        """The heading of the numbers after; ``unchanged`` where nothing is proposed."""
        return "unchanged" if self.status is Status.INFEASIBLE else "after"


def _in_parts(split: VarianceSplit) -> bool:
    """Whether the parts of a variance are parts: none below zero, which rounding may be."""
    parts = (split.etfs, split.market, split.rest)
    return all(math.isnan(part) or part >= -SHARES_SUM for part in parts)
