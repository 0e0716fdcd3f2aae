"""A result in sentences: what was asked, what changes, where the beta comes from, and how sure it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.result import Method
from betaneutral_xl.job import views

if TYPE_CHECKING:
    from betaneutral_xl.engine.result import Rebalance

SHOCK = 0.10
"""The fall of an ETF that a beta is translated into."""

LARGEST = 3
"""Names that are listed as the origin of the beta, and as the largest trades."""


def paragraphs(result: Rebalance) -> list[str]:
    """Return a result in sentences, one paragraph each, most important first."""
    found = [
        _request(result),
        *(_beta(result, name) for name in result.etf_names),
        _change(result),
        *(_origin(result, k) for k in range(len(result.etf_names))),
        _risk(result),
        _binding(result),
        f"{views.uncertainty_note(result)[0].upper()}{views.uncertainty_note(result)[1:]}.",
        *result.warnings,
    ]
    return [one for one in found if one]


def _request(result: Rebalance) -> str:
    as_of = result.aligned.holdings.as_of
    day = f", holdings as of {as_of}" if as_of else ""
    return f"Request: {views.headline(result)}{day}."


def _beta(result: Rebalance, name: str) -> str:
    before, after = result.before_forecast[name], result.after_forecast[name]
    fall = ", ".join(
        f"{_percent(-SHOCK * one.beta)} {when}" for one, when in ((before, "before"), (after, "after"))
    )
    return (
        f"Predicted beta to {name}: {views.beta_text(before, 3)} before, {views.beta_text(after, 3)} after. "
        f"If {name} falls {SHOCK:.0%}, the portfolio is expected to move by {fall}."
    )


def _change(result: Rebalance) -> str:
    largest = np.argsort(-np.abs(result.trades), kind="stable")[:LARGEST]
    listed = ", ".join(f"{result.tickers[i]} {_signed(float(result.trades[i]))}" for i in largest)
    if result.method is Method.HEDGE:
        pairs = zip(result.etf_names, result.hedge_ratios.tolist(), strict=True)
        sold = " and ".join(f"{_percent(ratio)} of net asset value in {name}" for name, ratio in pairs)
        freed = result.after.cash - result.before.cash
        return (
            f"The hedge sells {sold}, here as its basket of names ({listed}, ...); "
            f"cash changes by {_signed(freed)}."
        )
    return f"{result.traded_names} names are traded, most of all {listed}."


def _origin(result: Rebalance, k: int) -> str:
    contributions = np.nan_to_num(result.predicted_beta[:, k] * result.weights)
    largest = np.argsort(-np.abs(contributions), kind="stable")[:LARGEST]
    listed = ", ".join(f"{result.tickers[i]} {contributions[i]:.3f}" for i in largest if contributions[i])
    return f"The beta to {result.etf_names[k]} came most of all from {listed}." if listed else ""


def _risk(result: Rebalance) -> str:
    before, after = result.before, result.after
    return (
        f"Volatility {_percent(before.volatility)} to {_percent(after.volatility)} a year, tracking error "
        f"{_percent(result.tracking_error)}, one-way turnover {_percent(result.turnover)}; "
        f"gross exposure {_percent(before.gross)} to {_percent(after.gross)}, "
        f"net {_percent(before.net)} to {_percent(after.net)}."
    )


def _binding(result: Rebalance) -> str:
    if not result.binding:
        return ""
    listed = ", ".join(one.limit for one in result.binding[:LARGEST])
    rest = len(result.binding) - LARGEST
    more = f" and {rest} more" if rest > 0 else ""
    return f"Limits that bind, the most costly first: {listed}{more}."


def _percent(value: float) -> str:
    return f"{round(100.0 * value, 1) + 0.0:.1f}%" if math.isfinite(value) else "unknown"


def _signed(value: float) -> str:
    return f"{round(100.0 * value, 1) + 0.0:+.1f}%"
