"""Read Excel workbooks, XLSX and binary XLS, with each cell as the text displayed.

A small XLSX file can expand to a huge one. The limits below are checked on the sizes in the archive's
directory before a part is decompressed; ``zipfile`` decompresses no more than the directory declares.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any

from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.model.printed import Typed
from betaneutral_xl.readers.tabular.sheets import MAX_COLUMNS, GridBuilder, Hidden, TextSheet

MAX_XLS_BYTES = 8 * 1024 * 1024
MAX_PART_BYTES = 48 * 1024 * 1024
MAX_TOTAL_BYTES = 96 * 1024 * 1024
MAX_PARTS = 2_000
MAX_SHEET_TAGS = 800_000
"""Elements in the sheets: 10,000 rows of 15 cells take 0.6 million."""
MAX_SHEET_CELLS = 250_000
MAX_OTHER_TAGS = 300_000
"""Elements outside the sheets (shared strings, styles), each of which takes more time."""
MAX_BLANK_ROWS = 5_000
"""Consecutive blank rows after which a sheet ends."""


def read_xlsx(content: bytes, file_name: str) -> tuple[TextSheet, ...]:
    """Return the sheets of an XLSX workbook; a formula is read as its saved value."""
    return _read(_xlsx_sheets, content, file_name, "an XLSX workbook")


def read_xls(content: bytes, file_name: str) -> tuple[TextSheet, ...]:
    """Return the sheets of a binary XLS workbook."""
    if len(content) > MAX_XLS_BYTES:
        msg = (
            f"{file_name} is an XLS workbook of {len(content) / 1e6:.0f} MB; "
            f"at most {MAX_XLS_BYTES / 1e6:.0f} MB are read. Save it as CSV or XLSX."
        )
        raise UnreadableFile(msg)
    return _read(_xls_sheets, content, file_name, "an XLS workbook")


def _read(
    sheets: Callable[[bytes, str], Iterator[TextSheet]], content: bytes, file_name: str, kind: str
) -> tuple[TextSheet, ...]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of extensions that it drops
            return tuple(sheets(content, file_name))
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - these parsers raise anything on a damaged file
        msg = (
            f"{file_name} begins like {kind} but cannot be read ({type(error).__name__}). Download it again."
        )
        raise UnreadableFile(msg) from None


def _xlsx_sheets(content: bytes, file_name: str) -> Iterator[TextSheet]:
    _require_within_limits(content, file_name)
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    builder = GridBuilder(file_name, MAX_SHEET_CELLS)
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # some writers declare one cell only
        _add_rows(builder, ([_xlsx_text(cell) for cell in row] for row in sheet.iter_rows()))
        source: Any = sheet
        # openpyxl's quick mode, which this is, has no other way
        hidden = _xlsx_hidden(source._get_source().read(), sheet.sheet_state)  # noqa: SLF001
        yield TextSheet(name=sheet.title, rows=builder.finish(), hidden=hidden)


_VISIBLE = "visible"
_TAG = re.compile(rb"<(?:\w+:)?(row|col)\b([^>]*)>")
_ATTRIBUTE = re.compile(rb"""\b(r|min|max|hidden)\s*=\s*["']([^"']*)["']""")


def _xlsx_hidden(part: bytes, state: str) -> Hidden:
    """Return what of a sheet is hidden, from its XML."""
    rows: list[int] = []
    columns: list[int] = []
    row = 0
    for tag in _TAG.finditer(part) if b"hidden=" in part else ():
        found = dict(_ATTRIBUTE.findall(tag[2]))
        is_hidden = found.get(b"hidden") in {b"1", b"true"}
        if tag[1] == b"row":
            row = int(float(found.get(b"r", row + 1)))
            rows += [row - 1] if is_hidden else []
        elif is_hidden:
            last = min(int(found[b"max"]), MAX_COLUMNS)
            columns += range(int(found[b"min"]) - 1, last)
    return Hidden(rows=frozenset(rows), columns=frozenset(columns), sheet=state != _VISIBLE)


def _xls_sheets(content: bytes, file_name: str) -> Iterator[TextSheet]:
    import xlrd

    book = xlrd.open_workbook(
        file_contents=content, on_demand=True, ragged_rows=True, logfile=io.StringIO(), formatting_info=True
    )
    builder = GridBuilder(file_name, MAX_SHEET_CELLS)
    for index in range(book.nsheets):
        sheet = book.sheet_by_index(index)
        _add_rows(builder, ([_xls_text(cell, book) for cell in sheet.row(r)] for r in range(sheet.nrows)))
        hidden = Hidden(
            rows=frozenset(i for i, row in sheet.rowinfo_map.items() if row.hidden),
            columns=frozenset(i for i, column in sheet.colinfo_map.items() if column.hidden),
            sheet=bool(sheet.visibility),
        )
        yield TextSheet(name=sheet.name, rows=builder.finish(), hidden=hidden)
        book.unload_sheet(index)


def _add_rows(builder: GridBuilder, rows: Iterable[list[str]]) -> None:
    blank = 0
    for row in rows:
        builder.add(row)
        blank = 0 if builder.rows[-1] else blank + 1
        if blank > MAX_BLANK_ROWS:
            return


def _require_within_limits(content: bytes, file_name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        names = {part.filename for part in parts}
        if "xl/workbook.xml" not in names and "[Content_Types].xml" not in names:
            kind = "an OpenDocument file" if "content.xml" in names else "a ZIP archive"
            msg = f"{file_name} is {kind}, not a workbook. Save or unpack the holdings as CSV or XLSX."
            raise UnreadableFile(msg)
        largest = max(part.file_size for part in parts)
        total = sum(part.file_size for part in parts)
        if len(parts) > MAX_PARTS or largest > MAX_PART_BYTES or total > MAX_TOTAL_BYTES:
            msg = (
                f"{file_name} has an uncompressed size of {total / 1e6:,.0f} MB in {len(parts):,} parts; at "
                f"most {MAX_TOTAL_BYTES / 1e6:.0f} MB in {MAX_PARTS:,} parts, and {MAX_PART_BYTES / 1e6:.0f} "
                "MB in one, are read. Save the holdings as CSV."
            )
            raise UnreadableFile(msg)
        tags = {"sheets": 0, "other": 0}
        for part in parts:
            if part.filename.endswith((".xml", ".rels", ".vml")):
                where = "sheets" if part.filename.startswith("xl/worksheets/") else "other"
                tags[where] += archive.read(part).count(b"<")
    # openpyxl also reads encodings in which "<" is another byte, but no spreadsheet program writes them;
    # the size limits above bound those
    if tags["sheets"] > MAX_SHEET_TAGS or tags["other"] > MAX_OTHER_TAGS:
        msg = (
            f"{file_name} has {tags['sheets']:,} elements in its sheets and {tags['other']:,} elsewhere; at "
            f"most {MAX_SHEET_TAGS:,} and {MAX_OTHER_TAGS:,} are read. Save the holdings as CSV."
        )
        raise UnreadableFile(msg)


def _xlsx_text(cell: Any) -> str:
    value = cell.value
    if value is None or isinstance(value, str):
        return value or ""
    return _number_text(value, cell.number_format)


def _xls_text(cell: Any, book: Any) -> str:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_TEXT:
        return str(cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_DATE:
        return _number_text(xlrd.xldate_as_datetime(cell.value, book.datemode), "")
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        form = book.format_map.get(book.xf_list[cell.xf_index].format_key)
        return _number_text(cell.value, form.format_str if form else "")
    return ""


def _number_text(value: object, number_format: str) -> str:
    """Return a typed cell as text: a date in ISO format, a percentage with a percent sign.

    A number without a percent sign keeps its value.

    >>> _number_text(0.0672, "0.00%"), _number_text(185531362.0, "General"), _number_text(True, "")
    ('6.72%', '185531362', 'TRUE')
    """
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case datetime():
            return value.date().isoformat() if value.time() == value.min.time() else value.isoformat(" ")
        case date():
            return value.isoformat()
        case int() | float() if "%" in number_format:
            return f"{value * 100:.15g}%"
        case int() | float():
            return Typed.of(float(value))
        case _:
            return str(value)
