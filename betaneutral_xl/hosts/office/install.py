"""Installation of the add-in for one user, and its removal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from betaneutral_xl.errors import HostError, Unwritable
from betaneutral_xl.hosts.office import certificate, server, template
from betaneutral_xl.hosts.office.certificate import Certificate
from betaneutral_xl.hosts.office.manifest import manifest
from betaneutral_xl.hosts.office.place import PORT, Place
from betaneutral_xl.hosts.office.systems.system import System
from betaneutral_xl.hosts.sheets import records
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system import optional
from betaneutral_xl.system.saving import make_folder, remove, save

WORKBOOK = "betaneutral-office.xlsx"

RECORD = "office-workbooks.json"
"""The record in the cache folder: the path of every installed workbook, and its fingerprint."""

PORTS_TRIED = 20
"""Ports that are tried from the usual one on."""

MANIFEST = "manifest.xml"

LOCK, LOCK_SECONDS = "office-install.lock", 60.0
"""The file in the cache folder that one installation or removal holds, and seconds that another waits."""


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
    a certificate that is not due; the port, which is else the first that is free.

    Raises
    ------
    HostError
        If a package is missing, this Python is one whose files Excel does not see, or the port is in use.
    Unwritable
        If a file cannot be written.

    """
    server.require_packages()
    _require_visible_files()
    with _alone(session):
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
            started = system.start_at_login(serve_command())
            if not started.fine:
                say(f"The server does not start when you log in: {started.reason}.")
        else:
            system.not_at_login()
        start(place)
    return place


@contextmanager
def _alone(session: Session) -> Iterator[None]:
    """Keep other installations and removals waiting: two at once would choose one port, and two secrets."""
    make_folder(session.settings.cache, private=True)
    with ExitStack() as held:
        try:
            held.enter_context(optional.file_lock(session.settings.cache / LOCK, timeout=LOCK_SECONDS))
        except TimeoutError:
            msg = "Another installation or removal of the add-in is running. Try again when it has ended."
            raise HostError(msg) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            msg = f"The cache cannot be locked: {reason}. Set BETANEUTRAL_CACHE to another folder."
            raise Unwritable(msg) from None
        yield


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
    for one in range(usual, usual + PORTS_TRIED):
        if server.is_free(one):
            return one
    raise HostError(server.port_is_taken(usual))


def _certify(system: System, place: Place) -> None:
    """Make a certificate where there is none or it is due, and trust it if it is not trusted."""
    known = certificate.read(place.certificate)
    if known is None or known.is_due(datetime.now(UTC)) or not place.key.is_file():
        if known is not None:
            _distrust(system, place, known)
        known = certificate.make(place.certificate, place.key)
    if not system.trusted(place.certificate, known.sha1):
        system.trust(place.certificate, known.sha1)


def _distrust(system: System, place: Place, known: Certificate) -> None:
    """Take the trust in a certificate back; raise ``HostError`` if the system keeps it."""
    system.distrust(place.certificate, known.sha1)
    if system.trusted(place.certificate, known.sha1):
        msg = "Your system still trusts the add-in's certificate: perhaps you declined. Try again."
        raise HostError(msg)


def write_template(session: Session, folder: Path) -> Path:
    """Write the template to a folder, unless there is one that was changed since; return its path."""
    target = folder.resolve() / WORKBOOK
    record = session.settings.cache / RECORD
    if not records.is_changed(record, target):
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


def uninstall(system: System, session: Session) -> list[Path]:
    """End the server, and take back all that ``install`` did; return the changed workbooks, which are kept.

    Raises
    ------
    HostError
        If nothing is installed, or the system still trusts the certificate.
    UnreadableFile
        If a file that says what is installed cannot be read.
    Unwritable
        If a file cannot be removed. It can be removed later: the record goes last.

    """
    record = session.settings.cache / RECORD
    with _alone(session):
        written = records.read(record)
        if not system.folder.is_dir() and not written:
            msg = "The add-in is not installed. Nothing was removed."
            raise HostError(msg)
        system.not_at_login()
        place = _installed(system)
        if place is not None:
            server.end(place)
        there = place or Place(system.folder)  # the certificate is known where the record is damaged
        known = certificate.read(there.certificate)
        if known is not None:
            _distrust(system, there, known)
        system.unregister()
        remove(system.folder)
        _remove_empty(system.folder.parent)
        kept = [Path(path) for path, sha256 in written.items() if not _removed(Path(path), sha256)]
        remove(record)
    return kept


def _removed(workbook: Path, sha256: str) -> bool:
    """Remove a workbook that was not changed; return whether it is away."""
    if not workbook.exists():
        return True
    if not records.is_as_written(workbook, sha256):
        return False
    remove(workbook)
    _remove_empty(workbook.parent)
    return True


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # something else is in it
        folder.rmdir()
