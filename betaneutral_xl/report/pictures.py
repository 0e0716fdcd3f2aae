"""The report's pictures as plain data, drawn as charts in the workbook and as SVG on the web page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from betaneutral_xl.engine.realised import PastBetas
from betaneutral_xl.job.answer import AnswerPage
from betaneutral_xl.job.realised import Realised
from betaneutral_xl.model.arrays import FloatArray
from betaneutral_xl.report import style

STEPS = 6
"""Approximate number of steps of a scale."""

SMALLEST_SPAN = 1e-9
"""A smaller span of values is of rounding errors; its scale is from 0 to 1."""


class Kind(StrEnum):
    """How a picture is drawn."""

    COLUMNS = "columns"
    STACKED_COLUMNS = "stacked columns"
    BARS = "bars"
    STACKED_BARS = "stacked bars"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a picture; ``errors`` are half-widths of error bars."""

    name: str
    values: tuple[float, ...]
    colour: str
    errors: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, independent of how it is drawn."""

    title: str
    kind: Kind
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    percent: bool = False

    def scale(self) -> tuple[float, float, float]:
        """Return rounded limits of a scale that includes 0, all values and error bars, and its step."""
        ends = [0.0]
        if self.kind is Kind.STACKED_COLUMNS:
            ends += [sum(values) for values in zip(*(one.values for one in self.series), strict=True)]
        for series in self.series:
            errors = series.errors or (0.0,) * len(series.values)
            pairs = [(v, e) for v, e in zip(series.values, errors, strict=True) if math.isfinite(v)]
            ends += [v - e for v, e in pairs] + [v + e for v, e in pairs]
        low, high = min(ends), max(ends)
        if high - low < SMALLEST_SPAN:
            low, high = 0.0, 1.0
        rough = (high - low) / STEPS
        magnitude = 10.0 ** math.floor(math.log10(rough))
        step = next(m * magnitude for m in (1.0, 2.0, 5.0, 10.0) if m * magnitude >= rough * (1.0 - 1e-9))
        return round(math.floor(low / step) * step, 12), round(math.ceil(high / step) * step, 12), step


def portfolio_betas(page: AnswerPage) -> Picture:
    """Return the portfolio's beta to each ETF before and after."""
    series = []
    for name, forecasts, colour in (
        ("before", [one.before for one in page.betas], style.BEFORE),
        (page.after, [one.after for one in page.betas], style.AFTER),
    ):
        widths = tuple(one.half_width() for one in forecasts)
        betas = tuple(one.beta for one in forecasts)
        series.append(Series(name, betas, colour, widths if np.isfinite(widths).all() else ()))
    bars = " with 95 % intervals of next month's" if series[0].errors else ""
    return Picture(f"Predicted beta{bars}", Kind.COLUMNS, page.etfs, tuple(series))


def largest_trades(page: AnswerPage) -> Picture:
    """Return the largest trades, buys and sells as two series."""
    trades = [one.trade for one in page.trades]
    return Picture(
        f"Largest trades (of {page.trade_count})",
        Kind.STACKED_BARS,
        tuple(one.ticker for one in page.trades),
        (
            Series("buy", tuple(max(trade, 0.0) for trade in trades), style.BUY),
            Series("sell", tuple(min(trade, 0.0) for trade in trades), style.SELL),
        ),
        percent=True,
    )


def realised_betas(series: tuple[Realised, ...]) -> Picture:
    """Return rolling realised betas to one ETF, of series with the same dates."""
    colours = {"unhedged": style.BEFORE}
    return Picture(
        f"Realised beta to {series[0].etf}",
        Kind.LINES,
        tuple(day.isoformat() for day in series[0].dates),
        tuple(
            Series(one.label, tuple(one.beta.tolist()), colours.get(one.label, style.AFTER)) for one in series
        ),
    )


def variance(page: AnswerPage) -> Picture:
    """Return what the variance consists of before and after, in parts of the variance before."""
    before, after = page.variance_before, page.variance_after
    scale = page.variance_ratio
    etfs = page.etfs[0] if len(page.etfs) == 1 else "the ETFs"
    parts = [(etfs, before.etfs, after.etfs, style.OF_ETF)]
    if page.market:
        parts.append((f"market besides ({page.market})", before.market, after.market, style.OF_MARKET))
    parts.append(("the rest", before.rest, after.rest, style.OF_REST))
    return Picture(
        "Variance, of that before",
        Kind.STACKED_COLUMNS,
        ("before", page.after),
        tuple(Series(name, (old, new * scale), colour) for name, old, new, colour in parts),
        percent=True,
    )


def past_betas(page: AnswerPage, at: int) -> Picture:
    """Return the measured betas to an ETF by month, with the interval that next month's is expected in."""
    past = page.past[at]
    months = tuple(month_labels(past))
    ends = page.measured_interval(past)
    series = [Series("as it is", tuple(past.as_it_is.tolist()), style.BEFORE)] if known(past.as_it_is) else []
    name = "kept at today's beta" if page.infeasibility else "proposal, renewed monthly"
    series.append(Series(name, tuple(past.renewed.tolist()), style.AFTER))
    if np.isfinite(ends).all():
        series += [
            Series(name, (end,) * past.months, style.INTERVAL)
            for name, end in zip(("95 % of months, from", "to"), ends, strict=True)
        ]
    title = f"Measured beta to {past.etf} by month{'' if past.ends else ' (months ago)'}"
    return Picture(title, Kind.LINES, months, tuple(series))


def known(values: FloatArray) -> bool:
    """Whether any value is known."""
    return bool(np.isfinite(values).any())


def month_labels(past: PastBetas) -> list[str]:
    """Return when each month of 21 days ended, or how many months ago it ended."""
    if past.ends:
        return [f"{day:%Y-%m}" for day in past.ends]
    return [f"-{past.months - n}" for n in range(past.months)]


def frontier(page: AnswerPage) -> Picture:
    """Return what each step to the target costs."""
    points = [one for one in page.frontier if not one.note]
    name = page.etfs[0]
    return Picture(
        f"Turnover and tracking error by the beta to {name} that is left",
        Kind.LINES,
        tuple(f"{one.beta[name]:.2f}" for one in points),
        (
            Series("tracking error", tuple(one.tracking_error for one in points), style.AFTER),
            Series("turnover", tuple(one.turnover for one in points), style.OF_MARKET),
        ),
        percent=True,
    )


def contributions(page: AnswerPage, most: int | None = None) -> Picture:
    """Return the largest contributions to the beta to the first ETF, at most so many."""
    rows = page.contributions[:most]
    return Picture(
        f"Largest contributions to the beta to {page.etfs[0]}",
        Kind.BARS,
        tuple(one.label for one in rows),
        (
            Series("before", tuple(one.beta_before[0] for one in rows), style.BEFORE),
            Series(page.after, tuple(one.beta_after[0] for one in rows), style.AFTER),
        ),
    )
