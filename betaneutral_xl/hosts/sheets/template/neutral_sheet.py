"""The sheet Neutral: measures and charts on the first screen, the weights to the right of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.sheets.cells import letters
from betaneutral_xl.hosts.sheets.layout import FIRST_ROW, LAST_ROW, MAX_ETFS, PROPOSAL, WEIGHTS_COLUMN, Sheet
from betaneutral_xl.hosts.sheets.session import Rows
from betaneutral_xl.hosts.sheets.template.canvas import (
    ACCENT,
    AFTER,
    BEFORE,
    BETA,
    ERROR,
    GRID,
    MUTED,
    PERCENT,
    Spill,
    Template,
    cached,
    framed,
    plain_text,
)
from betaneutral_xl.hosts.sheets.template.table_sheets import PROBLEM, WEIGHTS

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet


MEASURES_ROOM = 20
"""Rows of the longest list of measures, with its header."""

MEASURE_FORMATS = ("General", *[BETA] * 4, PERCENT, *[BETA] * 4)

CHART_COLUMN = 11
"""First column of the charts, right of the measures."""

MAX_WEIGHT_COLUMNS = 4 + 2 * MAX_ETFS
"""Columns of BETA_NEUTRAL with the largest number of ETFs."""

DATA_COLUMN = WEIGHTS_COLUMN + MAX_WEIGHT_COLUMNS + 2
"""First column of the hidden data of the charts: betas, then shares, then weights."""

CHARTED = 10
"""Number of the largest trades on the chart of the sheet Proposal, whose own cells the buttons write."""

TRADES_COLUMN = DATA_COLUMN + 8
"""The first of the two columns of its data: purchases, and sales."""

CHARTED_TRADES = tuple(
    f"={Sheet.NEUTRAL}!${letters(column)}${FIRST_ROW + 1}:${letters(column)}${FIRST_ROW + CHARTED}"
    for column in (TRADES_COLUMN, TRADES_COLUMN + 1)
)
"""The ranges of these columns."""

UNSOLVED = "There are no new weights: the portfolio as it is, and what would help, are on the sheet Start."
"""What stands above the measures where there are none."""

LEVELS = ("volatility", "gross exposure", "net exposure", "cash")
"""The measures on the chart of shares of net asset value."""


def neutral(template: Template, results: dict[str, Rows]) -> Worksheet:
    """Write the measures before and after, their charts, and the weights."""
    sheet = template.sheet(
        Sheet.NEUTRAL,
        "Neutral",
        f"BN_EXPOSURE here and BETA_NEUTRAL in {letters(WEIGHTS_COLUMN)}{FIRST_ROW} follow the settings; "
        "Rebalance writes a fixed proposal.",
    )
    sheet.set_row(FIRST_ROW - 3, 34)
    verdict = template.style(bold=True, font_size=11, text_wrap=True, font_color=ACCENT)
    sheet.merge_range(FIRST_ROW - 3, 0, FIRST_ROW - 3, 9, "", verdict)
    sheet.write_formula(
        FIRST_ROW - 3, 0, f"={Sheet.START}!$A$3", verdict, cached(results["answer verdict"][0][0])
    )
    wrong = f'LEFT({plain_text(f"$A${FIRST_ROW - 2}")},6)="#BETA!"'
    template.rule(sheet, (FIRST_ROW - 2, 1, FIRST_ROW - 2, 10), wrong, {"font_color": ERROR})
    unsolved = f'=IF(LEFT({plain_text(f"$A${FIRST_ROW}")},6)="#BETA!","{UNSOLVED}","")'
    sheet.write_formula(FIRST_ROW - 2, 0, unsolved, template.style(font_color=MUTED), "")
    sheet.set_column(0, 0, 21, template.style())
    sheet.set_column(1, 9, 8.5, template.style(num_format=BETA))
    spill = Spill(f"BN_EXPOSURE({PROBLEM})", results["exposure"], MEASURE_FORMATS, MEASURES_ROOM)
    template.block(sheet, (FIRST_ROW, 1), spill)
    _percent_rule(template, sheet)
    _weights(template, sheet, results["weights"])
    _proposed_trades(template, sheet)
    sheet.set_column(DATA_COLUMN - 1, TRADES_COLUMN, 11, template.style(font_color=MUTED), {"hidden": True})
    _insert(sheet, FIRST_ROW - 1, CHART_COLUMN - 1, _betas_chart(template, sheet, results["exposure"]), 440)
    _insert(sheet, FIRST_ROW + 11, CHART_COLUMN - 1, _levels_chart(template, sheet, results["exposure"]), 440)
    weights = _weights_chart(template, sheet, results["weights"])
    _insert(sheet, FIRST_ROW + MEASURES_ROOM, 0, weights, 740)
    template.table(sheet, WEIGHTS, MAX_WEIGHT_COLUMNS, len(results["weights"]), left=WEIGHTS_COLUMN)
    sheet.set_landscape()
    return sheet


def _insert(sheet: Worksheet, row: int, column: int, chart: Any, width: int) -> None:
    chart.set_size({"width": width, "height": 232})
    chart.show_hidden_data()
    sheet.insert_chart(row, column, chart, {"object_position": 3})


def _weights(template: Template, sheet: Worksheet, rows: Rows) -> None:
    """Write the result of BETA_NEUTRAL."""
    left = WEIGHTS_COLUMN
    sheet.set_column(left - 2, left - 2, 3)
    sheet.set_column(left - 1, left - 1, 12, template.style())
    sheet.set_column(left, left + MAX_WEIGHT_COLUMNS - 2, 14, template.style(num_format=PERCENT))
    head = rows[0]
    shown = ["General", *[PERCENT] * (len(head) - 1)]
    template.formula(sheet, (FIRST_ROW, left), f"BETA_NEUTRAL({PROBLEM})", rows, shown)
    last = left + MAX_WEIGHT_COLUMNS - 1
    template.hide_repeated_table(sheet, left, last)
    template.spilled_head(sheet, FIRST_ROW, left, last)
    for place in range(len(head), MAX_WEIGHT_COLUMNS):  # headers of further ETFs may be long
        sheet.write_blank(FIRST_ROW - 1, left - 1 + place, None, template.style(align="right", shrink=True))
    beta = f'LEFT({letters(left + 1)}${FIRST_ROW},14)="predicted_beta"'
    template.rule(sheet, (FIRST_ROW + 1, left + 1, LAST_ROW, last), beta, {"num_format": BETA})


def _percent_rule(template: Template, sheet: Worksheet) -> None:
    """Format as percent the measures that are fractions of net asset value."""
    label = plain_text(f"$A{FIRST_ROW + 1}")
    shares = ",".join(f'{label}="{word}"' for word in (*LEVELS, "tracking error", "turnover"))
    area = (FIRST_ROW + 1, 2, FIRST_ROW + MEASURES_ROOM - 1, 3)
    template.rule(sheet, area, f"OR({shares})", {"num_format": PERCENT})


def _data(template: Template, sheet: Worksheet, at: tuple[int, int], text: str, value: Any) -> None:
    """Write a formula of a chart's hidden data, with its value."""
    row, column = at
    sheet.write_formula(row - 1, column - 1, f"={text}", template.style(font_color=MUTED), cached(value))


