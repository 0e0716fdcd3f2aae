"""The formulas of a document that use the extension's functions: search, binding of names, re-entry."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import Any, Callable, ContextManager, Iterator, Set, Tuple

from .office import SETTINGS

ANY_RESULT = 7
"""LibreOffice's flags of formula results: number, text or error."""

LOADING = "loading..."
"""The text of a cell whose result is pending."""

_NAMES = "|".join(SETTINGS["functions"])
BOUND = (SETTINGS["service"] + ".").upper()
"""The prefix that Calc adds to a bound name."""

_CALL = r"(?<![\w.])(?:" + re.escape(BOUND) + r")?({0})\s*\("

_QUOTED = r"|\"[^\"]*\"|'[^']*'"
"""Texts and names of sheets, in which a match is not a call."""


def _pattern(call: str) -> "re.Pattern[str]":
    """Return a pattern that matches calls, with the name as its group, and quoted text, without a group."""
    return re.compile(call + _QUOTED, re.IGNORECASE)


_OUTERMOST = re.compile(_CALL.format(_NAMES), re.IGNORECASE)

_USED = _pattern(_CALL.format(_NAMES))

_LONG = _pattern(re.escape(BOUND) + r"(?=(" + _NAMES + r")\s*\()")

_FOREIGN = r"(?:'[^']*'!|\[\d+\]!|[\w.]+\.xlam?!|_xldudf_|_xll\.|_xlfn\.)?"
"""What Excel writes before a name: its workbook or add-in; ``_xldudf_`` if that is one of Office.js."""

_UNBOUND = _pattern(r"(?<![\w.])" + _FOREIGN + r"(" + _NAMES + r")\s*\(")
"""A name as Excel writes it."""


def _calls(pattern: "re.Pattern[str]", text: str) -> bool:
    """Return whether a pattern finds a call in a formula."""
    return any(found.group(1) for found in pattern.finditer(text))


Area = Tuple[int, int, int, int]
"""First column and row, last column and row."""

Change = Callable[[Any], ContextManager[None]]
"""How undo records one change of a document: ``unrecorded`` or ``with_the_last_step``."""


class Formula:
    """A formula in a cell, or an array formula in a range."""

    def __init__(self, document: Any, sheet: Any, cell: Any) -> None:
        self.document = document
        self.sheet = sheet
        self.is_array = bool(cell.ArrayFormula)
        # Not ArrayFormula: its argument separators cannot be entered again.
        text = cell.Formula[1:-1] if self.is_array else cell.Formula
        # Without the long names: Calc accepts them on entry, but not on redo.
        self.bound = _calls(_LONG, text)
        self.text = _LONG.sub(lambda found: "" if found.group(1) else found.group(), text)
        cursor = sheet.createCursorByRange(cell)
        if self.is_array:
            cursor.collapseToCurrentArray()
        self.address = cursor.RangeAddress

    @property
    def first(self) -> Any:
        """Its first cell."""
        return self.sheet.getCellByPosition(self.address.StartColumn, self.address.StartRow)

    @property
    def resizable(self) -> bool:
        """Whether its range can change: it is an array, or a single call of the extension's functions."""
        return self.is_array or self.is_call

    @property
    def is_call(self) -> bool:
        """Whether it is a single call of the extension's functions."""
        return _is_call(self.text)

    @property
    def size(self) -> Tuple[int, int]:
        """Number of rows and columns of its range."""
        at = self.address
        return at.EndRow - at.StartRow + 1, at.EndColumn - at.StartColumn + 1

    @property
    def where(self) -> str:
        """Its address as the user sees it."""
        return str(self.first.AbsoluteName).replace("$", "")

    def range(self, height: int, width: int) -> Any:
        """Return its range for another size."""
        at = self.address
        return self.sheet.getCellRangeByPosition(
            at.StartColumn, at.StartRow, at.StartColumn + width - 1, at.StartRow + height - 1
        )

    def enter(self, text: str, height: int, width: int, change: Change) -> None:
        """Replace the formula, by an array formula if it is one or fills several cells."""
        if not self.is_array and (height, width) == (1, 1):
            with change(self.document):
                self.first.Formula = text
            return
        if self.is_array and self.size != (height, width):
            with change(self.document):
                self.range(*self.size).setArrayFormula("")
        with change(self.document):
            self.range(height, width).setArrayFormula(text)


