"""``betaneutral-xl excel`` on a Windows Python into which pip has installed the package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import win32api
import win32gui
from windows_excel import TEMPLATE

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.excel import addin, policies, registry, user_files
from betaneutral_xl.hosts.files.addin_links import LinkedFile

if TYPE_CHECKING:
    Program = Callable[..., subprocess.CompletedProcess[bytes]]


def test_install_check_and_uninstall(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "Beta Neutral"
    done = program("excel", "install", "--folder", str(folder))
    assert (done.returncode, done.stderr) == (0, b"")
    add_in = tmp_path / "profile" / "AppData" / "Roaming" / "Microsoft" / "AddIns" / "betaneutral.xlam"
    workbook = folder / "betaneutral.xlsx"
    assert add_in.exists()
    assert addin.loaded() == [str(add_in)]
    assert LinkedFile(workbook.read_bytes()).add_ins == [str(add_in)]
    told = program("excel", "check", str(workbook)).stdout.decode("utf-8")
    assert f"ok  Add-in: loaded by Excel from {add_in}" in told
    assert "ok  betaneutral.xlam: built for betaneutral_xl" in told
    assert "ok  betaneutral.xlsx: takes its functions from the add-in of this user" in told
    assert "ok  Excel's Python: named in " in told
    assert "ok  Macros: allowed by Excel's settings" in told
    assert "--  Excel: is not installed for this user" in told
    files = tmp_path / "profile" / user_files.FOLDER
    assert files.exists()
    assert program("excel", "uninstall").returncode == 0
    assert not any(path.exists() for path in (add_in, workbook, files))
    assert addin.loaded() == []


def test_the_add_ins_of_others_stay_registered(program: Program, tmp_path: Path) -> None:
    other = {"OPEN": r'"C:\Tools\other.xlam"', "OPEN1": r'/R "C:\Tools\third.xll"'}
    registry.change(addin.OPTIONS, {**other})
    try:
        program("excel", "install", "--folder", str(tmp_path))
        values = registry.values("HKEY_CURRENT_USER", addin.OPTIONS)
        assert values.pop("OPEN2").endswith('betaneutral.xlam"')
        assert values == other
        program("excel", "uninstall")
        assert registry.values("HKEY_CURRENT_USER", addin.OPTIONS) == other
    finally:
        registry.change(addin.OPTIONS, dict.fromkeys(other))


def test_settings_of_administrators_are_told(program: Program) -> None:
    registry.change(policies.POLICIES, {"VBAWarnings": "3"})
    try:
        told = program("excel", "check").stdout
    finally:
        registry.change(policies.POLICIES, {"VBAWarnings": None})
    assert b"--  Macros: Excel runs signed macros only." in told


def test_the_macro_workbook_is_installed_alone_if_asked(program: Program, tmp_path: Path) -> None:
    assert program("excel", "install", "--workbook", "--folder", str(tmp_path)).returncode == 0
    assert [path.name for path in tmp_path.glob("betaneutral.*")] == ["betaneutral.xlsm"]
    assert addin.loaded() == []
    assert b"ok  betaneutral.xlsm: built for" in program("excel", "check", "betaneutral.xlsm").stdout
    assert program("excel", "uninstall").returncode == 0


@pytest.fixture
def window_of_excel() -> Iterator[None]:
    """Show a window of the class that Excel's windows have."""
    kind = win32gui.WNDCLASS()
    kind.lpszClassName = "XLMAIN"
    kind.hInstance = win32api.GetModuleHandle(None)
    kind.lpfnWndProc = win32gui.DefWindowProc
    win32gui.RegisterClass(kind)
    window = win32gui.CreateWindow("XLMAIN", "Book1 - Excel", 0, 0, 0, 10, 10, 0, 0, kind.hInstance, None)
    yield
    win32gui.DestroyWindow(window)
    win32gui.UnregisterClass("XLMAIN", kind.hInstance)


def test_while_excel_is_open_nothing_is_installed(
    window_of_excel: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert main(["excel", "install", "--folder", str(tmp_path / "docs")]) == 5
    assert "Excel is open. Close it, then run excel install again." in capsys.readouterr().err
    assert not (tmp_path / "docs").exists()
    assert not user_files.folder().exists()


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


@pytest.fixture
def store_python(tmp_path: Path) -> Path:
    """Return this Python in the folder that one from the Microsoft Store has; its packages are the same."""
    here = Path(sys.executable).parent
    store = tmp_path / "WindowsApps" / "PythonSoftwareFoundation.Python.3.13_3.13.2_x64__qbz5n2kfra8p0"
    packages = store / "Lib" / "site-packages"
    packages.mkdir(parents=True)
    for file in here.iterdir():
        if file.suffix in {".exe", ".dll", ".pyd", ".zip"} and not file.name.startswith("xlwings"):
            shutil.copyfile(file, store / file.name)
    line = f"import site; site.addsitedir({str(here / 'Lib' / 'site-packages')!r})"
    (packages / "same.pth").write_text(line, encoding="utf-8")
    return store / "python.exe"


def test_a_python_of_the_store_without_excel_leaves_an_instruction_and_nothing_else(
    store_python: Path, tmp_path: Path
) -> None:
    profile = tmp_path / "alice"
    profile.mkdir()
    roaming = profile / "AppData" / "Roaming"
    environment = {"USERPROFILE": str(profile), "APPDATA": str(roaming)}
    done = subprocess.run(  # noqa: S603 - our own
        [store_python, "-m", "betaneutral_xl", "excel", "install", "--folder", str(tmp_path / "docs")],
        env={**os.environ, **environment, "BETANEUTRAL_CACHE": str(tmp_path / "cache")},
        input=b"",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 5, done.stderr
    (line,) = done.stderr.decode("utf-8").splitlines()
    assert line.endswith("Install Python from python.org, and run excel install with that one.")
    assert not (tmp_path / "docs").exists()
    assert not any(path.is_file() for path in profile.rglob("*"))


SIGNTOOL = """\
import sys, zipfile
assert sys.argv[1:-1] == ["sign", "/fd", "SHA256", "/n", "Müller & Söhne", "/tr", "http://t", "/td", "SHA256"]
with zipfile.ZipFile(sys.argv[-1], "a") as package:
    package.writestr("xl/vbaProjectSignatureV3.bin", "signed")
"""
"""Adds a part to the file, as signtool does."""


def test_the_installed_add_in_is_signed_by_the_signtool_on_path(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sign.py").write_text(SIGNTOOL, encoding="utf-8")
    (tmp_path / "signtool.cmd").write_text(
        f'@"{sys.executable}" "{tmp_path / "sign.py"}" %*\r\n', encoding="ascii"
    )
    monkeypatch.setenv("PATH", f"{tmp_path};{os.environ['PATH']}")
    assert program("excel", "install", "--folder", str(tmp_path / "docs")).returncode == 0
    done = program("excel", "sign", "--subject", "Müller & Söhne", "--timestamp", "http://t")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("utf-8").startswith("Signed (V3): ")
    assert program("excel", "uninstall").returncode == 0
