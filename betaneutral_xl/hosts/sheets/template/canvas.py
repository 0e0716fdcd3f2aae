"""Writing and formatting of the template's cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from betaneutral_xl.hosts.sheets.cells import Cell, letters
from betaneutral_xl.hosts.sheets.layout import FIRST_ROW, LAST_ROW
from betaneutral_xl.hosts.sheets.session import Rows
from betaneutral_xl.report import style as report

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet


LOADING = "loading..."
"""What Calc shows in a cell whose result is pending."""

DIGITS = 10
"""Significant digits of cached values: the last ones differ between machines."""

INK, MUTED, ACCENT, LINE, INPUT = "#1F2937", "#6B7280", "#1E3A5F", "#D5DBE3", "#FFFBEB"
BLUE = "#0000FF"
"""The colour of inputs."""
CAUTION = "#92400E"
"""The colour of warnings."""
ERROR = "#B42318"
"""The colour of errors and of limits that do not hold."""
SOLD, BOUGHT, BEFORE, AFTER, OF_ETF, OF_MARKET, OF_REST = (
    f"#{colour}"
    for colour in (
        report.SELL,
        report.BUY,
        report.BEFORE,
        report.AFTER,
        report.OF_ETF,
        report.OF_MARKET,
        report.OF_REST,
    )
)
"""Colours of charts by what they mean, as in the report."""
SOLD_INK, BOUGHT_INK = f"#{report.BAD_INK}", f"#{report.GOOD_INK}"
"""The colours of texts on sales and on purchases, dark enough to read."""

FONT = "Calibri"

HEAD = {"bold": True, "font_color": "#FFFFFF", "bg_color": ACCENT}
"""The look of a table's header."""

GRID = {"visible": True, "line": {"color": LINE}}
"""The lines behind a chart."""

BETA, PERCENT, MONEY = "0.0000", "0.00%;-0.00%;0.00%", "#,##0"
FRACTIONS = "#,##0.0000"
"""Of shares, where one is a fraction; of the others without decimals."""


