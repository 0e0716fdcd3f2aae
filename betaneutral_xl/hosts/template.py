"""The template workbook's sheets, written by the plan of ``layout``.

Every formula is written with the value that it has for the embedded sample, so that previews,
phones and programs without our functions show numbers, not zeros.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts import worksheet
from betaneutral_xl.hosts.functions import BY_NAME, FUNCTIONS
from betaneutral_xl.hosts.layout import (
    ETF_STRIDE,
    EXPOSURE_COLUMN,
    FIRST_ROW,
    FREE_LIMITS,
    LAST_ROW,
    LIMIT_ROWS,
    LIMITS,
    LOG_COLUMNS,
    LOG_ROW,
    MATRIX_ROW,
    MOST_ETFS,
    PROPOSAL,
    SETTINGS,
    Setting,
    Sheet,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xlsxwriter
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from betaneutral_xl.hosts.cells import Cell
    from betaneutral_xl.hosts.session import Rows, Session

CREATED = datetime(2025, 11, 18)  # noqa: DTZ001 - a fixed day, so that the same sources give the same bytes
"""The template's day of creation: the sample's."""

DIGITS = 12
"""Significant digits of cached values: the last ones differ from machine to machine."""

INK, MUTED, ACCENT, PALE, LINE, INPUT = "#1F2937", "#6B7280", "#1E3A5F", "#EEF2F7", "#D5DBE3", "#FFFBEB"
BLUE, ORANGE = "#0000FF", "#C2410C"

FONT = "Calibri"

BETA, PERCENT, MONEY = "0.0000", "0.00%;-0.00%;0.00%", "#,##0"

RANGES = {
    "holdings": f"Holdings!$A${FIRST_ROW}:$E${LAST_ROW}",
    "etf": f"ETF!$A${FIRST_ROW}:$N${LAST_ROW}",
    "risk": f"Covariance!$A${FIRST_ROW}",
}
PROBLEM = f"{RANGES['holdings']},{RANGES['etf']},{RANGES['risk']},setting_target,setting_method,{LIMITS}"


@dataclass(frozen=True, slots=True)
class Template:
    """The sheets while they are written."""

    book: xlsxwriter.Workbook
    versions: Mapping[str, str]
    with_macros: bool
    formats: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)

    def style(self, **properties: Any) -> Format:
        """Return a cell format; the same properties are one format."""
        full = {"font_name": FONT, "font_size": 10, "font_color": INK, "valign": "vcenter", **properties}
        key = tuple(sorted(full.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(full)
        return self.formats[key]

    def sheet(self, name: Sheet, title: str, subtitle: str, *, tab: str = ACCENT) -> Worksheet:
        """Start a sheet: title, subtitle, no grid, paper, footer."""
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_tab_color(tab)
        sheet.set_row(0, 30)
        sheet.write_string(0, 0, title, self.style(font_size=18, bold=True, font_color=ACCENT))
        sheet.write_string(1, 0, subtitle, self.style(font_color=MUTED, italic=True))
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(0.5, 0.5, 0.6, 0.7)
        sheet.set_footer("&L&8betaneutral_xl&C&8&A&R&8page &P of &N")
        return sheet

    def head(self, sheet: Worksheet, row: int, column: int, labels: Sequence[str]) -> None:
        """Write a table's head where no formula does."""
        for place, label in enumerate(labels):
            sheet.write_string(row - 1, column - 1 + place, label, self.band(left=place == 0))

    def band(self, *, left: bool = False) -> Format:
        """Return the format of a table's head."""
        return self.style(bold=True, font_color="#FFFFFF", bg_color=ACCENT, align="left" if left else "right")

    def formula(
        self, sheet: Worksheet, row: int, column: int, text: str, rows: Rows, shown: Sequence[str]
    ) -> None:
        """Write a formula that spills, with its values.

        ``shown`` are the columns' number formats; the first row is a head if there are several columns.
        """
        bottom, right = row + len(rows) - 1, column + len(rows[0]) - 1
        head = len(rows[0]) > 1
        anchor = self.band(left=True) if head else self.style()
        sheet.write_dynamic_array_formula(
            row - 1, column - 1, bottom - 1, right - 1, f"={text}", anchor, _cached(rows[0][0])
        )
        for i, values in enumerate(rows):
            for j, value in enumerate(values):
                if i == j == 0:
                    continue
                is_text = isinstance(rows[-1][j], str)
                style = self.band(left=is_text) if head and i == 0 else self.style(num_format=_of(shown, j))
                _put(sheet, row - 1 + i, column - 1 + j, value, style)


