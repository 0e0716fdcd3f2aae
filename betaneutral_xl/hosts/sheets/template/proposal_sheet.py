"""The sheets that buttons write: Proposal, the hidden Previous, and Log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.hosts.sheets.cells import letters
from betaneutral_xl.hosts.sheets.layout import (
    FIXED_COLUMNS,
    LAST_ROW,
    LOG_COLUMNS,
    LOG_ROW,
    MAX_ETFS,
    PROPOSAL,
    Sheet,
)
from betaneutral_xl.hosts.sheets.template.canvas import (
    ACCENT,
    BETA,
    BLUE,
    BOUGHT,
    BOUGHT_INK,
    CAUTION,
    GRID,
    HEAD,
    INPUT,
    LINE,
    MUTED,
    PERCENT,
    SOLD,
    SOLD_INK,
    Template,
    framed,
)
from betaneutral_xl.hosts.sheets.template.neutral_sheet import CHARTED, CHARTED_TRADES
from betaneutral_xl.model.constraints import LARGEST_LEG

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet


WIDTHS = (18, 18, 10, 12, 10, 12, 10, 10, *[17] * (2 * MAX_ETFS), 17, 3)
"""Widths of the columns of the table and of the one before the notes."""

SIGNED = "+0.00%;-0.00%;0.00%"

FORMATS = ("General", "General", SIGNED, PERCENT, PERCENT, "+#,##0;-#,##0;0", "#,##0.00", "+#,##0;-#,##0;0")
"""Number formats of the columns of the table before those of the ETFs."""

WIDTH = FIXED_COLUMNS + 2 * MAX_ETFS + 1
"""Number of columns of the widest table."""

SIDE, TRADE, NEW_WEIGHT, TRADE_VALUE, SHARES = 2, 3, 4, 6, 8
"""Columns of the table, from 1."""

ROW_PIXELS = 20
"""Height of a row; a chart that is placed by cells is as much lower as the rows of a program are."""


def proposal(template: Template) -> Worksheet:
    """Write the sheet that the button Rebalance fills, with the chart of its largest trades."""
    sheet = template.sheet(Sheet.PROPOSAL, "Proposal", "No proposal yet: press Rebalance.", tab="#B45309")
    _formats(template, sheet)
    tickers = f"={Sheet.PROPOSAL}!$A${PROPOSAL.table + 1}:$A${PROPOSAL.table + CHARTED}"
    chart = template.book.add_chart({"type": "column", "subtype": "stacked"})
    # Two series, since LibreOffice has no second colour for what is negative.
    for name, area, colour in zip(("buy", "sell"), CHARTED_TRADES, (BOUGHT, SOLD), strict=True):
        bars = {"fill": {"color": colour}, "gap": 40}
        chart.add_series({"name": name, "categories": tickers, "values": area, **bars})
    framed(chart, "Ten largest trades, share of net asset value")
    chart.show_hidden_data()
    chart.set_x_axis({"label_position": "low", "num_font": {"size": 8}})
    chart.set_y_axis({"num_format": "0%", "major_gridlines": GRID})
    chart.set_size({"width": 400, "height": ROW_PIXELS * (PROPOSAL.table - PROPOSAL.measures) - 8})
    sheet.insert_chart(PROPOSAL.measures - 1, FIXED_COLUMNS + 1, chart, {"object_position": 2, "y_offset": 2})
    return sheet


def previous(template: Template) -> Worksheet:
    """Write the hidden sheet of the previous proposal."""
    sheet = template.sheet(Sheet.PREVIOUS, "Previous proposal", "")
    _formats(template, sheet)
    sheet.hide()
    return sheet


def log(template: Template) -> Worksheet:
    """Write the sheet in which the buttons log their actions."""
    sheet = template.sheet(Sheet.LOG, "Log", "The actions of the buttons, newest last.", tab=MUTED)
    for column, width in enumerate((24, 14, 10, 24, 24, 12, 9, 90)):
        shown = PERCENT if LOG_COLUMNS[column] == "turnover" else "General"
        sheet.set_column(column, column, width, template.style(num_format=shown, align="left"))
        sheet.write_string(LOG_ROW - 1, column, LOG_COLUMNS[column], template.band(left=True))
    sheet.freeze_panes(LOG_ROW, 0)
    sheet.set_landscape()
    return sheet


def _formats(template: Template, sheet: Worksheet) -> None:
    """Format the sheet for the button's output: by column, and by rule where the columns vary."""
    formats = (*FORMATS, *[PERCENT] * (WIDTH - FIXED_COLUMNS))
    for column, width in enumerate(WIDTHS):
        shown = formats[column] if column < WIDTH else "General"
        sheet.set_column(column, column, width, template.style(num_format=shown))
    sheet.set_column(PROPOSAL.notes - 1, PROPOSAL.notes - 1, 90, template.style())
    _top(template, sheet)
    _table(template, sheet)
    sheet.autofilter(PROPOSAL.table - 1, 0, LAST_ROW - 1, WIDTH - 1)
    sheet.freeze_panes(PROPOSAL.table, 1)
    sheet.set_landscape()
    sheet.repeat_rows(PROPOSAL.table - 1)
    sheet.print_area(0, 0, LAST_ROW - 1, WIDTH - 1)


