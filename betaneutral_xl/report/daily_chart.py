"""The history of a fund's beta as a picture, by matplotlib (the extra ``charts``)."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

from betaneutral_xl.engine.backtest.charts import SETTINGS, require
from betaneutral_xl.job.daily.page import PART_WORDS, Today, Verdict
from betaneutral_xl.job.daily.records import Reading

__all__ = ["draw", "require"]

OWN_SETTINGS: Any = {**SETTINGS, "font.size": 9, "axes.titlesize": 10}

INK, BAND, TOLERANCE, ALARM = "#1d4ed8", "#dbeafe", "#fef3c7", "#be123c"

PART_COLOURS = {"prices": "#6b7280", "trades": "#b45309", "etf": "#047857", "risk": "#7c3aed"}


def draw(found: Today, kind: str) -> bytes:
    """Draw the beta to each ETF by day with what it may be, and what moved it since it was accepted.

    Raises
    ------
    InputError
        If matplotlib is not installed, or the format is another.

    """
    require(kind)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    names = [one.etf for one in found.betas]
    with rc_context(OWN_SETTINGS):
        figure = Figure(figsize=(10.0, 4.6 * len(names)), layout="constrained")
        axes = figure.subplots(2 * len(names), 1, squeeze=False, height_ratios=[3, 2] * len(names))
        for row, name in enumerate(names):
            rows = [one for one in found.history if one.etf == name]
            places = list(range(len(rows)))
            _betas(axes[2 * row, 0], name, rows, places)
            _parts(axes[2 * row + 1, 0], rows, places)
        figure.suptitle(f"{found.fund}: {found.headline}", fontsize=11, x=0.01, ha="left")
        stream = io.BytesIO()
        metadata = {"Software": None} if kind == "png" else {"Date": None}
        figure.savefig(stream, format=kind, dpi=110, metadata=metadata)
    return stream.getvalue()


def _betas(axes: Any, name: str, rows: Sequence[Reading], places: Sequence[int]) -> None:
    low, high = ([one.target + sign * one.tolerance for one in rows] for sign in (-1.0, 1.0))
    axes.fill_between(places, low, high, color=TOLERANCE, label="tolerance", step="mid")
    known = [place for place in places if math.isfinite(rows[place].low)]
    if known:
        ends = ([rows[place].low for place in known], [rows[place].high for place in known])
        axes.vlines(known, *ends, color=BAND, linewidth=5, zorder=0, label="next month, 95 %")
    axes.plot(
        places, [one.target for one in rows], color="#6b7280", linewidth=1, linestyle="--", label="target"
    )
    axes.plot(places, [one.accepted for one in rows], color="#047857", linewidth=1, label="accepted")
    axes.plot(places, [one.beta for one in rows], color=INK, marker="o", markersize=4, label="beta")
    trade = [place for place in places if rows[place].verdict == Verdict.REBALANCE]
    axes.plot(
        trade,
        [rows[place].beta for place in trade],
        color=ALARM,
        marker="o",
        markersize=8,
        linestyle="none",
        markerfacecolor="none",
        label="rebalance",
    )
    axes.set_title(f"Beta to {name}", loc="left")
    _days(axes, rows, places)
    axes.legend(fontsize=8, frameon=False, ncols=6, loc="lower right", bbox_to_anchor=(1.0, 1.0))


def _parts(axes: Any, rows: Sequence[Reading], places: Sequence[int]) -> None:
    """Draw the parts of the change since the accepted proposal as bars, those of one sign stacked."""
    up, down = [0.0] * len(rows), [0.0] * len(rows)
    for part, words in PART_WORDS.items():
        values = [one.parts.get(part, math.nan) for one in rows]
        sizes = [0.0 if math.isnan(one) else one for one in values]
        starts = [up[i] if size >= 0.0 else down[i] for i, size in enumerate(sizes)]
        axes.bar(places, sizes, bottom=starts, color=PART_COLOURS[part], width=0.6, label=words)
        for i, size in enumerate(sizes):
            up[i] += max(size, 0.0)
            down[i] += min(size, 0.0)
    totals = [sum(one for one in row.parts.values() if not math.isnan(one)) for row in rows]
    axes.plot(places, totals, color="#111827", marker="D", markersize=3, linewidth=1, label="change in all")
    axes.axhline(0.0, color="#9ca3af", linewidth=0.8)
    axes.set_title("What moved it since it was accepted", loc="left")
    _days(axes, rows, places)
    axes.legend(fontsize=8, frameon=False, ncols=5, loc="lower right", bbox_to_anchor=(1.0, 1.0))


def _days(axes: Any, rows: Sequence[Reading], places: Sequence[int]) -> None:
    """Label at most a dozen of the days."""
    step = max(1, math.ceil(len(rows) / 12))
    axes.set_xticks(places[::step], [f"{one.day:%b} {one.day.day}" for one in rows[::step]])
    axes.set_xlim(-0.5, max(len(rows), 2) - 0.5)
