"""Formatting of the report: palette, cell formats, and openpyxl's style number of each format.

The palette is Okabe and Ito's, which is safe for colour-blind readers; no meaning is carried by colour
alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

FONT = "Arial"
"""Installed on Windows and macOS, and metrically equal to Liberation Sans on Linux."""

INK, MUTED, RULE, PAPER = "1F2937", "6B7280", "E5E7EB", "FFFFFF"
NAVY, BLUE, ORANGE, GREEN, GREY = "1F3A5F", "0072B2", "D55E00", "009E73", "9CA3AF"
PINK, YELLOW, SLATE = "CC79A7", "E69F00", "CBD5E1"
BEFORE, AFTER, BUY, SELL = GREY, BLUE, GREEN, ORANGE
OF_ETF, OF_MARKET, OF_REST, INTERVAL = PINK, YELLOW, SLATE, "7FB8D8"
"""Colours by what they mean, the same on every chart."""

INPUT_BLUE = "0000FF"
GOOD, BAD, CAUTION, SOFT = "DDF3EA", "FBE3D6", "FEF6DC", "EEF3F8"
"""Fills: a passed check, a failed check, a warning, a panel."""

GOOD_INK, BAD_INK = "005F46", "8A3B00"
"""Text colours with sufficient contrast on their fills (WCAG AA)."""

NUMBER, PERCENT, EXACT, TINY = "0.0000;-0.0000;0.0000", "0.00%;-0.00%;0.00%", "0.000000000000", "0.0E+00"
WHOLE, MONEY, PRICE = "#,##0", "#,##0", "#,##0.00"
FRACTIONS = "#,##0.0000"
DAY, MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
SIGNED = "+0.0000;-0.0000;0.0000"
SIGNED_PERCENT = "+0.00%;-0.00%;0.00%"
RISK = "0.000000"
PLUS_MINUS = '"± "0.0000'
BETA, SIGNED_BETA = "0.00;-0.00;0.00", "+0.000;-0.000;0.000"
TENTH = "0.0%;-0.0%;0.0%"
"""Betas and percentages as a committee reads them, with fewer digits than an auditor needs."""

WIDTHS = {MONEY: 14, EXACT: 17, DAY: 12, MOMENT: 20, TINY: 10}
"""Column width in characters by number format; 10 for the others."""


def shares(counts: Iterable[float]) -> str:
    """Return the number format of a column of shares: with four decimals if one is a fraction."""
    return WHOLE if all(math.isnan(one) or float(one).is_integer() for one in counts) else FRACTIONS


@dataclass(frozen=True, slots=True)
class Look:
    """The format of a cell; ``quoted`` marks text that a spreadsheet might read as a formula."""

    number_format: str = "General"
    ink: str = INK
    size: float = 10
    bold: bool = False
    italic: bool = False
    fill: str = ""
    align: str | None = None
    vertical: str | None = None
    indent: int = 0
    wrap: bool = False
    ruled: bool = False
    quoted: bool = False

    def replace(self, **changes: object) -> Look:
        """Return a copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type] # the fields' own types


TEXT = Look()
TITLE = Look(size=18, bold=True, ink=NAVY)
SUBTITLE = Look(size=11, ink=MUTED)
SECTION = Look(size=11, bold=True, ink=NAVY)
ANSWER = Look(size=12, bold=True, ink=NAVY, fill=SOFT, wrap=True, vertical="center", indent=1)
NOTE = Look(size=9, italic=True, ink=MUTED)
HEADING = Look(bold=True, ink=PAPER, fill=NAVY, vertical="center", wrap=True)
CELL = Look(ruled=True)
LABEL = Look(ruled=True, bold=True)
PARAGRAPH = Look(wrap=True, vertical="top", align="left")
WARNING = Look(wrap=True, vertical="center", fill=CAUTION, indent=1)


def side(word: str) -> Look:
    """Return the format of the side of a trade; a short sale is bold."""
    bought = word.startswith("buy")
    return CELL.replace(ink=GOOD_INK if bought else BAD_INK, bold="short" in word)


def calculated(number_format: str) -> Look:
    """Return the format of a formula: black."""
    return CELL.replace(number_format=number_format)


def entered(number_format: str = "General") -> Look:
    """Return the format of an input: blue."""
    return CELL.replace(number_format=number_format, ink=INPUT_BLUE)


def from_python(number_format: str) -> Look:
    """Return the format of a value computed in Python: grey."""
    return CELL.replace(number_format=number_format, ink=MUTED, italic=True)


FONT_ORDER = ("b", "i", "strike", "u", "vertAlign", "sz", "color", "name", "family", "scheme")
"""Order of the elements of a font in the file format; openpyxl writes another."""


def _font(**properties: Any) -> Font:
    font = Font(name=FONT, **properties)
    font.__elements__ = FONT_ORDER  # type: ignore[misc] # of this instance only
    return font


class Styles:
    """The styles of one workbook, each registered once."""

    def __init__(self, book: Any) -> None:
        # In its digits the widths of columns are counted, and openpyxl's font is not on every system.
        book._fonts[0] = _font(size=10)  # noqa: SLF001 - openpyxl has no other way
        self._probe_sheet = book.create_sheet("styles")
        self._numbers: dict[Look, int] = {}

    def number(self, look: Look) -> int:
        """Return the index of a format in the workbook's style table."""
        if look in self._numbers:
            return self._numbers[look]
        cell = Cell(self._probe_sheet, row=1, column=1)
        cell.font = _font(size=look.size, bold=look.bold, italic=look.italic, color=look.ink)
        cell.number_format = look.number_format
        if look.fill:
            cell.fill = PatternFill("solid", start_color=look.fill)
        if look.align or look.vertical or look.wrap or look.indent:
            cell.alignment = Alignment(
                horizontal=look.align or ("left" if look.indent else None),
                vertical=look.vertical,
                wrap_text=look.wrap or None,
                indent=look.indent,
            )
        if look.ruled:
            cell.border = Border(bottom=Side(style="thin", color=RULE))
        if look.quoted:
            cell.quotePrefix = True
        number: int = cell.style_id
        self._numbers[look] = number
        return number

    def close(self) -> None:
        """Remove the sheet on which styles were registered."""
        self._probe_sheet.parent.remove(self._probe_sheet)
