"""The sheets Start and Settings."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.sheets.cells import letters
from betaneutral_xl.hosts.sheets.layout import (
    EXPOSURE_COLUMN,
    FIRST_ROW,
    FREE_LIMITS,
    LIMIT_ROWS,
    LIMITS,
    MAX_ETFS,
    SETTINGS,
    Setting,
    Sheet,
)
from betaneutral_xl.hosts.sheets.template.canvas import (
    ACCENT,
    BETA,
    BLUE,
    INPUT,
    LINE,
    MUTED,
    PERCENT,
    Template,
    cached,
    plain_text,
)
from betaneutral_xl.hosts.sheets.template.table_sheets import WEIGHTS
from betaneutral_xl.job.options import Kind
from betaneutral_xl.model.constraints import LARGEST, LARGEST_LEG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from betaneutral_xl.hosts.sheets.cells import Cell
    from betaneutral_xl.hosts.sheets.layout import Setting
    from betaneutral_xl.hosts.sheets.session import Rows
    from betaneutral_xl.hosts.sheets.template.canvas import Template


SHOWN = MAX_ETFS + 3
"""Number of measures on the sheet Start: the betas and the three that follow."""


ON_START = (0, 1, 2, 5)
"""The columns of BN_EXPOSURE on Start: measure, before, after, coverage."""


def start(template: Template, results: dict[str, Rows]) -> Worksheet:
    """Write the sheet Start: the three steps, the result, the provenance."""
    sheet = template.sheet(
        Sheet.START,
        "Beta Neutral",
        "The portfolio's beta to the ETFs, and the weights that make it beta-neutral.",
    )
    for column, width in enumerate((24, 17, 30, 13, 18, 10, 13)):
        sheet.set_column(column, column, width)
    big = template.style(font_size=11, bold=True, font_color=ACCENT)
    steps = (
        ("1  Set", "Fund, day, ETF files, target and limits: the blue cells of the sheet Settings."),
        (
            "2  Look",
            "Holdings, ETF, Covariance, Neutral and Orders recalculate automatically, from cached data.",
        ),
        (
            "3  Rebalance",
            "The button writes a proposal with trades to the sheet Proposal and keeps the previous one.",
        ),
    )
    for row, (title, text) in enumerate(steps, start=3):
        sheet.set_row(row, 22)
        sheet.write_string(row, 0, title, big)
        sheet.write_string(row, 1, text, template.style(font_size=11))
    row = 8
    template.head(sheet, row, 1, ["Now", "before", "after", "coverage"])
    for place in range(SHOWN):
        _native_row(template, sheet, row + place, FIRST_ROW + 1 + place, results["exposure"][1 + place])
    percent = template.book.add_format({"num_format": PERCENT})
    criteria = f'=ISERROR(SEARCH("beta",$A{row + 1}))'
    sheet.conditional_format(
        row, 1, row + SHOWN - 1, 2, {"type": "formula", "criteria": criteria, "format": percent}
    )
    sheet.conditional_format(row, 3, row + SHOWN - 1, 3, {"type": "no_errors", "format": percent})
    row += SHOWN + 4
    sheet.write_string(
        row - 2, 0, "Sources of the numbers", template.style(font_size=12, bold=True, font_color=ACCENT)
    )
    status = tuple(
        (*line[:4], None, None, line[6]) if i else line for i, line in enumerate(results["status"])
    )
    template.formula(
        sheet,
        (row, 1),
        f"BN_STATUS({WEIGHTS})",
        status,
        ["General"] * 3 + ["yyyy-mm-dd", "General", "0", "General"],
    )
    row += 2 + MAX_ETFS + 1  # the spilled parts: holdings, ETFs, risk model
    sheet.write_string(row, 0, "Computed by", template.style(bold=True))
    template.formula(sheet, (row + 1, 2), "BN_VERSION()", results["version"])
    built = f"betaneutral_xl {template.versions['betaneutral_xl']}"
    same = "same version as this workbook"
    advice = "this workbook has another version: run betaneutral-xl workbook build"
    verdict = f'=IF({plain_text(f"B{row + 1}")}="{built}","{same}","{advice}")'
    sheet.write_formula(row, 3, verdict, template.style(font_color=MUTED), same)
    note = template.style(font_color=MUTED, text_wrap=True, valign="top")
    text = (
        "This workbook starts with the embedded sample, which is for trial only and is not the fund's "
        "portfolio. Set Fund, ETF and Risk model on the sheet Settings to your own."
    )
    sheet.merge_range(row + 2, 0, row + 3, 6, text, note)
    if template.with_macros:
        sheet.insert_button(
            "E8",
            {
                "macro": "Rebalance",
                "caption": "Rebalance",
                "width": 150,
                "height": 44,
                "description": "Rebalance",
            },
        )
    sheet.set_landscape()
    return sheet


def _native_row(template: Template, sheet: Worksheet, row: int, source: int, values: Sequence[Cell]) -> None:
    """Write a row of Start that shows a row of the measures on Neutral."""
    for place, shown in enumerate(ON_START):
        value, column = values[shown], letters(EXPOSURE_COLUMN + shown)
        style = template.style(num_format=BETA, bottom=1, bottom_color=LINE, font_size=11, bold=place == 0)
        there = f"Neutral!{column}{source}"
        sheet.write_formula(row, place, f'=IF({there}="","",{there})', style, cached(value))


def settings(template: Template) -> Worksheet:
    """Write the named cells of the settings, with their lists of choices."""
    sheet = template.sheet(Sheet.SETTINGS, "Settings", "Edit the blue cells; everything else is computed.")
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 16)
    sheet.set_column(2, 2, 40)
    sheet.set_column(3, 3, 76)
    title = template.style(bold=True, font_size=12, font_color=ACCENT, bottom=2, bottom_color=ACCENT)
    row = 3
    for group, settings in SETTINGS.items():
        for column in range(4):
            sheet.write(row, column, group if column == 0 else "", title)
        row += 1
        for setting in settings:
            sheet.write_string(row, 0, setting.label, template.style())
            _input(template, sheet, row, setting)
            template.book.define_name(setting.range_name, f"=Settings!$C${row + 1}")
            row += 1
        row += 1
    for column, label in enumerate(("Limits", "for which", "value", "")):
        sheet.write_string(row, column, label, title)
    first = row + 2
    for limit in LIMIT_ROWS:
        row += 1
        sheet.write_string(row, 0, limit.name, _entry(template))
        sheet.write_blank(row, 1, None, _entry(template))
        _input(template, sheet, row, limit)
    for _ in range(FREE_LIMITS):
        row += 1
        for column in range(3):
            sheet.write_blank(row, column, None, _entry(template))
    hint = "Further limits of BETA_NEUTRAL, one per row; for which: a ticker, a group, or blank for all."
    sheet.write_string(row - FREE_LIMITS + 1, 3, hint, template.style(font_color=MUTED, indent=1))
    template.book.define_name(LIMITS, f"=Settings!$A${first}:$C${row + 1}")
    sheet.freeze_panes(3, 0)
    sheet.set_landscape()
    return sheet


def _entry(template: Template, shown: str = "General") -> Format:
    return template.style(
        font_color=BLUE,
        bg_color=INPUT,
        border=1,
        border_color=LINE,
        num_format=shown,
        align="left",
        locked=False,
    )


def _input(template: Template, sheet: Worksheet, row: int, setting: Setting) -> None:
    style = _entry(template, setting.number_format)
    if setting.default is None:
        sheet.write_blank(row, 2, None, style)
    else:
        sheet.write(
            row, 2, setting.default if isinstance(setting.default, float) else str(setting.default), style
        )
    rule = _rule(setting)
    if rule:
        sheet.data_validation(row, 2, row, 2, {**rule, "error_title": setting.label})
    sheet.write_string(row, 3, setting.hint, template.style(font_color=MUTED, indent=1))


_NOT_BELOW_ZERO = {"validate": "decimal", "criteria": ">=", "value": 0, "error_message": "Give zero or more."}


def _rule(setting: Setting) -> dict[str, Any]:
    """Return what a cell of the sheet takes; nothing where only the request can tell."""
    if setting.choices:
        choices = [str(one) for one in setting.choices]
        return {"validate": "list", "source": choices, "error_message": "Choose one of the list."}
    match setting.kind:
        case Kind.SHARE:
            most = LARGEST.get(setting.name, LARGEST_LEG)
            return {
                "validate": "decimal",
                "criteria": "between",
                "minimum": -most,
                "maximum": most,
                "error_message": "Give a decimal or a percent: 0.05 or 5%.",
            }
        case Kind.COUNT | Kind.DAYS | Kind.SHARES:
            return {
                "validate": "integer",
                "criteria": ">=",
                "value": 1,
                "error_message": "Give a whole number.",
            }
        case Kind.BASIS_POINTS | Kind.NUMBER | Kind.MONEY:
            return _NOT_BELOW_ZERO
        case Kind.DAY:
            first = date(1990, 1, 1)
            return {"validate": "date", "criteria": ">=", "value": first, "error_message": "Give a date."}
    return {}
