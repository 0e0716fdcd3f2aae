"""Parse regular tables: gzip, encoding and delimiter are detected, errors name the line and column.

For price panels and factor models, which may have a million cells. Issuers' holdings files are
irregular; ``detection`` reads those.
"""

from __future__ import annotations

import csv
import math
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.model import printed

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray

LIMIT = 512 * 1024 * 1024
"""Bytes of the largest table, decompressed: 5,000 tickers on 5,000 days take half of it."""

SAMPLE_LINES = 500
"""Lines that tell whether the numbers have a decimal comma."""

GZIP = b"\x1f\x8b"

DELIMITERS = ",;\t|"

MISSING = frozenset({"", "nan", "na", "n/a", "#n/a", "#n/a n/a", "null", "none", "-", "--", "."})
"""Placeholders that programs write for a missing number."""


@dataclass(frozen=True, slots=True)
class TextGrid:
    """The rows of a table as lines of text, split into cells on demand.

    ``lines`` are the line numbers of ``texts`` in the file, for messages.
    """

    name: str
    header: tuple[str, ...]
    texts: Sequence[str]
    lines: Sequence[int]
    delimiter: str
    quoted: bool
    decimal_comma: bool = False

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)

    def where(self, row: int) -> str:
        """Describe the place of a row."""
        return f"{self.name}, line {self.lines[row]}"

    def cells(self, row: int) -> list[str]:
        """Return the cells of a row."""
        return _split(self.texts[row], self.delimiter, quoted=self.quoted)

    def labels(self) -> list[str]:
        """Return the first cell of every row."""
        if self.quoted:
            return [self.cells(row)[0].strip() for row in range(len(self))]
        return [text.partition(self.delimiter)[0].strip() for text in self.texts]

    def rows(self) -> list[list[str]]:
        """Return the cells of every row."""
        return [self.cells(row) for row in range(len(self))]

    def numbers(self) -> FloatArray:
        """Return the numbers right of the first column, shape (rows, columns - 1), NaN if missing.

        Raises ``UnreadableFile`` if a cell has other text; the message names its line and column.
        """
        numbers = None if self.quoted or self.delimiter != "," else self._fast_numbers()
        if numbers is None:
            numbers = np.array([self._row_numbers(row) for row in range(len(self))])
        return numbers

    def number(self, row: int, column: int, text: str) -> float:
        """Return the number in a cell, NaN if missing; ``row`` and ``column`` are for the message."""
        text = text.strip()
        if text.lower() in MISSING:
            return math.nan
        comma = self.decimal_comma
        try:
            return float("" if comma and "." in text else text.replace(",", ".") if comma else text)
        except ValueError:
            decorated = printed.number(text, decimal_comma=comma)
            plain = not (printed.is_percentage(text) or printed.has_inner_blank(text))
            if decorated is not None and plain:  # "$1,234.50"
                return decorated
            msg = (
                f"{self.name}, line {self.lines[row]}, column {self.header[column] or column + 1}: "
                f"{text[:40]!r} is not a number. Correct it, or leave the cell empty."
            )
            raise UnreadableFile(msg) from None

    def _fast_numbers(self) -> FloatArray | None:
        """Parse all numbers at once; return None if a cell is not a plain number."""
        body = ",".join([text.partition(",")[2] for text in self.texts])
        body = f",{body},".replace(",,", ",nan,").replace(",,", ",nan,")[1:-1]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # numpy warns if it stops before the end
                numbers = np.fromstring(body, sep=",")
        except (ValueError, DeprecationWarning):
            return None
        width = len(self.header) - 1
        return numbers.reshape(len(self), width) if numbers.size == len(self) * width else None

    def _row_numbers(self, row: int) -> list[float]:
        return [self.number(row, column, cell) for column, cell in enumerate(self.cells(row)) if column]


def parse_grid(content: bytes, name: str) -> TextGrid:
    """Parse delimited text in any usual encoding, compressed with gzip or not.

    Raises ``UnreadableFile`` if it is no text, too large, has no rows, or a row has not as many cells as the
    header.
    """
    text = _text(decompressed(content, name), name)
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) < 2:  # noqa: PLR2004 - a header and a row
        msg = f"{name} has no rows under its header. Check that it is the right file."
        raise UnreadableFile(msg)
    first = lines[0][1]
    delimiter = max(DELIMITERS, key=first.count)
    quoted = '"' in text
    header = tuple(cell.strip() for cell in _split(first, delimiter, quoted=quoted))
    if len(header) < 2:  # noqa: PLR2004 - labels and values
        msg = f"{name} has one column only. Give a table with commas, semicolons or tabs between cells."
        raise UnreadableFile(msg)
    for number, line in lines[1:]:
        found = len(_split(line, delimiter, quoted=True)) if quoted else line.count(delimiter) + 1
        if found != len(header):
            msg = f"{name}, line {number} has {found} cells, the header {len(header)}. Correct the line."
            raise UnreadableFile(msg)
    texts, numbers = [line for _, line in lines[1:]], [number for number, _ in lines[1:]]
    comma = delimiter != "," and _has_decimal_comma(texts, delimiter, quoted=quoted)
    return TextGrid(name, header, texts, numbers, delimiter, quoted, comma)


def _has_decimal_comma(texts: Sequence[str], delimiter: str, *, quoted: bool) -> bool:
    """Whether the numbers have a decimal comma, which is usual between semicolons where nothing tells."""
    sample = texts[:: 1 + len(texts) // SAMPLE_LINES]
    cells = [cell.strip() for line in sample for cell in _split(line, delimiter, quoted=quoted)]
    return printed.uses_decimal_comma(cells, otherwise=delimiter == ";")


def _split(line: str, delimiter: str, *, quoted: bool) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter)) if quoted else line.split(delimiter)


def decompressed(content: bytes, name: str, limit: int = LIMIT) -> bytes:
    """Return the content, decompressed if it is gzip, whatever its name; at most ``limit`` bytes."""
    if not content.startswith(GZIP):
        return content
    whole = bytearray()
    rest = content
    try:
        while rest.startswith(GZIP):  # a gzip file may have several members
            stream = zlib.decompressobj(wbits=31)
            whole += stream.decompress(rest, limit + 1 - len(whole))
            if len(whole) > limit:
                msg = f"{name} expands to more than {limit / 1e6:,.0f} MB. Check that it is the right file."
                raise UnreadableFile(msg)
            if not stream.eof:
                msg = f"{name} is a truncated gzip file. Fetch it again."
                raise UnreadableFile(msg)
            rest = stream.unused_data
    except zlib.error:
        msg = f"{name} is a damaged gzip file. Fetch it again."
        raise UnreadableFile(msg) from None
    return bytes(whole)


def _text(content: bytes, name: str) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    binary = encoding != "utf-16" and b"\0" in content  # found without decoding what may be large
    try:
        text = "" if binary else content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")  # names, not numbers, have the accents
    if binary or "\0" in text:
        msg = f"{name} is not a text table. Give CSV (plain or gzip) or Parquet."
        raise UnreadableFile(msg)
    return text