def build(session: Session, versions: Mapping[str, str], vba: bytes | None = None) -> bytes:
    """Return the template as an .xlsx; with a macro project as an .xlsm, but for its ribbon.

    Parameters
    ----------
    session
        Computes the values that the formulas have for the sample.
    versions
        Of the libraries that it is built with.
    vba
        The macro project; with it come the buttons, and the sheets that only Excel needs.

    """
    import xlsxwriter  # noqa: PLC0415 - only the build needs it

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    book.set_properties(
        {
            "title": "Beta Neutral",
            "subject": "Make a portfolio beta-neutral to ETFs",
            "author": "betaneutral_xl",
            "created": CREATED,
        }
    )
    book.set_size(2400, 1500)
    template = Template(book, versions, vba is not None)
    results = sample_results(session)
    sheets = [
        _start(template, results),
        _settings(template),
        _holdings(template, results),
        _etf(template, results),
        _covariance(template, results),
        _neutral(template, results),
        _rebalance(template),
        _log(template),
        _previous(template),
    ]
    if vba is not None:
        sheets += [_xlwings(template), _intellisense(template)]
        book.add_vba_project(io.BytesIO(vba), is_stream=True)
        book.set_vba_name("ThisWorkbook")
        for number, sheet in enumerate(sheets, start=1):
            sheet.set_vba_name(f"Sheet{number}")
    sheets[0].activate()
    book.close()
    return stream.getvalue()


def sample_results(session: Session) -> dict[str, Rows]:
    """Return what each formula of the template answers for the sample."""

    def answer(name: str, *values: object) -> Rows:
        return session.answer(BY_NAME[name], *values)

    holdings, etf = answer("FETCH_HOLDINGS", worksheet.DEMO), answer("LOAD_ETF", worksheet.DEMO)
    limits = [(row.name, None, row.default) for row in LIMIT_ROWS]
    risk = answer("COVARIANCE", answer("BN_NAMES", holdings, etf), worksheet.DEMO, None, "TRUE")
    problem = (holdings, etf, risk, 0.0, "hedge", limits)
    weights = answer("BETA_NEUTRAL", *problem)
    return {
        "holdings": holdings,
        "etf": etf,
        "risk": risk,
        "matrix": answer("BN_MATRIX", risk),
        "weights": weights,
        "exposure": answer("BN_EXPOSURE", *problem),
        "status": answer("BN_STATUS", weights),
        "version": answer("BN_VERSION"),
    }


# ---------------------------------------------------------------- the sheets


def _start(template: Template, results: dict[str, Rows]) -> Worksheet:
    sheet = template.sheet(
        Sheet.START,
        "Beta Neutral",
        "How much of the portfolio is a bet on the ETFs, and the weights that take it out.",
    )
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 15)
    sheet.set_column(2, 6, 17)
    big = template.style(font_size=11, bold=True, font_color=ACCENT)
    steps = (
        ("1  Set", "Fund, day, ETF files, target and limits: the blue cells of the sheet Settings."),
        (
            "2  Look",
            "Holdings, ETF, Covariance and Neutral calculate by themselves; nothing is fetched twice.",
        ),
        (
            "3  Rebalance",
            "The button writes a proposal with trades to the sheet Rebalance, and keeps the one before.",
        ),
    )
    for row, (title, text) in enumerate(steps, start=3):
        sheet.set_row(row, 22)
        sheet.write_string(row, 0, title, big)
        sheet.write_string(row, 1, text, template.style(font_size=11))
    row = 8
    template.head(sheet, row, 1, ["Now", "before", "after"])
    for place in range(3):
        _native_row(template, sheet, row + place, FIRST_ROW + 1 + place, results["exposure"][1 + place][:3])
    row = 15
    sheet.write_string(
        row - 2, 0, "Where the numbers are from", template.style(font_size=12, bold=True, font_color=ACCENT)
    )
    status = tuple(
        (*line[:4], None, None, line[6]) if i else line for i, line in enumerate(results["status"])
    )
    weights = f"Neutral!$A${FIRST_ROW}:$J${LAST_ROW}"
    template.formula(
        sheet,
        row,
        1,
        f"BN_STATUS({weights})",
        status,
        ["General"] * 3 + ["yyyy-mm-dd", "General", "0", "General"],
    )
    sheet.write_string(row + 4, 0, "Answered by", template.style(bold=True))
    template.formula(sheet, row + 5, 2, "BN_VERSION()", results["version"], [])
    built = f"betaneutral_xl {template.versions['betaneutral_xl']}"
    verdict = f'=IF(B{row + 5}="{built}","as this workbook","another than this workbook: run betaneutral-xl workbook build")'
    sheet.write_formula(row + 4, 3, verdict, template.style(font_color=MUTED), "as this workbook")
    note = template.style(font_color=MUTED, text_wrap=True, valign="top")
    said = (
        "This workbook starts with the embedded sample: it is for trying things out, and is not the fund's portfolio. "
        "Set Fund, ETF and Risk model on the sheet Settings to your own."
    )
    sheet.merge_range(row + 6, 0, row + 7, 6, said, note)
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
    """Write a line of Start that shows a line of Neutral."""
    shown = BETA if "beta" in str(values[0]) else PERCENT
    for place, value in enumerate(values):
        column = _column(EXPOSURE_COLUMN + place)
        style = template.style(num_format=shown, bottom=1, bottom_color=LINE, font_size=11, bold=place == 0)
        sheet.write_formula(row, place, f"=Neutral!{column}{source}", style, _cached(value))


