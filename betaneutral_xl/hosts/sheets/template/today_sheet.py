"""The sheet that the button Today fills: whether to trade, what moved the beta, and its history as charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.sheets.cells import letters
from betaneutral_xl.hosts.sheets.layout import FILLS, HISTORY_COLUMNS, TODAY, Sheet
from betaneutral_xl.hosts.sheets.template.canvas import (
    BETA,
    CAUTION,
    GRID,
    HEAD,
    MUTED,
    PERCENT,
    SOLD,
    Template,
    framed,
)
from betaneutral_xl.hosts.sheets.template.settings_sheet import ANY_TEXT, entry, validate
from betaneutral_xl.job.views import Kind

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet


GREEN, BLUE = "#047857", "#1D4ED8"

WIDTHS = (32, 14, 96, 3, 3)
"""Widths of label, value, remark, the hidden kind, and the column before the charts."""

LAST_ROW = 400
"""Row down to which the lines are formatted."""

FILLS_HELP = (
    "After trading: the file of trades (Interactive Brokers' Flex, or ticker, side, shares, price), or "
    "ibkr:QUERYID. Today reconciles it with the accepted orders. Blank: not reconciled."
)

KINDS = {Kind.NUMBER: BETA, Kind.PERCENT: PERCENT, Kind.COUNT: "#,##0"}
"""Number formats of the values, by their kind."""

BETAS = (
    ("Beta", BLUE, {"width": 2.0}, True),
    ("Lowest", "#D97706", {"width": 1.0}, False),
    ("Highest", "#D97706", {"width": 1.0}, False),
    ("Target", "#6B7280", {"width": 1.0, "dash_type": "dash"}, False),
    ("Accepted", GREEN, {"width": 1.25}, False),
)
"""The series of the first chart: column, colour, line, and whether days are marked."""

PARTS = (
    ("Prices", "#6B7280"),
    ("Trades and flows", "#B45309"),
    ("The ETF itself", GREEN),
    ("Risk model", "#7C3AED"),
)
"""The series of the second chart."""


def today(template: Template) -> Worksheet:
    """Write the cell of the trades' file, the formats of the lines, and two charts over the history."""
    sheet = template.sheet(
        Sheet.TODAY,
        "Today",
        "The button Today compares the beta of now with the accepted proposal and with its tolerance; Accept "
        "keeps the sheet Proposal as what was decided.",
        tab=GREEN,
    )
    for column, width in enumerate(WIDTHS):
        hidden = {"hidden": True} if column == TODAY.columns - 1 else {}
        sheet.set_column(column, column, width, template.style(), hidden)
    _fills(template, sheet)
    _lines(template, sheet)
    _history(template, sheet)
    sheet.freeze_panes(TODAY.headline - 1, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    return sheet


def _fills(template: Template, sheet: Worksheet) -> None:
    row = TODAY.fills - 1
    sheet.write_string(row, 0, "Trades to reconcile", template.style(bold=True))
    sheet.write_blank(row, 1, None, entry(template))
    sheet.write_string(row, 2, FILLS_HELP, template.style(font_color=MUTED, indent=1))
    validate(sheet, (row, 1), "Trades to reconcile", FILLS_HELP, ANY_TEXT)
    template.book.define_name(FILLS, f"={Sheet.TODAY}!$B${TODAY.fills}")


def _lines(template: Template, sheet: Worksheet) -> None:
    """Format the verdict, the table of lines, and its values by their kind."""
    sheet.set_row(TODAY.headline - 1, 24)
    sheet.write_blank(TODAY.headline - 1, 0, None, template.style(font_size=14, bold=True))
    first = f"$A${TODAY.headline}"
    for word, colour in (("Rebalance", SOLD), ("Leave", GREEN)):
        criteria = f'LEFT({first},{len(word)})="{word}"'
        template.rule(sheet, (TODAY.headline, 1, TODAY.headline, 1), criteria, {"font_color": colour})
    sheet.write_blank(TODAY.about - 1, 0, None, template.style(font_color=MUTED))
    template.rule(sheet, (TODAY.table, 1, TODAY.table, 3), f'$A${TODAY.table}<>""', HEAD)
    top = TODAY.table + 1
    for kind, shown in KINDS.items():
        template.rule(sheet, (top, 2, LAST_ROW, 2), f'$D{top}="{kind}"', {"num_format": shown})
    for criteria in (
        f'OR($A{top}="Note",$B{top}="not possible")',
        f'RIGHT($C{top},4)="over"',
        f'ISNUMBER(SEARCH(": over (",$C{top}))',
    ):
        template.rule(sheet, (top, 1, LAST_ROW, 3), criteria, {"font_color": CAUTION})
    value, remark = template.style(align="right"), template.style(align="left", indent=1)
    for row in range(TODAY.table - 1, LAST_ROW):
        sheet.write_blank(row, 1, None, value)
        sheet.write_blank(row, 2, None, remark)


def _history(template: Template, sheet: Worksheet) -> None:
    """Format the history, and draw it: the beta within its tolerance, and what moved it."""
    left = TODAY.left
    formats = ["d mmm yyyy", *[BETA] * 5, "General", *["+0.0000;-0.0000;0.0000"] * 4]
    for place, shown in enumerate(formats):
        of_text = place in {0, HISTORY_COLUMNS.index("Verdict")}
        style = template.style(num_format=shown, align="left" if of_text else "right", indent=int(place > 0))
        sheet.set_column(left - 1 + place, left - 1 + place, 17, style)
    last = left + len(HISTORY_COLUMNS) - 1
    there = f'${letters(left)}${TODAY.history}<>""'
    template.rule(sheet, (TODAY.history, left, TODAY.history, last), there, HEAD)
    betas = template.book.add_chart({"type": "scatter", "subtype": "straight"})
    for name, colour, line, marked in BETAS:
        filled = {"type": "circle", "size": 5, "fill": {"color": colour}, "border": {"color": colour}}
        marker = filled if marked else {"type": "none"}
        betas.add_series({**_areas(name), "line": {"color": colour, **line}, "marker": marker})
    parts = template.book.add_chart({"type": "scatter", "subtype": "straight"})
    for name, colour in PARTS:
        line = {"color": colour, "width": 1.75}
        parts.add_series({**_areas(name), "line": line, "marker": {"type": "none"}})
    for place, (chart, title) in enumerate(
        ((betas, "Beta, and what it may be"), (parts, "What moved it since it was accepted"))
    ):
        framed(chart, title)
        chart.set_x_axis({"num_format": "d mmm", "num_font": {"size": 8}, "label_position": "low"})
        chart.set_y_axis({"num_format": "0.00", "major_gridlines": GRID})
        chart.set_size({"width": 760, "height": 340})
        chart.show_blanks_as("gap")
        row = TODAY.headline - 1 + 18 * place
        sheet.insert_chart(row, left - 1, chart, {"object_position": 3, "y_offset": 4})


def _areas(column: str) -> dict[str, Any]:
    """Return name, days and values of a series."""
    first, last = TODAY.history + 1, TODAY.history + TODAY.days
    day, values = (letters(TODAY.left + HISTORY_COLUMNS.index(name)) for name in ("Day", column))
    return {
        "name": column,
        "categories": f"={Sheet.TODAY}!${day}${first}:${day}${last}",
        "values": f"={Sheet.TODAY}!${values}${first}:${values}${last}",
    }
