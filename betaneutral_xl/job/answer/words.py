"""The sentences of the answer page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from betaneutral_xl.engine.result import Method
from betaneutral_xl.job.answer.page import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from betaneutral_xl.engine.intervals import BetaForecast
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.answer.lines import LimitLine

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
        what = "1 warning changes" if changing == 1 else f"{changing} warnings change"
        return f"Look at the warnings first: {what} this answer."
    if not result.traded_names:
        return "Nothing to trade: the portfolio is on its target."
    return "Rebalance: all limits hold, and no warning changes the answer."


def _two(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"