def _top(template: Template, sheet: Worksheet) -> None:
    """Format the lines at the top, the measures and the notes."""
    bold = template.book.add_format({"bold": True, "font_color": ACCENT, "italic": False})
    sheet.conditional_format(1, 0, 1, 0, {"type": "no_blanks", "format": bold})
    sheet.write_blank(PROPOSAL.verdict - 1, 0, None, template.style(bold=True))
    sheet.write_blank(PROPOSAL.sources - 1, 0, None, template.style(font_color=MUTED))
    for row in (PROPOSAL.warned, PROPOSAL.warned + 1):
        sheet.write_blank(row - 1, 0, None, template.style(font_color=CAUTION))
    plain = template.style(num_format=PERCENT)
    for row in range(PROPOSAL.measures, PROPOSAL.table - 1):
        for column in range(FIXED_COLUMNS + 1):
            sheet.write_blank(row, column, None, template.style() if column in {0, 3} else plain)
        sheet.write_blank(row, PROPOSAL.further - 1, None, template.style())
    for column in range(FIXED_COLUMNS + 1):
        left = column in {0, 3, PROPOSAL.further - 1}
        style = template.style(align="left" if left else "right")
        sheet.write_blank(PROPOSAL.measures - 1, column, None, style)
    head = {"bold": True, "font_color": ACCENT, "bottom": 1, "bottom_color": ACCENT}
    area = (PROPOSAL.measures, 1, PROPOSAL.measures, FIXED_COLUMNS + 1)
    template.rule(sheet, area, f'A${PROPOSAL.measures}<>""', head)
    _beta_rules(template, sheet)
    rows = (PROPOSAL.headline - 1, PROPOSAL.notes - 1, PROPOSAL.table - 2, PROPOSAL.notes - 1)
    caution = template.book.add_format({"font_color": CAUTION})
    sheet.conditional_format(*rows, {"type": "no_blanks", "format": caution})


def _beta_rules(template: Template, sheet: Worksheet) -> None:
    """Show betas and condition numbers as numbers: the other measures are shares of net asset value."""
    top, bottom = PROPOSAL.measures + 1, PROPOSAL.table - 1
    for label in (1, PROPOSAL.further):
        there = f"${letters(label)}{top}"
        words = ",".join(
            f'LEFT({there},{len(word)})="{word}"' for word in ("Beta", "Market beta", "Condition")
        )
        template.rule(sheet, (top, label + 1, bottom, label + 2), f"OR({words})", {"num_format": BETA})


def _table(template: Template, sheet: Worksheet) -> None:
    """Format the table: header, the column that may be edited, sells and buys, betas, the cash line."""
    row, top, bottom = PROPOSAL.table, PROPOSAL.table + 1, LAST_ROW + 1
    for column in range(WIDTH):
        style = template.style(align="left" if column < TRADE - 1 else "right", text_wrap=False)
        sheet.write_blank(row - 1, column, None, style)
    template.rule(sheet, (row, 1, row, WIDTH), f'A${row}<>""', HEAD)
    total = f'AND($A{top}="CASH",A${row}<>"")'
    template.rule(sheet, (top, 1, bottom, WIDTH), total, {"bold": True, "top": 1})
    entry = {"bg_color": INPUT, "font_color": BLUE, "bottom": 1, "bottom_color": LINE}
    editable = f'AND($A{top}<>"",$A{top}<>"CASH",$D${row}="New weight")'
    template.rule(sheet, (top, NEW_WEIGHT, bottom, NEW_WEIGHT), editable, entry)
    sheet.data_validation(
        row, NEW_WEIGHT - 1, LAST_ROW, NEW_WEIGHT - 1,
        {
            "validate": "decimal",
            "criteria": "between",
            "minimum": -LARGEST_LEG,
            "maximum": LARGEST_LEG,
            "input_title": "New weight",
            "input_message": "May be edited; the button Orders then uses it, and reports the beta with it.",
            "error_title": "New weight",
            "error_message": "Give a decimal or a percent: 0.05 or 5%.",
        },
    )  # fmt: skip
    for condition, colour in ((f"$C{top}<0", SOLD_INK), (f"$C{top}>0", BOUGHT_INK)):
        for first, last in ((SIDE, TRADE), (TRADE_VALUE, TRADE_VALUE), (SHARES, SHARES)):
            area = (top, first, bottom, last)
            template.rule(sheet, area, f'AND($B{top}<>"",{condition})', {"font_color": colour})
    template.fractions(sheet, SHARES, top)
    beta = f'LEFT({letters(FIXED_COLUMNS + 1)}${row},14)="Predicted beta"'
    template.rule(sheet, (top, FIXED_COLUMNS + 1, bottom, WIDTH), beta, {"num_format": BETA})
