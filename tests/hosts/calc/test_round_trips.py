"""Workbooks that real windows save come back as they were, and open in the next host."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from calc_office import Office, until
from calc_window import confirm, message_box

from betaneutral_xl.hosts.calc.extension import PROTOCOL
from betaneutral_xl.hosts.files.workbook_file import SavedWorkbook
from betaneutral_xl.hosts.sheets.buttons import run_button
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.layout import PROPOSAL, Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calc_office import Document
    from calc_window import Screen

    from betaneutral_xl.hosts.sheets.session import Session

TESTS = Path(__file__).parents[2]
WORKBOOK = TESTS.parent / "workbook" / "betaneutral.xlsx"
SHEETS = ("Start", "Settings", "Holdings", "ETF", "Covariance", "Neutral", "Orders", "Proposal", "Log")
ETFS = {
    "Settings.C11": (
        "CHIP.csv",
        "NVDA,NVIDIA Corp,40\nAVGO,Broadcom Inc,25\nTSM,TSMC,20\nMU,Micron Technology,15\n",
    ),
    "Settings.C12": ("LARGE.csv", "AAPL,Apple Inc,50\nMSFT,Microsoft Corp,30\nNVDA,NVIDIA Corp,20\n"),
}
"""The cells of the second and the third ETF, and their files."""

TABLES = (
    *("Start.A10", "Holdings.A6", "ETF.A6", "ETF.F6", "ETF.K6", "Covariance.A6", "Covariance.A9"),
    *("Neutral.A6", "Neutral.T6", "Orders.A6", "Orders.I6"),
)
"""First cells of tables of the functions."""

FORMULA = re.compile(rf"\b({'|'.join(BY_NAME)})\(")
VIEWS = re.compile(rb"<sheetViews>.*?</sheetViews>", re.DOTALL)
"""What is selected and scrolled to on a sheet."""


@pytest.fixture(scope="module")
def calc(soffice: str, display: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return a LibreOffice with visible windows."""
    with Office(tmp_path_factory.mktemp("calc"), display=display.name) as office:
        yield office


@pytest.fixture
def fund(tmp_path: Path) -> Path:
    """Return the template's file, with files of ETFs in its folder."""
    for name, rows in ETFS.values():
        (tmp_path / name).write_text(f"Ticker,Name,Weight (%)\n{rows}", encoding="utf-8")
    path = tmp_path / "fund.xlsx"
    path.write_bytes(WORKBOOK.read_bytes())
    return path


def set_etfs(document: Document, folder: Path, count: int) -> None:
    """Set the second and the third of a number of ETFs, and wait for the answer."""
    for place, (name, _) in list(ETFS.items())[: count - 1]:
        document.enter(place, str(folder / name))
    assert until(
        lambda: document.text("Start.A2").count(" and ") + document.text("Start.A2").count(",") >= count - 1
    )
    assert until(lambda: is_computed(document))


def is_computed(document: Document) -> bool:
    """Return whether no cell waits for a function."""
    return not any("loading..." in row for sheet in SHEETS for row in document.used(sheet))


def values(document: Document) -> dict[str, list[list[Any]]]:
    """Return the values of all sheets, without blank rows and columns at their ends."""
    return {sheet: trimmed(document.used(sheet)) for sheet in SHEETS}


def trimmed(rows: list[list[Any]]) -> list[list[Any]]:
    width = max((j + 1 for row in rows for j, cell in enumerate(row) if cell != ""), default=0)
    height = max((i + 1 for i, row in enumerate(rows) if any(cell != "" for cell in row)), default=0)
    return [row[:width] for row in rows[:height]]


def assert_same(after: dict[str, list[list[Any]]], before: dict[str, list[list[Any]]]) -> None:
    """Assert that sheets have the same cells: files keep 15 digits of a number."""
    assert after.keys() == before.keys()
    for sheet, rows in before.items():
        assert [len(row) for row in after[sheet]] == [len(row) for row in rows], sheet
        for i, (row, expected) in enumerate(zip(after[sheet], rows, strict=True), start=1):
            assert row == [like(one, other) for one, other in zip(row, expected, strict=True)], (sheet, i)


def like(value: Any, expected: Any) -> Any:
    both = isinstance(value, float) and isinstance(expected, float)
    return pytest.approx(expected, rel=1e-11, abs=1e-11) if both else expected


def tables(document: Document) -> dict[str, tuple[str, int, int]]:
    """Return the formula, the height and the width of each table."""
    found = {}
    for at in TABLES:
        rows = document.table(at)
        found[at] = (document.formula(at), len(rows), len(rows[0]))
    return found


def content(path: Path) -> dict[str, object]:
    """Return what a file has in the cells of its sheets, whatever is selected on them."""
    with zipfile.ZipFile(path) as package:
        if path.suffix == ".ods":
            return ods_cells(package.read("content.xml"))
        sheets = sorted(name for name in package.namelist() if name.startswith("xl/worksheets/sheet"))
        return {name: VIEWS.sub(b"", package.read(name)) for name in sheets}


TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
STYLE = f"{TABLE}style-name"
"""Renumbered when a row of another sheet gets its height."""


def ods_cells(xml: bytes) -> dict[str, object]:
    """Return the attributes (formula, size of its array, value) and the texts of filled cells by sheet."""
    found: dict[str, object] = {}
    for sheet in ET.fromstring(xml).iter(f"{TABLE}table"):  # noqa: S314 - LibreOffice's
        cells = [
            (sorted((name, value) for name, value in cell.items() if name != STYLE), list(cell.itertext()))
            for cell in sheet.iter(f"{TABLE}table-cell")
            if len(cell)
        ]
        found[sheet.get(f"{TABLE}name", "")] = cells
    return found


def proposal(rows: list[list[Any]]) -> list[list[Any]]:
    """Return the table of a proposal."""
    return trimmed(rows[PROPOSAL.table - 1 :])


@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_sheet_saves_the_same_and_all_comes_back(
    calc: Office, display: Screen, fund: Path, count: int, suffix: str
) -> None:
    saved = fund.with_name(f"saved{suffix}")
    with calc.open(fund, visible=True) as document:
        set_etfs(document, fund.parent, count)
        document.do("dispatch", command=f"{PROTOCOL}rebalance")
        assert any("turnover" in text for text in message_box(calc))
        confirm(calc, display)
        assert until(lambda: not document.is_busy("rebalance"))
        calc.settle()
        document.save_as(saved)
        first = content(saved)
        for sheet in SHEETS:
            document.do("select", at=f"{sheet}.A1")
            document.save()
            assert content(saved) == first, sheet
        before, sizes = values(document), tables(document)
    assert all(FORMULA.search(formula) for formula, _, _ in sizes.values())
    assert before[Sheet.PROPOSAL][PROPOSAL.table - 1][0] == "Ticker"
    with calc.open(saved, visible=True) as document:
        assert until(lambda: is_computed(document))
        calc.settle()
        assert_same(values(document), before)
        assert tables(document) == sizes
        assert not document.state["modified"]
        document.do("dispatch", command=f"{PROTOCOL}rebalance")
        confirm(calc, display)
        assert until(lambda: not document.is_busy("rebalance"))
        after = values(document)
    again, first_time = (proposal(one[Sheet.PROPOSAL]) for one in (after, before))
    assert_same({"again": again}, {"again": first_time})


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_file_goes_from_calc_to_the_file_host_to_excel_and_back(
    calc: Office, session: Session, fund: Path, count: int
) -> None:
    pytest.importorskip("xlwings", reason="xlwings is not installed (pip install 'betaneutral-xl[excel]')")
    by_calc, by_file = fund.with_name("calc.xlsx"), fund.with_name("file.xlsx")
    with calc.open(fund) as document:
        set_etfs(document, fund.parent, count)
        document.press("rebalance")
        document.save_as(by_calc)
        before, sizes = values(document), tables(document)
    expected = proposal(before[Sheet.PROPOSAL])

    outcome = run_button("rebalance", SavedWorkbook(by_calc, by_file), session)
    assert outcome.error is None, outcome.message
    assert_same({"file": of_file(by_file, Sheet.PROPOSAL)}, {"file": expected})
    assert_same({"former": of_file(by_file, Sheet.PREVIOUS)}, {"former": expected})

    message, cells = in_excel(by_file, "rebalance")
    assert message.startswith("done\nBeta to ")
    assert_same({"Excel": proposal(cells)}, {"Excel": expected})

    with calc.open(by_file) as document:
        assert until(lambda: is_computed(document))
        after = values(document)
        assert tables(document) == sizes
        document.press("restore")
        assert_same({"back": proposal(document.used(Sheet.PROPOSAL))}, {"back": expected})
    for sheets in (before, after):
        del sheets[Sheet.PROPOSAL], sheets[Sheet.LOG]  # with the times of the buttons
    assert_same(after, before)


def of_file(path: Path, sheet: str) -> list[list[Any]]:
    """Return the table of the proposal on a sheet of a file, as Calc has its cells."""
    rows = openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(values_only=True)
    return proposal([[as_in_calc(cell) for cell in row] for row in rows])


def as_in_calc(cell: Any) -> Any:
    return "" if cell is None else float(cell) if isinstance(cell, int) else cell


def in_excel(path: Path, button: str) -> tuple[str, list[list[Any]]]:
    """Press a button of Excel's ribbon on a file; return its message and the cells of the sheet Proposal."""
    run = subprocess.run(  # noqa: S603 - our own script; a process of its own, for it replaces Windows' modules
        [sys.executable, "-P", str(TESTS / "excel_button.py"), str(path), button],
        env={**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    answer = json.loads(run.stdout)
    height = max(row for row, _, _ in answer["cells"])
    width = max(column for _, column, _ in answer["cells"])
    rows: list[list[Any]] = [[""] * width for _ in range(height)]
    for row, column, value in answer["cells"]:
        rows[row - 1][column - 1] = as_in_calc(value)
    return answer["message"], rows
