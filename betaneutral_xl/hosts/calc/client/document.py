"""A document for the buttons: reads values, and makes all changes at once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence

import uno
import unohelper
from com.sun.star.document import XUndoAction
from com.sun.star.lang import DisposedException

from ...remote.client import wire
from .formulas import bind
from .office import SETTINGS

WRITES = ("replace", "append")
"""The changes of cells."""

FORMULAS = 16
"""LibreOffice's cell flag of formulas."""


class WriteRefused(Exception):
    """Raised with the reason if a document cannot be changed; it is unchanged."""


class Document:
    """An open document of Calc."""

    def __init__(self, model: Any) -> None:
        self._model = model

    @property
    def path(self) -> Optional[str]:
        """The path of its file; None if it has none on this machine."""
        self._require_open()
        place = str(self._model.URL)
        return str(uno.fileUrlToSystemPath(place)) if place.startswith("file:") else None

    def read(self, names: Sequence[str], areas: Sequence[Sequence[Any]]) -> Dict[str, List[Any]]:
        """Return the values of named ranges and of areas of sheets; None where there is none.

        An area is a sheet, a first row, and None or a name and a text: where the cell of that name has
        that text, the area is not needed, and not read.
        """
        self._require_open()
        named = {name: _values(self._named(name)) for name in names}
        return {
            "names": list(named.values()),
            "areas": [
                None if unless and named[unless[0]] == ((unless[1],),) else _values(self._below(sheet, row))
                for sheet, row, unless in areas
            ],
        }

    def apply(self, title: str, changes: Sequence[Sequence[Any]]) -> None:
        """Make the changes of a button as one undo step, or raise ``WriteRefused`` and make none."""
        self._require_open()
        written = [change for change in changes if change[0] in WRITES]
        if written:
            self._require_writable(sheet for _, sheet, _, _ in written)
            with suspended(self._model), one_undo_step(self._model, title):
                for what, sheet, row, rows in written:
                    self._write(self._model.Sheets.getByName(sheet), what, row, wire.unpack(rows))
        if any(what == "recalculate" for what, *_ in changes):
            bind(self._model)  # formulas on sheets that were protected before
            self._model.calculateAll()
        for what, sheet, *_ in changes:
            if what == "show":
                show(self._model, sheet)

    def _require_open(self) -> None:
        try:
            is_open = self._model.Sheets is not None  # None while it is being closed; then it raises
        except DisposedException:
            is_open = False
        if not is_open:
            msg = "The document has been closed, and nothing was written."
            raise WriteRefused(msg)

    def _require_writable(self, names: Iterable[str]) -> None:
        for name in names:
            if not self._model.Sheets.hasByName(name):
                msg = "The document has no sheet {0}, and nothing was written. {1}".format(
                    name, SETTINGS["open_template"]
                )
                raise WriteRefused(msg)
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


def show(model: Any, sheet: str) -> None:
    """Show a sheet, from its first row on."""
    controller, place = model.CurrentController, model.Sheets.getByName(sheet)
    controller.setActiveSheet(place)
    controller.select(place.getCellByPosition(0, 0))


def _values(area: Any) -> Optional[wire.Rows]:
    return None if area is None else area.getDataArray()


def put(area: Any, rows: wire.Rows) -> None:
    """Write the cells that differ one by one: Calc cannot undo a block written in a joined undo step.

    A text stays a text, whatever it begins with.
    """
    area.clearContents(FORMULAS)
    old = area.getDataArray()
    for i, (row, old_row) in enumerate(zip(rows, old)):
        for j, (cell, old_cell) in enumerate(zip(row, old_row)):
            if cell != old_cell:
                set_cell(area.getCellByPosition(j, i), cell)


def set_cell(place: Any, cell: wire.Cell) -> None:
    """Write a cell: a number as a number, a text as a text."""
    if isinstance(cell, str):
        place.String = cell
    else:
        place.Value = cell


@contextmanager
def one_undo_step(model: Any, title: str) -> Iterator[None]:
    """Join the changes within the context into one undo step; where one fails, undo all and raise."""
    undo, modified = model.UndoManager, model.isModified()
    undo.enterUndoContext(title)
    undo.addUndoAction(DrawingSuspension(model, title, on_undo=False))
    try:
        yield
    except Exception as error:
        _close(model, title)
        done = undo.isUndoPossible() and undo.getCurrentUndoActionTitle() == title
        if done:
            undo.undo()
            undo.clearRedo()
            model.setModified(modified)
        raise WriteRefused(_unwritten(error, undone=done)) from error
    else:
        _close(model, title)


def _close(model: Any, title: str) -> None:
    model.UndoManager.addUndoAction(DrawingSuspension(model, title, on_undo=True))
    model.UndoManager.leaveUndoContext()


def _unwritten(error: Exception, *, undone: bool) -> str:
    reason = getattr(error, "Message", "") or str(error) or type(error).__name__
    line = "Calc did not let the document be written ({0}). ".format(reason.strip().splitlines()[0])
    if undone:
        return line + "Nothing was changed."
    return line + "What was written before could not be undone: close the document without saving."


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
