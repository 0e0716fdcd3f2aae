"""The files with which an administrator deploys the add-in to the users of an organisation."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from betaneutral_xl.hosts.office import metadata
from betaneutral_xl.hosts.office.manifest import manifest
from betaneutral_xl.hosts.office.page import FROM_MICROSOFT, PAGE, STATIC, html
from betaneutral_xl.hosts.office.place import Place
from betaneutral_xl.system.saving import make_folder, save


def write(place: Place, folder: Path) -> Iterator[Path]:
    """Write manifest, functions.json and the page to a folder; yield what was written.

    Raises
    ------
    Unwritable
        If the folder cannot be written to.

    """
    make_folder(folder)
    files = {
        "manifest.xml": manifest(place.base),
        "functions.json": json.dumps(metadata.functions(), indent=2).encode(),
    }
    for name, content in files.items():
        save(folder / name, content)
        yield folder / name
    page = folder / "page"
    shutil.copytree(STATIC, page, dirs_exist_ok=True, ignore=shutil.ignore_patterns(PAGE))
    save(page / "taskpane.html", html(FROM_MICROSOFT).encode())
    yield page
