"""A workbook's file as Excel reads and writes it, through openpyxl: for hosts whose Excel is a stand-in.

Charts, and the marks of dynamic arrays, which openpyxl does not keep, are not written.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import openpyxl
from lxml import etree
from openpyxl.cell import MergedCell
from openpyxl.utils import range_boundaries
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet.formula import ArrayFormula

from betaneutral_xl.hosts.files.workbook_file import MAIN, sheet_parts

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.workbook import Workbook
    from openpyxl.workbook.defined_name import DefinedName

ERROR = re.compile(r"#(N/A|NAME\?|DIV/0!|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!)")
"""The values of cells that have an error."""

TO_LAST_ROW = re.compile(r"(\w+)!\$([A-Z]+)\$(\d+):INDEX\(\1!.*,\1!(\$[A-Z]+\$\d+)-\d+,(\d+)\)")
"""A name for a table that ends at the row in a cell, and how many columns it has."""


def contents(workbook: bytes) -> dict[str, Any]:
    """Return what a file has, with rows and columns from 0, as JSON.

    ``sheets`` are rows of values; ``names`` are areas; ``formats`` are sheet, row, column and number format,
    where it is not General; ``formulas`` are sheet, row, column, text, height and width of the array, and
    whether it may change its size.
    """
    values = openpyxl.load_workbook(io.BytesIO(workbook), data_only=True)
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    dynamic = _dynamic(workbook)
    formulas, formats = [], []
    for sheet in book:
        rows: Iterable[Sequence[Any]] = sheet.iter_rows()
        for row in rows:
            for cell in row:
                if cell.number_format != "General":
                    formats.append([sheet.title, cell.row - 1, cell.column - 1, cell.number_format])
                if (text := formula(cell)) is not None:
                    at, size = (cell.row - 1, cell.column - 1), _size(cell)
                    grows = size == (1, 1) or (sheet.title, cell.coordinate) in dynamic
                    formulas.append([sheet.title, *at, text, *size, grows])
    return {
        "sheets": {
            one.title: [[plain(cell.value) for cell in row] for row in one.iter_rows()] for one in values
        },
        "formats": formats,
        "names": {
            name: area
            for name, defined in values.defined_names.items()
            if (area := _area(defined, values)) is not None
        },
        "formulas": formulas,
    }


def plain(value: Any) -> Any:
    """Return a value as Excel has it in a cell: days are numbers."""
    if not isinstance(value, date):
        return value
    days: float = to_excel(value)  # type: ignore[no-untyped-call] # openpyxl's stubs have no types for it
    return float(days)


def formula(cell: Any) -> str | None:
    """Return a cell's formula."""
    if isinstance(cell.value, ArrayFormula):
        text = str(cell.value.text)
        return text if text.startswith("=") else f"={text}"
    return str(cell.value) if cell.data_type == "f" else None


def saved(
    workbook: bytes,
    values: Mapping[str, Mapping[tuple[int, int], Any]],
    formulas: Mapping[tuple[str, int, int], tuple[str, int, int]],
) -> bytes:
    """Return a file with other cells: rows and columns count from 1.

    Parameters
    ----------
    workbook
        What was opened; formats, names and rules are kept.
    values
        By sheet, all its values.
    formulas
        All formulas, with height and width of their arrays.

    """
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    for sheet in book:
        there = values[sheet.title]
        rows: Iterable[Sequence[Any]] = sheet.iter_rows()
        for at in {(cell.row, cell.column) for row in rows for cell in row} | set(there):
            cell = sheet.cell(*at)
            if isinstance(cell, MergedCell):
                continue
            if (entered := formulas.get((sheet.title, *at))) is not None:
                _enter(cell, *entered)
            else:
                _put(cell, there.get(at))
    out = io.BytesIO()
    book.save(out)
    return _with_results(out.getvalue(), values)


def _enter(cell: Cell, text: str, height: int, width: int) -> None:
    last = cell.offset(height - 1, width - 1).coordinate
    kept = cell.number_format
    is_array = (height, width) != (1, 1) or isinstance(cell.value, ArrayFormula)
    cell.value = ArrayFormula(f"{cell.coordinate}:{last}", text) if is_array else text
    cell.number_format = kept


def _put(cell: Cell, value: Any) -> None:
    cell.value = None if value == "" else plain(value)
    if isinstance(value, str) and value.startswith("="):
        cell.data_type = "s"
        cell.quotePrefix = True  # a text that is no formula


def _with_results(workbook: bytes, values: Mapping[str, Mapping[tuple[int, int], Any]]) -> bytes:
    """Return a file with the values of its formulas, which openpyxl does not write."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        sheets = {part: name for name, part in sheet_parts(source).items()}
        for info in source.infolist():
            content = source.read(info)
            if info.filename in sheets:
                root = etree.fromstring(content)
                for cell in root.iter(f"{{{MAIN}}}c"):
                    if cell.find(f"{{{MAIN}}}f") is not None:
                        left, top, *_ = range_boundaries(str(cell.get("r")))
                        _result(cell, values[sheets[info.filename]].get((top or 0, left or 0), ""))
                content = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
            target.writestr(info, content)
    return out.getvalue()


def _result(cell: Any, value: Any) -> None:
    for old in cell.findall(f"{{{MAIN}}}v"):
        cell.remove(old)
    cell.attrib.pop("t", None)
    match value:
        case bool():
            kind, text = "b", str(int(value))
        case str() | None:
            text = value or ""
            kind = "e" if ERROR.fullmatch(text) else "str"
        case _:
            kind, text = "", repr(float(plain(value)))
    if kind:
        cell.set("t", kind)
    etree.SubElement(cell, f"{{{MAIN}}}v").text = text


def _size(cell: Any) -> tuple[int, int]:
    if not isinstance(cell.value, ArrayFormula):
        return 1, 1
    left, top, right, bottom = (int(end or 0) for end in range_boundaries(cell.value.ref))
    return bottom - top + 1, right - left + 1


def _dynamic(workbook: bytes) -> set[tuple[str, str]]:
    """Return sheet and cell of the arrays that change their size: those with the mark of it."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as package:
        return {
            (name, str(cell.get("r")))
            for name, part in sheet_parts(package).items()
            for cell in etree.fromstring(package.read(part)).iter(f"{{{MAIN}}}c")
            if cell.get("cm")
        }


def _area(defined: DefinedName, book: Workbook) -> dict[str, Any] | None:
    """Return the area of a name; None of one that is no area."""
    text = str(defined.attr_text)
    if found := TO_LAST_ROW.fullmatch(text):
        sheet, letters, top, end, width = found.groups()
        last = book[sheet][end.replace("$", "")].value
        left, *_ = range_boundaries(f"{letters}1")
        return _named(sheet, int(top), int(left or 0), int(last), int(left or 0) + int(width) - 1)
    places = list(defined.destinations)
    if len(places) != 1 or ":" in defined.name:
        return None
    sheet, cells = places[0]
    left, top, right, bottom = (int(end or 0) for end in range_boundaries(cells.replace("$", "")))
    return _named(sheet, top, left, bottom, right)


def _named(sheet: str, top: int, left: int, bottom: int, right: int) -> dict[str, Any]:
    size = {"height": bottom - top + 1, "width": right - left + 1}
    return {"sheet": sheet, "row": top - 1, "column": left - 1, **size}


__all__ = ["ERROR", "contents", "formula", "plain", "saved"]
