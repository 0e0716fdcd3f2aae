"""The installer for people without Python, on a Windows that has none: built, run, used, updated, removed.

Two things are Wine's alone. Wine 8 ends a process that asks Windows' management interface, so the zip's
``_wmi.pyd`` is removed after it is unpacked; and there is no Excel, which ``excel check`` says.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

import build_installer
import pytest
import windows_lane

from betaneutral_xl import __version__

if TYPE_CHECKING:
    import subprocess

    from windows_lane import Lane

USER = "Anna Müller"
PROFILE = Path("users") / USER
TARGET = PROFILE / "AppData" / "Local" / "Programs" / "Beta Neutral"
PROGRAM = str(PureWindowsPath("C:/", TARGET))
PYTHON = PROGRAM + r"\python\python.exe"
APPS = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\BetaNeutral"
SCRIPT = Path(__file__).parent / "real_com" / "one_workbook.py"


@pytest.fixture
def windows(lane: Lane) -> Iterator[Lane]:
    """Return a Windows of a user who has nothing but the unpacked zip."""
    downloads = lane.prefix.parent.parent / "downloads"
    installer = lane.work / "installer.zip"
    installer.write_bytes(build_installer.build(downloads))
    with windows_lane.fresh(lane, USER) as fresh:
        with zipfile.ZipFile(installer) as package:
            package.extractall(fresh.drive / "unpacked")
        yield fresh


def run(windows: Lane, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a line of Windows' shell."""
    return windows.run("cmd", "/c", *command, cwd=cwd, env={"BETANEUTRAL_UNATTENDED": "1"}, timeout=900)


def told(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return what a command printed; fail if it did not succeed."""
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
    return done.stdout.decode("utf-8", errors="replace")


def remains(windows: Lane) -> list[str]:
    """Return what is in the user's folders and has our name."""
    folders = (windows.drive / PROFILE, windows.prefix.parent / "home")
    return [str(path) for folder in folders for path in folder.rglob("*") if "neutral" in path.name.lower()]


@pytest.mark.timeout(1200)  # thousands of files are written through Wine
def test_a_user_without_python_installs_uses_and_removes_it(windows: Lane) -> None:
    unpacked = windows.drive / "unpacked" / build_installer.FOLDER
    assert sorted(path.name for path in unpacked.iterdir()) == ["Install.cmd", "Read me.txt", "python"]
    (unpacked / "python" / "_wmi.pyd").unlink()

    text = told(run(windows, "Install.cmd", cwd=unpacked))
    assert re.findall("(?m)^--.*$", text) == ["--  Excel: is not installed for this user\r"]
    assert f"ok  Python: 3.13.2 at {PYTHON}\r\n" in text
    assert "ok  Add-in: loaded by Excel from " in text
    assert f"DisplayVersion    REG_SZ    {__version__}" in told(run(windows, "reg", "query", APPS))

    assert told(run(windows, "betaneutral-xl", "--version")) == f"betaneutral-xl {__version__}\r\n"
    found = json.loads(told(windows.run(PYTHON, windows_lane.windows_path(SCRIPT), timeout=300)))
    assert found["python"] == PYTHON
    assert found["holdings"] > 30
    assert found["insert"].startswith("Added to model.xlsx: Start, Settings, ")
    assert found["rebalance"].startswith("Beta to JHAI 0.52 ")
    assert found["check"].startswith(f"Built with betaneutral_xl {__version__}")

    (windows.drive / TARGET / "notes.txt").write_text("the user's own", encoding="utf-8")
    told(run(windows, PROGRAM + r"\Uninstall.cmd"))
    assert remains(windows) == [str(windows.drive / TARGET)]
    assert [path.name for path in (windows.drive / TARGET).iterdir()] == ["notes.txt"]
    assert run(windows, "reg", "query", APPS).returncode != 0
    assert "Beta Neutral" not in told(run(windows, "reg", "query", r"HKCU\Environment"))
