"""The sheet Log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.hosts.sheets.layout import LOG_COLUMNS, LOG_ROW, Sheet
from betaneutral_xl.hosts.sheets.template.canvas import MUTED, PERCENT

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from betaneutral_xl.hosts.sheets.template.canvas import Template


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
