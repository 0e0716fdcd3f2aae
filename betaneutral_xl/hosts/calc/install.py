"""Installation, status and removal of the extension in LibreOffice."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.errors import HostError, InputError, UnreadableFile
from betaneutral_xl.hosts.calc import deployment, processes, profile
from betaneutral_xl.hosts.calc.extension import IDENTIFIER, NAME, OLDEST_OFFICE
from betaneutral_xl.hosts.calc.profile import Installed
from betaneutral_xl.hosts.sheets import records, template
from betaneutral_xl.hosts.sheets.findings import Finding, met, unmet
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system import libreoffice
from betaneutral_xl.system.saving import make_folder, remove, save, temporary_folder

if TYPE_CHECKING:
    from betaneutral_xl.system.libreoffice import Office

WORKBOOK = "betaneutral.xlsx"

RECORD = "calc-install.json"
"""The record of installed files, in the cache folder: nothing else is ever removed."""

TIMEOUT = 60.0
"""Seconds that a Python may take to print its version of this package."""

START_CHECK = 1.0
"""Seconds for which Calc is observed after its start: if it cannot start, it ends sooner."""

REINSTALL = "run betaneutral-xl calc install again"


@dataclass(frozen=True, slots=True)
class Uninstalled:
    """The outcome of ``uninstall``."""

    extension: bool
    """Whether the extension was installed, and is now removed."""
    workbook: Path | None
    """The workbook that ``open`` wrote to the user's documents; None if there is none."""
    workbook_removed: bool
    """Whether it was removed; a modified one is kept."""


def choose(session: Session, folder: Path | None = None, other_profile: Path | None = None) -> Office:
    """Return the LibreOffice to use, and its profile.

    By default those of the last installation, else the LibreOffice on the path, else the newest.

    Raises
    ------
    HostError
        If no LibreOffice is found.

    """
    if folder is not None:
        return libreoffice.at(folder).with_profile(other_profile)
    record = records.read(session.settings.cache / RECORD)
    if Path(record.get("office", "")).is_file():
        before = Path(record["profile"]) if record.get("profile") else None
        return libreoffice.at(Path(record["office"])).with_profile(other_profile or before)
    found = libreoffice.find()
    if not found:
        raise HostError(_none_found())
    return found[0].with_profile(other_profile)


def install(session: Session, office: Office, extension: bytes) -> Installed:
    """Install the extension, the content of an .oxt file, for the user, or replace it.

    Raises
    ------
    HostError
        If LibreOffice is too old, cannot run Python, is open, or does not accept it.

    """
    unfit = next((finding for finding in _office_findings(office) if not finding.fine), None)
    if unfit is not None:
        msg = f"{unfit.name}: {unfit.text}."
        raise HostError(msg)
    if is_run_by_sudo():
        msg = "The extension is installed for the current user only, not for root. Run this without sudo."
        raise HostError(msg)
    with temporary_folder({NAME: extension}) as folder:
        with contextlib.suppress(OSError):  # an installer that cannot read it says so
            folder.chmod(0o755)
        found = deployment.add(office, folder / NAME, IDENTIFIER)
    _remember(session, office=str(office.soffice), profile=str(office.other_profile or ""))
    return found


def uninstall(session: Session, office: Office) -> Uninstalled:
    """Remove the extension, and the workbook that ``open`` wrote unless it was modified.

    Raises
    ------
    HostError
        If LibreOffice is open, or does not remove it.
    UnreadableFile
        If the profile or the record cannot be read.
    Unwritable
        If a file cannot be removed; the record goes last.

    """
    there = profile.installed(office.profile, IDENTIFIER) is not None
    if there:
        deployment.remove(office, IDENTIFIER, NAME)
    if profile.holder(office) is None:
        profile.sweep(office.profile, IDENTIFIER)
    record = records.read(session.settings.cache / RECORD)
    workbook = Path(record["path"]) if "path" in record else None
    removed = workbook is not None and records.is_as_written(workbook, record.get("sha256"))
    if workbook is not None and removed:
        remove(workbook)
    remove(session.settings.cache / RECORD)
    return Uninstalled(there, workbook if workbook and (removed or workbook.exists()) else None, removed)


def installed(office: Office) -> Installed | None:
    """Return the installed extension: the user's own, else the one for all users."""
    return profile.installed(office.profile, IDENTIFIER) or profile.installed_for_all_users(
        office.soffice.parent, IDENTIFIER
    )


def findings(office: Office) -> list[Finding]:
    """Return the requirements of Calc and whether they are met."""
    extension = installed(office)
    found = _office_findings(office)
    if extension is None:
        return [*found, unmet("Extension", "is not installed: run betaneutral-xl calc install")]
    found += [_extension_finding(extension), python_finding(extension.python, extension.version)]
    holder = profile.holder(office)
    if holder is not None:
        found.append(met("Profile", f"{holder} is open: close it before you install or uninstall"))
    return found