def _pair(template: Template, areas: tuple[str, str, str], title: str, shown: str) -> Any:
    """Return a chart of bars before and after, over categories and two ranges of values in one unit."""
    categories, *values = areas
    chart = template.book.add_chart({"type": "bar"})
    for name, area, colour in zip(("before", "after"), values, (BEFORE, AFTER), strict=True):
        chart.add_series(
            {"name": name, "categories": categories, "values": area, "fill": {"color": colour}, "gap": 60}
        )
    framed(chart, title)
    chart.set_y_axis({"reverse": True, "num_font": {"size": 9}, "label_position": "low"})
    chart.set_x_axis({"num_format": shown, "major_gridlines": GRID})
    return chart


def _areas(top: int, count: int) -> tuple[str, str, str]:
    first, second, third = (
        f"={Sheet.NEUTRAL}!${letters(column)}${top}:${letters(column)}${top + count - 1}"
        for column in range(DATA_COLUMN, DATA_COLUMN + 3)
    )
    return first, second, third


def _betas_chart(template: Template, sheet: Worksheet, exposure: Rows) -> Any:
    """Return the chart of the betas; the rows of ETFs that are not set are blank."""
    for place in range(MAX_ETFS):
        row = FIRST_ROW + 1 + place
        line = exposure[1 + place]
        there = str(line[0]).startswith("beta to ")
        label = plain_text(f"$A{row}")
        of_etf = f'LEFT({label},8)="beta to "'
        _data(template, sheet, (row, DATA_COLUMN), f'IF({of_etf},{label},"")', line[0] if there else "")
        for offset, column in enumerate(("B", "C"), start=1):
            value = line[offset] if there else ""
            _data(template, sheet, (row, DATA_COLUMN + offset), f'IF({of_etf},${column}{row},"")', value)
    return _pair(template, _areas(FIRST_ROW + 1, MAX_ETFS), "Beta", "0.0")


