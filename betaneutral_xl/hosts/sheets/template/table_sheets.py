"""The sheets of tables: Holdings, ETF, Covariance, Neutral."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.hosts.sheets.cells import letters
from betaneutral_xl.hosts.sheets.layout import (
    CONSTRAINTS,
    ETF_STRIDE,
    FIRST_ROW,
    LAST_ROW,
    MATRIX_ROW,
    MAX_ETFS,
    Sheet,
)
from betaneutral_xl.hosts.sheets.session import Rows
from betaneutral_xl.hosts.sheets.template.canvas import MONEY, MUTED, PERCENT, Template, cached

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet


HOLDINGS, ETFS, WEIGHTS = "holdings_table", "etf_table", "weights_table"
"""The defined names of the tables, down to their last row; the last is the result of BETA_NEUTRAL."""

RISK = f"{Sheet.COVARIANCE}!$A${FIRST_ROW}"

PROBLEM = f"{HOLDINGS},{ETFS},{RISK},setting_target,setting_method,{CONSTRAINTS}"


OVER = "click A6, press Ctrl+/ and Delete"
"""How a table gives way to another: Calc changes no part of an array, and Excel takes the same keys."""


def holdings(template: Template, results: dict[str, Rows]) -> Worksheet:
    """Write the sheet of the portfolio."""
    sheet = template.sheet(
        Sheet.HOLDINGS,
        "Holdings",
        f"FETCH_HOLDINGS in A6. For your own: {OVER}, then paste ticker, shares, price, or ticker, weight.",
    )
    shown = ["General", MONEY, "#,##0.00", MONEY, PERCENT]
    for column, (width, number_format) in enumerate(zip((16, 14, 12, 18, 12), shown, strict=True), 1):
        template.column(sheet, column, width, number_format)
    rows = results["holdings"]
    template.formula(sheet, (FIRST_ROW, 1), "FETCH_HOLDINGS(setting_fund,setting_as_of)", rows, shown)
    template.fractions(sheet, 2, FIRST_ROW + 1)
    names, weights = (f"{letter}{FIRST_ROW + 1}:{letter}{LAST_ROW}" for letter in "AE")
    whole, percent = template.style(num_format="0"), template.style(num_format=PERCENT, bold=True)
    sheet.write_string(3, 0, "Names", template.style(bold=True))
    sheet.write_formula(3, 1, f"=COUNTA({names})", whole, len(rows) - 1)
    total = cached(sum(float(str(row[4])) for row in rows[1:]))
    sheet.write_string(3, 3, "Sum of weights", template.style(bold=True, align="right"))
    text = f'=IF(COUNT({weights}),SUM({weights}),"")'  # a pasted table has none there
    sheet.write_formula(3, 4, text, percent, total)
    template.hide_repeated_table(sheet, 1, len(shown))
    template.table(sheet, HOLDINGS, len(shown), len(rows))
    return sheet


WEIGHT = 2
"""The index of the column weight of LOAD_ETF."""


def etf(template: Template, results: dict[str, Rows]) -> Worksheet:
    """Write the sheet of the ETFs, side by side."""
    sheet = template.sheet(
        Sheet.ETF,
        "ETF",
        f"LOAD_ETF in A6, F6, K6; blank: no ETF. For your own: {OVER}, then paste ticker, weight.",
    )
    for place in range(MAX_ETFS):
        left = 1 + place * ETF_STRIDE
        for offset, width in enumerate((10, 36, 10, 11, 3)):  # ticker, name, weight, class
            shown = PERCENT if offset == WEIGHT else "General"
            template.column(sheet, left + offset, width, shown, gap=offset == WEIGHT + 1)
        template.spilled_head(sheet, FIRST_ROW, left, left + ETF_STRIDE - 2)
        name = f"setting_etf_{place + 1}"
        first = place == 0  # the sample has one ETF
        style = template.style(font_color=MUTED, italic=True)
        sheet.write_formula(
            FIRST_ROW - 2, left - 1, f'=IF({name}="","",{name})', style, "demo" if first else ""
        )
        rows = results["etf"] if first else (("",),)
        text = f"LOAD_ETF({name})" if first else f'IF({name}="","",LOAD_ETF({name}))'
        template.formula(sheet, (FIRST_ROW, left), text, rows, ["General", "General", PERCENT, "General"])
        shown = f'=IF({name}="","","Sum")'
        sheet.write_formula(3, left - 1, shown, template.style(bold=True), "Sum" if first else "")
        total = cached(sum(float(str(row[2])) for row in rows[1:])) if first else ""
        weights = f"{letters(left + 2)}{FIRST_ROW + 1}:{letters(left + 2)}{LAST_ROW}"
        percent = template.style(num_format=PERCENT, bold=True)
        sheet.write_formula(3, left + 1, f'=IF({name}="","",SUM({weights}))', percent, total)
        template.hide_repeated_table(sheet, left, left + ETF_STRIDE - 2)
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
    names = f"BN_NAMES({HOLDINGS},{ETFS},setting_target,{CONSTRAINTS})"
    text = f"COVARIANCE({names},{chosen},{options},TRUE)"
    template.formula(sheet, (FIRST_ROW, 1), text, results["risk"])
    sheet.write_string(FIRST_ROW - 2, 0, "handle", template.style(font_color=MUTED))
    rows = results["matrix"]
    shown = ["General", *["0.0000"] * len(rows)]
    template.formula(sheet, (MATRIX_ROW, 1), f"BN_MATRIX(A{FIRST_ROW})", rows, shown)
    template.hide_repeated(sheet, MATRIX_ROW, 1, MATRIX_ROW + MAX_COLUMNS, MAX_COLUMNS + 1)
    template.spilled_head(sheet, MATRIX_ROW, 1, MAX_COLUMNS + 1)
    sheet.conditional_format(
        f"B{MATRIX_ROW + 1}:{letters(MAX_COLUMNS + 1)}{MATRIX_ROW + MAX_COLUMNS}",
        {
            "type": "3_color_scale",
            "min_type": "percentile",
            "mid_type": "percentile",
            "max_type": "percentile",
            "min_value": 5,
            "mid_value": 50,
            "max_value": 95,  # one outlier does not set the scale
            "min_color": "#F8FAFC",
            "mid_color": "#BFD3EA",
            "max_color": "#3B6EA8",
        },
    )
    sheet.freeze_panes(MATRIX_ROW, 1)
    sheet.set_landscape()
    sheet.repeat_rows(MATRIX_ROW - 1)
    return sheet
