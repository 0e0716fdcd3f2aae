"""The slide as a picture, drawn by matplotlib (the extra ``charts``)."""

from __future__ import annotations

import io
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.errors import MissingPackage
from betaneutral_xl.report import style
from betaneutral_xl.report.pictures import Kind, Picture
from betaneutral_xl.report.slide.content import LIGHT_FILLS, MOST_ROWS, Slide

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


SIZE, DPI = (13.333, 7.5), 120
"""Inches of a wide slide, and dots an inch."""

LEFT, MIDDLE, RIGHT = 0.03, 0.60, 0.97
"""Edges of the table and of the charts, in parts of the width."""


VERDICT_POINTS, SMALLEST = 1430.0, 12.5
"""Characters times points of a bold line across the slide, and the smallest size of the verdict in points."""


def png(slide: Slide) -> bytes:
    """Return the slide as a PNG picture.

    Raises
    ------
    MissingPackage
        If matplotlib is not installed.

    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        msg = "A slide as a picture needs the package matplotlib: pip install 'betaneutral-xl[charts]'."
        raise MissingPackage(msg) from None
    with rc_context({"font.family": "sans-serif", "font.size": 10.0, "text.parse_math": False}):
        figure = Figure(figsize=SIZE, dpi=DPI, facecolor="white")
        _head(figure, slide)
        _table(figure, slide)
        _lists(figure, slide)
        for n, picture in enumerate(slide.pictures):
            _chart(figure.add_axes((MIDDLE + 0.045, 0.54 - 0.38 * n, RIGHT - MIDDLE - 0.05, 0.22)), picture)
        figure.text(LEFT, 0.02, slide.footer, size=8, color=f"#{style.MUTED}")
        content = io.BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()


def _head(figure: Figure, slide: Slide) -> None:
    from matplotlib.patches import Rectangle

    figure.text(LEFT, 0.945, slide.title, size=15, weight="bold", color=f"#{style.NAVY}")
    figure.patches.append(
        Rectangle(
            (LEFT, 0.853), RIGHT - LEFT, 0.068, facecolor=f"#{slide.fill}", transform=figure.transFigure
        )
    )
    size = min(17.0, VERDICT_POINTS / len(slide.verdict))  # on one line, if it can be read there
    lines = [slide.verdict] if size >= SMALLEST else wrap(slide.verdict, round(VERDICT_POINTS / SMALLEST))
    look: dict[str, Any] = {"size": max(size, SMALLEST), "weight": "bold", "color": f"#{slide.ink}"}
    figure.text(LEFT + 0.008, 0.887, "\n".join(lines), va="center", **look)
    figure.text(LEFT, 0.822, slide.advice, size=12, weight="bold", color=f"#{style.INK}")


def _table(figure: Figure, slide: Slide) -> None:
    from matplotlib.transforms import Bbox

    axes = figure.add_axes((LEFT, 0.285, MIDDLE - LEFT - 0.02, 0.515))
    axes.axis("off")
    taken = (len(slide.rows) + 1) / (MOST_ROWS + 1)
    table = axes.table(
        cellText=[slide.headings, *slide.rows],
        cellLoc="right",
        colWidths=[0.43, 0.17, 0.16, 0.14, 0.10],
        bbox=Bbox.from_bounds(0.0, 1.0 - taken, 1.0, taken),
        edges="horizontal",
    )
    table.auto_set_font_size(False)  # noqa: FBT003 - matplotlib's own argument
    table.set_fontsize(9.5)
    for (row, column), cell in table.get_celld().items():
        cell.PAD = 0.03
        cell.set_edgecolor(f"#{style.RULE}")
        if row == 0:
            cell.set_facecolor(f"#{style.NAVY}")
            cell.set_text_props(color="white", weight="bold")
        elif column in {0, 2}:
            cell.set_text_props(weight="bold")
        if column == 0:
            cell.set_text_props(ha="left")
        fill, ink = LIGHT_FILLS.get(cell.get_text().get_text(), ("", ""))
        if row and fill:
            cell.set_facecolor(f"#{fill}")
            cell.set_text_props(color=f"#{ink}", weight="bold")
        cell.visible_edges = "closed" if row == 0 or fill else "horizontal"
        cell.set_linewidth(0.6)


def _lists(figure: Figure, slide: Slide) -> None:
    """Write the lists side by side below the table."""
    places = (LEFT, LEFT + 0.19)
    widths = (34, 74)
    for (title, lines), x, width in zip(slide.lists, places, widths, strict=True):
        figure.text(x, 0.25, title, size=11, weight="bold", color=f"#{style.NAVY}")
        text = "\n".join("\n".join(wrap(line, width)) for line in lines)
        figure.text(x, 0.235, text, size=9, color=f"#{style.INK}", va="top", linespacing=1.3)


def _chart(axes: Axes, picture: Picture) -> None:
    from matplotlib.ticker import PercentFormatter

    places = np.arange(len(picture.categories))
    base = np.zeros(len(places))
    for series in picture.series:
        values = np.array(series.values)
        look: dict[str, Any] = {"color": f"#{series.colour}", "label": series.name}
        if picture.kind is Kind.LINES:
            axes.plot(places, values, linewidth=1.8, **look)
        else:
            axes.bar(places, values, 0.55, bottom=base, **look)
            base = base + np.nan_to_num(values)
    every = max(len(places) // 6, 1)
    axes.set_xticks(places[::every], list(picture.categories)[::every])
    axes.axhline(0.0, color="0.5", linewidth=0.8)
    if picture.percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_title(picture.title, fontsize=11, fontweight="bold", color=f"#{style.NAVY}")
    axes.tick_params(labelsize=8.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3, columnspacing=1.0
    )