def _levels_chart(template: Template, sheet: Worksheet, exposure: Rows) -> Any:
    """Return the chart of volatility and exposures, which are all shares of net asset value."""
    top = FIRST_ROW + MAX_ETFS + 2
    area = f"$A${FIRST_ROW + 1}:$A${FIRST_ROW + MEASURES_ROOM - 1}"
    for place, word in enumerate(LEVELS):
        row = top + place
        line = next(one for one in exposure if one[0] == word)
        found = f'SUMPRODUCT(({plain_text(area)}="{word}")*ROW({area}))'
        sheet.write_string(row - 1, DATA_COLUMN - 1, word, template.style(font_color=MUTED))
        for offset, column in enumerate(("B", "C"), start=1):
            text = f'IF({found}=0,"",INDEX(${column}$1:${column}${FIRST_ROW + MEASURES_ROOM},{found}))'
            _data(template, sheet, (row, DATA_COLUMN + offset), text, line[offset])
    return _pair(template, _areas(top, len(LEVELS)), "Volatility and exposures", "0%")


def _proposed_trades(template: Template, sheet: Worksheet) -> None:
    """Write the data of the chart of the proposal's largest trades."""
    for place in range(CHARTED):
        cell = f"{Sheet.PROPOSAL}!$C${PROPOSAL.table + 1 + place}"
        for column, largest in ((TRADES_COLUMN, "MAX"), (TRADES_COLUMN + 1, "MIN")):
            _data(template, sheet, (FIRST_ROW + 1 + place, column), f"{largest}(0,{cell})", 0.0)


def _weights_chart(template: Template, sheet: Worksheet, weights: Rows) -> Any:
    """Return the chart of the weights, over three hidden columns that look them up by header."""
    head, count = weights[0], len(weights) - 2
    left, right = letters(WEIGHTS_COLUMN), letters(WEIGHTS_COLUMN + MAX_WEIGHT_COLUMNS - 1)
    series = []
    for place, name in enumerate(("ticker", "weight", "new_weight")):
        column = DATA_COLUMN + 4 + place
        sheet.write_string(FIRST_ROW - 1, column - 1, name, template.style(font_color=MUTED, bold=True))
        heads = f"${left}${FIRST_ROW}:${right}${FIRST_ROW}"
        source = f'SUMPRODUCT(({plain_text(heads)}="{name}")*COLUMN({heads}))-{WEIGHTS_COLUMN - 1}'
        for i in range(1, count + 1):
            row = FIRST_ROW + i
            text = f'IF(${left}{row}="","",INDEX(${left}{row}:${right}{row},{source}))'
            _data(template, sheet, (row, column), text, weights[i][head.index(name)])
        area = f"${letters(column)}${FIRST_ROW + 1}:${letters(column)}${FIRST_ROW + count}"
        series.append(f"={Sheet.NEUTRAL}!{area}")
    chart = template.book.add_chart({"type": "column"})
    for name, values, colour in (("weight", series[1], BEFORE), ("new weight", series[2], AFTER)):
        bars = {"fill": {"color": colour}, "gap": 40, "overlap": 0}
        chart.add_series({"name": name, "categories": series[0], "values": values, **bars})
    framed(chart, f"Weights of the first {count} names")
    chart.set_x_axis({"label_position": "low", "num_font": {"size": 7, "rotation": -90}})
    chart.set_y_axis({"num_format": "0%", "major_gridlines": GRID})
    return chart
