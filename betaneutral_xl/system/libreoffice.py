"""Find LibreOffice's installations and user profile without starting any program."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from betaneutral_xl.errors import HostError

COMMANDS = ("soffice", "libreoffice")

ENDINGS = ("", ".exe")
"""Suffixes of soffice: on Linux and macOS, on Windows."""

INSTALL_PATH = r"SOFTWARE\LibreOffice\UNO\InstallPath"
"""Registry key of the program folder on Windows."""

SANDBOXES = {
    "snap": ("snap/libreoffice",),
    "flatpak": (
        "var/lib/flatpak/app/org.libreoffice.LibreOffice",
        "{home}/.local/share/flatpak/app/org.libreoffice.LibreOffice",
    ),
}
"""Sandboxing package formats, and where they install LibreOffice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An installation of LibreOffice, and the user profile it runs with."""

    soffice: Path
    """Path of its command."""
    version: tuple[int, int]
    """Major and minor version, such as ``(7, 4)`` or ``(25, 2)``."""
    default_profile: Path
    """The folder of the default user profile."""
    other_profile: Path | None = None
    """A profile to use in its place."""

    @property
    def profile(self) -> Path:
        """The folder of the profile in use."""
        return self.other_profile or self.default_profile

    @property
    def profile_arguments(self) -> tuple[str, ...]:
        """Command-line arguments that select the profile; none for the default one."""
        return (f"-env:UserInstallation={self.other_profile.as_uri()}",) if self.other_profile else ()

    @property
    def unopkg(self) -> Path | None:
        """Its extension installer, where it has one."""
        names = ("unopkg.com", "unopkg.exe", "unopkg")  # on Windows, .com is the one that waits and prints
        return next((self.soffice.with_name(name) for name in names if self._beside(name)), None)

    @property
    def runs_python(self) -> bool:
        """Whether it can run extensions written in Python."""
        return (_resources(self.soffice) / "pythonloader.py").exists()

    @property
    def pythons(self) -> tuple[Path, ...]:
        """Python interpreters that may have its module ``uno``, its own before the system's."""
        own = (_resources(self.soffice) / "python", *map(self.soffice.with_name, ("python.exe", "python")))
        found = [path for path in own if path.is_file()]
        system = Path("/usr/bin/python3")
        return (*found, system) if system.exists() else tuple(found)

    def with_profile(self, folder: Path | None) -> Office:
        """Return the installation with another profile; ``None`` selects the default one."""
        other = folder.absolute() if folder else None
        return replace(self, other_profile=None if other == self.default_profile else other)

    def _beside(self, name: str) -> bool:
        return self.soffice.with_name(name).is_file()

    def __str__(self) -> str:
        return f"LibreOffice {self.version[0]}.{self.version[1]}"


def command() -> Path | None:
    """Return the path of the LibreOffice command: the one on PATH, else the first installation's."""
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
    """Find the installations of LibreOffice: the one on PATH first, then by descending version.

    Sandboxed ones (snap, flatpak) are not among them; see ``sandboxed``. ``platform`` is the operating
    system, as ``sys.platform`` names it, and ``root`` the root of the file system.
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
    """Return the installation in a folder: its top folder, its program folder, or an .app.

    Raises ``HostError`` if there is none, or it is sandboxed.
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
    """Return the sandboxing package formats in which LibreOffice is installed: snap, flatpak."""
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
    """Return the folders that the Windows registry lists."""
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
    """Return the command of an installation, from any of the folders a user may name."""
    if folder.is_file():
        folder = folder.resolve().parent
    places = (folder, folder / "program", folder / "Contents" / "MacOS")
    names = [place / f"soffice{ending}" for place in places for ending in ENDINGS]
    return next((name.resolve() for name in names if name.is_file()), None)


def _resources(soffice: Path) -> Path:
    """Return the folder of the non-executable files: a separate one on macOS."""
    beside = soffice.parent.parent / "Resources"
    return beside if soffice.parent.name == "MacOS" and beside.is_dir() else soffice.parent


def _office(soffice: Path, platform: str, environ: Mapping[str, str], home: Path | None) -> Office | None:
    """Read an installation's own description; None if it is not one."""
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
    profile = profile.replace(
        "$ORIGIN", soffice.parent.as_posix()
    )  # a portable installation has its own profile
    return Office(
        soffice=soffice,
        version=(int(numbers[1]), int(numbers[2])),
        default_profile=Path(os.path.normpath(profile)),
    )


def _configuration_folder(platform: str, environ: Mapping[str, str], home: Path) -> Path:
    if platform == "win32":
        return Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
    if platform == "darwin":
        return home / "Library" / "Application Support"
    folder = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return folder if folder.is_dir() else home / ".config"  # as LibreOffice does
