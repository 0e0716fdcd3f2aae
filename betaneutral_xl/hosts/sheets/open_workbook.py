"""The interface between the buttons and a host's workbook, open or in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from betaneutral_xl.hosts.sheets.session import Rows


class Workbook(Protocol):
    """A host's workbook as the buttons use it. Rows and columns count from 1."""

    @property
    def folder(self) -> Path:
        """The folder for the files that the buttons write."""
        ...

    @property
    def stem(self) -> str:
        """The workbook's name without its extension."""
        ...

    def named(self, name: str) -> object:
        """Return the values of a named range; ``NamedRangeMissing`` if there is none."""
        ...

    def below(self, sheet: str, row: int) -> object:
        """Return the values of a sheet from a row to the last used row."""
        ...

    def replace(self, sheet: str, row: int, rows: Rows) -> None:
        """Write rows from the first column of a row on, and clear the contents of everything below."""
        ...

    def append(self, sheet: str, row: Rows) -> None:
        """Write rows below the last used row."""
        ...

    def recalculate(self) -> None:
        """Recalculate every formula, whether or not its inputs have changed."""
        ...

    def say(self, text: str) -> None:
        """Show a progress text in the status bar."""
        ...

    def suspended(self) -> AbstractContextManager[None]:
        """Suspend calculation and drawing within the context; always restore their state."""
        ...
