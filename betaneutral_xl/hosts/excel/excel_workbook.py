"""A workbook open in Excel, for the buttons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_documents_path

from betaneutral_xl.errors import HostError, NamedRangeMissing, listing
from betaneutral_xl.hosts.excel.busy import busy, unless_busy
from betaneutral_xl.hosts.sheets.cells import Cell
from betaneutral_xl.hosts.sheets.open_workbook import (
    Append,
    Change,
    Plan,
    Recalculate,
    Replace,
    Sheets,
    Show,
    gather,
    missing,
)

if TYPE_CHECKING:
    import xlwings as xw


ADVICE = "Insert template, on the tab Beta Neutral, adds what Rebalance needs."


class ExcelWorkbook:
    """An open workbook."""

    def __init__(self, book: xw.Book) -> None:
        self._book = book

    def read(self, plan: Plan) -> Sheets:
        """Read all that a plan names."""
        with unless_busy():
            found = gather(plan, self.named, self.below, self._folder(), Path(self._book.name).stem)
        absent = [name for name, values in found.names.items() if isinstance(values, NamedRangeMissing)]
        if len(absent) < 2:  # noqa: PLR2004 - one is named already
            return found
        reason = self._missing("ranges named " + listing(absent))
        return replace(found, names={**found.names, **dict.fromkeys(absent, reason)})

    def named(self, name: str) -> object:
        """Return the values of a named range."""
        try:
            area = self._book.names[name].refers_to_range
        except Exception as error:  # noqa: BLE001 - the exception for a missing name differs between systems
            raise busy(error) or self._missing("range named " + name) from None
        return _values(area)

    def below(self, sheet: str, row: int) -> object:
        """Return the values of a sheet from a row to the last used row."""
        place = self._sheet(sheet)
        last = place.used_range.last_cell
        return _values(place.range((row, 1), (last.row, last.column))) if last.row >= row else None

    def apply(self, changes: Sequence[Change]) -> None:
        """Make all changes, one write a block; where Excel refuses one, undo the others and raise.

        Raises
        ------
        NamedRangeMissing
            If there is no such sheet.
        HostError
            If a sheet is protected, or Excel refuses to write: nothing is changed.

        """
        blocks = [one for one in changes if isinstance(one, (Replace, Append))]
        places = {one.sheet: self._open(one.sheet) for one in blocks}
        written: list[Overwritten] = []
        try:
            with self.suspended():
                for change in blocks:
                    _make(change, places[change.sheet], written)
            if Recalculate() in changes:
                self._recalculate()
            for shown in changes:
                if isinstance(shown, Show):
                    self.show(shown.sheet)
        except Exception as error:
            raise _refused(error, written) from error

    def show(self, sheet: str) -> None:
        """Show a sheet, from its first row on."""
        place = self._sheet(sheet)
        if hasattr(place.api, "Activate"):
            place.api.Activate()
        else:
            # On Windows it also pulls Excel to the front, and raises where that is not allowed.
            place.activate()

    def say(self, text: str) -> None:
        """Show a progress text in the status bar; an empty text returns the bar to Excel."""
        self._book.app.status_bar = text or False

    def _folder(self) -> Path:
        """Return the workbook's folder; the user's documents if it is in the cloud or not saved yet."""
        place = str(self._book.api.Path) if hasattr(self._book.api, "Path") else ""
        return Path(place) if place and "://" not in place else user_documents_path()

    def _recalculate(self) -> None:
        """Recalculate every formula, whether or not its inputs have changed."""
        application = self._book.app
        if hasattr(application.api, "CalculateFull"):
            application.api.CalculateFull()
        else:
            application.calculate()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Suspend calculation and drawing within the context; always restore their state."""
        application = self._book.app
        calculation, drawing = application.calculation, application.screen_updating
        application.calculation, application.screen_updating = "manual", False
        try:
            yield
        finally:
            application.screen_updating = drawing
            application.calculation = calculation

    def _sheet(self, name: str) -> xw.Sheet:
        try:
            return self._book.sheets[name]
        except Exception as error:  # noqa: BLE001 - the exception for a missing sheet differs between systems
            raise busy(error) or self._missing("sheet " + name) from None

    def _open(self, name: str) -> xw.Sheet:
        """Return a sheet; raise ``HostError`` if it is protected."""
        sheet = self._sheet(name)
        if getattr(sheet.api, "ProtectContents", False) is True:  # Excel for Mac has another name for it
            msg = f"The sheet {name} is protected. Unprotect it: Review, Unprotect Sheet."
            raise HostError(msg)
        return sheet

    def _missing(self, what: str) -> NamedRangeMissing:
        return missing(self._book.name, what, ADVICE)


