from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.sheets.template.self_test_sheets import HEAD_ROW, PASS, SELF_TEST, WAITING

pytest.importorskip("xlwings", reason="xlwings is not installed (pip install 'betaneutral-xl[excel]')")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert main(["workbook", "build"]) == 0
    return tmp_path


def test_build_writes_the_add_in_and_both_workbooks(folder: Path) -> None:
    names = {path.name for path in folder.glob("betaneutral.*")}
    assert names == {"betaneutral.xlam", "betaneutral.xlsm", "betaneutral.xlsx"}
    with zipfile.ZipFile(folder / "betaneutral.xlsm") as package:
        assert {"xl/vbaProject.bin", "customUI/customUI14.xml"} <= set(package.namelist())
    with zipfile.ZipFile(folder / "betaneutral.xlsx") as package:
        assert not [name for name in package.namelist() if "vba" in name or "customUI" in name]


@pytest.mark.parametrize("name", ["betaneutral.xlsm", "betaneutral.xlsx"])
def test_run_runs_a_button_on_a_file(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / name).read_bytes()
    assert main(["workbook", "run", name, "--output", f"done-{name}"]) == 0
    assert "Beta to JHAI 0.52 +/- 0.34 -> 0.00 +/- 0.34; turnover 26.1%" in capsys.readouterr().out
    assert (folder / name).read_bytes() == before
    assert main(["workbook", "run", f"done-{name}", "--button", "orders"]) == 0
    assert len(list(folder.glob("done-betaneutral orders *.csv"))) == 1


def test_a_failed_button_leaves_the_file_unchanged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "betaneutral.xlsx"
    before = file.read_bytes()
    assert main(["workbook", "run", "betaneutral.xlsx", "--button", "restore"]) == 2
    assert "There is no previous proposal to restore" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_copy_needs_the_same_ending(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workbook", "run", "betaneutral.xlsm", "--output", "copy.xlsx"]) == 2
    assert "give it the ending .xlsm" in capsys.readouterr().err


def test_selftest_writes_a_workbook_whose_rows_wait_for_a_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["workbook", "selftest", "--folder", str(tmp_path)]) == 0
    path = tmp_path / "betaneutral-selftest.xlsx"
    assert str(path) in capsys.readouterr().out
    assert main(["workbook", "selftest", "--read", str(path)]) == 5
    captured = capsys.readouterr()
    assert captured.out.startswith("not computed  FETCH_HOLDINGS: weight of MSFT is ")
    assert "rows of betaneutral-selftest.xlsx do not pass" in captured.err


def test_reading_a_selftest_counts_its_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "saved.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = SELF_TEST
    for row, (name, result) in enumerate((("BN_NAMES", PASS), ("Orders", WAITING)), start=HEAD_ROW + 1):
        for column, value in enumerate((name, result, "figure", "1", "1"), start=1):
            sheet.cell(row, column, value)
    book.save(path)
    assert main(["workbook", "selftest", "--read", str(path)]) == 0
    assert "1 of 2 rows pass, 1 wait for their button." in capsys.readouterr().out
