"""Headers of two rows are read as one."""

from __future__ import annotations

import pytest

from betaneutral_xl.readers.etf_files import parse_etf
from betaneutral_xl.readers.holdings_files import parse_holdings_file


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Ticker,Weight,\n,Bench,Port", "NVDA,50,20\nMSFT,50,80"),
        ("Ticker,Weight,\n,Port,Bench", "NVDA,20,50\nMSFT,80,50"),
        ("Ticker,Weight,\n,10/31/2026,11/27/2026", "NVDA,50,20\nMSFT,50,80"),
        ("Ticker,Target,,Current,\n,Shares,Weight,Shares,Weight", "NVDA,50,50%,20,20%\nMSFT,50,50%,80,80%"),
        ("Ticker,Market,Portfolio\n,Value,Weight", "NVDA,1000,20\nMSFT,4000,80"),
        ("Ticker,Shares,Market\n,Held,Price", "NVDA,10,100\nMSFT,40,100"),
        ("Ticker,Market Value,Weight\n,USD,%", "NVDA,1000,20\nMSFT,4000,80"),
        ("My fund,,\nTicker,Shares,Price\n,(#),($)", "NVDA,10,100\nMSFT,40,100"),
    ],
)
def test_a_header_of_two_rows_is_one(header: str, rows: str) -> None:
    found = parse_holdings_file(f"{header}\n{rows}\n".encode(), "book.csv")
    assert dict(zip(found.tickers, found.weights.tolist(), strict=True)) == pytest.approx(
        {"NVDA": 0.2, "MSFT": 0.8}
    )


def test_an_etfs_header_of_two_rows_is_one() -> None:
    text = "Ticker,Name,Weight,\n,,Index,Fund\nNVDA,Nvidia,50,20\nMSFT,Microsoft,50,80\n"
    assert [one.weight for one in parse_etf(text.encode(), "AI.csv").constituents] == pytest.approx(
        [0.2, 0.8]
    )


@pytest.mark.parametrize(
    "text",
    [
        "Ticker,Name,Weight\n,Information Technology,\nNVDA,Nvidia,20\nMSFT,Microsoft,80\n",
        "Ticker,Shares,Price\n,,\nNVDA,20,100\nMSFT,80,100\n",
        "Ticker,Shares,Price\nLongs,,\nNVDA,20,100\nMSFT,80,100\n",
    ],
)
def test_a_heading_below_a_header_is_no_part_of_it(text: str) -> None:
    found = parse_holdings_file(text.encode(), "book.csv")
    assert found.weights.tolist() == pytest.approx([0.2, 0.8])


def test_tickers_quoted_abroad_are_told() -> None:
    text = (
        "Ticker,Exchange,Currency,Shares,Price,FXRateToBase\nT,TSX,CAD,10,20,0.7\nNVDA,NASDAQ,USD,1,100,1\n"
    )
    found = parse_holdings_file(text.encode(), "book.csv")
    assert any(
        "read as the listing there: T. If the ticker is another company's" in w for w in found.warnings
    )
    assert any("give the market, as T CN." in w for w in found.warnings)
