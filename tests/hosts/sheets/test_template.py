from __future__ import annotations

import io
import re
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from openpyxl.chart import LineChart

from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.answering import ROOM, Part
from betaneutral_xl.hosts.sheets.functions import BY_NAME, FUNCTIONS
from betaneutral_xl.hosts.sheets.layout import (
    FIRST_ROW,
    LAST_ROW,
    LIMITS,
    PROPOSAL,
    SETTINGS,
    WEIGHTS_COLUMN,
    Sheet,
)
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.hosts.sheets.template.canvas import BETA, INPUT
from betaneutral_xl.hosts.sheets.template.neutral_sheet import MAX_WEIGHT_COLUMNS
from betaneutral_xl.hosts.sheets.template.start_sheet import call
from betaneutral_xl.report import style
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Rows


NATIVE = {
    "COLUMN",
    "COUNT",
    "COUNTA",
    "IF",
    "INDEX",
    "ISBLANK",
    "ISNUMBER",
    "LEFT",
    "MAX",
    "MIN",
    "NA",
    "OR",
    "ROW",
    "SUM",
    "SUMPRODUCT",
    "TRIM",
}
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
        assert "_" not in str(setting.default)
        assert (cell in lists) == bool(setting.choices)
    assert LIMITS in book.defined_names


def test_formulas_carry_the_values_that_they_have_for_the_sample(built: bytes) -> None:
    values = openpyxl.load_workbook(io.BytesIO(built), data_only=True)
    assert values[Sheet.HOLDINGS]["A7"].value == "MSFT"
    assert values[Sheet.ETF]["A7"].value == "TSM"
    assert str(values[Sheet.COVARIANCE]["A6"].value).startswith("cov#")
    assert values[Sheet.NEUTRAL]["T6"].value == "ticker"
    assert 0.4 < values[Sheet.NEUTRAL]["B7"].value < 0.7
    assert values[Sheet.NEUTRAL]["C7"].value == pytest.approx(0.0, abs=1e-10)
    assert values[Sheet.START]["B11"].value == values[Sheet.NEUTRAL]["B7"].value
    verdict = values[Sheet.START]["A3"].value
    assert verdict.startswith("Beta to JHAI 0.52 -> 0.00; next month between")
    assert values[Sheet.NEUTRAL]["A4"].value == verdict


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
    assert {"FETCH_HOLDINGS", "LOAD_ETF", "COVARIANCE", "BETA_NEUTRAL", "BN_ANSWER"} <= called
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
            target.writestr(name, source.read(name))
    book = openpyxl.load_workbook(as_libreoffice_saves(out.getvalue(), soffice, tmp_path), data_only=True)
    before = openpyxl.load_workbook(io.BytesIO(built), data_only=True)
    # It calculates array formulas even without fullCalcOnLoad: keep docs/excel.md in line with this.
    assert book[Sheet.HOLDINGS]["A6"].value == book[Sheet.HOLDINGS]["A7"].value == "#NAME?"
    kept, original = (
        [cell.value or "" for row in one[Sheet.SETTINGS]["A1:D40"] for cell in row] for one in (book, before)
    )
    assert kept == original


def test_a_reader_without_the_functions_keeps_the_numbers(built: bytes) -> None:
    """Excel calculates everything on opening where the file asks for it, or is of an older Excel."""
    with zipfile.ZipFile(io.BytesIO(built)) as package:
        settings = re.search(r"<calcPr ([^>]*)/>", package.read("xl/workbook.xml").decode())
    assert settings is not None
    assert settings[1] == 'calcId="191029"'


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

    def answer(name: str, *more: Any) -> Rows:
        return session.answer(BY_NAME[name], holdings, beside, risk, *more)

    parts = {str(part): answer("BN_ANSWER", None, None, None, str(part)) for part in ROOM}
    return {name: answer(name) for name in ("BETA_NEUTRAL", "BN_EXPOSURE")} | parts


