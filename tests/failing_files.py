"""Lets the n-th operation on files fail, whatever code or library asks for it.

Python announces each opening, making, renaming and removing of a file to its audit hooks before it happens,
and what a hook raises is the operation's error. So there is one door for all that saves, caches and edits.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

CHANGES = frozenset({"os.mkdir", "os.rename", "os.chmod", "os.link", "os.symlink", "os.truncate", "os.utime"})
"""What a full disk or a folder without permission refuses, besides opening for writing."""

OPERATIONS = CHANGES | {"open", "os.remove", "os.rmdir", "os.listdir", "os.scandir", "sync"}


class Kind(Enum):
    """What happens from the n-th operation on."""

    FULL = auto()
    """It fails, and so does each later one that writes, as on a full disk."""

    ONE = auto()
    """It fails, and no other."""

    INTERRUPT = auto()
    """The user presses Ctrl+C during it."""


@dataclass
class Faults:
    """Counts the operations on files of a folder, and lets some fail.

    Attributes
    ----------
    folder
        Operations elsewhere, such as on modules, are neither counted nor failed.
    first
        The number, from 1, of the operation that fails.
    kind
        How.
    seen
        The operations so far, with the names of their files.

    """

    folder: Path
    first: int
    kind: Kind = Kind.ONE
    seen: list[str] = field(default_factory=list)

    @property
    def happened(self) -> bool:
        """Whether an operation failed."""
        return len(self.seen) >= self.first

    def on(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take note of an operation; raise if it is to fail."""
        path = os.fsdecode(arguments[0])
        if not path.startswith(str(self.folder)):
            return
        writes = event in CHANGES or event == "sync" or (event == "open" and _writes(*arguments[1:]))
        self.seen.append(f"{event} {Path(path).name}{' for writing' if event == 'open' and writes else ''}")
        if len(self.seen) == self.first or (self.kind is Kind.FULL and writes and self.happened):
            if self.kind is Kind.INTERRUPT:
                raise KeyboardInterrupt
            number = errno.ENOSPC if writes else errno.EIO
            raise OSError(number, os.strerror(number), path)


def _writes(mode: str | None, flags: int) -> bool:
    return bool(set(mode or "") & set("wax+")) or bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


_current: list[Faults] = []
_state = {"hooked": False}


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _current and event in OPERATIONS and isinstance(arguments[0], (str, bytes, os.PathLike)):
        _current[-1].on(event, arguments)


@contextmanager
def failing(faults: Faults) -> Iterator[Faults]:
    """Let the operations of a block fail; ``fsync`` counts as one too."""
    if not _state["hooked"]:
        sys.addaudithook(_hook)  # for the whole life of the process: it has no way to be removed
        _state["hooked"] = True
    synchronise = os.fsync

    def announced(fd: Any) -> None:
        sys.audit("sync", str(faults.folder))
        synchronise(fd)

    _current.append(faults)
    os.fsync = announced  # restored below
    try:
        yield faults
    finally:
        os.fsync = synchronise
        _current.remove(faults)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let no operation of a block fail: those of another program, which a test replaces."""
    kept = _current.copy()
    _current.clear()
    try:
        yield
    finally:
        _current.extend(kept)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files below a folder, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
