"""The sheet Settings: the named cells, and the limits with their help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.sheets.layout import (
    FREE_LIMITS,
    LIMIT_GROUPS,
    LIMITS,
    LIMITS_BOTTOM,
    LIMITS_TOP,
    SETTINGS,
    SETTINGS_TOP,
    Setting,
    Sheet,
)
from betaneutral_xl.hosts.sheets.template.canvas import ACCENT, BLUE, INPUT, LINE, MUTED, Template
from betaneutral_xl.job.options import Kind
from betaneutral_xl.model.constraints import LARGEST, LARGEST_LEG

if TYPE_CHECKING:
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
    template.widths(sheet, (26, 14, 40, 100))
    row = SETTINGS_TOP
    for group, settings in SETTINGS.items():
        section_title(template, sheet, row, (group, "", "", ""))
        for setting in settings:
            row += 1
            sheet.write_string(row, 0, setting.label, template.style())
            input_cell(template, sheet, row, setting)
            template.book.define_name(setting.range_name, f"=Settings!$C${row + 1}")
        row += 2
    _limits(template, sheet, row)
    sheet.freeze_panes(3, 0)
    sheet.set_landscape()
    return sheet


def section_title(template: Template, sheet: Worksheet, row: int, words: Sequence[str]) -> None:
    """Write a heading with the columns' titles."""
    title = template.style(bold=True, font_size=12, font_color=ACCENT, bottom=2, bottom_color=ACCENT)
    for column, label in enumerate(words):
        sheet.write_string(row, column, label, title)


def _limits(template: Template, sheet: Worksheet, row: int) -> None:
    """Write every available limit with its help, and blank rows for more of single names and groups."""
    section_title(template, sheet, row, ("Limits", "for which", "value", "without a value: not set"))
    named_rows(template, sheet, row, LIMIT_GROUPS, free=FREE_LIMITS, what="limit")
    template.book.define_name(LIMITS, f"={Sheet.SETTINGS}!$A${LIMITS_TOP}:$C${LIMITS_BOTTOM}")


def named_rows(
    template: Template,
    sheet: Worksheet,
    row: int,
    groups: Mapping[str, Sequence[Setting]],
    *,
    free: int,
    what: str,
) -> None:
    """Write rows of name, for which, value and help by group below the header's row, which counts from 0.

    ``free`` blank rows for more of them follow; a row is called ``what``: limit, or rule.
    """
    first = row + 2
    for group, settings in groups.items():
        row += 1
        sheet.write_string(row, 0, group, template.style(bold=True, font_color=ACCENT))
        for setting in settings:
            row += 1
            sheet.write_string(row, 0, setting.label, template.style(indent=1))
            if setting.per:
                sheet.write_blank(row, 1, None, entry(template))
                help_text = f"For which {setting.per.lower()}."
                validate(sheet, (row, 1), setting.per.capitalize(), help_text, ANY_TEXT)
            input_cell(template, sheet, row, setting)
    row += 1
    hint = f"Further {what}s of single names and groups: choose a name, and give for which, and its value."
    sheet.write_string(row, 0, f"More {what}s", template.style(bold=True, font_color=ACCENT))
    sheet.write_string(row, 3, hint, template.style(font_color=MUTED, indent=1))
    listed = f"={sheet.name}!$A${first}:$A${row}"
    choice = {"validate": "list", "source": listed, "error_message": f"Choose a {what} of the list above."}
    for _ in range(free):
        row += 1
        for column in range(3):
            sheet.write_blank(row, column, None, entry(template))
        validate(sheet, (row, 0), what.capitalize(), f"One of the {what}s above.", choice)
        validate(sheet, (row, 1), "For which", "A ticker, a group, an ETF; or blank for all.", ANY_TEXT)
        validate(sheet, (row, 2), "Value", f"As for the {what} above.", ANY_TEXT)


def entry(template: Template, shown: str = "General") -> Format:
    """Return the format of a cell for the user."""
    colours = {"font_color": BLUE, "bg_color": INPUT, "border": 1, "border_color": LINE}
    return template.style(**colours, num_format=shown, align="left", locked=False)


def input_cell(template: Template, sheet: Worksheet, row: int, setting: Setting) -> None:
    """Write the cell of a setting with its list or rule, and its help beside it; the row counts from 0."""
    style = entry(template, setting.number_format)
    if setting.default is None:
        sheet.write_blank(row, 2, None, style)
    elif isinstance(setting.default, float):
        sheet.write_number(row, 2, setting.default, style)
    else:
        sheet.write_string(row, 2, str(setting.default), style)
    validate(sheet, (row, 2), setting.label, setting.hint, _rule(setting))
    sheet.write_string(row, 3, setting.hint, template.style(font_color=MUTED, indent=1))


def validate(sheet: Worksheet, at: tuple[int, int], title: str, help: str, rule: dict[str, Any]) -> None:  # noqa: A002 - its name in the table
    """Give a cell its rule, and help that is shown when it is selected."""
    prompt = help if len(help) <= MAX_PROMPT else f"{help[:MAX_PROMPT].rsplit(' ', 1)[0]} ..."
    titles = {"input_title": title[:32], "error_title": title[:32]}
    sheet.data_validation(*at, *at, {**rule, **titles, "input_message": prompt})


ANY_TEXT: dict[str, Any] = {
    "validate": "length",
    "criteria": "<=",
    "value": MAX_TEXT,
    "error_message": f"Give a text of at most {MAX_TEXT} characters.",
}


def _rule(setting: Setting) -> dict[str, Any]:
    """Return what a cell of the sheet takes; of a text its length, where only the request can tell."""
    if setting.choices:
        choices = [str(one) for one in setting.choices]
        return {"validate": "list", "source": choices, "error_message": "Choose one of the list."}
    match setting.kind:
        case Kind.SHARE:
            most = LARGEST.get(setting.name, LARGEST_LEG)
            between = {"validate": "decimal", "criteria": "between", "minimum": -most, "maximum": most}
            return {**between, "error_message": "Give a decimal or a percent: 0.05 or 5%."}
        case Kind.COUNT | Kind.DAYS:
            return _at_least("integer", 1, "Give a whole number.")
        case Kind.BASIS_POINTS | Kind.NUMBER | Kind.MONEY:
            return _at_least("decimal", 0, "Give zero or more.")
        case Kind.DAY:
            return _at_least("date", date(1990, 1, 1), "Give a date.")
    return ANY_TEXT


def _at_least(kind: str, least: int | date, otherwise: str) -> dict[str, Any]:
    return {"validate": kind, "criteria": ">=", "value": least, "error_message": otherwise}
