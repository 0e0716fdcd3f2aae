"""Microsoft's office.js on the user's machine, so that the pane opens without the internet.

Its licence does not let this package have it. Microsoft's own address is used where it was not fetched.
"""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnreadableFile, Unwritable
from betaneutral_xl.hosts.office.place import Place
from betaneutral_xl.job.downloads import fetch_known, require_known

if TYPE_CHECKING:
    from betaneutral_xl.system.settings import Settings

VERSION = "1.1.110"

PACKAGE = f"https://registry.npmjs.org/@microsoft/office-js/-/office-js-{VERSION}.tgz"

INTEGRITY = "80nZ3gGUq6Fb22sX8tBdktfulM7uYnrdQu32bpsb3waTeKoakc+j6H6+L21xRV4plDBrufnRMVH3ULMt/06Jwg=="

FOLDER = PurePosixPath("package/dist")

LICENCE = PurePosixPath("package/LICENSE.md")

OTHERS = ("access", "onenote", "outlook", "powerpoint", "project", "visio", "word", "office-vsdoc", "moe")
"""Beginnings of the files of other programs than Excel."""

MAX_BYTES = 5_000_000
"""Size of the largest file that is taken."""


def fetch(place: Place, settings: Settings, package: Path | None = None) -> int:
    """Write the files of office.js for Excel beside the certificate; return their number.

    They are fetched, or taken from npm's package, for a machine without the internet.

    Raises
    ------
    SourceError
        If it cannot be fetched, or is another file.
    UnreadableFile
        If the package cannot be read.
    Unwritable
        If the files cannot be written.

    """
    content = fetch_known(PACKAGE, INTEGRITY, settings) if package is None else _read(package)
    require_known(content, INTEGRITY, "npm" if package is None else package.name)
    staged, target = place.office_js.with_suffix(".new"), place.office_js
    shutil.rmtree(staged, ignore_errors=True)
    try:
        files = dict(_files(content))
        for name, data in files.items():
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            (staged / name).write_bytes(data)
        shutil.rmtree(target, ignore_errors=True)
        staged.rename(target)
    except OSError as error:
        shutil.rmtree(staged, ignore_errors=True)
        msg = f"office.js cannot be written to {target.parent}: {error.strerror}."
        raise Unwritable(msg) from None
    return len(files)


def _read(package: Path) -> bytes:
    try:
        return package.read_bytes()
    except OSError as error:
        msg = f"{package.name} cannot be read: {error.strerror}."
        raise UnreadableFile(msg) from None


def _files(content: bytes) -> Iterator[tuple[Path, bytes]]:
    """Yield the files that Excel loads, by their place below the folder, and the licence."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as package:
        for member in package:
            path = PurePosixPath(member.name)
            if member.isfile() and member.size <= MAX_BYTES and (path == LICENCE or _is_loaded(path)):
                data = package.extractfile(member)
                if data is not None:
                    yield Path(path.name if path == LICENCE else path.relative_to(FOLDER)), data.read()


def _is_loaded(path: PurePosixPath) -> bool:
    if not path.is_relative_to(FOLDER) or ".." in path.parts or path.suffix != ".js":
        return False
    return ".debug" not in path.name and not path.name.startswith(OTHERS)
