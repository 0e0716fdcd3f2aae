"""The sheet Start: the answer page, live, and how to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.sheets.answering import ROOM, Part
from betaneutral_xl.hosts.sheets.cells import letters
from betaneutral_xl.hosts.sheets.layout import Sheet
from betaneutral_xl.hosts.sheets.session import Rows
from betaneutral_xl.hosts.sheets.template.canvas import (
    ACCENT,
    AFTER,
    BEFORE,
    CAUTION,
    ERROR,
    GRID,
    INK,
    MONEY,
    MUTED,
    OF_ETF,
    OF_MARKET,
    OF_REST,
    PERCENT,
    Spill,
    Template,
    cached,
    framed,
    plain_text,
)
from betaneutral_xl.hosts.sheets.template.table_sheets import PROBLEM

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet


WIDTHS = (31, 8, 8, 11, 13, 12, 10, 8, 8)
"""Widths of the columns of the tables."""

LAST = len(WIDTHS)
"""The last column of the tables; the charts stand right of it."""

QUESTION, VERDICT, ADVICE, FIRST, MEASURES = 2, 3, 4, 5, 10
"""Rows of the parts of the first screen."""

FORMATS: dict[Part, tuple[str, ...]] = {
    Part.FIRST: ("General", "General"),
    Part.MEASURES: ("General", PERCENT, PERCENT, MONEY, *["General"] * 4, "0.0%"),
    Part.ALTERNATIVES: ("General", PERCENT, PERCENT, PERCENT, "General", PERCENT, PERCENT, "0", "General"),
    Part.TRADES: ("General", PERCENT, PERCENT, MONEY, "General", PERCENT, "0.0000", "0.0000", "0.0000"),
    Part.WARNINGS: ("General", "General"),
    Part.SOURCES: ("General", "yyyy-mm-dd", "General", "General", "General", "General"),
}
"""Number formats of the columns of each part."""

TEXTS_AS_NUMBERS = frozenset(range(4, 8))
"""Columns of the measures whose texts are numbers in words: interval, realised beta, limit and state."""

BELOW = (
    (Part.ALTERNATIVES, "Alternatives"),
    (Part.TRADES, "Ten largest trades"),
    (Part.WARNINGS, "All warnings, what changes the answer first"),
    (Part.SOURCES, "Sources of the numbers"),
)
"""The parts below the first screen, and their headings."""

VARIANCE_COLUMN, PAST_COLUMN, PAST_ROOM = 27, 31, 60
"""First columns of the hidden data of the two charts, and the rows of the second."""

MONTHS_COLUMN, MONTHS = 37, 18
"""The first of the columns that the second chart draws, and the number of its months: the latest."""

STEPS = (
    ("Set", "Fund, day, ETF files, target and limits: the yellow cells of the sheet Settings."),
    ("Look", "This page and the other sheets follow the settings at once, from cached data."),
    ("Rebalance", "The button writes trades to the sheet Proposal and keeps the previous proposal."),
    ("Orders, Report", "The buttons write the order file and the report beside this workbook."),
)


def start(template: Template, results: dict[str, Rows]) -> Worksheet:
    """Write the sheet: verdict, measures and charts first, then what supports them."""
    sheet = template.sheet(Sheet.START, "Beta Neutral", "")
    template.widths(sheet, WIDTHS)
    _lines(template, sheet, results)
    _part(template, sheet, results, Part.FIRST, FIRST)
    _part(template, sheet, results, Part.MEASURES, MEASURES)
    _measure_rules(template, sheet)
    row = MEASURES + ROOM[Part.MEASURES] + 2
    heading = template.style(font_size=12, bold=True, font_color=ACCENT)
    for part, title in BELOW:
        sheet.write_string(row - 2, 0, title, heading)
        _part(template, sheet, results, part, row)
        row += ROOM[part] + 3
    _end(template, sheet, results, row)
    _charts(template, sheet, results)
    if template.with_macros:
        button = {"macro": "Rebalance", "caption": "Rebalance", "width": 150, "height": 36}
        sheet.insert_button(0, LAST, {**button, "description": "Rebalance"})
    sheet.freeze_panes(ADVICE, 0)
    sheet.print_area(0, 0, row + len(STEPS) + 4, LAST + 5)
    sheet.set_landscape()
    return sheet


def call(part: Part) -> str:
    """Return the formula of a part of the answer page for the workbook's settings."""
    return f'BN_ANSWER({PROBLEM},"{part}",setting_nav)'


def _part(template: Template, sheet: Worksheet, results: dict[str, Rows], part: Part, row: int) -> None:
    head = part not in {Part.FIRST, Part.WARNINGS}
    right = TEXTS_AS_NUMBERS if part is Part.MEASURES else frozenset()
    spill = Spill(call(part), results[f"answer {part}"], FORMATS[part], ROOM[part], head=head, right=right)
    template.block(sheet, (row, 1), spill)


