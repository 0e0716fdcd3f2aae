"""A workbook open in Excel, for the buttons."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_documents_path

from betaneutral_xl.errors import HostError, NamedRangeMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xlwings as xw

    from betaneutral_xl.hosts.sheets.cells import Cell
    from betaneutral_xl.hosts.sheets.session import Rows


class ExcelWorkbook:
    """An open workbook.

    Parameters
    ----------
    book
        The workbook in xlwings.

    """

    def __init__(self, book: xw.Book) -> None:
        self._book = book

    @property
    def folder(self) -> Path:
        """The workbook's folder; the user's documents folder if it is in the cloud or not saved yet."""
        place = str(self._book.api.Path) if hasattr(self._book.api, "Path") else ""
        return Path(place) if place and "://" not in place else user_documents_path()

    @property
    def stem(self) -> str:
        """The workbook's name without its extension."""
        return Path(self._book.name).stem

    def named(self, name: str) -> object:
        """Return the values of a named range."""
        try:
            area = self._book.names[name].refers_to_range
        except Exception:  # noqa: BLE001 - the exception for a missing name differs between systems
            raise self._missing("range named " + name) from None
        return _values(area)

    def below(self, sheet: str, row: int) -> object:
        """Return the values of a sheet from a row to the last used row."""
        place = self._sheet(sheet)
        last = place.used_range.last_cell
        return _values(place.range((row, 1), (last.row, last.column))) if last.row >= row else None

    def replace(self, sheet: str, row: int, rows: Rows) -> None:
        """Write rows from the first column of a row on, and clear the contents of everything below."""
        place = self._open(sheet)
        last = place.used_range.last_cell
        if last.row >= row:
            place.range((row, 1), (last.row, last.column)).clear_contents()
        _write(place, row, rows)

    def append(self, sheet: str, row: Rows) -> None:
        """Write rows below the last used row."""
        place = self._open(sheet)
        _write(place, place.used_range.last_cell.row + 1, row)

    def recalculate(self) -> None:
        """Recalculate every formula, whether or not its inputs have changed."""
        application = self._book.app
        if hasattr(application.api, "CalculateFull"):
            application.api.CalculateFull()
        else:
            application.calculate()

    def say(self, text: str) -> None:
        """Show a progress text in the status bar; an empty text returns the bar to Excel."""
        self._book.app.status_bar = text or False

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
        except Exception:  # noqa: BLE001 - the exception for a missing sheet differs between systems
            raise self._missing("sheet " + name) from None

    def _open(self, name: str) -> xw.Sheet:
        """Return a sheet; raise ``HostError`` if it is protected."""
        sheet = self._sheet(name)
        if getattr(sheet.api, "ProtectContents", False) is True:  # Excel for Mac has another name for it
            msg = f"The sheet {name} is protected. Unprotect it: Review, Unprotect Sheet."
            raise HostError(msg)
        return sheet

    def _missing(self, what: str) -> NamedRangeMissing:
        advice = "Build a new workbook: betaneutral-xl workbook build."
        return NamedRangeMissing(f"{self._book.name} has no {what}. {advice}")


def _values(area: xw.Range) -> object:
    return area.options(ndim=2, err_to_str=True).value


def _write(sheet: xw.Sheet, row: int, rows: Rows) -> None:
    """Write rows at once; text stays text."""
    if rows and rows[0]:
        sheet.range((row, 1)).value = [[_excel(cell) for cell in line] for line in rows]


def _excel(cell: Cell) -> Any:
    match cell:
        case str():
            # Excel parses a text like typed input: =1+1 as a formula, TRUE as a boolean, 2025-11-18 as a
            # date. A leading apostrophe keeps it text; the cell does not show it.
            return f"'{cell}" if cell else None
        case date():
            return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - cells have no time zones
    return cell
