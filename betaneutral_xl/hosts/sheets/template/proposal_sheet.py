"""The sheets that the buttons Rebalance and Restore write: Proposal, and the hidden Previous."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.hosts.sheets.cells import letters
from betaneutral_xl.hosts.sheets.layout import FIXED_COLUMNS, LAST_ROW, MAX_ETFS, PROPOSAL, Sheet
from betaneutral_xl.hosts.sheets.template.canvas import (
    ACCENT,
    BETA,
    BLUE,
    BOUGHT,
    BOUGHT_INK,
    CAUTION,
    INPUT,
    LINE,
    MUTED,
    PERCENT,
    SOLD,
    SOLD_INK,
    framed,
)
from betaneutral_xl.hosts.sheets.template.neutral_sheet import CHARTED, CHARTED_TRADES
from betaneutral_xl.model.constraints import LARGEST_LEG

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from betaneutral_xl.hosts.sheets.template.canvas import Template

WIDTHS = (18, 18, 10, 12, 10, 12, 10, 10, *[17] * (2 * MAX_ETFS), 17, 3)
"""Widths of the columns of the table and of the one before the notes."""

SIGNED = "+0.00%;-0.00%;0.00%"

FORMATS = ("General", "General", SIGNED, PERCENT, PERCENT, "+#,##0;-#,##0;0", "#,##0.00", "+#,##0;-#,##0;0")
"""Number formats of the columns of the table before those of the ETFs."""

WIDTH = FIXED_COLUMNS + 2 * MAX_ETFS + 1
"""Number of columns of the widest table."""

TRADE, NEW_WEIGHT, TRADE_VALUE, SHARES = 3, 4, 6, 8
"""Columns of the table, from 1."""

ROW_PIXELS = 20
"""Height of a row; a chart that is placed by cells is as much lower as the rows of a program are."""


def proposal(template: Template) -> Worksheet:
    """Write the sheet that the button Rebalance fills, with the chart of its largest trades."""
    sheet = template.sheet(Sheet.PROPOSAL, "Proposal", "No proposal yet: press Rebalance.", tab="#B45309")
    _formats(template, sheet)
    first, last = PROPOSAL.table + 1, PROPOSAL.table + CHARTED
    chart = template.book.add_chart({"type": "column", "subtype": "stacked"})
    # Two series, since LibreOffice has no second colour for what is negative.
    for name, area, colour in zip(("buy", "sell"), CHARTED_TRADES, (BOUGHT, SOLD), strict=True):
        chart.add_series(
            {
                "name": name,
                "categories": f"={Sheet.PROPOSAL}!$A${first}:$A${last}",
                "values": area,
                "fill": {"color": colour},
                "gap": 40,
            }
        )
    framed(chart, "Ten largest trades, share of net asset value")
    chart.show_hidden_data()
    chart.set_x_axis({"label_position": "low", "num_font": {"size": 8}})
    chart.set_y_axis({"num_format": "0%", "major_gridlines": {"visible": True, "line": {"color": LINE}}})
    chart.set_size({"width": 400, "height": ROW_PIXELS * (PROPOSAL.table - PROPOSAL.measures) - 8})
    sheet.insert_chart(PROPOSAL.measures - 1, FIXED_COLUMNS + 1, chart, {"object_position": 2, "y_offset": 2})
    return sheet


def previous(template: Template) -> Worksheet:
    """Write the hidden sheet of the previous proposal."""
    sheet = template.sheet(Sheet.PREVIOUS, "Previous proposal", "")
    _formats(template, sheet)
    sheet.hide()
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
    head = template.book.add_format({"bold": True, "font_color": ACCENT, "bottom": 1, "bottom_color": ACCENT})
    for column in range(FIXED_COLUMNS + 1):
        left = column in {0, 3, PROPOSAL.further - 1}
        sheet.write_blank(
            PROPOSAL.measures - 1, column, None, template.style(align="left" if left else "right")
        )
    area = (PROPOSAL.measures - 1, 0, PROPOSAL.measures - 1, FIXED_COLUMNS)
    sheet.conditional_format(
        *area, {"type": "formula", "criteria": f'=A${PROPOSAL.measures}<>""', "format": head}
    )
    _beta_rules(template, sheet)
    rows = (PROPOSAL.headline - 1, PROPOSAL.notes - 1, PROPOSAL.table - 2, PROPOSAL.notes - 1)
    caution = template.book.add_format({"font_color": CAUTION})
    sheet.conditional_format(*rows, {"type": "no_blanks", "format": caution})


def _beta_rules(template: Template, sheet: Worksheet) -> None:
    """Show betas and condition numbers as numbers: the other measures are shares of net asset value."""
    beta = template.book.add_format({"num_format": BETA})
    top, bottom = PROPOSAL.measures, PROPOSAL.table - 2
    for label, first, last in ((1, 1, 2), (PROPOSAL.further, PROPOSAL.further, PROPOSAL.further + 1)):
        there = f"${letters(label)}{top + 1}"
        words = ",".join(
            f'LEFT({there},{len(word)})="{word}"' for word in ("Beta", "Market beta", "Condition")
        )
        rule = {"type": "formula", "criteria": f"=OR({words})", "format": beta}
        sheet.conditional_format(top, first, bottom, last, rule)


def _table(template: Template, sheet: Worksheet) -> None:
    """Format the table: header, the column that may be edited, sells and buys, betas, the cash line."""
    head = template.book.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": ACCENT})
    row, top = PROPOSAL.table, PROPOSAL.table + 1
    for column in range(WIDTH):
        style = template.style(align="left" if column < TRADE - 1 else "right", text_wrap=False)
        sheet.write_blank(row - 1, column, None, style)
    sheet.conditional_format(
        row - 1, 0, row - 1, WIDTH - 1,
        {"type": "formula", "criteria": f'=A${row}<>""', "format": head},
    )  # fmt: skip
    body = (row, 0, LAST_ROW, WIDTH - 1)
    total = template.book.add_format({"bold": True, "top": 1})
    sheet.conditional_format(
        *body, {"type": "formula", "criteria": f'=AND($A{top}="CASH",A${row}<>"")', "format": total}
    )
    entry = {"bg_color": INPUT, "font_color": BLUE, "bottom": 1, "bottom_color": LINE}
    sheet.conditional_format(
        row, NEW_WEIGHT - 1, LAST_ROW, NEW_WEIGHT - 1,
        {
            "type": "formula",
            "criteria": f'=AND($A{top}<>"",$A{top}<>"CASH",$D${row}="New weight")',
            "format": template.book.add_format(entry),
        },
    )  # fmt: skip
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
    colours = ((f"$C{top}<0", SOLD_INK), (f"$C{top}>0", BOUGHT_INK))
    for condition, colour in colours:
        style = template.book.add_format({"font_color": colour})
        for first, last in ((1, 2), (TRADE_VALUE - 1, TRADE_VALUE - 1), (SHARES - 1, SHARES - 1)):
            criteria = f'=AND($B{top}<>"",{condition})'
            sheet.conditional_format(
                row, first, LAST_ROW, last, {"type": "formula", "criteria": criteria, "format": style}
            )
    template.fractions(sheet, SHARES, row + 1)
    beta = template.book.add_format({"num_format": BETA})
    etf = letters(FIXED_COLUMNS + 1)
    sheet.conditional_format(
        row, FIXED_COLUMNS, LAST_ROW, WIDTH - 1,
        {"type": "formula", "criteria": f'=LEFT({etf}${row},14)="Predicted beta"', "format": beta},
    )  # fmt: skip
