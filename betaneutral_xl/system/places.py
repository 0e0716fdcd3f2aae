"""Whether a path that somebody typed is there; ``pathlib`` raises for names that no file can have."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def file_exists(path: Path | str) -> bool:
    r"""Whether it is a file; False for NUL, lone surrogates and names that are too long.

    >>> file_exists("a\0b"), file_exists("x" * 5000), file_exists("\ud800")
    (False, False, False)
    """
    return os.path.isfile(path)  # noqa: PTH113 - which catches what pathlib raises


def folder_exists(path: Path | str) -> bool:
    """Whether it is a folder; False for names that no folder can have."""
    return os.path.isdir(path)  # noqa: PTH112 - likewise
