"""``Today`` as plain data: a record for JSON, rows for a sheet, and sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from betaneutral_xl.job.answer.lines import shown
from betaneutral_xl.job.daily.page import FALL, PART_WORDS, Verdict
from betaneutral_xl.job.views import Kind, beta_text

if TYPE_CHECKING:
    from betaneutral_xl.job.daily.page import BetaToday, FundForecast, Today

HISTORY = (
    "day",
    "etf",
    "beta",
    "low_95",
    "high_95",
    "target",
    "tolerance",
    "accepted",
    "verdict",
    *PART_WORDS,
)
"""The columns of the history."""


def record(found: Today) -> dict[str, Any]:
    """Return today as plain values for JSON: decimals, and None for what is unknown."""
    rebalancing = found.rebalancing
    return {
        "fund": found.fund,
        "as_of": found.as_of,
        "at": found.at,
        "mandate": found.mandate or None,
        "verdict": str(found.verdict),
        "reasons": list(found.reasons),
        "accepted_at": found.accepted_at,
        "accepted_as_of": found.accepted_as_of,
        "beta": {one.etf: _beta(one) for one in found.betas},
        "leave": {
            "gap": {one.etf: one.gap for one in found.betas},
            f"loss_if_etf_falls_{FALL:.0%}": {one.etf: one.loss for one in found.betas},
            "volatility": {one.etf: abs(one.gap) * one.volatility for one in found.betas},
        },
        "rebalance": {
            "beta_after": dict(rebalancing.betas),
            "trades": rebalancing.trades,
            "turnover": rebalancing.turnover,
            "cost": rebalancing.cost,
            "cost_money": found.money(rebalancing.cost),
            "tracking_error": rebalancing.tracking_error,
            "slowest": rebalancing.slowest or None,
            "days_to_trade": rebalancing.days,
            "reason": rebalancing.reason or None,
        },
        "limits": [
            {"limit": one.label, "value": one.after, "bound": one.text, "ticker": one.ticker or None}
            | {"light": str(one.light)}
            for one in found.limits
        ],
        "etfs": {one.etf: one.record() for one in found.etfs},
        "fund_forecast": None if found.forecast is None else _forecast(found.forecast),
        "history": [dict(zip(HISTORY, row, strict=True)) for row in history(found)],
        "notices": list(found.notices),
    }


def _beta(one: BetaToday) -> dict[str, Any]:
    change = one.change
    return {
        "now": one.forecast.beta,
        "low_95": one.forecast.low,
        "high_95": one.forecast.high,
        "target": one.target,
        "may_be_from": one.low,
        "may_be_to": one.high,
        "accepted": one.accepted,
        "change": None if change is None else change.total,
        "parts": None if change is None else dict(change.parts),
    }


def _forecast(one: FundForecast) -> dict[str, Any]:
    return {
        "benchmark": one.benchmark,
        "lines": {
            line.label: {
                "ours": line.ours,
                "theirs": line.theirs,
                "difference_universe": line.universe,
                "difference_model": line.model,
            }
            for line in one.lines
        },
        "only_ours": list(one.only_ours),
        "only_theirs": list(one.only_theirs),
        "notes": list(one.notes),
    }


def history(found: Today) -> list[list[Any]]:
    """Return the history as rows of ``HISTORY``."""
    return [
        [
            *(one.day, one.etf, one.beta, one.low, one.high, one.target, one.tolerance, one.accepted),
            one.verdict,
            *(one.parts.get(part, math.nan) for part in PART_WORDS),
        ]
        for one in found.history
    ]


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """A line of the page: a label, a number of a kind or a text, and a remark; any of them may be empty."""

    label: str
    value: float | str | None = None
    remark: str = ""
    kind: Kind = Kind.NUMBER

    @property
    def text(self) -> str:
        """The value as it is printed; a beta has four digits."""
        if self.value is None or self.value == "":
            return ""
        if isinstance(self.value, str):
            return self.value
        return shown(self.value, self.kind, 4 if self.kind is Kind.NUMBER else 2) or "-"


def summary(found: Today) -> list[SummaryLine]:
    """Return today line by line, as a sheet and a terminal show it."""
    return [
        SummaryLine("Verdict", str(found.verdict).capitalize(), found.headline),
        *(SummaryLine("", remark=reason) for reason in found.reasons[1:]),
        SummaryLine("Fund", found.fund, f"as of {found.as_of or 'an unknown day'}"),
        SummaryLine("Mandate", found.mandate or "none"),
        SummaryLine("Accepted", remark=_accepted(found)),
        *(line for one in found.betas for line in _beta_lines(one)),
        *_leave_lines(found),
        *_rebalance_lines(found),
        *_limit_lines(found),
        *_etf_lines(found),
        *(() if found.forecast is None else forecast_lines(found.forecast)),
        *(SummaryLine("Note", remark=line) for line in found.notices),
    ]


def _accepted(found: Today) -> str:
    if found.accepted_at is None:
        return "nothing yet"
    return f"{found.accepted_at:%Y-%m-%d %H:%M} UTC, holdings of {found.accepted_as_of or 'an unknown day'}"


def _beta_lines(one: BetaToday) -> Iterator[SummaryLine]:
    between = f"may be {one.low:.3f} to {one.high:.3f}"
    yield SummaryLine(f"Beta to {one.etf} now", one.forecast.beta, f"{beta_text(one.forecast, 3)}; {between}")
    if one.change is None:
        return
    yield SummaryLine(f"Beta to {one.etf} as accepted", one.change.before)
    for part, words in PART_WORDS.items():
        yield SummaryLine(f"  moved by {words}", one.change.parts[part])
    yield SummaryLine("  change in all", one.change.total, "the parts add up to it")


def _leave_lines(found: Today) -> Iterator[SummaryLine]:
    """Yield what it costs to leave the portfolio as it is."""
    for one in found.betas:
        verb = "loses" if one.loss > 0.0 else "gains"
        yield SummaryLine(
            f"If left: {one.etf} falls {FALL:.0%}",
            -one.loss,
            f"the gap of {one.gap:+.3f} {verb} {abs(one.loss):.2%} of value"
            f"{_money(found.money(abs(one.loss)))}; it adds {abs(one.gap) * one.volatility:.2%} volatility",
            Kind.PERCENT,
        )


def _rebalance_lines(found: Today) -> Iterator[SummaryLine]:
    """Yield what it takes to rebalance."""
    one = found.rebalancing
    if one.reason:
        yield SummaryLine("If rebalanced", "not possible", one.reason)
        return
    betas = ", ".join(f"beta to {name} {beta:.3f}" for name, beta in one.betas.items())
    cost = "cost unknown: the mandate has no cost_bp"
    if not math.isnan(one.cost):
        cost = f"cost {one.cost * 1e4:.1f} bp{_money(found.money(one.cost))}"
    names = "1 name" if one.trades == 1 else f"{one.trades} names"
    remark = f"turnover {one.turnover:.2%} in {names}, {cost}; then {betas}"
    yield SummaryLine("If rebalanced", one.turnover, remark, Kind.PERCENT)
    if one.slowest:
        yield SummaryLine("  longest order", f"{one.days:.2g} days", f"{one.slowest}, by its average volume")


def _money(amount: float | None) -> str:
    return "" if amount is None else f" ({amount:,.0f})"


def _limit_lines(found: Today) -> Iterator[SummaryLine]:
    for one in found.limits:
        of = f" ({one.ticker})" if one.ticker else ""
        yield SummaryLine(one.label.capitalize(), one.after, f"{one.text}: {one.light}{of}", one.kind)


def _etf_lines(found: Today) -> Iterator[SummaryLine]:
    """Yield the age of each ETF's file, and what changed since the one before it."""
    for one in found.etfs:
        old = "; download a newer file" if one.stale else ""
        age = None if one.age is None else float(one.age)
        yield SummaryLine(f"File of {one.etf}", age, f"{one.sentence}{old}", Kind.COUNT)
        if one.earlier is not None:
            yield SummaryLine(f"  changed since {one.earlier}", one.turnover, one.changed, Kind.PERCENT)


def forecast_lines(one: FundForecast) -> Iterator[SummaryLine]:
    """Yield the fund's own forecast beside ours, and what the difference is of."""
    for line in one.lines:
        theirs, ours = (shown(number, line.kind) or "unknown" for number in (line.theirs, line.ours))
        parts = ""
        if not math.isnan(line.of_their_names):
            universe, model = (_signed(number, line.kind) for number in (line.universe, line.model))
            parts = f"; of the difference {universe} is other names and weights, {model} another model or day"
        yield SummaryLine(f"Fund's own {line.label}", line.theirs, f"{theirs}, ours {ours}{parts}", line.kind)
    for note in one.notes:
        yield SummaryLine("", remark=note)


def _signed(value: float, kind: Kind) -> str:
    return f"{value:+.2%}" if kind is Kind.PERCENT else f"{value:+.2f}"


def is_action(found: Today) -> bool:
    """Whether a scheduler is to call somebody."""
    return found.verdict is Verdict.REBALANCE
