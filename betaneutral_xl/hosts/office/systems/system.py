"""The interface of an operating system to an installation, and the commands that an installation runs."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from betaneutral_xl.system.files import listed
from betaneutral_xl.system.saving import remove

LABEL = "betaneutral-xl-office"
"""The name of what starts at login."""

MAX_CACHED_BYTES = 1_000_000
"""Bytes of the largest file of Office's cache that is read to see whether it is about this add-in."""


SECONDS = 120.0
"""Time that a command has: some of them ask the user for a password."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended: its exit code, and what it wrote."""

    code: int
    text: str = ""

    @property
    def fine(self) -> bool:
        """Whether it succeeded."""
        return self.code == 0

    @property
    def reason(self) -> str:
        """The last line that it wrote."""
        lines = self.text.strip().splitlines()
        return lines[-1].strip() if lines else f"exit code {self.code}"


Run = Callable[[Sequence[str]], Ended]
"""Runs a command."""


def run(command: Sequence[str]) -> Ended:
    """Run a command and wait for its end; one that is not installed, or does not end, has failed."""
    try:
        done = subprocess.run(  # noqa: S603 - the commands of this package
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except FileNotFoundError:
        return Ended(127, f"{command[0]} is not installed")
    except (OSError, subprocess.TimeoutExpired) as error:
        return Ended(126, f"{command[0]}: {error}")
    return Ended(done.returncode, done.stdout.decode("utf-8", "replace"))


@dataclass(frozen=True)
class System(ABC):
    """One operating system, for one user: the folder of the user, and what runs a command."""

    home: Path
    run: Run

    opens: ClassVar[str]
    """How the user opens the add-in after the installation."""

    @property
    @abstractmethod
    def folder(self) -> Path:
        """The folder of what the add-in keeps."""

    @abstractmethod
    def trusted(self, certificate: Path, sha1: str) -> bool:
        """Return whether the user's programs trust a certificate."""

    @abstractmethod
    def trust(self, certificate: Path, sha1: str) -> Ended:
        """Let the user's programs trust a certificate; the system may ask the user."""

    def obstacle(self) -> str:
        """Return why a certificate cannot be trusted here; "" if nothing is known."""
        return ""

    @abstractmethod
    def distrust(self, certificate: Path, sha1: str) -> None:
        """Take that back; nothing if it is not trusted. The system may ask the user, who may decline."""

    @abstractmethod
    def registered(self, manifest: Path) -> bool:
        """Return whether Excel on this machine knows a manifest, as it is now."""

    @abstractmethod
    def register(self, manifest: Path) -> None:
        """Let Excel on this machine know a manifest, if there is an Excel."""

    def unregistered(self) -> str:
        """Return why Excel does not know the manifest, to be added to that; "" if nothing is known."""
        return ""

    @abstractmethod
    def unregister(self) -> None:
        """Take that back, and remove what Office keeps of the add-in."""

    @abstractmethod
    def starts_at_login(self, command: Sequence[str]) -> bool:
        """Return whether a command is started when the user logs in."""

    @abstractmethod
    def start_at_login(self, command: Sequence[str]) -> Ended:
        """Start a command when the user logs in, from the next time on."""

    @abstractmethod
    def not_at_login(self) -> None:
        """Take that back."""


def clear_cache(folders: Iterable[Path], identifier: str) -> None:
    """Remove the files of Office's caches that are about an add-in, and no others.

    Raises
    ------
    UnreadableFile
        If a folder cannot be listed.
    Unwritable
        If a file cannot be removed.

    """
    for folder in folders:
        for path in _below(folder):
            if identifier in path.name or (path.is_file() and _mentions(path, identifier)):
                remove(path)


def _below(folder: Path) -> Iterator[Path]:
    """Yield all files and folders below a folder, what is in one before itself."""
    for path in listed(folder):
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)
        yield path


def _mentions(path: Path, identifier: str) -> bool:
    try:
        if path.stat().st_size > MAX_CACHED_BYTES:
            return False
        content = path.read_bytes()
    except OSError:
        return False
    return identifier.encode() in content or identifier.encode("utf-16-le") in content
