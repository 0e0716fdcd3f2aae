"""Spill emulation: Calc fixes the range of an array formula on entry, but the size of its result changes.

After new results, each array formula that uses the functions is measured, and re-entered if its range
differs. A formula entered without Ctrl+Shift+Enter becomes an array, as it would spill in Excel.
Cells with content are never overwritten.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Set, Tuple

import unohelper
from com.sun.star.util import XModifyListener

from .formulas import LOADING, Formula, keep_modified_flag, package_formulas, unrecorded, with_the_last_step
from .office import SETTINGS

if TYPE_CHECKING:
    from .office import Office

ANYTHING = 1 + 2 + 4 + 16
"""LibreOffice's cell flags of values, dates, texts and formulas."""

BAR = "betaneutral.room"
"""The name of the infobar with what could not be done."""

NO_ROOM = "{0} needs {1} x {2} cells, but {3} is not empty."

LATER = "{0} needs {1} x {2} cells, and is resized after your next change."
"""Deferred while something can be redone."""

UNKNOWN = (
    "The sheet {0} is protected, so Calc does not recognise its functions: unprotect it (Tools - "
    "Protect Sheet), and press Refresh."
)

FIXED = (
    "The sheet {0} is protected, so its tables show one cell only: unprotect it (Tools - Protect Sheet), "
    "and press Refresh."
)

MAX_ROUNDS = 9
"""Rounds of resizing the arrays of a loaded document: one more than the longest chain of them."""

Size = Tuple[int, int]


class Answered:
    """The size of the last result: a formula is measured by evaluating it once more."""

    size: Optional[Size] = None


ANSWERED = Answered()


class SpillEmulation:
    """Resizes the arrays of all open documents after new results."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._scheduled = self._running = False
        self._waiting: Set[str] = set()

    def schedule(self) -> None:
        """Schedule a resize on the main thread; the evaluations of a resize schedule no other."""
        if not (self._scheduled or self._running):
            self._scheduled = True
            self._office.later(self._run)

    def _run(self) -> None:
        self._scheduled, self._running = False, True
        try:
            found = [(document, resize(document)) for document in list(self._office.spreadsheets())]
        finally:
            self._running = False
        for document, outcome in found:
            if outcome is Resize.DEFERRED and document.RuntimeUID not in self._waiting:
                self._waiting.add(document.RuntimeUID)
                document.addModifyListener(_NextChange(document, self._resume))
        if any(outcome is Resize.CHANGED for _, outcome in found):  # other arrays may depend on them
            self.schedule()

    def _resume(self, document: Any) -> None:
        self._waiting.discard(document.RuntimeUID)
        self.schedule()


class Resize(enum.Enum):
    """The outcome of resizing the arrays of a document."""

    UNCHANGED = enum.auto()
    CHANGED = enum.auto()
    DEFERRED = enum.auto()


class _NextChange(unohelper.Base, XModifyListener):
    """Calls a function at the first change after which nothing can be redone."""

    def __init__(self, document: Any, then: Callable[[Any], None]) -> None:
        self._document = document
        self._then = then

    def modified(self, _event: object) -> None:
        """Call the function if nothing can be redone any more."""
        if not self._document.UndoManager.isRedoPossible():
            self._document.removeModifyListener(self)
            self._then(self._document)

    def disposing(self, _event: object) -> None:
        """Do nothing: the document is closed."""


def settle(document: Any) -> None:
    """Resize the arrays of a document until none changes: some depend on others."""
    for _ in range(MAX_ROUNDS):
        if resize(document) is not Resize.CHANGED:
            return


def resize(document: Any) -> Resize:
    """Resize the arrays of a document.

    Deferred while something can be redone: an array that has grown meanwhile would remain when the
    user undoes its formula.
    """
    outcome = Resize.UNCHANGED
    notes: List[str] = []
    unbound: Set[str] = set()
    fixed: Set[str] = set()
    with keep_modified_flag(document):
        for formula in list(package_formulas(document)):
            if formula.sheet.isProtected():
                if not formula.bound:
                    unbound.add(formula.sheet.Name)
                elif is_cut_off(formula):
                    fixed.add(formula.sheet.Name)
                continue
            size = result_size(formula) if formula.resizable else None
            if size is None or size == formula.size:
                continue
            obstacle = first_obstacle(formula, *size)
            if obstacle is not None:
                notes.append(NO_ROOM.format(formula.where, *size, obstacle))
            elif document.UndoManager.isRedoPossible():
                outcome = Resize.DEFERRED
                notes.append(LATER.format(formula.where, *size))
            else:
                formula.enter(formula.text, *size, with_the_last_step)
                outcome = Resize.CHANGED
    notes += [UNKNOWN.format(name) for name in sorted(unbound)]
    notes += [FIXED.format(name) for name in sorted(fixed - unbound)]
    show_infobar(document, " ".join(notes))
    return outcome


def is_cut_off(formula: Formula) -> bool:
    """Return whether a formula in one cell shows a table, whose first cell is the name of a column."""
    return formula.is_call and not formula.is_array and str(formula.first.String).isidentifier()


def result_size(formula: Formula) -> Optional[Size]:
    """Return the rows and columns of a formula's result; None while it is loading."""
    sheet = formula.sheet
    scratch = sheet.getCellByPosition(sheet.Columns.Count - 1, sheet.Rows.Count - 1)
    if scratch.Formula:
        return None
    text = formula.text.lstrip("=")
    if formula.is_call:
        ANSWERED.size = None
        return None if _shown(formula, scratch, "=" + text) is None else ANSWERED.size
    shown = _shown(formula, scratch, '=ROWS({0})&"x"&COLUMNS({0})&"x"&({0})'.format(text)) or ""
    height, width, first = [*shown.split("x", 2), "", ""][:3]
    return (int(height), int(width)) if height.isdigit() and width.isdigit() and first != LOADING else None


