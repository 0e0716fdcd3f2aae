"""The sheet Scenarios: losses if the ETFs fall, variance, contributions, and what was realised."""

from __future__ import annotations

import math

from betaneutral_xl.job.answer.lines import fall_text
from betaneutral_xl.report import charts, pictures, style
from betaneutral_xl.report.cells import Canvas
from betaneutral_xl.report.contents import Contents
from betaneutral_xl.report.pages.layout import BLANK, SEVERITIES, Cell, Page, heading_of, rounded

NAME = "Scenarios"

WIDTHS = (30, 13, 13, 13, 13, 13, 13, 13)

VARIANCE_ROW = 4
"""The row of the headings of the parts of the variance, whose chart is on the first page too."""

CHART = (150.0, 380.0)

TITLE_AND_LEGEND = 2.9
"""Centimetres of a chart that its title, axis and legend take."""

BAR = 0.52
"""Centimetres of one name's bars, as high as its label."""

MOST_NOTES = 14
"""Number of warnings on this page; all are in the annex."""


def variance_source(contents: Contents) -> tuple[str, list[charts.Source]]:
    """Return where the numbers of the chart of the variance are: categories, and each series."""
    rows = range(VARIANCE_ROW + 1, VARIANCE_ROW + 1 + len(pictures.variance(contents.page).series))
    across = [charts.Source(f"'{NAME}'!$B${row}:$C${row}") for row in rows]
    return f"'{NAME}'!$B${VARIANCE_ROW}:$C${VARIANCE_ROW}", across


def write(canvas: Canvas, contents: Contents) -> None:
    """Write the page."""
    answer, page = contents.page, Page(canvas, WIDTHS)
    heading_of(page, "Scenarios and risk", answer.headline)
    page.gap()
    _variance(page, contents)
    _losses(page, contents)
    first, last = _contributions(page, contents)
    _realised(page, contents)
    _notes(page, contents)
    page.section("Contributions")
    at = page.row
    width, height = page.charts(*CHART)
    most = bars_within(height)
    rows = first, min(last, first + most - 1)
    charts.draw(
        page.canvas,
        pictures.contributions(answer, most),
        charts.column(NAME, "A", *rows),
        [charts.Source(charts.column(NAME, letter, *rows)) for letter in "BC"],
        at=f"A{at}",
        size=(width * 0.98, height),
    )
    page.finish()


def bars_within(height: float) -> int:
    """Return how many names a chart of bars of a height in centimetres has room for, each with its label.

    Where there is less room, programs leave out every other label.

    >>> bars_within(5.3), bars_within(13.0)
    (4, 19)
    """
    return max(1, int((height - TITLE_AND_LEGEND) / BAR))


def _variance(page: Page, contents: Contents) -> None:
    picture = pictures.variance(contents.page)
    percent = style.from_python(style.TENTH)
    headings = ("Variance, of that before", *picture.categories)
    rows: list[list[Cell]] = [
        [(one.name, style.LABEL), *((value, percent) for value in one.values)] for one in picture.series
    ]
    page.table(headings, rows)
    volatility = contents.page.measure("volatility")
    before, after = volatility.before or 0.0, volatility.after
    page.note(f"Volatility {before:.2%} before, {after:.2%} {contents.page.after}.")


def _losses(page: Page, contents: Contents) -> None:
    answer = contents.page
    page.section("If an ETF falls: expected return, and between what with next month's beta")
    percent = style.from_python(style.TENTH)
    rows: list[list[Cell]] = []
    for before, after in zip(answer.losses_before, answer.losses_after, strict=True):
        row: list[Cell] = [(fall_text(before), style.LABEL)]
        for one in (before, after):
            row += [(rounded(one.expected), percent), (one.low, percent), (one.high, percent)]
        money = answer.money(after.expected)
        rows.append([*row, BLANK if money is None else (money, style.from_python(style.MONEY))])
    head = answer.after.capitalize()
    page.table(("", "Before", "from", "to", head, "from", "to", f"Value {answer.after}"), rows)


def _contributions(page: Page, contents: Contents) -> tuple[int, int]:
    """Write the contributions of names and groups, and return the rows of the names."""
    answer = contents.page
    page.section(f"Contributions to the beta to {answer.etfs[0]} and to the volatility")
    headings = ("", "Beta before", f"Beta {answer.after}", "Vol. before", f"Vol. {answer.after}")
    number, percent = style.from_python(style.NUMBER), style.from_python(style.PERCENT)
    rows: list[list[Cell]] = [
        [
            (one.label, style.LABEL),
            (one.beta_before[0], number),
            (rounded(one.beta_after[0]), number),
            (one.volatility_before, percent),
            (one.volatility_after, percent),
        ]
        for one in (*answer.contributions, *answer.groups)
    ]
    first, _ = page.table(headings, rows)
    return first, first + len(answer.contributions) - 1


def _realised(page: Page, contents: Contents) -> None:
    """Write the record of the hedge and of the portfolio without it, from prices."""
    answer = contents.page
    if contents.realised:
        page.section("Realised, month by month with the risk model of the day")
        first = contents.realised[0]
        percent, number = style.from_python(style.TENTH), style.from_python(style.BETA)
        headings = ("", "Mean beta", "Largest beta", "Return", "Volatility", "Drawdown")
        rows: list[list[Cell]] = [
            [
                (f"{one.label}, to {one.etf}", style.LABEL),
                (float(one.beta.mean()), number),
                (float(max(one.beta.tolist(), key=abs)), number),
                (one.total_return, percent),
                (one.volatility, percent),
                (-one.drawdown, percent),
            ]
            for one in contents.realised
        ]
        page.table(headings, rows)
        page.note(f"From {first.dates[0]} to {first.dates[-1]}, before cost.")
    for one in answer.past:
        inside = [value for value in one.renewed.tolist() if math.isfinite(value)]
        beta = next(line for line in answer.betas if line.etf == one.etf).after
        low, high = answer.measured_interval(one)
        held = sum(low <= value <= high for value in inside)
        text = (
            f"Beta to {one.etf}, renewed monthly: {held} of {len(inside)} past months were measured within "
            f"{(high - low) / 2.0:.2f} of {rounded(beta.beta):.2f}, as 95 % should be (sheet Past betas)."
        )
        if math.isfinite(beta.half_width()):
            page.note(text)


def _notes(page: Page, contents: Contents) -> None:
    lines = [(group, line) for group in contents.page.notices for line in group.lines]
    if not lines:
        return
    page.section("All warnings and notes")
    for group, line in lines[:MOST_NOTES]:
        text = f"{group.heading}: {line}"
        page.paragraph(text[:400], SEVERITIES[group.severity].replace(size=8), size=8.0)
    if len(lines) > MOST_NOTES:
        page.paragraph(f"And {len(lines) - MOST_NOTES} more on the sheet Warnings.", style.NOTE, size=8.0)
