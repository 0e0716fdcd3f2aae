r"""The installation for people without Python: an unpacked zip that brings its own.

``tools/build_installer.py`` builds the zip. Its ``Install.cmd`` runs this module with the zip's own Python:
that Python is copied into the user's folder of programs, and installs the add-in from there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from betaneutral_xl import __version__
from betaneutral_xl.errors import BetaNeutralError, Unwritable
from betaneutral_xl.hosts.excel import addin, registry
from betaneutral_xl.system.saving import make_folder

APPS = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\BetaNeutral"
"""The key by which Windows lists the program under Settings, Apps."""

PYTHON = "python"
"""The folder with the Python, in the zip and in the user's folder of programs."""

UNINSTALL = "Uninstall.cmd"


def default_target() -> Path:
    r"""Return the user's folder of programs for it, below ``%LOCALAPPDATA%``."""
    return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "Programs" / "Beta Neutral"


def install(target: Path, source: Path) -> int:
    """Copy the Python to its place, and let it install the add-in.

    A Python that is there is replaced when the new one is complete, and stays if that fails.

    Parameters
    ----------
    target
        Folder for the program.
    source
        The unpacked zip.

    Returns
    -------
    int
        The exit code of the installation of the add-in.

    Raises
    ------
    HostError
        If Excel is open.
    Unwritable
        If the folder cannot be written.

    """
    addin.require_closed("install")
    make_folder(target)
    _replace(target / PYTHON, source / PYTHON)
    shutil.copyfile(source / UNINSTALL, target / UNINSTALL)
    entry = {
        "DisplayName": "Beta Neutral for Excel",
        "DisplayVersion": __version__,
        "InstallLocation": str(target),
        "UninstallString": f'"{target / UNINSTALL}"',
    }
    registry.change(APPS, {**entry})
    return _excel(target, "install")


def uninstall(target: Path) -> int:
    """Remove the add-in and the entry among Windows' apps; ``Uninstall.cmd`` removes the folder."""
    addin.require_closed("uninstall")
    code = _excel(target, "uninstall")
    registry.change(APPS, dict.fromkeys(registry.values("HKEY_CURRENT_USER", APPS)))
    return code


def _replace(place: Path, new: Path) -> None:
    """Copy a folder to a place, in one step as far as others see it."""
    fresh, old = place.with_name(f"{place.name}.new"), place.with_name(f"{place.name}.old")
    try:
        for rest in (fresh, old):
            if rest.exists():
                shutil.rmtree(rest)
        shutil.copytree(new, fresh, copy_function=shutil.copyfile)  # contents alone
        if place.exists():
            place.rename(old)
        fresh.rename(place)
    except OSError as error:
        if old.exists() and not place.exists():
            old.rename(place)
        msg = f"Cannot write {place}: {error.strerror or type(error).__name__}. Close Excel, and try again."
        raise Unwritable(msg) from None
    shutil.rmtree(old, ignore_errors=True)


def _excel(target: Path, action: str) -> int:
    """Run a command of the program with the Python in its place."""
    command = [str(target / PYTHON / "python.exe"), "-m", "betaneutral_xl", "excel", action]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own


def main(arguments: list[str]) -> int:
    """Run ``install ZIP_FOLDER [TARGET]`` or ``uninstall TARGET``; print errors as one line."""
    try:
        match arguments:
            case ["install", source]:
                return install(default_target(), Path(source))
            case ["install", source, target]:
                return install(Path(target), Path(source))
            case ["uninstall", target]:
                return uninstall(Path(target))
    except BetaNeutralError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line
        return 1
    print("usage: install ZIP_FOLDER [TARGET] | uninstall TARGET", file=sys.stderr)  # noqa: T201 - likewise
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