def _lines(template: Template, sheet: Worksheet, results: dict[str, Rows]) -> None:
    """Write the question, the verdict and the advice, wrapped; an error is shown here, and only here."""
    style = template.style(font_color=MUTED)
    sheet.write_formula(
        QUESTION - 1, 0, f"={call(Part.QUESTION)}", style, cached(results["answer question"][0][0])
    )
    template.hide_repeated(sheet, QUESTION, 1, QUESTION, 1)
    sheet.set_row(VERDICT - 1, 38)
    sheet.set_row(ADVICE - 1, 20)
    green = {"bg_color": "#E7F4EC", "text_wrap": True, "indent": 1}
    bold = template.style(**green, font_size=13, bold=True, font_color="#14532D")
    plain = template.style(**green, font_color="#14532D")
    for row, part, look in ((VERDICT, Part.VERDICT, bold), (ADVICE, Part.ADVICE, plain)):
        sheet.merge_range(row - 1, 0, row - 1, LAST - 1, "", look)
        value = cached(results[f"answer {part}"][0][0])
        sheet.write_formula(row - 1, 0, f"={call(part)}", look, value)
    template.hide_repeated(sheet, ADVICE, 1, ADVICE, LAST)
    verdict, advice = plain_text(f"$A${VERDICT}"), plain_text(f"$A${ADVICE}")
    red, amber = {"bg_color": "#FDE8E6", "font_color": ERROR}, {"bg_color": "#FEF3D7", "font_color": CAUTION}
    for condition, look in (
        (f'OR(LEFT({verdict},6)="#BETA!",LEFT({advice},6)="Do not")', red),
        (f'OR(LEFT({advice},4)="Look",LEFT({advice},7)="Nothing")', amber),
    ):
        template.rule(sheet, (VERDICT, 1, ADVICE, LAST), condition, look)


def _measure_rules(template: Template, sheet: Worksheet) -> None:
    """Show betas and counts as numbers, and the state of each limit in its colour."""
    top, bottom = MEASURES + 1, MEASURES + ROOM[Part.MEASURES] - 1
    label = plain_text(f"$A{top}")
    betas = ",".join(f'LEFT({label},{len(word)})="{word}"' for word in ("Beta", "Market beta", "Limit: beta"))
    counts = ",".join(f'{label}="{word}"' for word in ("Names traded", "Limit: names traded"))
    for words, shown in ((betas, "0.00"), (counts, "0")):
        template.rule(sheet, (top, 2, bottom, 3), f"OR({words})", {"num_format": shown})
    state = plain_text(f"$H{top}")
    for word, colour in (("over", ERROR), ("near", CAUTION), ("within", "#15803D")):
        template.rule(sheet, (top, 8, bottom, 8), f'{state}="{word}"', {"font_color": colour, "bold": True})
    hedge = f'OR(LEFT({label},5)="Beta ",LEFT({label},8)="In place")'
    template.rule(sheet, (top, 1, bottom, 4), hedge, {"bold": True, "font_color": ACCENT})
    severe = f'{plain_text(f"$A{FIRST}")}<>"For information"'
    template.rule(sheet, (FIRST, 1, FIRST - 1 + ROOM[Part.FIRST], 2), severe, {"font_color": CAUTION})


def _end(template: Template, sheet: Worksheet, results: dict[str, Rows], row: int) -> None:
    """Write the steps, the version and the note on the sample."""
    bold = template.style(bold=True, font_color=ACCENT)
    sheet.write_string(
        row - 2, 0, "How to use this workbook", template.style(font_size=12, bold=True, font_color=ACCENT)
    )
    for place, (title, text) in enumerate(STEPS):
        sheet.write_string(row - 1 + place, 0, f"{place + 1}  {title}", bold)
        sheet.write_string(row - 1 + place, 1, text, template.style())
    row += len(STEPS)
    sheet.write_string(row, 0, "Computed by", template.style(bold=True))
    template.formula(sheet, (row + 1, 2), "BN_VERSION()", results["version"])
    built = f"betaneutral_xl {template.versions['betaneutral_xl']}"
    same = "same version as this workbook"
    advice = "this workbook has another version: run betaneutral-xl workbook build"
    verdict = f'=IF({plain_text(f"B{row + 1}")}="{built}","{same}","{advice}")'
    sheet.write_formula(row, 4, verdict, template.style(font_color=MUTED), same)
    note = (
        "This workbook starts with the embedded sample, which is for trial only and is not the fund's "
        "portfolio. Set Fund, ETF and Risk model on the sheet Settings to your own."
    )
    style = template.style(font_color=MUTED, text_wrap=True, valign="top")
    sheet.merge_range(row + 1, 0, row + 2, LAST - 1, note, style)


