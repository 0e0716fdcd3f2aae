from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.files.workbook_file import FileWorkbook, changed
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.layout import Sheet

pytest.importorskip("xlwings", reason="xlwings is not installed (pip install 'betaneutral-xl[excel]')")


def test_the_workbook_is_installed_for_this_python_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "Beta Neutral"
    assert main(["excel", "install", "--folder", str(folder)]) == 0
    output = capsys.readouterr().out
    assert "Trusted Locations" in output
    assert main(["excel", "check", str(folder / "betaneutral.xlsm")]) == 0
    assert "ok  betaneutral.xlsm: built for betaneutral_xl" in capsys.readouterr().out
    assert main(["excel", "install", "--folder", str(folder)]) == 0
    assert main(["excel", "uninstall"]) == 0
    assert not (folder / "betaneutral.xlsm").exists()
    assert main(["excel", "uninstall"]) == 5


def test_the_check_compares_both_versions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["excel", "install", "--folder", str(tmp_path)]) == 0
    monkeypatch.setattr("betaneutral_xl.hosts.sheets.template.__version__", "9.9.9")
    main(["excel", "check", str(tmp_path / "betaneutral.xlsm")])
    output = capsys.readouterr().out
    assert "betaneutral.xlsm: built with betaneutral_xl " in output
    assert (
        "but 9.9.9 is installed; rename it, run betaneutral-xl excel install --workbook, and copy" in output
    )


def test_the_workbook_names_the_python_on_a_mac_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("betaneutral_xl.hosts.excel.install.sys.platform", "darwin")
    assert main(["excel", "install", "--folder", str(tmp_path)]) == 0
    conf = openpyxl.load_workbook(tmp_path / "betaneutral.xlsm")["xlwings.conf"]
    assert (conf["A1"].value, conf["B1"].value) == ("INTERPRETER_MAC", sys.executable)


def test_a_changed_workbook_is_neither_removed_nor_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["excel", "install", "--folder", str(tmp_path)]) == 0
    workbook = tmp_path / "betaneutral.xlsm"
    mine = workbook.read_bytes() + b" "
    workbook.write_bytes(mine)
    assert main(["excel", "install", "--folder", str(tmp_path)]) == 5
    assert "has been changed" in capsys.readouterr().err
    assert main(["excel", "uninstall"]) == 0
    assert "Kept, because it has been changed since" in capsys.readouterr().out
    assert workbook.read_bytes() == mine


def test_a_workbook_is_found_again_from_another_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["excel", "install", "--folder", "mine"]) == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["excel", "uninstall"]) == 0
    workbook = tmp_path / "mine" / "betaneutral.xlsm"
    assert f"Removed: {workbook}" in capsys.readouterr().out
    assert not workbook.exists()


def test_workbooks_in_two_folders_are_both_uninstalled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in (*folders, folders[0]):
        assert main(["excel", "install", "--folder", str(folder)]) == 0
    with (folders[1] / "betaneutral.xlsm").open("ab") as file:
        file.write(b" ")
    capsys.readouterr()
    assert main(["excel", "uninstall"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Removed: {folders[0] / 'betaneutral.xlsm'}",
        f"Kept, because it has been changed since: {folders[1] / 'betaneutral.xlsm'}",
    ]


@pytest.mark.parametrize("place", ["taken", "taken/folder"])
def test_a_folder_that_cannot_be_created_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    folder = tmp_path / place
    assert main(["excel", "install", "--folder", str(folder)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"Cannot make the folder {folder.name}: " in line
    assert line.endswith("Choose another one.")


def test_a_workbook_that_is_open_is_kept_and_removed_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(13, "The process cannot access the file", str(path))

    workbook = tmp_path / "betaneutral.xlsm"
    assert main(["excel", "install", "--folder", str(tmp_path)]) == 0
    with monkeypatch.context() as excel:
        excel.setattr(Path, "unlink", refuse)
        assert main(["excel", "uninstall"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(
        "betaneutral.xlsm could not be removed. Close Excel, then run excel uninstall again."
    )
    assert workbook.exists()
    assert main(["excel", "uninstall"]) == 0
    assert not workbook.exists()


ALICE = r"C:\Users\alice\Python312\python.exe"


@pytest.fixture
def of_alice(tmp_path: Path) -> Path:
    """Return a workbook as earlier versions installed it: it names the Python of one machine."""
    path = tmp_path / "alice.xlsm"
    assert main(["workbook", "build", "--folder", str(tmp_path)]) == 0
    book = FileWorkbook(tmp_path / "betaneutral.xlsm")
    rows = cells.read(book.below(Sheet.XLWINGS, 1), Sheet.XLWINGS).rows
    row = len(rows) + 1
    content = (tmp_path / "betaneutral.xlsm").read_bytes()
    path.write_bytes(changed(content, {Sheet.XLWINGS: {(row, 1): "INTERPRETER_WIN", (row, 2): ALICE}}))
    return path


def test_the_workbook_of_a_colleague_is_told_and_repaired(
    of_alice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["excel", "check", str(of_alice)]) == 0
    assert f"--  alice.xlsm: starts {ALICE}, not this Python. Run: " in capsys.readouterr().out
    with zipfile.ZipFile(of_alice) as package:
        before = {name: package.read(name) for name in package.namelist()}
    assert main(["excel", "repair", str(of_alice)]) == 0
    assert f"Repaired: alice.xlsm starts {sys.executable}; before, {ALICE}." in capsys.readouterr().out
    with zipfile.ZipFile(of_alice) as package:
        after = {name: package.read(name) for name in package.namelist()}
    different = {name for name in before if before[name] != after[name]}
    assert len(different) <= 3  # the sheet xlwings.conf, the calculation on load, formats
    assert "xl/vbaProject.bin" not in different
    assert main(["excel", "check", str(of_alice)]) == 0
    assert "not this Python" not in capsys.readouterr().out
    assert main(["excel", "repair", str(of_alice)]) == 5
    assert "starts this Python already" in capsys.readouterr().err


def test_a_workbook_that_names_no_python_needs_no_repair(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["workbook", "build", "--folder", str(tmp_path)]) == 0
    assert main(["excel", "repair", str(tmp_path / "betaneutral.xlsm")]) == 5
    (line,) = capsys.readouterr().err.splitlines()
    assert "betaneutral.xlsm names no Python: Excel takes the one of whoever opens it." in line
