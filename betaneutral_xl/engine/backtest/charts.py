"""Charts of a backtest as PNG or SVG, by matplotlib (the extra ``charts``)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.backtest.forward import ROLLING_DAYS
from betaneutral_xl.engine.backtest.plan import COMPARISONS, UNHEDGED
from betaneutral_xl.errors import InputError, MissingPackage

if TYPE_CHECKING:
    from betaneutral_xl.engine.backtest.decide import Strategy
    from betaneutral_xl.engine.backtest.forward import Backtest

FORMATS = ("png", "svg")

SETTINGS: Any = {
    "svg.hashsalt": "betaneutral-xl",  # the same chart is the same file
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}

INK, MUTED, BAND = "#1f2937", "#9ca3af", "#e5e7eb"
COLOURS = ("#1d4ed8", "#b45309", "#047857", "#7c3aed", "#be123c", "#0e7490")
"""Colours of the strategies in order; the unhedged portfolio is grey."""


def draw(result: Backtest, kind: str, days: int = ROLLING_DAYS) -> bytes:
    """Draw the betas of a backtest as ``png`` or ``svg``: rolling, and by date with a noise band.

    Each ETF has one row: on the left the rolling beta over ``days`` days, half of the days held at most, on
    the right the realised betas over the horizon, with a band of two noise floors about zero, within which a
    beta is not significant. With a target, the left chart shows it, and the betas on the right are active
    (less the target).

    Raises
    ------
    InputError
        If matplotlib is not installed, or the format is not supported.

    """
    require(kind)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    days = min(days, len(result.days) // 2)
    rows = len(result.etf_names)
    with rc_context(SETTINGS):
        figure = Figure(figsize=(9.0, 0.6 + 2.4 * rows), layout="constrained")
        axes = figure.subplots(rows, 2, squeeze=False)
        for k, name in enumerate(result.etf_names):
            _rolling(axes[k, 0], result, k, days)
            _by_date(axes[k, 1], result, k)
            axes[k, 0].set_title(f"beta to {name} over the last {days} days", loc="left")
            horizon = result.study.schedule.horizon
            word = "active beta" if _has_target(result) else "beta"
            axes[k, 1].set_title(f"{word} over the next {horizon} days; band: twice the noise", loc="left")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
        stream = io.BytesIO()
        figure.savefig(stream, format=kind, dpi=120, metadata={"Date": None} if kind == "svg" else None)
    return stream.getvalue()


def require(kind: str) -> None:
    """Check that charts of a format can be drawn, before a long backtest.

    Raises
    ------
    InputError
        If matplotlib is not installed, or the format is not supported.

    """
    if kind not in FORMATS:
        msg = f"A chart cannot be saved as {kind or 'a file without an ending'!r}. Use .png or .svg."
        raise InputError(msg)
    try:
        import matplotlib as mpl  # noqa: F401 - as above
    except ImportError:
        msg = 'Charts need matplotlib. Install it with pip install "betaneutral-xl[charts]".'
        raise MissingPackage(msg) from None


def drawn_strategies(result: Backtest) -> dict[Strategy, tuple[str, str]]:
    """Return the strategies to draw, unhedged and hedges, with label and colour."""
    first = result.study.estimators[0].label
    strategies = [strategy for strategy in result.strategies if strategy[0] not in COMPARISONS]
    if not strategies:
        strategies = [strategy for strategy in result.strategies if strategy[0] != UNHEDGED]
    several = len({method for method, _ in strategies}) > 1
    styles = {
        (method, label): (f"{method}, {label}" if several else label, COLOURS[i % len(COLOURS)])
        for i, (method, label) in enumerate(strategies)
    }
    unhedged: dict[Strategy, tuple[str, str]] = {(UNHEDGED, first): ("unhedged", MUTED)}
    return {**(unhedged if (UNHEDGED, first) in result.strategies else {}), **styles}


def _has_target(result: Backtest) -> bool:
    return any(result.study.targets)


def _rolling(axes: Any, result: Backtest, k: int, days: int) -> None:
    axes.axhline(0.0, color=INK, linewidth=0.6)
    if _has_target(result):
        target = result.rolling_target(days)[:, k]
        axes.plot(result.days, target, color=INK, linewidth=1.0, linestyle="--", label="target")
    for strategy, (label, colour) in drawn_strategies(result).items():
        axes.plot(result.days, result.rolling(strategy, days)[:, k], color=colour, linewidth=1.0, label=label)
    axes.tick_params(axis="x", rotation=30)


def _by_date(axes: Any, result: Backtest, k: int) -> None:
    noise = result.standard_error[:, :, k]
    band = 2.0 * float(np.sqrt((noise**2).mean()))
    axes.axhspan(-band, band, color=BAND, linewidth=0.0)
    axes.axhline(0.0, color=INK, linewidth=0.6)
    for strategy, (label, colour) in drawn_strategies(result).items():
        active = result.beta[:, result.strategies.index(strategy), k] - result.target_beta[:, k]
        axes.plot(result.dates, active, color=colour, linewidth=0.6, marker=".", markersize=3.0, label=label)
    axes.tick_params(axis="x", rotation=30)
