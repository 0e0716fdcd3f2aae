"""Installation of the add-in for one user, and its removal."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.office import certificate, server, template
from betaneutral_xl.hosts.office.manifest import manifest
from betaneutral_xl.hosts.office.place import PORT, Place
from betaneutral_xl.hosts.sheets import records
from betaneutral_xl.system.saving import save

if TYPE_CHECKING:
    from collections.abc import Callable

    from betaneutral_xl.hosts.office.systems.system import System
    from betaneutral_xl.hosts.sheets.session import Session

WORKBOOK = "betaneutral-office.xlsx"

RECORD = "office-workbooks.json"
"""The record in the cache folder: the path of every installed workbook, and its fingerprint."""

PORTS_TRIED = 20
"""Ports that are tried from the usual one on."""

MANIFEST = "manifest.xml"


def serve_command() -> list[str]:
    """Return the command of the server, without a window on Windows."""
    python = Path(sys.executable)
    windowless = python.with_name("pythonw.exe")
    shown = windowless if sys.platform == "win32" and windowless.exists() else python
    return [str(shown), "-m", "betaneutral_xl", "office", "serve"]


def install(
    system: System,
    session: Session,
    folder: Path,
    say: Callable[[str], None],
    *,
    port: int | None = None,
    at_login: bool = True,
) -> Place:
    """Make and trust the certificate, register the manifest, write the template, start the server.

    What is there already and fits is kept: the secret, so that Excel's copy of the manifest stays valid;
    a certificate that is not due.

    Parameters
    ----------
    system
        The operating system.
    session
        Has the folder of the record, and computes the template's values.
    folder
        The folder of the template.
    say
        Shows a progress text.
    port
        The server's port; by default the one before, or the first that is free.
    at_login
        Whether the server is started when the user logs in.

    Raises
    ------
    HostError
        If a package is missing, this Python is one whose files Excel does not see, or the port is in use.
    Unwritable
        If a file cannot be written.

    """
    server.require_packages()
    _require_visible_files()
    before = _installed(system)
    if before is not None:
        server.end(before)
    place = Place.make(system.folder, _free_port(port, before))
    say("Making the certificate; your system may ask whether to trust it ...")
    _certify(system, place)
    say("Writing the manifest ...")
    save(place.folder / MANIFEST, manifest(place.base), private=True)
    system.register(place.folder / MANIFEST)
    say("Building the template ...")
    write_template(session, folder)
    say("Starting the server ...")
    if at_login:
        system.start_at_login(serve_command())
    else:
        system.not_at_login()
    start(place)
    return place


def _require_visible_files() -> None:
    if "WindowsApps" in Path(sys.executable).parts:
        msg = (
            "This Python is from the Microsoft Store, and Windows hides from Excel what it writes. "
            "Install Python from python.org, and betaneutral-xl with it."
        )
        raise HostError(msg)


def _installed(system: System) -> Place | None:
    try:
        return Place.read(system.folder)
    except HostError:
        return None


def _free_port(port: int | None, before: Place | None) -> int:
    """Return the port that is asked for, else that of before, else the first free one."""
    if port is not None:
        if not server.is_free(port):
            raise HostError(server.port_is_taken(port))
        return port
    usual = before.port if before else PORT
    free = (one for one in range(usual, usual + PORTS_TRIED) if server.is_free(one))
    found = next(free, None)
    if found is None:
        raise HostError(server.port_is_taken(usual))
    return found


def _certify(system: System, place: Place) -> None:
    """Make a certificate where there is none or it is due, and trust it if it is not trusted."""
    known = certificate.read(place.certificate)
    if known is None or known.is_due(datetime.now(UTC)) or not place.key.is_file():
        if known is not None:
            system.distrust(place.certificate, known.sha1)
        known = certificate.make(place.certificate, place.key)
    if not system.trusted(place.certificate, known.sha1):
        system.trust(place.certificate, known.sha1)


def write_template(session: Session, folder: Path) -> Path:
    """Write the template to a folder, unless there is one that was changed since; return its path."""
    target = folder.resolve() / WORKBOOK
    record = session.settings.cache / RECORD
    if target.exists() and not records.is_as_written(target, records.read(record).get(str(target))):
        return target
    records.write_on_record(record, target, template.build(session))
    return target


START_SECONDS = 20.0
"""Time that the server has to start."""


def start(place: Place) -> bool:
    """Start the server as a process of its own, if none answers; return whether one answers then."""
    import time

    if server.running(place) is not None:
        return True
    detached = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    process = subprocess.Popen(  # noqa: S603 - this package
        serve_command(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=detached,
        start_new_session=sys.platform != "win32",
    )
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if server.running(place) is not None:
            process.returncode = 0  # it goes on without this one
            return True
        time.sleep(0.1)
    return server.running(place) is not None


# ---------------------------------------------------------------- removal


@dataclass(frozen=True, slots=True)
class Removed:
    """What an uninstallation did: files that were kept because they were changed."""

    kept: tuple[Path, ...]


def uninstall(system: System, session: Session) -> Removed:
    """End the server, and take back all that ``install`` did; a changed workbook is kept.

    Raises
    ------
    HostError
        If nothing is installed.

    """
    record = session.settings.cache / RECORD
    written = records.read(record)
    if not system.folder.is_dir() and not written:
        msg = "The add-in is not installed. Nothing was removed."
        raise HostError(msg)
    system.not_at_login()
    place = _installed(system)
    if place is not None:
        server.end(place)
        known = certificate.read(place.certificate)
        if known is not None:
            system.distrust(place.certificate, known.sha1)
    system.unregister()
    shutil.rmtree(system.folder, ignore_errors=True)
    _remove_empty(system.folder.parent)
    kept = [Path(path) for path, sha256 in written.items() if not _removed(Path(path), sha256)]
    record.unlink(missing_ok=True)
    return Removed(tuple(kept))


def _removed(workbook: Path, sha256: str) -> bool:
    """Remove a workbook that was not changed; return whether it is away."""
    if not workbook.exists():
        return True
    if not records.is_as_written(workbook, sha256):
        return False
    try:
        workbook.unlink()
    except PermissionError:  # Windows removes no file that a program has open
        return False
    _remove_empty(workbook.parent)
    return True


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:  # something else is in it
        return
