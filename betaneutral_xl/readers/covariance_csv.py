"""A covariance as the fund's web API answers it: bytes in, ``Covariance`` out.

The shape is ``date,ticker,<N tickers>`` and a row a ticker; the date column may be absent. Rows
are matched to columns by their tickers, never by their place.
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
from betaneutral_xl.readers.formats import described, read_text, unreadable
from betaneutral_xl.readers.tabular.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["LARGEST_FILE", "MOST_NAMES", "CovarianceUnit", "load_covariance", "parse_covariance"]

MOST_NAMES = 5_000
"""A matrix of more names takes gigabytes; ask for the names that are needed."""

LARGEST_FILE = 512 * 2**20
"""Bytes of a file of that many names at 17 digits, and some air."""


def load_covariance(path: Path | str, unit: CovarianceUnit | None = None) -> Covariance:
    """Load a covariance from a CSV file in the shape of the API's answer.

    Parameters
    ----------
    path
        The file.
    unit
        What its numbers are; by default annual decimals, which is then checked the more.

    Raises
    ------
    InputError, ModelError
        As ``parse_covariance``.

    """
    content = read_bytes(path, LARGEST_FILE)
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
    """Read a covariance from CSV: columns ``date,ticker,<tickers>`` or ``ticker,<tickers>``.

    Parameters
    ----------
    content
        UTF-8 CSV. All rows have one date.
    provenance
        Where the bytes came from; rows, day and hash are filled in.
    unit
        What the numbers are, by default annual decimals; the result is annual decimals.

    Raises
    ------
    DuplicateTicker
        If a ticker has two rows or two columns.
    MissingValue
        If an entry is blank, or not finite.
    NotPositiveSemidefinite
        If it is not symmetric, or gives some portfolio a negative variance.
    InputError
        If rows and columns have different tickers, or the variances are in another unit.
    UnreadableFile, ChangedFormat
        If it is not such CSV: of a file, or of the API.

    """
    text = read_text(content, provenance, "CSV")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [line for line in text.split("\n") if line.strip(" ,")]
    header = next(_cells(lines[:1], provenance), [])
    labels = _label_columns(header, provenance)
    columns = tuple(normalise(name) for name in header[labels:])
    names = max(len(columns), len(lines) - 1)
    if names > MOST_NAMES:
        what = f"has {names:,} names, more than {MOST_NAMES:,}"
        raise unreadable(provenance, what, "Keep the names that are needed.")
    if not columns or len(lines) == 1:
        raise unreadable(provenance, "has a header and no numbers")
    marks, matrix = _read_rows(lines, labels, len(columns), provenance)
    rows = tuple(normalise(mark[-1]) for mark in marks)
    order = _match(columns, rows, provenance)
    return Covariance.from_source(
        columns,
        matrix if order is None else matrix[order],
        described(provenance, content, len(columns), _as_of(marks, provenance) if labels > 1 else None),
        unit=unit,
    )


def _label_columns(header: Sequence[str], provenance: Provenance) -> int:
    """Return how many columns stand before the numbers."""
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
    """Return the label cells of every row, and the numbers, shape (rows, n)."""
    cells = [line.split(",", labels) for line in lines[1:]]
    matrix = _fast([row[labels] if len(row) > labels else "" for row in cells])
    if matrix is not None and matrix.shape == (len(cells), n):
        return [row[:labels] for row in cells], matrix
    return _read_cells(lines, labels, n, provenance)


def _fast(numbers: Sequence[str]) -> FloatArray | None:
    """Read rows of plain numbers; return nothing where a cell is blank, quoted or a word."""
    if not all(map(str.strip, numbers)):  # such a row would be skipped
        return None
    try:
        return np.loadtxt(numbers, delimiter=",", comments=None, ndmin=2)
    except ValueError:
        return None


def _cells(lines: Sequence[str], provenance: Provenance) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines)
    except csv.Error as error:  # a cell without end
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


def _match(columns: Sequence[str], rows: Sequence[str], provenance: Provenance) -> IntArray | None:
    """Return where each column's ticker has its row; nothing where the order is the same."""
    for what, names in (("columns", columns), ("rows", rows)):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            msg = (
                f"The covariance {provenance.location} has {listing(twice)} more than once in its {what}. "
                "Remove the repetition."
            )
            raise DuplicateTicker(msg, tickers=twice)
    if columns == rows:
        return None
    odd = sorted(set(columns) ^ set(rows))
    if odd:
        side = "column but no row" if odd[0] in columns else "row but no column"
        msg = (
            f"The covariance {provenance.location} is not square: {len(rows)} rows, {len(columns)} columns "
            f"of numbers, and {odd[0]} has a {side}. Give each ticker one row and one column."
        )
        raise InputError(msg, tickers=odd)
    return positions_of(columns, rows)


def _as_of(marks: Sequence[Sequence[str]], provenance: Provenance) -> date:
    printed = sorted({mark[0].strip() for mark in marks})
    try:
        days = sorted({datetime.fromisoformat(text).date() for text in printed})
    except ValueError:
        raise unreadable(provenance, f"has {printed[0]!r:.40} in its date column, not a date") from None
    if len(days) != 1:
        what = f"has {len(days)} dates in its date column, from {days[0]} to {days[-1]}"
        raise unreadable(provenance, what, "Keep the rows of one day.")
    return days[0]
