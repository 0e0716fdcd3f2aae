"""The report's pictures as plain data, drawn as charts in the workbook and as SVG on the web page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.report import style

if TYPE_CHECKING:
    from betaneutral_xl.job.realised import Realised
    from betaneutral_xl.report.contents import Contents

STEPS = 6
"""Approximate number of steps of a scale."""

MAX_BARS = 12
"""Maximum number of names in a bar chart."""


class Kind(StrEnum):
    """How a picture is drawn."""

    COLUMNS = "columns"
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
        for series in self.series:
            errors = series.errors or (0.0,) * len(series.values)
            pairs = [(v, e) for v, e in zip(series.values, errors, strict=True) if math.isfinite(v)]
            ends += [v - e for v, e in pairs] + [v + e for v, e in pairs]
        low, high = min(ends), max(ends)
        rough = (high - low or 1.0) / STEPS
        magnitude = 10.0 ** math.floor(math.log10(rough))
        step = next(m * magnitude for m in (1.0, 2.0, 5.0, 10.0) if m * magnitude >= rough * (1.0 - 1e-9))
        return round(math.floor(low / step) * step, 12), round(math.ceil(high / step) * step, 12), step


def portfolio_betas(contents: Contents) -> Picture:
    """Return the portfolio's beta to each ETF before and after."""
    result = contents.result
    series = []
    for name, forecasts, colour in (
        ("before", result.before_forecast, style.GREY),
        (contents.after, result.after_forecast, style.BLUE),
    ):
        widths = tuple(one.half_width() for one in forecasts.values())
        known = bool(np.isfinite(widths).all())
        betas = tuple(one.beta for one in forecasts.values())
        series.append(Series(name, betas, colour, widths if known else ()))
    bars = " with 95 % intervals of next month's" if series[0].errors else ""
    return Picture(f"Predicted beta{bars}", Kind.COLUMNS, result.etf_names, tuple(series))


def largest_trades(contents: Contents) -> Picture:
    """Return the largest trades, buys and sells as two series."""
    result = contents.result
    shown = contents.by_size[:MAX_BARS]
    trades = result.trades[shown]
    return Picture(
        f"Largest trades (of {len(contents.by_size)})",
        Kind.STACKED_BARS,
        tuple(result.tickers[at] for at in shown),
        (
            Series("buy", tuple(np.maximum(trades, 0.0).tolist()), style.BLUE),
            Series("sell", tuple(np.minimum(trades, 0.0).tolist()), style.ORANGE),
        ),
        percent=True,
    )


def beta_contributions(contents: Contents) -> Picture:
    """Return the largest contributions to the portfolio's beta to the first ETF."""
    result, aligned = contents.result, contents.result.aligned
    shown = contents.by_contribution[:MAX_BARS]
    beta = result.predicted_beta[aligned.covered][shown, 0]
    before = beta * aligned.covered_weights[shown]
    after = beta * result.new_weights[aligned.covered][shown]
    return Picture(
        f"Largest contributions to beta to {result.etf_names[0]}",
        Kind.BARS,
        tuple(aligned.covered_tickers[at] for at in shown),
        (
            Series("before", tuple(before.tolist()), style.GREY),
            Series(contents.after, tuple(after.tolist()), style.BLUE),
        ),
    )


def realised_betas(series: tuple[Realised, ...]) -> Picture:
    """Return rolling realised betas to one ETF, of series with the same dates."""
    colours = (style.GREY, style.BLUE, style.ORANGE, style.GREEN)
    return Picture(
        f"Realised beta to {series[0].etf}",
        Kind.LINES,
        tuple(day.isoformat() for day in series[0].dates),
        tuple(
            Series(one.label, tuple(one.beta.tolist()), colours[n % len(colours)])
            for n, one in enumerate(series)
        ),
    )
