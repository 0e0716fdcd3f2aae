"""Covariances from tables of any usual shape: labels before or after an index, a triangle, or pairs.

Rows are matched to columns by ticker, never by position.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import DuplicateTicker, InputError, MissingValue, UnreadableFile, listing
from betaneutral_xl.model.arrays import positions_of
from betaneutral_xl.model.printed import (
    cell_text,
    clean,
    date_of,
    has_inner_blank,
    is_percentage,
    number,
    uses_decimal_comma,
)
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.columns import Column, column_of, header_key
from betaneutral_xl.readers.tabular.cell_grids import refuse_errors, sheet_of, text_of

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray, IntArray
    from betaneutral_xl.model.covariance_units import CovarianceUnit
    from betaneutral_xl.model.provenance import Provenance
    from betaneutral_xl.readers.tabular.cell_grids import CellGrid
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

HEADER_SEARCH_ROWS = 20
"""Rows in which the header of a matrix is searched."""
MAX_LABEL_COLUMNS = 4
"""Columns in which the row labels are searched: an index, a date, and the tickers."""
INDEX_HEADERS = frozenset({"", "index", "unnamed 0", "unnamed 1", "level 0", "id", "nr", "no"})
"""Headers, by ``header_key``, of a column that counts the rows."""
PAIR_COLUMNS = 3
"""Columns of a table of pairs: two tickers and their covariance."""
ONE_TRIANGLE = "Only one triangle of the covariance is given; the other is taken from its symmetry."


@dataclass(frozen=True, slots=True, eq=False)
class PlainMatrix:
    """The numbers of a square table in a file, with its labels, before they are checked."""

    header: tuple[str, ...]
    """N labels along the top."""
    labels: Sequence[Sequence[str]]
    """The label cells of each of N rows: the ticker, or the day and the ticker."""
    matrix: FloatArray
    """Shape (N, N)."""
    beside: tuple[str, ...] = ()
    """The lines below the matrix that are for intervals of betas (``covariance_drift``)."""
    sha256: str = ""
    """Of the file's bytes, where they were read row by row."""


@dataclass(frozen=True, slots=True)
class MatrixTable:
    """A square table of numbers with its labels, as found in a file or a range."""

    columns: tuple[str, ...]
    rows: tuple[str, ...]
    """The tickers along the top and down the side, normalised; N each where the table is complete."""
    matrix: FloatArray
    """Shape (rows, columns), NaN for a blank."""
    place: Callable[[int, int], str]
    """Describes the place of an entry of ``matrix``."""
    as_of: date | None = None
    """The day in its date column, None if it has none."""

    def covariance(self, origin: Provenance, unit: CovarianceUnit | str | None = None) -> Covariance:
        """Return the covariance, its rows in the order of its columns; see ``row_order``.

        The unit of its numbers is by default annual decimals, which is checked. Raises ``MissingValue`` if an
        entry is blank, and not in an empty triangle.
        """
        what = _what(origin)
        order = row_order(self.columns, self.rows, what)
        matrix = self.matrix if order is None else self.matrix[order]
        notes: tuple[str, ...] = ()
        if math.isnan(matrix.min(initial=math.inf)):
            blank = np.isnan(matrix)
            upper = np.triu(np.ones(matrix.shape, dtype=bool), 1)
            if not any(np.array_equal(blank, triangle) for triangle in (upper, upper.T)):
                i, j = (int(k) for k in np.argwhere(blank)[0])
                row = i if order is None else int(order[i])
                msg = (
                    f"{what} has a blank cell for {self.columns[i]} and {self.columns[j]} "
                    f"({self.place(row, j)}). Fill it in, or remove the ticker."
                )
                raise MissingValue(msg, tickers=[self.columns[i]])
            matrix, notes = np.where(blank, matrix.T, matrix), (ONE_TRIANGLE,)
        return Covariance.from_source(self.columns, matrix, origin, unit=unit).with_warnings(notes)


def _what(origin: Provenance) -> str:
    nameless = origin.location in {"covariance", "memory"}
    return "The covariance" if nameless else f"The covariance {origin.location}"


