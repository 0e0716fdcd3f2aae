"""Parse a covariance: the CSV of the fund's web API, or a table as pandas, Excel and vendors write it.

The API's header is ``date,ticker,<N tickers>`` with one row per ticker; the date column is optional. Rows
are matched to columns by ticker, never by position. ``matrix_tables`` reads the other shapes. Below the
API's matrix may stand what ``estimate --out`` keeps for intervals of betas (``readers.covariance_drift``).
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from betaneutral_xl.errors import MissingValue
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.covariance_drift import MARK, with_drift_lines, without_drift_lines
from betaneutral_xl.readers.formats import NETWORK, complete_provenance, read_text, unreadable
from betaneutral_xl.readers.matrix_tables import MatrixTable, PlainMatrix, find_matrix
from betaneutral_xl.readers.tabular.detection import read_sheets
from betaneutral_xl.readers.tabular.grid import GZIP, decompressed
from betaneutral_xl.readers.tabular.parquet import PARQUET, parquet_sheet
from betaneutral_xl.readers.tabular.sheets import BEFORE_TEXT, OLE, ZIP
from betaneutral_xl.system import optional
from betaneutral_xl.system.files import LargeFile, content_of

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.covariance_units import CovarianceUnit
    from betaneutral_xl.model.risk import Covariance
    from betaneutral_xl.readers.tabular.sheets import TextSheet

MAX_NAMES = 5_000
"""Names of the largest matrix; a larger one takes gigabytes."""

ARCHIVES = (GZIP, ZIP, OLE)
"""How files begin that are unpacked as a whole: gzip, ZIP with XLSX, and XLS."""

BINARY = (*ARCHIVES, PARQUET)
"""How files that are no text begin."""

MAX_HEADER_BYTES = 512 * 1024
"""Bytes in which the header and the begin of the first row are found."""

LINE_ENDS = re.compile(rb"[\r\n]+")
OTHER_LABELS = (b",ticker,", b",symbol,", b",name,", b",index,", b",date,", b",,")
"""Headers of an index before the tickers."""

ISO_DATE = re.compile(rb'"?\d{4}-\d{2}-\d{2}')

MAX_COVARIANCE_BYTES = 512 * 2**20
"""Bytes of the largest file: ``MAX_NAMES`` squared numbers of 17 digits and separators."""


def load_covariance(path: Path | str, unit: CovarianceUnit | None = None) -> Covariance:
    """Load a covariance in annual decimals from a file; see ``parse_covariance``."""
    content = covariance_content(path)
    origin = Provenance(
        source="covariance file",
        location=Path(path).name,
        retrieval=Retrieval.FILE,
        as_of=None,
        rows=0,
    )
    return parse_covariance(content, origin, unit)


def covariance_content(path: Path | str) -> bytes | LargeFile:
    """Return the bytes of a covariance's file, or, where it is a large CSV or Parquet file, the file."""
    return content_of(path, MAX_COVARIANCE_BYTES, kept=ARCHIVES)


