"""Saving in a real window, where LibreOffice has not calculated the sheets that were never shown."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from calc_office import Office, until
from calc_window import AGAIN, confirm, message_box
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.formula import ArrayFormula

from betaneutral_xl.hosts.calc.extension import PROTOCOL
from betaneutral_xl.hosts.sheets.functions import BY_NAME

if TYPE_CHECKING:
    from calc_office import Document
    from calc_window import Screen

WORKBOOK = Path(__file__).parents[3] / "workbook" / "betaneutral.xlsx"
SHEETS = ("Start", "Settings", "Holdings", "ETF", "Covariance", "Neutral", "Orders", "Proposal", "Log")
ETFS = {
    "chips.csv": "NVDA,NVIDIA Corp,40\nAVGO,Broadcom Inc,25\nTSM,TSMC,20\nMU,Micron Technology,15\n",
    "large.csv": "AAPL,Apple Inc,50\nMSFT,Microsoft Corp,30\nNVDA,NVIDIA Corp,20\n",
}
KEEP_FORMAT = ("Return", "alt+e")
"""The keys that keep the file's format: in LibreOffice 26.8 no button has the keyboard."""
LONG = b"ORG.BETANEUTRAL"
PLACES = ("Settings.C11", "Settings.C12")
"""The cells of the second and the third ETF."""


@pytest.fixture(scope="module")
def calc(soffice: str, display: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return a LibreOffice with visible windows."""
    with Office(tmp_path_factory.mktemp("calc"), display=display.name) as office:
        yield office


@pytest.fixture
def fund(tmp_path: Path) -> Path:
    """Return the template's file, with files of ETFs in its folder."""
    for name, rows in ETFS.items():
        (tmp_path / name).write_text(f"Ticker,Name,Weight (%)\n{rows}", encoding="utf-8")
    path = tmp_path / "fund.xlsx"
    path.write_bytes(WORKBOOK.read_bytes())
    return path


@pytest.fixture
def template(calc: Office, display: Screen, fund: Path) -> Iterator[Document]:
    """Return the template in a window that shows its settings."""
    with calc.open(fund, visible=True) as document:
        display.fill("fund.xlsx")
        document.do("select", at=PLACES[0])
        calc.settle()
        yield document


def set_etfs(document: Document, fund: Path, count: int) -> None:
    """Set the number of ETFs, which makes the dependent formulas out of date."""
    for place, name in list(zip(PLACES, ETFS, strict=True))[: count - 1]:
        document.enter(place, str(fund.with_name(name)))
    for place in PLACES[count - 1 :]:
        document.enter(place, "")


def save(calc: Office, display: Screen, path: Path) -> None:
    """Save by keyboard, and keep the file's format, for which LibreOffice prompts once."""
    before = path.stat().st_mtime_ns
    display.focus(path.name)
    display.press("ctrl+s")
    assert until(lambda: calc.do("boxes") or path.stat().st_mtime_ns != before)
    if calc.do("boxes"):
        confirm(calc, display, *KEEP_FORMAT)
    assert until(lambda: path.stat().st_mtime_ns != before and is_complete(path))


def is_complete(path: Path) -> bool:
    """Return whether LibreOffice has written a file, and the extension has shortened its names."""
    try:
        with zipfile.ZipFile(path) as package:
            return not any(LONG in package.read(name).upper() for name in package.namelist())
    except (OSError, zipfile.BadZipFile):  # it is being written
        return False


def tables(path: Path) -> dict[str, str]:
    """Return the ranges of the functions' tables in a file, by their first cell."""
    return {
        f"{sheet.title}.{cell.coordinate}": cell.value.ref
        for sheet in openpyxl.load_workbook(path).worksheets
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, ArrayFormula)
        and any(f"{name}(" in str(cell.value.text) for name in BY_NAME)
    }


def assert_holds_whole(path: Path, document: Document) -> None:
    """Assert that each table of the functions has the same size in the file and in the window."""
    saved = tables(path)
    assert {"Start.A10", "ETF.A6", "Neutral.A6", "Neutral.T6", "Orders.I6"} <= set(saved)
    for at, area in saved.items():
        size, shown = CellRange(area).size, document.table(at)
        assert (size["rows"], size["columns"]) == (len(shown), len(shown[0])), at


def sources(document: Document) -> list[str]:
    """Return how the sources of the answer begin, in order, without their header."""
    return [str(row[0])[:3] for row in document.table("Start.A91")[1:]]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_sheets_that_were_never_shown_are_saved_completely(
    calc: Office, template: Document, display: Screen, fund: Path, count: int
) -> None:
    set_etfs(template, fund, count)
    template.enter("Settings.C23", 2_000_000)
    save(calc, display, fund)
    assert_holds_whole(fund, template)
    assert until(lambda: sources(template)[1 : 1 + count] == ["ETF"] * count)  # answers may come late


def test_any_sheet_may_be_shown_while_saving(
    calc: Office, template: Document, display: Screen, fund: Path
) -> None:
    for number, sheet in enumerate(SHEETS):
        template.do("select", at=f"{sheet}.A1")
        set_etfs(template, fund, 1 + (number + 1) % 3)
        save(calc, display, fund)
        assert_holds_whole(fund, template)


@pytest.mark.parametrize("password", [None, "secret"])
@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
def test_a_copy_is_saved_completely(
    calc: Office, template: Document, fund: Path, suffix: str, password: str | None
) -> None:
    copy = fund.with_name(f"copy{suffix}")
    for count in (2, 3, 1):
        set_etfs(template, fund, count)
        template.save_copy(copy, password)
        assert zipfile.is_zipfile(copy) == (suffix == ".ods" or password is None)
        if suffix == ".xlsx" and password is None:
            assert_holds_whole(copy, template)


def test_a_button_may_run_while_saving(calc: Office, template: Document, display: Screen, fund: Path) -> None:
    set_etfs(template, fund, 2)
    display.press("ctrl+s")
    message_box(calc)
    template.do("dispatch", command=f"{PROTOCOL}rebalance")

    def ended() -> bool:
        """Answer what is open, in either order: to keep the file's format, and the button's message."""
        boxes = calc.do("boxes")
        if boxes:
            display.press("Return")
            until(lambda: calc.do("boxes") != boxes, AGAIN)
        return not boxes and not template.is_busy("rebalance") and is_logged(template)

    assert until(ended)
    save(calc, display, fund)
    assert_holds_whole(fund, template)


def is_logged(document: Document) -> bool:
    """Return whether the sheet Log has a rebalance."""
    return any(row[1:3] == ["Rebalance", "done"] for row in document.used("Log"))
