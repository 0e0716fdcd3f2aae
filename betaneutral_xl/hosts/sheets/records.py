"""What was put where, and where it is put: so that nothing else is ever overwritten or removed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from platformdirs import user_documents_path

from betaneutral_xl.system.saving import make_folder, save

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def default_folder() -> Path:
    """Return the folder of the workbooks: one of its own among the user's documents."""
    return user_documents_path() / "Beta Neutral"


def fingerprint(content: bytes) -> str:
    """Return the hash that stands for a file's content."""
    return hashlib.sha256(content).hexdigest()


def read(path: Path) -> dict[str, str]:
    """Return a record; an empty one where there is none that can be read."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
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


def is_as_written(target: Path, written: str | None) -> bool:
    """Say whether a file is there and has the fingerprint of what was written."""
    return target.is_file() and fingerprint(target.read_bytes()) == written