def python_finding(python: Path | None, version: str) -> Finding:
    """Check that an interpreter exists and has the expected version of this package."""
    name = "Python of the functions"
    if python is None:
        return unmet(name, f"the extension names none: {REINSTALL}")
    if not python.is_file():
        return unmet(name, f"{python} does not exist: {REINSTALL}")
    script = "import betaneutral_xl; print('betaneutral_xl', betaneutral_xl.__version__)"
    try:
        ended = processes.run([python, "-P", "-c", script], timeout=TIMEOUT)
    except HostError as error:
        return unmet(name, f"{python}: {error}")
    printed = ended.text.strip().rpartition("\n")[2]
    if ended.code != 0 or not printed.startswith("betaneutral_xl "):
        return unmet(name, f"{python} has no betaneutral_xl: {REINSTALL}")
    matches = printed == f"betaneutral_xl {version}"
    advice = "" if matches else f", but the extension has version {version}: {REINSTALL}"
    return Finding(name, fine=matches, text=f"{python} has {printed}{advice}")


def checked_python(python: Path) -> Path:
    """Return the absolute path of an interpreter that can run the worker.

    Raises
    ------
    InputError
        If it does not exist, or does not have this version of the package.

    """
    from betaneutral_xl import __version__

    found = python_finding(python.absolute(), __version__)
    if not found.fine:
        msg = (
            f"The Python {python.name} cannot run the functions: it has no betaneutral_xl {__version__}. "
            "Install it there, or give another --python."
        )
        raise InputError(msg)
    return python.absolute()  # not resolved: the link identifies the virtual environment


def require_ready(office: Office) -> None:
    """Validate that Calc can be started with the functions.

    Raises
    ------
    HostError
        If the extension is not installed or disabled, or no window can be opened.

    """
    extension = installed(office)
    if extension is None:
        msg = f"The extension is not installed in {office}. Run: betaneutral-xl calc install"
        raise HostError(msg)
    if not extension.enabled:
        msg = f"The extension is disabled in {office}. Enable it: Tools, Extension Manager."
        raise HostError(msg)
    if not has_display():
        msg = "Calc cannot open a window: this session has no display. Run this on your desktop."
        raise HostError(msg)


def start(office: Office, document: Path) -> subprocess.Popen[bytes]:
    """Start Calc with a document; return its process without waiting for its end.

    Raises
    ------
    UnreadableFile
        If the document does not exist.
    HostError
        If LibreOffice does not start.

    """
    document = document.absolute()
    if not document.is_file():
        msg = f"There is no file {document.name}. Give another --file."
        raise UnreadableFile(msg)
    profile.clear_stale_document_lock(document, office)
    process = processes.launch([office.soffice, *office.profile_arguments, "-o", document])
    try:
        code = process.wait(START_CHECK)
    except subprocess.TimeoutExpired:
        return process
    if code != 0:
        msg = f"{office} ended immediately with exit code {code}. Start it without a document to see why."
        raise HostError(msg)
    return process


def workbook(session: Session, folder: Path) -> Path:
    """Return the template in a folder, written there if it does not exist yet.

    A modified workbook is kept; an unmodified one of another version is replaced.

    Raises
    ------
    Unwritable
        If the folder cannot be written to.

    """
    from betaneutral_xl import __version__

    target = folder.absolute() / WORKBOOK
    record = records.read(session.settings.cache / RECORD)
    untouched = record.get("path") == str(target) and records.is_as_written(target, record.get("sha256"))
    outdated = untouched and record.get("version") != __version__
    if target.exists() and not outdated:
        return target
    content = template.build(session)
    _remember(session, path=str(target), sha256=records.recorded(target, content))
    make_folder(target.parent)
    save(target, content)
    _remember(session, version=__version__)
    return target


def is_run_by_sudo() -> bool:
    """Return whether the process is run by sudo: it would install for root, not for the user."""
    return getattr(os, "geteuid", lambda: -1)() == 0 and os.environ.get("SUDO_USER", "root") != "root"


def has_display(platform: str = sys.platform, environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether this session can show a window."""
    return platform in {"win32", "darwin"} or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def _office_findings(office: Office) -> list[Finding]:
    """Return the findings about LibreOffice itself."""
    recent = office.version >= tuple(map(int, OLDEST_OFFICE.split(".")))
    advice = (
        ""
        if recent
        else f" is older than {OLDEST_OFFICE}: install a newer one, or give another with --office"
    )
    found = [Finding(str(office), recent, f"{office.soffice.parent}{advice}")]
    if not office.runs_python:
        text = f"cannot run extensions written in Python: {deployment.GET_PYTHON}"
        found.append(unmet(str(office), text))
    return found


def _extension_finding(extension: Installed) -> Finding:
    from betaneutral_xl import __version__

    name = f"Extension {IDENTIFIER}"
    whose = " for all users" if extension.for_all_users else ""
    if not extension.enabled:
        return unmet(name, "is disabled: enable it in Tools, Extension Manager")
    if extension.version != __version__:
        text = f"{extension.version}{whose}, but this is {__version__}: {REINSTALL}"
        return unmet(name, text)
    return met(name, f"{extension.version}{whose}, enabled")


def _none_found() -> str:
    sandboxes = libreoffice.sandboxed()
    if sandboxes:
        return (
            f"LibreOffice is installed as a {sandboxes[0]}, which cannot start another Python, so the "
            "functions cannot run in it. Install LibreOffice from your distribution or from libreoffice.org."
        )
    return (
        "LibreOffice is not installed, or not in a default folder. Install it (Debian: apt install "
        "libreoffice-calc python3-uno), or give its folder with --office."
    )


def _remember(session: Session, **facts: str) -> None:
    path = session.settings.cache / RECORD
    records.write(path, {**records.read(path), **facts})