def row_order(columns: Sequence[str], rows: Sequence[str], what: str) -> IntArray | None:
    """Return the row index of each column's ticker, or None if rows and columns have the same order.

    Raises ``DuplicateTicker`` if a ticker has two rows or two columns, ``InputError`` if their tickers
    differ.
    """
    for side, names in (("columns", columns), ("rows", rows)):
        duplicates = [name for name, count in Counter(names).items() if count > 1]
        if duplicates:
            msg = (
                f"{what} has {listing(duplicates)} more than once in its {side}. Remove the duplicate {side}."
            )
            raise DuplicateTicker(msg, tickers=duplicates)
    if tuple(columns) == tuple(rows):
        return None
    unmatched = sorted(set(columns) ^ set(rows))
    if unmatched:
        lacking = "column but no row" if unmatched[0] in columns else "row but no column"
        msg = (
            f"{what} is not square: {len(rows)} rows, {len(columns)} columns of numbers, and "
            f"{unmatched[0]} has a {lacking}. Give each ticker one row and one column."
        )
        raise InputError(msg, tickers=unmatched)
    return positions_of(columns, rows)


def find_matrix(sheet: TextSheet, what: str) -> MatrixTable | None:
    """Return the matrix of a sheet, None if there is none.

    The label column is the one whose cells are the tickers of the header; a table of pairs has two. Raises
    ``InputError`` if a cell of the matrix is not a number, or it has several days.
    """
    rows = [(i, row) for i, row in enumerate(sheet.rows) if row]
    for start, (h, header) in enumerate(rows[:HEADER_SEARCH_ROWS]):
        body = rows[start + 1 :]
        if sum(bool(cell_text(cell)) for cell in header) < 2 or not body:  # noqa: PLR2004 - label and number
            continue
        for label in _label_candidates(header):
            found = _square(sheet, header, label, body, what)
            if found is not None:
                return found
        pairs = _pairs(sheet, h, header, body, what)
        if pairs is not None:
            return pairs
    return None


def _label_candidates(header: Row) -> list[int]:
    width = len(header)
    return [*range(min(width, MAX_LABEL_COLUMNS)), *([width - 1] if width > MAX_LABEL_COLUMNS else [])]


def _name(text: str) -> str:
    """Return a label as a ticker, empty if it cannot be one."""
    text = cell_text(text)
    if not text or number(text) is not None:
        return ""
    try:
        return normalise(text)
    except InputError:
        return ""


def _square(
    sheet: TextSheet, header: Row, label: int, body: Sequence[tuple[int, Row]], what: str
) -> MatrixTable | None:
    heads = {j: name for j, cell in enumerate(header) if j != label and (name := _name(cell))}
    if not heads:
        return None
    known = set(heads.values())
    labels = {i: _name(row[label]) if label < len(row) else "" for i, row in body}
    if 2 * sum(name in known for name in labels.values()) <= len(body) or _name(header[label]) in known:
        return None  # the header of the labels is not itself one of the names
    days = _days(header, body, label, what, sheet)
    named = set(labels.values())
    columns = [
        j
        for j in heads
        if heads[j] in named
        or not (column_of(header[j]) is Column.DATE or header_key(header[j]) in INDEX_HEADERS)
    ]
    kept = [(i, row) for i, row in body if labels[i]]
    cells = [[row[j] if j < len(row) else "" for j in columns] for _, row in kept]
    matrix = _numbers(sheet, cells, [i for i, _ in kept], columns, what)
    indices = [i for i, _ in kept]
    return MatrixTable(
        columns=tuple(heads[j] for j in columns),
        rows=tuple(labels[i] for i in indices),
        matrix=matrix,
        place=lambda row, column: _place(sheet, what, indices[row], columns[column]),
        as_of=days,
    )


