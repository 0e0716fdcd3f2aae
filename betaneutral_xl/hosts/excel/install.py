"""Installation, status and removal of the macro workbook."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl import __version__
from betaneutral_xl.errors import HostError
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
    """Build the workbook for this Python and this xlwings, and write it to a folder.

    Raises
    ------
    HostError
        If the folder has such a workbook that was not installed, or was modified since.
    Unwritable
        If the folder cannot be written to.

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
    content = changed(build_xlsm(session), {Sheet.XLWINGS: {_interpreter_cell(): sys.executable}})
    make_folder(target.parent)
    save(target, content)
    records.write(record, {**written, str(target): records.fingerprint(content)})
    return target


def _interpreter_cell() -> tuple[int, int]:
    """Return row and column of this system's Python on the sheet xlwings.conf."""
    keys = [key for key, _ in XLWINGS_CONF]
    return 1 + keys.index("INTERPRETER_MAC" if sys.platform == "darwin" else "INTERPRETER_WIN"), 2


def uninstall(session: Session) -> dict[Path, bool]:
    """Remove the workbooks that ``install`` wrote, except modified ones.

    Returns
    -------
    dict
        By workbook, whether it is removed.

    Raises
    ------
    HostError
        If nothing is installed.

    """
    record = session.settings.cache / RECORD
    written = {Path(path): sha256 for path, sha256 in records.read(record).items()}
    if not written:
        msg = "No workbook is installed. Nothing was removed."
        raise HostError(msg)
    removable = {
        target: not target.exists() or records.is_as_written(target, sha256)
        for target, sha256 in written.items()
    }
    for target in (target for target, removed in removable.items() if removed):
        target.unlink(missing_ok=True)
    record.unlink(missing_ok=True)
    return removable


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
        if workbook is not None:
            found.append(_built_with(workbook, xlwings.__version__))
    found.append(_excel())
    return found


def _built_with(workbook: Path, installed: str) -> tuple[str, bool, str]:
    about = cells.read(FileWorkbook(workbook).below(Sheet.XLWINGS, 1), Sheet.XLWINGS)
    different = template.differences(about, installed)
    if different:
        return workbook.name, False, f"{different}; {RENEW}"
    return workbook.name, True, f"built for betaneutral_xl {__version__} and xlwings {installed}"


def _excel() -> tuple[str, bool, str]:
    """Return the finding about Excel itself."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CLASSES_ROOT, r"Excel.Application\CurVer") as key:
                return "Excel", True, str(winreg.QueryValue(key, None))
        except OSError:
            return "Excel", False, "is not installed for this user"
    if sys.platform == "darwin":
        there = Path("/Applications/Microsoft Excel.app").exists()
        return (
            "Excel",
            there,
            "buttons only; worksheet functions need Windows. Run: xlwings runpython install",
        )
    return "Excel", False, "runs on Windows and macOS; use LibreOffice, or betaneutral-xl workbook run"
