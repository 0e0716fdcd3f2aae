"""Putting the macro workbook where the analyst opens it, and taking it away again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl import __version__
from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts import cells, records, template
from betaneutral_xl.hosts.excel.project import build_xlsm
from betaneutral_xl.hosts.files import FileWorkbook, changed
from betaneutral_xl.hosts.layout import Sheet
from betaneutral_xl.hosts.template.hidden import XLWINGS_CONF
from betaneutral_xl.saving import save

if TYPE_CHECKING:
    from betaneutral_xl.hosts.session import Session

NAME = "betaneutral.xlsm"

RECORD = "excel-install.json"
"""What was put where, in the cache folder: so that nothing else is ever removed."""


def install(session: Session, folder: Path) -> Path:
    """Build the workbook for this Python and this xlwings, and put it into a folder.

    Raises
    ------
    HostError
        If a workbook is there that was not put there, or has been changed since.
    Unwritable
        If the folder cannot be written to.

    """
    target = folder / NAME
    record = session.settings.cache / RECORD
    if target.exists() and not records.is_as_written(target, records.read(record)):
        msg = (
            f"{target.name} in the folder {folder.name} has been changed. Move it, or give another --folder."
        )
        raise HostError(msg)
    content = changed(build_xlsm(session), {Sheet.XLWINGS: {_interpreter_cell(): sys.executable}})
    folder.mkdir(parents=True, exist_ok=True)
    save(target, content)
    records.write(record, {"path": str(target), "sha256": records.fingerprint(content)})
    return target


def _interpreter_cell() -> tuple[int, int]:
    """Return the row and column of the sheet xlwings.conf that name this system's Python."""
    keys = [key for key, _ in XLWINGS_CONF]
    return 1 + keys.index("INTERPRETER_MAC" if sys.platform == "darwin" else "INTERPRETER_WIN"), 2


def uninstall(session: Session) -> tuple[Path, bool]:
    """Remove the workbook that ``install`` wrote, unless it has been worked with since.

    Returns
    -------
    tuple
        The workbook, and whether it is gone.

    Raises
    ------
    HostError
        If nothing is installed.

    """
    record = records.read(session.settings.cache / RECORD)
    if "path" not in record:
        msg = "No workbook is installed. Nothing was removed."
        raise HostError(msg)
    target = Path(record["path"])
    removed = not target.exists() or records.is_as_written(target, record)
    if removed:
        target.unlink(missing_ok=True)
    (session.settings.cache / RECORD).unlink(missing_ok=True)
    return target, removed


def findings(workbook: Path | None = None) -> list[tuple[str, bool, str]]:
    """Return what Excel needs and whether it is there: name, found, what to do.

    Parameters
    ----------
    workbook
        A workbook whose versions are to be compared too.

    """
    found = [("Python", True, f"{sys.version.split()[0]} at {sys.executable}")]
    try:
        import xlwings  # noqa: PLC0415 - a second to import
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
    apart = template.differences(about, installed)
    if apart:
        return workbook.name, False, f"{apart}; run betaneutral-xl excel install again"
    return workbook.name, True, f"built for betaneutral_xl {__version__} and xlwings {installed}"


def _excel() -> tuple[str, bool, str]:
    """Look for Excel itself."""
    if sys.platform == "win32":
        import winreg  # noqa: PLC0415 - Windows only

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
