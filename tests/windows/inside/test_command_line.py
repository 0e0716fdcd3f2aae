from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest

if TYPE_CHECKING:
    import subprocess

    Program = Callable[..., subprocess.CompletedProcess[bytes]]

NAME = "Nvidia \N{EN DASH} \N{CJK UNIFIED IDEOGRAPH-65E5}\N{CJK UNIFIED IDEOGRAPH-672C} \u0141\u00f3d\u017a"
"""Letters that no code page of Windows has together."""


@pytest.fixture
def etf_file(tmp_path: Path) -> Path:
    path = tmp_path / "etf.csv"
    path.write_text(f"Ticker,Name,Weight\nNVDA,{NAME},60\nMSFT,Microsoft,40\n", encoding="utf-8")
    return path


def test_the_sample_is_rebalanced(program: Program, tmp_path: Path) -> None:
    done = program("rebalance", "--sample", "--report", "report.xlsx")
    assert done.returncode == 0, done.stderr
    assert "CASH" in done.stdout.decode("utf-8")
    assert openpyxl.load_workbook(tmp_path / "report.xlsx").sheetnames[0] == "Summary"


def test_the_answer_is_that_of_other_systems(program: Program) -> None:
    answer = json.loads(program("rebalance", "--sample", "--json").stdout)
    assert answer["beta_before"]["JHAI"] == pytest.approx(0.5222519166842091, abs=1e-12)
    assert answer["beta_after"]["JHAI"] == pytest.approx(0.0, abs=1e-12)
    assert answer["turnover"] == pytest.approx(0.26115207093793874, abs=1e-12)


@pytest.mark.parametrize("option", ["--json", "--csv"])
def test_output_for_machines_is_utf_8_in_a_pipe(program: Program, etf_file: Path, option: str) -> None:
    done = program("etf", str(etf_file), option)
    assert (done.returncode, done.stderr) == (0, b"")
    assert NAME in done.stdout.decode("utf-8")


def test_lines_of_csv_end_once(program: Program, etf_file: Path) -> None:
    out = program("etf", str(etf_file), "--csv").stdout
    assert b"\r\r\n" not in out
    assert len(list(csv.reader(io.StringIO(out.decode("utf-8"), newline="")))) == len(out.splitlines())


def test_tables_are_utf_8_in_a_pipe(program: Program, etf_file: Path) -> None:
    done = program("etf", str(etf_file))
    assert (done.returncode, done.stderr) == (0, b"")
    assert NAME in done.stdout.decode("utf-8")


def test_messages_are_utf_8_in_a_pipe(program: Program) -> None:
    done = program("etf", f"{NAME}.csv")
    assert done.returncode == 2
    assert NAME in done.stderr.decode("utf-8")


def test_help_is_shown(program: Program) -> None:
    done = program("--help")
    assert done.returncode == 0
    assert b"rebalance" in done.stdout


def test_a_reader_that_has_seen_enough_is_no_error(program: Program) -> None:
    done = program("excel", "check")
    assert b"Traceback" not in done.stderr
