"""The pane in an ordinary browser, on a workbook file: for a user without Excel."""

from __future__ import annotations

import html
import os
import shutil
import subprocess
import sys
import webbrowser
from pathlib import Path
from urllib.parse import urlencode

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.office.place import Place
from betaneutral_xl.system.saving import save

DOOR = "open.html"
"""The file that leads the browser to the page. Its address, which has the secret, is on no command line:
other users of the machine can read those."""


def show(place: Place, file: Path | None) -> str:
    """Open the page in the browser for a workbook, or for the sample; return what it shows."""
    query = urlencode({"file": str(file.resolve())}) if file else ""
    address = html.escape(f"{place.base}/browser.html?{query}", quote=True)
    page = f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={address}">'
    door = place.folder / DOOR
    save(door, page.encode(), private=True)
    if not webbrowser.open(door.as_uri()):
        msg = f"No browser was found. Open this file in one: {door}"
        raise HostError(msg)
    return file.name if file else "the sample"


def show_file(file: Path) -> str:
    """Open a workbook in Excel, on Linux in the program that the system has for it; return its name.

    Raises
    ------
    HostError
        If there is none.

    """
    if not file.is_file():
        msg = f"There is no {file}. Run: betaneutral-xl office install"
        raise HostError(msg)
    return _opened(file, ["-a", "Microsoft Excel"] if sys.platform == "darwin" else [])


def open_in_its_program(file: Path) -> str:
    """Open a file with the program that the system has for its kind; return its name.

    Raises
    ------
    HostError
        If there is none, or the file is no longer there.

    """
    if not file.is_file():
        msg = f"{file.name} is no longer in {file.parent}. Press the button again."
        raise HostError(msg)
    return _opened(file, [])


def _opened(file: Path, application: list[str]) -> str:
    if sys.platform == "win32":
        os.startfile(file)  # noqa: S606 - the user's own file
        return file.name
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if opener is None:
        msg = f"No program was found to open {file.name}. Open it yourself: {file}"
        raise HostError(msg)
    command = [opener, *application, str(file)]
    done = subprocess.run(  # noqa: S603 - likewise
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # what it tried
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        msg = f"{file.name} could not be opened. Open it yourself: {file}"
        raise HostError(msg)
    return file.name
