"""Cell values: any host's values -> one grid -> plain values; rows and errors -> cells.

Excel passes ``None`` for a blank, ``datetime`` for a date and error cells as text; Calc passes
``''``, numbers and tuples. Both become one ``Grid`` with one reader for each kind of value, so that
a range means the same in every host.
"""

from __future__ import annotations

import marshal
import math
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from threading import Lock
from typing import Any, cast

from betaneutral_xl.errors import BetaNeutralError, FailedCell, InputError
from betaneutral_xl.model import printed
from betaneutral_xl.model.values import printed_number
from betaneutral_xl.system.words import yes_or_no

Cell = str | float | bool | date | None
"""The value of a cell once read; ``None`` is a blank."""

PREFIX = "#BETA! "
"""The start of an error message of this package in a cell."""

MAX_TEXT = 254
"""Largest number of characters of a text result; Excel turns a longer one into #VALUE!."""

MAX_WRITTEN = 8_000
"""Largest number of characters of a text that a button writes; Excel refuses blocks with longer ones."""

EPOCH = date(1899, 12, 30)
"""Day 0 of the serial dates of spreadsheets, valid from March 1900."""

DATE_SERIALS = (1.0, 2_958_465.0)
"""First and last valid serial date: 1899-12-31 and 9999-12-31."""

MAX_CACHED_BYTES = 32_000_000
"""Bytes of values whose grids are cached: a dozen matrices of 500 names."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The filled part of one argument.

    Attributes
    ----------
    what
        The argument's name, for messages.
    rows
        Rectangular, without surrounding blank rows and columns; empty for a blank argument.
    top, left
        Row and column of the range, from 1, at which ``rows`` begins.
    on_sheet
        Whether ``what`` is a sheet, and rows and columns are those of the sheet.
    span
        Number of columns of the range, including the blank ones around ``rows``.

    """

    what: str
    rows: tuple[tuple[Cell, ...], ...] = ()
    top: int = 1
    left: int = 1
    on_sheet: bool = False
    span: int = field(default=0, compare=False)
    _digest: bytes = field(default=b"", init=False, repr=False, compare=False)

    @property
    def blank(self) -> bool:
        """Whether all cells are blank."""
        return not self.rows

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.rows[0]) if self.rows else 0

    @property
    def is_vector(self) -> bool:
        """Whether it is one row, one column or one cell."""
        return len(self.rows) == 1 or self.width == 1

    @property
    def cells(self) -> Iterator[Cell]:
        """All cells, row by row."""
        return (cell for row in self.rows for cell in row)

    def digest(self) -> bytes:
        """Return a hash of the content, independent of its position; computed once."""
        if not self._digest:
            object.__setattr__(self, "_digest", self._hashed())
        return self._digest

    def _hashed(self) -> bytes:
        try:
            content = marshal.dumps(
                cast("Any", self.rows), 2
            )  # version 2 has no references: equal values give equal bytes
        except ValueError:  # marshal does not support dates
            content = repr(self.rows).encode()
        return blake2b(content, digest_size=16).digest()

    def columns(self, start: int, end: int) -> Grid:
        """Return the columns from ``start`` to before ``end``, without surrounding blanks."""
        part = _trimmed([list(row[start:end]) for row in self.rows], self.what)
        top, left = self.top + part.top - 1, self.left + start + part.left - 1
        return replace(part, top=top, left=left, on_sheet=self.on_sheet)

    def place(self, row: int, column: int) -> str:
        """Return the position of a cell for messages: Holdings!B7 on a sheet, else row and column."""
        if self.on_sheet:
            return f"{self.what}!{letters(self.left + column)}{self.top + row}"
        if len(self.rows) == self.width == 1:
            return self.what
        return f"row {self.top + row}, column {self.left + column} of {self.what}"

    def refuse_error(self, row: int, column: int) -> None:
        """Raise if a cell holds an error; see the function of this name."""
        refuse_error(self.rows[row][column], self.place(row, column))


@dataclass(frozen=True, slots=True)
class Raw:
    """A host's values with the function that decodes them, called only if they are not cached."""

    value: object
    decode: Callable[[object], object]


