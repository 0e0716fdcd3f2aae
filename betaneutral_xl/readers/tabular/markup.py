"""Read tables in markup: web pages, and Excel's XML Spreadsheet 2003 (which issuers name ``.xls``).

Both are parsed in one pass into a parser target, without a tree, so that depth and size take no extra
memory. Only the five predefined entities of XML are expanded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.readers.tabular.sheets import MAX_COLUMNS, GridBuilder, Hidden, TextSheet, printable
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row

MAX_TAGS = 1_500_000
MAX_TABLES = 1_000
MAX_PAGE_LENGTH = 8 * 1024 * 1024
MAX_WORKBOOK_LENGTH = 16 * 1024 * 1024
MAX_NOTES = 2_000
MAX_NOTE_ROWS = 50
MAX_NOTE_LENGTH = 300
_ENTITIES = ("amp;", "lt;", "gt;", "quot;", "apos;", "#")
_DECLARATION = Pattern(r"<\?xml[^>]*\?>")
_SPACE = Pattern(r"\s+")
_SMALL = Pattern(r"[0-9]{1,4}")
_HIDDEN = frozenset({"script", "style", "noscript", "template", "svg"})
_BLOCKS = frozenset(
    {"p", "div", "br", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "title", "span", "section"}
)
_CELL_BLOCKS = frozenset({"p", "div", "br", "li", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6"})
"""Elements whose text is apart from the text before and after them in a cell."""


def read_html(text: str, file_name: str) -> tuple[TextSheet, ...]:
    """Return every table of a web page; the notes of each are the text outside of tables."""
    from lxml import etree

    require_within_limits(text, file_name, MAX_PAGE_LENGTH)
    page = _Page(file_name)
    parser = etree.HTMLParser(
        target=page,  # type: ignore[arg-type] # lxml passes text; its stubs allow bytes too
        huge_tree=False,
        no_network=True,
    )
    try:
        parser.feed(_DECLARATION.sub("", text, count=1))
        parser.close()
    except etree.LxmlError as error:
        msg = f"{file_name} is a web page that cannot be read ({type(error).__name__}). Download it again."
        raise UnreadableFile(msg) from None
    return page.sheets()


def read_spreadsheet_xml(text: str, file_name: str) -> tuple[TextSheet, ...]:
    """Return the sheets of an XML Spreadsheet 2003, even if it is not well-formed."""
    require_within_limits(text, file_name, MAX_WORKBOOK_LENGTH)
    book = _Book(file_name)
    feed_xml(text, book, file_name)
    return tuple(book.sheets)


def feed_xml(text: str, target: Target, file_name: str) -> None:
    """Parse XML into a parser target, even if it is not well-formed."""
    from lxml import etree

    body = _DECLARATION.sub("", text, count=1).lstrip("\ufeff \t\r\n")
    parser = etree.XMLParser(
        target=target,  # type: ignore[arg-type] # as above
        recover=True,
        huge_tree=False,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
    )
    try:
        parser.feed(_with_ampersands(body))
        parser.close()
    except etree.LxmlError as error:
        kind = type(error).__name__
        msg = f"{file_name} begins like XML but cannot be read ({kind}). Download it again."
        raise UnreadableFile(msg) from None


class Target:
    """What a parser calls as it reads; a subclass does something where it overrides."""

    def start(self, tag: str, attributes: Mapping[str, str], /) -> None:
        """Take notice of an element."""

    def end(self, tag: str, /) -> None:
        """Take notice of its end."""

    def data(self, text: str, /) -> None:
        """Take notice of text."""

    def comment(self, text: str, /) -> None:
        """Take notice of a comment."""

    def close(self) -> None:
        """Take notice of the end."""


def _with_ampersands(text: str) -> str:
    """Escape every bare ampersand, so that only the predefined entities of XML are left.

    >>> _with_ampersands("S&P, AT&amp;T, &#65; and &x;")
    'S&amp;P, AT&amp;T, &#65; and &amp;x;'
    """
    text = text.replace("&", "&amp;")
    for entity in _ENTITIES:
        text = text.replace(f"&amp;{entity}", f"&{entity}")
    return text


def require_within_limits(text: str, file_name: str, largest: int) -> None:
    """Raise if a page or XML is longer than ``largest``, or has more than ``MAX_TAGS`` elements."""
    if len(text) > largest:
        msg = (
            f"{file_name} is a page or XML workbook of {len(text) / 1e6:.0f} MB; "
            f"at most {largest / 1e6:.0f} MB are read. Download the holdings as CSV or XLSX."
        )
        raise UnreadableFile(msg)
    tags = text.count("<")
    if tags > MAX_TAGS:
        msg = (
            f"{file_name} has {tags:,} elements; at most {MAX_TAGS:,} are read. "
            "Download the holdings as CSV or XLSX."
        )
        raise UnreadableFile(msg)


class _Page(Target):
    """Parser target that collects the tables of a web page; text goes to the innermost open cell."""

    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.tables: list[_Table] = []
        self.open: list[_Table] = []
        self.outside: list[str] = []
        self.hidden = 0
        self.title: list[str] | None = None
        self.cells = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in _HIDDEN:
            self.hidden += 1
        elif tag == "table":
            table = _Table(self.file_name)
            self.tables.append(table)
            if len(self.tables) > MAX_TABLES:
                msg = (
                    f"{self.file_name} is a page of more than {MAX_TABLES:,} tables. "
                    "Download the holdings as CSV or XLSX."
                )
                raise UnreadableFile(msg)
            self.open.append(table)
        elif self.open:
            self.open[-1].start(tag, attributes)
        elif tag in _BLOCKS:
            self.outside.append("\n")

    def end(self, tag: str) -> None:
        if tag in _HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag == "table" and self.open:
            self.open.pop().end_row()
        elif self.open:
            self.open[-1].end(tag)
        elif tag in _BLOCKS:
            self.outside.append("\n")

    def data(self, text: str) -> None:
        if self.hidden:
            return
        if self.open:
            self.open[-1].data(text)
        else:
            self.outside.append(text)

    def sheets(self) -> tuple[TextSheet, ...]:
        lines = (_SPACE.sub(" ", line).strip() for line in printable("".join(self.outside)).split("\n"))
        notes = tuple(line for line in lines if line)[:MAX_NOTES]
        grids = [table.builder.finish() for table in self.tables]
        around = [cell for rows in grids for row in rows[:MAX_NOTE_ROWS] if len(row) == 1 for cell in row]
        # a cell alone in its row is of a table that lays out the page
        notes += tuple(cell for cell in around if len(cell) < MAX_NOTE_LENGTH)[:MAX_NOTES]
        sheets = [TextSheet(name="", rows=_without_repeated_headers(rows), notes=notes) for rows in grids]
        return tuple(sheets) or (TextSheet(name="", rows=(), notes=notes),)


def _without_repeated_headers(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return the rows of a table without the header that a page made for telephones repeats in each cell.

    A column repeats its header if all its cells begin with it; the page does so if at least two columns and
    half of them do.
    """
    header = next((row for row in rows if len(row) > 1), ())
    first = rows.index(header) + 1 if header else len(rows)
    body = rows[first:]
    repeating = [
        i
        for i, text in enumerate(header)
        if text
        and (cells := [row[i] for row in body if i < len(row)])
        and all(one.startswith(text) for one in cells)
    ]
    if len(repeating) < 2 or 2 * len(repeating) < len(header):  # noqa: PLR2004 - one may be chance
        return rows
    lengths = {i: len(header[i]) for i in repeating}
    without = (
        tuple(cell[lengths[i] :].lstrip(" :") if i in lengths else cell for i, cell in enumerate(row))
        for row in body
    )
    return (*rows[:first], *without)


