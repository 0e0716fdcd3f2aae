"""Installation and removal: the add-in with a template, or the macro workbook that carries everything."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.excel import addin, user_files
from betaneutral_xl.hosts.excel.macro_workbook import build_xlam, build_xlsm
from betaneutral_xl.hosts.files.addin_links import LinkedFile
from betaneutral_xl.hosts.files.workbook_file import changed
from betaneutral_xl.hosts.sheets import records, template
from betaneutral_xl.hosts.sheets.layout import Sheet
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.hosts.sheets.template.hidden import XLWINGS_CONF
from betaneutral_xl.system.saving import remove, save, unremovable

WORKBOOK, TEMPLATE = "betaneutral.xlsm", "betaneutral.xlsx"

RECORD = "excel-workbooks.json"
"""The record in the cache folder: the path of every installed workbook, and its fingerprint."""

RENEW = "rename it, run betaneutral-xl excel install --workbook, and copy your Settings into the new one"
"""How to replace a modified macro workbook."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What was installed."""

    workbook: Path
    is_kept: bool = False
    """Whether the user's own version of the template was there, and was left."""
    add_in: Path | None = None
    """The add-in; None if the workbook carries everything."""


def install(session: Session, folder: Path, *, with_add_in: bool) -> Installed:
    """Install for this Python and this xlwings.

    With the add-in the folder gets a template without macros, otherwise a macro workbook that carries
    everything.

    Raises
    ------
    HostError
        If Excel is open, could not start this Python, or does not take the add-in; or if the folder has
        a macro workbook that was not installed, or was modified since.
    Unwritable
        If a file cannot be written.

    """
    return _install_add_in(session, folder) if with_add_in else _install_workbook(session, folder)


def _install_add_in(session: Session, folder: Path) -> Installed:
    addin.require_closed("install")
    content = build_xlam()
    add_in = addin.place()
    sheets = LinkedFile(template.build(session)).connect(str(add_in))
    was_there = user_files.present()
    user_files.write(sys.executable)
    save(user_files.folder() / user_files.TEMPLATE, sheets)
    try:
        addin.install(content)
    except HostError:
        if not was_there:
            user_files.remove()
        raise
    target = folder.resolve() / TEMPLATE
    record = session.settings.cache / RECORD
    is_kept = records.is_changed(record, target)
    if not is_kept:  # a workbook of the user's own needs no new template: what changes is in the add-in
        records.write_on_record(record, target, sheets)
    return Installed(target, is_kept, add_in)


def _install_workbook(session: Session, folder: Path) -> Installed:
    target = folder.resolve() / WORKBOOK
    record = session.settings.cache / RECORD
    if records.is_changed(record, target):
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
    records.write_on_record(record, target, content)
    return Installed(target)


def _interpreter_cell() -> tuple[int, int]:
    """Return row and column of a Mac's Python on the sheet xlwings.conf."""
    return 1 + [key for key, _ in XLWINGS_CONF].index("INTERPRETER_MAC"), 2


class Removal(Enum):
    """The result for one installed file."""

    REMOVED = "Removed"
    MODIFIED = "Kept, because it has been changed since"
    LOCKED = "Kept, because another program has it open"


def uninstall(session: Session) -> dict[Path, Removal]:
    """Remove what ``install`` wrote, except modified and open workbooks.

    What is open stays on the record, so that it can be removed later.

    Raises
    ------
    HostError
        If nothing is installed, or Excel is open with the add-in.
    Unwritable
        If a file cannot be removed, or the record cannot be written.

    """
    record = session.settings.cache / RECORD
    written = records.read(record)
    removed = _remove_add_in()
    if not written and not removed and not user_files.present():
        msg = "Nothing is installed. Nothing was removed."
        raise HostError(msg)
    results = {path: _remove(Path(path), sha256) for path, sha256 in written.items()}
    locked = {path: written[path] for path, result in results.items() if result is Removal.LOCKED}
    still_open = bool(locked) or Removal.LOCKED in removed.values()
    if user_files.present() and not still_open:  # what stays open needs them
        results[str(user_files.folder())] = Removal.REMOVED if user_files.remove() else Removal.LOCKED
    if locked:
        records.write(record, locked)
    else:
        remove(record)
    return removed | {Path(path): result for path, result in results.items()}


def _remove_add_in() -> dict[Path, Removal]:
    try:
        removed = addin.uninstall()
    except PermissionError:
        return {addin.place(): Removal.LOCKED}
    except OSError as error:
        raise unremovable(addin.place(), error) from None
    return {} if removed is None else {removed: Removal.REMOVED}


def _remove(workbook: Path, sha256: str) -> Removal:
    try:
        if workbook.exists() and not records.is_as_written(workbook, sha256):
            return Removal.MODIFIED
        workbook.unlink(missing_ok=True)
        if (
            workbook.parent == records.default_folder().resolve()
        ):  # any other folder may have been there before
            with contextlib.suppress(OSError):  # it is not empty
                workbook.parent.rmdir()
    except PermissionError:  # Windows removes no file that a program has open
        return Removal.LOCKED
    except OSError as error:
        raise unremovable(workbook, error) from None
    return Removal.REMOVED
