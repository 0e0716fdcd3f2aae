"""Read a factor model from three labelled tables: exposures, factor covariance, specific risk.

The tables are the files of a folder or of a ZIP archive, CSV or Parquet, known by their names.
"""

from __future__ import annotations

import csv
import io
import math
import re
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import DuplicateTicker, InputError, MissingValue, UnreadableFile, listing
from betaneutral_xl.model.arrays import FloatArray, positions_of
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.factor_model import Units, factor_model, plausible_units
from betaneutral_xl.model.printed import number
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.tabular.grid import LIMIT, TextGrid, parse_grid
from betaneutral_xl.readers.tabular.parquet import PARQUET, parquet_sheet
from betaneutral_xl.readers.tabular.sheets import ZIP
from betaneutral_xl.system.archives import DAMAGED
from betaneutral_xl.system.files import listed, read_bytes, shown_name
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.model.provenance import Provenance
    from betaneutral_xl.model.risk import Covariance

PARTS: Mapping[str, Pattern] = {
    "specific risk": Pattern(r"spec|idio|resid|unique", re.IGNORECASE),
    "exposures": Pattern(r"expos|loading", re.IGNORECASE),
    "factor covariance": Pattern(r"cov|factor", re.IGNORECASE),
}
"""Words in the name of each table's file, in the order in which they are tried."""

SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".gz", ".parquet"})
MAX_FILES = 50
UNITS = {CovarianceUnit.ANNUAL: Units.DECIMAL, CovarianceUnit.PERCENT_SQUARED: Units.PERCENT}
VARIANCE = Pattern(r"(?<![a-z])var(?:iances?)?(?![a-z])", re.IGNORECASE)
"""A header of specific variances, in place of volatilities."""
LONG = 3
"""Columns of a table in long form: two labels and a number."""
ABSENT = -math.inf
"""In place of a pair that a list does not have; a blank in a table is NaN."""


def is_factor_archive(content: bytes) -> bool:
    """Whether the bytes are a ZIP archive with the tables of a factor model."""
    if not content.startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return len(_parts(archive.namelist())) == len(PARTS)
    except DAMAGED:
        return False


