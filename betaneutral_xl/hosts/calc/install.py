"""Putting the extension into LibreOffice, saying how it is there, and taking it away again."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.errors import HostError, InputError, UnreadableFile
from betaneutral_xl.hosts.calc import deployment, processes, profile
from betaneutral_xl.hosts.calc.extension import IDENTIFIER, NAME, OLDEST_OFFICE
from betaneutral_xl.hosts.sheets import records, template
from betaneutral_xl.system import libreoffice
from betaneutral_xl.system.saving import make_folder, save

if TYPE_CHECKING:
    from collections.abc import Mapping

    from betaneutral_xl.hosts.calc.profile import Installed
    from betaneutral_xl.hosts.sheets.session import Session
    from betaneutral_xl.system.libreoffice import Office

WORKBOOK = "betaneutral.xlsx"

RECORD = "calc-install.json"
"""What was put where, in the cache folder: so that nothing else is ever removed."""

PATIENCE = 60.0
"""Seconds that a Python may take to say which version of this package it has."""

FIRST_SECOND = 1.0
"""How long Calc is watched after its start: what cannot start at all ends sooner."""

AGAIN = "run betaneutral-xl calc install again"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that Calc needs: its name, whether it is as it must be, and what is to be said of it."""

    name: str
    fine: bool
    text: str


@dataclass(frozen=True, slots=True)
class Uninstalled:
    """What ``uninstall`` did.

    Attributes
    ----------
    extension
        Whether the extension was there, and is gone.
    workbook
        The workbook that ``open`` put among the user's documents; none if it never did.
    workbook_removed
        Whether that is gone; one that was worked with is kept.

    """

    extension: bool
    workbook: Path | None
    workbook_removed: bool


def choose(session: Session, folder: Path | None = None, other_profile: Path | None = None) -> Office:
    """Return the LibreOffice that is meant.

    Parameters
    ----------
    session
        Knows where it was installed before.
    folder
        Its folder; by default the one that was installed to before, else the one on the path, else
        the newest.
    other_profile
        The folder of a profile that is not its usual one; by default the one that was installed to
        before.

    Raises
    ------
    HostError
        If there is none.

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
    """Install the extension for the user, in place of one that is there.

    Parameters
    ----------
    session
        Keeps the record.
    office
        The LibreOffice.
    extension
        The content of the .oxt file.

    Raises
    ------
    HostError
        If LibreOffice is too old, cannot run Python, is open, or does not take it.

    """
    unfit = next((finding for finding in _office_findings(office) if not finding.fine), None)
    if unfit is not None:
        msg = f"{unfit.name}: {unfit.text}."
        raise HostError(msg)
    if is_for_somebody_else():
        msg = "The extension is installed for you alone. Run this without sudo."
        raise HostError(msg)
    with tempfile.TemporaryDirectory(prefix="betaneutral-xl-") as folder:
        file = Path(folder) / NAME
        file.write_bytes(extension)
        Path(folder).chmod(0o755)
        found = deployment.add(office, file, IDENTIFIER)
    _remember(session, office=str(office.soffice), profile=str(office.other_profile or ""))
    return found


def uninstall(session: Session, office: Office) -> Uninstalled:
    """Remove the extension, and the workbook that ``open`` put there unless it was worked with.

    Raises
    ------
    HostError
        If LibreOffice is open, or does not let go of it.

    """
    there = profile.installed(office.profile, IDENTIFIER) is not None
    if there:
        deployment.remove(office, IDENTIFIER, NAME)
    record = records.read(session.settings.cache / RECORD)
    workbook = Path(record["path"]) if "path" in record else None
    removed = workbook is not None and records.is_as_written(workbook, record.get("sha256"))
    if workbook is not None and removed:
        workbook.unlink()
    (session.settings.cache / RECORD).unlink(missing_ok=True)
    return Uninstalled(there, workbook if workbook and (removed or workbook.exists()) else None, removed)


def installed(office: Office) -> Installed | None:
    """Return the extension as LibreOffice has it: the user's own, or else the one for all users."""
    return profile.installed(office.profile, IDENTIFIER) or profile.installed_for_everybody(
        office.soffice.parent, IDENTIFIER
    )


def findings(office: Office) -> list[Finding]:
    """Return what Calc needs, and how it is."""
    extension = installed(office)
    found = _office_findings(office)
    if extension is None:
        found.append(
            Finding("Extension", fine=False, text="is not installed: run betaneutral-xl calc install")
        )
        return found
    found += [_extension_finding(extension), python_finding(extension.python, extension.version)]
    holder = profile.holder(office)
    if holder is not None:
        found.append(
            Finding("Profile", fine=True, text=f"{holder} is open: close it before you install or uninstall")
        )
    return found


