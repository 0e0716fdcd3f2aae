"""The sheet Alternatives: what leads to the target, side by side, and the steps on the way."""

from __future__ import annotations

from betaneutral_xl.engine.intervals import BetaForecast
from betaneutral_xl.report import charts, pictures, style
from betaneutral_xl.report.cells import Canvas
from betaneutral_xl.report.contents import BEYOND_LIMITS, Contents
from betaneutral_xl.report.pages.answer import MOST_ETFS, error_of, has_intervals
from betaneutral_xl.report.pages.layout import BLANK, Cell, Page, heading_of, rounded

NAME = "Alternatives"

WIDTHS = (44, 10, 10, 12, 11, 11, 11, 11, 11, 9)

CHART = (150.0, 430.0)
"""Least and most height of the chart in points."""


def write(canvas: Canvas, contents: Contents) -> None:
    """Write all alternatives, why some are impossible, and what each step to the target costs."""
    widths = (*WIDTHS[:3], *WIDTHS[1:3] * (len(contents.page.etfs[:MOST_ETFS]) - 1), *WIDTHS[3:])
    page = Page(canvas, widths)
    heading_of(page, "Alternatives", contents.page.headline)
    page.gap()
    _table(page, contents)
    _frontier(page, contents)
    page.finish()


def _table(page: Page, contents: Contents) -> None:
    answer = contents.page
    if not contents.alternatives:
        page.paragraph("No comparison of alternatives: see the warnings.", style.WARNING)
        return
    chosen = {one.name for one in answer.alternatives if one.chosen}
    percent, number = style.from_python(style.PERCENT), style.from_python(style.BETA)
    names = answer.etfs[:MOST_ETFS]
    errors = "± 95 %" if has_intervals(answer) else "s.e."
    headings = ["", *(text for name in names for text in (f"Beta to {name}", errors))]
    headings += ["Market beta", "Volatility", "Tracking error", "Turnover", "Gross", "Net", "Trades"]
    rows: list[list[Cell]] = []
    for one in contents.alternatives:
        label = f"{one.name} (proposed)" if one.name in chosen else one.name
        rows.append(
            [
                (label, style.LABEL.replace(fill=style.SOFT if one.name in chosen else "")),
                *(cell for name in names for cell in _forecast(one.forecast.get(name))),
                (rounded(one.market_beta), number),
                (one.volatility, percent),
                (one.tracking_error, percent),
                (one.turnover, percent),
                (one.gross, percent),
                (one.net, percent),
                (one.trades, style.from_python(style.WHOLE)),
            ]
        )
    page.table(headings, rows)
    if len(answer.etfs) > MOST_ETFS:
        page.note("The betas to the other ETFs: sheet Compare.")
    notes = [f"Not possible: {one.name}. {one.note}" for one in contents.alternatives if one.note]
    notes += contents.drift
    if contents.infeasible is not None:
        notes.append(BEYOND_LIMITS)
    for note in notes:
        page.note(note)
    page.note("The same with formulas, and the costs: sheet Compare.")


def _forecast(of: BetaForecast | None) -> tuple[Cell, Cell]:
    """Return the cells of a beta and of its interval or standard error; empty where there is none."""
    number = style.from_python(style.BETA)
    if of is None:
        return BLANK, BLANK
    return (rounded(of.beta), number), (error_of(of), number)


def _frontier(page: Page, contents: Contents) -> None:
    answer = contents.page
    if not answer.frontier:
        return
    page.section("On the way to the target: what each step costs")
    percent = style.from_python(style.PERCENT)
    names = answer.etfs
    headings = ["Part of the way", *(f"Beta to {name}" for name in names[:3])]
    headings += ["Turnover", "Tracking error", "Cost"]
    reached = [one for one in answer.frontier if not one.note]
    first, last = page.table(
        headings,
        [
            [
                (one.share, style.from_python("0%").replace(align="left", bold=True)),
                *((rounded(one.beta[name]), style.from_python(style.BETA)) for name in names[:3]),
                (one.turnover, percent),
                (one.tracking_error, percent),
                (one.cost, percent),
            ]
            for one in reached
        ],
    )
    if len(reached) < len(answer.frontier):
        page.note(f"Steps beyond {reached[-1].share:.0%} are not feasible within the limits.")
    after = 2 + len(names[:3])
    letters = [chr(ord("A") + column - 1) for column in (after + 1, after)]
    page.gap()
    at = page.row
    width, height = page.charts(*CHART)
    charts.draw(
        page.canvas,
        pictures.frontier(answer),
        charts.column(NAME, "B", first, last),
        [charts.Source(charts.column(NAME, letter, first, last)) for letter in letters],
        at=f"A{at}",
        size=(width * 0.98, height),
    )
