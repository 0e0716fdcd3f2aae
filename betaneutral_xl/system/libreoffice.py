"""Where LibreOffice is installed, and where it keeps its user's profile; nothing is started to find out."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COMMANDS = ("soffice", "libreoffice")

ENDINGS = ("", ".exe")
"""Of soffice: on Linux and macOS, on Windows."""

INSTALL_PATH = r"SOFTWARE\LibreOffice\UNO\InstallPath"
"""The registry's key of the folder of its programs, on Windows."""

SANDBOXES = {
    "snap": ("snap/libreoffice",),
    "flatpak": (
        "var/lib/flatpak/app/org.libreoffice.LibreOffice",
        "{home}/.local/share/flatpak/app/org.libreoffice.LibreOffice",
    ),
}
"""Ways of packaging that shut LibreOffice in, and where their LibreOffice stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One installation of LibreOffice, and the profile it is used with.

    Attributes
    ----------
    soffice
        Its command.
    version
        Its first two numbers, such as ``(7, 4)`` or ``(25, 2)``.
    usual_profile
        The folder of the user's profile, unless it is told to use another.
    other_profile
        The other one that it is told to use.

    """

    soffice: Path
    version: tuple[int, int]
    usual_profile: Path
    other_profile: Path | None = None

    @property
    def profile(self) -> Path:
        """The folder of the profile it is used with."""
        return self.other_profile or self.usual_profile

    @property
    def profile_arguments(self) -> tuple[str, ...]:
        """What its programs must be told about the profile."""
        return (f"-env:UserInstallation={self.other_profile.as_uri()}",) if self.other_profile else ()

    @property
    def unopkg(self) -> Path | None:
        """Its own installer of extensions, where it has one."""
        names = ("unopkg.com", "unopkg.exe", "unopkg")  # on Windows, .com is the one that waits and prints
        return next((self.soffice.with_name(name) for name in names if self._beside(name)), None)

    @property
    def runs_python(self) -> bool:
        """Whether it can run extensions that are written in Python."""
        return (_resources(self.soffice) / "pythonloader.py").exists()

    @property
    def pythons(self) -> tuple[Path, ...]:
        """The Pythons that may have its module ``uno``, its own before the system's."""
        own = (_resources(self.soffice) / "python", *map(self.soffice.with_name, ("python.exe", "python")))
        found = [path for path in own if path.is_file()]
        system = Path("/usr/bin/python3")
        return (*found, system) if system.exists() else tuple(found)

    def with_profile(self, folder: Path | None) -> Office:
        """Return it as used with another profile; none is the usual one."""
        other = folder.absolute() if folder else None
        return replace(self, other_profile=None if other == self.usual_profile else other)

    def _beside(self, name: str) -> bool:
        return self.soffice.with_name(name).is_file()

    def __str__(self) -> str:
        """Name it as in a sentence."""
        return f"LibreOffice {self.version[0]}.{self.version[1]}"


def command() -> Path | None:
    """Return the command that starts LibreOffice: the one on the path, or else that of an installation."""
    on_path = next(filter(None, map(shutil.which, COMMANDS)), None)
    if on_path is not None:
        return Path(on_path)
    offices = find()
    return offices[0].soffice if offices else None


def find(
    *,
    platform: str = sys.platform,
    environ: Mapping[str, str] = os.environ,
    home: Path | None = None,
    root: Path = Path("/"),
) -> tuple[Office, ...]:
    """Return the installations of LibreOffice: that on the path first, then the newest first.

    What a sandbox shuts in (a snap, a flatpak) is not among them; see ``sandboxed``.

    Parameters
    ----------
    platform
        The operating system, as Python names it.
    environ
        Its environment.
    home
        The user's home; by default this user's.
    root
        Where the file system starts.

    """
    on_path = _on_path(environ)
    preferred = _office(on_path, platform, environ, home) if on_path else None
    usual = [
        office
        for folder in _usual_folders(platform, environ, home or Path.home(), root)
        if (soffice := _soffice(folder)) and (office := _office(soffice, platform, environ, home))
    ]
    usual.sort(key=lambda office: office.version, reverse=True)
    return tuple(dict.fromkeys(([preferred] if preferred else []) + usual))


