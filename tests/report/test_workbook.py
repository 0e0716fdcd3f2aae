from __future__ import annotations

import io
import re
import subprocess
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import openpyxl
import pytest

from betaneutral_xl.errors import Unwritable
from betaneutral_xl.neutral import neutralise
from betaneutral_xl.portfolio import Etf, Holdings
from betaneutral_xl.report import build_report, write_report
from betaneutral_xl.risk import Covariance

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from betaneutral_xl.rebalance import Rebalance

STAMP = datetime(2025, 11, 18, 12, 0, tzinfo=UTC)


@pytest.fixture
def hedge(book: Holdings, etf: Etf, risk: Covariance) -> Rebalance:
    """Return the hedge of the notebook's example against two ETFs."""
    return neutralise(book, [etf, Etf.from_weights({"B": 0.9, "C": 0.1}, name="QQQ")], risk)


def cells(sheet: Worksheet) -> dict[str, object]:
    return {
        cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None
    }


def test_the_weights_sheet_is_the_results_table(hedge: Rebalance) -> None:
    book = openpyxl.load_workbook(io.BytesIO(build_report(hedge)))
    rows = list(book["Weights"].iter_rows(values_only=True))
    assert rows[0] == hedge.columns
    assert [row[0] for row in rows[1:]] == ["A", "B", "C", "CASH"]
    for shown, computed in zip(rows[1:-1], hedge.rows(), strict=False):
        assert shown[1:] == pytest.approx(computed[1:], rel=1e-15)  # the file keeps 16 digits


def test_where_every_input_came_from_is_in_the_workbook(hedge: Rebalance) -> None:
    book = openpyxl.load_workbook(io.BytesIO(build_report(hedge, "betaneutral-xl demo", STAMP)))
    text = " ".join(str(value) for value in cells(book["Provenance"]).values())
    for expected in (
        "portfolio",
        "ETF AI",
        "ETF QQQ",
        "risk model",
        "given in memory",
        "betaneutral-xl demo",
    ):
        assert expected in text
    assert "2025-11-18T12:00:00+00:00" in text


def test_warnings_stand_on_the_first_sheet(etf: Etf, risk: Covariance) -> None:
    half = Holdings.from_weights({"A": 0.5})
    book = openpyxl.load_workbook(io.BytesIO(build_report(neutralise(half, [etf], risk))))
    assert any("add to 0.5000" in str(value) for value in cells(book["Summary"]).values())


def test_hostile_text_stays_text(risk: Covariance) -> None:
    hostile = '=HYPERLINK("http://x","y")'
    held = Holdings.from_weights({hostile: 0.5, "@SUM(A1)": 0.5}, fund="+cmd|' /C calc'!A0")
    names = list(held.tickers)
    model = Covariance.from_matrix([*names, "A"], risk.form.dense())
    result = neutralise(held, [Etf.from_weights({"A": 1.0}, name="-1+1")], model)
    content = build_report(result, command="=1+1")
    book = openpyxl.load_workbook(io.BytesIO(content))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert not re.search(r"HYPERLINK|cmd|@|1\+1", str(cell.value)), cell.coordinate
    assert book["Weights"]["A2"].value in names
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not any("externalLink" in name or "vba" in name for name in archive.namelist())


def test_a_folder_that_cannot_be_written_to_leaves_nothing_half_written(
    hedge: Rebalance, tmp_path: Path
) -> None:
    with pytest.raises(Unwritable, match=r"Cannot write report\.xlsx"):
        write_report(hedge, tmp_path / "absent" / "report.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_libreoffice_recalculates_every_formula_to_what_was_computed(
    hedge: Rebalance, tmp_path: Path, soffice: str
) -> None:
    write_report(hedge, tmp_path / "report.xlsx")
    subprocess.run(  # noqa: S603 - the command was found on the path, the files are ours
        [
            soffice,
            f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(tmp_path / "out"),
            str(tmp_path / "report.xlsx"),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    book = openpyxl.load_workbook(tmp_path / "out" / "report.xlsx", data_only=True)
    values = [value for row in book["Checks"].iter_rows(values_only=True) for value in row]
    verdicts = [value for value in values if isinstance(value, bool)]
    assert len(verdicts) == 8 + len(hedge.checks())
    assert all(verdicts)
    assert not any(str(value).startswith("#") for sheet in book for value in cells(sheet).values())
