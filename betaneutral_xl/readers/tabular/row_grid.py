"""Regular tables of typed cells, of workbooks and ranges, with the methods of ``TextGrid``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.model.printed import Typed, has_inner_blank, is_percentage, number, uses_decimal_comma
from betaneutral_xl.readers.tabular.cell_grids import Cell, text_of
from betaneutral_xl.readers.tabular.grid import MISSING

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class RowGrid:
    """A header and rows of cells."""

    name: str
    """The file or the range, for messages."""
    header: tuple[str, ...]
    """The texts of the header."""
    body: Sequence[Sequence[Cell]]
    """The rows below it, each as wide as the header."""
    place: Callable[[int, int], str]
    """Describes the place of a cell of ``body`` by its row and column."""
    notes: tuple[str, ...] = ()
    """What reading it has to report."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.body)

    def where(self, row: int) -> str:
        """Describe the place of a row's first cell."""
        return self.place(row, 0)

    def cells(self, row: int) -> list[str]:
        """Return the cells of a row."""
        return [text_of(cell) for cell in self.body[row]]

    def labels(self) -> list[str]:
        """Return the first cell of every row."""
        return [text_of(row[0]) for row in self.body]

    def rows(self) -> list[list[str]]:
        """Return the cells of every row."""
        return [[text_of(cell) for cell in row] for row in self.body]

    def numbers(self) -> FloatArray:
        """Return the numbers right of the first column, shape (rows, columns - 1), NaN if missing."""
        try:
            return np.array([row[1:] for row in self.body], dtype=np.float64)
        except (TypeError, ValueError):
            return np.array(
                [
                    [self.number(i, j, text_of(cell)) for j, cell in enumerate(row) if j]
                    for i, row in enumerate(self.body)
                ]
            )

    def number(self, row: int, column: int, text: str) -> float:
        """Return the number in a cell, NaN if missing; ``row`` and ``column`` are for the message."""
        if not isinstance(text, Typed) and text.strip().lower() in MISSING:
            return math.nan
        found = number(text, decimal_comma=uses_decimal_comma([text]))
        if found is None or is_percentage(text) or has_inner_blank(text):
            msg = (
                f"{self.place(row, column)} is {text[:40]!r}, not a number. "
                "Correct it, or leave the cell empty."
            )
            raise UnreadableFile(msg)
        return found
