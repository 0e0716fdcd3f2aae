"""Write files atomically, and tables without formula injection."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

from betaneutral_xl.errors import Unwritable
from betaneutral_xl.system.places import is_device

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters that a spreadsheet reads as the start of a formula."""


Content: TypeAlias = "bytes | Sequence[bytes | memoryview]"
"""The bytes of a file, whole or in parts."""

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
"""Modes of what is confidential: holdings, risk models, logs."""


def save(path: Path | str, content: Content, *, private: bool = False) -> None:
    """Write a file atomically: to a temporary file beside it, which then replaces it.

    The folder must exist. If the file is ``private``, only the user may read it, whatever its mode was.

    Raises
    ------
    Unwritable
        If the folder is absent or not writable, or the file is read-only or locked by another
        program. An existing file is left unchanged.

    """
    with Staged({Path(path): content}, private=private) as staged:
        staged.commit()


class Staged:
    """Files written under temporary names beside their places, until ``commit`` moves them there.

    As a context it removes what was not committed. Files and errors are those of ``save``; after an error no
    file is left.
    """

    def __init__(
        self, files: Mapping[Path, bytes | Sequence[bytes | memoryview]], *, private: bool = False
    ) -> None:
        self._temporary: dict[Path, Path] = {}
        try:
            for path, content in files.items():
                self._write(path, content, private=private)
        except BaseException:  # Ctrl+C too leaves no file
            self.discard()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was not committed."""
        self.discard()

    def commit(self) -> None:
        """Move the files to their places; raise ``Unwritable`` at the first that cannot be moved."""
        for path, temporary in list(self._temporary.items()):
            try:
                temporary.replace(path)
            except OSError as error:
                raise _unwritable(path, error) from None
            del self._temporary[path]

    def discard(self) -> None:
        """Remove the files that were not committed."""
        for temporary in self._temporary.values():
            with contextlib.suppress(OSError):
                temporary.unlink()
        self._temporary.clear()

    def _write(self, target: Path, content: Content, *, private: bool) -> None:
        if sys.platform == "win32" and (":" in target.name or is_device(target.name)):
            what = "to Windows that is a device, or a part of a file"
            msg = f"Cannot write {target.name}: {what}. Choose another name."
            raise Unwritable(msg)
        if not target.name or target.is_dir():
            msg = f"Cannot write {target.name or 'the current folder'}: it is a folder. Name a file in it."
            raise Unwritable(msg)
        try:
            self._write_beside(target, content, private=private)
        except OSError as error:
            raise _unwritable(target, error) from None

    def _write_beside(self, target: Path, content: Content, *, private: bool) -> None:
        from tempfile import mkstemp

        if target.is_file() and _is_read_only(target):  # a file need not be writable to be replaced
            msg = f"Cannot write {target.name}: it is read-only. Allow writing to it, or choose another file."
            raise Unwritable(msg)
        mode = target.stat().st_mode if target.exists() else None
        handle, temporary = mkstemp(prefix=f".{target.name}.", dir=target.parent)
        self._temporary[target] = Path(temporary)
        with os.fdopen(handle, "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(file.fileno())
        if not private:  # mkstemp makes a private file
            Path(temporary).chmod(mode if mode is not None else 0o666 & ~_umask())


@contextlib.contextmanager
def temporary_folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """Yield a folder of temporary files for another program, which is removed at the end.

    Raises ``Unwritable`` if they cannot be written.
    """
    from tempfile import TemporaryDirectory

    with contextlib.ExitStack() as held:
        try:
            made = TemporaryDirectory(prefix="betaneutral-xl-", ignore_cleanup_errors=True)
            folder = Path(held.enter_context(made))
            for name, content in files.items():
                (folder / name).write_bytes(content)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            msg = f"Temporary files cannot be written: {reason}. Free space, or set TMPDIR to another folder."
            raise Unwritable(msg) from None
        yield folder


def _unwritable(path: Path, error: OSError) -> Unwritable:
    reason = error.strerror or type(error).__name__
    return Unwritable(
        f"Cannot write {path.name}: {reason}. Nothing was changed there. "
        "Choose a folder that exists and may be written to, and close the file elsewhere."
    )


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; what is missing is removed.

    Raises ``Unwritable`` if it cannot be removed; of a folder some files may be gone.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            import shutil

            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except FileNotFoundError:  # another program was first
        return
    except OSError as error:
        raise unremovable(path, error) from None


def unremovable(path: Path, error: OSError) -> Unwritable:
    """Return the error of a file or folder that cannot be removed."""
    reason = error.strerror or type(error).__name__
    return Unwritable(f"Cannot remove {path.name}: {reason}. Close it in other programs, then try again.")


def make_folder(folder: Path, *, private: bool = False) -> None:
    """Create a folder and its missing parents.

    Only the user may enter a ``private`` one, whatever its mode was. Raises ``Unwritable`` if a file has its
    name, or its parent is not writable.
    """
    try:
        make_private_folder(folder) if private else folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        msg = f"Cannot make the folder {folder.name}: {reason}. Choose another one."
        raise Unwritable(msg) from None


def make_private_folder(folder: Path) -> None:
    """Create a folder that only the user may enter, with its missing parents; tighten one that exists.

    Raises ``OSError`` if it can be neither created nor changed.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    if folder.stat().st_mode & 0o077:
        folder.chmod(PRIVATE_FOLDER)


def make_records_folder(folder: Path, records: Path) -> None:
    """Make a folder of the records for the user alone.

    Raises
    ------
    Unwritable
        If it cannot be made.

    """
    try:
        for one in (records, *reversed([one for one in folder.parents if records in one.parents]), folder):
            make_private_folder(one)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        msg = f"The folder of records cannot be made: {reason}. Set BETANEUTRAL_RECORDS to another one."
        raise Unwritable(msg) from None


def _is_read_only(file: Path) -> bool:
    return not (file.stat().st_mode & 0o222 and os.access(file, os.W_OK))  # to root, all is writable


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def as_text(value: str) -> str:
    """Escape text so that a spreadsheet opening a CSV file does not run it as a formula.

    >>> as_text("=cmd|' /C calc'!A0"), as_text("BRK.B")
    ("'=cmd|' /C calc'!A0", 'BRK.B')
    """
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV: numbers with all digits, a missing number as an empty cell."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([as_text(name) for name in columns])
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    return stream.getvalue()


def _csv_cell(cell: object) -> object:
    if isinstance(cell, str):
        return as_text(cell)
    return "" if isinstance(cell, float) and math.isnan(cell) else cell


def to_json(value: object) -> str:
    """Return plain data as JSON; a missing number is ``null``."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    match value:
        case bool() | int() | str() | None:
            return value
        case float():
            return float(value) if math.isfinite(value) else None
        case list() | tuple():
            return [_plain(one) for one in value]
        case _ if hasattr(value, "items"):
            return {str(key): _plain(one) for key, one in value.items()}
        case _ if hasattr(value, "isoformat"):
            return value.isoformat()
        case _:
            msg = f"{type(value).__name__} has no JSON form"
            raise TypeError(msg)
