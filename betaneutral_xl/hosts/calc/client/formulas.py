"""The formulas of a document that use our functions: found, given their names, entered anew."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import Any, Callable, ContextManager, Iterator, Set, Tuple

from .office import SETTINGS

ANY_RESULT = 7
"""The flag of formulas, whether they show a number, a text or an error."""

LOADING = "loading..."
"""What a cell shows whose answer is on its way."""

_NAMES = "|".join(SETTINGS["functions"])
BOUND = (SETTINGS["service"] + ".").upper()
"""What Calc puts before a name that it knows."""

_CALL = r"(?<![\w.])(?:" + re.escape(BOUND) + r")?({0})\s*\("

_QUOTED = r"|\"[^\"]*\"|'[^']*'"
"""Texts, and names of sheets: what looks like a call in them is none."""


def _pattern(call: str) -> "re.Pattern[str]":
    """Return what finds calls, whose name is its group, and passes over what stands in quotes."""
    return re.compile(call + _QUOTED, re.IGNORECASE)


_OUTERMOST = re.compile(_CALL.format(_NAMES), re.IGNORECASE)

_USED = _pattern(_CALL.format(_NAMES))

_LONG = _pattern(re.escape(BOUND) + r"(?=(" + _NAMES + r")\s*\()")

_UNBOUND = _pattern(r"(?<![\w.])(?:'[^']*'!|\[\d+\]!|[\w.]+\.xlam?!|_xll\.|_xlfn\.)?(" + _NAMES + r")\s*\(")
"""A name as Excel writes it, also with the workbook or the add-in that it once came from."""


def _calls(pattern: "re.Pattern[str]", text: str) -> bool:
    """Whether a formula has a call of a kind."""
    return any(found.group(1) for found in pattern.finditer(text))


Area = Tuple[int, int, int, int]
"""First column and row, last column and row."""

Change = Callable[[Any], ContextManager[None]]
"""How one change of a document is recorded: ``unrecorded`` or ``with_the_last_step``."""


class Formula:
    """A formula that stands in a cell, or as an array in a range."""

    def __init__(self, document: Any, sheet: Any, cell: Any) -> None:
        self.document = document
        self.sheet = sheet
        self.is_array = bool(cell.ArrayFormula)
        # Not ArrayFormula: its arguments are separated otherwise than those that can be entered.
        text = cell.Formula[1:-1] if self.is_array else cell.Formula
        # Without the long names: Calc knows them where they are entered, but not where that is redone.
        self.bound = _calls(_LONG, text)
        self.text = _LONG.sub(lambda found: "" if found.group(1) else found.group(), text)
        cursor = sheet.createCursorByRange(cell)
        if self.is_array:
            cursor.collapseToCurrentArray()
        self.address = cursor.RangeAddress

    @property
    def first(self) -> Any:
        """The cell in which it begins."""
        return self.sheet.getCellByPosition(self.address.StartColumn, self.address.StartRow)

    @property
    def may_grow(self) -> bool:
        """Whether its result can need other cells than it has: an array, or a call of ours alone."""
        return self.is_array or self.is_call

    @property
    def is_call(self) -> bool:
        """Whether it is one call of ours and nothing else."""
        return _is_call(self.text)

    @property
    def size(self) -> Tuple[int, int]:
        """Rows and columns that it fills."""
        at = self.address
        return at.EndRow - at.StartRow + 1, at.EndColumn - at.StartColumn + 1

    @property
    def where(self) -> str:
        """Its place as the user sees it."""
        return str(self.first.AbsoluteName).replace("$", "")

    def range(self, height: int, width: int) -> Any:
        """Return the range that it would fill at another size."""
        at = self.address
        return self.sheet.getCellRangeByPosition(
            at.StartColumn, at.StartRow, at.StartColumn + width - 1, at.StartRow + height - 1
        )

    def enter(self, text: str, height: int, width: int, change: Change) -> None:
        """Enter a formula in place of this one, as an array if it is one or more than a cell."""
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
    """Whether a formula is one call of ours and nothing else."""
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


def ours(document: Any) -> Iterator[Formula]:
    """Return the formulas of a document that use our functions."""
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
            # An array is met in one cell, not in each of its thousands.
            if own[2] < right:
                areas.append((own[2] + 1, top, right, min(own[3], bottom)))
            if own[3] < bottom:
                areas.append((left, own[3] + 1, right, bottom))
            if own not in seen and (_calls(_USED, formula.text) or _calls(_UNBOUND, formula.text)):
                seen.add(own)
                yield formula


def _area(at: Any) -> Area:
    return at.StartColumn, at.StartRow, at.EndColumn, at.EndRow


def bind(document: Any) -> int:
    """Enter anew, but on protected sheets, the formulas whose names Calc does not know; return how many."""
    count = 0
    for formula in list(ours(document)):
        if not formula.bound and _calls(_UNBOUND, formula.text):
            count += 1
            if not formula.sheet.isProtected():  # where it would come to nothing
                formula.enter(_UNBOUND.sub(_plain, formula.text), *formula.size, unrecorded)
    return count


def _plain(found: "re.Match[str]") -> str:
    """Return a name as Calc takes it; what stands in quotes as it is."""
    return found.group(1).upper() + "(" if found.group(1) else found.group()


def enter_anew(document: Any, name: str) -> None:
    """Have the formulas that use a function calculated again, without it counting as a change."""
    used = _pattern(_CALL.format(name))
    with unnoticed(document):
        for formula in list(ours(document)):
            if _calls(used, formula.text):
                formula.enter(formula.text, *formula.size, unrecorded)


@contextmanager
def unnoticed(document: Any) -> Iterator[None]:
    """Change a document without drawing, and without it counting as modified."""
    modified = document.isModified()
    document.lockControllers()
    try:
        yield
    finally:
        document.unlockControllers()
        document.setModified(modified)
        if document.isModified() and not modified:  # a chart that has drawn new values counts, too
            for chart in (chart for sheet in document.Sheets for chart in sheet.Charts):
                chart.EmbeddedObject.setModified(False)


@contextmanager
def unrecorded(document: Any) -> Iterator[None]:
    """Make one change that undo knows nothing of.

    A lock alone does not do: LibreOffice ends it when it paints the sheet in sight, as it does for a
    conditional format before the change is recorded. So that no step comes up which nobody took, such
    a change becomes part of the last step, or is forgotten where there is none.
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
    """Make one change that belongs to the user's last step, and is undone with it.

    An array whose first cell alone is undone would leave the others behind. Where there is no such
    step the change is not recorded. What can be redone is lost.
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
