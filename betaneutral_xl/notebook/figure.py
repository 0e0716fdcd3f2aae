"""A result's pictures, drawn by matplotlib (the extra ``charts``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.errors import InputError, MissingPackage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.report.pictures import Picture

PICTURES = ("betas", "trades", "contributions")
"""What can be drawn."""

SIZE = (4.6, 3.4)
"""Inches of one picture."""

MARKS = 5
"""Largest number of steps of a scale: more of them overlap."""


def draw(result: Rebalance, what: str | None = None, ax: Axes | None = None) -> Any:
    """Draw one picture into axes, or all of them side by side; see ``Result.plot``.

    Raises
    ------
    InputError
        If there is no such picture, or axes are given for several.
    MissingPackage
        If matplotlib is not installed.

    """
    if what is not None and what not in PICTURES:
        msg = f"There is no picture {what!r:.40}. Choose one of {', '.join(PICTURES)}."
        raise InputError(msg)
    if what is None and ax is not None:
        msg = f"Axes are for one picture. Name it too: one of {', '.join(PICTURES)}."
        raise InputError(msg)
    shown = _pictures(result)
    if ax is None:
        axes = _new_axes(1 if what else len(shown))
        for name, one in zip([what] if what else PICTURES, axes, strict=True):
            _draw(shown[str(name)], one)
        return axes[0] if what else axes
    _draw(shown[str(what)], ax)
    return ax


def _pictures(result: Rebalance) -> dict[str, Picture]:
    from betaneutral_xl.job.answer import page_of
    from betaneutral_xl.report import pictures

    page = page_of(result)
    drawn = (pictures.portfolio_betas, pictures.largest_trades, pictures.contributions)
    return {name: make(page) for name, make in zip(PICTURES, drawn, strict=True)}


def _new_axes(count: int) -> np.ndarray[Any, Any]:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        msg = "A plot needs the package matplotlib: pip install 'betaneutral-xl[charts]'."
        raise MissingPackage(msg) from None
    _, axes = plt.subplots(1, count, figsize=(SIZE[0] * count, SIZE[1]), layout="constrained", squeeze=False)
    return np.asarray(axes[0])


def _draw(picture: Picture, ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    from betaneutral_xl.report.pictures import Kind

    places = np.arange(len(picture.categories))
    stacked = picture.kind is Kind.STACKED_BARS
    upright = picture.kind is Kind.COLUMNS
    lanes = 1 if stacked else len(picture.series)
    thick = 0.7 / lanes
    for lane, series in enumerate(picture.series):
        at = places + (0.0 if stacked else (lane - (lanes - 1) / 2) * thick)
        style: dict[str, Any] = {"color": f"#{series.colour}", "label": series.name}
        errors = series.errors or None
        if upright:
            ax.bar(at, series.values, thick, yerr=errors, capsize=4, **style)
        else:
            ax.barh(at, series.values, thick, **style)
    _label(picture, ax, places, upright=upright)
    scale = ax.yaxis if upright else ax.xaxis
    scale.set_major_locator(MaxNLocator(MARKS))
    if picture.percent:
        scale.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _label(picture: Picture, ax: Axes, places: np.ndarray[Any, Any], *, upright: bool) -> None:
    names = [name.replace("$", r"\$") for name in picture.categories]  # no mathematics in names from files
    if upright:
        ax.set_xticks(places, names)
        ax.axhline(0.0, color="0.4", linewidth=0.8)
    else:
        ax.set_yticks(places, names, fontsize=8)
        ax.invert_yaxis()
        ax.axvline(0.0, color="0.4", linewidth=0.8)
    ax.set_title(picture.title.replace("$", r"\$"), fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(fontsize=8, frameon=False)
