from __future__ import annotations

import io
import re
import subprocess
import zipfile
from typing import TYPE_CHECKING

import openpyxl
import pytest

from betaneutral_xl.hosts import template
from betaneutral_xl.hosts.functions import FUNCTIONS
from betaneutral_xl.hosts.layout import LIMITS, SETTINGS, Sheet
from betaneutral_xl.hosts.session import Session
from betaneutral_xl.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = {"betaneutral_xl": "0.1.0"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return template.build(Session(Settings(cache=tmp_path_factory.mktemp("cache"))), VERSIONS)


def without_functions(content: bytes) -> bytes:
    """Return the workbook with our formulas' values in place of the formulas."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                data = re.sub(rb'<f t="array"[^>]*>.*?</f>', b"", data)
            target.writestr(name, data)
    return out.getvalue()


def test_the_same_sources_give_the_same_bytes(built: bytes, tmp_path: Path) -> None:
    assert template.build(Session(Settings(cache=tmp_path)), VERSIONS) == built


def test_every_setting_has_its_named_cell_and_its_list(built: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(built))
    sheet = book[Sheet.SETTINGS]
    lists = {str(rule.sqref) for rule in sheet.data_validations.dataValidation}
    for setting in (one for group in SETTINGS.values() for one in group):
        ((place, area),) = book.defined_names[setting.range_name].destinations
        cell = area.replace("$", "")
        assert place == Sheet.SETTINGS
        assert sheet[cell].value == setting.default
        assert (cell in lists) == bool(setting.choices)
    assert LIMITS in book.defined_names


def test_formulas_carry_the_values_that_they_have_for_the_sample(built: bytes) -> None:
    values = openpyxl.load_workbook(io.BytesIO(built), data_only=True)
    assert values[Sheet.HOLDINGS]["A7"].value == "MSFT"
    assert values[Sheet.ETF]["A7"].value == "TSM"
    assert str(values[Sheet.COVARIANCE]["A6"].value).startswith("cov#")
    assert values[Sheet.NEUTRAL]["A6"].value == "ticker"
    assert 0.4 < values[Sheet.NEUTRAL]["M7"].value < 0.7
    assert values[Sheet.NEUTRAL]["N7"].value == pytest.approx(0.0, abs=1e-10)
    assert values[Sheet.START]["B9"].value == values[Sheet.NEUTRAL]["M7"].value


def test_the_formulas_use_our_functions_and_no_other_workbook(built: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(built))
    texts = [
        str(getattr(cell.value, "text", cell.value))
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    called = {name for text in texts for name in re.findall(r"([A-Z][A-Z_.]+)\(", text)}
    assert called - {function.name for function in FUNCTIONS} == {"COUNTA", "SUM", "IF", "INDEX", "MATCH"}
    assert {"FETCH_HOLDINGS", "LOAD_ETF", "COVARIANCE", "BETA_NEUTRAL", "BN_STATUS"} <= called
    assert not [text for text in texts if "[" in text]


def test_libreoffice_opens_every_sheet_and_recalculates_what_is_native(
    built: bytes, soffice: str, tmp_path: Path
) -> None:
    source = tmp_path / "plain.xlsx"
    source.write_bytes(without_functions(built))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    subprocess.run(  # noqa: S603 - LibreOffice on a file of our own
        [
            soffice,
            "--headless",
            profile,
            "--convert-to",
            "xlsx",
            "--outdir",
            str(tmp_path / "out"),
            str(source),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    before = openpyxl.load_workbook(source, data_only=True)
    after = openpyxl.load_workbook(tmp_path / "out" / "plain.xlsx", data_only=True)
    assert after.sheetnames == before.sheetnames
    compared = 0
    for sheet in before.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value in {None, ""}:
                    continue
                there = after[sheet.title].cell(cell.row, cell.column).value
                expected = (
                    pytest.approx(cell.value, rel=1e-9, abs=1e-12) if cell.data_type == "n" else cell.value
                )
                assert there == expected, f"{sheet.title}!{cell.coordinate}"
                compared += 1
    assert compared > 5000
    assert after[Sheet.HOLDINGS]["E4"].value == pytest.approx(1.0)