def _settings(template: Template) -> Worksheet:
    sheet = template.sheet(
        Sheet.SETTINGS, "Settings", "Blue cells are yours to change; everything else follows."
    )
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 16)
    sheet.set_column(2, 2, 24)
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
    hint = "Further limits of BETA_NEUTRAL, a line each; for which: a ticker, a group, or blank for all."
    sheet.write_string(row - FREE_LIMITS + 1, 3, hint, template.style(font_color=MUTED))
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
    if setting.choices:
        choices = [str(one) for one in setting.choices]
        sheet.data_validation(
            row, 2, row, 2,
            {"validate": "list", "source": choices, "error_title": setting.label or setting.name, "error_message": "Choose one of the list."},
        )  # fmt: skip
    sheet.write_string(row, 3, setting.hint, template.style(font_color=MUTED))


def _holdings(template: Template, results: dict[str, Rows]) -> Worksheet:
    sheet = template.sheet(
        Sheet.HOLDINGS,
        "Holdings",
        "FETCH_HOLDINGS answers in A6; or paste ticker, shares, price, or ticker, weight, over it.",
    )
    shown = ["General", MONEY, "#,##0.00", MONEY, PERCENT]
    for column, (width, number_format) in enumerate(zip((16, 14, 12, 18, 12), shown, strict=True)):
        sheet.set_column(column, column, width, template.style(num_format=number_format))
    template.formula(
        sheet, FIRST_ROW, 1, "FETCH_HOLDINGS(setting_fund,setting_as_of)", results["holdings"], shown
    )
    sheet.write_string(3, 0, "Names", template.style(bold=True))
    sheet.write_formula(
        3,
        1,
        f"=COUNTA(A{FIRST_ROW + 1}:A{LAST_ROW})",
        template.style(num_format="0"),
        len(results["holdings"]) - 1,
    )
    total = sum(float(str(row[4])) for row in results["holdings"][1:])
    sheet.write_string(3, 3, "Sum of weights", template.style(bold=True, align="right"))
    sheet.write_formula(
        3,
        4,
        f"=SUM(E{FIRST_ROW + 1}:E{LAST_ROW})",
        template.style(num_format=PERCENT, bold=True),
        _cached(total),
    )
    _table_paper(sheet, FIRST_ROW)
    return sheet


def _etf(template: Template, results: dict[str, Rows]) -> Worksheet:
    sheet = template.sheet(
        Sheet.ETF,
        "ETF",
        "LOAD_ETF answers in A6, F6 and K6; or paste ticker and weight over it. Empty: no such ETF.",
    )
    for place in range(MOST_ETFS):
        left = 1 + place * ETF_STRIDE
        for offset, width in enumerate((10, 38 if place == 0 else 24, 10, 10, 3)):
            shown = PERCENT if offset == 2 else "General"  # noqa: PLR2004 - ticker, name, weight, class
            sheet.set_column(left - 1 + offset, left - 1 + offset, width, template.style(num_format=shown))
        name = f"setting_etf_{place + 1}"
        rows = results["etf"] if place == 0 else (("",),)
        text = f"LOAD_ETF({name})" if place == 0 else f'IF({name}="","",LOAD_ETF({name}))'
        template.formula(sheet, FIRST_ROW, left, text, rows, ["General", "General", PERCENT, "General"])
        sheet.write_string(3, left - 1, "Sum", template.style(bold=True))
        total = sum(float(str(row[2])) for row in results["etf"][1:]) if place == 0 else 0.0
        weight = _column(left + 2)
        sheet.write_formula(
            3,
            left + 1,
            f"=SUM({weight}{FIRST_ROW + 1}:{weight}{LAST_ROW})",
            template.style(num_format=PERCENT, bold=True),
            _cached(total),
        )
    _table_paper(sheet, FIRST_ROW)
    sheet.set_landscape()
    return sheet


