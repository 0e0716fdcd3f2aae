"""The formulas of a document that use our functions: found, given their names, entered anew."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import Any, Iterator, List, Tuple

from .office import SETTINGS

ANY_RESULT = 7

_NAMES = "|".join(SETTINGS["functions"])
BOUND = (SETTINGS["service"] + ".").upper()
"""What Calc puts before a name that it knows."""

USED = re.compile(r"(?<![\w.])(?:" + re.escape(BOUND) + r")?(?:" + _NAMES + r")\s*\(", re.IGNORECASE)

UNBOUND = re.compile(
    r"(?<![\w.])(?:'[^']*'!|\[\d+\]!|[\w.]+\.xlam?!|_xll\.|_xlfn\.)?(" + _NAMES + r")\s*\(", re.IGNORECASE
)
"""A name as Excel writes it, also with the workbook or the add-in that it once came from."""


class Formula:
    """A formula that stands in a cell, or as an array in a range."""

    def __init__(self, document: Any, sheet: Any, cell: Any) -> None:
        """Find its range."""
        self.document = document
        self.sheet = sheet
        self.is_array = bool(cell.ArrayFormula)
        # Not ArrayFormula: its arguments are separated otherwise than those that can be entered.
        self.text = cell.Formula[1:-1] if self.is_array else cell.Formula
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

    def enter(self, text: str, height: int, width: int) -> None:
        """Enter a formula in place of this one, as an array if it is one or more than a cell."""
        if not self.is_array and (height, width) == (1, 1):
            with not_undone(self.document):
                self.first.Formula = text
            return
        if self.is_array:
            with not_undone(self.document):
                self.range(*self.size).setArrayFormula("")
        with not_undone(self.document):
            self.range(height, width).setArrayFormula(text)


def _is_call(text: str) -> bool:
    start = USED.match(text, 1)
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
        seen: List[Any] = []
        cells = found.queryFormulaCells(ANY_RESULT).Cells.createEnumeration()
        while cells.hasMoreElements():
            cell = cells.nextElement()
            place = cell.CellAddress
            if any(_holds(one.address, place) for one in seen):
                continue
            formula = Formula(document, sheet, cell)
            if USED.search(formula.text):
                if formula.is_array:
                    seen.append(formula)
                yield formula


def _holds(area: Any, place: Any) -> bool:
    return bool(
        area.StartColumn <= place.Column <= area.EndColumn and area.StartRow <= place.Row <= area.EndRow
    )


def bind(document: Any) -> int:
    """Enter anew the formulas whose names Calc has not recognised; return how many."""
    count = 0
    for formula in list(ours(document)):
        text = UNBOUND.sub(lambda found: found.group(1).upper() + "(", formula.text)
        if BOUND not in formula.text.upper() and UNBOUND.search(formula.text):
            formula.enter(text, *formula.size)
            count += 1
    return count


def charts(document: Any) -> Iterator[Any]:
    """Return the charts of a document; it counts as modified if one of them does."""
    for sheet in document.Sheets:
        yield from (sheet.Charts.getByIndex(i) for i in range(sheet.Charts.Count))


@contextmanager
def unnoticed(document: Any) -> Iterator[None]:
    """Change a document without drawing, and without it counting as modified."""
    modified = document.isModified()
    document.lockControllers()
    try:
        yield
    finally:
        document.unlockControllers()
        if not modified:
            for chart in charts(document):
                chart.EmbeddedObject.setModified(False)
        document.setModified(modified)


@contextmanager
def not_undone(document: Any) -> Iterator[None]:
    """Make one change without a step of undo; Calc itself lifts the lock after one, hence a lock for each."""
    undo = document.UndoManager
    undo.lock()
    try:
        yield
    finally:
        undo.unlock()
