"""A real LibreOffice with the extension, for the tests of its cells and its buttons.

The module ``uno`` exists only in LibreOffice's own Python, so ``calc_driver`` runs there and executes
the operations requested here.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import pytest

import betaneutral_xl
from betaneutral_xl.hosts.calc import extension
from betaneutral_xl.hosts.remote.client.channel import STRIPPED_ENVIRONMENT
from betaneutral_xl.system import libreoffice

Value = TypeVar("Value")

DRIVER = Path(__file__).with_name("calc_driver.py")

TIMEOUT = 60.0
"""Seconds after which an expected event counts as missing."""

KINDS = {".xlsx": "Calc MS Excel 2007 XML", ".xlsm": "Calc MS Excel 2007 VBA XML", ".ods": "calc8"}
"""LibreOffice's names of file formats."""

WORKER = "betaneutral_xl.hosts.calc.worker"

QUIET = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
{}
</oor:items>
"""
NO_GREETINGS = {
    ("Common/Misc", "FirstRun"): "false",
    ("Common/Misc", "ShowTipOfTheDay"): "false",
    ("Common/Misc", "ShowDonation"): "false",
    ("Calc/Formula/Load", "OOXMLRecalcMode"): "1",
}
"""Settings of a profile: no first-start dialogs, no recalculation on loading."""


def until(look: Callable[[], Value], seconds: float = TIMEOUT) -> Value:
    """Poll until a value is true or the time-out, and return the last value."""
    end = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(0.01)
    return seen


def with_uno(office: libreoffice.Office) -> Path:
    """Return a Python that has the module ``uno``."""
    for python in office.pythons:
        probe = subprocess.run([python, "-c", "import uno"], check=False, capture_output=True)  # noqa: S603 - LibreOffice's
        if probe.returncode == 0:
            return python
    pytest.skip("no Python has the module uno (Debian: python3-uno)")


def unpacked(folder: Path) -> Path:
    """Return a folder with the unpacked extension, whose worker runs the package under test."""
    python = folder / "python"
    source = Path(betaneutral_xl.__file__).parents[1]
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{source}" exec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    with zipfile.ZipFile(io.BytesIO(extension.build(python))) as package:
        package.extractall(folder / "extensions" / "betaneutral")
    return folder / "extensions"


def arguments(folder: Path) -> list[str]:
    """Return the arguments of LibreOffice, for a new profile with the extension in a folder."""
    profile = folder / "profile"
    settings = "\n".join(
        f'<item oor:path="/org.openoffice.Office.{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for (path, name), value in NO_GREETINGS.items()
    )
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(QUIET.format(settings), encoding="utf-8")
    return [
        f"-env:UserInstallation={profile.as_uri()}",
        f"-env:BUNDLED_EXTENSIONS={unpacked(folder).as_uri()}",
    ]


def environment_of(folder: Path, others: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a headless LibreOffice, with the cache in a folder."""
    return {
        **{name: text for name, text in os.environ.items() if name not in {*STRIPPED_ENVIRONMENT, "DISPLAY"}},
        "BETANEUTRAL_CACHE": str(folder / "cache"),
        "BETANEUTRAL_RECORDS": str(folder / "records"),
        "BETANEUTRAL_DOWNLOADS": str(folder),
        **others,
    }


