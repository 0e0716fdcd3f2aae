"""Installation, status and removal of the macro workbook."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl import __version__
from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.excel import excel_version, user_files
from betaneutral_xl.hosts.excel.macro_workbook import build_xlsm
from betaneutral_xl.hosts.files.workbook_file import FileWorkbook, changed
from betaneutral_xl.hosts.sheets import cells, records, template
from betaneutral_xl.hosts.sheets.layout import Sheet
from betaneutral_xl.hosts.sheets.template.hidden import XLWINGS_CONF
from betaneutral_xl.system.saving import make_folder, save

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Session

NAME = "betaneutral.xlsm"

RECORD = "excel-workbooks.json"
"""The record in the cache folder: the path of every installed workbook, and its fingerprint."""

RENEW = "rename it, run betaneutral-xl excel install, and copy your Settings into the new one"
"""How to replace a modified workbook."""


def install(session: Session, folder: Path) -> Path:
    """Build the workbook for this xlwings, write it to a folder, and let Excel find this Python.

    Raises
    ------
    HostError
        If the folder has such a workbook that was not installed, or was modified since; or if Excel
        could not start this Python.
    Unwritable
        If the folder, or that of ``user_files``, cannot be written to.

    """
    target = folder.resolve() / NAME
    record = session.settings.cache / RECORD
    written = records.read(record)
    if target.exists() and not records.is_as_written(target, written.get(str(target))):
        msg = (
            f"{target.name} in the folder {target.parent.name} has been changed since it was installed. "
            f"To keep your work, {RENEW}; or give another --folder."
        )
        raise HostError(msg)
    content = build_xlsm(session)
    if sys.platform == "win32":
        user_files.write(sys.executable)
    if sys.platform == "darwin":
        content = changed(content, {Sheet.XLWINGS: {_interpreter_cell(): sys.executable}})
    make_folder(target.parent)
    save(target, content)
    records.write(record, {**written, str(target): records.fingerprint(content)})
    return target


def _interpreter_cell() -> tuple[int, int]:
    """Return row and column of a Mac's Python on the sheet xlwings.conf."""
    return 1 + [key for key, _ in XLWINGS_CONF].index("INTERPRETER_MAC"), 2


class Removal(Enum):
    """The result for one installed workbook."""

    REMOVED = "Removed"
    MODIFIED = "Kept, because it has been changed since"
    LOCKED = "Kept, because another program has it open"


def uninstall(session: Session) -> dict[Path, Removal]:
    """Remove what ``install`` wrote, except modified and open workbooks.

    What is open stays on the record, so that it can be removed later.

    Raises
    ------
    HostError
        If nothing is installed.
    Unwritable
        If the record cannot be written.

    """
    record = session.settings.cache / RECORD
    written = records.read(record)
    if not written and not user_files.present():
        msg = "No workbook is installed. Nothing was removed."
        raise HostError(msg)
    results = {path: _remove(Path(path), sha256) for path, sha256 in written.items()}
    locked = {path: written[path] for path, result in results.items() if result is Removal.LOCKED}
    if user_files.present() and not locked:  # a workbook that stays open needs them
        results[str(user_files.folder())] = Removal.REMOVED if user_files.remove() else Removal.LOCKED
    if locked:
        records.write(record, locked)
    else:
        record.unlink(missing_ok=True)
    return {Path(path): result for path, result in results.items()}


def _remove(workbook: Path, sha256: str) -> Removal:
    try:
        if workbook.exists() and not records.is_as_written(workbook, sha256):
            return Removal.MODIFIED
        workbook.unlink(missing_ok=True)
    except PermissionError:  # Windows removes no file that a program has open
        return Removal.LOCKED
    return Removal.REMOVED


def findings(workbook: Path | None = None) -> list[tuple[str, bool, str]]:
    """Return the requirements of Excel: name, whether it is met, details or remedy.

    Parameters
    ----------
    workbook
        A workbook whose versions are also compared.

    """
    found = [("Python", True, f"{sys.version.split()[0]} at {sys.executable}")]
    try:
        import xlwings
    except ImportError:
        found.append(("xlwings", False, "pip install 'betaneutral-xl[excel]'"))
    else:
        found.append(("xlwings", True, xlwings.__version__))
        if sys.platform == "win32":
            found.append(user_files.finding(sys.executable, xlwings.__version__))
        if workbook is not None:
            found.append(_built_with(workbook, xlwings.__version__))
            found.extend(_belongs_to(workbook))
    found.append(_excel())
    return found


def _belongs_to(workbook: Path) -> list[tuple[str, bool, str]]:
    """Return a finding about a workbook that names the Python of one machine; none for others."""
    named = _named_interpreter(FileWorkbook(workbook))
    if named is None or not named[1] or named[1] == sys.executable:
        return []
    text = f"starts {named[1]}, not this Python. Run: betaneutral-xl excel repair {workbook.name}"
    return [(workbook.name, False, text)]


def _named_interpreter(book: FileWorkbook) -> tuple[int, str] | None:
    """Return the row and the value of the Python in a workbook of an earlier version, if it has one."""
    about = cells.read(book.below(Sheet.XLWINGS, 1), Sheet.XLWINGS)
    for number, row in enumerate(about.rows, start=1):
        if row[0] == user_files.INTERPRETER:
            return number, str(row[1] or "")
    return None


def repair(workbook: Path) -> str:
    """Let a workbook of an earlier version, which names the Python of one machine, start this one.

    Nothing else in the file is changed.

    Returns
    -------
    str
        What was changed, in one line.

    Raises
    ------
    HostError
        If there is nothing to repair, or the file is no workbook of this program.
    Unwritable
        If the file cannot be written to.

    """
    named = _named_interpreter(FileWorkbook(workbook))
    if named is None:
        msg = (
            f"{workbook.name} names no Python: Excel takes the one of whoever opens it. "
            f"If its functions do not work, run: {user_files.INSTALL}"
        )
        raise HostError(msg)
    number, before = named
    if before == sys.executable:
        msg = f"{workbook.name} starts this Python already. Nothing was changed."
        raise HostError(msg)
    content = changed(workbook.read_bytes(), {Sheet.XLWINGS: {(number, 2): sys.executable}})
    save(workbook, content)
    return f"{workbook.name} starts {sys.executable}; before, {before or 'the first Python on PATH'}"


def _built_with(workbook: Path, installed: str) -> tuple[str, bool, str]:
    about = cells.read(FileWorkbook(workbook).below(Sheet.XLWINGS, 1), Sheet.XLWINGS)
    different = template.differences(about, installed)
    if different:
        return workbook.name, False, f"{different}; {RENEW}"
    return workbook.name, True, f"built for betaneutral_xl {__version__} and xlwings {installed}"


def _excel() -> tuple[str, bool, str]:
    """Return the finding about Excel itself."""
    if sys.platform == "win32":
        return excel_version.finding()
    if sys.platform == "darwin":
        there = Path("/Applications/Microsoft Excel.app").exists()
        return (
            "Excel",
            there,
            "buttons only; worksheet functions need Windows. Run: xlwings runpython install",
        )
    return "Excel", False, "runs on Windows and macOS; use LibreOffice, or betaneutral-xl workbook run"
