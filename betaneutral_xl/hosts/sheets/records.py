"""Records of installed files with their fingerprints: only unmodified ones are replaced or removed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_documents_path

from betaneutral_xl.system.files import read_bytes
from betaneutral_xl.system.saving import make_folder, save


def default_folder() -> Path:
    """Return the default folder of the workbooks, in the user's documents."""
    return user_documents_path() / "Beta Neutral"


def fingerprint(content: bytes) -> str:
    """Return the SHA-256 hash of a file's content in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def read(path: Path) -> dict[str, str]:
    """Return a record; an empty one if the file is missing, or is no record.

    Raises
    ------
    UnreadableFile
        If it is there and cannot be read: what it names would be forgotten.

    """
    if not path.exists():
        return {}
    try:
        record = json.loads(read_bytes(path))
    except ValueError:
        return {}
    return {str(name): str(text) for name, text in record.items()} if isinstance(record, dict) else {}


def write(path: Path, record: Mapping[str, str]) -> None:
    """Write a record.

    Raises
    ------
    Unwritable
        If it cannot be written.

    """
    make_folder(path.parent)
    save(path, json.dumps(record).encode())


def recorded(target: Path, content: bytes) -> str:
    """Return the entry of a file that is about to be written: its fingerprint, then that of the old one.

    A record is written before its file, so that a fault in between leaves no file off the record.
    """
    old = [fingerprint(read_bytes(target))] if target.is_file() else []
    return " ".join([fingerprint(content), *old])


def write_on_record(record: Path, target: Path, content: bytes) -> None:
    """Write a file that may be replaced or removed while nobody changes it, and put it on a record.

    Raises
    ------
    Unwritable
        If either cannot be written; the file is left as it was.

    """
    write(record, {**read(record), str(target): recorded(target, content)})
    make_folder(target.parent)
    save(target, content)


def is_changed(record: Path, target: Path) -> bool:
    """Return whether there is a file that is not as a record of paths and fingerprints has it.

    Raises ``UnreadableFile`` if either cannot be read.
    """
    return target.exists() and not is_as_written(target, read(record).get(str(target)))


def is_as_written(target: Path, written: str | None) -> bool:
    """Return whether a file exists and has one of the fingerprints ``written``.

    Raises
    ------
    UnreadableFile
        If it is there and cannot be read.

    """
    return target.is_file() and fingerprint(read_bytes(target)) in (written or "").split()
