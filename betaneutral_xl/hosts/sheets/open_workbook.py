"""What a button reads of a workbook, what it writes, and the interface of a host's workbook.

A host reads a ``Plan`` at once, and makes all ``Change``s at once, or none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from betaneutral_xl.errors import BetaNeutralError, NamedRangeMissing
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.session import Rows

# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Area:
    """The cells of a sheet from a row to the last used row.

    Attributes
    ----------
    sheet, row
        Name of the sheet, and first row, from 1.
    unless
        A named cell and a text: where the cell has exactly that text, the area is not needed. A host
        that reads it nevertheless does no harm.

    """

    sheet: str
    row: int
    unless: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a button reads: the values of named ranges, and areas of sheets."""

    names: tuple[str, ...] = ()
    areas: tuple[Area, ...] = ()

    def __add__(self, other: Plan) -> Plan:
        """Return a plan of what either reads."""
        return Plan((*self.names, *other.names), (*self.areas, *other.areas))


Found: TypeAlias = "object | BetaNeutralError"
"""The values of a range as the host gives them, or why there are none."""


@dataclass(frozen=True, slots=True)
class Sheets:
    """What a host has read.

    Attributes
    ----------
    names
        By the name of a range: its values, or the error to be raised if a button needs them.
    areas
        Likewise, by sheet and first row.
    folder
        The folder for the files that the buttons write.
    stem
        The workbook's name without its extension.
    files
        The names of the files that the folder has already.

    """

    names: Mapping[str, Found]
    areas: Mapping[tuple[str, int], Found]
    folder: Path
    stem: str
    files: frozenset[str] = field(default=frozenset())

    def named(self, name: str) -> object:
        """Return the values of a named range; raise the reason if there are none."""
        return _values(self.names[name])

    def below(self, sheet: str, row: int) -> object:
        """Return the values of a sheet from a row to the last used row, or raise why there are none."""
        return _values(self.areas[sheet, row])

    def new_file(self, what: str, at: str, ending: str) -> Path:
        """Return an unused path in the folder: the workbook's name, the kind of file, the time."""
        stem = f"{self.stem} {what} {at}"
        names = (f"{stem}{again}.{ending}" for again in ("", *(f" ({i})" for i in range(2, 1_000))))
        return self.folder / next(name for name in names if name not in self.files)


def _values(found: Found) -> object:
    if isinstance(found, BetaNeutralError):
        raise found
    return found


def gather(
    plan: Plan,
    named: Callable[[str], object],
    below: Callable[[str, int], object],
    folder: Path,
    stem: str,
) -> Sheets:
    """Read a plan with a host's functions; what cannot be read is an error only where it is needed."""

    def found(read: Callable[..., object], *place: Any) -> Found:
        try:
            return read(*place)
        except BetaNeutralError as error:
            return error

    names = {name: found(named, name) for name in plan.names}
    areas = {
        (one.sheet, one.row): found(below, one.sheet, one.row)
        for one in plan.areas
        if one.unless is None or not holds(names.get(one.unless[0]), one.unless[1])
    }
    return Sheets(names, areas, folder, stem, files_of(folder, stem))


def holds(found: Found, text: str) -> bool:
    """Return whether a named cell was read and has exactly a text."""
    try:
        return cells.read(_values(found), "a setting").rows == ((text,),)
    except BetaNeutralError:
        return False


def files_of(folder: Path, stem: str) -> frozenset[str]:
    """Return the names of the files in a folder that begin with a workbook's name."""
    try:
        return frozenset(one.name for one in folder.iterdir() if one.name.startswith(stem))
    except OSError:  # writing says why
        return frozenset()


# ---------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True)
class Replace:
    """Write rows from the first column of a row on, and clear the contents of everything below."""

    sheet: str
    row: int
    rows: Rows


@dataclass(frozen=True, slots=True)
class Append:
    """Write rows below the last used row."""

    sheet: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class Recalculate:
    """Recalculate every formula, whether or not its inputs have changed."""


@dataclass(frozen=True, slots=True)
class Show:
    """Show a sheet to the user, from its first row on."""

    sheet: str


Change = Replace | Append | Recalculate | Show


class Workbook(Protocol):
    """A host's workbook as the buttons use it. Rows and columns count from 1."""

    def read(self, plan: Plan) -> Sheets:
        """Read all that a plan names."""
        ...

    def apply(self, changes: Sequence[Change]) -> None:
        """Make all changes, or raise and make none."""
        ...

    def say(self, text: str) -> None:
        """Show a progress text in the status bar; an empty text clears it."""
        ...


def missing(book: str, what: str, advice: str) -> NamedRangeMissing:
    """Return the error for a range or a sheet that a workbook lacks."""
    return NamedRangeMissing(f"{book} has no {what}. {advice}")