class _Table:
    """One HTML table; a cell that spans several columns is followed by blank cells."""

    def __init__(self, file_name: str) -> None:
        self.builder = GridBuilder(file_name)
        self.row: list[str] | None = None
        self.cell: list[str] | None = None
        self.span = 1

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "tr":
            self.end_row()
            self.row = []
        elif tag in {"td", "th"}:
            self.end_cell()
            self.row = self.row if self.row is not None else []
            self.cell = []
            span = attributes.get("colspan", "1")
            self.span = min(int(span), MAX_COLUMNS) if re.fullmatch(r"[0-9]{1,4}", span) else 1
        elif tag in _CELL_BLOCKS and self.cell is not None:
            self.cell.append(" ")

    def end(self, tag: str) -> None:
        if tag == "tr":
            self.end_row()
        elif tag in {"td", "th"}:
            self.end_cell()
        elif tag in _CELL_BLOCKS and self.cell is not None:
            self.cell.append(" ")

    def data(self, text: str) -> None:
        if self.cell is not None:
            self.cell.append(text)

    def end_cell(self) -> None:
        if self.cell is not None and self.row is not None:
            self.row.append(_SPACE.sub(" ", "".join(self.cell)).strip())
            if len(self.row) <= MAX_COLUMNS:  # a longer row is refused at its end
                self.row.extend("" for _ in range(self.span - 1))
        self.cell = None

    def end_row(self) -> None:
        self.end_cell()
        if self.row is not None:
            self.builder.add(self.row)
        self.row = None


