"""Installation for one user of Linux, where Excel runs in the browser alone."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from betaneutral_xl.hosts.office.certificate import NAME
from betaneutral_xl.hosts.office.systems.system import LABEL, Ended, System
from betaneutral_xl.system.files import read_bytes
from betaneutral_xl.system.saving import make_folder, remove, save

ABSENT = 127
"""Exit code of a command that is not installed."""


class Linux(System):
    """Linux: the certificates of Chromium and Chrome, and the folder of what starts at login."""

    opens: ClassVar[str] = (
        "Excel runs in the browser: Home, Add-ins, More Add-ins, My Add-ins, Upload My Add-in."
    )

    @property
    def folder(self) -> Path:
        """The folder of what the add-in keeps."""
        return self.home / ".local" / "share" / "betaneutral-xl" / "office"

    @property
    def store(self) -> Path:
        """The folder of the certificates of Chromium, Chrome and their kin."""
        return self.home / ".pki" / "nssdb"

    @property
    def autostart(self) -> Path:
        """The file of what starts at login."""
        return self.home / ".config" / "autostart" / f"{LABEL}.desktop"

    def trusted(self, certificate: Path, sha1: str) -> bool:
        """Return whether the browser's store has this certificate as a trusted server's."""
        found = self._certutil("-L", "-n", NAME, "-a")
        listed = self._certutil("-L").text.splitlines()
        flags = [line.rsplit(maxsplit=1)[-1] for line in listed if line.startswith(NAME)]
        same = found.fine and _body(found.text) == _body(read_bytes(certificate).decode("ascii", "replace"))
        return same and bool(flags) and flags[0].startswith("P")

    def trust(self, certificate: Path, sha1: str) -> Ended:
        """Add a certificate to the browser's store, as that of one server."""
        if not (self.store / "cert9.db").exists():
            make_folder(self.store, private=True)
            made = self._certutil("-N", "--empty-password")
            if not made.fine:
                return made
        self._certutil("-D", "-n", NAME)
        return self._certutil("-A", "-n", NAME, "-t", "P,,", "-i", str(certificate))

    def obstacle(self) -> str:
        """Return that the command for the browser's store is missing."""
        missing = self._certutil("-L").code == ABSENT
        return "certutil is not installed (Debian and Ubuntu: apt install libnss3-tools)" if missing else ""

    def distrust(self, certificate: Path, sha1: str) -> None:
        """Remove the certificate from the browser's store."""
        if (self.store / "cert9.db").exists():
            self._certutil("-D", "-n", NAME)

    def registered(self, manifest: Path) -> bool:
        """Return True: no Excel of this machine has a list of add-ins."""
        return True

    def register(self, manifest: Path) -> None:
        """Do nothing, likewise."""

    def unregister(self) -> None:
        """Do nothing, likewise."""

    def starts_at_login(self, command: Sequence[str]) -> bool:
        """Return whether the folder of what starts at login has the command."""
        try:
            return self.autostart.read_text(encoding="utf-8") == _entry(command)
        except OSError:
            return False

    def start_at_login(self, command: Sequence[str]) -> Ended:
        """Write the file of what starts at login."""
        make_folder(self.autostart.parent)
        save(self.autostart, _entry(command).encode())
        return Ended(0)

    def not_at_login(self) -> None:
        """Remove the file of what starts at login."""
        remove(self.autostart)

    def _certutil(self, *arguments: str) -> Ended:
        return self.run(["certutil", "-d", f"sql:{self.store}", *arguments])


def _entry(command: Sequence[str]) -> str:
    return (
        "[Desktop Entry]\nType=Application\nName=Beta Neutral's server\n"
        f"Exec={shlex.join(command)}\nNoDisplay=true\nTerminal=false\n"
    )


def _body(pem: str) -> str:
    """Return the letters of a certificate between its first and last line."""
    return "".join(line.strip() for line in pem.splitlines() if "-----" not in line)
