"""A workbook open in Calc, for the buttons: read by requests to Calc, written all at once at the end."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_documents_path

from betaneutral_xl.errors import NamedRangeMissing
from betaneutral_xl.hosts.calc.values import for_calc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from betaneutral_xl.hosts.sheets.session import Rows


LAST_ROW = 1_048_576
"""The last row of a sheet; reading it tests whether the sheet exists."""


class CalcWorkbook:
    """A document of Calc, as the worker sees it.

    Nothing is written while the button runs: ``changes`` collects the changes, which Calc then makes
    as one undo step.

    Parameters
    ----------
    path
        The document's file; None if it has not been saved yet.
    ask
        Requests values from Calc, ``ask("named", name)`` or ``ask("below", sheet, row)``; returns
        None if the document has no such range or sheet.
    say
        Shows a progress text in the status bar.

    """

    def __init__(self, path: str | None, ask: Callable[..., object], say: Callable[[str], None]) -> None:
        self._path = Path(path) if path else None
        self._ask = ask
        self._say = say
        self.changes: list[list[object]] = []

    @property
    def folder(self) -> Path:
        """The document's folder; the user's documents folder if it is not saved yet."""
        return self._path.parent if self._path else user_documents_path()

    @property
    def stem(self) -> str:
        """The document's name without its extension."""
        return self._path.stem if self._path else "Untitled"

    def named(self, name: str) -> object:
        """Return the values of a named range."""
        return self._request("named", name, what=f"range named {name}")

    def below(self, sheet: str, row: int) -> object:
        """Return the values of a sheet from a row to the last used row."""
        return self._request("below", str(sheet), row, what=f"sheet {sheet}")

    def replace(self, sheet: str, row: int, rows: Rows) -> None:
        """Record rows to be written from the first column of a row on, and the cells below to be cleared."""
        self._require_sheet(sheet)
        self.changes.append(["replace", str(sheet), row, for_calc(rows)])

    def append(self, sheet: str, row: Rows) -> None:
        """Record rows to be written below the last used row."""
        self._require_sheet(sheet)
        self.changes.append(["append", str(sheet), 0, for_calc(row)])

    def recalculate(self) -> None:
        """Record that every formula is to be recalculated."""
        self.changes.append(["recalculate", "", 0, []])

    def say(self, text: str) -> None:
        """Show a progress text in the status bar."""
        self._say(text)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Discard the changes of a button that fails; until then nothing has been written."""
        try:
            yield
        except BaseException:
            self.changes.clear()
            raise

    def _require_sheet(self, sheet: str) -> None:
        """Raise ``NamedRangeMissing`` before anything is written, not after."""
        self._request("below", str(sheet), LAST_ROW, what=f"sheet {sheet}")

    def _request(self, *question: object, what: str) -> object:
        values = self._ask(*question)
        if values is None:
            name = self._path.name if self._path else "The document"
            msg = f"{name} has no {what}. Open the template: betaneutral-xl calc open."
            raise NamedRangeMissing(msg)
        return values
