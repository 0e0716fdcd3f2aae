from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import openpyxl

from betaneutral_xl.hosts.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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


def test_the_demo_imports_no_slow_packages(tmp_path: Path) -> None:
    """Start-up time is imports: pandas and requests cost half a second and are not needed."""
    script = (
        "import sys; from betaneutral_xl.hosts.cli import main; main(['demo']);"
        "heavy = {'pandas', 'requests', 'keyring', 'xlwings', 'sklearn'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
