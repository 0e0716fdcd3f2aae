r"""The files by which Excel finds Python for one user: its path, and xlwings' DLLs.

They are in ``%USERPROFILE%\.betaneutral_xl``, where the Visual Basic of the workbook looks for them
(``vba.xlwings_module``), and not in the workbook: a workbook is shared, and its copy would name the
Python of somebody else. Not below ``AppData`` either: Windows redirects what a Python from the Microsoft
Store writes there, so that Excel does not see it. The DLLs are copied because pip puts them where Excel
does not look for them when it installs for one user.
"""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.sheets.findings import Finding, met, unmet
from betaneutral_xl.system.files import listed, read_bytes
from betaneutral_xl.system.saving import make_folder, save, unremovable

FOLDER = ".betaneutral_xl"
CONFIG = "betaneutral_xl.conf"
TEMPLATE = "template.xlsx"
"""The template that the button Insert template copies sheets from."""

INTERPRETER = "INTERPRETER_WIN"
"""The key that xlwings' Visual Basic reads."""

INSTALL = "py -m betaneutral_xl excel install"
"""The command that writes the files; the program's own folder is not on PATH in a default installation."""

FROM_ZIP = "Install.cmd"
"""The file of the zip that installs the program with a Python of its own (``bundle``)."""

PROGRAM = "betaneutral-xl.cmd"
"""The program beside a Python that came with it in a zip (``bundle``); there is no ``py`` then."""

CODE_PAGE = "mbcs" if sys.platform == "win32" else "cp1252"
"""The encoding in which Visual Basic reads a file and passes a path to a DLL."""

_LIBRARY = re.compile(r"xlwings(?:32|64)-[\d.]+\.dll")


def folder() -> Path:
    """Return the folder, below the user's profile as Visual Basic knows it."""
    return Path(os.environ.get("USERPROFILE") or Path.home()) / FOLDER


def install_command() -> str:
    """Return the command that writes the files, as the user of this Python types it."""
    if (Path(sys.executable).parent.parent / PROGRAM).is_file():
        return "betaneutral-xl excel install"
    return INSTALL


def libraries() -> list[Path]:
    """Return xlwings' DLLs as pip installed them; none on other systems than Windows."""
    try:
        installed = files("xlwings") or []
    except PackageNotFoundError:
        return []
    return [
        path
        for one in installed
        if _LIBRARY.fullmatch(one.name) and (path := Path(str(one.locate())).resolve()).exists()
    ]


def write(python: str) -> None:
    """Write the path of Python, and copy the DLLs.

    Raises
    ------
    HostError
        If xlwings has no DLLs here, or a path has letters outside the code page.
    Unwritable
        If the folder cannot be written to.

    """
    target = folder()
    for path in (python, str(target)):
        require_code_page(path)
    found = libraries()
    if not found:
        msg = (
            "xlwings is installed without its DLLs, which Excel needs. Install it anew: "
            "py -m pip install --force-reinstall --no-deps xlwings."
        )
        raise HostError(msg)
    make_folder(target)
    for library in found:
        content = read_bytes(library)
        copy = target / library.name
        if not copy.exists() or read_bytes(copy) != content:  # Excel may have it loaded
            save(copy, content)
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow((INTERPRETER, python))
    save(target / CONFIG, line.getvalue().encode(CODE_PAGE))


def require_code_page(path: str) -> None:
    """Raise ``HostError`` if a path has letters that xlwings' DLL cannot be given."""
    try:
        path.encode(CODE_PAGE)
    except UnicodeEncodeError:
        where = (
            "switch on: Settings, Time & language, Language & region, Administrative language settings, "
            "Change system locale, Use Unicode UTF-8"
        )
        other = (
            "" if path.startswith(str(folder())) else r"install into another folder, such as C:\Python, or "
        )
        msg = (
            f"Excel cannot start what is in {path}: the path has letters that this Windows has not in its "
            f"code page. Remedy: {other}{where}."
        )
        raise HostError(msg) from None


def interpreter() -> str | None:
    """Return the Python that Excel starts for this user; None if there is none."""
    try:
        text = (folder() / CONFIG).read_text(encoding=CODE_PAGE)
    except (OSError, UnicodeDecodeError):
        return None
    rows = (row for row in csv.reader(io.StringIO(text)) if len(row) == 2)  # noqa: PLR2004 - key and value
    return {key.upper(): value for key, value in rows}.get(INTERPRETER)


def finding(python: str, xlwings: str) -> Finding:
    """Return whether Excel would start this Python, with this version of xlwings."""
    name, named, run = "Excel's Python", interpreter(), f"Run: {install_command()}"
    if named is None:
        return unmet(name, f"Excel finds no Python for this user. {run}")
    if not Path(named).exists():
        return unmet(name, f"Excel would start {named}, which does not exist. {run}")
    if Path(named) != Path(python):
        text = f"Excel starts {named}, not this Python. To change that, run excel install with this one"
        return unmet(name, text)
    for library in (f"xlwings{bits}-{xlwings}.dll" for bits in (64, 32)):
        if not (folder() / library).exists():
            return unmet(name, f"{library} is not in {folder()}. {run}")
    return met(name, f"named in {folder() / CONFIG}")


def present() -> bool:
    """Return whether any of the files is there."""
    return bool(_ours())


def remove() -> bool:
    """Remove the files; return whether all are removed. A DLL that Excel has loaded stays.

    Raises
    ------
    Unwritable
        If one cannot be removed for another reason.

    """
    try:
        for path in _ours():
            path.unlink(missing_ok=True)
        if not any(folder().iterdir()):
            folder().rmdir()
    except PermissionError:
        return False
    except OSError as error:
        raise unremovable(folder(), error) from None
    return True


def _ours() -> list[Path]:
    return [
        path for path in listed(folder()) if path.name in {CONFIG, TEMPLATE} or _LIBRARY.fullmatch(path.name)
    ]
