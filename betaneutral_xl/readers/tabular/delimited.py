"""Read delimited text files: comma, semicolon, tab or bar, in any encoding issuers use."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.readers.tabular.sheets import MAX_CELL_LENGTH, GridBuilder, Row, TextSheet

DELIMITERS = (";", "\t", "|", ",")
"""The comma last, because it is in numbers too: of two equally regular delimiters the first is used."""
SAMPLE_ROWS = 200

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
"""Byte order marks, the longer ones first, because one is a prefix of another."""


def decode(content: bytes, file_name: str) -> str:
    """Decode a file, without its byte order marks (some issuers write two).

    Bytes that are not valid UTF-8 or UTF-16 are decoded as Windows-1252. NUL characters are refused.
    """
    text = ""
    for encoding in _candidates(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    text = text.lstrip("\ufeff")
    if "\0" in text:
        msg = f"{file_name} is not a text file (it contains NUL bytes). Download it as CSV or XLSX."
        raise UnreadableFile(msg)
    return text


def _candidates(content: bytes) -> tuple[str, ...]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return (encoding, "latin-1")
    even, odd = content[0:1000:2], content[1:1000:2]
    if odd and odd.count(0) > len(odd) // 2 and not even.count(0):
        return ("utf-16-le", "latin-1")
    if even and even.count(0) > len(even) // 2 and not odd.count(0):
        return ("utf-16-be", "latin-1")
    return ("utf-8", "cp1252", "latin-1")


def read_delimited(text: str, file_name: str) -> tuple[TextSheet, ...]:
    """Return the grid of a delimited text file."""
    delimiter, skipped = _declared_delimiter(text)
    delimiter = delimiter or _guess_delimiter(text)
    builder = GridBuilder(file_name)
    try:
        for row in islice(
            csv.reader(_bounded_lines(text, delimiter, file_name), delimiter=delimiter), skipped, None
        ):
            builder.add(row)
    except csv.Error as error:
        msg = (
            f"{file_name}, after row {builder.row_count:,}: {error}. "
            "A quotation mark is opened there and not closed; download the file again."
        )
        raise UnreadableFile(msg) from None
    rows = builder.finish()
    _require_closed_quotes(rows, delimiter, file_name)
    return (TextSheet(name="", rows=rows, delimiter=delimiter),)


def _lines(text: str) -> io.StringIO:
    return io.StringIO(text, newline="")


def _bounded_lines(text: str, delimiter: str, file_name: str) -> Iterator[str]:
    """Yield the lines; raise at one of too many columns, before it is split into cells."""
    for line in _lines(text):
        if len(line) > MAX_CELL_LENGTH and line.count(delimiter) > MAX_CELL_LENGTH:
            msg = (
                f"{file_name} has a line of {line.count(delimiter):,} columns: not a table of holdings. "
                "Check that it is the right file."
            )
            raise UnreadableFile(msg)
        yield line


def _declared_delimiter(text: str) -> tuple[str, int]:
    """Return the delimiter of Excel's ``sep=;`` line, and the number of rows to skip for it."""
    first = text[:20].splitlines()[0].strip().strip('"') if text.strip() else ""
    declared = first.removeprefix("sep=")
    return (declared, 1) if first.startswith("sep=") and declared in DELIMITERS else ("", 0)


def _guess_delimiter(text: str) -> str:
    """Return the delimiter that splits the most rows into the same number of cells."""
    scores = {}
    sample = "".join(islice(_lines(text[:400_000]), SAMPLE_ROWS))
    for delimiter in DELIMITERS:
        try:
            widths = Counter(
                len(row) for row in csv.reader(_lines(sample), delimiter=delimiter) if len(row) > 1
            )
        except csv.Error:
            continue
        scores[delimiter] = max(((width - 1) * count for width, count in widths.items()), default=0)
    return max(scores, key=lambda delimiter: scores[delimiter], default=",")


def _require_closed_quotes(rows: tuple[Row, ...], delimiter: str, file_name: str) -> None:
    """Raise if a cell contains several rows, because a quotation mark is not closed."""
    widths = Counter(len(row) for row in rows if len(row) > 1)
    usual = widths.most_common(1)[0][0] if widths else 0
    for number, row in enumerate(rows, start=1):
        for cell in row:
            if "\n" not in cell:
                continue
            swallowed = sum(line.count(delimiter) >= usual - 1 > 1 for line in cell.splitlines()[1:])
            if swallowed > 1:
                msg = (
                    f"{file_name}, row {number:,}: a quotation mark is opened and not closed, "
                    f"so that {swallowed:,} more rows are in one cell. Download the file again."
                )
                raise UnreadableFile(msg)
