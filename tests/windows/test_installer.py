"""The installer for people without Python: built, unpacked, run and removed on Windows."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from typing import TYPE_CHECKING

import pytest
import windows_lane

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from windows_lane import Lane

PROFILE = r"C:\work\nobody"

VERSION = """\
import sys
sys.path[:0] = {folders!r}
from xlwings_dll import served
with served("C:\\\\work\\\\model.xlsx") as server:
    print("answers", server.CallUDF("betaneutral_xl.hosts.excel.udfs", "BN_VERSION", ()))
"""
"""What Excel does with the first formula: start the Python that is named for the user, call a function."""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "build_installer", windows_lane.ROOT / "tools/build_installer.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def unpacked(lane: Lane, tool: ModuleType) -> Path:
    """Build the zip from the lane's wheels, and unpack it as a user does."""
    content = tool.build(lane.prefix.parent.parent / "downloads")
    folder = lane.work / "My Downloads"
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        package.extractall(folder)
    (folder / tool.FOLDER / tool.PYTHON / "_wmi.pyd").unlink()  # Wine 8 ends the process that asks
    return folder / str(tool.FOLDER)


def environment() -> dict[str, str]:
    """Return a user who has no Python."""
    return {
        "USERPROFILE": PROFILE,
        "APPDATA": PROFILE + r"\AppData\Roaming",
        "LOCALAPPDATA": PROFILE + r"\AppData\Local",
        "BETANEUTRAL_CACHE": PROFILE + r"\cache",
        "BETANEUTRAL_UNATTENDED": "1",
        "PYTHONHOME": r"C:\nothing",  # of another Python: must not matter
    }


@pytest.mark.timeout(900)  # it copies some thousand files
def test_a_double_click_installs_a_working_add_in_and_another_removes_it(lane: Lane, unpacked: Path) -> None:
    (lane.work / "nobody").mkdir()
    script = rf"C:\work\My Downloads\{unpacked.name}\Install.cmd"
    done = lane.run("cmd", "/c", script, env=environment(), timeout=600)
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, said
    home = lane.work / "nobody"
    python = home / "AppData/Local/Programs/Beta Neutral/python/python.exe"
    assert f"ok  Excel's Python: named in {PROFILE}" in said
    assert "ok  Add-in: loaded by Excel from " in said
    assert (home / "AppData/Roaming/Microsoft/AddIns/betaneutral.xlam").exists()
    named = (home / ".betaneutral_xl/betaneutral_xl.conf").read_text(encoding="cp1252")
    assert named.lower().endswith(r'beta neutral\python\python.exe"' + "\n")
    assert python.exists()

    folders = [windows_lane.windows_path(windows_lane.ROOT / "tests" / "windows" / "real_com")]
    first = lane.python("-c", VERSION.format(folders=folders), env={"USERPROFILE": PROFILE}, timeout=300)
    assert b"answers betaneutral_xl 0." in first.stdout, first.stderr.decode(errors="replace")[-3000:]

    remove = PROFILE + r"\AppData\Local\Programs\Beta Neutral\Uninstall.cmd"
    done = lane.run("cmd", "/c", remove, env=environment(), timeout=300)
    assert b"Removed: " in done.stdout, (done.stdout + done.stderr).decode(errors="replace")
    assert not (home / "AppData/Roaming/Microsoft/AddIns/betaneutral.xlam").exists()
    assert not python.exists()
