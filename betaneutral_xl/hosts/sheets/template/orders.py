"""The sheet Orders: prices, the user's own prices, and orders for the sheet Neutral."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.hosts.sheets.cells import letters
from betaneutral_xl.hosts.sheets.layout import (
    CONSTRAINTS,
    FIRST_ROW,
    LAST_ROW,
    ORDERS_COLUMN,
    OWN_COLUMN,
    OWN_PRICES,
    OWN_ROWS,
    Sheet,
)
from betaneutral_xl.hosts.sheets.session import Rows
from betaneutral_xl.hosts.sheets.template.canvas import BLUE, CAUTION, INPUT, LINE, MONEY, MUTED, Template
from betaneutral_xl.hosts.sheets.template.table_sheets import ETFS, HOLDINGS, WEIGHTS

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet


PRICE = "#,##0.00"

PRICES = "prices_table"
"""The defined name of the result of BN_PRICES."""

ORDER_SETTINGS = f"setting_nav,setting_min_notional,setting_lot,setting_trade,{CONSTRAINTS}"
"""The arguments of BN_ORDERS after weights and prices."""

SOURCE = 3
"""The index of the column source of BN_PRICES."""


def orders(template: Template, results: dict[str, Rows]) -> Worksheet:
    """Write the sheet of prices and orders."""
    sheet = template.sheet(
        Sheet.ORDERS,
        "Orders",
        "Orders for the sheet Neutral; the button Orders writes those of the proposal to a file.",
    )
    widths = (11, 11, 12, 30, 3, 11, 11, 3, 20, 12, 12, 12, 16)
    prices = ("General", PRICE, "yyyy-mm-dd", "General")
    ordered = ("General", "General", MONEY, PRICE, MONEY)
    formats = (*prices, "General", "General", PRICE, "General", *ordered)
    for column, width in enumerate(widths):
        template.column(sheet, column + 1, width, formats[column], gap=column == SOURCE)
    label = template.style(bold=True)
    order = "Prices: your own, else those of the holdings, else of the price file"
    sheet.write_string(FIRST_ROW - 3, 0, order, label)
    sheet.write_string(FIRST_ROW - 3, OWN_COLUMN - 1, "Your own prices", label)
    sheet.write_string(FIRST_ROW - 3, ORDERS_COLUMN - 1, "Orders", label)
    text = f"BN_PRICES({HOLDINGS},{ETFS},setting_prices,{OWN_PRICES})"
    template.formula(sheet, (FIRST_ROW, 1), text, results["prices"], prices)
    _own(template, sheet)
    text = f"BN_ORDERS({WEIGHTS},{PRICES},{ORDER_SETTINGS})"
    template.formula(sheet, (FIRST_ROW, ORDERS_COLUMN), text, results["orders"], ordered)
    template.fractions(sheet, ORDERS_COLUMN + 2, FIRST_ROW + 1)
    top, value = FIRST_ROW + 1, ORDERS_COLUMN + 4
    beta = f'LEFT(${letters(ORDERS_COLUMN)}{top},4)="beta"'
    template.rule(sheet, (top, value, LAST_ROW, value), beta, {"num_format": "0.0000"})
    template.rule(sheet, (top, 1, LAST_ROW, 4), f'AND($A{top}<>"",$B{top}="")', {"font_color": CAUTION})
    for column, width in ((1, len(prices)), (ORDERS_COLUMN, len(ordered))):
        template.hide_repeated_table(sheet, column, column + width - 1)
    template.table(sheet, PRICES, len(prices), len(results["prices"]))
    sheet.set_landscape()
    return sheet


def _own(template: Template, sheet: Worksheet) -> None:
    """Write the cells for the user's own prices, below a header."""
    template.head(sheet, FIRST_ROW, OWN_COLUMN, ["ticker", "price"])
    for shown, column in (("General", OWN_COLUMN - 1), (PRICE, OWN_COLUMN)):
        style = template.style(
            font_color=BLUE, bg_color=INPUT, border=1, border_color=LINE, num_format=shown, locked=False
        )
        for row in range(FIRST_ROW, FIRST_ROW + OWN_ROWS):
            sheet.write_blank(row, column, None, style)
    first, last = letters(OWN_COLUMN), letters(OWN_COLUMN + 1)
    area = f"${first}${FIRST_ROW}:${last}${FIRST_ROW + OWN_ROWS}"
    template.book.define_name(OWN_PRICES, f"={Sheet.ORDERS}!{area}")
    sheet.write_string(
        FIRST_ROW - 2, OWN_COLUMN - 1, "they override all others", template.style(font_color=MUTED)
    )