class Office:
    """A LibreOffice with a temporary profile.

    Parameters
    ----------
    folder
        Takes the profile, the extension and the cache.
    environment
        What it finds in its environment besides.
    display
        The screen on which it shows its windows; none where it is to have none.

    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None, display: str | None = None
    ) -> None:
        """Start it."""
        self.extension = folder / "extensions" / "betaneutral" / "pythonpath"
        office = self.office = libreoffice.find()[0]
        self.environment = environment_of(folder, environment or {})
        shown = ["--headless"]
        if display is not None:
            shown = []
            self.environment |= {"DISPLAY": display, "SAL_USE_VCLPLUGIN": "gen"}
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        python, soffice = with_uno(office), office.soffice.with_name("soffice.bin")
        command = [python, DRIVER, soffice, *arguments(folder), "--norestore", "--nologo", "--nodefault"]
        self._driver = subprocess.Popen(  # noqa: S603 - our own script
            [*map(str, command), *shown],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=self.environment,
            text=True,
            encoding="utf-8",
        )
        self.pid: int = self.do("pid")

    def do(self, what: str, **options: Any) -> Any:
        """Run an operation of the driver, and return its result."""
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.write(json.dumps({"do": what, "arguments": options}) + "\n")
        self._driver.stdin.flush()
        line = self._driver.stdout.readline()
        if not line:
            self._said.seek(0)
            pytest.fail(f"LibreOffice's driver ended: {self._said.read().decode(errors='replace')[-2000:]}")
        reply = json.loads(line)
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply["value"]

    def new(self, *, visible: bool = False) -> Document:
        """Return a new document."""
        return Document(self, self.do("open", url="private:factory/scalc", visible=visible))

    def open(self, path: Path, *, visible: bool = False) -> Document:
        """Return the document of a file."""
        return Document(self, self.do("open", url=path.as_uri(), visible=visible))

    def call(self, name: str, *values: Any) -> Any:
        """Call a function of the extension through FunctionAccess; see ``Document.area``."""
        return self.do("call", name=f"{extension.SERVICE}.{name}".upper(), values=list(values))

    def settle(self) -> None:
        """Wait until all arrays are resized, and dependent formulas recalculated."""
        for _ in range(3):
            self.do("settle")

    @property
    def workers(self) -> list[int]:
        """The worker processes of this LibreOffice."""
        return [pid for pid in _children(self.pid) if WORKER in _command(pid)]

    def end(self) -> None:
        """End it."""
        with self._said, self._driver:
            assert self._driver.stdin is not None
            self._driver.stdin.close()
            self._driver.wait(2 * TIMEOUT)

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.end()


class Document:
    """A document open in a LibreOffice.

    An address is a range such as ``A1:B3``, which is on the first sheet, or ``Neutral.A6``.
    """

    def __init__(self, office: Office, number: int) -> None:
        """Set the document's number in the driver."""
        self.office = office
        self._number = number

    def do(self, what: str, **options: Any) -> Any:
        """Run an operation of the driver on the document."""
        return self.office.do(what, document=self._number, **options)

    def enter(self, at: str, content: str | float) -> None:
        """Enter a formula, a number or a text in a cell."""
        self.do("enter", at=at, content=content)

    def enter_array(self, at: str, formula: str) -> None:
        """Enter an array formula in a range, as Ctrl+Shift+Enter does."""
        self.do("enter_array", at=at, formula=formula)

    def put(self, at: str, rows: Any) -> None:
        """Write values from a cell on."""
        self.do("put", at=at, rows=[["" if cell is None else cell for cell in row] for row in rows])

    def empty(self, at: str) -> None:
        """Clear a range."""
        self.do("empty", at=at)

    def area(self, at: str) -> dict[str, Any]:
        """Return a range as an argument of ``Office.call``."""
        return {"document": self._number, "at": at}

    def rows(self, at: str) -> list[list[Any]]:
        """Return the values of a range."""
        rows: list[list[Any]] = self.do("rows", at=at)
        return rows

    def table(self, at: str) -> list[list[Any]]:
        """Return the values of the array formula that a cell belongs to."""
        rows: list[list[Any]] = self.do("table", at=at)
        return rows

    def used(self, sheet: str) -> list[list[Any]]:
        """Return the values of a sheet."""
        rows: list[list[Any]] = self.do("used", sheet=sheet)
        return rows

    def text(self, at: str) -> str:
        """Return what a cell shows."""
        return str(self.do("cell", at=at)["text"])

    def formula(self, at: str) -> str:
        """Return a cell's formula."""
        return str(self.do("cell", at=at)["formula"])

    @property
    def state(self) -> dict[str, Any]:
        """The state of the document: whether it is modified, its undo steps ..."""
        state: dict[str, Any] = self.do("state")
        return state

    def press(self, button: str) -> None:
        """Press a button of the extension, and wait until it is done."""
        self.do("dispatch", command=extension.PROTOCOL + button)
        assert until(lambda: not self.is_busy(button))

    def is_busy(self, button: str) -> bool:
        """Return whether a button of the extension is running."""
        return not self.do("enabled", command=extension.PROTOCOL + button)

    def save(self) -> None:
        """Save the document in place."""
        self.do("save")

    def save_as(self, path: Path) -> None:
        """Save the document as another file, which becomes its file."""
        self.do("save_as", url=path.as_uri(), kind=KINDS[path.suffix])

    def save_copy(self, path: Path, password: str | None = None) -> None:
        """Save a copy; the document's file stays the same."""
        self.do("save_copy", url=path.as_uri(), kind=KINDS[path.suffix], password=password)

    def close(self) -> None:
        """Close it without saving it."""
        self.do("close")

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):  # a thread that has ended since
            found += map(int, (task / "children").read_text("ascii").split())
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
