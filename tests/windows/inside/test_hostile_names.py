"""Names of files that Windows treats in its own way: devices, streams, other machines, letters, lengths."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import win32api
import win32con

from betaneutral_xl.errors import Unwritable
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job import etf_days
from betaneutral_xl.job.inputs import etf_file, read
from betaneutral_xl.model.portfolio import Etf
from betaneutral_xl.system.saving import save
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from windows_excel import OpenWorkbook

HOLDINGS = "Ticker,Weight\nNVDA,60%\nMSFT,40%\n"


def only_line(capsys: pytest.CaptureFixture[str]) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    "name", ["NUL", "nul.csv", "COM1", r"\\.\PIPE\wkssvc", r"\\.\C:", "C:", r"C:\windows"]
)
def test_a_device_or_a_folder_is_no_holdings_file(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["betas", "--holdings", name, "--sample"]) == 2
    line = only_line(capsys)
    assert line.startswith("betaneutral-xl: ")
    assert "defect" not in line


@pytest.mark.parametrize(
    "path",
    [
        r"\\server\share\SMH.csv",
        "//server/share/SMH.csv",
        r"\\?\UNC\server\share\x.csv",
        r"\\.\pipe\x",
        "file://server/x.csv",
    ],
)
def test_a_cell_reaches_no_other_machine(workbook: OpenWorkbook, path: str) -> None:
    assert "is on another machine" in workbook.call("LOAD_ETF", path)


@pytest.mark.parametrize("path", ["NUL", "con", r"C:\work\AUX.csv", "COM1:", "CONIN$", "-"])
def test_a_cell_waits_for_no_device(workbook: OpenWorkbook, path: str) -> None:
    assert workbook.call("LOAD_ETF", path + ("" if "." in path or path == "-" else ".csv")).startswith(
        "#BETA! "
    )


@pytest.mark.parametrize("name", ["CON", "nul.xlsx", "COM1.csv", "report.xlsx:hidden", "report.xlsx::$DATA"])
def test_neither_a_device_nor_a_stream_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "report.xlsx").write_bytes(b"mine")
    with pytest.raises(Unwritable, match="to Windows that is a device, or a part of a file"):
        save(tmp_path / name, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["report.xlsx"]
    assert (tmp_path / "report.xlsx").read_bytes() == b"mine"


def test_a_read_only_file_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.xlsx"
    report.write_bytes(b"mine")
    win32api.SetFileAttributes(str(report), win32con.FILE_ATTRIBUTE_READONLY)
    try:
        assert main(["rebalance", "--sample", "--report", str(report)]) == 2
        *_, line = capsys.readouterr().err.splitlines()
        assert "it is read-only" in line
        assert report.read_bytes() == b"mine"
    finally:
        win32api.SetFileAttributes(str(report), win32con.FILE_ATTRIBUTE_NORMAL)


def test_names_differ_by_more_than_their_case(tmp_path: Path) -> None:
    save(tmp_path / "Report.csv", b"first")
    save(tmp_path / "REPORT.CSV", b"second")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"second"]


@pytest.mark.parametrize("name", ["PRN", "AUX", "con", "AI / ML"])
def test_an_etf_that_windows_takes_for_a_device_has_its_days_kept(tmp_path: Path, name: str) -> None:
    settings = Settings(records=tmp_path / "records")
    table = tmp_path / "etf.csv"
    table.write_text("Holdings as of 2026-07-01\nTicker,Weight\nNVDA,100%\n", encoding="utf-8")
    one = read(etf_file(table), Etf)
    assert etf_days.keep(one.raw_input, replace(one.value, name=name), settings)
    assert etf_days.days(name, settings) == (date(2026, 7, 1),)


def test_a_path_longer_than_windows_own_limit_is_read_or_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = tmp_path.joinpath(*["x" * 60] * 5)
    try:
        os.makedirs(f"\\\\?\\{deep}")  # noqa: PTH103 - pathlib does not make such a path
    except OSError:
        pytest.skip("this Windows makes no such folder")
    Path(f"\\\\?\\{deep / 'holdings.csv'}").write_text(HOLDINGS, encoding="utf-8")
    code = main(["holdings", str(deep / "holdings.csv")])
    told = capsys.readouterr()
    assert code in {0, 2}
    assert "NVDA" in told.out if code == 0 else "holdings.csv" in told.err


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "cp932", "ascii"])
def test_letters_that_a_console_lacks_end_no_command(tmp_path: Path, encoding: str) -> None:
    table = tmp_path / "etf.csv"
    table.write_text("Ticker,Name,Weight\nNVDA,日本 Łódź ± €,100\n", encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", "betaneutral_xl", "etf", str(table)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        input=b"",
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"NVDA" in done.stdout


def test_a_name_in_other_letters_is_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "Höldings 日本 ± €.CSV"
    table.write_text(HOLDINGS, encoding="utf-8")
    assert main(["holdings", str(table)]) == 0
    assert main(["holdings", str(table).upper()]) == 0
    assert capsys.readouterr().out.count("NVDA") >= 2
