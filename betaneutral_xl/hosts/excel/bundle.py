r"""The installation for people without Python: an unpacked zip that brings its own.

``tools/build_installer.py`` builds the zip. Its ``Install.cmd`` runs this module with the zip's own Python:
that Python is copied into the user's folder of programs, and installs the add-in from there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path, PureWindowsPath

from betaneutral_xl import __version__
from betaneutral_xl.errors import BetaNeutralError, HostError, Unwritable
from betaneutral_xl.hosts.excel import addin, install, registry, user_files, user_path
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.saving import make_folder, save
from betaneutral_xl.system.settings import default_cache

APPS = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\BetaNeutral"
"""The key by which Windows lists the program under Settings, Apps."""

PYTHON = "python"
"""The folder with the Python, in the zip and in the user's folder of programs."""

UNINSTALL = "Uninstall.cmd"

COMMAND_CMD = r"""@"%~dp0python\python.exe" -m betaneutral_xl %*
"""
"""``betaneutral-xl``, as it is typed in a terminal."""

UNINSTALL_CMD = rf"""@echo off
rem Removes Beta Neutral for Excel. Of this folder, only what was installed into it.
setlocal
set "HERE=%~dp0"
set "HERE=%HERE:~0,-1%"
"%HERE%\python\python.exe" -m betaneutral_xl.hosts.excel.bundle uninstall "%HERE%"
set "CODE=%ERRORLEVEL%"
if not defined BETANEUTRAL_UNATTENDED pause
if not "%CODE%"=="0" exit /b %CODE%
cd /d "%TEMP%"
rmdir /s /q "%HERE%\python"
rem One line, which is read before its own file goes; exit, since there is no next line to read then.
del "%HERE%\{user_files.PROGRAM}" & del "%HERE%\{UNINSTALL}" & rmdir "%HERE%" 2>nul & exit 0
"""


def default_target() -> Path:
    r"""Return the user's folder of programs for it, below ``%LOCALAPPDATA%``."""
    return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "Programs" / "Beta Neutral"


def install_program(target: Path, source: Path) -> int:
    """Copy the Python to its place, and let it install the add-in.

    A Python that is there is replaced when the new one is complete, and stays if that fails. ``source`` is
    the unpacked zip. Return the exit code of the installation of the add-in.

    Raises
    ------
    HostError
        If Excel is open, could not start a Python in this folder, or the folder has another Python.
    Unwritable
        If the folder cannot be written.

    """
    addin.require_closed("install")
    user_files.require_code_page(str(target))
    _require_ours(target, source)
    make_folder(target)
    for name, text in ((user_files.PROGRAM, COMMAND_CMD), (UNINSTALL, UNINSTALL_CMD)):
        save(target / name, text.replace("\n", "\r\n").encode("ascii"))
    _replace(target / PYTHON, source / PYTHON)
    entry = {
        "DisplayName": "Beta Neutral for Excel",
        "DisplayVersion": __version__,
        "InstallLocation": str(target),
        "UninstallString": f'"{target / UNINSTALL}"',
    }
    registry.change(APPS, {**entry})
    user_path.add(target)
    command = [str(target / PYTHON / "python.exe"), "-m", "betaneutral_xl", "excel", "install"]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own


def _require_ours(target: Path, source: Path) -> None:
    """Raise ``HostError`` where what is replaced and removed later would be something else."""
    if target.resolve() == source.resolve():
        msg = f"{target} is the unpacked zip itself. Choose another folder, or none."
    elif (target / PYTHON).exists() and not (target / UNINSTALL).exists():
        msg = f"{target} has a folder {PYTHON} of something else. Choose another folder, or none."
    else:
        return
    raise HostError(msg)


def uninstall_program(target: Path) -> int:
    """Remove the add-in, what was cached, and what Windows knows of the program.

    ``Uninstall.cmd`` removes the program's files after it.

    Raises
    ------
    HostError
        If Excel is open, or starts this Python.
    Unwritable
        If a program has a file open.

    """
    addin.require_closed("uninstall")
    python = user_files.interpreter()
    if python is not None and PureWindowsPath(python).is_relative_to(target):  # another's stays
        results = install.uninstall(Session())
        locked = next((path for path, one in results.items() if one is install.Removal.LOCKED), None)
        if locked is not None:
            msg = f"{locked} could not be removed. Close Excel, then uninstall again."
            raise Unwritable(msg)
    _clear_cache(default_cache())  # one that the user has named stays
    user_path.remove(target)
    registry.remove(APPS)
    return 0


def _clear_cache(folder: Path) -> None:
    """Remove what is cached; the folder too, unless another installation has its record there."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix != ".json":  # records of what is installed
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it is not empty
        folder.rmdir()
        folder.parent.rmdir()


def _replace(place: Path, new: Path) -> None:
    """Copy a folder to a place, in one step as far as others see it."""
    fresh, old = place.with_name(f"{place.name}.new"), place.with_name(f"{place.name}.old")
    try:
        for rest in (fresh, old):
            if rest.exists():
                shutil.rmtree(rest)
        shutil.copytree(new, fresh, copy_function=shutil.copyfile)  # contents alone: no Mark of the Web
        if place.exists():
            place.rename(old)
        fresh.rename(place)
    except OSError as error:
        if old.exists() and not place.exists():
            old.rename(place)
        msg = f"Cannot write {place}: {error.strerror or type(error).__name__}. Close Excel, and try again."
        raise Unwritable(msg) from None
    shutil.rmtree(old, ignore_errors=True)


def main(arguments: list[str]) -> int:
    """Run ``install ZIP_FOLDER [TARGET]`` or ``uninstall TARGET``; print errors as one line."""
    try:
        match arguments:
            case ["install", source]:
                return install_program(default_target(), Path(source))
            case ["install", source, target]:
                return install_program(Path(target), Path(source))
            case ["uninstall", target]:
                return uninstall_program(Path(target).resolve())
    except BetaNeutralError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line
        return 1
    print("usage: install ZIP_FOLDER [TARGET] | uninstall TARGET", file=sys.stderr)  # noqa: T201 - likewise
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
