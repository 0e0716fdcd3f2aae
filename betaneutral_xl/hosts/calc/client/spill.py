"""Arrays that size themselves: Calc gives an array formula its cells once, and its result changes.

After the functions have answered something new, each array formula that uses them is asked how
large its result is, and is entered anew where its range differs. A formula of ours that was typed
without Ctrl+Shift+Enter becomes an array, as it would spill in Excel. Cells with something in them
are never overwritten.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Set, Tuple

import unohelper
from com.sun.star.util import XModifyListener

from .formulas import LOADING, Formula, ours, unnoticed, unrecorded, with_the_last_step
from .office import SETTINGS

if TYPE_CHECKING:
    from .office import Office

ANYTHING = 1 + 2 + 4 + 16
"""Cell flags of values, dates, texts and formulas."""

BAR = "betaneutral.room"
"""The name of the bar that says what could not be done."""

NO_ROOM = "{0} needs {1} x {2} cells, but {3} is not empty."

LATER = "{0} needs {1} x {2} cells, and gets them with your next change."
"""Not now, since something can be redone."""

UNKNOWN = (
    "The sheet {0} is protected, so that Calc does not know its functions: take that off with Tools - "
    "Protect Sheet, and press Refresh."
)

MOST_ROUNDS = 9
"""How often the arrays of a document that is loaded are sized: one more than the longest chain of them."""

Size = Tuple[int, int]


class Answered:
    """The size of the last answer: a formula is measured by having it answered once more."""

    size: Optional[Size] = None


ANSWERED = Answered()


class SpillEmulation:
    """Sizes the arrays of all open documents, soon after something has been answered."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._coming = self._running = False
        self._waiting: Set[str] = set()

    def soon(self) -> None:
        """Size the arrays as soon as the main thread is free; what that asks itself changes nothing."""
        if not (self._coming or self._running):
            self._coming = True
            self._office.later(self._run)

    def _run(self) -> None:
        self._coming, self._running = False, True
        try:
            found = [(document, fit(document)) for document in list(self._office.spreadsheets())]
        finally:
            self._running = False
        for document, outcome in found:
            if outcome is Resize.WAITS and document.RuntimeUID not in self._waiting:
                self._waiting.add(document.RuntimeUID)
                document.addModifyListener(_NextChange(document, self._resume))
        if any(outcome is Resize.CHANGED for _, outcome in found):  # others may depend on them
            self.soon()

    def _resume(self, document: Any) -> None:
        self._waiting.discard(document.RuntimeUID)
        self.soon()


class Resize(enum.Enum):
    """What has become of the arrays of a document."""

    FITS = enum.auto()
    CHANGED = enum.auto()
    WAITS = enum.auto()


class _NextChange(unohelper.Base, XModifyListener):
    """Has the arrays of a document sized once there is nothing to redo any more."""

    def __init__(self, document: Any, then: Callable[[Any], None]) -> None:
        self._document = document
        self._then = then

    def modified(self, _event: object) -> None:
        """Look whether something can still be redone."""
        if not self._document.UndoManager.isRedoPossible():
            self._document.removeModifyListener(self)
            self._then(self._document)

    def disposing(self, _event: object) -> None:
        """Wait no more."""


def settle(document: Any) -> None:
    """Size the arrays of a document until nothing changes any more: some depend on others."""
    for _ in range(MOST_ROUNDS):
        if fit(document) is not Resize.CHANGED:
            return


def fit(document: Any) -> Resize:
    """Size the arrays of one document.

    Not while something can be redone: a table that had grown meanwhile would stay behind when the
    user takes back the formula that it belongs to.
    """
    outcome = Resize.FITS
    said: List[str] = []
    shut: Set[str] = set()
    with unnoticed(document):
        for formula in list(ours(document)):
            if formula.sheet.isProtected():
                if not formula.bound:
                    shut.add(formula.sheet.Name)
                continue
            size = result_size(formula) if formula.may_grow else None
            if size is None or size == formula.size:
                continue
            obstacle = in_the_way(formula, *size)
            if obstacle is not None:
                said.append(NO_ROOM.format(formula.where, *size, obstacle))
            elif document.UndoManager.isRedoPossible():
                outcome = Resize.WAITS
                said.append(LATER.format(formula.where, *size))
            else:
                formula.enter(formula.text, *size, with_the_last_step)
                outcome = Resize.CHANGED
    said += [UNKNOWN.format(name) for name in sorted(shut)]
    tell(document, " ".join(said))
    return outcome


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
    """Return what a formula shows in a cell of its own; None if it is an error of Calc's."""
    with unrecorded(formula.document):
        scratch.Formula = text
    shown = None if scratch.getError() else str(scratch.String)
    with unrecorded(formula.document):
        scratch.Formula = ""
    return shown


def in_the_way(formula: Formula, height: int, width: int) -> Optional[str]:
    """Return the first cell that has something in it where a formula would grow; None if there is room."""
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


def tell(document: Any, text: str) -> None:
    """Show a bar over the sheet that says what could not be done; take away one of before."""
    controller = document.CurrentController
    window = controller.Frame.ContainerWindow if hasattr(controller, "hasInfobar") else None
    if window is None or not window.isVisible():
        return
    if controller.hasInfobar(BAR):
        controller.removeInfobar(BAR)
    if text:
        # The last number is the kind of bar: a warning.
        controller.appendInfobar(BAR, SETTINGS["title"] + ".", text, 2, (), True)  # noqa: FBT003 - LibreOffice takes no names