class Overwritten:
    """The content of cells before they are written to: macros clear Excel's own list of what to undo."""

    def __init__(self, sheet: xw.Sheet, row: int, rows: int, columns: int) -> None:
        self.sheet = str(sheet.name)
        self._area = sheet.range((row, 1), (row + rows - 1, columns))
        self._content = _content(self._area)

    def restore(self) -> bool:
        """Write the content back; return whether Excel took it."""
        try:
            setattr(
                self._area, _FORMULAS if hasattr(self._area.api, "Formula2") else "formula", self._content
            )
        except Exception:  # noqa: BLE001 - the message says what is left
            return False
        return True


_FORMULAS = "formula2"
"""xlwings' property of formulas that spill, which Excel has since 2020."""


def _content(area: xw.Range) -> list[list[Any]]:
    """Return what to enter in cells to have their formulas, texts and numbers again."""
    formulas = _block(area.formula2 if hasattr(area.api, "Formula2") else area.formula)
    values = _block(area.api.Value2 if hasattr(area.api, "Value2") else area.raw_value)
    return [list(map(_entry, *pair)) for pair in zip(formulas, values, strict=True)]


def _block(value: Any) -> Sequence[Sequence[Any]]:
    """Return a block of values; Excel gives a single cell without rows."""
    if not isinstance(value, (list, tuple)):
        return [[value]]
    return value if value and isinstance(value[0], (list, tuple)) else [value]


def _entry(formula: Any, value: Any) -> Any:
    """Return what is to be entered for a cell; an error typed as a constant has a code as its value."""
    if isinstance(value, str):
        is_formula = str(formula).startswith("=") and formula != value
        return formula if is_formula else _excel(value)
    constant = isinstance(value, (bool, float)) and not str(formula).startswith("=")
    return value if constant else formula


def _make(change: Replace | Append, sheet: xw.Sheet, written: list[Overwritten]) -> None:
    """Make one change; add to ``written`` what it overwrites."""
    last, rows = sheet.used_range.last_cell, change.rows
    row = change.row if isinstance(change, Replace) else last.row + 1
    below = max(last.row - row + 1, 0)
    height, width = max(len(rows), below), max(len(rows[0]) if rows else 0, last.column)
    if not height:
        return
    written.append(Overwritten(sheet, row, height, width))
    if below:
        sheet.range((row, 1), (last.row, last.column)).clear_contents()
    if rows and rows[0]:
        sheet.range((row, 1)).value = [[_excel(cell) for cell in line] for line in rows]


def _refused(error: Exception, written: Sequence[Overwritten]) -> HostError:
    """Undo what was written, and return what the user is told."""
    left = [one.sheet for one in reversed(written) if not one.restore()]
    known = busy(error)
    if known is not None and not left:
        return known
    details = getattr(error, "excepinfo", None)
    reason = str(details[2]) if details and details[2] else type(error).__name__
    line = f"Excel did not let the workbook be written ({reason})."
    if left:
        sheets = listing(sorted(set(left)))
        return HostError(
            f"{line} The former content of {sheets} could not be put back: close without saving."
        )
    return HostError(f"{line} Nothing was changed. End the editing of cells, and press the button again.")


def _values(area: xw.Range) -> object:
    return area.options(ndim=2, err_to_str=True).value


def _excel(cell: Cell) -> Any:
    match cell:
        case str():
            # Excel parses a text like typed input: =1+1 as a formula, TRUE as a boolean, 2025-11-18 as a
            # date. A leading apostrophe keeps it text; the cell does not show it.
            return f"'{cell}" if cell else None
        case date():
            return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - cells have no time zones
    return cell