def parse_covariance(
    content: bytes | LargeFile,
    provenance: Provenance,
    unit: CovarianceUnit | None = None,
    parse_file: Callable[[LargeFile], PlainMatrix | None] | None = None,
) -> Covariance:
    """Parse a covariance from CSV: columns ``date,ticker,<tickers>`` or ``ticker,<tickers>``.

    Parameters
    ----------
    content
        UTF-8 CSV, all rows of one date; or a table of another shape or format. A large file is read row by
        row, so that no more than the matrix is in memory.
    provenance
        The origin of the bytes; rows, date and hash are filled in.
    unit
        The unit of the numbers; if None, they are read as annual decimals and checked for another unit.
    parse_file
        Used in place of ``parse_plain_file``, such as a cache of it.

    Returns
    -------
    Covariance
        Annual decimals, shape (N, N), in the order of the columns.

    Raises
    ------
    DuplicateTicker, MissingValue
        If a ticker has two rows or two columns; if an entry is blank or not finite.
    NotPositiveSemidefinite
        If it is not symmetric, or gives some portfolio a negative variance.
    InputError
        If rows and columns have different tickers, or the variances are in another unit.
    UnreadableFile, ChangedFormat
        If a file, or the API, has another format.

    """
    if isinstance(content, LargeFile):
        plain = (parse_file or parse_plain_file)(content)
        if plain is not None:
            return _of_table(plain, provenance, unit)
        content = content.read()
    provenance = replace(provenance, sha256=provenance.sha256 or digest(content))
    is_csv = provenance.retrieval in NETWORK or _is_plain(content)
    stream = io.BytesIO(content)
    if is_csv:
        plain = parse_plain_matrix(stream)
    else:
        plain = _parse_columns(stream, provenance.location) if content.startswith(PARQUET) else None
    if plain is not None:
        return _of_table(plain, provenance, unit)
    if not is_csv:
        return _parse_other_shape(content, provenance, unit)
    text = read_text(content, provenance, "CSV")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    written = [line for line in text.split("\n") if line.strip(" ,")]
    lines = [line for at, line in enumerate(written) if not (at and line.startswith(MARK))]
    beside = [line for at, line in enumerate(written) if at and line.startswith(MARK)]
    header = next(_cells(lines[:1], provenance), [])
    n_labels = _label_columns(header, provenance)
    columns = tuple(normalise(name) for name in header[n_labels:])
    names = max(len(columns), len(lines) - 1)
    if names > MAX_NAMES:
        what = f"has {names:,} names, more than {MAX_NAMES:,}"
        raise unreadable(provenance, what, "Keep the names that are needed.")
    if not columns or len(lines) == 1:
        raise unreadable(provenance, "has a header and no numbers")
    labels, matrix = _read_rows(lines, n_labels, len(columns), provenance)
    return _of_table(PlainMatrix(tuple(header[n_labels:]), labels, matrix, tuple(beside)), provenance, unit)


def _parse_columns(stream: BinaryIO, name: str) -> PlainMatrix | None:
    from betaneutral_xl.readers.parquet_matrix import parquet_matrix

    return parquet_matrix(stream, name)


def _of_table(plain: PlainMatrix, provenance: Provenance, unit: CovarianceUnit | None) -> Covariance:
    columns = tuple(normalise(name) for name in plain.header)
    table = MatrixTable(
        columns=columns,
        rows=tuple(normalise(label[-1]) for label in plain.labels),
        matrix=plain.matrix,
        place=lambda row, _: f"{provenance.location}, row {row + 2}",
    )
    as_of = _as_of(plain.labels, provenance) if len(plain.labels[0]) > 1 else None
    origin = replace(
        provenance,
        rows=len(columns),
        as_of=as_of or provenance.as_of,
        sha256=provenance.sha256 or plain.sha256,
    )
    return with_drift_lines(table.covariance(origin, unit), plain.beside, provenance)


