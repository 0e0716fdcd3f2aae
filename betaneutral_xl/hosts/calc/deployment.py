"""Installation and removal of an extension of LibreOffice for one user.

First with ``unopkg``, LibreOffice's own installer. Where it is missing or refuses (as for root), with
the ExtensionManager of a headless LibreOffice. Their exit code is not trusted: the profile is checked
afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.calc import profile, within_office
from betaneutral_xl.hosts.calc.processes import Finished, run

if TYPE_CHECKING:
    from betaneutral_xl.system.libreoffice import Office

TIMEOUT = 120.0
"""Seconds for one attempt; the first start of a profile takes some."""

GET_PYTHON = "install LibreOffice's Python (Debian and Ubuntu: apt install python3-uno)"
"""The remedy if LibreOffice cannot run Python."""


def add(office: Office, extension: Path, identifier: str) -> profile.Installed:
    """Install an extension for the user, or replace it.

    Raises
    ------
    HostError
        If LibreOffice is open, or neither method works.

    """
    _require_closed(office)
    command = ("add", "--force", "--suppress-license", *office.profile_arguments, str(extension))
    tried = []
    for reason in _attempts(office, command, ("add", str(extension), extension.name)):
        found = profile.installed(office.profile, identifier)
        if reason is None and found is not None:
            return found
        tried.append(reason or "reports success, but the profile has no such extension")
    msg = f"{office} does not accept the extension: {'; '.join(tried)}."
    raise HostError(msg)


def remove(office: Office, identifier: str, file_name: str) -> None:
    """Remove a user's extension; LibreOffice keeps its files until its next start.

    Raises
    ------
    HostError
        If LibreOffice is open, or neither method works.

    """
    _require_closed(office)
    command = ("remove", *office.profile_arguments, identifier)
    tried = []
    for reason in _attempts(office, command, ("remove", identifier, file_name)):
        if profile.installed(office.profile, identifier) is None:
            return
        tried.append(reason or "reports success, but the extension is still there")
    msg = f"{office} does not remove the extension: {'; '.join(tried)}."
    raise HostError(msg)


def _require_closed(office: Office) -> None:
    """Raise if LibreOffice is open: unopkg would then install into another profile."""
    holder = profile.holder(office)
    if holder is not None:
        msg = (
            f"{holder} is open with this profile. Close it first, and its quickstarter. If it is not open, "
            "delete the file .lock in the profile."
        )
        raise HostError(msg)
    profile.clear_stale_lock(office)


def _attempts(office: Office, for_unopkg: Sequence[str], within: Sequence[str]) -> Iterator[str | None]:
    """Try one method after the other; yield why it failed, or None if it reports success."""
    if office.unopkg is None:
        yield "its unopkg is missing"
    else:
        yield _reason("unopkg", _run([office.unopkg, *for_unopkg]))
    yield _within_office(office, *within)


def _within_office(office: Office, action: str, extension: str, file_name: str) -> str | None:
    script = Path(within_office.__file__).read_text(encoding="utf-8")
    url = office.other_profile.as_uri() if office.other_profile else ""
    arguments = (action, str(office.soffice), url, f"{TIMEOUT / 2:g}", extension, file_name)
    for python in office.pythons:
        ended = _run([python, "-", *arguments], script)
        if ended.code != within_office.NO_UNO:
            return _reason("its ExtensionManager", ended)
    return f"no Python here has the module uno: {GET_PYTHON}"


def _run(command: Sequence[str | Path], script: str = "") -> Finished:
    try:
        return run(command, timeout=TIMEOUT, script=script)
    except HostError as error:  # not started, or not ended in time: one failed attempt
        return Finished(1, str(error))


def _reason(who: str, ended: Finished) -> str | None:
    if ended.code == 0:
        return None
    lines = [line.strip() for line in ended.text.splitlines() if line.strip()]
    error = next(
        (line for line in lines if line.startswith("ERROR: ")), lines[-1] if lines else "no reason given"
    )
    return f"{who} reports: {error.removeprefix('ERROR: ').rstrip('.')}"