def _days(
    header: Row, body: Sequence[tuple[int, Row]], label: int, what: str, sheet: TextSheet
) -> date | None:
    """Return the day in the date column, None if there is no such column."""
    columns = list(map(column_of, header[:MAX_LABEL_COLUMNS]))
    column = next((j for j, one in enumerate(columns) if j != label and one is Column.DATE), None)
    if column is None:
        return None
    days: dict[date, int] = {}
    for i, row in body:
        text = row[column] if column < len(row) else ""
        if not cell_text(text):
            continue
        found = date_of(text)
        if found is None:
            where = _place(sheet, what, i, column)
            msg = f"{where} has {text!r:.40} in its date column, not a date. Correct it."
            raise UnreadableFile(msg)
        days.setdefault(found, i)
    if len(days) > 1:
        msg = (
            f"{what} has {len(days)} dates in its date column, from {min(days)} to {max(days)}. "
            "Keep the rows of one day."
        )
        raise UnreadableFile(msg)
    return next(iter(days), None)


def _place(sheet: TextSheet, what: str, row: int, column: int) -> str:
    return sheet.place(row, column) if sheet.place is not None else f"{what}, row {row + 1}"


def _numbers(
    sheet: TextSheet, cells: Sequence[Sequence[str]], rows: Sequence[int], columns: Sequence[int], what: str
) -> FloatArray:
    sample = [cell for line in cells[:50] for cell in line[:50]]
    comma = uses_decimal_comma(sample, sample, otherwise=sheet.delimiter == ";")
    matrix = np.full((len(cells), len(columns)), math.nan)
    for i, line in enumerate(cells):
        for j, cell in enumerate(line):
            value = number(cell, decimal_comma=comma)
            if value is not None and not (is_percentage(cell) or has_inner_blank(cell)):
                matrix[i, j] = value
            elif cell_text(cell) and clean(cell).casefold() != "nan":
                msg = (
                    f"{_place(sheet, what, rows[i], columns[j])} is {clean(cell)!r:.40}, not a number. "
                    "Give decimals, without a percent sign."
                )
                raise MissingValue(msg)
    return matrix


def _pairs(
    sheet: TextSheet, h: int, header: Row, body: Sequence[tuple[int, Row]], what: str
) -> MatrixTable | None:
    """Return a table of pairs (two columns of tickers and one of numbers) as a matrix."""
    dated = [j for j, cell in enumerate(header) if column_of(cell) is Column.DATE]
    width = max(len(row) for _, row in body)
    columns = [j for j in range(width) if j not in dated and _counts_rows(header, body, j) is False]
    if len(columns) != PAIR_COLUMNS:
        return None
    sample = [row[j] for _, row in body[:50] for j in columns if j < len(row)]
    comma = uses_decimal_comma(sample, sample, otherwise=sheet.delimiter == ";")
    words = [
        j
        for j in columns
        if all(
            j < len(row) and _name(row[j]) and number(row[j], decimal_comma=comma) is None for _, row in body
        )
    ]
    values = [j for j in columns if j not in words]
    if len(words) != 2 or len(values) != 1 or any(number(cell) is not None for cell in header):  # noqa: PLR2004
        return None
    lefts = [_name(row[words[0]]) for _, row in body]
    rights = [_name(row[words[1]]) for _, row in body]
    names = tuple(dict.fromkeys([*lefts, *rights]))
    if not len(names) * (len(names) + 1) // 2 <= len(body) <= len(names) ** 2:
        _refuse_missing_pair(names, lefts, rights, what)
        return None
    day = _days(header, body, words[0], what, sheet)
    rows = [i for i, _ in body]
    cells = [[row[values[0]] if values[0] < len(row) else ""] for _, row in body]
    entries = _numbers(sheet, cells, rows, values, what)[:, 0]
    index = {name: i for i, name in enumerate(names)}
    matrix = np.full((len(names), len(names)), math.nan)
    for i, left, right, value in zip(rows, lefts, rights, entries.tolist(), strict=True):
        if not math.isnan(matrix[index[left], index[right]]):
            msg = f"{what} has the pair {left}, {right} more than once ({_place(sheet, what, i, words[0])})."
            raise DuplicateTicker(msg, tickers=[left, right])
        matrix[index[left], index[right]] = value
    matrix = np.where(np.isnan(matrix), matrix.T, matrix)
    return MatrixTable(names, names, matrix, lambda *_: _place(sheet, what, h, values[0]), day)