def _charts(template: Template, sheet: Worksheet, results: dict[str, Rows]) -> None:
    """Insert the charts, over hidden columns: the split of the variance, and realised betas by month."""
    hidden = template.style(font_color=MUTED)
    sheet.set_column(VARIANCE_COLUMN - 1, MONTHS_COLUMN + 4, 11, hidden, {"hidden": True})
    three = ("General", PERCENT, PERCENT)
    five = ("yyyy-mm", "0.00", "0.00", "0.00", "0.00")
    for part, column, formats, room in (
        (Part.VARIANCE, VARIANCE_COLUMN, three, 4),
        (Part.PAST, PAST_COLUMN, five, PAST_ROOM),
    ):
        spill = Spill(call(part), results[f"answer {part}"], formats, room)
        template.block(sheet, (MEASURES, column), spill)
    _latest_months(template, sheet, results["answer past"])
    size = {"width": 310, "height": 225}
    for row, chart in ((FIRST - 1, _variance(template)), (FIRST + 11, _past(template))):
        chart.set_size(size)
        chart.show_hidden_data()
        sheet.insert_chart(row, LAST, chart, {"object_position": 3, "x_offset": 6})


def _latest_months(template: Template, sheet: Worksheet, rows: Rows) -> None:
    """Write the latest months of the past; what is unknown is #N/A, since a chart draws any text as zero."""
    hidden = template.style(font_color=MUTED)
    top, bottom = MEASURES + 1, MEASURES + PAST_ROOM - 1
    months = f"${letters(PAST_COLUMN)}${top}:${letters(PAST_COLUMN)}${bottom}"
    known = rows[1:]
    skipped = max(len(known) - MONTHS, 0)
    for row in range(MONTHS):
        at = f"MAX(COUNT({months})-{MONTHS},0)+{row + 1}"
        for place in range(5):
            there = letters(PAST_COLUMN + place)
            value = f"INDEX(${there}${top}:${there}${bottom},{at})"
            shown = cached(known[skipped + row][place]) if skipped + row < len(known) else ""
            if place == 0:
                formula, style = f'=IF({at}>COUNT({months}),"",{value})', template.style(num_format="yyyy-mm")
            else:
                formula, style = f"=IF(ISNUMBER({value}),{value},NA())", hidden
                shown = "#N/A" if shown == "" else shown
            sheet.write_formula(MEASURES + row, MONTHS_COLUMN - 1 + place, formula, style, shown)


def _area(column: int, first: int, last: int, *, until: int | None = None) -> str:
    return f"={Sheet.START}!${letters(column)}${first}:${letters(until or column)}${last}"


def _variance(template: Template) -> Any:
    chart = template.book.add_chart({"type": "bar", "subtype": "stacked"})
    for place, colour in enumerate((OF_ETF, OF_MARKET, OF_REST), start=1):
        row = MEASURES + place
        chart.add_series(
            {
                "name": _area(VARIANCE_COLUMN, row, row),
                "categories": _area(VARIANCE_COLUMN + 1, MEASURES, MEASURES, until=VARIANCE_COLUMN + 2),
                "values": _area(VARIANCE_COLUMN + 1, row, row, until=VARIANCE_COLUMN + 2),
                "fill": {"color": colour},
                "gap": 50,
            }
        )
    framed(chart, "Variance, as a share of today's")
    chart.set_y_axis({"reverse": True, "line": {"none": True}})
    chart.set_x_axis({"num_format": "0%", "min": 0, "num_font": {"size": 8}, "major_gridlines": GRID})
    return chart


def _past(template: Template) -> Any:
    chart = template.book.add_chart({"type": "line"})
    first, last = MEASURES + 1, MEASURES + MONTHS
    end = {"color": INK, "width": 0.75, "dash_type": "dash"}
    for place, line in enumerate(
        ({"color": BEFORE, "width": 1.5}, {"color": AFTER, "width": 2.25}, end, end), 1
    ):
        fill = {"color": line["color"]}
        chart.add_series(
            {
                "name": _area(PAST_COLUMN + place, MEASURES, MEASURES),
                "categories": _area(MONTHS_COLUMN, first, last),
                "values": _area(MONTHS_COLUMN + place, first, last),
                "line": line,
                "marker": {"type": "none"}
                if line is end
                else {"type": "circle", "size": 4, "fill": fill, "border": fill},
            }
        )
    framed(chart, "Measured beta to the first ETF, by month")
    chart.set_x_axis({"label_position": "low", "num_font": {"size": 8}})
    chart.set_y_axis({"num_format": "0.0", "major_gridlines": GRID})
    chart.show_blanks_as("span")  # LibreOffice draws a gap as zero; the markers are of known months alone
    return chart