def _covariance(template: Template, results: dict[str, Rows]) -> Worksheet:
    sheet = template.sheet(
        Sheet.COVARIANCE,
        "Covariance",
        "Annual, decimals. A6 is a handle that stands for the whole matrix, which is shown below.",
    )
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, len(results["matrix"]), 9, template.style(num_format="0.0000"))
    text = f"COVARIANCE(BN_NAMES({RANGES['holdings']},{RANGES['etf']}),setting_risk,,TRUE)"
    template.formula(sheet, FIRST_ROW, 1, text, results["risk"], [])
    sheet.write_string(FIRST_ROW - 2, 0, "handle", template.style(font_color=MUTED))
    template.formula(
        sheet,
        MATRIX_ROW,
        1,
        f"BN_MATRIX(A{FIRST_ROW})",
        results["matrix"],
        ["General", *["0.0000"] * len(results["matrix"])],
    )
    last = _column(len(results["matrix"]))
    sheet.conditional_format(
        f"B{MATRIX_ROW + 1}:{last}{MATRIX_ROW + len(results['matrix']) - 1}",
        {"type": "3_color_scale", "min_color": "#F8FAFC", "mid_color": "#BFD3EA", "max_color": "#3B6EA8"},
    )
    sheet.freeze_panes(MATRIX_ROW, 1)
    sheet.set_landscape()
    sheet.repeat_rows(MATRIX_ROW - 1)
    return sheet


def _neutral(template: Template, results: dict[str, Rows]) -> Worksheet:
    sheet = template.sheet(
        Sheet.NEUTRAL,
        "Neutral",
        "BETA_NEUTRAL and BN_EXPOSURE follow the settings; the button Rebalance writes a proposal that stays.",
    )
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, 9, 13, template.style(num_format=PERCENT))
    sheet.set_column(10, 10, 3)
    sheet.set_column(EXPOSURE_COLUMN - 1, EXPOSURE_COLUMN - 1, 32)
    sheet.set_column(EXPOSURE_COLUMN, EXPOSURE_COLUMN + 3, 12)
    head = results["weights"][0]
    shown = ["General" if name == "ticker" else BETA if "beta" in str(name) else PERCENT for name in head]
    template.formula(sheet, FIRST_ROW, 1, f"BETA_NEUTRAL({PROBLEM})", results["weights"], shown)
    exposure = results["exposure"]
    template.formula(
        sheet, FIRST_ROW, EXPOSURE_COLUMN, f"BN_EXPOSURE({PROBLEM})", exposure, ["General", *[BETA] * 4]
    )
    _percent_rules(template, sheet, EXPOSURE_COLUMN, FIRST_ROW, FIRST_ROW + 24)
    chart = template.book.add_chart({"type": "bar"})
    left = _column(EXPOSURE_COLUMN)
    kept = [i for i, row in enumerate(exposure) if i and row[1] is not None]
    first, last = FIRST_ROW + kept[0], FIRST_ROW + kept[-1]
    for place, (name, color) in enumerate((("before", "#94A3B8"), ("after", "#1D4ED8")), start=1):
        column = _column(EXPOSURE_COLUMN + place)
        chart.add_series(
            {
                "name": name,
                "categories": f"=Neutral!${left}${first}:${left}${last}",
                "values": f"=Neutral!${column}${first}:${column}${last}",
                "fill": {"color": color},
                "gap": 60,
            }
        )
    _frame(chart, "Before and after")
    chart.set_y_axis(
        {"reverse": True, "num_font": {"size": 9}, "label_position": "low", "line": {"none": True}}
    )
    chart.set_x_axis({"num_format": "0.00", "major_gridlines": {"visible": True, "line": {"color": LINE}}})
    sheet.insert_chart(FIRST_ROW + 11, EXPOSURE_COLUMN - 1, chart, {"object_position": 2})
    weights = template.book.add_chart({"type": "column"})
    end = FIRST_ROW + len(results["weights"]) - 2
    for name, color in (("weight", "#94A3B8"), ("new_weight", "#1D4ED8")):
        column = _column(1 + head.index(name))
        weights.add_series(
            {
                "name": name.replace("_", " "),
                "categories": f"=Neutral!$A${FIRST_ROW + 1}:$A${end}",
                "values": f"=Neutral!${column}${FIRST_ROW + 1}:${column}${end}",
                "fill": {"color": color},
                "gap": 40,
                "overlap": 0,
            }
        )
    _frame(weights, "Weights")
    weights.set_x_axis({"label_position": "low", "num_font": {"size": 7, "rotation": -90}})
    weights.set_y_axis({"num_format": "0%", "major_gridlines": {"visible": True, "line": {"color": LINE}}})
    weights.set_size({"width": 760, "height": 330})
    sheet.insert_chart(FIRST_ROW + 27, EXPOSURE_COLUMN - 1, weights, {"object_position": 2})
    _table_paper(sheet, FIRST_ROW)
    sheet.set_landscape()
    return sheet


