"""The answer page in sentences: what was asked, what changes, where the beta comes from, how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from betaneutral_xl.engine.result import Method
from betaneutral_xl.job.answer.lines import loss_text, shown
from betaneutral_xl.job.views import Kind

if TYPE_CHECKING:
    from betaneutral_xl.engine.exposures import Shock
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.answer import AnswerPage

LARGEST = 3
"""Names that are listed as the origin of the beta, as the largest trades and as binding limits."""


def paragraphs(page: AnswerPage, result: Rebalance) -> list[str]:
    """Return a result in sentences, one paragraph each, most important first."""
    found = [
        _request(page),
        f"{page.verdict} {page.advice}",
        *(_fall(before, after) for before, after in _falls(page)),
        _change(page, result),
        *(_origin(page, k) for k in range(len(page.etfs))),
        _risk(page),
        _binding(result),
        f"{page.uncertainty[0].upper()}{page.uncertainty[1:]}." if page.uncertainty else "",
        *(f"{group.heading}: {' '.join(group.lines)}" for group in page.notices),
    ]
    return [one for one in found if one]


def _request(page: AnswerPage) -> str:
    day = f", holdings as of {page.as_of}" if page.as_of else ""
    return f"Request: {page.headline}{day}."


def _falls(page: AnswerPage) -> list[tuple[Shock, Shock]]:
    """Return the losses if each ETF falls by the smallest of the page's falls, before and after."""
    pairs = list(zip(page.losses_before, page.losses_after, strict=True))
    first = pairs[0][0].move if pairs else math.nan
    return [pair for pair in pairs if pair[0].move == first]


def _fall(before: Shock, after: Shock) -> str:
    return (
        f"If {before.etf} falls {-before.move:.0%}, the portfolio is expected to move by "
        f"{loss_text(before)} before, {loss_text(after)} after."
    )


def _change(page: AnswerPage, result: Rebalance) -> str:
    listed = ", ".join(f"{one.ticker} {_signed(one.trade)}" for one in page.trades[:LARGEST])
    if result.method is Method.HEDGE:
        legs = [
            f"{one.action}s {_percent(abs(one.ratio))} of net asset value in {one.name}" for one in page.legs
        ]
        freed = result.after.cash - result.before.cash
        return (
            f"The hedge {' and '.join(legs)}, here as its basket of names ({listed}, ...); "
            f"cash changes by {_signed(freed)}."
        )
    return f"{page.trade_count} names are traded, most of all {listed}." if listed else "No name is traded."


def _origin(page: AnswerPage, k: int) -> str:
    largest = sorted(page.contributions, key=lambda one: -abs(one.beta_before[k]))[:LARGEST]
    listed = ", ".join(f"{one.label} {one.beta_before[k]:.3f}" for one in largest if one.beta_before[k])
    return f"The beta to {page.etfs[k]} came most of all from {listed}." if listed else ""


def _risk(page: AnswerPage) -> str:
    before, after = page.variance_before, page.variance_after
    volatility = f"Volatility {_percent(before.volatility)} to {_percent(after.volatility)} a year"
    if not (math.isfinite(before.etfs) and math.isfinite(after.etfs)):
        return f"{volatility}."
    who = "ETF" if len(page.etfs) == 1 else "ETFs"
    return (
        f"{volatility}; the {who} made {_percent(before.etfs)} of the variance, now {_percent(after.etfs)}."
    )


def _binding(result: Rebalance) -> str:
    listed: Sequence[str] = [one.limit for one in result.binding[:LARGEST]]
    rest = len(result.binding) - LARGEST
    more = f" and {rest} more" if rest > 0 else ""
    return f"Limits that bind, the most costly first: {', '.join(listed)}{more}." if listed else ""


def _percent(value: float) -> str:
    return shown(value, Kind.PERCENT, 1) or "unknown"


def _signed(value: float) -> str:
    return f"{round(100.0 * value, 1) + 0.0:+.1f}%"
