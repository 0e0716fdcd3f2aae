"""Installation for one user of macOS."""

from __future__ import annotations

import os
import plistlib
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from betaneutral_xl.hosts.office.manifest import ID
from betaneutral_xl.hosts.office.systems.system import LABEL, Ended, System, clear_cache
from betaneutral_xl.system.files import read_bytes
from betaneutral_xl.system.saving import make_folder, remove, save

EXCEL = "Library/Containers/com.microsoft.Excel/Data"
"""Excel's own folder, which exists once Excel was started."""

CACHES = (f"{EXCEL}/Library/Application Support/Microsoft/Office/16.0/Wef", f"{EXCEL}/Library/Caches")
"""Where Excel keeps copies of manifests and functions."""


class Mac(System):
    """macOS: the keychain, the folder ``wef`` of Excel, a launch agent."""

    opens: ClassVar[str] = (
        "In Excel: Home, Add-ins, Developer Add-ins, Beta Neutral. Excel forgets it when it is closed: "
        "choose it again after each start."
    )

    @property
    def folder(self) -> Path:
        """The folder of what the add-in keeps."""
        return self.home / "Library" / "Application Support" / "betaneutral-xl" / "office"

    @property
    def keychain(self) -> Path:
        """The user's keychain."""
        return self.home / "Library" / "Keychains" / "login.keychain-db"

    @property
    def wef(self) -> Path:
        """The file in which Excel finds the manifest."""
        return self.home / EXCEL / "Documents" / "wef" / f"{ID}.manifest.xml"

    @property
    def agent(self) -> Path:
        """The file of the launch agent."""
        return self.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def trusted(self, certificate: Path, sha1: str) -> bool:
        """Return whether the user's programs trust a certificate, for this machine's name."""
        return self.run(
            ["security", "verify-cert", "-c", str(certificate), "-p", "ssl", "-s", "localhost", "-L"]
        ).fine

    def trust(self, certificate: Path, sha1: str) -> Ended:
        """Trust a certificate for TLS alone; macOS asks for the user's password."""
        return self.run(
            [
                "security",
                "add-trusted-cert",
                *("-r", "trustRoot", "-p", "ssl"),
                *("-k", str(self.keychain), str(certificate)),
            ]
        )

    def distrust(self, certificate: Path, sha1: str) -> None:
        """Remove a certificate, and the trust in it."""
        self.run(["security", "remove-trusted-cert", str(certificate)])
        self.run(["security", "delete-certificate", "-Z", sha1, str(self.keychain)])

    def registered(self, manifest: Path) -> bool:
        """Return whether Excel's folder has the manifest as it is now."""
        return self.wef.is_file() and read_bytes(self.wef) == read_bytes(manifest)

    def register(self, manifest: Path) -> None:
        """Write the manifest into Excel's folder."""
        if (self.home / EXCEL).is_dir():
            make_folder(self.wef.parent)
            save(self.wef, read_bytes(manifest), private=True)

    def unregistered(self) -> str:
        """Return that Excel was never started here."""
        return "" if (self.home / EXCEL).is_dir() else ": it was not started on this Mac yet. Start it once"

    def unregister(self) -> None:
        """Remove the manifest from Excel's folder and caches."""
        remove(self.wef)
        clear_cache([self.home / cache for cache in CACHES], ID)

    def starts_at_login(self, command: Sequence[str]) -> bool:
        """Return whether there is a launch agent for a command."""
        try:
            found = plistlib.loads(self.agent.read_bytes())
        except (OSError, plistlib.InvalidFileException, ValueError):
            return False
        return bool(found.get("ProgramArguments") == list(command))

    def start_at_login(self, command: Sequence[str]) -> Ended:
        """Write a launch agent, and load it, which starts the command now as well."""
        agent = {
            "Label": LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ProcessType": "Interactive",  # a background process gets little of the processor
        }
        make_folder(self.agent.parent)
        save(self.agent, plistlib.dumps(agent))
        self.run(["launchctl", "bootout", f"{self._domain}/{LABEL}"])
        return self.run(["launchctl", "bootstrap", self._domain, str(self.agent)])

    def not_at_login(self) -> None:
        """Unload and remove the launch agent."""
        if self.agent.exists():
            self.run(["launchctl", "bootout", f"{self._domain}/{LABEL}"])
            remove(self.agent)

    @property
    def _domain(self) -> str:
        return f"gui/{os.getuid()}"
