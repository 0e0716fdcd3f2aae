from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from betaneutral_xl.hosts.cli import main


def test_the_demo_makes_the_sample_neutral_and_writes_its_report_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    text = capsys.readouterr().out
    assert "Sample data, for trying things out" in text
    assert "Try next" in text
    sheet = openpyxl.load_workbook(tmp_path / "betaneutral-report.xlsx", data_only=True)["Summary"]
    (row,) = (row for row in sheet.iter_rows(values_only=True) if row[0] == "Beta to JHAI")
    before, after = row[1], row[3]
    assert isinstance(before, float)
    assert 0.4 < before < 0.7
    assert isinstance(after, float)
    assert abs(after) < 1e-10


@pytest.mark.parametrize("words", [["demo"], ["rebalance", "--sample", "--json"]], ids=" ".join)
def test_a_run_of_the_sample_imports_no_slow_packages(words: list[str], tmp_path: Path) -> None:
    """Start-up time is imports: pandas, requests and scipy take longer than all that is done."""
    script = (
        f"import sys; from betaneutral_xl.hosts.cli import main; main({words});"
        "heavy = {'pandas', 'requests', 'keyring', 'xlwings', 'sklearn', 'scipy'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
