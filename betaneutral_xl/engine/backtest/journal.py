"""The journal of a sweep: completed cells, a line of JSON each, with a checksum of its rows."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, Self

from betaneutral_xl.errors import Unwritable
from betaneutral_xl.model.provenance import digest
from betaneutral_xl.system.optional import file_lock

Row = dict[str, Any]

LINE_PREFIX = b'{"key": '
"""Start of every line."""


class Journal:
    """Completed cells in a file; a last line that an interruption cut off is dropped.

    As a context it holds the file's lock.

    Parameters
    ----------
    path
        The file, which is made where it is not there; its folder must exist.

    Raises
    ------
    Unwritable
        On entering: if the file cannot be written, another sweep is writing it, or it is no journal.
        On adding: if the disk is full; the cells before are kept.

    Attributes
    ----------
    done
        Rows of the completed cells, by key.
    added
        Number of cells added since it was opened.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = contextlib.ExitStack()
        self.done: dict[str, list[Row]] = {}
        self.added = 0

    def __enter__(self) -> Self:
        if not self.path.parent.is_dir():  # the lock would create it
            msg = f"Cannot write {self.path.name}: there is no folder {self.path.parent.name}. Create it."
            raise Unwritable(msg)
        try:
            self._held.enter_context(file_lock(self.path.with_name(self.path.name + ".lock"), timeout=0))
            self._size = self._read()
            self._file = self.path.open("ab", buffering=0)
            self._file.truncate(self._size)
        except TimeoutError:
            msg = f"Another sweep is writing {self.path.name}. Wait for it, or choose another --out."
            raise Unwritable(msg) from None
        except Unwritable:
            self._held.close()
            raise
        except OSError as error:
            self._held.close()
            raise self._unwritable(error) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._held.close()

    def add(self, key: str, rows: list[Row]) -> None:
        """Append one cell, and keep it as a later run would read it."""
        text = json.dumps(rows)
        line = f'{{"key": {json.dumps(key)}, "sha256": "{_checksum(key, text)}", "rows": {text}}}\n'.encode()
        try:
            written = self._file.write(line)
            if written != len(line):
                self._file.write(line[written:])  # says why, as the disk is full
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(self._size)
            raise self._unwritable(error) from None
        self._size += len(line)
        self.done[key] = json.loads(text)
        self.added += 1

    def _read(self) -> int:
        """Read the complete lines, and return their size in bytes."""
        size = 0
        for number, line in enumerate(self._lines(), 1):
            if not line.endswith(b"\n") and line.startswith(LINE_PREFIX[: len(line)]):
                break  # truncated
            key, rows, checksum = _parse_line(line)
            if not (isinstance(key, str) and isinstance(rows, list) and isinstance(checksum, str)):
                msg = (
                    f"{self.path.name} is not the journal of a sweep: line {number} is invalid. It is left "
                    "unchanged; choose another --out, or remove it."
                )
                raise Unwritable(msg)
            if checksum != _checksum(key, json.dumps(rows)):
                msg = (
                    f"{self.path.name} was changed after it was written: the checksum of line {number} is "
                    "another. It is left unchanged; remove that line, and its cell is run again."
                )
                raise Unwritable(msg)
            self.done[key] = rows
            size += len(line)
        return size

    def _lines(self) -> list[bytes]:
        return self.path.read_bytes().splitlines(keepends=True) if self.path.exists() else []

    def _unwritable(self, error: OSError) -> Unwritable:
        reason = error.strerror or type(error).__name__
        return Unwritable(f"Cannot write {self.path.name}: {reason}. Choose a folder that may be written to.")


def _checksum(key: str, rows: str) -> str:
    """Return the checksum of a cell: its rows as JSON, which has one form for each number."""
    return digest(f"{key} {rows}".encode())


def _parse_line(line: bytes) -> tuple[Any, Any, Any]:
    """Return key, rows and checksum of a line; None where the line is invalid."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None, None, None
    if not isinstance(record, dict):
        return None, None, None
    return record.get("key"), record.get("rows"), record.get("sha256")