class _Book(Target):
    """Parser target that collects the sheets of an XML Spreadsheet 2003."""

    def __init__(self, file_name: str) -> None:
        self.builder = GridBuilder(file_name)
        self.sheets: list[TextSheet] = []
        self.name = ""
        self.row: list[str] = []
        self.cell: list[str] | None = None
        self.hidden_rows: list[int] = []
        self.hidden_columns: list[int] = []
        self.column = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        match _local(tag):
            case "Worksheet":
                self.name = _attribute(attributes, "Name")
                self.hidden_rows, self.hidden_columns, self.column = [], [], 0
            case "Column":
                self.add_column(attributes)
            case "Row":
                self.row = []
                if _attribute(attributes, "Hidden") == "1":
                    self.hidden_rows.append(len(self.builder.rows))
            case "Cell":
                index = _attribute(attributes, "Index")
                if re.fullmatch(r"[0-9]{1,4}", index):  # blank cells before this one are left out
                    self.row.extend("" for _ in range(int(index) - 1 - len(self.row)))
                self.row.append("")
            case "Data":
                self.cell = []
            case "br" if self.cell is not None:
                self.cell.append(" ")

    def end(self, tag: str) -> None:
        match _local(tag):
            case "Data" if self.row and self.cell is not None:
                self.row[-1] = "".join(self.cell).strip("\r\n")
                self.cell = None
            case "Row":
                self.builder.add(self.row)
                self.row = []
            case "Worksheet":
                self.add_sheet(self.builder.finish())

    def add_column(self, attributes: Mapping[str, str]) -> None:
        """Take notice of the format of some columns: where it begins, and how many follow the first."""
        index, span = (_attribute(attributes, name) for name in ("Index", "Span"))
        first = int(index) - 1 if _SMALL.fullmatch(index) else self.column
        self.column = min(first + 1 + (int(span) if _SMALL.fullmatch(span) else 0), MAX_COLUMNS)
        if _attribute(attributes, "Hidden") == "1":
            self.hidden_columns.extend(range(first, self.column))

    def add_sheet(self, rows: tuple[Row, ...]) -> None:
        """Keep the rows as a sheet."""
        hidden = Hidden(rows=frozenset(self.hidden_rows), columns=frozenset(self.hidden_columns))
        self.sheets.append(TextSheet(name=self.name, rows=rows, hidden=hidden))

    def data(self, text: str) -> None:
        if self.cell is not None:
            self.cell.append(text)

    def close(self) -> None:
        rows = self.builder.finish()
        if rows:  # the file ended within a sheet
            self.add_sheet(rows)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _attribute(attributes: Mapping[str, str], name: str) -> str:
    return next((value for key, value in attributes.items() if _local(key) == name), "")
