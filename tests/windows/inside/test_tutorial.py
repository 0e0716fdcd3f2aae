"""The tutorial of Excel on Windows from "Use your own data" on, and steps of the checklist, over COM."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from betaneutral_xl.hosts.sheets.layout import FIRST_ROW, OWN_COLUMN, PROPOSAL, Sheet

if TYPE_CHECKING:
    from windows_excel import OpenWorkbook

ISSUER = """\
Fund Holdings as of,"Nov 18, 2025"

Ticker,Name,Weight (%)
NVDA,Nvidia,40
AVGO,Broadcom,35
TSM,TSMC,25
"""


@pytest.fixture
def downloaded(work: Path) -> Iterator[Path]:
    """Put an issuer's file into the folder of downloads."""
    folder = work / "downloads"
    folder.mkdir(exist_ok=True)
    path = folder / "XAI_holdings_20251118.csv"
    path.write_text(ISSUER, encoding="utf-8")
    yield path
    path.unlink()


def limit(workbook: OpenWorkbook, label: str, value: object) -> None:
    """Fill in the row of a limit."""
    area = workbook.book.Names("setting_limits").RefersToRange
    cells = workbook.book.Worksheets(Sheet.SETTINGS).cells
    rows = range(area.Row, area.Row + area.shape[0])
    row = next(row for row in rows if cells.get((row, 1)) == label)
    cells[row, 3] = value


def orders(workbook: OpenWorkbook, folder: Path) -> list[dict[str, str]]:
    """Press Orders; return the orders of the file."""
    message = workbook.press("orders")
    assert message.startswith("Orders: "), message
    (path,) = folder.glob("betaneutral orders *.csv")
    _, table = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n").split("\n\n")
    path.unlink()
    return list(csv.DictReader(io.StringIO(table)))


def test_an_issuer_s_file_in_downloads_is_found_by_its_ticker(
    workbook: OpenWorkbook, downloaded: Path
) -> None:
    workbook.setting("etf_1").Value = "XAI"
    assert workbook.press("rebalance").startswith("Beta to XAI ")
    workbook.setting("etf_2").Value = "demo"
    message = workbook.press("rebalance")
    assert "XAI" in message
    assert "JHAI" in message


def test_holdings_are_pasted_into_their_sheet(workbook: OpenWorkbook) -> None:
    workbook.setting("inputs").Value = "sheets"
    cells = workbook.book.Worksheets(Sheet.HOLDINGS).cells
    for place in [at for at in cells if at[0] >= FIRST_ROW]:
        del cells[place]
    pasted = [
        ("Ticker", "Shares", "Price"),
        ("NVDA", 100.0, 180.0),
        ("MSFT", 50.0, 500.0),
        ("TSM", 30.0, 280.0),
    ]
    for row, line in enumerate(pasted, start=FIRST_ROW):
        cells.update({(row, column): value for column, value in enumerate(line, start=1)})
    message = workbook.press("rebalance")
    assert message.startswith("Beta to ETF "), message  # a table of cells has no name
    proposed = workbook.book.Worksheets(Sheet.PROPOSAL).cells
    tickers = {value for (row, column), value in proposed.items() if row > PROPOSAL.table and column == 1}
    assert {"NVDA", "MSFT", "TSM"} <= tickers


def test_limits_are_rows_of_settings(workbook: OpenWorkbook) -> None:
    workbook.setting("method").Value = "reweight"
    workbook.setting("target").Value = 0.4
    limit(workbook, "Long only", True)  # noqa: FBT003 - as typed
    limit(workbook, "Upper", 0.08)
    message = workbook.press("rebalance")
    assert "-> 0.40 +/-" in message, message
    limit(workbook, "Upper", 0.04)
    workbook.setting("target").Value = 0
    assert workbook.press("rebalance").startswith("No weights reach beta 0.00")


def test_prices_are_typed_where_no_file_is_named(workbook: OpenWorkbook, tmp_path: Path) -> None:
    workbook.press("rebalance")
    expected = orders(workbook, tmp_path)
    workbook.setting("prices").Value = None
    message = workbook.press("orders")
    assert message.startswith("No price for 39 of the names to be traded: "), message
    cells = workbook.book.Worksheets(Sheet.ORDERS).cells
    for row, order in enumerate(expected, start=FIRST_ROW + 1):
        cells.update({(row, OWN_COLUMN): order["ticker"], (row, OWN_COLUMN + 1): float(order["price"])})
    assert orders(workbook, tmp_path) == expected


def test_the_hedge_is_one_order_in_the_etf_s_shares(workbook: OpenWorkbook, tmp_path: Path) -> None:
    workbook.setting("trade").Value = "etfs"
    workbook.press("rebalance")
    (order,) = orders(workbook, tmp_path)
    assert (order["ticker"], order["side"]) == ("JHAI", "SELL SHORT")


def test_an_edited_weight_is_named(workbook: OpenWorkbook) -> None:
    workbook.press("rebalance")
    cells: dict[Any, Any] = workbook.book.Worksheets(Sheet.PROPOSAL).cells
    column = next(at[1] for at, value in cells.items() if at[0] == PROPOSAL.table and value == "New weight")
    ticker = cells[PROPOSAL.table + 1, 1]
    cells[PROPOSAL.table + 1, column] = 0.0
    message = workbook.press("orders")
    assert f"edited: {ticker}" in message or ticker in message, message
    assert "beta" in message.lower()


def test_a_formula_as_text_stays_text(workbook: OpenWorkbook) -> None:
    workbook.setting("inputs").Value = "sheets"
    cells = workbook.book.Worksheets(Sheet.HOLDINGS).cells
    cells[FIRST_ROW + 1, 1] = "=1+1"
    message = workbook.press("rebalance")
    assert "=1+1" in message or "=1+1" in str(workbook.book.Worksheets(Sheet.PROPOSAL).cells), message
