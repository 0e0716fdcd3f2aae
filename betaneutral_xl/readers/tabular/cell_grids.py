"""Ranges of typed cells as the sheets that files are read as, so that one reader serves both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

from betaneutral_xl.model.printed import Typed
from betaneutral_xl.readers.tabular.sheets import TextSheet

Cell = str | float | bool | date | None
"""The value of a cell; None is a blank one."""


class CellGrid(Protocol):
    """A rectangle of typed cells that knows where each of them is."""

    @property
    def what(self) -> str:
        """The range in messages, such as ``holdings``."""

    @property
    def rows(self) -> Sequence[Sequence[Cell]]:
        """The cells."""

    def place(self, row: int, column: int) -> str:
        """Describe the place of a cell, such as ``row 3, column 2 of holdings``; both from 0."""

    def refuse_error(self, row: int, column: int) -> None:
        """Raise if a cell holds an error such as ``#N/A``."""


def text_of(cell: Cell) -> str:
    """Return a cell as text; a number or a date is ``Typed``."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return Typed.of(cell)


def sheet_of(grid: CellGrid) -> TextSheet:
    """Return a range as a sheet; its rows have the same indices."""
    return TextSheet(name="", rows=tuple(map(_row, grid.rows)), place=grid.place)


def _row(cells: Sequence[Cell]) -> tuple[str, ...]:
    texts = [text_of(cell) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def refuse_errors(
    grid: CellGrid, columns: Iterable[int] | None = None, first: int = 0, end: int | None = None
) -> None:
    """Raise for the first error in some columns and rows; by default in all."""
    chosen = None if columns is None else sorted(set(columns))
    for i, row in enumerate(grid.rows[first:end], start=first):
        if str not in map(type, row):  # a block of numbers
            continue
        for j in range(len(row)) if chosen is None else chosen:
            if j < len(row) and isinstance(row[j], str):
                grid.refuse_error(i, j)
