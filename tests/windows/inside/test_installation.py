"""``betaneutral-xl excel`` on a Windows Python into which pip has installed the package."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import openpyxl

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Program = Callable[..., subprocess.CompletedProcess[bytes]]


def test_install_check_and_uninstall(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "Beta Neutral"
    done = program("excel", "install", "--folder", str(folder))
    assert (done.returncode, done.stderr) == (0, b"")
    workbook = folder / "betaneutral.xlsm"
    assert openpyxl.load_workbook(workbook)["xlwings.conf"]["B1"].value == sys.executable
    told = program("excel", "check", str(workbook)).stdout.decode("utf-8")
    assert "ok  betaneutral.xlsm: built for betaneutral_xl" in told
    assert "--  Excel: is not installed for this user" in told
    assert program("excel", "uninstall").returncode == 0
    assert not workbook.exists()