@dataclass(frozen=True, slots=True)
class Spill:
    """A spilling formula with its values for the sample, and the room that is formatted for it.

    Attributes
    ----------
    formula, rows
        Without its equals sign; and its values.
    formats
        Number formats of the columns.
    room
        The most rows that it can have.
    head
        Whether the first row is a header.
    right
        Columns of texts that are right-aligned as numbers are, from 0.

    """

    formula: str
    rows: Rows
    formats: Sequence[str]
    room: int
    head: bool = True
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Template:
    """The template workbook while it is written."""

    book: xlsxwriter.Workbook
    versions: Mapping[str, str]
    with_macros: bool
    formats: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)

    def style(self, **properties: Any) -> Format:
        """Return the cell format of some properties, created once."""
        full = {"font_name": FONT, "font_size": 10, "font_color": INK, "valign": "vcenter", **properties}
        key = tuple(sorted(full.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(full)
        return self.formats[key]

    def sheet(self, name: str, title: str, subtitle: str, *, tab: str = ACCENT) -> Worksheet:
        """Add a sheet with title, subtitle, footer and paper size, without grid lines."""
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
        """Write a table's header where no formula does."""
        for place, label in enumerate(labels):
            sheet.write_string(row - 1, column - 1 + place, label, self.band(left=place == 0))

    def band(self, *, left: bool = False) -> Format:
        """Return the format of a table's header; long names of several ETFs are shrunk, not cut."""
        return self.style(**HEAD, **({"align": "left"} if left else {"align": "right", "shrink": True}))

    def widths(self, sheet: Worksheet, widths: Sequence[float]) -> None:
        """Set the widths of the first columns."""
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width, self.style())

    def column(self, sheet: Worksheet, number: int, width: float, shown: str, *, gap: bool = False) -> None:
        """Set a column's width and number format; ``gap`` indents its text from the numbers before it."""
        style = self.style(num_format=shown, align="left", indent=1) if gap else self.style(num_format=shown)
        sheet.set_column(number - 1, number - 1, width, style)

    def table(self, sheet: Worksheet, name: str, width: int, height: int, *, left: int = 1) -> None:
        """Define the name of the table from a column on, down to its last row, and freeze its header.

        ``height`` is that of the sample. The name excludes the thousands of possible blank rows:
        LibreOffice would need longer to pass them than the functions need to compute.
        """
        there = f"${letters(left)}${FIRST_ROW}:${letters(left + width - 1)}${LAST_ROW}"
        unseen = self.style(num_format=";;;", font_color="#FFFFFF")  # the last row, for the name alone
        used = f"(1-ISBLANK({there}))*ROW({there})"  # a comparison would fail for a cell with an error
        sheet.write_formula(2, 1, f"=SUMPRODUCT(MAX({FIRST_ROW},{used}))", unseen, FIRST_ROW - 1 + height)
        warning = f"The other sheets read no row below {LAST_ROW}: this table may be longer."
        sheet.write_formula(2, 2, f'=IF($B$3<{LAST_ROW},"","{warning}")', self.style(font_color=CAUTION), "")
        corner = f"INDEX({sheet.name}!{there},{sheet.name}!$B$3-{FIRST_ROW - 1},{width})"
        self.book.define_name(name, f"={sheet.name}!${letters(left)}${FIRST_ROW}:{corner}")
        sheet.freeze_panes(FIRST_ROW, 1)
        sheet.repeat_rows(FIRST_ROW - 1)

    def block(self, sheet: Worksheet, at: tuple[int, int], spill: Spill) -> None:
        """Write a spilling formula whose result may have more rows than it has for the sample."""
        row, column = at
        for place, number_format in enumerate(spill.formats):
            aligned = {"align": "right"} if place in spill.right else {}
            style = self.style(num_format=number_format, **aligned)
            for below in range(spill.room):
                sheet.write_blank(row - 1 + below, column - 1 + place, None, style)
        self.hide_repeated(sheet, row, column, row + spill.room - 1, column + len(spill.formats) - 1)
        self.formula(sheet, at, spill.formula, spill.rows, spill.formats, head=spill.head, right=spill.right)

    def rule(
        self,
        sheet: Worksheet,
        area: tuple[int, int, int, int],
        criteria: str,
        look: Mapping[str, Any],
        *,
        stop: bool = False,
    ) -> None:
        """Format cells, from row and column to row and column, from 1, where a formula of the first is true.

        ``stop`` leaves out the rules that follow for such a cell.
        """
        top, left, bottom, right = area
        rule = {"type": "formula", "criteria": f"={criteria}", "format": self.book.add_format({**look})}
        if stop:
            rule["stop_if_true"] = True
        sheet.conditional_format(top - 1, left - 1, bottom - 1, right - 1, rule)

    def hide_repeated(self, sheet: Worksheet, top: int, left: int, bottom: int, right: int) -> None:
        """Hide an error or "loading..." that Calc repeats in every cell of an array.

        The cell that explains it stands elsewhere, or is the array's first.
        """
        first = plain_text(f"{letters(left)}{top}")
        unseen = {"num_format": ";;;", "font_color": "#FFFFFF", "bg_color": "#FFFFFF"}
        repeated = f'OR(LEFT({first},6)="#BETA!",{first}="{LOADING}")'
        self.rule(sheet, (top, left, bottom, right), repeated, unseen, stop=True)

    def hide_repeated_table(self, sheet: Worksheet, left: int, right: int) -> None:
        """Do so in a table from ``FIRST_ROW`` on, but in its first cell."""
        self.hide_repeated(sheet, FIRST_ROW, left + 1, FIRST_ROW, right)
        self.hide_repeated(sheet, FIRST_ROW + 1, left, LAST_ROW, right)

    def fractions(self, sheet: Worksheet, column: int, first: int) -> None:
        """Show the decimals of fractions of a share in a column of whole numbers, from a row on."""
        top = f"{letters(column)}{first}"
        fraction = f"IF(ISNUMBER({top}),{top}<>INT({top}),FALSE)"
        self.rule(sheet, (first, column, LAST_ROW, column), fraction, {"num_format": FRACTIONS})

    def spilled_head(self, sheet: Worksheet, row: int, first: int, last: int) -> None:
        """Format as a header what a formula spills into a row; in its first cell an error looks like one."""
        area, cell = (row, first, row, last), f"{letters(first)}{row}"
        failed = f'LEFT({plain_text(cell)},6)="#BETA!"'
        self.rule(sheet, area, failed, {"bold": True, "font_color": ERROR}, stop=True)
        self.rule(sheet, area, f'{cell}<>""', HEAD, stop=True)

    def formula(
        self,
        sheet: Worksheet,
        at: tuple[int, int],
        text: str,
        rows: Rows,
        shown: Sequence[str] = (),
        *,
        head: bool = True,
        right: frozenset[int] = frozenset(),
    ) -> None:
        """Write a spilling formula at a row and column, with its cached values.

        ``shown`` are the columns' number formats. The first of several rows is a header, with ``head``.
        ``right`` are columns of texts that are right-aligned.
        """
        row, column = at
        bottom, last = row + len(rows) - 1, column + len(rows[0]) - 1
        head = head and len(rows[0]) > 1
        anchor = self.style(bold=head)
        sheet.write_dynamic_array_formula(
            row - 1, column - 1, bottom - 1, last - 1, f"={text}", anchor, cached(rows[0][0])
        )
        for i, values in enumerate(rows):
            for j, value in enumerate(values):
                if i == j == 0:
                    continue
                is_text = isinstance(rows[-1][j], str) and j not in right
                # Texts are indented from the numbers before them, which are right-aligned.
                gap = is_text and j > 0 and not isinstance(rows[-1][j - 1], str)
                if head and i == 0:
                    place = (
                        {"align": "left", "indent": int(gap)}
                        if is_text
                        else {"align": "right", "shrink": True}
                    )
                    style = self.style(bold=True, **place)
                else:
                    place = (
                        {"align": "left", "indent": 1} if gap else {"align": "right"} if j in right else {}
                    )
                    number_format = shown[j] if j < len(shown) else "General"
                    style = self.style(num_format=number_format, **place)
                put(sheet, row - 1 + i, column - 1 + j, value, style)
        if head:
            self.spilled_head(sheet, row, column, last)


def put(sheet: Worksheet, row: int, column: int, value: Cell, style: Format) -> None:
    """Write a formula's cached value, a blank for a missing one."""
    value = cached(value)
    if value == "":
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, str):
        sheet.write_string(row, column, value, style)
    else:
        sheet.write(row, column, value, style)


def cached(value: Any) -> Any:
    """Return a value for the cache: numbers rounded to ``DIGITS``, the same on every machine."""
    if value is None:
        return ""
    if isinstance(value, float):
        rounded = float(f"{value:.{DIGITS}g}")
        return 0.0 if abs(rounded) < 10.0**-DIGITS else rounded
    return value


def plain_text(cells: str) -> str:
    """Return a formula for the texts of cells that can be compared.

    In LibreOffice 7.4, a text from an extension's array result compares unequal to any other.
    """
    return f"TRIM({cells})"


def framed(chart: Any, title: str) -> None:
    """Give a chart its title, legend, frame and size."""
    chart.set_title({"name": title, "name_font": {"size": 11, "color": INK}, "overlay": False})
    chart.set_legend({"position": "bottom", "font": {"size": 9}})
    chart.set_chartarea({"border": {"color": LINE}})
    chart.set_size({"width": 560, "height": 300})
