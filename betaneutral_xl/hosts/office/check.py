"""What an installation of the add-in needs, in plain words, and what to do where it lacks something."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from betaneutral_xl import __version__
from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.office import certificate, server
from betaneutral_xl.hosts.office.install import MANIFEST, WORKBOOK, serve_command
from betaneutral_xl.hosts.office.manifest import manifest
from betaneutral_xl.hosts.office.place import Place
from betaneutral_xl.hosts.office.systems.system import System
from betaneutral_xl.hosts.sheets.findings import Finding, met, unmet
from betaneutral_xl.system.files import read_bytes

AGAIN = "Run: betaneutral-xl office install"


def findings(system: System, folder: Path) -> list[Finding]:
    """Return the requirements of the add-in, in the order in which they are to be met."""
    python = met("Python", f"{sys.version.split()[0]} at {sys.executable}")
    try:
        server.require_packages()
        place = Place.read(system.folder)
    except HostError as error:
        return [python, unmet("installation", str(error))]
    return [
        python,
        _certificate(system, place, datetime.now(UTC)),
        _server(place),
        _manifest(system, place),
        _login(system),
        _template(folder),
        _office_js(place),
    ]


def _certificate(system: System, place: Place, now: datetime) -> Finding:
    known, name = certificate.read(place.certificate), "certificate"
    if known is None or not place.key.is_file():
        return unmet(name, f"there is none. {AGAIN}")
    if known.has_ended(now):
        return unmet(name, f"it ended on {known.ends:%Y-%m-%d}. {AGAIN}")
    if not system.trusted(place.certificate, known.sha1):
        reason = system.obstacle() or "perhaps you declined"
        return unmet(name, f"your system does not trust it: {reason}. {AGAIN}")
    if known.is_due(now):
        return unmet(name, f"it ends on {known.ends:%Y-%m-%d}. {AGAIN}")
    return met(name, f"for localhost alone, trusted, until {known.ends:%Y-%m-%d}")


def _server(place: Place) -> Finding:
    version = server.running(place)
    if version is None:
        if not server.is_free(place.port):
            return unmet("server", server.port_is_taken(place.port))
        return unmet("server", "it does not run. Start it: betaneutral-xl office serve")
    if version != __version__:
        return unmet("server", f"betaneutral_xl {version} runs, but {__version__} is installed. {AGAIN}")
    return met("server", f"answers at {place.origin}, with its certificate checked")


def _manifest(system: System, place: Place) -> Finding:
    file = place.folder / MANIFEST
    if not file.is_file() or read_bytes(file) != manifest(place.base):
        return unmet("manifest", f"it is of another version. {AGAIN}")
    if not system.registered(file):
        return unmet("manifest", f"Excel does not know it{system.unregistered()}. {AGAIN}")
    return met("manifest", str(file))


def _login(system: System) -> Finding:
    if system.starts_at_login(serve_command()):
        return met("start at login", "the server starts when you log in")
    return met("start at login", "off: run betaneutral-xl office serve before you open Excel")


def _template(folder: Path) -> Finding:
    target = folder / WORKBOOK
    if target.is_file():
        return met("template", str(target))
    return unmet("template", f"{WORKBOOK} is not in {folder}. {AGAIN}")


def _office_js(place: Place) -> Finding:
    if place.has_office_js:
        return met("office.js", "on this machine: no other machine is asked")
    return met(
        "office.js", "from Microsoft, when the pane opens; to work offline: betaneutral-xl office offline"
    )
