"""A workbook of somebody else's making with the add-in: its Visual Basic, xlwings' server, real COM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import replaced_com as com
from add_in import LoadedAddIn, open_model
from excel_objects import Excel, opened
from windows_excel import TEMPLATE

from betaneutral_xl.hosts.sheets.layout import PROPOSAL, Sheet

INFORMATION, ERROR = 64, 16

HOLDINGS = [("Ticker", "Weight"), ("A", 0.3), ("B", 0.4), ("C", 0.3)]
ETF = [("Ticker", "Weight"), ("A", 0.4), ("B", 0.3), ("C", 0.3)]
RISK = [("", "A", "B", "C"), ("A", 0.04, 0.02, 0.01), ("B", 0.02, 0.03, 0.015), ("C", 0.01, 0.015, 0.05)]


@pytest.fixture
def model(tmp_path: Path, profile: Path) -> com.Book:
    """Return an analyst's own workbook; the add-in is loaded, and its template can be opened."""
    return open_model(tmp_path, profile)


@pytest.fixture
def add_in(server: Any, excel: Excel, model: com.Book) -> LoadedAddIn:
    return LoadedAddIn(excel, server, model)


def put(book: com.Book, at: str, rows: list[tuple[Any, ...]]) -> com.Range:
    corner = book.Worksheets(1).Range(at)
    area = com.Range(book.Worksheets(1), corner.Row, corner.Column, len(rows), len(rows[0]))
    for line, places in zip(rows, area.places(), strict=True):
        book.Worksheets(1).cells.update(zip(places, line, strict=True))
    return area


def test_its_tables_are_made_neutral_by_the_function(add_in: LoadedAddIn, model: com.Book) -> None:
    areas = put(model, "A1", HOLDINGS), put(model, "D1", ETF), put(model, "G1", RISK)
    answer = add_in.call("BETA_NEUTRAL", *areas)
    assert answer[0][:2] == ("ticker", "weight")
    new = answer[0].index("new_weight")
    assert sum(row[new] for row in answer[1:4]) != pytest.approx(1.0)
    measures = add_in.call("BN_EXPOSURE", *areas)
    assert measures[1][2] == pytest.approx(0.0, abs=1e-9)


def test_blank_and_failed_arguments_are_answered_at_once(add_in: LoadedAddIn, model: com.Book) -> None:
    failed = add_in.call("LOAD_ETF", r"C:\nothing\there.csv")
    assert failed.startswith("#BETA! ")
    assert add_in.call("BETA_NEUTRAL", put(model, "A1", HOLDINGS), failed) == failed
    assert add_in.call("LOAD_ETF", put(model, "A20", [(failed,)])) == failed


def test_rebalance_says_what_the_workbook_lacks(add_in: LoadedAddIn) -> None:
    message, kind = add_in.press("rebalance")
    assert kind == ERROR
    assert message.startswith("model.xlsx has no ranges named setting_fund, ")
    assert message.endswith("Insert template, on the tab Beta Neutral, adds what Rebalance needs.")


def test_with_the_template_inserted_rebalance_works(add_in: LoadedAddIn, model: com.Book) -> None:
    message, kind = add_in.press("insert")
    assert (kind, message.startswith("Added to model.xlsx: Start, Settings, ")) == (INFORMATION, True), (
        message
    )
    message, kind = add_in.press("rebalance")
    assert (kind, message[:17]) == (INFORMATION, "Beta to JHAI 0.52"), message
    cells = model.Worksheets(Sheet.PROPOSAL).cells
    assert cells[PROPOSAL.table, 1] == "Ticker"
    assert model.Worksheets("Model").cells == {}
    message, kind = add_in.press("orders")
    assert message.startswith("Orders: 45 in model orders ")


def test_formulas_of_another_computer_are_connected(add_in: LoadedAddIn, model: com.Book) -> None:
    cells = model.Worksheets(1).cells
    cells[1, 1] = r"FORMULA ='C:\Users\alice\AddIns\betaneutral.xlam'!FETCH_HOLDINGS(" + '"demo")'
    message, kind = add_in.press("connect")
    assert (kind, message[:26]) == (INFORMATION, "Formulas entered again: 1."), message
    assert cells[1, 1] == 'FORMULA =FETCH_HOLDINGS("demo")'


def test_the_add_in_s_versions_are_checked(add_in: LoadedAddIn, model: com.Book) -> None:
    message, kind = add_in.press("check")
    assert (kind, message[:28]) == (INFORMATION, "Built with betaneutral_xl 0."), message


def test_one_server_serves_every_workbook(
    server: Any, excel: Excel, model: com.Book, add_in: LoadedAddIn, tmp_path: Path
) -> None:
    second = opened(TEMPLATE.with_suffix(".xlsx"), tmp_path)
    second.Name, second.Application = "second.xlsx", model.Application
    other = LoadedAddIn(excel, server, second)
    assert other.press("rebalance")[1] == INFORMATION
    assert add_in.press("rebalance")[1] == ERROR
