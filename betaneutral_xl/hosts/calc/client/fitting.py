"""Arrays that size themselves: Calc gives an array formula its cells once, and its result changes.

After the functions have answered something new, each array formula that uses them is asked how
large its result is, and is entered anew where its range differs. A formula of ours that was typed
without Ctrl+Shift+Enter becomes an array, as it would spill in Excel. Cells with something in them
are never overwritten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional, Set, Tuple

from .formulas import Formula, not_undone, ours, unnoticed

if TYPE_CHECKING:
    from .functions import Answer
    from .office import Office

ANYTHING = 1 + 2 + 4 + 16
"""Cell flags of values, dates, texts and formulas."""

IN_THE_WAY = "betaneutral.room"
"""The name of the bar that says what has no room."""

SIZE = '=IFERROR(ROWS({0});1)&"x"&IFERROR(COLUMNS({0});1)'
"""A formula that says how large the result of another is; a result that is a single value has no rows."""

Size = Tuple[int, int]


class Fitting:
    """Sizes the arrays of all open documents, soon after something else than before was asked."""

    def __init__(self) -> None:
        """Wait for a question."""
        self._coming = self._running = False
        self._settled: Set[bytes] = set()
        self._answers: "List[Answer]" = []  # while a formula is measured

    def saw(self, office: "Office", key: bytes, answer: "Answer") -> None:
        """Take note of a question and its answer; what the arrays were last sized with changes nothing."""
        if self._running:
            self._settled.add(key)
            self._answers.append(answer)
        elif key not in self._settled:
            self.soon(office)

    def soon(self, office: "Office") -> None:
        """Size the arrays as soon as the main thread is free."""
        if not self._coming:
            self._coming = True
            office.later(lambda: self._fit_all(office))

    def _fit_all(self, office: "Office") -> None:
        self._coming = False
        self._settled.clear()
        for document in list(office.spreadsheets()):
            self.fit(document)

    def fit(self, document: Any) -> None:
        """Size the arrays of one document."""
        said: List[str] = []
        self._running = True
        try:
            with unnoticed(document):
                for formula in list(ours(document)):
                    said += self._fit_one(formula) if formula.may_grow else []
        finally:
            self._running = False
        tell(document, " ".join(said))

    def _fit_one(self, formula: Formula) -> List[str]:
        size = self._result_size(formula)
        if size is None or size == formula.size:
            return []
        obstacle = in_the_way(formula, *size)
        if obstacle is None:
            formula.enter(formula.text, *size)
            return []
        return ["{0} needs {1} x {2} cells, but {3} is not empty.".format(formula.where, *size, obstacle)]

    def _result_size(self, formula: Formula) -> Optional[Size]:
        """Return the rows and columns of a formula's result; None while it is loading."""
        self._answers.clear()
        shown = evaluated(formula, "={0}" if formula.is_call else SIZE)
        if shown is None or any(answer.rows is None for answer in self._answers):
            return None
        if formula.is_call:
            return self._answers[-1].size if self._answers else None
        height, _, width = shown.partition("x")
        return (int(height), int(width)) if width.isdigit() else None


FITTING = Fitting()
"""The one of this process."""


def evaluated(formula: Formula, pattern: str) -> Optional[str]:
    """Return what a formula with another in it shows; None if the sheet's last cell is not free for it."""
    sheet = formula.sheet
    scratch = sheet.getCellByPosition(sheet.Columns.Count - 1, sheet.Rows.Count - 1)
    if scratch.Formula:
        return None
    with not_undone(formula.document):
        scratch.Formula = pattern.format(formula.text.lstrip("="))
    shown = str(scratch.String)
    with not_undone(formula.document):
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
    """Show a bar over the sheet that says what has no room; take it away when there is nothing to say."""
    controller = document.CurrentController
    window = controller.Frame.ContainerWindow if hasattr(controller, "hasInfobar") else None
    if window is None or not window.isVisible():
        return
    if controller.hasInfobar(IN_THE_WAY):
        controller.removeInfobar(IN_THE_WAY)
    if text:
        # The last number is the kind of bar: a warning.
        controller.appendInfobar(IN_THE_WAY, "No room.", text, 2, (), True)  # noqa: FBT003 - LibreOffice takes no names
