"""What the buttons need of a host: an open workbook, or one in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from betaneutral_xl.hosts.sheets.session import Rows


class Workbook(Protocol):
    """What the buttons need of a host. Rows and columns count from 1."""

    @property
    def folder(self) -> Path:
        """The folder in which files for the user are put."""
        ...

    @property
    def stem(self) -> str:
        """The workbook's name without its extension."""
        ...

    def named(self, name: str) -> object:
        """Return the values of a named range; ``NamedRangeMissing`` if there is none."""
        ...

    def below(self, sheet: str, row: int) -> object:
        """Return the values of a sheet from a row to the last that is used."""
        ...

    def replace(self, sheet: str, row: int, rows: Rows) -> None:
        """Write rows from the first column of a row on, and clear the contents of everything below."""
        ...

    def append(self, sheet: str, row: Rows) -> None:
        """Write rows under the last that is used."""
        ...

    def recalculate(self) -> None:
        """Calculate every formula anew, also where nothing it depends on has changed."""
        ...

    def say(self, text: str) -> None:
        """Show in the status bar what is being done."""
        ...

    def undisturbed(self) -> AbstractContextManager[None]:
        """Stop calculation and drawing meanwhile; restore their state whatever happens."""
        ...