def _is_plain(content: bytes) -> bool:
    """Whether content is the API's CSV: UTF-8, commas, and its own header, with ISO dates if any."""
    if content.startswith((*BINARY, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    lines = [line for line in LINE_ENDS.split(content[:MAX_HEADER_BYTES]) if line.strip(b"\xef\xbb\xbf ,")]
    first = lines[0].lower().lstrip(b"\xef\xbb\xbf ") if lines else b""
    if first.startswith(b"date,ticker"):
        return len(lines) < 2 or ISO_DATE.match(lines[1]) is not None  # noqa: PLR2004 - header and row
    is_labelled = first.startswith((b"ticker,", b",")) and not first.startswith(OTHER_LABELS)
    return is_labelled and b";" not in first


def _parse_other_shape(content: bytes, provenance: Provenance, unit: CovarianceUnit | None) -> Covariance:
    """Parse a covariance that pandas, Excel or a vendor wrote, in any table format."""
    name = provenance.location
    content = decompressed(content, name, MAX_COVARIANCE_BYTES)
    if _is_plain(content):
        return parse_covariance(content, provenance, unit)
    sheets = (parquet_sheet(content, name),) if content.startswith(PARQUET) else _sheets(content, provenance)
    for sheet in sheets:
        matrix, beside = without_drift_lines(sheet)
        table = find_matrix(matrix, name)
        if table is not None:
            origin = complete_provenance(provenance, content, len(table.columns), table.as_of)
            return with_drift_lines(table.covariance(origin, unit), beside, provenance)
    row = next((row for sheet in sheets for row in sheet.rows if row), ())
    advice = "Its first line should be date,ticker,<tickers> or ticker,<tickers>, with a row per ticker."
    raise unreadable(provenance, f"is not a covariance: it begins with {','.join(row[:3])!r:.60}", advice)


def _sheets(content: bytes, provenance: Provenance) -> tuple[TextSheet, ...]:
    start = content[:64].lstrip(BEFORE_TEXT)
    if not start or start.startswith(b"<"):
        read_text(content, provenance, "CSV")  # says what it is
    return read_sheets(content, provenance.location)


def parse_plain_file(file: LargeFile) -> PlainMatrix | None:
    """Parse the numbers of a large file row by row, or, of Parquet, column by column.

    None if it is of another shape or format, or a cell is not a plain number.
    """
    with file.open() as stream:
        start = stream.read(MAX_HEADER_BYTES)
        stream.seek(0)
        if start.startswith(PARQUET):
            found = _parse_columns(stream, file.name)
            stream.seek(0)
            return found and replace(found, sha256=file_digest(stream, "sha256").hexdigest())
        if not _is_plain(start):
            return None
        hashed = hashlib.sha256()

        def lines() -> Iterator[bytes]:
            for line in stream:
                hashed.update(line)
                yield line

        found = parse_plain_matrix(lines())
        return found and replace(found, sha256=hashed.hexdigest())


def parse_plain_matrix(lines: Iterable[bytes]) -> PlainMatrix | None:
    """Parse the numbers of a square CSV row by row into one array; None if a cell is not a plain number.

    A row of plain numbers is a JSON array without its brackets, which simdjson parses into doubles without
    an object per number: 5,000 x 5,000 numbers take about half the time of pandas' C reader, and no memory
    beside a row and the matrix. Blank, quoted and other cells are left to the careful reader,
    and so is all where simdjson is not installed.
    """
    simdjson = optional.find("simdjson")
    if simdjson is None:
        return None
    rows = iter(lines)
    head = next(rows, b"").removeprefix(codecs.BOM_UTF8)
    header = head.rstrip(b"\r\n").split(b",")
    words = [cell.strip().lower() for cell in header[:2]]
    n_labels = 2 if words == [b"date", b"ticker"] else int(words[0] in {b"ticker", b""})
    n = len(header) - n_labels
    if not n_labels or not 0 < n <= MAX_NAMES or b'"' in head or not head.isascii():
        return None
    parser = simdjson.Parser()
    matrix = np.empty((n, n))
    labels: list[list[str]] = []
    for line in islice(rows, n):
        *label, numbers = line.rstrip(b"\n").split(b",", n_labels)
        values = _plain_numbers(parser, numbers)
        if len(label) < n_labels or values is None or values.size != n:
            return None
        matrix[len(labels)] = values
        try:
            labels.append([cell.decode("ascii") for cell in label])
        except UnicodeDecodeError:
            return None
    beside = _lines_below(rows)
    if len(labels) < n or beside is None:
        return None
    return PlainMatrix(tuple(cell.decode("ascii") for cell in header[n_labels:]), labels, matrix, beside)


def _plain_numbers(parser: Any, text: bytes) -> FloatArray | None:
    """Parse numbers between commas with simdjson; None if one is not plain."""
    if b"[" in text:  # nested arrays would be flattened
        return None
    try:
        return np.frombuffer(parser.parse(b"[" + text + b"]").as_buffer(of_type="d"))
    except (ValueError, TypeError, RuntimeError, AttributeError):  # of simdjson, for all but numbers
        return None


def _lines_below(lines: Iterable[bytes]) -> tuple[str, ...] | None:
    """Return the lines below a matrix that begin with ``MARK``; None if there are others."""
    try:
        below = [line.decode("ascii").rstrip("\r\n") for line in lines]
    except UnicodeDecodeError:
        return None
    written = tuple(line for line in below if line.strip(" ,"))
    return written if all(line.startswith(MARK) for line in written) else None


def _label_columns(header: Sequence[str], provenance: Provenance) -> int:
    """Return the number of label columns before the numbers."""
    words = [cell.strip().lower() for cell in header]
    if words[:2] == ["date", "ticker"]:
        return 2
    if len(words) > 1 and words[0] in {"ticker", ""}:
        return 1
    start = ",".join(header[:3])
    advice = "Its first line should be date,ticker,<tickers> or ticker,<tickers>."
    raise unreadable(provenance, f"is not a covariance: it begins with {start!r:.60}", advice)


def _read_rows(
    lines: Sequence[str], labels: int, n: int, provenance: Provenance
) -> tuple[list[list[str]], FloatArray]:
    """Return the label cells of each row, and the numbers, shape (rows, n)."""
    cells = [line.split(",", labels) for line in lines[1:]]
    matrix = _parse_numeric_rows([row[labels] if len(row) > labels else "" for row in cells])
    if matrix is not None and matrix.shape == (len(cells), n):
        return [row[:labels] for row in cells], matrix
    return _read_cells(lines, labels, n, provenance)


def _parse_numeric_rows(numbers: Sequence[str]) -> FloatArray | None:
    """Parse rows of plain numbers; return None if a cell is blank, quoted or text."""
    if not all(map(str.strip, numbers)):  # loadtxt skips blank rows
        return None
    try:
        return np.loadtxt(numbers, delimiter=",", comments=None, ndmin=2)
    except ValueError:
        return None


def _cells(lines: Sequence[str], provenance: Provenance) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines)
    except csv.Error as error:  # a cell over the field limit
        raise unreadable(provenance, f"is not CSV ({error})") from None


def _read_cells(
    lines: Sequence[str], labels: int, n: int, provenance: Provenance
) -> tuple[list[list[str]], FloatArray]:
    header, *table = _cells(lines, provenance)
    if all(len(row) == labels + i + 1 for i, row in enumerate(table)):  # a lower triangle
        table = [[*row, *[""] * (labels + n - len(row))] for row in table]
    matrix = np.empty((len(table), n))
    for i, row in enumerate(table):
        if len(row) != labels + n:
            start = ",".join(row[:labels])
            what = f"has {len(row)} cells in the row that begins {start!r:.60}, not {labels + n}"
            raise unreadable(provenance, what, "Check that it is complete.")
        for j, cell in enumerate(row[labels:]):
            try:
                matrix[i, j] = float(cell) if cell.strip() else math.nan
            except ValueError:
                where = f"{provenance.location}, row {i + 2}"
                msg = (
                    f"The covariance {provenance.location} has {cell!r:.40}, not a number, for "
                    f"{row[labels - 1]:.40} and {header[labels + j]:.40} ({where}). "
                    "Fill it in, or remove the ticker."
                )
                raise MissingValue(msg, tickers=[row[labels - 1]]) from None
    return [row[:labels] for row in table], matrix


def _as_of(labels: Sequence[Sequence[str]], provenance: Provenance) -> date:
    printed = sorted({label[0].strip() for label in labels})
    try:
        days = sorted({datetime.fromisoformat(text).date() for text in printed})
    except ValueError:
        raise unreadable(provenance, f"has {printed[0]!r:.40} in its date column, not a date") from None
    if len(days) != 1:
        what = f"has {len(days)} dates in its date column, from {days[0]} to {days[-1]}"
        raise unreadable(provenance, what, "Keep the rows of one day.")
    return days[0]
