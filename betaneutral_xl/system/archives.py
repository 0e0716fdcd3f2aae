"""What can go wrong with a ZIP archive from outside: Python's reader raises far more than ``BadZipFile``."""

from __future__ import annotations

import struct
import zipfile
import zlib

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
