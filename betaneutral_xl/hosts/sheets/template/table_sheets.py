"""The sheets of tables: Holdings, ETF, Covariance, Neutral."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.sheets.cells import letters
from betaneutral_xl.hosts.sheets.layout import (
    ETF_STRIDE,
    EXPOSURE_COLUMN,
    FIRST_ROW,
    LAST_ROW,
    LIMITS,
    MATRIX_ROW,
    MAX_ETFS,
    Sheet,
)
from betaneutral_xl.hosts.sheets.template.canvas import (
    BETA,
    LINE,
    MONEY,
    MUTED,
    PERCENT,
    Template,
    cached,
    framed,
    plain_text,
)

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from betaneutral_xl.hosts.sheets.session import Rows
    from betaneutral_xl.hosts.sheets.template.canvas import Template


HOLDINGS, ETFS, WEIGHTS = "holdings_table", "etf_table", "weights_table"
"""The defined names of the tables, down to their last row; the last is the result of BETA_NEUTRAL."""

RISK = f"{Sheet.COVARIANCE}!$A${FIRST_ROW}"

PROBLEM = f"{HOLDINGS},{ETFS},{RISK},setting_target,setting_method,{LIMITS}"


def holdings(template: Template, results: dict[str, Rows]) -> Worksheet:
    """Write the sheet of the portfolio."""
    sheet = template.sheet(
        Sheet.HOLDINGS,
        "Holdings",
        "The result of FETCH_HOLDINGS in A6; or paste ticker, shares, price, or ticker, weight, over it.",
    )
    shown = ["General", MONEY, "#,##0.00", MONEY, PERCENT]
    for column, (width, number_format) in enumerate(zip((16, 14, 12, 18, 12), shown, strict=True)):
        sheet.set_column(column, column, width, template.style(num_format=number_format))
    template.formula(
        sheet, (FIRST_ROW, 1), "FETCH_HOLDINGS(setting_fund,setting_as_of)", results["holdings"], shown
    )
    sheet.write_string(3, 0, "Names", template.style(bold=True))
    sheet.write_formula(
        3,
        1,
        f"=COUNTA(A{FIRST_ROW + 1}:A{LAST_ROW})",
        template.style(num_format="0"),
        len(results["holdings"]) - 1,
    )
    total = sum(float(str(row[4])) for row in results["holdings"][1:])
    sheet.write_string(3, 3, "Sum of weights", template.style(bold=True, align="right"))
    sheet.write_formula(
        3,
        4,
        f"=SUM(E{FIRST_ROW + 1}:E{LAST_ROW})",
        template.style(num_format=PERCENT, bold=True),
        cached(total),
    )
    template.table(sheet, HOLDINGS, len(shown), len(results["holdings"]))
    return sheet


WEIGHT = 2
"""The index of the column weight of LOAD_ETF."""


def etf(template: Template, results: dict[str, Rows]) -> Worksheet:
    """Write the sheet of the ETFs, side by side."""
    sheet = template.sheet(
        Sheet.ETF,
        "ETF",
        "The results of LOAD_ETF in A6, F6 and K6; or paste ticker and weight over them. Blank: no ETF.",
    )
    for place in range(MAX_ETFS):
        left = 1 + place * ETF_STRIDE
        for offset, width in enumerate((10, 36, 10, 11, 3)):  # ticker, name, weight, class
            shown = PERCENT if offset == WEIGHT else "General"
            template.column(sheet, left + offset, width, shown, gap=offset == WEIGHT + 1)
        template.spilled_head(sheet, FIRST_ROW, left, left + ETF_STRIDE - 2)
        name = f"setting_etf_{place + 1}"
        style = template.style(font_color=MUTED, italic=True)
        sheet.write_formula(
            FIRST_ROW - 2, left - 1, f'=IF({name}="","",{name})', style, "demo" if place == 0 else ""
        )
        rows = results["etf"] if place == 0 else (("",),)
        text = f"LOAD_ETF({name})" if place == 0 else f'IF({name}="","",LOAD_ETF({name}))'
        template.formula(sheet, (FIRST_ROW, left), text, rows, ["General", "General", PERCENT, "General"])
        sheet.write_string(3, left - 1, "Sum", template.style(bold=True))
        total = sum(float(str(row[2])) for row in results["etf"][1:]) if place == 0 else 0.0
        weight = letters(left + 2)
        sheet.write_formula(
            3,
            left + 1,
            f"=SUM({weight}{FIRST_ROW + 1}:{weight}{LAST_ROW})",
            template.style(num_format=PERCENT, bold=True),
            cached(total),
        )
    template.table(sheet, ETFS, MAX_ETFS * ETF_STRIDE - 1, len(results["etf"]))
    sheet.set_landscape()
    return sheet


MAX_COLUMNS = 500
"""Largest number of names for which the matrix is coloured."""


def covariance(template: Template, results: dict[str, Rows]) -> Worksheet:
    """Write the sheet of the risk model: a handle and its matrix."""
    sheet = template.sheet(
        Sheet.COVARIANCE,
        "Covariance",
        "Annual, decimals. A6 is a handle that represents the whole matrix, which is shown below.",
    )
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, MAX_COLUMNS, 9, template.style(num_format="0.0000"))
    chosen = 'IF(setting_risk_prices="",setting_risk,setting_estimator)'
    options = (
        'IF(setting_risk_prices="","","prices="&setting_risk_prices'
        '&IF(setting_window="","","; window="&setting_window)'
        '&IF(setting_as_of="","","; as_of="&setting_as_of))'
    )
    text = f"COVARIANCE(BN_NAMES({HOLDINGS},{ETFS}),{chosen},{options},TRUE)"
    template.formula(sheet, (FIRST_ROW, 1), text, results["risk"])
    sheet.write_string(FIRST_ROW - 2, 0, "handle", template.style(font_color=MUTED))
    template.formula(
        sheet,
        (MATRIX_ROW, 1),
        f"BN_MATRIX(A{FIRST_ROW})",
        results["matrix"],
        ["General", *["0.0000"] * len(results["matrix"])],
    )
    template.spilled_head(sheet, MATRIX_ROW, 1, MAX_COLUMNS + 1)
    sheet.conditional_format(
        f"B{MATRIX_ROW + 1}:{letters(MAX_COLUMNS + 1)}{MATRIX_ROW + MAX_COLUMNS}",
        {"type": "3_color_scale", "min_color": "#F8FAFC", "mid_color": "#BFD3EA", "max_color": "#3B6EA8"},
    )
    sheet.freeze_panes(MATRIX_ROW, 1)
    sheet.set_landscape()
    sheet.repeat_rows(MATRIX_ROW - 1)
    return sheet


MAX_WEIGHT_COLUMNS = 4 + 2 * MAX_ETFS
"""Columns of BETA_NEUTRAL with the largest number of ETFs."""

CHARTED = 11
"""Columns from the measures to the hidden data of the chart of the weights."""


def neutral(template: Template, results: dict[str, Rows]) -> Worksheet:
    """Write the sheet of the weights, the measures before and after, and their charts."""
    sheet = template.sheet(
        Sheet.NEUTRAL,
        "Neutral",
        "BETA_NEUTRAL and BN_EXPOSURE follow the settings; Rebalance writes a fixed proposal.",
    )
    sheet.set_column(0, 0, 12, template.style())
    sheet.set_column(1, 9, 14, template.style(num_format=PERCENT))
    sheet.set_column(10, 10, 3)
    sheet.set_column(EXPOSURE_COLUMN - 1, EXPOSURE_COLUMN - 1, 32, template.style())
    sheet.set_column(EXPOSURE_COLUMN, EXPOSURE_COLUMN + 3, 12, template.style(num_format=BETA))
    sheet.set_column(EXPOSURE_COLUMN + 4, EXPOSURE_COLUMN + 4, 12, template.style(num_format=PERCENT))
    sheet.set_column(EXPOSURE_COLUMN + 5, EXPOSURE_COLUMN + 8, 12, template.style(num_format=BETA))
    head = results["weights"][0]
    shown = ["General", *[PERCENT] * (len(head) - 1)]
    template.formula(sheet, (FIRST_ROW, 1), f"BETA_NEUTRAL({PROBLEM})", results["weights"], shown)
    template.spilled_head(sheet, FIRST_ROW, 1, MAX_WEIGHT_COLUMNS)
    for place in range(len(head), MAX_WEIGHT_COLUMNS):  # headers of further ETFs may be long
        sheet.write_blank(FIRST_ROW - 1, place, None, template.style(align="right", shrink=True))
    _beta_rule(template, sheet)
    exposure = results["exposure"]
    template.formula(
        sheet,
        (FIRST_ROW, EXPOSURE_COLUMN),
        f"BN_EXPOSURE({PROBLEM})",
        exposure,
        ["General", *[BETA] * 4, PERCENT, *[BETA] * 4],
    )
    _percent_rules(template, sheet, EXPOSURE_COLUMN, FIRST_ROW, FIRST_ROW + 24)
    chart = template.book.add_chart({"type": "bar"})
    left = letters(EXPOSURE_COLUMN)
    first, last = FIRST_ROW + 1, FIRST_ROW + MAX_ETFS + 4  # betas, volatility, exposures, cash
    for place, (name, color) in enumerate((("before", "#94A3B8"), ("after", "#1D4ED8")), start=1):
        column = letters(EXPOSURE_COLUMN + place)
        chart.add_series(
            {
                "name": name,
                "categories": f"=Neutral!${left}${first}:${left}${last}",
                "values": f"=Neutral!${column}${first}:${column}${last}",
                "fill": {"color": color},
                "gap": 60,
            }
        )
    framed(chart, "Before and after")
    chart.set_y_axis(
        {"reverse": True, "num_font": {"size": 9}, "label_position": "low", "line": {"none": True}}
    )
    chart.set_x_axis({"num_format": "0.00", "major_gridlines": {"visible": True, "line": {"color": LINE}}})
    top = FIRST_ROW + 2 * MAX_ETFS + 9  # below the longest list of measures
    sheet.insert_chart(top, EXPOSURE_COLUMN - 1, chart, {"object_position": 2})
    sheet.insert_chart(
        top + 17,
        EXPOSURE_COLUMN - 1,
        _weights_chart(template, sheet, results["weights"]),
        {"object_position": 2},
    )
    template.table(sheet, WEIGHTS, MAX_WEIGHT_COLUMNS, len(results["weights"]))
    sheet.set_landscape()
    return sheet


def _beta_rule(template: Template, sheet: Worksheet) -> None:
    """Format predicted betas as numbers by rule: their columns depend on the number of ETFs."""
    beta = template.book.add_format({"num_format": BETA})
    sheet.conditional_format(
        FIRST_ROW, 1, LAST_ROW - 1, MAX_WEIGHT_COLUMNS - 1,
        {"type": "formula", "criteria": f'=LEFT(B${FIRST_ROW},14)="predicted_beta"', "format": beta},
    )  # fmt: skip


def _weights_chart(template: Template, sheet: Worksheet, weights: Rows) -> Any:
    """Return the chart of the weights, over three hidden columns that look them up by header."""
    head, count = weights[0], len(weights) - 2
    left = EXPOSURE_COLUMN + CHARTED
    small = template.style(font_color=MUTED, num_format=PERCENT)
    sheet.set_column(left - 1, left + 1, 11, small, {"hidden": True})
    series = []
    for place, name in enumerate(("ticker", "weight", "new_weight")):
        column = left + place
        sheet.write_string(FIRST_ROW - 1, column - 1, name, template.style(font_color=MUTED, bold=True))
        heads = f"$A${FIRST_ROW}:$J${FIRST_ROW}"
        source = f'SUMPRODUCT(({plain_text(heads)}="{name}")*COLUMN({heads}))'
        for i in range(1, count + 1):
            row = FIRST_ROW + i
            text = f'=IF($A{row}="","",INDEX($A{row}:$J{row},{source}))'
            sheet.write_formula(row - 1, column - 1, text, small, cached(weights[i][head.index(name)]))
        area = f"${letters(column)}${FIRST_ROW + 1}:${letters(column)}${FIRST_ROW + count}"
        series.append(f"={Sheet.NEUTRAL}!{area}")
    chart = template.book.add_chart({"type": "column"})
    chart.show_hidden_data()
    for name, values, color in (("weight", series[1], "#94A3B8"), ("new weight", series[2], "#1D4ED8")):
        chart.add_series(
            {
                "name": name,
                "categories": series[0],
                "values": values,
                "fill": {"color": color},
                "gap": 40,
                "overlap": 0,
            }
        )
    framed(chart, f"Weights of the first {count} names")
    chart.set_x_axis({"label_position": "low", "num_font": {"size": 7, "rotation": -90}})
    chart.set_y_axis({"num_format": "0%", "major_gridlines": {"visible": True, "line": {"color": LINE}}})
    chart.set_size({"width": 760, "height": 330})
    return chart


def _percent_rules(template: Template, sheet: Worksheet, column: int, top: int, bottom: int) -> None:
    """Format as percent the measures that are fractions of net asset value."""
    percent = template.book.add_format({"num_format": PERCENT})
    label = f"${letters(column)}{top + 1}"
    words = ("volatility", "gross exposure", "net exposure", "cash", "tracking error", "turnover")
    criteria = "=OR(" + ",".join(f'{plain_text(label)}="{word}"' for word in words) + ")"
    sheet.conditional_format(
        top, column, bottom - 1, column + 1,
        {"type": "formula", "criteria": criteria, "format": percent},
    )  # fmt: skip
