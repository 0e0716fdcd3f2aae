"""Plain tables of text: gzip, encoding and delimiter found out, every cell traceable.

For price panels and factor models, which are regular and may have a million cells. Issuers'
holdings files, which are neither, have a reader of their own.
"""

from __future__ import annotations

import csv
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT = 512 * 1024 * 1024
"""Bytes of the largest table, unpacked: 5,000 names on 5,000 days have half of it."""

GZIP = b"\x1f\x8b"

DELIMITERS = ",;\t|"

MISSING = frozenset({"", "nan", "na", "n/a", "#n/a", "null", "none", "-", "--", "."})
"""What programs write for a missing number."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells under a header.

    ``lines`` are the numbers of the rows in the file, for messages; ``delimiter`` tells how a
    decimal comma is to be read.
    """

    name: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    delimiter: str

    def number(self, row: int, column: int) -> float:
        """Return the number in a cell, NaN where it is missing.

        Raises
        ------
        UnreadableFile
            If there is other text, with its place.

        """
        text = self.rows[row][column].strip()
        if text.lower() in MISSING:
            return float("nan")
        try:
            return float(text.replace(",", ".") if self.delimiter != "," else text)
        except ValueError:
            msg = (
                f"{self.name}, line {self.lines[row]}, column {self.header[column] or column + 1}: "
                f"{text[:40]!r} is not a number. Correct it, or leave the cell empty."
            )
            raise UnreadableFile(msg) from None

    def numbers(self, row: int, start: int) -> list[float]:
        """Return the numbers of a row from a column on; the quick way, then the careful one."""
        cells = self.rows[row][start:]
        try:
            return [float(cell) if cell else _NAN for cell in cells]
        except ValueError:
            return [self.number(row, column) for column in range(start, start + len(cells))]


_NAN = float("nan")


def parse_grid(content: bytes, name: str) -> Grid:
    """Read a delimited text of any usual encoding, packed with gzip or not.

    Raises
    ------
    UnreadableFile
        If it is no text, is too large, has no rows, or a row has not the header's cells.

    """
    text = _text(unpacked(content, name), name)
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) < 2:  # noqa: PLR2004 - a header and a row
        msg = f"{name} has no rows under its header. Check that it is the right file."
        raise UnreadableFile(msg)
    first = lines[0][1]
    delimiter = max(DELIMITERS, key=first.count)
    if '"' in text:
        cells = list(csv.reader((line for _, line in lines), delimiter=delimiter))
    else:
        cells = [line.split(delimiter) for _, line in lines]
    header = tuple(cell.strip() for cell in cells[0])
    if len(header) < 2:  # noqa: PLR2004 - labels and values
        msg = f"{name} has one column only. Give a table with commas, semicolons or tabs between cells."
        raise UnreadableFile(msg)
    for (number, _), row in zip(lines[1:], cells[1:], strict=False):
        if len(row) != len(header):
            msg = f"{name}, line {number} has {len(row)} cells, the header {len(header)}. Correct the line."
            raise UnreadableFile(msg)
    return Grid(name, header, cells[1:], [number for number, _ in lines[1:]], delimiter)


def unpacked(content: bytes, name: str, limit: int = LIMIT) -> bytes:
    """Return the content, unpacked if it is gzip, however it is named.

    Raises
    ------
    UnreadableFile
        If it is damaged, or would unpack to more than the limit.

    """
    if not content.startswith(GZIP):
        return content
    whole = bytearray()
    rest = content
    try:
        while rest.startswith(GZIP):  # a file may hold several packed parts, one after the other
            stream = zlib.decompressobj(wbits=31)
            whole += stream.decompress(rest, limit + 1 - len(whole))
            if len(whole) > limit:
                msg = f"{name} unpacks to more than {limit / 1e6:,.0f} MB. Check that it is the right file."
                raise UnreadableFile(msg)
            if not stream.eof:
                msg = f"{name} is a gzip file that ends too early. Fetch it again."
                raise UnreadableFile(msg)
            rest = stream.unused_data
    except zlib.error:
        msg = f"{name} is a damaged gzip file. Fetch it again."
        raise UnreadableFile(msg) from None
    return bytes(whole)


def _text(content: bytes, name: str) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")  # names, not numbers, have the accents
    if "\0" in text:
        msg = f"{name} is not a text table. Give CSV (plain or gzip) or Parquet."
        raise UnreadableFile(msg)
    return text
