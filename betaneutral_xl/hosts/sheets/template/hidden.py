"""The hidden sheets for Excel: xlwings' settings, help while typing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.hosts.sheets.functions import FUNCTIONS
from betaneutral_xl.hosts.sheets.layout import Sheet
from betaneutral_xl.hosts.sheets.template.canvas import Template

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet


def xlwings(template: Template, *, shown: bool = False) -> Worksheet:
    """Write xlwings' settings, with the functions' module, and the versions of the build."""
    sheet = template.book.add_worksheet(Sheet.XLWINGS)
    built = ((BUILT_WITH[what], version) for what, version in template.versions.items())
    for row, (key, value) in enumerate((*XLWINGS_CONF, *built)):
        sheet.write_string(row, 0, key)
        sheet.write(row, 1, value)
    if not shown:
        sheet.hide()
    return sheet


XLWINGS_CONF: tuple[tuple[str, str | bool], ...] = (
    ("INTERPRETER_MAC", ""),
    ("UDF MODULES", "betaneutral_xl.hosts.excel.udfs"),
    ("USE UDF SERVER", True),
    ("SHOW CONSOLE", False),
    ("ADD_WORKBOOK_TO_PYTHONPATH", False),
)
"""xlwings' settings."""

BUILT_WITH = {what: f"BUILT WITH {what.upper()}" for what in ("betaneutral_xl", "xlwings")}
"""The labels of the versions on that sheet, by package."""


def intellisense(template: Template) -> Worksheet:
    """Write the sheet from which the add-in Excel-DNA IntelliSense shows help while typing."""
    sheet = template.book.add_worksheet(Sheet.INTELLISENSE)
    sheet.write_row(0, 0, ["FunctionInfo", 1.0])
    for row, function in enumerate(FUNCTIONS, start=1):
        arguments = [text for one in function.arguments for text in (one.name, one.help)]
        sheet.write_row(row, 0, [function.name, function.help, "", *arguments])
    sheet.very_hidden()
    return sheet
