"""Plain function names in a saved .xlsx file, in place of the long names of LibreOffice 7.4."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

MAX_PART_BYTES = 200_000_000
"""Bytes of a part beyond which a file is left unchanged."""


def shorten(path: str, long: str) -> bool:
    """Remove the prefix that LibreOffice writes before the functions' names from a saved file.

    Return whether the file was changed; an unreadable or very large one is left as it is.
    """
    sought = long.encode("ascii")
    path = os.path.realpath(path)  # a symbolic link is kept
    beside = Path(path + ".betaneutral")
    try:
        with zipfile.ZipFile(path) as source:
            changed = _changed(source, sought)
            if not changed:
                return False
            with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as target:
                for one in source.infolist():
                    target.writestr(one, changed.get(one.filename) or source.read(one))
        shutil.copystat(path, beside)  # LibreOffice prompts if a file is newer than it saved it
        beside.replace(path)
    except (zipfile.BadZipFile, OSError):
        return False
    finally:
        if beside.exists():
            beside.unlink()
    return True


def _changed(source: zipfile.ZipFile, sought: bytes) -> "dict[str, bytes]":
    """Return the new content of the parts that have the prefix."""
    parts = [one for one in source.infolist() if one.filename.startswith("xl/")]
    if any(one.file_size > MAX_PART_BYTES for one in parts):
        return {}
    return {
        one.filename: content.replace(sought, b"")
        for one in parts
        if one.filename.endswith(".xml")
        for content in [source.read(one)]
        if sought in content
    }
