"""Charts of a backtest as PNG or SVG, by matplotlib (the extra ``charts``)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.backtest.forward import ROLLING
from betaneutral_xl.engine.backtest.plan import COMPARISONS, UNHEDGED
from betaneutral_xl.errors import InputError

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
"""Of the ways, in their order; the portfolio left alone is grey."""


def draw(result: Backtest, kind: str, days: int = ROLLING) -> bytes:
    """Draw the betas of a backtest: rolling, and date by date beside the noise.

    For each ETF one row: on the left the beta over the last ``days`` days, on the right the realised
    betas over the horizon, with a band of two noise floors about zero: what stays in it may be chance.
    With a target the left one shows it, and those on the right are active, less the target's.

    Parameters
    ----------
    result
        The backtest.
    kind
        ``png`` or ``svg``.
    days
        Of the rolling beta; half of the days held, where those are fewer than twice as many.

    Raises
    ------
    InputError
        If matplotlib is not installed, or there is no such kind of picture.

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
            word = "active beta" if _aimed(result) else "beta"
            axes[k, 1].set_title(f"{word} over the next {horizon} days; band: twice the noise", loc="left")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
        stream = io.BytesIO()
        figure.savefig(stream, format=kind, dpi=120, metadata={"Date": None} if kind == "svg" else None)
    return stream.getvalue()


def require(kind: str) -> None:
    """Hold that a picture of a kind can be drawn, which is better known before a long walk.

    Raises
    ------
    InputError
        If matplotlib is not installed, or there is no such kind of picture.

    """
    if kind not in FORMATS:
        msg = f"A chart cannot be saved as {kind or 'a file without an ending'!r}. Use .png or .svg."
        raise InputError(msg)
    try:
        import matplotlib as mpl  # noqa: F401 - as above
    except ImportError:
        msg = 'Charts need matplotlib. Install it with pip install "betaneutral-xl[charts]".'
        raise InputError(msg) from None


def shown(result: Backtest) -> dict[Strategy, tuple[str, str]]:
    """Choose what is drawn, with label and colour: the portfolio left alone, and each method's hedges."""
    first = result.study.estimators[0].label
    ways = [way for way in result.ways if way[0] not in COMPARISONS]
    if not ways:
        ways = [way for way in result.ways if way[0] != UNHEDGED]
    several = len({method for method, _ in ways}) > 1
    styles = {
        way: (f"{way[0]}, {way[1]}" if several else f"{way[1]}", COLOURS[i % len(COLOURS)])
        for i, way in enumerate(ways)
    }
    alone: dict[Strategy, tuple[str, str]] = {(UNHEDGED, first): ("unhedged", MUTED)}
    return {**(alone if (UNHEDGED, first) in result.ways else {}), **styles}


def _aimed(result: Backtest) -> bool:
    return any(result.study.targets)


def _rolling(axes: Any, result: Backtest, k: int, days: int) -> None:
    axes.axhline(0.0, color=INK, linewidth=0.6)
    if _aimed(result):
        target = result.rolling_target(days)[:, k]
        axes.plot(result.days, target, color=INK, linewidth=1.0, linestyle="--", label="target")
    for way, (label, colour) in shown(result).items():
        axes.plot(result.days, result.rolling(way, days)[:, k], color=colour, linewidth=1.0, label=label)
    axes.tick_params(axis="x", rotation=30)


def _by_date(axes: Any, result: Backtest, k: int) -> None:
    noise = result.standard_error[:, :, k]
    band = 2.0 * float(np.sqrt((noise**2).mean()))
    axes.axhspan(-band, band, color=BAND, linewidth=0.0)
    axes.axhline(0.0, color=INK, linewidth=0.6)
    for way, (label, colour) in shown(result).items():
        active = result.beta[:, result.ways.index(way), k] - result.target_beta[:, k]
        axes.plot(result.dates, active, color=colour, linewidth=0.6, marker=".", markersize=3.0, label=label)
    axes.tick_params(axis="x", rotation=30)
