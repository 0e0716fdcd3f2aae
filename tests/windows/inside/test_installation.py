"""``betaneutral-xl excel`` on a Windows Python into which pip has installed the package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import win32api
from windows_excel import TEMPLATE

from betaneutral_xl.hosts.excel import user_files

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Program = Callable[..., subprocess.CompletedProcess[bytes]]


def test_install_check_and_uninstall(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "Beta Neutral"
    done = program("excel", "install", "--folder", str(folder))
    assert (done.returncode, done.stderr) == (0, b"")
    workbook = folder / "betaneutral.xlsm"
    told = program("excel", "check", str(workbook)).stdout.decode("utf-8")
    assert "ok  betaneutral.xlsm: built for betaneutral_xl" in told
    assert "ok  Excel's Python: named in " in told
    assert "--  Excel: is not installed for this user" in told
    files = tmp_path / "profile" / user_files.FOLDER
    assert files.exists()
    assert program("excel", "uninstall").returncode == 0
    assert not workbook.exists()
    assert not files.exists()


def test_before_the_installation_the_check_says_so(program: Program) -> None:
    assert (
        b"--  Excel's Python: Excel finds no Python for this user. Run: " in program("excel", "check").stdout
    )


def test_uninstall_leaves_the_library_that_excel_has_loaded(program: Program, tmp_path: Path) -> None:
    program("excel", "install", "--folder", str(tmp_path / "Beta Neutral"))
    (library,) = (tmp_path / "profile" / user_files.FOLDER).glob("xlwings64-*.dll")
    loaded = win32api.LoadLibrary(str(library))
    try:
        done = program("excel", "uninstall")
        assert done.returncode == 2
        assert b"Close Excel, then run excel uninstall again." in done.stderr
        assert len(done.stderr.splitlines()) == 1
    finally:
        win32api.FreeLibrary(loaded)
    assert program("excel", "uninstall").returncode == 0
    assert not library.exists()


def test_the_library_of_a_user_s_own_installation_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPDATA", str(tmp_path / "AppData" / "Roaming"))
    monkeypatch.setenv("BETANEUTRAL_CACHE", str(tmp_path / "cache"))
    python = [sys.executable, "-m"]
    pip = [*python, "pip", "install", "-q", "--user", "--ignore-installed", "--no-deps", "--no-index"]
    subprocess.run(  # noqa: S603 - pip
        [*pip, "--no-warn-script-location", "--find-links", os.environ["LANE_WHEELS"], "xlwings"],
        check=True,
        input=b"",
        capture_output=True,
    )
    (library,) = (tmp_path / "AppData").rglob("xlwings64-*.dll")
    assert library.parent != Path(sys.executable).parent
    where = "from betaneutral_xl.hosts.excel import user_files; print(*user_files.libraries(), sep='\\n')"
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", where], check=True, input=b"", capture_output=True, cwd=TEMPLATE.parents[1]
    )
    assert str(library) in done.stdout.decode().splitlines()


def test_python_s_files_are_not_where_windows_redirects_those_of_the_store() -> None:
    for redirected in ("APPDATA", "LOCALAPPDATA"):
        assert not user_files.folder().is_relative_to(os.environ[redirected])