def _shown(formula: Formula, scratch: Any, text: str) -> Optional[str]:
    """Return the text of a formula evaluated in a scratch cell; None for an error of Calc."""
    with unrecorded(formula.document):
        scratch.Formula = text
    shown = None if scratch.getError() else str(scratch.String)
    with unrecorded(formula.document):
        scratch.Formula = ""
    return shown


def first_obstacle(formula: Formula, height: int, width: int) -> Optional[str]:
    """Return the first cell with content in the range a formula would grow into; None if there is none."""
    at = formula.address
    old_height, old_width = formula.size
    if (
        at.StartRow + height > formula.sheet.Rows.Count
        or at.StartColumn + width > formula.sheet.Columns.Count
    ):
        return "the sheet's end"
    areas = []
    if height > old_height:
        areas.append((at.StartColumn, at.EndRow + 1, at.StartColumn + width - 1, at.StartRow + height - 1))
    if width > old_width:
        areas.append(
            (
                at.EndColumn + 1,
                at.StartRow,
                at.StartColumn + width - 1,
                at.StartRow + min(height, old_height) - 1,
            )
        )
    for area in areas:
        filled = formula.sheet.getCellRangeByPosition(*area).queryContentCells(ANYTHING)
        if filled.Count:
            first = filled.getByIndex(0).getCellByPosition(0, 0)
            return str(first.AbsoluteName).replace("$", "")
    return None


def show_infobar(document: Any, text: str) -> None:
    """Show a text in an infobar above the sheet, in place of a former one; none for an empty text."""
    controller = document.CurrentController
    window = controller.Frame.ContainerWindow if hasattr(controller, "hasInfobar") else None
    if window is None or not window.isVisible():
        return
    if controller.hasInfobar(BAR):
        controller.removeInfobar(BAR)
    if text:
        # 2 is LibreOffice's infobar type for warnings.
        controller.appendInfobar(BAR, SETTINGS["title"] + ".", text, 2, (), True)  # noqa: FBT003 - LibreOffice takes no names