def pack_folder(folder: Path | str) -> bytes:
    """Return the three tables in a folder as a ZIP archive, which is the same bytes every time."""
    files = {path.name: path for path in listed(Path(folder))[:MAX_FILES] if path.is_file()}
    found = _require_parts(_parts(files), shown_name(folder))
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in found.values():
            archive.writestr(zipfile.ZipInfo(name), read_bytes(files[name], LIMIT), zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def parse_factor_archive(
    content: bytes, origin: Provenance, unit: CovarianceUnit | None = None
) -> Covariance:
    """Parse a factor model from a ZIP archive of three tables, aligned by label, never by position.

    The covariance is ``X F X' + diag(s^2)``. The exposures X, shape (N, k), are ``ticker,<factor>,...``, or
    in long form ``ticker,factor,exposure``, where a pair that is not listed is zero; the annual factor
    covariance F, shape (k, k), is ``factor,<factor>,...``, the same factors in any order, or in long form,
    where either of a pair will do; the annual specific volatilities s, shape (N,), are
    ``ticker,specific_risk``. Under a header that says variance they are ``s^2``.

    The unit is ``annual`` or ``percent_squared``; by default the one in which its volatilities are possible.

    Raises
    ------
    UnreadableFile
        If it has not the three tables, or one is no such table.
    InputError
        If the unit is another one, or the labels of two tables differ; and as ``model.factor_model`` has it.

    """
    if unit is not None and unit not in UNITS:
        msg = f"A factor model is annual or percent_squared, not {unit}. Convert {origin.location}."
        raise InputError(msg)
    try:
        files = _unpacked(content, origin.location)
    except DAMAGED as error:
        msg = f"{origin.location} is a damaged ZIP archive ({type(error).__name__}). Download it again."
        raise UnreadableFile(msg) from None
    tables = [_table(data, name) for name, data in files]
    return _model(tables, None if unit is None else UNITS[unit], origin)


def _unpacked(content: bytes, name: str) -> list[tuple[str, bytes]]:
    """Return names and contents of the three tables' files."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = _require_parts(_parts(archive.namelist()), name)
        if sum(archive.getinfo(part).file_size for part in found.values()) > LIMIT:
            msg = f"{name} expands to more than {LIMIT / 1e6:,.0f} MB. Check that it is right."
            raise UnreadableFile(msg)
        order = ("exposures", "factor covariance", "specific risk")
        return [(found[part], archive.read(found[part])) for part in order]


Table = tuple[str, list[str], list[str], FloatArray]
"""A file's name, its row labels, its column labels and its numbers."""


def _model(tables: Sequence[Table], units: Units | None, origin: Provenance) -> Covariance:
    (rows, factors, x), (f_rows, f_columns, f), (r_rows, r_columns, risk) = (table[1:] for table in tables)
    names = [table[0] for table in tables]
    f_rows, f_columns, f = _square(f_rows, f_columns, f)
    x, notes = _with_zeros(x, rows, factors, names[0])
    tickers, others = [normalise(t) for t in rows], [normalise(t) for t in r_rows]
    _require_same_labels(factors, f_rows, "factors", names[0], names[1])
    _require_same_labels(factors, f_columns, "factors", names[0], names[1])
    _require_same_labels(tickers, others, "tickers", names[0], names[2])
    if len(r_columns) != 1:
        msg = f"{names[2]} has {len(r_columns)} columns beside the ticker, not the specific risk alone."
        raise UnreadableFile(msg)
    f = f[np.ix_(positions_of(factors, f_rows), positions_of(factors, f_columns))]
    specific = risk[positions_of(tickers, others), 0]
    if VARIANCE.search(r_columns[0]):
        specific = np.sqrt(np.maximum(specific, 0.0)) + np.minimum(specific, 0.0)  # negative ones are refused
    chosen = units or plausible_units(x, f, specific)
    how = "" if units else ", by the size of its volatilities"
    note = f"{len(factors)} factors, read as {chosen}{how}"
    provenance = replace(origin, rows=len(tickers), note=note)
    found = factor_model(tickers, x, f, specific, units=chosen, provenance=provenance)
    return replace(found, warnings=(*found.warnings, *notes))


def _with_zeros(
    x: FloatArray, rows: Sequence[str], factors: Sequence[str], name: str
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return exposures with zeros where a long list has none, and a note on factors that most names have.

    Lists leave out zeros, such as those to other industries; of a style every name should have one.
    """
    if not (is_absent := x == ABSENT).any():
        return x, ()
    few = is_absent & (is_absent.mean(axis=0) < 0.5)  # noqa: PLR2004 - most have one
    gaps = [f"{rows[i]} to {factors[j]}" for i, j in np.argwhere(few)]
    zeros = np.where(is_absent, 0.0, x)
    if not gaps:
        return zeros, ()
    return zeros, (f"{name} has no exposure of {listing(gaps)}, as most names have: it is taken as 0.",)


def _parts(names: Sequence[str] | Mapping[str, Path]) -> dict[str, str]:
    """Return the file of each table by its name; those that are missing or ambiguous are left out."""
    found: dict[str, str] = {}
    rest = [
        name
        for name in names
        if Path(name).suffix.lower() in SUFFIXES and not Path(name).name.startswith(".")
    ]
    for part, words in PARTS.items():
        matching = [name for name in rest if words.search(Path(name).stem)]
        if len(matching) == 1:
            found[part] = matching[0]
        rest = [name for name in rest if name not in matching]
    return found


def _require_parts(found: Mapping[str, str], name: str) -> Mapping[str, str]:
    missing = [part for part in PARTS if part not in found]
    if missing:
        msg = (
            f"{name} has no table of the {listing(missing)}, or several. A factor model is a folder or a ZIP "
            "archive with exposures.csv, factor_covariance.csv and specific_risk.csv (or .parquet)."
        )
        raise UnreadableFile(msg)
    return found


def _table(content: bytes, name: str) -> Table:
    grid = parse_grid(_as_text(content, name) if content.startswith(PARQUET) else content, name)
    if len(grid.header) == LONG and _is_long(grid):
        return (name, *_pivoted(grid))
    return name, grid.labels(), list(grid.header[1:]), grid.numbers()


def _as_text(content: bytes, name: str) -> bytes:
    """Return a Parquet file as CSV, its first column of texts first."""
    rows = parquet_sheet(content, name).rows
    texts = [
        i for i in range(len(rows[0])) if len(rows) > 1 and number(rows[1][i]) is None and rows[1][i].strip()
    ]
    order = [*texts, *(i for i in range(len(rows[0])) if i not in texts)]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[row[i] for i in order] for row in rows])
    return out.getvalue().encode()


def _is_long(grid: TextGrid) -> bool:
    cells = grid.cells(0)
    return number(cells[1]) is None and number(cells[2]) is not None


def _pivoted(grid: TextGrid) -> tuple[list[str], list[str], FloatArray]:
    rows = [[cell.strip() for cell in cells] for cells in grid.rows()]
    first, second = (list(dict.fromkeys(row[i] for row in rows)) for i in (0, 1))
    pairs = [(row[0], row[1]) for row in rows]
    first_at = {pair: i for i, pair in reversed(list(enumerate(pairs)))}
    twice = next((pair for i, pair in enumerate(pairs) if first_at[pair] < i), None)
    if twice is not None:
        msg = f"{grid.name} lists {twice[0]}, {twice[1]} more than once. Remove the duplicates."
        raise DuplicateTicker(msg, tickers=list(twice))
    matrix = np.full((len(first), len(second)), ABSENT)
    row_of, column_of = ({label: i for i, label in enumerate(labels)} for labels in (first, second))
    for at, (row, (one, other)) in enumerate(zip(rows, pairs, strict=True)):
        matrix[row_of[one], column_of[other]] = grid.number(at, 2, row[2])
    return first, second, matrix


def _square(
    rows: list[str], columns: list[str], matrix: FloatArray
) -> tuple[list[str], list[str], FloatArray]:
    """Return a factor covariance with both halves, where it has zeros, blanks or nothing on one side.

    Raises
    ------
    MissingValue
        If a list has a pair in neither order.

    """
    if sorted(rows) != sorted(columns) or len(set(rows)) < len(rows):
        return rows, columns, matrix
    square = matrix[:, positions_of(rows, columns)]
    square = np.where(square == ABSENT, square.T, square)
    if (absent := np.argwhere(square == ABSENT)).size:
        one, other = (rows[i] for i in absent[0])
        msg = f"The factor covariance has no row for {one} and {other}. Add it, with 0 if it is zero."
        raise MissingValue(msg, tickers=[one, other])
    filled = np.nan_to_num(square)
    lower, upper = np.tril(filled, -1), np.triu(filled, 1)
    if not lower.any() or not upper.any():
        half = lower + upper
        return rows, list(rows), half + half.T + np.diag(np.diag(square))
    return rows, list(rows), square


def _require_same_labels(first: list[str], second: list[str], what: str, name: str, other: str) -> None:
    for labels, where in ((first, name), (second, other)):
        duplicates = sorted(label for label, count in Counter(labels).items() if count > 1)
        if duplicates:
            msg = f"{where} lists the {what} {listing(duplicates)} more than once. Remove the duplicates."
            raise DuplicateTicker(msg, tickers=duplicates)
    unmatched = sorted(set(first) ^ set(second))
    if unmatched:
        msg = f"{name} and {other} do not have the same {what}: see {listing(unmatched)}."
        raise InputError(msg)
