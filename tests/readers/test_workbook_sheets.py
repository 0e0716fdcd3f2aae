"""What a workbook has beside the sheet of positions is told."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from betaneutral_xl.errors import InputError
from betaneutral_xl.readers.holdings_files import parse_holdings_file
from betaneutral_xl.readers.holdings_sections import Choice

HEADER = ("Ticker", "Shares", "Price")
BOOK = (HEADER, ("NVDA", 10, 100), ("MSFT", 30, 100))


def workbook(**sheets: Sequence[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_net_asset_value_on_another_sheet_is_told() -> None:
    content = workbook(Summary=[("Metric", "Amount"), ("NAV", 10000), ("Cash", 6000)], Book=BOOK)
    lines = [one for one in parse_holdings_file(content, "book.xlsx").warnings if " states " in one]
    assert lines[0].startswith(
        "book.xlsx, sheet Summary, row 2 states 10,000.00 (NAV), and the rows add to 4,000"
    )
    assert "row 3 states 6,000.00 (Cash), and the table has 0.00 of cash" in lines[1]


@pytest.mark.parametrize("name", ["Cash", "Options", "FX forwards"])
def test_sheets_that_may_have_positions_are_named(name: str) -> None:
    content = workbook(**{"Book": BOOK, name: [("Currency", "Balance"), ("USD", 6000)]})
    found = parse_holdings_file(content, "book.xlsx")
    assert f"Sheets that are not read may have positions or cash: {name}." in found.warnings


def test_a_sheet_of_shorts_is_short() -> None:
    content = workbook(Longs=BOOK, Shorts=[HEADER, ("XOM", 3, 100)])
    found = parse_holdings_file(content, "book.xlsx", choice=Choice(sheet="Shorts"), nav=1000.0)
    assert found.weights.tolist() == [-0.3]
    assert 'Read as short, by the column "sheet Shorts": XOM.' in found.warnings


def test_a_day_in_place_of_a_ticker_is_refused() -> None:
    content = workbook(Book=[HEADER, (datetime(2026, 3, 1), 10, 100), ("MSFT", 30, 100)])  # noqa: DTZ001
    with pytest.raises(InputError, match="row 2 has the day 2026-03-01 in place of a ticker"):
        parse_holdings_file(content, "book.xlsx")
    with pytest.raises(InputError, match="row 2 has the day 1-Mar in place of a ticker"):
        parse_holdings_file(b"ticker,shares,price\n1-Mar,10,100\nMSFT,30,100\n", "book.csv")


def test_a_pivot_table_is_read() -> None:
    text = b"Row Labels,Sum of Quantity,Sum of Value\nNVDA,10,1000\nMSFT,30,3000\nGrand Total,40,4000\n"
    assert parse_holdings_file(text, "pivot.csv").weights.tolist() == [0.25, 0.75]


def test_totals_of_groups_without_a_ticker_are_no_positions() -> None:
    text = (
        b"Sector,Ticker,Value\nTech,NVDA,1000\n,MSFT,3000\nTech Total,,4000\nEnergy,XOM,4000\n"
        b"Energy Total,,4000\nGrand Total,,8000\n"
    )
    assert parse_holdings_file(text, "book.csv").weights.tolist() == [0.125, 0.375, 0.5]