def _rebalance(template: Template) -> Worksheet:
    sheet = template.sheet(Sheet.REBALANCE, "Proposal", "Nothing yet: press Rebalance.", tab="#B45309")
    _proposal_formats(template, sheet)
    return sheet


def _previous(template: Template) -> Worksheet:
    sheet = template.sheet(Sheet.PREVIOUS, "Proposal before", "")
    _proposal_formats(template, sheet)
    sheet.hide()
    return sheet


def _proposal_formats(template: Template, sheet: Worksheet) -> None:
    """Prepare the sheet for what the button writes: formats by column, and by rule where columns vary."""
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 4, 13, template.style(num_format=PERCENT))
    sheet.set_column(5, 5, 20, template.style(num_format=PERCENT))
    sheet.set_column(6, 13, 16, template.style(num_format=PERCENT))
    head = template.book.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": ACCENT})
    for row, numbers in ((PROPOSAL.measures, 4), (PROPOSAL.table, 13)):
        for column in range(1, numbers + 1):
            sheet.write_blank(row - 1, column, None, template.style(align="right"))
        sheet.conditional_format(
            row - 1, 0, row - 1, 13, {"type": "formula", "criteria": f'=A${row}<>""', "format": head}
        )
    bold = template.book.add_format({"bold": True, "font_color": ACCENT})
    sheet.conditional_format(1, 0, 1, 0, {"type": "no_blanks", "format": bold})
    beta = template.book.add_format({"num_format": "0.0000"})
    sheet.conditional_format(
        PROPOSAL.measures, 1, PROPOSAL.table - 3, 4,
        {"type": "formula", "criteria": f'=OR(LEFT($A{PROPOSAL.measures + 1},4)="beta",LEFT($A{PROPOSAL.measures + 1},8)="standard",LEFT($A{PROPOSAL.measures + 1},5)="hedge",LEFT($A{PROPOSAL.measures + 1},9)="condition")', "format": beta},
    )  # fmt: skip
    top = PROPOSAL.table + 1
    area = (PROPOSAL.table, 1, LAST_ROW, 13)
    money = template.book.add_format({"num_format": MONEY})
    sheet.conditional_format(
        *area,
        {"type": "formula", "criteria": f'=LEFT(B${PROPOSAL.table},14)="predicted_beta"', "format": beta},
    )
    sheet.conditional_format(
        *area, {"type": "formula", "criteria": f'=RIGHT(B${PROPOSAL.table},5)="value"', "format": money}
    )
    total = template.book.add_format({"bold": True, "top": 1})
    sheet.conditional_format(
        PROPOSAL.table, 0, LAST_ROW, 13, {"type": "formula", "criteria": f'=$A{top}="CASH"', "format": total}
    )
    caution = template.book.add_format({"font_color": "#92400E"})
    sheet.conditional_format(
        PROPOSAL.warnings - 1, 5, PROPOSAL.table - 3, 5, {"type": "no_blanks", "format": caution}
    )
    sheet.freeze_panes(3, 1)
    sheet.set_landscape()
    sheet.repeat_rows(PROPOSAL.table - 1)


