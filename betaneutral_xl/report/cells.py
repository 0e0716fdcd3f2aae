"""Cells as XML: text that stays text, and formulas with their values.

openpyxl writes a formula without its value, so previews, phones and pandas show nothing. Here a formula
is written with the value that Python computed, directly as XML, which is also several times faster for
large tables.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from openpyxl.utils import get_column_letter

from betaneutral_xl.report.style import Look, Styles
from betaneutral_xl.system.saving import FORMULA_STARTS

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet


LONGEST_TEXT = 32_767
"""Maximum characters of a cell."""

DAY_ZERO = date(1899, 12, 30)
"""Day 0 of spreadsheet dates, valid after February 1900."""

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")

Scalar = str | float | int | bool | date | datetime | None
"""The value of a cell; None and NaN are empty cells."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula without ``=``, and the value that Python computed for it.

    External text must not be part of a formula; the formula refers to the cell with the text.
    """

    text: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Area:
    """A block of cells on a sheet.

    >>> str(Area("Weights", 2, 1, rows=8)), str(Area("Weights", 2, 3)), Area("Weights", 1, 1, 2, 3).local()
    ("'Weights'!$A$2:$A$9", "'Weights'!$C$2", 'A1:C2')
    """

    sheet: str
    row: int
    column: int
    rows: int = 1
    columns: int = 1

    def local(self, mark: str = "") -> str:
        """Return the reference without its sheet, with ``mark`` before each column and row."""
        first = f"{mark}{get_column_letter(self.column)}{mark}{self.row}"
        if self.rows == self.columns == 1:
            return first  # LibreOffice does not read a range of one cell as a number
        last = get_column_letter(self.column + self.columns - 1)
        return f"{first}:{mark}{last}{mark}{self.row + self.rows - 1}"

    def __str__(self) -> str:
        """Return the absolute reference with its sheet."""
        return f"'{self.sheet}'!{self.local('$')}"


def clean(text: str) -> str:
    """Replace characters that are invalid in a spreadsheet, and truncate to the length of a cell."""
    return _ILLEGAL.sub("\ufffd", text)[:LONGEST_TEXT]


def _escaped(text: str) -> str:
    """Escape for XML, and for readers that decode ``_x0041_`` as a character."""
    text = _LOOKS_ESCAPED.sub("_x005F_", clean(text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "_x000D_")


def serial(moment: date) -> float:
    """Return the spreadsheet serial number of a date, or of a time in UTC.

    >>> serial(date(2025, 11, 18))
    45979
    """
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
        seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
        return (moment.date() - DAY_ZERO).days + seconds / 86_400
    return (moment - DAY_ZERO).days


def cell_xml(at: str, style: int, value: Scalar | Formula) -> str:
    """Return the XML of one cell."""
    formula = ""
    if isinstance(value, Formula):
        formula, value = f"<f>{_escaped(value.text)}</f>", value.value
    match value:
        case None:
            kind, content = "", ""
        case "" if not formula:
            kind, content = "", ""
        case bool():
            kind, content = ' t="b"', f"<v>{int(value)}</v>"
        case str() if formula:
            kind, content = ' t="str"', f"<v>{_escaped(value)}</v>"
        case str():
            kind, content = ' t="inlineStr"', f'<is><t xml:space="preserve">{_escaped(value)}</t></is>'
        case date():
            kind, content = "", f"<v>{serial(value)!r}</v>"
        case int():
            kind, content = "", f"<v>{value}</v>"
        case _:
            kind, content = "", f"<v>{value + 0.0!r}</v>" if math.isfinite(value) else ""  # no -0.0
    if not formula and not content:
        return f'<c r="{at}" s="{style}"/>'
    return f'<c r="{at}" s="{style}"{kind}>{formula}{content}</c>'


class Canvas:
    """The cells of a sheet; openpyxl has its other properties."""

    def __init__(self, sheet: Worksheet, styles: Styles) -> None:
        self.sheet = sheet
        self._styles = styles
        self._rows: dict[int, dict[int, str]] = {}
        self._heights: dict[int, float] = {}
        self._last_column = 1

    @property
    def title(self) -> str:
        """The sheet's name."""
        title: str = self.sheet.title
        return title

    def area(self, row: int, column: int, rows: int = 1, columns: int = 1) -> Area:
        """Return a block of cells on this sheet."""
        return Area(self.title, row, column, rows, columns)

    def put(self, row: int, column: int, value: Scalar | Formula, look: Look) -> None:
        """Write one cell."""
        if isinstance(value, str) and value.startswith(FORMULA_STARTS):
            look = look.replace(quoted=True)
        at = f"{get_column_letter(column)}{row}"
        self._add(row, column, column, cell_xml(at, self._styles.number(look), value))

    def put_numbers(self, row: int, column: int, values: Iterable[float], look: Look) -> None:
        """Write a row of finite numbers at once; none of its cells may be written again."""
        style = self._styles.number(look)
        cells = [
            f'<c r="{get_column_letter(at)}{row}" s="{style}"><v>{value!r}</v></c>'
            for at, value in enumerate(values, start=column)
        ]
        self._add(row, column, column + len(cells) - 1, "".join(cells))

    def paint(self, row: int, columns: range, look: Look) -> None:
        """Format cells without writing a value."""
        for column in columns:
            self.put(row, column, None, look)

    def merge(self, row: int, first: int, last: int) -> None:
        """Merge cells of a row."""
        self.sheet.merged_cells.add(self.area(row, first, columns=last - first + 1).local())

    def height(self, row: int, points: float) -> None:
        """Set the height of a row in points."""
        self._heights[row] = points
        self._rows.setdefault(row, {})

    def widths(self, characters: Iterable[float], first: int = 1) -> None:
        """Set the widths of columns in characters."""
        for column, width in enumerate(characters, start=first):
            self.sheet.column_dimensions[get_column_letter(column)].width = width

    def width(self, columns: int) -> float:
        """Return the total width of the first columns in characters."""
        sizes = self.sheet.column_dimensions
        return sum(sizes[get_column_letter(column)].width for column in range(1, columns + 1))

    def rows_xml(self) -> bytes:
        """Return all cells as the content of the ``sheetData`` element."""
        lines = []
        for row in sorted(self._rows):
            height = f' ht="{self._heights[row]:g}" customHeight="1"' if row in self._heights else ""
            cells = "".join(cell for _, cell in sorted(self._rows[row].items()))
            lines.append(f'<row r="{row}"{height}>{cells}</row>')
        return "".join(lines).encode()

    def extent(self) -> str:
        """Return the range of the cells written."""
        return f"A1:{get_column_letter(self._last_column)}{max(self._rows, default=1)}"

    def _add(self, row: int, first: int, last: int, xml: str) -> None:
        self._rows.setdefault(row, {})[first] = xml
        self._last_column = max(self._last_column, last)


def lookup_key(cell: str, text: Any) -> str:
    """Return a formula for the text of a cell with the wildcards ``*?~`` of MATCH escaped.

    >>> lookup_key("$A2", "NVDA")
    '$A2'
    """
    if not any(mark in str(text) for mark in "~*?"):
        return cell
    for mark in "~*?":
        cell = f'SUBSTITUTE({cell},"{mark}","~{mark}")'
    return cell


def look_up(name: str, cell: str, ticker: str, labels: str = "ticker") -> str:
    """Return the formula of the entry of a ticker, which a cell has, in a named column beside its labels.

    >>> look_up("trade", "$A2", "NVDA")
    'INDEX(trade,MATCH($A2,ticker,0))'
    """
    return f"INDEX({name},MATCH({lookup_key(cell, ticker)},{labels},0))"


def yes(answer: bool) -> str:  # noqa: FBT001 - its only argument
    """Return ``yes`` or ``no``, because LibreOffice prints TRUE as 1."""
    return "yes" if answer else "no"


def covered_formula(key: str) -> str:
    """Return the formula for whether the risk model has a ticker."""
    return f'IF(ISNUMBER(MATCH({key},risk_ticker,0)),"yes","no")'
