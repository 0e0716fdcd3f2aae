"""The sheet Mandate: a fund's standing rules as inputs, and what formulas read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.hosts.sheets.cells import letters
from betaneutral_xl.hosts.sheets.layout import (
    CONSTRAINTS,
    FREE_LIMITS,
    FREE_RULES,
    LIMIT_GROUPS,
    LIMITS_BOTTOM,
    LIMITS_TOP,
    MANDATE_BOTTOM,
    MANDATE_RULES,
    MANDATE_TOP,
    MANDATE_USED,
    RULE,
    RULE_GROUPS,
    YES_NO,
    Sheet,
)
from betaneutral_xl.hosts.sheets.template.canvas import ACCENT, CAUTION, MUTED, Template
from betaneutral_xl.hosts.sheets.template.settings_sheet import entry, named_rows, section_title, validate

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet


USED = 4
"""Row of the cell that says whether the rules are in use, from 1."""

FIRST_HIDDEN = 6
"""First of the three hidden columns that formulas read, from 1."""

USED_HELP = (
    "yes: every button and formula works under these rules; what Settings has otherwise holds, and is "
    "reported as a departure."
)


def mandate(template: Template) -> Worksheet:
    """Write the rules, each with its list of choices or its rule and its help; none is set."""
    sheet = template.sheet(
        Sheet.MANDATE,
        "Mandate",
        "A fund's standing rules. The yellow cells are yours; without a value a rule is not set.",
        tab="#047857",
    )
    template.widths(sheet, (26, 14, 40, 130, 3))
    sheet.write_string(USED - 1, 0, "Mandate in use", template.style(bold=True))
    sheet.write_string(USED - 1, 2, "no", entry(template))
    sheet.write_string(USED - 1, 3, USED_HELP, template.style(font_color=MUTED, indent=1))
    rule = {"validate": "list", "source": list(YES_NO), "error_message": "Choose yes or no."}
    validate(sheet, (USED - 1, 2), "Mandate in use", USED_HELP, rule)
    template.book.define_name(MANDATE_USED, f"={Sheet.MANDATE}!$C${USED}")
    _state(template, sheet)
    header = MANDATE_TOP - 2
    section_title(template, sheet, header, ("Rule", "for which", "value", "without a value: not set"))
    named_rows(template, sheet, header, RULE_GROUPS, free=FREE_RULES, what="rule")
    template.book.define_name(MANDATE_RULES, f"={Sheet.MANDATE}!$A${MANDATE_TOP}:$C${MANDATE_BOTTOM}")
    _in_force(template, sheet)
    sheet.freeze_panes(MANDATE_TOP - 1, 0)
    sheet.set_landscape()
    sheet.repeat_rows(header)
    return sheet


def _state(template: Template, sheet: Worksheet) -> None:
    """Write how many rules are in force, or that none is."""
    values = f"$C${MANDATE_TOP}:$C${MANDATE_BOTTOM}"
    text = (
        f'=IF({MANDATE_USED}="yes",IF(COUNTA({values})=0,"In use, but no rule is set.",'
        f'COUNTA({values})&" rules in force."),"Not in use: runs are made without these rules.")'
    )
    unused = "Not in use: runs are made without these rules."
    sheet.write_formula(USED, 0, text, template.style(font_color=ACCENT, bold=True), unused)
    empty = f'AND({MANDATE_USED}="yes",COUNTA({values})=0)'
    template.rule(sheet, (USED + 1, 1, USED + 1, 1), empty, {"font_color": CAUTION})


def _in_force(template: Template, sheet: Worksheet) -> None:
    """Write the range that formulas read: the limits of Settings, then the rules that are in use.

    Buttons make the same rows of both ranges themselves (``task.in_force``): a workbook that no program
    calculates has no values here.
    """
    left, style = FIRST_HIDDEN - 1, template.style(font_color=MUTED)
    row = MANDATE_TOP - 1
    for number, default in zip(range(LIMITS_TOP, LIMITS_BOTTOM + 1), _defaults(), strict=True):
        unset, value = f'{Sheet.SETTINGS}!$C{number}=""', f"{Sheet.SETTINGS}!$C{number}"
        cells = (f'{Sheet.SETTINGS}!$A{number}&""', f'{Sheet.SETTINGS}!$B{number}&""', value)
        for column, (cell, shown) in enumerate(zip(cells, default, strict=True)):
            sheet.write_formula(row, left + column, f'=IF({unset},"",{cell})', style, shown)
        row += 1
    for number in range(MANDATE_TOP, MANDATE_BOTTOM + 1):
        unset = f'OR({MANDATE_USED}<>"yes",$C{number}="")'
        cells = (f'"{RULE}"&$A{number}', f'$B{number}&""', f"$C{number}")
        for column, cell in enumerate(cells):
            sheet.write_formula(row, left + column, f'=IF({unset},"",{cell})', style, "")
        row += 1
    area = f"${letters(FIRST_HIDDEN)}${MANDATE_TOP}:${letters(FIRST_HIDDEN + 2)}${row}"
    template.book.define_name(CONSTRAINTS, f"={Sheet.MANDATE}!{area}")
    sheet.set_column(left, left + 2, 14, style, {"hidden": True})


def _defaults() -> list[tuple[str, str, str | float]]:
    """Return name, for which and value of each row of the limits in a new workbook; blank where not set."""
    blank = ("", "", "")
    found: list[tuple[str, str, str | float]] = []
    for settings in LIMIT_GROUPS.values():
        found.append(blank)
        found += [blank if one.default is None else (one.label, "", one.default) for one in settings]
    return [*found, *[blank] * (1 + FREE_LIMITS)]
