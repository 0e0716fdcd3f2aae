"""A document as the buttons need it: values out, all changes in at once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Optional, Sequence

import uno

from . import wire

FORMULAS = 16
"""The flag of formulas, for clearing cells."""


class Document:
    """An open document of Calc.

    Parameters
    ----------
    model
        As LibreOffice gives it.

    """

    def __init__(self, model: Any) -> None:
        """Keep it."""
        self._model = model

    @property
    def path(self) -> Optional[str]:
        """Its file; None if it has none on this machine."""
        place = str(self._model.URL)
        return str(uno.fileUrlToSystemPath(place)) if place.startswith("file:") else None

    def values(self, what: str, *where: Any) -> Optional[wire.Rows]:
        """Return the values of a ``named`` range or ``below`` a row of a sheet; None if there is none."""
        area = self._named(*where) if what == "named" else self._below(*where)
        return None if area is None else area.getDataArray()

    def change(self, title: str, changes: Sequence[Sequence[Any]]) -> None:
        """Do what a button has decided, as one step of undo."""
        with undisturbed(self._model), one_step(self._model, title):
            for what, sheet, row, rows in changes:
                if what != "recalculate":
                    self._write(self._model.Sheets.getByName(sheet), what, row, wire.unpack(rows))
        if any(what == "recalculate" for what, *_ in changes):
            self._model.calculateAll()

    def _write(self, sheet: Any, what: str, row: int, rows: wire.Rows) -> None:
        """Write rows from a row on, blank down to the last that is used; or append them under it."""
        last = last_used(sheet)
        first = last.EndRow + 1 if what == "append" else row - 1
        width = max(last.EndColumn + 1, *map(len, rows))
        height = max(len(rows), last.EndRow + 1 - first)
        blank = (wire.BLANK,) * width
        full = [tuple(row) + blank[len(row) :] for row in rows] + [blank] * (height - len(rows))
        put(sheet.getCellRangeByPosition(0, first, width - 1, first + height - 1), full)

    def _named(self, name: str) -> Any:
        names = self._model.NamedRanges
        return names.getByName(name).getReferredCells() if names.hasByName(name) else None

    def _below(self, sheet: str, row: int) -> Any:
        sheets = self._model.Sheets
        if not sheets.hasByName(sheet):
            return None
        place = sheets.getByName(sheet)
        last = last_used(place)
        return place.getCellRangeByPosition(0, row - 1, last.EndColumn, max(row - 1, last.EndRow))


def put(area: Any, rows: wire.Rows) -> None:
    """Write what differs, cell by cell: Calc has no undo for a block that is written while steps are joined.

    A text stays a text, whatever it begins with.
    """
    area.clearContents(FORMULAS)
    old = area.getDataArray()
    for i, (row, old_row) in enumerate(zip(rows, old)):
        for j, (cell, old_cell) in enumerate(zip(row, old_row)):
            if isinstance(cell, float) and cell != old_cell:
                area.getCellByPosition(j, i).Value = cell
            elif isinstance(cell, str) and cell != old_cell:
                area.getCellByPosition(j, i).String = cell


@contextmanager
def one_step(model: Any, title: str) -> Iterator[None]:
    """Make what is written meanwhile one step of undo."""
    model.UndoManager.enterUndoContext(title)
    try:
        yield
    finally:
        model.UndoManager.leaveUndoContext()


@contextmanager
def undisturbed(model: Any) -> Iterator[None]:
    """Stop calculation and drawing meanwhile; restore their state whatever happens."""
    automatic = model.isAutomaticCalculationEnabled()
    model.lockControllers()
    model.enableAutomaticCalculation(False)  # noqa: FBT003 - LibreOffice takes no names
    try:
        yield
    finally:
        model.enableAutomaticCalculation(automatic)
        model.unlockControllers()


def last_used(sheet: Any) -> Any:
    """Return the address of the last cell that has something in it."""
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)  # noqa: FBT003 - LibreOffice takes no names
    return cursor.RangeAddress