def _is_call(text: str) -> bool:
    """Return whether a formula is a single call of the extension's functions."""
    start = _OUTERMOST.match(text, 1)
    if start is None:
        return False
    depth, quoted = 1, False
    for place in range(start.end(), len(text)):
        sign = text[place]
        quoted ^= sign == '"'
        if not quoted:
            depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return not text[place + 1 :].strip()
    return False


def package_formulas(document: Any) -> Iterator[Formula]:
    """Yield the formulas of a document that use the extension's functions."""
    for sheet in document.Sheets:
        search = sheet.createSearchDescriptor()
        search.SearchRegularExpression = True
        search.SearchString = "(" + _NAMES + r")\s*\("
        found = sheet.findAll(search)
        if found is None:
            continue
        seen: Set[Area] = set()
        areas = [_area(one) for one in found.queryFormulaCells(ANY_RESULT).RangeAddresses]
        while areas:
            left, top, right, bottom = areas.pop()
            formula = Formula(document, sheet, sheet.getCellByPosition(left, top))
            own = _area(formula.address)
            # An array is visited once, not in each of its thousands of cells.
            if own[2] < right:
                areas.append((own[2] + 1, top, right, min(own[3], bottom)))
            if own[3] < bottom:
                areas.append((left, own[3] + 1, right, bottom))
            if own not in seen and (_calls(_USED, formula.text) or _calls(_UNBOUND, formula.text)):
                seen.add(own)
                yield formula


def _area(at: Any) -> Area:
    return at.StartColumn, at.StartRow, at.EndColumn, at.EndRow


def bind(document: Any, *, again: bool = False) -> int:
    """Re-enter the formulas with unbound names, except on protected sheets; return their number.

    With ``again``, those with bound names too.
    """
    count = 0
    for formula in list(package_formulas(document)):
        if again or (not formula.bound and _calls(_UNBOUND, formula.text)):
            count += 1
            if not formula.sheet.isProtected():  # there it would have no effect
                formula.enter(_UNBOUND.sub(_plain, formula.text), *formula.size, unrecorded)
    return count


def _plain(found: "re.Match[str]") -> str:
    """Return a name as it is entered in Calc; quoted text unchanged."""
    return found.group(1).upper() + "(" if found.group(1) else found.group()


def reenter(document: Any, name: str) -> None:
    """Re-enter the formulas that use a function, so that they recalculate; not counted as a change."""
    used = _pattern(_CALL.format(name))
    with keep_modified_flag(document):
        for formula in list(package_formulas(document)):
            if _calls(used, formula.text):
                formula.enter(formula.text, *formula.size, unrecorded)


@contextmanager
def keep_modified_flag(document: Any) -> Iterator[None]:
    """Change a document without drawing and without marking it as modified."""
    modified = document.isModified()
    document.lockControllers()
    try:
        yield
    finally:
        document.unlockControllers()
        document.setModified(modified)
        if document.isModified() and not modified:  # a redrawn chart also marks it as modified
            for chart in (chart for sheet in document.Sheets for chart in sheet.Charts):
                chart.EmbeddedObject.setModified(False)


@contextmanager
def unrecorded(document: Any) -> Iterator[None]:
    """Make one change without an undo step.

    Locking the undo manager is not enough: LibreOffice unlocks it when it paints the visible sheet,
    which a conditional format causes before the change is recorded. So such a change becomes a hidden
    part of the last step, or the undo list is cleared if it was empty.
    """
    undo = document.UndoManager
    after_a_step = undo.isUndoPossible()
    if after_a_step:
        undo.enterHiddenUndoContext()
    undo.lock()
    try:
        yield
    finally:
        undo.unlock()
        if after_a_step:
            undo.leaveUndoContext()
        elif undo.isUndoPossible():
            undo.clear()


@contextmanager
def with_the_last_step(document: Any) -> Iterator[None]:
    """Make one change as a hidden part of the user's last undo step.

    Otherwise undo would remove the first cell of an array and leave the others. If there is no step,
    the change is not recorded. The redo list is lost.
    """
    undo = document.UndoManager
    if not undo.isUndoPossible():
        with unrecorded(document):
            yield
        return
    undo.enterHiddenUndoContext()
    try:
        yield
    finally:
        undo.leaveUndoContext()