@pytest.mark.parametrize(
    ("sheet", "function", "rows_of_sample"),
    [(Sheet.NEUTRAL, "BN_EXPOSURE", 9), (Sheet.NEUTRAL, "BETA_NEUTRAL", 75)],
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


@pytest.mark.parametrize("part", [Part(part) for part in ROOM])
def test_every_part_of_start_has_room_for_all_its_rows(built: bytes, tmp_path: Path, part: Part) -> None:
    sheet: Any = openpyxl.load_workbook(io.BytesIO(built))[Sheet.START]
    (anchored,) = [
        cell
        for row in sheet.iter_rows()
        for cell in row
        if str(getattr(cell.value, "text", "")) == f"={call(part)}"
    ]
    answer = with_three_etfs(tmp_path)[part]
    assert len(answer) <= ROOM[part]
    sample = anchored.value.ref.split(":")[-1]
    for i in range(ROOM[part]):
        for j in range(len(answer[0])):
            cell = sheet.cell(anchored.row + i, anchored.column + j)
            beyond = cell.row > sheet[sample].row or cell.column > sheet[sample].column
            assert not beyond or cell.value is None, cell.coordinate
    corners = [(chart.anchor._from.col + 1, chart.anchor._from.row + 1) for chart in sheet._charts]
    assert all(column > anchored.column + 8 for column, _ in corners)  # right of all tables


def test_dates_of_sources_beyond_the_sample_are_dates(built: bytes, tmp_path: Path) -> None:
    sheet: Any = openpyxl.load_workbook(io.BytesIO(built))[Sheet.START]
    (anchored,) = [
        cell
        for row in sheet.iter_rows()
        for cell in row
        if str(getattr(cell.value, "text", "")) == f"={call(Part.SOURCES)}"
    ]
    formats = {sheet.cell(anchored.row + i, 2).number_format for i in range(1, ROOM[Part.SOURCES])}
    assert {one.replace("\\", "") for one in formats} == {"yyyy-mm-dd"}


def test_every_input_of_settings_is_validated(built: bytes) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(built))[Sheet.SETTINGS]
    inputs = {
        cell.coordinate
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fgColor.rgb == f"FF{INPUT.removeprefix('#')}"
    }
    ruled = {cell for rule in sheet.data_validations.dataValidation for cell in str(rule.sqref).split()}
    assert len(inputs) > 50
    assert inputs == ruled
    helps = [rule.prompt for rule in sheet.data_validations.dataValidation]
    assert all(helps)
    assert max(map(len, helps)) <= 255


def test_columns_are_formatted_by_header_and_not_by_position(built: bytes) -> None:
    rules = openpyxl.load_workbook(io.BytesIO(built))[Sheet.NEUTRAL].conditional_formatting
    areas = [(rule, str(area.sqref)) for area in rules for rule in area.rules]
    formulas = {str(rule.formula[0]): area for rule, area in areas if rule.formula}
    assert formulas['LEFT(U$6,14)="predicted_beta"'] == f"U7:AC{LAST_ROW}"
    assert formulas['T6<>""'] == "T6:AC6"


def test_each_table_is_named_down_to_its_last_row(built: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(built), data_only=True)
    for name, sheet, column in (
        ("holdings_table", Sheet.HOLDINGS, "E"),
        ("etf_table", Sheet.ETF, "N"),
        ("weights_table", Sheet.NEUTRAL, "AC"),
        ("prices_table", Sheet.ORDERS, "D"),
    ):
        left = "T" if sheet == Sheet.NEUTRAL else "A"
        there = f"{sheet}!${left}$6:${column}${LAST_ROW}"
        width = book[sheet][f"{column}1"].column - book[sheet][f"{left}1"].column + 1
        text = f"{sheet}!${left}$6:INDEX({there},{sheet}!$B$3-5,{width})"
        assert book.defined_names[name].attr_text == text
        filled = [row[0].row for row in book[sheet][f"{left}6:{left}200"] if row[0].value is not None]
        assert book[sheet]["B3"].value == max(filled)
        assert not book[sheet]["C3"].value


def test_columns_beyond_the_sample_on_neutral_are_formatted(built: bytes) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(built))[Sheet.NEUTRAL]
    for column in range(2, MAX_WEIGHT_COLUMNS + 1):
        place = sheet.cell(FIRST_ROW, WEIGHTS_COLUMN - 1 + column).alignment
        assert (place.horizontal, place.shrink_to_fit) == ("right", True)
    measures = sheet.column_dimensions["B"]
    assert (measures.max, measures.number_format) == (10, BETA)


def test_the_chart_of_past_betas_draws_nothing_where_they_are_unknown(built: bytes) -> None:
    sheet: Any = openpyxl.load_workbook(io.BytesIO(built))[Sheet.START]
    drawn = next(one for one in sheet._charts if isinstance(one, LineChart))
    assert len(drawn.series) == 4
    for series in drawn.series:
        area = series.val.numRef.f.partition("!")[2].replace("$", "")
        formulas = [str(cell.value) for (cell,) in sheet[area]]
        assert len(formulas) == 18
        assert all(text.startswith("=IF(ISNUMBER(") and text.endswith(",NA())") for text in formulas)
    with zipfile.ZipFile(io.BytesIO(built)) as parts:
        charts = [parts.read(name) for name in parts.namelist() if "charts/chart" in name]
    assert [b'<c:dispBlanksAs val="span"/>' in one for one in charts if b"lineChart" in one] == [True]


def test_the_chart_of_trades_has_sells_and_buys_in_colours_of_their_own(built: bytes) -> None:
    sheet: Any = openpyxl.load_workbook(io.BytesIO(built))[Sheet.PROPOSAL]
    (drawn,) = sheet._charts
    colours = [series.graphicalProperties.solidFill.srgbClr for series in drawn.series]
    assert colours == [style.BUY, style.SELL]
    assert drawn.anchor.to.row < PROPOSAL.table - 1  # the header of the table is not covered