def _refuse_missing_pair(
    names: Sequence[str], lefts: Sequence[str], rights: Sequence[str], what: str
) -> None:
    """Refuse pairs that have every variance and lack a covariance; others are no table of pairs."""
    listed = {frozenset(pair) for pair in zip(lefts, rights, strict=True)}
    if not all(frozenset({name}) in listed for name in names):
        return
    missing = [
        (left, right)
        for i, left in enumerate(names)
        for right in names[:i]
        if frozenset({left, right}) not in listed
    ]
    if missing:
        left, right = missing[0]
        msg = (
            f"{what} has no covariance of {right} and {left}, and {len(missing)} of "
            f"{len(names) * (len(names) + 1) // 2} pairs are missing. Fill them in, or remove the ticker."
        )
        raise MissingValue(msg, tickers=[left])


def _counts_rows(header: Row, body: Sequence[tuple[int, Row]], column: int) -> bool:
    """Whether a column is an index that counts the rows from 0 or 1."""
    if column < len(header) and header_key(header[column]) not in INDEX_HEADERS:
        return False
    found = [number(row[column]) if column < len(row) else None for _, row in body]
    return found in ([float(i) for i in range(len(body))], [float(i + 1) for i in range(len(body))])


# ---------------------------------------------------------------- ranges


def parse_matrix_grid(
    grid: CellGrid, origin: Provenance, unit: CovarianceUnit | str | None = None
) -> Covariance:
    """Parse a covariance from a range with its labels, by the rules of files; ``origin`` gets the rows."""
    refuse_errors(grid, end=1)
    table = _labelled(grid)
    if table is None:
        refuse_errors(grid)
        table = find_matrix(sheet_of(grid), grid.what)
    if table is None:
        msg = (
            f"{grid.what} ({len(grid.rows)} x {len(grid.rows[0])} cells) does not have the same tickers in "
            "its first row and first column. Include the labels of the covariance, or give a handle."
        )
        raise InputError(msg)
    return table.covariance(replace(origin, rows=len(table.columns), as_of=table.as_of), unit)


def is_matrix(grid: CellGrid) -> bool:
    """Whether a range has the tickers of its header in a column, too, or pairs of tickers."""
    if len(grid.rows) < 2 or len(grid.rows[0]) < 2:  # noqa: PLR2004 - labels and numbers
        return False
    if _labels_agree(grid):
        return True
    last = grid.rows[-1]
    if not any(isinstance(cell, str) for cell in (*last[:MAX_LABEL_COLUMNS], last[-1])):
        return False  # the rows have no labels
    try:
        return find_matrix(sheet_of(grid), grid.what) is not None
    except InputError:
        return True  # it has the labels of one


def _labels_agree(grid: CellGrid) -> bool:
    """Whether the same tickers are along the top and down the side, in any order and spelling."""
    if len(grid.rows) != len(grid.rows[0]):
        return False
    top, side = grid.rows[0][1:], [row[0] for row in grid.rows[1:]]
    if not all(isinstance(cell, str) for cell in (*top, *side)):
        return False
    return sorted(normalise(str(cell)) for cell in top) == sorted(normalise(str(cell)) for cell in side)


def _labelled(grid: CellGrid) -> MatrixTable | None:
    """Return a square range that has its labels in its first row and column; the usual case, and fast."""
    if not _labels_agree(grid):
        return None
    body = [row[1:] for row in grid.rows[1:]]
    try:
        matrix = np.array(body, dtype=np.float64)  # None becomes NaN
    except (TypeError, ValueError):
        refuse_errors(grid)
        cells = [[text_of(cell) for cell in row] for row in body]
        indices = range(1, len(grid.rows))
        matrix = _numbers(sheet_of(grid), cells, indices, indices, grid.what)
    return MatrixTable(
        columns=tuple(normalise(str(cell)) for cell in grid.rows[0][1:]),
        rows=tuple(normalise(str(row[0])) for row in grid.rows[1:]),
        matrix=matrix,
        place=lambda row, column: grid.place(row + 1, column + 1),
    )
