"""The sentences of the answer page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from betaneutral_xl.engine.result import Method
from betaneutral_xl.job.answer.page import Status
from betaneutral_xl.model.provenance import Retrieval

if TYPE_CHECKING:
    from betaneutral_xl.engine.intervals import BetaForecast
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.answer.lines import LimitLine
    from betaneutral_xl.job.answer.page import AnswerPage

CHANCE = "19 times in 20"
"""95 %, in words."""


def verdict(result: Rebalance) -> str:
    """Return the answer in one sentence: the betas before and after, and between what they will be."""
    moves = ", ".join(
        f"{'Beta to ' * (not n)}{name} {_two(result.before.beta[name])} -> {_two(result.after.beta[name])}"
        for n, name in enumerate(result.etf_names)
    )
    return f"{moves}; {next_month(result.after_forecast)}."


def next_month(forecasts: Mapping[str, BetaForecast]) -> str:
    """Return between what next month's betas will be, or what is known of their uncertainty."""
    known = list(forecasts.values())
    if all(math.isfinite(one.half_width()) for one in known):
        if len(known) == 1:
            return f"next month between {_two(known[0].low)} and {_two(known[0].high)}, {CHANCE}"
        widths = ", ".join(_two(one.half_width()) for one in known)
        return f"next month within {widths} of these, {CHANCE} each"
    if all(math.isfinite(one.se) for one in known):
        errors = ", ".join(_two(one.se) for one in known)
        return f"standard error {errors}, drift unknown"
    return "uncertainty unknown"


def advice(result: Rebalance, status: Status, limits: Sequence[LimitLine], changing: int) -> str:
    """Return whether to trade, in one sentence."""
    if status is Status.INFEASIBLE:
        return "Do not trade: nothing is proposed. Change one of the limits below, or hedge with the ETF."
    if result.method is Method.SCALED:
        return "Do not trade: weights scaled by beta are not neutral. Use hedge or reweight."
    over = [one.label for one in limits if one.light == "over"]
    if over:
        return f"Do not trade yet: {', '.join(over)} {'is' if len(over) == 1 else 'are'} over the limit."
    if status is Status.WARNED:
        what = "1 changes" if changing == 1 else f"{changing} change"
        return f"Look at the warnings before you trade: {what} this answer."
    if not result.traded_names:
        return "Nothing to trade: the portfolio is on its target."
    trial = any(one.retrieval is Retrieval.SAMPLE for one in result.sources)
    end = " Sample data: for trial only." if trial else ""
    return f"Rebalance: all limits hold, and no warning changes the answer.{end}"


def variance_note(page: AnswerPage) -> str:
    """Return how the parts of the variance before and after compare; empty where nothing is known or changed.

    A share is of the variance of its own day, and a bar of the chart is of the variance before: of a smaller
    variance, a part that keeps its size is a larger share.
    """
    before, after = page.variance_before, page.variance_after
    scale = page.variance_ratio
    if page.infeasibility is not None or not math.isfinite(scale * before.etfs * after.etfs):
        return ""
    etfs = page.etfs[0] if len(page.etfs) == 1 else "the ETFs"
    parts = [(etfs, before.etfs, after.etfs)]
    parts += [(f"the market besides ({page.market})", before.market, after.market)] * bool(page.market)
    moves = ", ".join(f"{name} {old:.0%} -> {new * scale:.0%}" for name, old, new in parts)
    shares = ", ".join(f"{new:.0%}" for _, _, new in parts)
    return (
        f"The bars are parts of the variance before: {moves}. "
        f"Of the variance {page.after}, which is {scale:.0%} of it, these are {shares}."
    )


def past_note(page: AnswerPage) -> str:
    """Return how wide a month's measured beta may be off, and why it is more than next month's interval."""
    past = page.past[0] if page.past else None
    line = next((one for one in page.betas if past is not None and one.etf == past.etf), None)
    if past is None or line is None or not math.isfinite(line.after.half_width()):
        return ""
    low, high = page.measured_interval(past)
    return (
        f"The beta itself is expected within {_two(line.after.half_width())} of {_two(line.after.beta)}; a "
        "month's measured beta has a sampling error of its own, so that the lines are "
        f"{_two((high - low) / 2.0)} away."
    )


def _two(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"
