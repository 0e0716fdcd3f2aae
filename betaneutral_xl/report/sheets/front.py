"""The sheet Summary: one page with the request, the answer, charts and warnings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from betaneutral_xl.job import views
from betaneutral_xl.report import charts, pictures, style
from betaneutral_xl.report.cells import Formula
from betaneutral_xl.report.checked_tables import FIRST_ROW
from betaneutral_xl.report.sheets import betas, trades

if TYPE_CHECKING:
    from betaneutral_xl.report.cells import Canvas
    from betaneutral_xl.report.contents import Contents

WIDTHS = (27, 12, 12, 12, 12, 12, 58)
LAST = len(WIDTHS)
BEFORE, BEFORE_ERROR, AFTER, AFTER_ERROR, CHANGE, MEANING = range(2, 8)
CHART_HEIGHT, CHART_ROWS = 9.6, 20
"""Height of the charts in centimetres and in rows."""

INTERVAL = "± 95 %"
"""The heading of half the length of an interval of next month's beta."""

_SHOWN = {views.Kind.NUMBER: style.NUMBER, views.Kind.PERCENT: style.PERCENT}

_FORMULAS = {
    "volatility": ("volatility_before", "volatility_after"),
    "gross exposure": ("gross_before", "gross_after"),
    "net exposure": ("net_before", "net_after"),
    "cash": ("cash_before", "cash_after"),
    "tracking error": ("", "tracking_error"),
    "turnover": ("", "turnover"),
    "condition number": ("", "condition_number"),
}
"""Defined names of the formulas before and after, by measure."""


def write(canvas: Canvas, contents: Contents, checks: int) -> None:
    """Write the summary page."""
    result = contents.result
    as_of = result.aligned.holdings.as_of
    canvas.put(1, 1, contents.title, style.TITLE)
    canvas.height(1, 27)
    canvas.put(2, 1, views.headline(result), style.SUBTITLE)
    day = f"Holdings as of {as_of}" if as_of else "Holdings of an unknown day"
    canvas.put(3, 1, f"{day} · {contents.command}" if contents.command else day, style.NOTE)
    for k in contents.etfs:
        canvas.merge(3 + k, 1, LAST)
        canvas.paint(3 + k, range(2, LAST + 1), style.ANSWER)
        canvas.put(3 + k, 1, answer(contents, k), style.ANSWER)
        canvas.height(3 + k, 24)
    row = 5 + len(contents.etfs)
    row = _table(canvas, contents, row)
    row = _verdict(canvas, contents, row, checks)
    row = _warnings(canvas, contents, row)
    row = _charts(canvas, contents, row + 1)
    canvas.widths(WIDTHS)
    canvas.sheet.print_area = f"A1:G{row}"
    canvas.sheet.page_setup.fitToHeight = 1
    canvas.sheet.page_setup.orientation = "landscape"
    canvas.put(row, LAST, None, style.TEXT)


def answer(contents: Contents, k: int) -> Formula:
    """Return a formula for the sentence with the betas to one ETF before and after."""
    result = contents.result
    name = result.etf_names[k - 1]
    pieces, texts = [f'"Predicted beta to "&etf_name_{k}&": "'], [f"Predicted beta to {name}: "]
    for when, forecasts, separator in (
        ("before", result.before_forecast, " before, "),
        ("after", result.after_forecast, f" {contents.after}"),
    ):
        one = forecasts[name]
        pieces.append(f'TEXT(ROUND(beta_{when}_{k},3),"0.000")')
        texts.append(_three(one.beta))
        if math.isfinite(one.half_width()):
            pieces.append(f'" ± "&TEXT(beta_interval_{when}_{k},"0.000")')
            texts.append(f" ± {_three(one.half_width())}")
        elif math.isfinite(one.se):
            pieces.append(f'" (s.e. "&TEXT(beta_error_{when}_{k},"0.000")&", drift unknown)"')
            texts.append(f" (s.e. {_three(one.se)}, drift unknown)")
        pieces.append(f'"{separator}"')
        texts.append(separator)
    return Formula("&".join(pieces), "".join(texts))


