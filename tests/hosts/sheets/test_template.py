from __future__ import annotations

import io
import re
import subprocess
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.cells import letters
from betaneutral_xl.hosts.sheets.functions import BY_NAME, FUNCTIONS
from betaneutral_xl.hosts.sheets.layout import EXPOSURE_COLUMN, FIRST_ROW, LAST_ROW, LIMITS, SETTINGS, Sheet
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.hosts.sheets.template.canvas import BETA
from betaneutral_xl.hosts.sheets.template.table_sheets import MAX_WEIGHT_COLUMNS
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from betaneutral_xl.hosts.sheets.session import Rows


NATIVE = {"COLUMN", "COUNTA", "IF", "INDEX", "ISBLANK", "MAX", "ROW", "SUM", "SUMPRODUCT", "TRIM"}
"""The functions of every spreadsheet program that the template uses."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return template.build(Session(Settings(cache=tmp_path_factory.mktemp("cache"))))


def without_functions(content: bytes) -> bytes:
    """Return the workbook with the values of the package's formulas in place of the formulas."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                data = re.sub(rb'<f t="array"[^>]*>.*?</f>', b"", data)
            target.writestr(name, data)
    return out.getvalue()


def test_the_same_sources_give_the_same_bytes(built: bytes, tmp_path: Path) -> None:
    assert template.build(Session(Settings(cache=tmp_path))) == built


def test_every_setting_has_its_named_cell_and_its_list(built: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(built))
    sheet = book[Sheet.SETTINGS]
    lists = {str(rule.sqref) for rule in sheet.data_validations.dataValidation if rule.type == "list"}
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


