"""A workbook that is open in Calc, for the buttons: read by asking Calc, written all at once at the end."""

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
"""Of a sheet; whoever asks for it learns whether there is the sheet."""


class CalcWorkbook:
    """A document of Calc, seen from the worker.

    Nothing is written before the button is done: ``changes`` collects what Calc then does as one
    step of undo.

    Parameters
    ----------
    path
        The document's file; None if it has not been saved yet.
    ask
        Asks Calc for values, ``ask("named", name)`` or ``ask("below", sheet, row)``; None where the
        document has no such range or sheet.
    say
        Shows in the status bar what is being done.

    """

    def __init__(self, path: str | None, ask: Callable[..., object], say: Callable[[str], None]) -> None:
        self._path = Path(path) if path else None
        self._ask = ask
        self._say = say
        self.changes: list[list[object]] = []

    @property
    def folder(self) -> Path:
        """The document's folder; the user's documents where it is not saved yet."""
        return self._path.parent if self._path else user_documents_path()

    @property
    def stem(self) -> str:
        """The document's name without its extension."""
        return self._path.stem if self._path else "Untitled"

    def named(self, name: str) -> object:
        """Return the values of a named range."""
        return self._asked("named", name, what=f"range named {name}")

    def below(self, sheet: str, row: int) -> object:
        """Return the values of a sheet from a row to the last that is used."""
        return self._asked("below", str(sheet), row, what=f"sheet {sheet}")

    def replace(self, sheet: str, row: int, rows: Rows) -> None:
        """Have rows written from the first column of a row on, and everything below cleared."""
        self._hold_that_there_is(sheet)
        self.changes.append(["replace", str(sheet), row, for_calc(rows)])

    def append(self, sheet: str, row: Rows) -> None:
        """Have rows written under the last that is used."""
        self._hold_that_there_is(sheet)
        self.changes.append(["append", str(sheet), 0, for_calc(row)])

    def recalculate(self) -> None:
        """Have every formula calculated anew."""
        self.changes.append(["recalculate", "", 0, []])

    def say(self, text: str) -> None:
        """Show in the status bar what is being done."""
        self._say(text)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Forget what was to be written by a button that fails; Calc is disturbed by nothing before."""
        try:
            yield
        except BaseException:
            self.changes.clear()
            raise

    def _hold_that_there_is(self, sheet: str) -> None:
        """Raise while nothing is written yet."""
        self._asked("below", str(sheet), LAST_ROW, what=f"sheet {sheet}")

    def _asked(self, *question: object, what: str) -> object:
        values = self._ask(*question)
        if values is None:
            name = self._path.name if self._path else "The document"
            msg = f"{name} has no {what}. Open the template: betaneutral-xl calc open."
            raise NamedRangeMissing(msg)
        return values
