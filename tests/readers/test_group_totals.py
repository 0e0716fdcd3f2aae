"""Totals of a part of a portfolio, in an export's own words, are no positions."""

from __future__ import annotations

import pytest

from betaneutral_xl.readers.etf_files import parse_etf
from betaneutral_xl.readers.holdings_files import parse_holdings_file

FULL = {"NVDA": 0.2, "MSFT": 0.4, "XOM": 0.2}


def weights(text: str) -> dict[str, float]:
    found = parse_holdings_file(text.encode(), "book.csv")
    return dict(zip(found.tickers, found.weights.tolist(), strict=True))


def table(rows: str) -> str:
    return "Symbol,Quantity,Price,Value\n" + rows.replace("|", "\n")


NVDA, MSFT, XOM, CASH = "NVDA,10,100,1000|", "MSFT,20,100,2000|", "XOM,10,100,1000|", "Cash,,,1000|"


@pytest.mark.parametrize(
    "rows",
    [
        f"Technology,,,3000|{NVDA}{MSFT}Energy,,,1000|{XOM}{CASH}",
        f"{NVDA}{MSFT}Technology Total,,,3000|{XOM}Energy Total,,,1000|{CASH}Grand Total,,,5000|",
        f"Momentum,,,|{NVDA}{MSFT}Subtotal Momentum,,,3000|Value,,,|{XOM}Subtotal Value,,,1000|{CASH}",
        f"{NVDA}{MSFT}{XOM}Stocks,,,4000|{CASH}Portfolio,,,5000|",
        f"{NVDA}{MSFT}{XOM}{CASH}Gross Exposure,,,4000|Net Exposure,,,4000|Leverage,,,0.8|",
        f"{NVDA}{MSFT}{XOM}{CASH}Number of positions,,,3|",
    ],
    ids=["above", "below", "of strategies", "of the whole", "figures", "a count"],
)
def test_totals_of_a_group_are_no_positions(rows: str) -> None:
    assert weights(table(rows)) == pytest.approx(FULL)


def test_totals_of_sides_are_no_positions() -> None:
    rows = f"{NVDA}{MSFT}XOM,-10,100,-1000|Cash,,,3000|Long Market Value,,,3000|Short Market Value,,,-1000|"
    assert weights(table(rows)) == pytest.approx({"NVDA": 0.2, "MSFT": 0.4, "XOM": -0.2})


def test_totals_of_lots_by_a_spreadsheet_are_no_positions() -> None:
    rows = f"NVDA,4,100,400|NVDA,6,100,600|NVDA Total,10,,1000|{MSFT}MSFT Total,20,,2000|Grand Total,,,3000|"
    assert weights(table(rows)) == pytest.approx({"NVDA": 1 / 3, "MSFT": 2 / 3})


@pytest.mark.parametrize("name", ["Equity", "Total Stocks", "Securities", "Invested"])
def test_totals_without_a_column_of_shares_need_a_word(name: str) -> None:
    text = f"Ticker,Value\nNVDA,1000\nMSFT,2000\n{name},3000\nCash,2000\nTotal,5000\n"
    assert weights(text) == pytest.approx({"NVDA": 0.2, "MSFT": 0.4})


def test_totals_of_weights_are_told() -> None:
    text = "Ticker,Weight\nNVDA,0.2\nMSFT,0.4\nTech Total,0.6\nXOM,0.4\nEnergy Total,0.4\n"
    found = parse_holdings_file(text.encode(), "book.csv")
    assert found.weights.tolist() == pytest.approx([0.2, 0.4, 0.4])
    assert found.warnings == (
        "book.csv: totals of other rows, or figures of the whole, are no positions: Tech Total, "
        "Energy Total. If one is, give its shares and price.",
    )
    etf = parse_etf(text.encode(), "AI.csv")
    assert [one.weight for one in etf.constituents] == pytest.approx([0.2, 0.4, 0.4])


@pytest.mark.parametrize(
    "row",
    ["XOM,3000", "NET,3000", "SAMSUNG,3000", "BKNG,3000"],
)
def test_a_ticker_whose_value_is_the_sum_of_others_is_a_position(row: str) -> None:
    assert len(weights(f"Ticker,Value\nNVDA,1000\nMSFT,2000\n{row}\n")) == 3


def test_a_fund_of_the_total_market_is_a_position() -> None:
    rows = "NVDA,Nvidia,25%\nMSFT,Microsoft,25%\nVTI,Vanguard Total Stock Market ETF,50%\n"
    assert weights(f"Ticker,Name,Weight\n{rows}")["VTI"] == 0.5
    assert parse_etf(f"Ticker,Name,Weight\n{rows}".encode(), "AI.csv").constituents[2].weight == 0.5


def test_the_total_of_the_last_group_is_not_taken_as_that_of_the_whole() -> None:
    rows = f"{NVDA}{MSFT}Subtotal Tech,,,3000|{XOM}Subtotal Value,,,1000|{CASH}"
    found = parse_holdings_file(table(rows).encode(), "book.csv")
    assert not any("prints a total value" in line for line in found.warnings)