def _log(template: Template) -> Worksheet:
    sheet = template.sheet(Sheet.LOG, "Log", "What the buttons did, the latest last.", tab=MUTED)
    for column, width in enumerate((24, 14, 10, 14, 14, 12, 9, 90)):
        shown = PERCENT if LOG_COLUMNS[column] == "turnover" else "General"
        sheet.set_column(column, column, width, template.style(num_format=shown, align="left"))
        sheet.write_string(LOG_ROW - 1, column, LOG_COLUMNS[column], template.band(left=True))
    sheet.freeze_panes(LOG_ROW, 0)
    sheet.set_landscape()
    return sheet


def _xlwings(template: Template) -> Worksheet:
    """Write the sheet that tells xlwings where Python and our functions are, and what built the workbook."""
    sheet = template.book.add_worksheet(Sheet.XLWINGS)
    built = ((BUILT_WITH[what], version) for what, version in template.versions.items())
    for row, (key, value) in enumerate((*XLWINGS_CONF, *built)):
        sheet.write_string(row, 0, key)
        sheet.write(row, 1, value)
    template.book.define_name(INTERPRETER, f"='{Sheet.XLWINGS}'!$B$1")
    sheet.hide()
    return sheet


INTERPRETER = "xlwings_interpreter"
"""The name of the cell that says which Python answers; the installation fills it in."""

XLWINGS_CONF: tuple[tuple[str, str | bool], ...] = (
    ("INTERPRETER_WIN", ""),
    ("INTERPRETER_MAC", ""),
    ("UDF MODULES", "betaneutral_xl.hosts.excel.udfs"),
    ("USE UDF SERVER", True),
    ("SHOW CONSOLE", False),
    ("ADD_WORKBOOK_TO_PYTHONPATH", False),
)
"""xlwings' settings."""

BUILT_WITH = {what: f"BUILT WITH {what.upper()}" for what in ("betaneutral_xl", "xlwings")}
"""The labels of the versions beside them."""


def _intellisense(template: Template) -> Worksheet:
    """Write the sheet from which the Excel-DNA IntelliSense add-in, where installed, shows help while typing."""
    sheet = template.book.add_worksheet(Sheet.INTELLISENSE)
    sheet.write_row(0, 0, ["FunctionInfo", 1.0])
    for row, function in enumerate(FUNCTIONS, start=1):
        arguments = [text for one in function.arguments for text in (one.name, one.help)]
        sheet.write_row(row, 0, [function.name, function.help, "", *arguments])
    sheet.very_hidden()
    return sheet


# ---------------------------------------------------------------- small things


def _percent_rules(template: Template, sheet: Worksheet, column: int, top: int, bottom: int) -> None:
    """Show the measures that are shares of net asset value in percent."""
    percent = template.book.add_format({"num_format": PERCENT})
    label = f"${_column(column)}{top + 1}"
    words = ("volatility", "gross exposure", "net exposure", "cash", "tracking error", "turnover")
    criteria = "=OR(" + ",".join(f'{label}="{word}"' for word in words) + ")"
    sheet.conditional_format(
        top, column, bottom - 1, column + 1,
        {"type": "formula", "criteria": criteria, "format": percent},
    )  # fmt: skip


def _frame(chart: Any, title: str) -> None:
    chart.set_title({"name": title, "name_font": {"size": 12, "color": INK}, "overlay": False})
    chart.set_legend({"position": "bottom", "font": {"size": 9}})
    chart.set_chartarea({"border": {"color": LINE}})
    chart.set_size({"width": 560, "height": 300})


def _table_paper(sheet: Worksheet, row: int) -> None:
    sheet.freeze_panes(row, 1)
    sheet.repeat_rows(row - 1)


def _of(shown: Sequence[str], place: int) -> str:
    return shown[place] if place < len(shown) else "General"


def _put(sheet: Worksheet, row: int, column: int, value: Cell, style: Format) -> None:
    value = _cached(value)
    if value is None or value == "":
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, str):
        sheet.write_string(row, column, value, style)
    else:
        sheet.write(row, column, value, style)


def _cached(value: Any) -> Any:
    """Return a value as it is cached: numbers to the digits that every machine agrees on."""
    if value is None:
        return ""
    if isinstance(value, float):
        rounded = float(f"{value:.{DIGITS}g}")
        return 0.0 if abs(rounded) < 10.0**-DIGITS else rounded
    return value


def _column(number: int) -> str:
    from xlsxwriter.utility import xl_col_to_name  # noqa: PLC0415 - only the build needs it

    name: str = xl_col_to_name(number - 1)
    return name
