"""Installation for one user of Windows."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.office.manifest import ID
from betaneutral_xl.hosts.office.systems.system import LABEL, Ended, System, clear_cache

DEVELOPER = r"HKCU\SOFTWARE\Microsoft\Office\16.0\Wef\Developer"
"""The key of the registry in which Excel finds manifests."""

RUN = r"HKCU\SOFTWARE\Microsoft\Windows\CurrentVersion\Run"
"""The key of what starts at login."""

CACHE = "AppData/Local/Microsoft/Office/16.0/Wef"
"""Where Excel keeps copies of manifests and functions."""


class Windows(System):
    """Windows: the user's certificates, and the user's part of the registry, through its commands."""

    opens: ClassVar[str] = "In Excel: Home, Add-ins, More Add-ins, Developer Add-ins, Beta Neutral."

    @property
    def folder(self) -> Path:
        r"""The folder of what the add-in keeps.

        Not below ``AppData``: Windows redirects what a Python from the Microsoft Store writes there.
        """
        return self.home / ".betaneutral_xl" / "office"

    def trusted(self, certificate: Path, sha1: str) -> bool:
        """Return whether the user's store of trusted certificates has it."""
        return self.run(["certutil", "-user", "-verifystore", "Root", sha1]).fine

    def trust(self, certificate: Path, sha1: str) -> Ended:
        """Add a certificate to the user's store; Windows asks the user."""
        return self.run(["certutil", "-user", "-addstore", "Root", str(certificate)])

    def distrust(self, certificate: Path, sha1: str) -> None:
        """Remove a certificate from the user's store; Windows asks the user."""
        self.run(["certutil", "-user", "-delstore", "Root", sha1])

    def registered(self, manifest: Path) -> bool:
        """Return whether the registry names the manifest's file."""
        return self._value(DEVELOPER, ID) == str(manifest)

    def register(self, manifest: Path) -> None:
        """Name the manifest's file in the registry."""
        self.run(["reg", "add", DEVELOPER, "/v", ID, "/t", "REG_SZ", "/d", str(manifest), "/f"])

    def unregister(self) -> None:
        """Remove the name of the manifest's file, and what Excel keeps of it."""
        self._delete(DEVELOPER, ID)
        clear_cache([self.home / CACHE], ID)

    def starts_at_login(self, command: Sequence[str]) -> bool:
        """Return whether the registry has the command."""
        return self._value(RUN, LABEL) == subprocess.list2cmdline(command)

    def start_at_login(self, command: Sequence[str]) -> Ended:
        """Enter the command in the registry."""
        line = subprocess.list2cmdline(command)
        return self.run(["reg", "add", RUN, "/v", LABEL, "/t", "REG_SZ", "/d", line, "/f"])

    def not_at_login(self) -> None:
        """Remove the command from the registry."""
        self._delete(RUN, LABEL)

    def _delete(self, key: str, name: str) -> None:
        """Remove a text of the registry, if it is there."""
        done = self.run(["reg", "delete", key, "/v", name, "/f"])
        if not done.fine and self._value(key, name):
            msg = f"Windows did not remove {name} from the registry's key {key}: {done.reason}. Try again."
            raise HostError(msg)

    def _value(self, key: str, name: str) -> str:
        """Return a text of the registry; "" if there is none."""
        done = self.run(["reg", "query", key, "/v", name])
        lines = (line.split("REG_SZ", 1) for line in done.text.splitlines() if "REG_SZ" in line)
        return next((text.strip() for _, text in lines), "") if done.fine else ""
