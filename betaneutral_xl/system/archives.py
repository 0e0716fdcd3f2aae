"""ZIP archives in memory, and what can go wrong with one from outside.

Python's reader raises far more than ``BadZipFile``.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    RuntimeError,  # encrypted, nested too deeply, or packed in a way that is not known
    EOFError,
    OSError,
    OverflowError,
)
"""Exceptions that opening or reading a damaged, encrypted or forged archive can raise."""


def archive_entry(name: str, mode: int = 0o644) -> zipfile.ZipInfo:
    """Return a zip entry whose bytes do not depend on the date or the operating system."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # the earliest that the format can hold
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Windows would write 0
    entry.external_attr = mode << 16
    return entry


def packed(parts: Iterable[tuple[str | zipfile.ZipInfo, bytes | str]], mode: int = 0o644) -> bytes:
    """Return an archive of parts in their order; one that has only a name gets its ``archive_entry``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for entry, content in parts:
            archive.writestr(archive_entry(entry, mode) if isinstance(entry, str) else entry, content)
    return out.getvalue()


def unpacked(archive: bytes) -> dict[str, bytes]:
    """Return the parts of an archive of our own by their names, in their order."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return {name: source.read(name) for name in source.namelist()}
