"""Arrays that size themselves: Calc gives an array formula its cells once, and its result changes.

After the functions have answered something new, each array formula that uses them is asked how
large its result is, and is entered anew where its range differs. A formula of ours that was typed
without Ctrl+Shift+Enter becomes an array, as it would spill in Excel. Cells with something in them
are never overwritten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional, Tuple

from .formulas import Formula, not_undone, ours, unnoticed

if TYPE_CHECKING:
    from .office import Office

ANYTHING = 1 + 2 + 4 + 16
"""Cell flags of values, dates, texts and formulas."""

IN_THE_WAY = "betaneutral.room"
"""The name of the bar that says what has no room."""


class Fitting:
    """Sizes the arrays of all open documents, soon after something has changed."""

    def __init__(self, office: Office) -> None:
        """Wait for a change."""
        self._office = office
        self._coming = False

    def soon(self) -> None:
        """Size the arrays as soon as the main thread is free."""
        if not self._coming:
            self._coming = True
            self._office.later(self._run)

    def _run(self) -> None:
        self._coming = False
        for document in list(self._office.spreadsheets()):
            fit(document)


def fit(document: Any) -> None:
    """Size the arrays of one document."""
    said: List[str] = []
    with unnoticed(document):
        for formula in list(ours(document)):
            size = result_size(formula) if formula.may_grow else None
            if size is None or size == formula.size:
                continue
            obstacle = in_the_way(formula, *size)
            if obstacle is None:
                formula.enter(formula.text, *size)
            else:
                said.append(
                    "{0} needs {1} x {2} cells, but {3} is not empty.".format(formula.where, *size, obstacle)
                )
    tell(document, " ".join(said))


def result_size(formula: Formula) -> Optional[Tuple[int, int]]:
    """Return the rows and columns of a formula's result; None while it is loading."""
    sheet = formula.sheet
    rows, columns = sheet.Rows.Count, sheet.Columns.Count
    scratch = sheet.getCellByPosition(columns - 1, rows - 1)
    if scratch.Formula:
        return None
    text = formula.text.lstrip("=")
    with not_undone(formula.document):
        scratch.Formula = '=IFERROR(ROWS({0});1)&"x"&IFERROR(COLUMNS({0});1)&"x"&({0})'.format(text)
    height, width, first = [*scratch.String.split("x", 2), "", ""][:3]
    with not_undone(formula.document):
        scratch.Formula = ""
    if not (height.isdigit() and width.isdigit()) or first == "loading...":
        return None
    return int(height), int(width)


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
