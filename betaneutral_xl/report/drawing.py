"""The pictures as inline SVG for the web page.

Four kinds of charts do not justify a plotting library of 30 MB. The SVG is the same on every machine,
its text is searchable and accessible to screen readers, and it prints sharply.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from betaneutral_xl.report import style
from betaneutral_xl.report.pictures import Kind, Picture, Series

WIDTH, HEIGHT = 420.0, 320.0
TOP, BOTTOM, LEFT, RIGHT = 34.0, 56.0, 62.0, 14.0
"""Margins of the plot: title at the top, legend and categories below, labels on the left."""

FILLED = 0.7
"""Share of a category's width that its bars fill."""


def draw(picture: Picture) -> str:
    """Return a picture as an ``svg`` element."""
    low, high, step = picture.scale()
    across = picture.kind in {Kind.BARS, Kind.STACKED_BARS}
    marks = [low + step * n for n in range(round((high - low) / step) + 1)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{escape(_alt_text(picture))}">',
        f'<text x="{WIDTH / 2:g}" y="18" class="title">{escape(picture.title)}</text>',
    ]
    for mark in marks:
        at = _place(mark, low, high, across=across)
        ink = style.GREY if abs(mark) < step / 2 else style.RULE
        text = f"{mark:.0%}" if picture.percent else f"{mark + 0.0:.2f}"
        if across:
            parts.append(_line(at, TOP, at, HEIGHT - BOTTOM, ink))
            parts.append(_text(at, HEIGHT - BOTTOM + 13, text))
        else:
            parts.append(_line(LEFT, at, WIDTH - RIGHT, at, ink))
            parts.append(_text(LEFT - 5, at + 3, text, anchor="end"))
    parts += _bars(picture, low, high) if picture.kind is not Kind.LINES else _lines(picture, low, high)
    parts += _legend(picture.series)
    return "".join((*parts, "</svg>"))


def _bars(picture: Picture, low: float, high: float) -> Iterator[str]:
    across = picture.kind in {Kind.BARS, Kind.STACKED_BARS}
    stacked = picture.kind in {Kind.STACKED_BARS, Kind.STACKED_COLUMNS}
    room = (HEIGHT - TOP - BOTTOM if across else WIDTH - LEFT - RIGHT) / max(len(picture.categories), 1)
    lanes = 1 if stacked else len(picture.series)
    thick = room * FILLED / lanes
    piled = picture.kind is Kind.STACKED_COLUMNS
    for n, category in enumerate(picture.categories):
        middle = (TOP if across else LEFT) + room * (n + 0.5)
        if across:
            yield _text(LEFT - 5, middle + 3, category[:9], anchor="end")
        else:
            yield _text(middle, HEIGHT - BOTTOM + 13, category[:24])
        base, zero = 0.0, _place(0.0, low, high, across=across)
        for lane, series in enumerate(picture.series):
            value = series.values[n]
            if not math.isfinite(value):
                continue
            start = middle - room * FILLED / 2 + (0.0 if stacked else lane * thick)
            end = _place(base + value, low, high, across=across)
            first, size = min(zero, end), abs(end - zero)
            if piled:
                base, zero = base + value, end
            box = (first, start, size, thick) if across else (start, first, thick, size)
            yield (
                f'<rect x="{box[0]:.2f}" y="{box[1]:.2f}" width="{box[2]:.2f}" height="{box[3]:.2f}" '
                f'fill="#{series.colour}"><title>{escape(_tooltip(picture, series, n))}</title></rect>'
            )
            if series.errors:
                yield from _error(start + thick / 2, value, series.errors[n], low, high)


def _error(x: float, value: float, error: float, low: float, high: float) -> Iterator[str]:
    top, bottom = (_place(value + sign * error, low, high, across=False) for sign in (1.0, -1.0))
    yield _line(x, top, x, bottom, style.INK)
    for y in (top, bottom):
        yield _line(x - 4, y, x + 4, y, style.INK)


def _lines(picture: Picture, low: float, high: float) -> Iterator[str]:
    count = len(picture.categories)
    room = (WIDTH - LEFT - RIGHT) / max(count - 1, 1)
    for series in picture.series:
        points = " ".join(
            f"{LEFT + n * room:.2f},{_place(value, low, high, across=False):.2f}"
            for n, value in enumerate(series.values)
            if math.isfinite(value)
        )
        yield f'<polyline points="{points}" fill="none" stroke="#{series.colour}" stroke-width="1.6"/>'
        for n, value in enumerate(series.values):
            if math.isfinite(value):
                x, y = LEFT + n * room, _place(value, low, high, across=False)
                text = escape(_tooltip(picture, series, n))
                yield (
                    f'<circle cx="{x:.2f}" cy="{y:.2f}" r="4" fill="#{series.colour}" '
                    f'fill-opacity="0"><title>{text}</title></circle>'
                )
    for n in sorted({0, count // 2, count - 1}):
        yield _text(LEFT + n * room, HEIGHT - BOTTOM + 13, picture.categories[n])


def _legend(series: tuple[Series, ...]) -> Iterator[str]:
    x, y = LEFT, HEIGHT - 24
    for one in series:
        width = 24 + 5.2 * len(one.name)
        if x + width > WIDTH and x > LEFT:
            x, y = LEFT, y + 15
        yield f'<rect x="{x:g}" y="{y - 8:g}" width="9" height="9" fill="#{one.colour}"/>'
        yield _text(x + 13, y, one.name, anchor="start")
        x += width


def _tooltip(picture: Picture, series: Series, n: int) -> str:
    """Return one value in words."""
    value = series.values[n]
    text = f"{value:.2%}" if picture.percent else f"{value + 0.0:.4f}"
    error = f" ± {series.errors[n]:.4f}" if series.errors else ""
    return f"{picture.categories[n]}, {series.name}: {text}{error}"


def _place(value: float, low: float, high: float, *, across: bool) -> float:
    share = (value - low) / (high - low)
    if across:
        return LEFT + share * (WIDTH - LEFT - RIGHT)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _line(x1: float, y1: float, x2: float, y2: float, ink: str) -> str:
    return f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="#{ink}"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}">{escape(text)}</text>'


def _alt_text(picture: Picture) -> str:
    """Return the picture as text for screen readers; line series by their first and last value."""
    parts = []
    for series in picture.series:
        pairs = list(zip(picture.categories, series.values, strict=True))
        shown = pairs if picture.kind is not Kind.LINES else [pairs[0], pairs[-1]]
        numbers = ", ".join(f"{name} {value:.4f}" for name, value in shown if math.isfinite(value))
        parts.append(f"{series.name}: {numbers}")
    return f"{picture.title}. {'; '.join(parts)}"
