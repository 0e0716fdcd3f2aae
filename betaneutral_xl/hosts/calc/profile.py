"""A user profile of LibreOffice, read from its files: its locks and its extensions.

Reading the files is fast, starts no process, and works while LibreOffice is open.
"""

from __future__ import annotations

import configparser
import json
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from betaneutral_xl.hosts.calc.extension import PACKAGE
from betaneutral_xl.hosts.calc.processes import open_offices
from betaneutral_xl.system import optional
from betaneutral_xl.system.files import listed, read_bytes
from betaneutral_xl.system.saving import remove

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from betaneutral_xl.system.libreoffice import Office

PACKAGES = Path("user", "uno_packages", "cache")
"""The folder of the user's extensions within the profile."""

DATABASE = Path("registry", "com.sun.star.comp.deployment.bundle.PackageRegistryBackend", "backenddb.xml")
"""The database within it of installed and disabled extensions."""

SETTINGS = Path("pythonpath", PACKAGE, "extension.json")
"""The file of this package's extension that names the worker's Python."""

_PROFILE_OPTION = "-env:UserInstallation="


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed extension."""

    version: str
    enabled: bool
    python: Path | None
    """The worker's interpreter; None if the extension names none."""
    for_all_users: bool = False
    """Whether an administrator has installed it for all users."""


def installed(profile: Path, identifier: str) -> Installed | None:
    """Return the user's extension with an identifier; None if it is not installed."""
    for folder, enabled in _registered(profile):
        found, version = _description(folder)
        if found == identifier:
            return Installed(version, enabled, _python(folder))
    return None


def installed_for_all_users(program: Path, identifier: str) -> Installed | None:
    """Return the extension of all users of the LibreOffice in a program folder; None if there is none."""
    base = program.parent
    for share in (base / "share", base / "Resources"):
        for folder in (*share.glob("uno_packages/cache/uno_packages/*/*"), *share.glob("extensions/*")):
            found, version = _description(folder)
            if found == identifier:
                return Installed(version, enabled=True, python=_python(folder), for_all_users=True)
    return None


def sweep(profile: Path, identifier: str) -> None:
    """Delete the files of a removed extension, which LibreOffice keeps until its next start.

    Raises
    ------
    UnreadableFile
        If the profile cannot be read.
    Unwritable
        If a file cannot be deleted.

    """
    kept = {folder for folder, _ in _registered(profile)}
    for place in (PACKAGES / "uno_packages", Path("user", "extensions", "tmp", "extensions")):
        for parent in filter(Path.is_dir, listed(profile / place)):
            for folder in listed(parent):
                if folder not in kept and _description(folder)[0] == identifier:
                    remove(parent)


def holder(office: Office) -> str | None:
    """Return which LibreOffice has a profile open, in words; None if none has.

    LibreOffice keeps a file ``.lock`` while it is open, and leaves it behind after a crash.
    """
    lock = office.profile / ".lock"
    if not lock.exists():
        return None
    host = _host(lock)
    if host and host.partition(".")[0].lower() != socket.gethostname().partition(".")[0].lower():
        return f"LibreOffice on the computer {host}"
    if optional.find("psutil") is None:
        return f"LibreOffice, or one that crashed (without psutil that cannot be known; then delete {lock})"
    return "LibreOffice" if any(_uses(line, office) for line in open_offices()) else None


def clear_stale_lock(office: Office) -> None:
    """Delete the profile's lock after a crash of LibreOffice: an installer would refuse to run."""
    if holder(office) is None:
        remove(office.profile / ".lock")


def clear_stale_document_lock(document: Path, office: Office) -> None:
    """Delete a document's lock after a crash of LibreOffice: Calc would show a prompt.

    The lock names the profile that opened the document. The document is known to be closed only if
    that is this profile, and the profile is not open.
    """
    lock = document.with_name(f".~lock.{document.name}#")
    try:
        owner = lock.read_text(encoding="utf-8").strip().rstrip(";").rpartition(",")[2]
    except (OSError, UnicodeDecodeError):
        return
    if _path(owner) == office.profile and holder(office) is None:
        remove(lock)


def _registered(profile: Path) -> list[tuple[Path, bool]]:
    """Return the folders of the user's extensions, and whether each is enabled."""
    cache = profile / PACKAGES
    root = _xml(cache / DATABASE)
    found = []
    for element in () if root is None else root:
        _, _, below = unquote(element.get("url", "")).partition("$UNO_USER_PACKAGES_CACHE/")
        if below:
            found.append((cache / below, element.get("revoked") != "true"))
    return found


def _description(folder: Path) -> tuple[str, str]:
    """Return identifier and version of an unpacked extension; empty if the folder is none."""
    root = _xml(folder / "description.xml")
    if root is None:
        return "", ""
    values = [root.find(f"{{*}}{name}") for name in ("identifier", "version")]
    identifier, version = ("" if one is None else one.get("value", "") for one in values)
    return identifier, version


def _xml(file: Path) -> Element | None:
    """Return the root of an XML file; None where there is no such file, or it is none.

    Raises
    ------
    UnreadableFile
        If it is there and cannot be read: what it names would be taken for missing.

    """
    from defusedxml.ElementTree import ParseError, fromstring

    if not file.is_file():
        return None
    try:
        root: Element = fromstring(read_bytes(file))
    except ParseError:
        return None
    return root


def _python(folder: Path) -> Path | None:
    try:
        return Path(json.loads((folder / SETTINGS).read_text(encoding="utf-8"))["python"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _host(lock: Path) -> str:
    texts = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        texts.read(lock, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return ""
    return texts.get("Lockdata", "Host", fallback="")


def _uses(line: str, office: Office) -> bool:
    """Return whether the LibreOffice of a command line may use an office's profile.

    Without a profile in the line it uses the default one; on Windows no line has a profile.
    """
    _, names, rest = line.partition(_PROFILE_OPTION)
    if names:
        return _path(rest.partition(" ")[0]) == office.profile
    return office.other_profile is None or sys.platform == "win32"


def _path(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None
