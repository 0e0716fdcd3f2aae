"""Names of files and folders: whether one is there, is a device, or can be one on every system."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

_DEVICE = re.compile(
    r"(?:.*[\\/:])?(?:con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:[ .:].*)?"
    r"|[\\/]dev[\\/].*",
    re.IGNORECASE | re.DOTALL,
)
"""Windows takes these names for devices in every folder and with every suffix."""


def file_exists(path: Path | str) -> bool:
    r"""Whether it is a file; False for NUL, lone surrogates and names that are too long.

    >>> file_exists("a\0b"), file_exists("x" * 5000), file_exists("\ud800")
    (False, False, False)
    """
    return os.path.isfile(path)  # noqa: PTH113 - which catches what pathlib raises


def folder_exists(path: Path | str) -> bool:
    """Whether it is a folder; False for names that no folder can have."""
    return os.path.isdir(path)  # noqa: PTH112 - likewise


def is_device(name: str) -> bool:
    r"""Whether a path names a device: one of Windows, or one under ``/dev``.

    >>> is_device(r"C:\data\NUL.csv"), is_device("con"), is_device("/dev/zero"), is_device("console.csv")
    (True, True, True, False)
    """
    return _DEVICE.fullmatch(name.strip()) is not None


def folder_name(name: str) -> str:
    """Return the name of a folder for what is named anyhow: readable, and another one for another name.

    Windows takes ``PRN`` for a printer in every folder, and ``AI`` and ``ai`` for one name.

    >>> folder_name("PRN"), folder_name("AI / ML")
    ('PRN-5c31b1c1', 'AI___ML-403eac6d')
    """
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:40]
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
