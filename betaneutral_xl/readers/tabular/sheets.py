"""Grids of text, and the one way to build them under limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CELLS = 1_000_000
"""Empty ones count, as far as a row has them."""
MAX_ROWS = 2_000_000
"""Blank rows count: spreadsheets save a million of them."""
MAX_COLUMNS = 1_000
MAX_CELL_LENGTH = 131_072

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSheet:
    """One grid of text.

    ``rows`` lack trailing empty cells, so that ``()`` is a blank row; ``name`` is the sheet's;
    ``notes`` is text that stands around the grid (a page's title, the words before a table);
    ``delimiter`` is what separates the cells in a text file.
    """

    name: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    delimiter: str = ""


@dataclass(slots=True)
class GridBuilder:
    """Collects rows of one file under the limits.

    The counts run over all grids of a file, so that many sheets are no way around them.
    """

    file_name: str
    max_cells: int = MAX_CELLS
    rows: list[Row] = field(default_factory=list)
    cells: int = 0
    row_count: int = 0

    def add(self, row: Iterable[str]) -> None:
        """Take one row, without its trailing empty cells."""
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
        self.rows.append(kept)

    def finish(self) -> tuple[Row, ...]:
        """Return the grid without trailing blank rows, and start the next one."""
        rows = self.rows
        while rows and not rows[-1]:
            rows.pop()
        self.rows = []
        return tuple(rows)


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
