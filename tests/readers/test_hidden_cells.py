"""Rows, columns and sheets of a workbook that are hidden or filtered out are read, and said to be."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import xlwt

from betaneutral_xl.errors import InputError
from betaneutral_xl.job.option_files import read_options
from betaneutral_xl.model.notices import Notice, Severity
from betaneutral_xl.readers.etf_files import parse_etf
from betaneutral_xl.readers.fills import parse_fills
from betaneutral_xl.readers.holdings_files import parse_holdings_file
from betaneutral_xl.readers.holdings_sections import Choice
from betaneutral_xl.readers.prices import parse_prices
from betaneutral_xl.readers.proposals import parse_proposal

if TYPE_CHECKING:
    from pathlib import Path

HOLDINGS = (
    ("Ticker", "Shares", "Price", "Note"),
    ("NVDA", 10, 60, ""),
    ("MSFT", 1, 100, ""),
    ("AAPL", 1, 300, ""),
)
FUND = (("Ticker", "Name", "Weight"), ("NVDA", "Nvidia Corp", 0.6), ("MSFT", "Microsoft Corp", 0.4))


def xlsx(rows: Sequence[Sequence[Any]], hide: Callable[[Any], None] = lambda _: None) -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "Book"
    for row in rows:
        sheet.append(row)
    hide(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def hiding(*rows: int, columns: str = "") -> Callable[[Any], None]:
    def hide(sheet: Any) -> None:
        for row in rows:
            sheet.row_dimensions[row].hidden = True
        for column in columns:
            sheet.column_dimensions[column].hidden = True

    return hide


def about_hidden(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if "hidden" in line]


def test_hidden_rows_of_a_portfolio_are_read_and_listed_the_largest_first() -> None:
    found = parse_holdings_file(xlsx(HOLDINGS, hiding(3, 4)), "book.xlsx")
    assert found.tickers == ("NVDA", "MSFT", "AAPL")
    [line] = about_hidden(found.warnings)
    assert line == (
        "book.xlsx, sheet Book: 2 of 3 rows are hidden or filtered out, and are read like the others: "
        "AAPL 30.00%, MSFT 10.00%. Remove what is not meant."
    )
    assert isinstance(line, Notice)
    assert line.severity is Severity.CHANGES


def test_hidden_rows_of_weights_are_listed_with_them() -> None:
    rows = [("ticker", "weight"), ("NVDA", 0.7), ("MSFT", 0.3)]
    [line] = about_hidden(parse_holdings_file(xlsx(rows, hiding(3)), "book.xlsx").warnings)
    assert "1 of 2 rows is hidden or filtered out, and is read like the others: MSFT 30.00%." in line


def test_hidden_columns_count_only_where_their_numbers_do() -> None:
    found = parse_holdings_file(xlsx(HOLDINGS, hiding(columns="CD")), "book.xlsx")
    assert about_hidden(found.warnings) == ["book.xlsx, sheet Book: hidden columns are read: Price."]


def test_a_hidden_header_title_or_total_is_not_told() -> None:
    rows = [("My fund", "", ""), *HOLDINGS, ("Total", "", "")]
    assert not about_hidden(parse_holdings_file(xlsx(rows, hiding(1, 2, 6)), "book.xlsx").warnings)


def test_a_workbook_that_hides_nothing_has_no_notice() -> None:
    assert not about_hidden(parse_holdings_file(xlsx(HOLDINGS), "book.xlsx").warnings)


def test_hidden_rows_of_added_sections_are_told() -> None:
    rows = [("Roth", ""), ("ticker", "shares", "price"), ("NVDA", 1, 60), ()]
    rows += [("Joint", ""), ("ticker", "shares", "price"), ("MSFT", 1, 40)]
    content = xlsx(rows, hiding(7))
    [line] = about_hidden(parse_holdings_file(content, "b.xlsx", choice=Choice(account="all")).warnings)
    assert "1 of 2 rows is hidden or filtered out, and is read like the others: MSFT 40.00%." in line


def test_a_hidden_sheet_is_told() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx(HOLDINGS)))
    book.create_sheet("Front")
    book["Book"].sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    [line] = about_hidden(parse_holdings_file(file.getvalue(), "book.xlsx").warnings)
    assert line == "book.xlsx, sheet Book is hidden, and is read."


def test_hidden_rows_of_an_xls_are_told() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Book")
    for i, row in enumerate(HOLDINGS):
        for j, cell in enumerate(row):
            sheet.write(i, j, cell)
    sheet.row(3).hidden = True
    sheet.col(2).hidden = True
    file = io.BytesIO()
    book.save(file)
    lines = about_hidden(parse_holdings_file(file.getvalue(), "book.xls").warnings)
    assert [line.partition(": ")[2][:60] for line in lines] == [
        "1 of 3 rows is hidden or filtered out, and is read like the ",
        "hidden columns are read: Price.",
    ]


def test_hidden_rows_of_an_xml_spreadsheet_are_told() -> None:
    def row(cells: Sequence[Any], attributes: str = "") -> str:
        inner = "".join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in cells)
        return f"<Row{attributes}>{inner}</Row>"

    body = "".join(row(one, ' ss:Hidden="1"' if one[0] == "AAPL" else "") for one in HOLDINGS)
    content = (
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="Book"><Table>'
        f'<Column/><Column ss:Hidden="1" ss:Span="1"/>{body}</Table></Worksheet></Workbook>'
    ).encode()
    lines = about_hidden(parse_holdings_file(content, "book.xls").warnings)
    assert len(lines) == 2
    assert "AAPL 30.00%" in lines[0]
    assert lines[1].endswith("hidden columns are read: Shares, Price.")


def test_hidden_rows_of_an_etf_are_told() -> None:
    found = parse_etf(xlsx(FUND, hiding(3)), "AI.xlsx", today=date(2026, 1, 1))
    [line] = about_hidden(found.warnings)
    assert "1 of 2 rows is hidden or filtered out, and is read like the others: MSFT 40.00%." in line
    assert isinstance(line, Notice)
    assert line.severity is Severity.CHANGES


def test_hidden_days_and_tickers_of_prices_are_told() -> None:
    days = [date(2025, 1, 1) + timedelta(days=i) for i in range(5)]
    rows: list[Sequence[Any]] = [("date", "NVDA", "MSFT"), *((day, 10, 11) for day in days)]
    lines = about_hidden(parse_prices(xlsx(rows, hiding(3, 4, columns="C")), "prices.xlsx").warnings)
    assert lines == [
        "prices.xlsx, sheet Book: 2 of 5 rows are hidden or filtered out, and are read like the others: "
        "2025-01-02, 2025-01-03. Remove what is not meant.",
        "prices.xlsx, sheet Book: hidden columns are read: MSFT.",
    ]


def test_a_hidden_limit_is_refused(tmp_path: Path) -> None:
    rows = [("name", "for which", "value"), ("upper", "", 0.05), ("lower", "", ""), ("gross", "", 2)]
    path = tmp_path / "limits.xlsx"
    path.write_bytes(xlsx(rows, hiding(3)))
    assert read_options(path) == {"upper": "0.05", "gross": "2"}  # one that is not set may be hidden
    path.write_bytes(xlsx(rows, hiding(4)))
    with pytest.raises(InputError) as caught:
        read_options(path)
    assert str(caught.value) == (
        "limits.xlsx, sheet Book, row 4 (gross 2) is hidden or filtered out. Show it, or clear its value."
    )


def test_hidden_trades_are_told() -> None:
    rows = [("ticker", "side", "shares", "price"), ("NVDA", "buy", 1, 60), ("MSFT", "sell", 1, 40)]
    [line] = about_hidden(parse_fills(xlsx(rows, hiding(3)), "fills.xlsx").warnings)
    assert "1 of 2 rows is hidden or filtered out, and is read like the others: MSFT." in line


def test_hidden_rows_of_a_proposal_are_told() -> None:
    rows = [("ticker", "new weight"), ("NVDA", 0.6), ("MSFT", 0.4)]
    [line] = about_hidden(parse_proposal(xlsx(rows, hiding(2)), "new.xlsx").warnings)
    assert "1 of 2 rows is hidden or filtered out, and is read like the others: NVDA." in line