def python_finding(python: Path | None, version: str) -> Finding:
    """Say whether an interpreter is there and has this package in the version that is expected."""
    name = "Python of the functions"
    if python is None:
        return Finding(name, fine=False, text=f"the extension names none: {AGAIN}")
    if not python.is_file():
        return Finding(name, fine=False, text=f"{python} is gone: {AGAIN}")
    script = "import betaneutral_xl; print('betaneutral_xl', betaneutral_xl.__version__)"
    try:
        ended = processes.run([python, "-P", "-c", script], timeout=PATIENCE)
    except HostError as error:
        return Finding(name, fine=False, text=f"{python}: {error}")
    said = ended.text.strip().rpartition("\n")[2]
    if ended.code != 0 or not said.startswith("betaneutral_xl "):
        return Finding(name, fine=False, text=f"{python} has no betaneutral_xl: {AGAIN}")
    fits = said == f"betaneutral_xl {version}"
    advice = "" if fits else f", and the extension is of {version}: {AGAIN}"
    return Finding(name, fine=fits, text=f"{python} has {said}{advice}")


def checked_python(python: Path) -> Path:
    """Return an interpreter that can answer the functions.

    Raises
    ------
    InputError
        If it is not there, or does not have this version of the package.

    """
    from betaneutral_xl import __version__

    found = python_finding(python.absolute(), __version__)
    if not found.fine:
        msg = (
            f"The Python {python.name} cannot answer the functions: it has no betaneutral_xl {__version__}. "
            "Install it there, or give another --python."
        )
        raise InputError(msg)
    return python.absolute()  # not resolved: a virtual environment is known by its own name


def hold_that_it_is_ready(office: Office) -> None:
    """Hold that Calc, when started, would show the functions.

    Raises
    ------
    HostError
        If the extension is not installed or switched off, or no window can be opened.

    """
    extension = installed(office)
    if extension is None:
        msg = f"The extension is not installed in {office}. Run: betaneutral-xl calc install"
        raise HostError(msg)
    if not extension.enabled:
        msg = f"The extension is switched off in {office}. Switch it on: Tools, Extension Manager."
        raise HostError(msg)
    if not has_display():
        msg = "Calc cannot open a window: this session has no display. Run this on your desktop."
        raise HostError(msg)


def start(office: Office, document: Path) -> subprocess.Popen[bytes]:
    """Start Calc with a document, and return while it is open.

    Raises
    ------
    UnreadableFile
        If there is no such document.
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
        code = process.wait(FIRST_SECOND)
    except subprocess.TimeoutExpired:
        return process
    if code != 0:
        msg = f"{office} ended at once, with exit code {code}. Start it by itself to see why."
        raise HostError(msg)
    return process


def workbook(session: Session, folder: Path) -> Path:
    """Return the template among the user's documents, put there if it is not there yet.

    One that was worked with stays as it is; one that was not is renewed by a new version.

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
    make_folder(target.parent)
    save(target, content)
    _remember(session, path=str(target), sha256=records.fingerprint(content), version=__version__)
    return target


def is_for_somebody_else(environ: Mapping[str, str] = os.environ) -> bool:
    """Say whether this runs by sudo: what it installs would be root's, and not the user's."""
    return getattr(os, "geteuid", lambda: -1)() == 0 and environ.get("SUDO_USER", "root") != "root"


def has_display(platform: str = sys.platform, environ: Mapping[str, str] = os.environ) -> bool:
    """Say whether this session can show a window."""
    return platform in {"win32", "darwin"} or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def _office_findings(office: Office) -> list[Finding]:
    """Look at LibreOffice itself."""
    recent = office.version >= tuple(map(int, OLDEST_OFFICE.split(".")))
    advice = (
        ""
        if recent
        else f" is older than {OLDEST_OFFICE}: install a newer one, or give another with --office"
    )
    found = [Finding(str(office), recent, f"{office.soffice.parent}{advice}")]
    if not office.runs_python:
        text = f"cannot run extensions written in Python: {deployment.GET_PYTHON}"
        found.append(Finding(str(office), fine=False, text=text))
    return found


def _extension_finding(extension: Installed) -> Finding:
    from betaneutral_xl import __version__

    name = f"Extension {IDENTIFIER}"
    whose = " for all users" if extension.for_everybody else ""
    if not extension.enabled:
        return Finding(name, fine=False, text="is switched off: switch it on in Tools, Extension Manager")
    if extension.version != __version__:
        text = f"{extension.version}{whose}, and this is {__version__}: {AGAIN}"
        return Finding(name, fine=False, text=text)
    return Finding(name, fine=True, text=f"{extension.version}{whose}, switched on")


def _none_found() -> str:
    shut_in = libreoffice.sandboxed()
    if shut_in:
        return (
            f"LibreOffice is here as a {shut_in[0]}, which lets it start no other Python; the functions "
            "cannot work in it. Install LibreOffice from your distribution or from libreoffice.org."
        )
    return (
        "LibreOffice is not installed, or not in a usual place. Install it (Debian: apt install "
        "libreoffice-calc python3-uno), or say where it is with --office."
    )


def _remember(session: Session, **facts: str) -> None:
    path = session.settings.cache / RECORD
    records.write(path, {**records.read(path), **facts})
