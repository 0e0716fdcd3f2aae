"""Where printing fails at any point, the error says so, and the next attempt works."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest
from failing_files import Faults, Kind, failing

from betaneutral_xl.errors import HostError, Unwritable
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.report import pdf

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its faults are of POSIX systems")

PRINTED = b"%PDF-1.7"

PRINTER = f"""#!/bin/sh
for word; do file="$folder"; folder="$word"; done
[ -z "$BROKEN" ] || exit 1
printf %s '{PRINTED.decode()}' > "$file/report.pdf"
"""
"""Prints to the folder that is the last argument but one."""


@pytest.fixture
def printer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a program in place of LibreOffice; return the folder of temporary files."""
    program, temporary = tmp_path / "soffice", tmp_path / "temporary"
    program.write_text(PRINTER, encoding="utf-8")
    program.chmod(0o755)
    temporary.mkdir()
    monkeypatch.setattr(pdf, "_command", lambda: str(program))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return temporary


@pytest.mark.parametrize("kind", Kind)
def test_each_operation_on_files_in_turn_fails_with_one_line(kind: Kind, printer: Path) -> None:
    errors: list[str] = []
    for number in range(1, 100):
        with failing(Faults(printer, number, kind)) as faults:
            try:
                assert pdf.to_pdf(b"workbook") == PRINTED
            except (HostError, Unwritable) as error:
                errors.append(str(error))
            except KeyboardInterrupt:
                errors.append("interrupted")
        if not faults.happened:
            break
        assert pdf.to_pdf(b"workbook") == PRINTED
    assert len(errors) > 2
    assert all(error.isprintable() for error in errors)


def test_a_report_that_cannot_be_printed_leaves_no_file_and_says_so(
    printer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["report", "--sample", "--pdf", "-o", str(tmp_path / "report.xlsx")]
    monkeypatch.setenv("BROKEN", "yes")
    assert main(words) == 5
    *_, line = capsys.readouterr().err.splitlines()
    assert "LibreOffice did not print the report (CalledProcessError). Nothing was written." in line
    assert not list(tmp_path.glob("report.*"))
    monkeypatch.delenv("BROKEN")
    assert main(words) == 0
    assert (tmp_path / "report.pdf").read_bytes() == PRINTED
    assert not list(tmp_path.glob(".*"))
