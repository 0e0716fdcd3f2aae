"""The sheets that the buttons write: Proposal, Previous, Log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.hosts.sheets.layout import LAST_ROW, LOG_COLUMNS, LOG_ROW, PROPOSAL, Sheet
from betaneutral_xl.hosts.sheets.template.canvas import ACCENT, BETA, CAUTION, MONEY, MUTED, PERCENT

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from betaneutral_xl.hosts.sheets.template.canvas import Template


def proposal(template: Template) -> Worksheet:
    """Write the sheet that the button Rebalance fills."""
    sheet = template.sheet(Sheet.PROPOSAL, "Proposal", "No proposal yet: press Rebalance.", tab="#B45309")
    _proposal_formats(template, sheet)
    return sheet


def previous(template: Template) -> Worksheet:
    """Write the hidden sheet of the previous proposal."""
    sheet = template.sheet(Sheet.PREVIOUS, "Previous proposal", "")
    _proposal_formats(template, sheet)
    sheet.hide()
    return sheet


def _proposal_formats(template: Template, sheet: Worksheet) -> None:
    """Format the sheet for the button's output: by column, and by rule where the columns vary."""
    sheet.set_column(0, 0, 32, template.style())
    for first, last, width in ((1, 5, 15), (6, 6, 22), (7, 13, 16)):
        sheet.set_column(first, last, width, template.style(num_format=PERCENT))
    head = template.book.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": ACCENT})
    for row, numbers in ((PROPOSAL.measures, 5), (PROPOSAL.table, 13)):
        for column in range(1, numbers + 1):
            sheet.write_blank(row - 1, column, None, template.style(align="right", shrink=True))
        sheet.conditional_format(
            row - 1, 0, row - 1, 13, {"type": "formula", "criteria": f'=A${row}<>""', "format": head}
        )
    bold = template.book.add_format({"bold": True, "font_color": ACCENT})
    sheet.conditional_format(1, 0, 1, 0, {"type": "no_blanks", "format": bold})
    beta = template.book.add_format({"num_format": BETA})
    label = f"$A{PROPOSAL.measures + 1}"
    words = ",".join(
        f'LEFT({label},{len(word)})="{word}"' for word in ("beta", "market", "hedge", "condition")
    )
    rule = {"type": "formula", "criteria": f"=OR({words})", "format": beta}
    sheet.conditional_format(PROPOSAL.measures, 1, PROPOSAL.table - 3, 4, rule)
    top = PROPOSAL.table + 1
    area = (PROPOSAL.table, 1, LAST_ROW, 13)
    money = template.book.add_format({"num_format": MONEY})
    sheet.conditional_format(
        *area,
        {"type": "formula", "criteria": f'=LEFT(B${PROPOSAL.table},14)="predicted_beta"', "format": beta},
    )
    sheet.conditional_format(
        *area,
        {
            "type": "formula",
            "criteria": f'=OR(RIGHT(B${PROPOSAL.table},5)="value",B${PROPOSAL.table}="shares")',
            "format": money,
        },
    )
    price = template.book.add_format({"num_format": "#,##0.00"})
    sheet.conditional_format(
        *area, {"type": "formula", "criteria": f'=B${PROPOSAL.table}="price"', "format": price}
    )
    total = template.book.add_format({"bold": True, "top": 1})
    sheet.conditional_format(
        PROPOSAL.table,
        0,
        LAST_ROW,
        13,
        {"type": "formula", "criteria": f'=AND($A{top}="CASH",A${PROPOSAL.table}<>"")', "format": total},
    )
    beside = PROPOSAL.beside - 1
    caution = template.book.add_format({"font_color": CAUTION})
    sheet.conditional_format(
        PROPOSAL.warnings - 1, beside, PROPOSAL.table - 3, beside, {"type": "no_blanks", "format": caution}
    )
    sheet.freeze_panes(3, 1)
    sheet.set_landscape()
    sheet.repeat_rows(PROPOSAL.table - 1)


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
