"""A workbook of another host is used in Excel with this add-in, and what Excel saves in the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from calc_office import Office, until
from excel_file import contents
from office_browser import AddIn
from round_trips import (
    as_in_calc,
    assert_same,
    in_excel,
    is_computed,
    new_fund,
    of_file,
    proposal,
    set_etfs,
    tables,
    trimmed,
    values,
)

from betaneutral_xl.hosts.files.workbook_file import SavedWorkbook
from betaneutral_xl.hosts.sheets.buttons import run_button
from betaneutral_xl.hosts.sheets.layout import Sheet
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from betaneutral_xl.hosts.office.place import Place

ORDER = (Sheet.HOLDINGS, Sheet.ETF, Sheet.COVARIANCE, Sheet.NEUTRAL, Sheet.ORDERS, Sheet.START)
"""The sheets with functions, each after those that it refers to."""

WRITTEN = (Sheet.PROPOSAL, Sheet.PREVIOUS, Sheet.LOG)
"""The sheets that the buttons write, with the times at which they did."""


@pytest.fixture(scope="module")
def calc(soffice: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return a LibreOffice without windows."""
    with Office(tmp_path_factory.mktemp("calc")) as office:
        yield office


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Return a session for the buttons on files."""
    return Session(Settings(cache=tmp_path_factory.mktemp("session")))


@pytest.fixture
def pane(browser: Browser, place: Place) -> Iterator[AddIn]:
    """Return the add-in in Excel; at the end, no request left the machine and nothing went wrong."""
    add_in = AddIn(browser, place).open()
    yield add_in
    add_in.close()
    assert add_in.requests == []
    assert add_in.problems == []


def cells(sheets: Mapping[str, list[list[Any]]]) -> dict[str, list[list[Any]]]:
    """Return the cells of a file, or of the stand-in, as Calc has them, but what buttons write, and times."""
    found = {name: as_calc(rows) for name, rows in sheets.items() if name not in WRITTEN}
    sources = next(row for row in found[Sheet.START] if row[0] == "Source")
    for row in found[Sheet.START][found[Sheet.START].index(sources) + 1 :]:
        row[sources.index("Fetched at")] = ""  # when this process read the file of an ETF
    return {name: trimmed(rows) for name, rows in found.items()}


def formulas(file: Mapping[str, Any]) -> dict[tuple[str, int, int], tuple[str, int, int]]:
    """Return text, height and width by sheet, row and column; Excel marks the functions of an add-in."""
    return {
        (sheet, row, column): (text.replace("_xldudf_", ""), height, width)
        for sheet, row, column, text, height, width, _ in file["formulas"]
    }


@pytest.mark.parametrize("count", [1, 2, 3])
def test_files_of_every_host_are_used_in_excel_with_the_add_in_and_go_back(
    calc: Office, session: Session, pane: AddIn, tmp_path: Path, count: int
) -> None:
    pytest.importorskip("xlwings", reason="xlwings is not installed (pip install 'betaneutral-xl[excel]')")
    by_calc, by_file, by_excel = (tmp_path / f"{name}.xlsx" for name in ("calc", "file", "excel"))
    with calc.open(new_fund(tmp_path)) as document:
        set_etfs(document, tmp_path, count)
        document.press("rebalance")
        document.save_as(by_calc)
        before, sizes = values(document), tables(document)
    expected = {"proposal": proposal(before[Sheet.PROPOSAL])}
    assert run_button("rebalance", SavedWorkbook(by_calc, by_file), session).error is None
    in_excel(by_file, "rebalance", by_excel)

    for path in (by_calc, by_file, by_excel):
        opened = contents(path.read_bytes())
        pane.fill(opened)
        assert pane.press("connect") == "22 formulas are connected.", path
        pane.calculate(ORDER)
        shown = {name: pane.sheet(name) for name in opened["sheets"]}
        assert_same(cells(shown), cells(opened["sheets"]))

        assert pane.press("rebalance").startswith("Beta to JHAI 0.52 ")
        assert_same({"proposal": proposal(as_calc(pane.sheet(Sheet.PROPOSAL)))}, expected)
        assert pane.press("accept").startswith("Accepted for quant_paper: ")
        pane.press("restore")
        assert_same({"proposal": proposal(as_calc(pane.sheet(Sheet.PROPOSAL)))}, expected)

        saved = path.with_stem(f"{path.stem} office")
        saved.write_bytes(pane.save(path.read_bytes()))
        again = contents(saved.read_bytes())
        assert_same(cells(again["sheets"]), cells(opened["sheets"]))
        assert formulas(again) == formulas(opened)
        assert (again["names"], again["formats"]) == (opened["names"], opened["formats"])

        assert run_button("rebalance", SavedWorkbook(saved), session).error is None
        for sheet in (Sheet.PROPOSAL, Sheet.PREVIOUS):
            assert_same({"proposal": of_file(saved, sheet)}, expected)

    with calc.open(saved) as document:
        assert until(lambda: is_computed(document))
        calc.settle()
        after = values(document)
        assert tables(document) == sizes
        document.press("rebalance")
        assert_same({"proposal": proposal(document.used(Sheet.PROPOSAL))}, expected)
    for sheets in (before, after):
        del sheets[Sheet.PROPOSAL], sheets[Sheet.LOG]
    assert_same(after, before)


def as_calc(rows: list[list[Any]]) -> list[list[Any]]:
    return [[as_in_calc(cell) for cell in row] for row in rows]
