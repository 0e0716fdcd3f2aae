"""Grids of text, and their builder, which enforces the size limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from betaneutral_xl.errors import UnreadableFile, listing
from betaneutral_xl.system.patterns import Pattern

MAX_CELLS = 1_000_000
"""Cells of a file, including the empty ones of each row."""
MAX_ROWS = 2_000_000
"""Rows of a file, including blank ones: spreadsheets save a million of them."""
MAX_COLUMNS = 1_000
MAX_CELL_LENGTH = 131_072

ZIP, OLE = b"PK", b"\xd0\xcf\x11\xe0"
"""How XLSX and XLS files begin."""

BEFORE_TEXT = b"\xef\xbb\xbf \t\r\n"
"""What may stand before the text of a file: a byte order mark, blanks."""

Row = tuple[str, ...]
"""Cells as text; a ``Typed`` one keeps the number or date of a spreadsheet's cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """What a spreadsheet program does not show of a sheet, by an AutoFilter too; all of it is read."""

    rows: frozenset[int] = frozenset()
    """Indices of rows, from 0."""
    columns: frozenset[int] = frozenset()
    """Indices of columns, from 0."""
    sheet: bool = False
    """Whether the sheet itself is hidden."""


NOTHING_HIDDEN = Hidden()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSheet:
    """A grid of text."""

    name: str
    """The sheet's name, empty if it has none."""
    rows: tuple[Row, ...]
    """The cells of each row, without trailing empty cells; ``()`` is a blank row."""
    notes: tuple[str, ...] = ()
    """Text around the grid, such as a page's title."""
    delimiter: str = ""
    """The delimiter of a text file, else empty."""
    place: Callable[[int, int], str] | None = field(default=None, compare=False)
    """Describes the place of a cell by its row and column, from 0, for messages; None in a file, whose rows
    are counted from 1."""
    hidden: Hidden = NOTHING_HIDDEN
    """What of it is not shown."""

    def hidden_notes(
        self, what: str, rows: int, of: int, listed: str = "", columns: Sequence[str] = ()
    ) -> list[str]:
        """Return lines that say what is read though it is hidden.

        ``what`` is the file, ``rows`` how many of the ``of`` rows of its table, ``listed`` which, and
        ``columns`` the headers of hidden columns whose numbers count.
        """
        where = f"{what}, sheet {self.name}" if self.name else what
        lines = [f"{where} is hidden, and is read."] if self.hidden.sheet else []
        if rows:
            which = f": {listed}" if listed else ""
            are = "is" if rows == 1 else "are"
            lines.append(
                f"{where}: {rows:,} of {of:,} rows {are} hidden or filtered out, and {are} read like the "
                f"others{which}. Remove what is not meant."
            )
        if columns:
            lines.append(f"{where}: hidden columns are read: {listing(columns)}.")
        return lines


@dataclass(slots=True)
class GridBuilder:
    """Collect the rows of a file's grids; the limits apply to the sum over all grids."""

    file_name: str
    max_cells: int = MAX_CELLS
    rows: list[Row] = field(default_factory=list)
    cells: int = 0
    row_count: int = 0

    def add(self, row: Iterable[str]) -> None:
        """Append a row, without its trailing empty cells."""
        cells = tuple(row)
        kept = _trimmed(cells)
        self.cells += len(cells)
        self.row_count += 1
        if len(kept) > MAX_COLUMNS:
            raise _too_large(self.file_name, f"row {self.row_count:,} has {len(kept):,} columns", MAX_COLUMNS)
        if self.cells > self.max_cells:
            raise _too_large(self.file_name, "there are more cells", self.max_cells)
        if self.row_count > MAX_ROWS:
            raise _too_large(self.file_name, "there are more rows", MAX_ROWS)
        self.rows.append(kept if "".join(kept).isprintable() else tuple(map(printable, kept)))

    def finish(self) -> tuple[Row, ...]:
        """Return the grid without trailing blank rows, and start the next one."""
        rows = self.rows
        while rows and not rows[-1]:
            rows.pop()
        self.rows = []
        return tuple(rows)


_STRANGE = Pattern(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Return text without control characters: each is written as its escape, or as a blank if it is one.

    Control characters of a file would command the terminal that shows them. Line breaks and tabs stay.

    >>> printable("NV\x1b[31mDA\x85")
    'NV\\x1b[31mDA '
    """
    if _STRANGE.search(text) is None:
        return text
    return _STRANGE.sub(
        lambda one: " " if one[0].isspace() else one[0].encode("unicode_escape").decode(), text
    )


def _trimmed(cells: Row) -> Row:
    end = len(cells)
    while end and (not cells[end - 1] or cells[end - 1].isspace()):
        end -= 1
    return cells[:end] if end else ()


def _too_large(file_name: str, what: str, limit: int) -> UnreadableFile:
    return UnreadableFile(
        f"{file_name} is too large a table: {what} (at most {limit:,} are read). "
        "Check that it is the right file."
    )
