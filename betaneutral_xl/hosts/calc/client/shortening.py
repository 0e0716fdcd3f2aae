"""Plain names in a saved .xlsx file, in place of those that LibreOffice 7.4 writes."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

LARGEST = 200_000_000
"""Bytes of a part beyond which a file is left as it is."""


def shorten(path: str, long: str) -> bool:
    """Take what is before our functions' names out of a saved file, and leave all else as it is.

    Parameters
    ----------
    path
        The file.
    long
        What LibreOffice writes before a name.

    Returns
    -------
    bool
        Whether there was anything to do; a file that cannot be read, or is huge, is left alone.

    """
    sought = long.encode("ascii")
    path = os.path.realpath(path)  # a link stays one
    beside = Path(path + ".betaneutral")
    try:
        with zipfile.ZipFile(path) as source:
            changed = _changed(source, sought)
            if not changed:
                return False
            with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as target:
                for one in source.infolist():
                    target.writestr(one, changed.get(one.filename) or source.read(one))
        shutil.copystat(path, beside)  # LibreOffice asks when a file is newer than it has left it
        beside.replace(path)
    except (zipfile.BadZipFile, OSError):
        return False
    finally:
        if beside.exists():
            beside.unlink()
    return True


def _changed(source: zipfile.ZipFile, sought: bytes) -> "dict[str, bytes]":
    """Return the parts that hold formulas of ours, as they are to be."""
    parts = [one for one in source.infolist() if one.filename.startswith("xl/")]
    if any(one.file_size > LARGEST for one in parts):
        return {}
    return {
        one.filename: content.replace(sought, b"")
        for one in parts
        if one.filename.endswith(".xml")
        for content in [source.read(one)]
        if sought in content
    }
