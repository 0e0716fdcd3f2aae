"""Workbooks that real windows save come back as they were, and open in the next host."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from calc_office import Office, until
from calc_window import confirm, message_box
from round_trips import (
    FORMULA,
    SHEETS,
    assert_same,
    in_excel,
    is_computed,
    new_fund,
    of_file,
    proposal,
    set_etfs,
    tables,
    values,
)

from betaneutral_xl.hosts.calc.extension import PROTOCOL
from betaneutral_xl.hosts.files.workbook_file import SavedWorkbook
from betaneutral_xl.hosts.sheets.buttons import run_button
from betaneutral_xl.hosts.sheets.layout import PROPOSAL, Sheet

if TYPE_CHECKING:
    from calc_window import Screen

    from betaneutral_xl.hosts.sheets.session import Session

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
    return new_fund(tmp_path)


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
