"""Reading a file's bytes, within a limit."""

from __future__ import annotations

from pathlib import Path

from betaneutral_xl.errors import UnreadableFile

LARGEST = 64 * 2**20
"""Bytes; larger than any issuer's holdings file."""


def read_bytes(path: Path | str, limit: int = LARGEST) -> bytes:
    """Return a file's bytes.

    Raises
    ------
    UnreadableFile
        If it is absent, no file, not to be read, or larger than the limit.

    """
    file = Path(path)
    try:
        if not file.is_file():
            what = "is a folder, not a file" if file.is_dir() else "does not exist"
            msg = f"{file.name} {what}. Check the path."
            raise UnreadableFile(msg)
        with file.open("rb") as stream:
            content = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        msg = f"{file.name} cannot be read: {reason}. Check the path and its permissions."
        raise UnreadableFile(msg) from None
    if len(content) > limit:
        msg = (
            f"{file.name} is larger than {limit:,} bytes, so it is not read. Check that it is the right file."
        )
        raise UnreadableFile(msg)
    return content
