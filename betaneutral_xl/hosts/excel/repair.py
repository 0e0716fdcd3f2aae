"""A workbook from another computer: its functions or its Python become those of this installation."""

from __future__ import annotations

import sys
from pathlib import Path, PureWindowsPath

from betaneutral_xl.errors import HostError, UnreadableFile
from betaneutral_xl.hosts.excel import addin, user_files
from betaneutral_xl.hosts.files.addin_links import LinkedFile
from betaneutral_xl.hosts.files.workbook_file import FileWorkbook, changed
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.layout import Sheet
from betaneutral_xl.system.archives import DAMAGED
from betaneutral_xl.system.files import read_bytes
from betaneutral_xl.system.saving import save


def repair(workbook: Path) -> str:
    """Let a workbook's formulas use the add-in of this user; or let it start this Python.

    The latter is for macro workbooks of an earlier version, which name the Python of one machine. Nothing
    else in the file is changed. Return what was changed, in one line.

    Raises
    ------
    HostError
        If there is nothing to repair, or no add-in is installed.
    UnreadableFile
        If the file is no workbook.
    Unwritable
        If the file cannot be written to.

    """
    book, content = readable(workbook)
    if content.has_own_functions:
        return _start_this_python(workbook, book)
    return _connect(workbook, content)


def readable(workbook: Path) -> tuple[FileWorkbook, LinkedFile]:
    """Return a workbook file's cells, and its links.

    Raises
    ------
    UnreadableFile
        If the file is no workbook.

    """
    book = FileWorkbook(workbook)
    try:
        linked = LinkedFile(read_bytes(workbook))
        linked.functions()
    except (SyntaxError, *DAMAGED) as error:
        msg = (
            f"{workbook.name} has links that cannot be read ({type(error).__name__}). Save it anew in Excel."
        )
        raise UnreadableFile(msg) from None
    return book, linked


def _connect(workbook: Path, content: LinkedFile) -> str:
    """Take a workbook's functions from the add-in of this user."""
    add_in = addin.place()
    if not add_in.exists():
        msg = f"No add-in is installed for this user. Run: {user_files.install_command()}"
        raise HostError(msg)
    before = content.add_ins
    here = [PureWindowsPath(one) for one in before] == [PureWindowsPath(add_in)]
    if here and not content.unlinked():
        msg = (
            f"{workbook.name} takes its functions from the add-in of this user already. Nothing was changed."
        )
        raise HostError(msg)
    try:
        connected = content.connect(str(add_in))
    except HostError as reason:
        msg = f"{workbook.name} needs no repair: {reason}."
        raise HostError(msg) from None
    save(workbook, connected)
    return (
        f"{workbook.name} takes its functions from {add_in}; before, from {', '.join(before) or 'no add-in'}"
    )


def _start_this_python(workbook: Path, book: FileWorkbook) -> str:
    named = named_interpreter(book)
    if named is None:
        msg = (
            f"{workbook.name} names no Python: Excel takes the one of whoever opens it. "
            f"If its functions do not work, run: {user_files.install_command()}"
        )
        raise HostError(msg)
    number, before = named
    if before == sys.executable:
        msg = f"{workbook.name} starts this Python already. Nothing was changed."
        raise HostError(msg)
    content = changed(read_bytes(workbook), {Sheet.XLWINGS: {(number, 2): sys.executable}})
    save(workbook, content)
    return f"{workbook.name} starts {sys.executable}; before, {before or 'the first Python on PATH'}"


def named_interpreter(book: FileWorkbook) -> tuple[int, str] | None:
    """Return the row and the value of the Python in a workbook of an earlier version, if it has one."""
    about = cells.read(book.below(Sheet.XLWINGS, 1), Sheet.XLWINGS)
    for number, row in enumerate(about.rows, start=1):
        if row[0] == user_files.INTERPRETER:
            return number, str(row[1] or "")
    return None