def _three(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"


def _table(canvas: Canvas, contents: Contents, row: int) -> int:
    result = contents.result
    heading_of_errors = _heading_of_errors(contents)
    headings = (
        "",
        "Before",
        heading_of_errors,
        contents.after.capitalize(),
        heading_of_errors,
        "Change",
        "Meaning",
    )
    for column, heading in enumerate(headings, start=1):
        left = column in {1, MEANING}
        canvas.put(
            row,
            column,
            heading,
            style.HEADING.replace(align="left" if left else "right", indent=1 if left else 0),
        )
    canvas.height(row, 20)
    betas_of = {f"beta to {name}": k for k, name in enumerate(result.etf_names, start=1)}
    ratios = {f"hedge ratio {name}": k for k, name in enumerate(result.etf_names, start=1)}
    for line in contents.lines:
        row += 1
        before, after = _FORMULAS.get(line.label, ("", ""))
        errors: dict[int, Formula] = {}
        if line.label in betas_of:
            k = betas_of[line.label]
            before, after = f"beta_before_{k}", f"beta_after_{k}"
            for column, when, one in (
                (BEFORE_ERROR, "before", line.before_forecast),
                (AFTER_ERROR, "after", line.after_forecast),
            ):
                if one is not None and math.isfinite(one.half_width()):
                    errors[column] = Formula(f"beta_interval_{when}_{k}", one.half_width())
                elif one is not None and math.isfinite(one.se):
                    errors[column] = Formula(f"beta_error_{when}_{k}", one.se)
        elif line.label in ratios:
            after = f"hedge_ratio_{ratios[line.label]}"
        _line(canvas, row, line, (before, after))
        for column, bar in errors.items():
            shown = style.PLUS_MINUS if heading_of_errors == INTERVAL else style.NUMBER
            canvas.put(row, column, bar, style.calculated(shown).replace(ink=style.MUTED))
    return row


def _heading_of_errors(contents: Contents) -> str:
    """Return the heading of what is known of the betas' uncertainty; empty where nothing is."""
    known = contents.result.after_forecast.values()
    if all(math.isfinite(one.half_width()) for one in known):
        return INTERVAL
    return "s.e." if all(math.isfinite(one.se) for one in known) else ""


def _line(canvas: Canvas, row: int, line: views.Line, names: tuple[str, str]) -> None:
    before, after = names
    shown = _SHOWN[line.kind]
    signed = style.SIGNED if line.kind is views.Kind.NUMBER else style.SIGNED_PERCENT
    bold = style.calculated(shown).replace(bold=True)
    canvas.put(row, 1, line.label, style.LABEL.replace(indent=1))
    canvas.paint(row, range(BEFORE, CHANGE + 1), style.CELL)
    canvas.put(row, AFTER, Formula(after, line.after) if after else line.after, bold)
    if line.before is not None:
        canvas.put(
            row, BEFORE, Formula(before, line.before) if before else line.before, style.calculated(shown)
        )
        canvas.put(row, CHANGE, Formula(f"D{row}-B{row}", line.after - line.before), style.calculated(signed))
    canvas.put(row, MEANING, line.meaning, style.NOTE.replace(ruled=True, indent=1))
    canvas.height(row, 16)


def _verdict(canvas: Canvas, contents: Contents, row: int, checks: int) -> int:
    row += 2
    canvas.put(row, 1, "Checks", style.LABEL.replace(indent=1))
    canvas.paint(row, range(2, LAST + 1), style.CELL)
    held = checks - sum(not check.passed for check in contents.checks)
    rest = "formulas against Python to 1e-9, and the results verified before writing"
    if contents.infeasible is not None:
        rest = "the target is NOT met; the others are of the formulas and the unchanged portfolio"
    text = f"{held} of {checks} hold: {rest}"
    formula = f'COUNTIF(verdicts,TRUE)&" of {checks} hold: {rest}"'
    canvas.put(row, 2, Formula(formula, text), style.CELL)
    return row


def _warnings(canvas: Canvas, contents: Contents, row: int) -> int:
    lines = list(contents.result.warnings)
    if contents.infeasible is not None:
        lines[:0] = [contents.infeasible.sentence(), contents.no_proposal]
    for warning in lines:
        row += 1
        canvas.merge(row, 1, LAST)
        canvas.paint(row, range(2, LAST + 1), style.WARNING)
        canvas.put(row, 1, f"! {warning}", style.WARNING)
        canvas.height(row, 15 * (1 + len(warning) // 135) + 3)
    return row


def _charts(canvas: Canvas, contents: Contents, row: int) -> int:
    """Draw the betas from the table above, and the others from the sheets Trades and Betas."""
    head = 4 + len(contents.etfs) + 1
    last = head + len(contents.etfs)
    picture = pictures.portfolio_betas(contents)
    here = canvas.title
    values, errors = ("B", "D"), ("C", "E")
    charts.draw(
        canvas,
        picture,
        charts.column(here, "A", head + 1, last),
        [
            charts.Source(
                values=charts.column(here, value, head + 1, last),
                errors=charts.column(here, error, head + 1, last),
            )
            for value, error in zip(values, errors, strict=True)
        ],
        at=f"A{row}",
        size=(7.9, CHART_HEIGHT),
    )
    if contents.by_size:
        of_trades = (trades.BUY, trades.SELL)
        _from_table(canvas, pictures.largest_trades(contents), "Trades", of_trades, at=f"C{row}", width=10.2)
    of_betas = betas.contribution_columns(contents)
    _from_table(canvas, pictures.beta_contributions(contents), "Betas", of_betas, at=f"G{row}", width=12.4)
    return row + CHART_ROWS


def _from_table(
    canvas: Canvas,
    picture: pictures.Picture,
    sheet: str,
    columns: tuple[str, str],
    *,
    at: str,
    width: float,
) -> None:
    """Draw a chart of the first rows of a table."""
    last = FIRST_ROW + len(picture.categories) - 1
    sources = [charts.Source(charts.column(sheet, letter, FIRST_ROW, last)) for letter in columns]
    categories = charts.column(sheet, "A", FIRST_ROW, last)
    charts.draw(canvas, picture, categories, sources, at=at, size=(width, CHART_HEIGHT))