def at(
    folder: Path,
    *,
    platform: str = sys.platform,
    environ: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> Office:
    """Return the installation in a folder: its own, that of its programs, or an .app.

    Raises
    ------
    HostError
        If there is none, or it is one that a sandbox shuts in.

    """
    soffice = _soffice(folder)
    office = _office(soffice, platform, environ, home) if soffice else None
    if office is None:
        msg = (
            f"No LibreOffice is in the folder {folder.name or folder}. Give the one that has program/soffice."
        )
        raise HostError(msg)
    return office


def sandboxed(*, home: Path | None = None, root: Path = Path("/")) -> tuple[str, ...]:
    """Return the ways of packaging by which LibreOffice is here but shut in: snap, flatpak."""
    texts = {"home": (home or Path.home()).as_posix()}
    return tuple(
        name
        for name, places in SANDBOXES.items()
        if any((root / place.format_map(texts)).exists() for place in places)
    )


def _on_path(environ: Mapping[str, str]) -> Path | None:
    found = (shutil.which(name, path=environ.get("PATH", "")) for name in COMMANDS)
    return next((Path(one).resolve() for one in found if one), None)


def _usual_folders(platform: str, environ: Mapping[str, str], home: Path, root: Path) -> Iterator[Path]:
    if platform == "win32":
        yield from _registered()
        for name in ("ProgramFiles", "ProgramW6432", "ProgramFiles(x86)"):
            if environ.get(name):
                yield from sorted(Path(environ[name]).glob("LibreOffice*"))
    elif platform == "darwin":
        for applications in (root / "Applications", home / "Applications"):
            yield from sorted(applications.glob("LibreOffice*.app"))
    else:
        for folder in ("usr/lib", "usr/lib64", "usr/local/lib", "opt"):
            yield from sorted((root / folder).glob("libreoffice*"))


def _registered() -> list[Path]:
    """Return the folders that installers on Windows have written down."""
    found: list[Path] = []
    if sys.platform == "win32":
        import winreg

        for hive in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
            for view in (winreg.KEY_WOW64_64KEY, winreg.KEY_WOW64_32KEY):
                try:
                    with winreg.OpenKey(hive, INSTALL_PATH, 0, winreg.KEY_READ | view) as key:
                        found.append(Path(winreg.QueryValue(key, None)))
                except OSError:
                    continue
    return found


def _soffice(folder: Path) -> Path | None:
    """Return the command of an installation, from any of the folders that people call its own."""
    if folder.is_file():
        folder = folder.resolve().parent
    places = (folder, folder / "program", folder / "Contents" / "MacOS")
    names = [place / f"soffice{ending}" for place in places for ending in ENDINGS]
    return next((name.resolve() for name in names if name.is_file()), None)


def _resources(soffice: Path) -> Path:
    """Return the folder of what is no program: on macOS one of its own."""
    beside = soffice.parent.parent / "Resources"
    return beside if soffice.parent.name == "MacOS" and beside.is_dir() else soffice.parent


def _office(soffice: Path, platform: str, environ: Mapping[str, str], home: Path | None) -> Office | None:
    """Read what an installation says of itself; nothing if it is none."""
    if {"snap", "flatpak"} & set(soffice.parts):
        return None
    texts = configparser.ConfigParser(interpolation=None, strict=False)
    names = [_resources(soffice) / name for name in ("bootstraprc", "bootstrap.ini")]
    try:
        texts.read(names, encoding="utf-8")
        product = texts["Bootstrap"]["ProductKey"]
        profile = texts["Bootstrap"]["UserInstallation"]
    except (KeyError, configparser.Error, UnicodeDecodeError):
        return None
    numbers = re.search(r"(\d+)\.(\d+)", product)
    if numbers is None:
        return None
    configuration = _configuration_folder(platform, environ, home or Path.home())
    profile = profile.replace("$SYSUSERCONFIG", configuration.as_posix())
    profile = profile.replace("$ORIGIN", soffice.parent.as_posix())  # a portable one carries its profile
    return Office(
        soffice=soffice,
        version=(int(numbers[1]), int(numbers[2])),
        usual_profile=Path(os.path.normpath(profile)),
    )


def _configuration_folder(platform: str, environ: Mapping[str, str], home: Path) -> Path:
    if platform == "win32":
        return Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
    if platform == "darwin":
        return home / "Library" / "Application Support"
    chosen = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return chosen if chosen.is_dir() else home / ".config"  # as LibreOffice does
