"""Parse a covariance in the CSV format of the fund's web API.

The header is ``date,ticker,<N tickers>`` with one row per ticker; the date column is optional. Rows
are matched to columns by ticker, never by position. Below the matrix may stand what ``estimate --out``
keeps for intervals of betas (``readers.covariance_history``).
"""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import DuplicateTicker, InputError, MissingValue, listing
from betaneutral_xl.model.arrays import FloatArray, IntArray, positions_of
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.covariance_history import MARK, with_history
from betaneutral_xl.readers.formats import complete_provenance, read_text, unreadable
from betaneutral_xl.readers.tabular.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["MAX_COVARIANCE_BYTES", "MAX_NAMES", "CovarianceUnit", "load_covariance", "parse_covariance"]

MAX_NAMES = 5_000
"""Names of the largest matrix; a larger one takes gigabytes."""

MAX_COVARIANCE_BYTES = 512 * 2**20
"""Bytes of the largest file: ``MAX_NAMES`` squared numbers of 17 digits and separators."""


def load_covariance(path: Path | str, unit: CovarianceUnit | None = None) -> Covariance:
    """Load a covariance from a CSV file in the format of the API.

    Parameters
    ----------
    path
        The file.
    unit
        The unit of its numbers. If None, they are read as annual decimals and checked for another unit.

    Returns
    -------
    Covariance
        Annual decimals.

    Raises
    ------
    InputError, ModelError
        As ``parse_covariance``.

    """
    content = read_bytes(path, MAX_COVARIANCE_BYTES)
    origin = Provenance(
        source="covariance file",
        location=Path(path).name,
        retrieval=Retrieval.FILE,
        as_of=None,
        rows=0,
        sha256=digest(content),
    )
    return parse_covariance(content, origin, unit)


def parse_covariance(
    content: bytes, provenance: Provenance, unit: CovarianceUnit | None = None
) -> Covariance:
    """Parse a covariance from CSV: columns ``date,ticker,<tickers>`` or ``ticker,<tickers>``.

    Parameters
    ----------
    content
        UTF-8 CSV, all rows of one date.
    provenance
        The origin of the bytes; rows, date and hash are filled in.
    unit
        The unit of the numbers, by default annual decimals.

    Returns
    -------
    Covariance
        Annual decimals, shape (N, N), in the order of the columns.

    Raises
    ------
    DuplicateTicker
        If a ticker has two rows or two columns.
    MissingValue
        If an entry is blank or not finite.
    NotPositiveSemidefinite
        If it is not symmetric, or gives some portfolio a negative variance.
    InputError
        If rows and columns have different tickers, or the variances are in another unit.
    UnreadableFile, ChangedFormat
        If a file, or the API, has another format.

    """
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
    rows = tuple(normalise(label[-1]) for label in labels)
    order = _row_order(columns, rows, provenance)
    as_of = _as_of(labels, provenance) if n_labels > 1 else None
    read = Covariance.from_source(
        columns,
        matrix if order is None else matrix[order],
        complete_provenance(provenance, content, len(columns), as_of),
        unit=unit,
    )
    return with_history(read, beside, provenance)


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
    matrix = np.empty((len(table), n))
    for i, row in enumerate(table):
        if len(row) != labels + n:
            start = ",".join(row[:labels])
            what = f"has {len(row)} cells in the row that begins {start!r:.60}, not {labels + n}"
            raise unreadable(provenance, what, "Check that it is complete.")
        for j, cell in enumerate(row[labels:]):
            try:
                matrix[i, j] = float(cell)
            except ValueError:
                what = f"{cell!r:.40}, not a number," if cell.strip() else "a blank cell"
                msg = (
                    f"The covariance {provenance.location} has {what} for {row[labels - 1]:.40} and "
                    f"{header[labels + j]:.40}. Fill it in, or remove the ticker."
                )
                raise MissingValue(msg, tickers=[row[labels - 1]]) from None
    return [row[:labels] for row in table], matrix


def _row_order(columns: Sequence[str], rows: Sequence[str], provenance: Provenance) -> IntArray | None:
    """Return the row index of each column's ticker, or None if rows and columns have the same order."""
    for what, names in (("columns", columns), ("rows", rows)):
        duplicates = [name for name, count in Counter(names).items() if count > 1]
        if duplicates:
            msg = (
                f"The covariance {provenance.location} has {listing(duplicates)} more than once in its "
                f"{what}. Remove the duplicate {what}."
            )
            raise DuplicateTicker(msg, tickers=duplicates)
    if columns == rows:
        return None
    unmatched = sorted(set(columns) ^ set(rows))
    if unmatched:
        side = "column but no row" if unmatched[0] in columns else "row but no column"
        msg = (
            f"The covariance {provenance.location} is not square: {len(rows)} rows, {len(columns)} columns "
            f"of numbers, and {unmatched[0]} has a {side}. Give each ticker one row and one column."
        )
        raise InputError(msg, tickers=unmatched)
    return positions_of(columns, rows)


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
