"""Files that another program has open, as Excel has a workbook."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import win32con
import win32file
from windows_excel import TEMPLATE

from betaneutral_xl.hosts.cli import main


@contextmanager
def open_in_excel(path: Path) -> Iterator[None]:
    """Hold a file as Excel holds a workbook: others may read it."""
    handle = win32file.CreateFile(
        str(path),
        win32con.GENERIC_READ | win32con.GENERIC_WRITE,
        win32con.FILE_SHARE_READ,
        None,
        win32con.OPEN_EXISTING,
        0,
        None,
    )
    try:
        yield
    finally:
        handle.Close()


def test_a_report_that_is_open_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.xlsx"
    report.write_bytes(b"the old one")
    with open_in_excel(report):
        assert main(["rebalance", "--sample", "--report", str(report)]) == 2
    *_, line = capsys.readouterr().err.splitlines()  # after the note that the report has no orders
    assert "close the file elsewhere" in line
    assert report.read_bytes() == b"the old one"
    assert list(tmp_path.glob("*.tmp")) == []


def test_a_workbook_that_is_open_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workbook = tmp_path / "betaneutral.xlsm"
    shutil.copy(TEMPLATE, workbook)
    before = workbook.read_bytes()
    with open_in_excel(workbook):
        assert main(["workbook", "run", str(workbook)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert workbook.name in line
    assert workbook.read_bytes() == before


@pytest.mark.parametrize("name", ["CON.xlsx", "NUL.xlsx", f"{'x' * 250}/r.xlsx", "a?b.xlsx", "a:b.xlsx"])
def test_a_name_that_windows_does_not_take_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["rebalance", "--sample", "--report", str(tmp_path / name)]) == 2
    *_, line = capsys.readouterr().err.splitlines()  # likewise
    assert line.startswith("betaneutral-xl: Cannot ")


def test_the_installed_workbook_that_is_open_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workbook = tmp_path / "betaneutral.xlsm"
    installation = ["excel", "install", "--workbook", "--folder", str(tmp_path)]
    assert main(installation) == 0
    with open_in_excel(workbook):
        assert main(installation) == 2
        assert main(["excel", "uninstall"]) == 2
        (*_, line) = capsys.readouterr().err.splitlines()
        assert "Close Excel" in line
    assert workbook.exists()
    assert main(["excel", "uninstall"]) == 0
    assert not workbook.exists()


def test_an_add_in_that_is_open_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPDATA", str(tmp_path))
    add_in = tmp_path / "Microsoft" / "AddIns" / "betaneutral.xlam"
    assert main(["excel", "install", "--folder", str(tmp_path)]) == 0
    with open_in_excel(add_in):
        assert main(["excel", "install", "--folder", str(tmp_path)]) == 2
        assert main(["excel", "uninstall"]) == 2
        *_, line = capsys.readouterr().err.splitlines()
        assert "Close Excel" in line
    assert add_in.exists()
    assert main(["excel", "uninstall"]) == 0
    assert not add_in.exists()