def test_the_formulas_use_known_functions_and_no_other_workbook(built: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(built))
    texts = [
        str(getattr(cell.value, "text", cell.value))
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    called = {name for text in texts for name in re.findall(r"([A-Z][A-Z_.]+)\(", text)}
    assert called - {function.name for function in FUNCTIONS} == NATIVE
    assert {"FETCH_HOLDINGS", "LOAD_ETF", "COVARIANCE", "BETA_NEUTRAL", "BN_STATUS"} <= called
    assert not [text for text in texts if "[" in text]


def as_libreoffice_saves(content: bytes, soffice: str, folder: Path) -> Path:
    """Return a workbook saved by a LibreOffice without the extension, in a new profile."""
    source = folder / "plain.xlsx"
    source.write_bytes(content)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    subprocess.run(  # noqa: S603 - LibreOffice on a file of our own
        [
            soffice,
            "--headless",
            profile,
            "--convert-to",
            "xlsx",
            "--outdir",
            str(folder / "out"),
            str(source),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder / "out" / "plain.xlsx"


def test_libreoffice_opens_every_sheet_and_recalculates_native_formulas(
    built: bytes, soffice: str, tmp_path: Path
) -> None:
    plain = without_functions(built)
    before = openpyxl.load_workbook(io.BytesIO(plain), data_only=True)
    after = openpyxl.load_workbook(as_libreoffice_saves(plain, soffice, tmp_path), data_only=True)
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


def test_libreoffice_without_the_extension_has_no_values_and_keeps_the_settings(
    built: bytes, soffice: str, tmp_path: Path
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(built)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b' fullCalcOnLoad="1"', b""))
    book = openpyxl.load_workbook(as_libreoffice_saves(out.getvalue(), soffice, tmp_path), data_only=True)
    before = openpyxl.load_workbook(io.BytesIO(built), data_only=True)
    # It calculates array formulas even without fullCalcOnLoad: keep docs/excel.md in line with this.
    assert book[Sheet.HOLDINGS]["A6"].value == book[Sheet.HOLDINGS]["A7"].value == "#NAME?"
    kept, original = (
        [cell.value or "" for row in one[Sheet.SETTINGS]["A1:D40"] for cell in row] for one in (book, before)
    )
    assert kept == original


def anchor(sheet: Any, function: str) -> tuple[int, int]:
    """Return the row and column of the cell with a function's formula."""
    found = [
        (cell.row, cell.column)
        for row in sheet.iter_rows()
        for cell in row
        if str(getattr(cell.value, "text", "")).startswith(f"={function}(")
    ]
    (place,) = found
    return place


THREE = ({"A": 0.5, "B": 0.5}, {"B": 0.4, "C": 0.6}, {"A": 0.2, "D": 0.8})
FOUR = "ABCD"


def with_three_etfs(tmp_path: Path) -> dict[str, Rows]:
    """Return the functions' results for the largest number of ETFs."""
    session = Session(Settings(cache=tmp_path))
    holdings = [[name, 0.25] for name in FOUR]
    beside: list[list[Any]] = [["ticker", *(f"ETF{i}" for i in range(3))]]
    beside += [[name, *(etf.get(name) for etf in THREE)] for name in FOUR]
    risk = [["", *FOUR]] + [[name, *(0.04 if name == other else 0.01 for other in FOUR)] for name in FOUR]
    weights = session.answer(BY_NAME["BETA_NEUTRAL"], holdings, beside, risk)
    return {
        "BETA_NEUTRAL": weights,
        "BN_EXPOSURE": session.answer(BY_NAME["BN_EXPOSURE"], holdings, beside, risk),
        "BN_STATUS": session.answer(BY_NAME["BN_STATUS"], weights),
    }


@pytest.mark.parametrize(
    ("sheet", "function", "rows_of_sample"),
    [(Sheet.START, "BN_STATUS", 4), (Sheet.NEUTRAL, "BN_EXPOSURE", 9), (Sheet.NEUTRAL, "BETA_NEUTRAL", 75)],
)
def test_three_etfs_have_room_to_spill(
    built: bytes, tmp_path: Path, sheet: Sheet, function: str, rows_of_sample: int
) -> None:
    place: Any = openpyxl.load_workbook(io.BytesIO(built))[sheet]
    top, left = anchor(place, function)
    answer = with_three_etfs(tmp_path)[function]
    columns_of_sample = next(
        i for i in range(30) if place.cell(top, left + i).value is None
    )  # a header is never blank
    for i in range(len(answer)):
        for j in range(len(answer[0])):
            if i >= rows_of_sample or j >= columns_of_sample:
                assert place.cell(top + i, left + j).value is None, (i, j)
    spilled = range(left, left + len(answer[0]))
    for chart in place._charts:
        corner = chart.anchor._from  # counts from 0
        assert corner.col + 1 not in spilled or corner.row + 1 >= top + len(answer)


def test_columns_are_formatted_by_header_and_not_by_position(built: bytes) -> None:
    rules = openpyxl.load_workbook(io.BytesIO(built))[Sheet.NEUTRAL].conditional_formatting
    areas = [(rule, str(area.sqref)) for area in rules for rule in area.rules]
    formulas = {str(rule.formula[0]): area for rule, area in areas if rule.formula}
    assert formulas['LEFT(B$6,14)="predicted_beta"'] == f"B7:J{LAST_ROW}"
    assert formulas['A6<>""'] == "A6:J6"


def test_each_table_is_named_down_to_its_last_row(built: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(built), data_only=True)
    for name, sheet, column in (
        ("holdings_table", Sheet.HOLDINGS, "E"),
        ("etf_table", Sheet.ETF, "N"),
        ("weights_table", Sheet.NEUTRAL, "J"),
        ("prices_table", Sheet.ORDERS, "D"),
    ):
        there, width = f"{sheet}!$A$6:${column}${LAST_ROW}", ord(column) - 64
        assert book.defined_names[name].attr_text == f"{sheet}!$A$6:INDEX({there},{sheet}!$B$3-5,{width})"
        filled = [row[0].row for row in book[sheet]["A6:A200"] if row[0].value is not None]
        assert book[sheet]["B3"].value == max(filled)
        assert not book[sheet]["C3"].value


def test_columns_beyond_the_sample_on_neutral_are_formatted(built: bytes) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(built))[Sheet.NEUTRAL]
    for column in range(2, MAX_WEIGHT_COLUMNS + 1):
        place = sheet.cell(FIRST_ROW, column).alignment
        assert (place.horizontal, place.shrink_to_fit) == ("right", True)
    measures = sheet.column_dimensions[letters(EXPOSURE_COLUMN + 1)]
    assert (measures.max, measures.number_format) == (EXPOSURE_COLUMN + 4, BETA)