class GridCache:
    """A cache of grids by the bytes of the values they were read from, so that no cell is read twice.

    The bytes are a pickle, which is fast and distinguishes 1, 1.0 and TRUE: equal bytes mean equal
    values. The bytes themselves are the key, not a hash, so collisions are impossible. ``max_bytes`` is
    the total size of the keys.
    """

    def __init__(self, max_bytes: int = MAX_CACHED_BYTES) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[tuple[str, bytes, object], Grid] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def read(self, value: object, what: str) -> Grid:
        """Return a host's values as a grid, cached; otherwise like the function ``read``."""
        raw, decode = (value.value, value.decode) if isinstance(value, Raw) else (value, None)
        try:
            content = pickle.dumps(raw, pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001 - an unpicklable value may raise anything; it is not cached
            content = b""
        key = (what, content, decode)
        with self._lock:
            cached = self._entries.get(key) if content else None
            if cached is not None:
                self._entries.move_to_end(key)
                return cached
        grid = read(raw if decode is None else decode(raw), what)
        if content:
            self._keep(key, grid)
        return grid

    def _keep(self, key: tuple[str, bytes, object], grid: Grid) -> None:
        with self._lock:
            self._size += 0 if key in self._entries else len(key[1])
            self._entries[key] = grid
            while self._size > self._max_bytes:
                (_, content, _), _ = self._entries.popitem(last=False)
                self._size -= len(content)


def read(value: object, what: str) -> Grid:
    """Return a host's value (a scalar, a row or rows, as lists or tuples) as a grid; messages name ``what``.

    Cells are numbers, texts, booleans, dates, ``None`` and ``''``; short rows are padded with blanks.

    Raises
    ------
    InputError
        If a cell holds a value of another type.

    """
    raw: Sequence[Any] = value if isinstance(value, (list, tuple)) else [value]
    if raw and not isinstance(raw[0], (list, tuple)):
        raw = [raw]
    end = len(raw)
    blanks = [(), (None,), ("",)] if not end else [((None,) * (n := len(raw[0]))), (("",) * n)]
    while end and tuple(raw[end - 1]) in blanks:  # a whole column is a million blanks
        end -= 1
    # Most cells of a matrix are numbers: without a call for each, it is read in half the time.
    rows = [
        [one if type(one) is float and one == one else _cell(one, what) for one in row]  # noqa: PLR0124 - no NaN
        for row in raw[:end]
    ]
    return _trimmed(rows, what)


def read_sheet(value: object, sheet: str, row: int) -> Grid:
    """Return the values of a sheet from ``row`` on as a grid; messages name its cells by address."""
    grid = read(value, sheet)
    return replace(grid, top=grid.top + row - 1, on_sheet=True)


def letters(column: int) -> str:
    """Return the letters of a column number, from 1.

    >>> letters(28)
    'AB'
    """
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _trimmed(rows: list[list[Cell]], what: str) -> Grid:
    filled_rows = [i for i, row in enumerate(rows) if any(cell is not None for cell in row)]
    if not filled_rows:
        return Grid(what)
    top, bottom = filled_rows[0], filled_rows[-1] + 1
    kept = rows[top:bottom]
    width = max(len(row) for row in kept)
    for row in kept:
        row.extend([None] * (width - len(row)))
    columns = list(zip(*kept, strict=True))
    filled = [j for j, column in enumerate(columns) if any(cell is not None for cell in column)]
    left, right = filled[0], filled[-1] + 1
    return Grid(what, tuple(tuple(row[left:right]) for row in kept), top + 1, left + 1, span=width)


def _as_float(value: int | Decimal) -> float:
    """Return a number as a float; one that is too large for it is infinite, as a text of it would be."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _cell(value: Any, what: str) -> Cell:
    match value:
        case float():  # also numpy.float64
            return None if value != value else float(value)  # noqa: PLR0124 - NaN is a blank
        case str():
            return value.replace("\xa0", " ").strip() or None
        case datetime():
            return value.date()
        case None | bool() | date():
            return value
        case int() | Decimal():  # Excel passes a Decimal for a cell formatted as currency
            return _as_float(value)
        case _ if hasattr(value, "item"):  # other numpy scalars
            return _cell(value.item(), what)
    msg = f"A cell of {what} holds a {type(value).__name__}. Give a number, a text, a date or TRUE/FALSE."
    raise InputError(msg)


# ---------------------------------------------------------------- one cell -> a plain value


def is_error(cell: Cell) -> bool:
    """Return whether a cell holds an error: of this package, of Excel or of Calc."""
    return isinstance(cell, str) and (
        cell.startswith((PREFIX, "Err:")) or (cell.startswith("#") and cell.endswith(("!", "?", "/A")))
    )


def refuse_error(cell: Cell, where: str) -> None:
    """Raise ``FailedCell`` if a cell holds an error; one of this package keeps its message."""
    if is_error(cell):
        text = str(cell)
        raise FailedCell(text if text.startswith(PREFIX) else f"{where} is {text}. Correct that cell first.")


def as_text(cell: Cell, where: str) -> str:
    """Return a cell as text: an integer without decimals, a blank as ""."""
    refuse_error(cell, where)
    match cell:
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            return f"{cell:.0f}" if cell.is_integer() else repr(cell)
        case date():
            return cell.isoformat()
    return cell


def as_number(cell: Cell, where: str) -> float:
    """Return a cell as a number, NaN for a blank; numeric text is converted.

    Raises
    ------
    InputError
        If the cell holds no number.

    """
    refuse_error(cell, where)
    if isinstance(cell, float):
        return cell
    if cell is None:
        return math.nan
    value = printed_number(cell) if isinstance(cell, str) else None
    if value is None:
        msg = f"{where} is {as_text(cell, where)!r:.60}, not a number. Correct it, or leave it blank."
        raise InputError(msg)
    return value


# ---------------------------------------------------------------- one argument -> a plain value


def _only(grid: Grid, kind: str) -> Cell:
    if len(grid.rows) > 1 or grid.width > 1:
        msg = f"{grid.what} has {len(grid.rows)} x {grid.width} cells. Give one cell with {kind}."
        raise InputError(msg)
    return grid.rows[0][0] if grid.rows else None


def text(grid: Grid) -> str | None:
    """Return the text of a single cell; None if blank."""
    return as_text(_only(grid, "a text"), grid.what) or None


def number(grid: Grid) -> float | None:
    """Return the number of a single cell; None if blank."""
    value = as_number(_only(grid, "a number"), grid.what)
    return None if math.isnan(value) else value


def flag(grid: Grid) -> bool | None:
    """Return the boolean of a single cell; None if blank.

    Raises
    ------
    InputError
        If the cell holds no boolean.

    """
    cell = _only(grid, "TRUE or FALSE")
    if cell is None:
        return None
    refuse_error(cell, grid.what)
    try:
        return yes_or_no(cell)
    except ValueError:
        msg = f"{grid.what} is {as_text(cell, grid.what)!r:.60}. Give TRUE or FALSE."
        raise InputError(msg) from None


def day(grid: Grid) -> date | None:
    """Return the date of a single cell: a date, its serial number, or text such as 2025-11-18.

    Raises
    ------
    InputError
        If the cell holds no date.

    """
    cell = _only(grid, "a date")
    refuse_error(cell, grid.what)
    if cell is None or isinstance(cell, date):
        return cell
    if isinstance(cell, float) and DATE_SERIALS[0] <= cell <= DATE_SERIALS[1]:
        return EPOCH + timedelta(days=int(cell))
    found = printed.date_of(cell) if isinstance(cell, str) else None
    if found is None:
        msg = (
            f"{grid.what} is {as_text(cell, grid.what)!r:.60}, not a date. "
            "Give a date, or text such as 2025-11-18."
        )
        raise InputError(msg)
    return found


def vector(grid: Grid) -> list[Cell]:
    """Return the cells of a row or a column, without blanks.

    Raises
    ------
    InputError
        If it is a block.

    """
    if not grid.blank and not grid.is_vector:
        msg = f"{grid.what} has {len(grid.rows)} x {grid.width} cells. Give one row or one column."
        raise InputError(msg)
    return [cell for cell in grid.cells if cell is not None]


# ---------------------------------------------------------------- results -> cells


def rectangle(rows: Iterable[Sequence[Any]], max_text: int = MAX_TEXT) -> tuple[tuple[Cell, ...], ...]:
    """Return rows for any host: padded to one width, plain types, NaN as blank, long texts truncated."""
    plain = [[_plain(one, max_text) for one in row] for row in rows]
    width = max((len(row) for row in plain), default=0)
    return tuple(tuple(row + [None] * (width - len(row))) for row in plain)


def _plain(value: Any, max_text: int) -> Cell:
    if isinstance(value, float):  # also numpy.float64
        return float(value) + 0.0 if math.isfinite(value) else None  # no negative zero
    if isinstance(value, str):
        return str(value) if len(value) <= max_text else f"{value[: max_text - 3]}..."
    return _cell(value, "the result")


def as_numbers(rows: tuple[tuple[Cell, ...], ...]) -> tuple[tuple[str | float | None, ...], ...]:
    """Return rows as most hosts hand a function's result to the next one: days and booleans as numbers.

    >>> as_numbers((("A", date(2025, 11, 18), True),))
    (('A', 45979.0, 1.0),)
    """
    if not any(isinstance(cell, (date, bool)) for row in rows for cell in row):
        return cast("tuple[tuple[str | float | None, ...], ...]", rows)
    return tuple(tuple(map(_as_number, row)) for row in rows)


def _as_number(cell: Cell) -> str | float | None:
    match cell:
        case bool():
            return float(cell)
        case date():
            return float((cell - EPOCH).days)
    return cell


def error_text(error: BetaNeutralError) -> str:
    """Return an error as one line for a cell.

    >>> error_text(InputError("The target is blank. Give a number."))
    '#BETA! The target is blank. Give a number.'
    """
    line = " ".join(str(error).split())
    if not line.startswith(PREFIX):
        line = PREFIX + line
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 3]}..."
