"""Read files from disk; the only module that opens a user's input."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from betaneutral_xl.errors import UnreadableFile

LIMIT = 32 * 1024 * 1024
"""Bytes of the largest input file; the largest known file of an issuer is under 4 MB."""

_OPEN = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
"""Non-blocking, so that opening a pipe does not wait for a writer."""


STANDARD_INPUT = "-"
"""The name of standard input, as in other commands."""


def shown_name(path: Path | str) -> str:
    """Return the last part of a path for messages, without control characters, at most 120 characters.

    >>> shown_name("/home/ann/Downloads/IVV_holdings.csv")
    'IVV_holdings.csv'
    """
    if str(path) == STANDARD_INPUT:
        return "standard input"
    name = Path(path).name or "(no file name)"
    return "".join(one if one.isprintable() else "?" for one in name)[:120]


def read_bytes(path: Path | str, limit: int = LIMIT) -> bytes:
    """Read a whole file that the user named; ``-`` is standard input, ``limit`` the largest size in bytes.

    Relative parts and symbolic links are followed, because the user chose the path and has the rights
    to read its target; for a file that a program chooses, see ``is_inside``.

    Raises
    ------
    UnreadableFile
        If it does not exist, is a folder or a device, may not be read, is larger than the limit, or
        changed while it was read. The message names the file, never its folder.

    """
    if str(path) == STANDARD_INPUT:
        return _standard_input(limit)
    with _opened(path, limit) as file:
        # Not the limit: a buffer of that size is allocated at once, and a browser has 2 GB in all.
        content = file.read(os.fstat(file.fileno()).st_size + 1) or b""  # None: a file of the system
        if len(content) != os.fstat(file.fileno()).st_size:
            raise UnreadableFile(_changed(shown_name(path)))
    return content


@dataclass(frozen=True, slots=True)
class LargeFile:
    """A file that is not kept in memory: it is read where its content is needed, each time from the disk.

    ``path`` is absolute; ``limit`` is the largest size, in bytes.
    """

    path: Path
    limit: int

    @property
    def name(self) -> str:
        """Its name for messages."""
        return shown_name(self.path)

    @contextlib.contextmanager
    def open(self) -> Iterator[BufferedReader]:
        """Open it; raises ``UnreadableFile`` as ``read_bytes`` does, also where it changes before the end."""
        with _opened(self.path, self.limit) as file:
            yield file

    def read(self, sha256: str = "") -> bytes:
        """Return its bytes; raises ``UnreadableFile`` if ``sha256`` is given and is not their hash."""
        content = read_bytes(self.path, self.limit)
        if sha256 and hashlib.sha256(content).hexdigest() != sha256:
            msg = f"{self.name} has changed since it was read. Run again."
            raise UnreadableFile(msg)
        return content


def content_of(path: Path | str, limit: int, kept: tuple[bytes, ...] = ()) -> bytes | LargeFile:
    """Return a file's bytes, or, where it is large, the file.

    ``kept`` is how large files begin whose bytes are needed as a whole. Raises as ``read_bytes``.
    """
    if str(path) != STANDARD_INPUT:
        with _opened(path, limit) as file:
            is_large = os.fstat(file.fileno()).st_size > LIMIT
            if is_large and not file.read(8).startswith(kept):
                return LargeFile(Path(path).absolute(), limit)
    return read_bytes(path, limit)


def listed(folder: Path) -> list[Path]:
    """Return what is in a folder, sorted by name; nothing where there is no such folder.

    Raises ``UnreadableFile`` if it cannot be listed.
    """
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        if isinstance(error, NotADirectoryError) and not folder.exists():  # a folder above it is a file
            return []
        reason = error.strerror or type(error).__name__
        msg = f"Cannot list the folder {shown_name(folder)}: {reason}. Check its permissions and its disk."
        raise UnreadableFile(msg) from None


@contextlib.contextmanager
def _opened(path: Path | str, limit: int) -> Iterator[BufferedReader]:
    """Open a regular file within the limit; raise ``UnreadableFile`` where it changes until it is closed."""
    name = shown_name(path)
    try:
        descriptor = os.open(path, _OPEN)
    except (OSError, ValueError) as error:
        raise UnreadableFile(_open_error(error, Path(path), name)) from None
    try:
        before = os.fstat(descriptor)
        _require_regular(before, name, limit)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
        after = os.fstat(descriptor)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        msg = f"Cannot read {name}: {reason}. Copy it to this machine first."
        raise UnreadableFile(msg) from None
    finally:
        os.close(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise UnreadableFile(_changed(name))


def _changed(name: str) -> str:
    return f"{name} changed while it was read. Wait until the download or the saving is done."


def _standard_input(limit: int) -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        msg = "- reads standard input, and nothing is piped into it. Name a file, or pipe one: ... < FILE."
        raise UnreadableFile(msg)
    try:
        content = sys.stdin.buffer.read(limit + 1) or b""
    except OSError as error:  # a folder, a descriptor that only writes
        msg = f"Cannot read standard input: {error.strerror or type(error).__name__}. Pipe in a file."
        raise UnreadableFile(msg) from None
    if len(content) > limit:
        msg = f"Standard input has more than the {limit / 1e6:,.0f} MB that are read. Check what is piped in."
        raise UnreadableFile(msg)
    return content


_NETWORK = re.compile(r"[\\/]{2}")


def is_network_path(name: str) -> bool:
    r"""Whether a path names another machine, to which opening it would send the user's credentials.

    >>> [is_network_path(one) for one in (r"\\server\share\x.csv", "//server/x.csv", "a//x.csv")]
    [True, True, False]
    """
    return _NETWORK.match(name.strip()) is not None or name.strip().lower().startswith("file:")


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a file is inside a folder after symbolic links are resolved."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name the system refuses
        return False


def _require_regular(status: os.stat_result, name: str, limit: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        msg = f"{name} is a folder. Name a file in it."
    elif not stat.S_ISREG(status.st_mode):
        msg = f"{name} is not a regular file (a pipe or a device). Name a file."
    elif status.st_size > limit:
        msg = (
            f"{name} has {status.st_size / 1e6:,.0f} MB, more than the {limit / 1e6:,.0f} MB that are read. "
            "Check that it is the right file."
        )
    else:
        return
    raise UnreadableFile(msg)


def _open_error(error: OSError | ValueError, path: Path, name: str) -> str:
    if isinstance(error, FileNotFoundError):
        return f"There is no file {name}. Check the name and the folder."
    if isinstance(error, IsADirectoryError) or (isinstance(error, PermissionError) and _is_folder(path)):
        return f"{name} is a folder. Name a file in it."
    if isinstance(error, PermissionError):
        return f"No permission to read {name}. Change its permissions, or close it in the other program."
    reason = getattr(error, "strerror", None) or "the name is not valid"
    return f"Cannot open {name}: {reason}. Check the path."


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()  # Windows answers "permission denied" to opening a folder
    except (OSError, ValueError):
        return False
