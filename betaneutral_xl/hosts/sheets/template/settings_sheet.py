"""The sheet Settings: the named cells, and the limits with their help."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.sheets.layout import (
    FREE_LIMITS,
    LIMIT_GROUPS,
    LIMITS,
    SETTINGS,
    Setting,
    Sheet,
)
from betaneutral_xl.hosts.sheets.template.canvas import ACCENT, BLUE, INPUT, LINE, MUTED, Template
from betaneutral_xl.job.options import Kind
from betaneutral_xl.model.constraints import LARGEST, LARGEST_LEG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MAX_TEXT = 250
"""Largest number of characters of a file, a name, a target or a range."""

MAX_PROMPT = 250
"""Largest number of characters of the help that Excel shows beside a cell; it takes 255."""


def settings(template: Template) -> Worksheet:
    """Write the settings and the limits, each with its list of choices or its rule, and its help."""
    sheet = template.sheet(
        Sheet.SETTINGS, "Settings", "Edit the yellow cells; everything else in this workbook is computed."
    )
    for column, width in enumerate((26, 14, 40, 100)):
        sheet.set_column(column, column, width, template.style())
    row = 3
    for group, settings in SETTINGS.items():
        _title(template, sheet, row, (group, "", "", ""))
        for setting in settings:
            row += 1
            sheet.write_string(row, 0, setting.label, template.style())
            _input(template, sheet, row, setting)
            template.book.define_name(setting.range_name, f"=Settings!$C${row + 1}")
        row += 2
    _limits(template, sheet, row)
    sheet.freeze_panes(3, 0)
    sheet.set_landscape()
    return sheet


def _title(template: Template, sheet: Worksheet, row: int, words: Sequence[str]) -> None:
    title = template.style(bold=True, font_size=12, font_color=ACCENT, bottom=2, bottom_color=ACCENT)
    for column, label in enumerate(words):
        sheet.write_string(row, column, label, title)


def _limits(template: Template, sheet: Worksheet, row: int) -> None:
    """Write every available limit with its help, and blank rows for more of single names and groups."""
    _title(template, sheet, row, ("Limits", "for which", "value", "without a value: not set"))
    first = row + 2
    names: list[str] = []
    for group, limits in LIMIT_GROUPS.items():
        row += 1
        sheet.write_string(row, 0, group, template.style(bold=True, font_color=ACCENT))
        for limit in limits:
            row += 1
            names.append(limit.label)
            sheet.write_string(row, 0, limit.label, template.style(indent=1))
            if limit.per:
                sheet.write_blank(row, 1, None, _entry(template))
                _validate(sheet, (row, 1), limit.per.capitalize(), f"For which {limit.per.lower()}.", _TEXT)
            _input(template, sheet, row, limit)
    row += 1
    hint = "Further limits of single names and groups: choose a name, and give for which, and its value."
    sheet.write_string(row, 0, "More limits", template.style(bold=True, font_color=ACCENT))
    sheet.write_string(row, 3, hint, template.style(font_color=MUTED, indent=1))
    listed = f"=Settings!$A${first}:$A${row}"
    for _ in range(FREE_LIMITS):
        row += 1
        for column in range(3):
            sheet.write_blank(row, column, None, _entry(template))
        choice = {"validate": "list", "source": listed, "error_message": "Choose a limit of the list above."}
        _validate(sheet, (row, 0), "Limit", "One of the limits above.", choice)
        _validate(sheet, (row, 1), "For which", "A ticker, a group, an ETF; or blank for all.", _TEXT)
        _validate(sheet, (row, 2), "Value", "As for the limit above.", _TEXT)
    template.book.define_name(LIMITS, f"=Settings!$A${first}:$C${row + 1}")


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
    elif isinstance(setting.default, float):
        sheet.write_number(row, 2, setting.default, style)
    else:
        sheet.write_string(row, 2, str(setting.default), style)
    _validate(sheet, (row, 2), setting.label, setting.hint, _rule(setting))
    sheet.write_string(row, 3, setting.hint, template.style(font_color=MUTED, indent=1))


def _validate(sheet: Worksheet, at: tuple[int, int], title: str, help: str, rule: dict[str, Any]) -> None:  # noqa: A002 - its name in the table
    prompt = help if len(help) <= MAX_PROMPT else f"{help[:MAX_PROMPT].rsplit(' ', 1)[0]} ..."
    titles = {"input_title": title[:32], "error_title": title[:32]}
    sheet.data_validation(*at, *at, {**rule, **titles, "input_message": prompt})


_TEXT: dict[str, Any] = {
    "validate": "length",
    "criteria": "<=",
    "value": MAX_TEXT,
    "error_message": f"Give a text of at most {MAX_TEXT} characters.",
}

_NOT_BELOW_ZERO = {"validate": "decimal", "criteria": ">=", "value": 0, "error_message": "Give zero or more."}


def _rule(setting: Setting) -> dict[str, Any]:
    """Return what a cell of the sheet takes; of a text its length, where only the request can tell."""
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
        case Kind.COUNT | Kind.DAYS:
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
    return _TEXT
