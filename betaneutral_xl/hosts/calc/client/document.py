"""A document for the buttons: reads values, and makes all changes at once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterable, Iterator, Optional, Sequence

import uno
import unohelper
from com.sun.star.document import XUndoAction
from com.sun.star.lang import DisposedException

from . import wire
from .formulas import bind

FORMULAS = 16
"""LibreOffice's cell flag of formulas."""


class WriteRefused(Exception):
    """Raised with the reason if a document cannot be changed; it is unchanged."""


class Document:
    """An open document of Calc.

    Parameters
    ----------
    model
        LibreOffice's document model.

    """

    def __init__(self, model: Any) -> None:
        self._model = model

    @property
    def path(self) -> Optional[str]:
        """The path of its file; None if it has none on this machine."""
        self._require_open()
        place = str(self._model.URL)
        return str(uno.fileUrlToSystemPath(place)) if place.startswith("file:") else None

    def values(self, what: str, *where: Any) -> Optional[wire.Rows]:
        """Return the values of a ``named`` range or ``below`` a row of a sheet; None if there is none."""
        self._require_open()
        area = self._named(*where) if what == "named" else self._below(*where)
        return None if area is None else area.getDataArray()

    def change(self, title: str, changes: Sequence[Sequence[Any]]) -> None:
        """Make the changes of a button, as one undo step."""
        self._require_open()
        written = [change for change in changes if change[0] != "recalculate"]
        if written:
            self._require_unprotected(sheet for _, sheet, _, _ in written)
            with suspended(self._model), one_undo_step(self._model, title):
                for what, sheet, row, rows in written:
                    self._write(self._model.Sheets.getByName(sheet), what, row, wire.unpack(rows))
        if len(written) < len(changes):
            bind(self._model)  # formulas on sheets that were protected before
            self._model.calculateAll()

    def _require_open(self) -> None:
        try:
            is_open = self._model.Sheets is not None  # None while it is being closed; then it raises
        except DisposedException:
            is_open = False
        if not is_open:
            msg = "The document has been closed, and nothing was written."
            raise WriteRefused(msg)

    def _require_unprotected(self, names: Iterable[str]) -> None:
        for name in names:
            if self._model.Sheets.getByName(name).isProtected():
                msg = (
                    "The sheet {0} is protected, and nothing was written. Unprotect it (Tools - Protect "
                    "Sheet), and press the button again.".format(name)
                )
                raise WriteRefused(msg)

    def _write(self, sheet: Any, what: str, row: int, rows: wire.Rows) -> None:
        """Write rows from a row on and blank the used cells below; or append them to the used rows."""
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
        if not self._model.Sheets.hasByName(sheet):
            return None
        place = self._model.Sheets.getByName(sheet)
        last = last_used(place)
        return place.getCellRangeByPosition(0, row - 1, last.EndColumn, max(row - 1, last.EndRow))


def put(area: Any, rows: wire.Rows) -> None:
    """Write the cells that differ one by one: Calc cannot undo a block written in a joined undo step.

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
def one_undo_step(model: Any, title: str) -> Iterator[None]:
    """Join the changes within the context into one undo step."""
    undo = model.UndoManager
    undo.enterUndoContext(title)
    undo.addUndoAction(DrawingSuspension(model, title, on_undo=False))
    try:
        yield
    finally:
        undo.addUndoAction(DrawingSuspension(model, title, on_undo=True))
        undo.leaveUndoContext()


class DrawingSuspension(unohelper.Base, XUndoAction):
    """An undo action that suspends drawing while a step is undone or redone, which takes seconds else."""

    def __init__(self, model: Any, title: str, *, on_undo: bool) -> None:
        self.Title = title
        self._model = model
        self._on_undo = on_undo

    def undo(self) -> None:
        """Suspend drawing where an undo begins, and resume it where it ends."""
        self._switch(off=self._on_undo)

    def redo(self) -> None:
        """Suspend drawing where a redo begins, and resume it where it ends."""
        self._switch(off=not self._on_undo)

    def _switch(self, *, off: bool) -> None:
        if off:
            self._model.lockControllers()
        elif self._model.hasControllersLocked():
            self._model.unlockControllers()


@contextmanager
def suspended(model: Any) -> Iterator[None]:
    """Suspend calculation and drawing within the context; always restore their state."""
    automatic = model.isAutomaticCalculationEnabled()
    model.lockControllers()
    model.enableAutomaticCalculation(False)  # noqa: FBT003 - LibreOffice takes no names
    try:
        yield
    finally:
        model.enableAutomaticCalculation(automatic)
        model.unlockControllers()


def last_used(sheet: Any) -> Any:
    """Return the address of the last used cell."""
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)  # noqa: FBT003 - LibreOffice takes no names
    return cursor.RangeAddress
