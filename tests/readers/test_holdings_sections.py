"""Brokers' exports through the command line: the portfolio that is read, and the errors."""
# ruff: noqa: E501 - lines of files, as they are printed

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from betaneutral_xl.errors import InputError, MissingValue, UnreadableFile
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.readers.holdings_files import load_holdings, parse_holdings_file
from betaneutral_xl.readers.holdings_sections import Choice

NAMES = ("NVDA", "MSFT", "AAPL", "SAP", "TSM")


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    """Write an ETF of one name and a diagonal covariance: the beta to it is that name's weight."""
    (tmp_path / "AI.csv").write_text("ticker,weight\nNVDA,1\n", encoding="utf-8")
    with (tmp_path / "risk.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [[0.04 if a == b else 0.0 for b in NAMES] for a in NAMES]
        csv.writer(file).writerows(
            [["date", "ticker", *NAMES]]
            + [["2025-11-18", n, *row] for n, row in zip(NAMES, rows, strict=True)]
        )
    return ["--etf", str(tmp_path / "AI.csv"), "--covariance", str(tmp_path / "risk.csv")]


def nvda(capsys: pytest.CaptureFixture[str], given: list[str], *argv: str) -> dict[str, Any]:
    """Return the answer of the command line, whose beta is NVDA's weight."""
    assert main(["rebalance", *given, *argv, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def refused(capsys: pytest.CaptureFixture[str], given: list[str], *argv: str, code: int = 2) -> str:
    assert main(["rebalance", *given, *argv]) == code
    return capsys.readouterr().err


def file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("Symbol,Quantity,Last Price,Current Value,Type\nNVDA,10,60,600,Cash\nMSFT,1,300,300,Margin\nSPAXX**,,,100,Cash\n", 0.6),
        ("symbol,quantity,average_buy_price,equity,type\nNVDA,10,1,750,stock\nMSFT,1,900,250,stock\n", 0.75),
        ("Symbol,Qty,Trade Price,Mark\nNVDA,10,1,60\nMSFT,10,90,40\n", 0.6),
        ("Symbol,Quantity,MarkPrice,CurrencyPrimary,FXRateToBase\nNVDA,10,100,USD,1\nSAP,10,50,EUR,2\n", 0.5),
        ("Symbol,Quantity,MarkPrice,PositionValue,FXRateToBase\nNVDA,10,100,1000,1\nSAP,10,50,500,2\n", 0.5),
        ("date,ticker,weight\n2025-11-17,NVDA,0.5\n2025-11-17,MSFT,0.5\n2025-11-18,NVDA,0.6\n2025-11-18,MSFT,0.4\n", 0.6),
        ("ticker,0\nNVDA,0.6\nMSFT,0.4\n", 0.6),
        (",weight\nNVDA,0.6\nMSFT,0.4\n", 0.6),
        ("Symbol,LevelOfDetail,Quantity,Price\nNVDA,SUMMARY,10,100\nNVDA,LOT,4,100\nNVDA,LOT,6,100\nMSFT,SUMMARY,10,100\n", 0.5),
    ],
)  # fmt: skip
def test_each_brokers_columns_are_read(
    text: str, weight: float, tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = nvda(capsys, given, "--holdings", file(tmp_path, text))
    assert answer["beta_before"]["AI"] == pytest.approx(weight, abs=1e-9)


@pytest.mark.parametrize(
    ("column", "named"),
    [("Purchase Price", "NVDA"), ("Avg Price", "NVDA"), ("Trade Price", "NVDA"), ("Average Cost", "NVDA")],
)
def test_a_cost_is_not_a_price(
    column: str, named: str, tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(capsys, given, "--holdings", file(tmp_path, f"Ticker,Shares,{column}\nNVDA,100,90\n"))
    assert f"neither a value nor shares with a positive price for {named}" in message


def test_currencies_need_rates(tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    path = file(tmp_path, "Symbol,Currency,Quantity,Price\nNVDA,USD,10,100\nSAP,EUR,10,50\n")
    assert "2 currencies (USD, EUR) without a rate" in refused(capsys, given, "--holdings", path)
    answer = nvda(capsys, given, "--holdings", path, "--fx", "EUR=2")
    assert answer["beta_before"]["AI"] == pytest.approx(0.5)
    assert "is not a rate" in refused(capsys, given, "--holdings", path, "--fx", "EUR=-2")
    assert "are for a --holdings file" in refused(capsys, [*given, "--sample"], "--fx", "EUR=2")


SCHWAB = (
    '"Positions for All-Accounts as of 04:48 PM ET, 2025/11/18"\n\n"Roth IRA ...234"\n'
    '"Symbol","Quantity","Price","Market Value"\n"NVDA","10","$60.00","$600.00"\n'
    '"Cash & Cash Investments","--","--","$400.00"\n"Account Total","","","$1,000.00"\n\n'
    '"Individual ...678"\n"Symbol","Quantity","Price","Market Value"\n'
    '"AAPL","10","$100.00","$1,000.00"\n"Account Total","","","$1,000.00"\n'
)
FIDELITY = "Account Number,Account Name,Symbol,Quantity,Last Price,Current Value\nX1,Individual,NVDA,10,60,600\nX1,Individual,MSFT,4,100,400\nX2,ROTH IRA,NVDA,10,60,600\nX2,ROTH IRA,AAPL,4,100,400\n"


@pytest.mark.parametrize(
    ("text", "labels", "chosen", "one", "all_"),
    [
        (SCHWAB, ("Roth IRA ...234", "Individual ...678"), "roth", 0.6, 0.3),
        (FIDELITY, ("X1", "X2"), "ROTH IRA", 0.6, 0.6),
    ],
)
def test_one_account_is_chosen_or_all_are_added(
    text: str,
    labels: tuple[str, ...],
    chosen: str,
    one: float,
    all_: float,
    tmp_path: Path,
    given: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = file(tmp_path, text)
    message = refused(capsys, given, "--holdings", path)
    assert all(label in message for label in labels)
    assert "--account" in message
    answer = nvda(capsys, given, "--holdings", path, "--account", chosen)
    assert answer["beta_before"]["AI"] == pytest.approx(one)
    answer = nvda(capsys, given, "--holdings", path, "--account", "all")
    assert answer["beta_before"]["AI"] == pytest.approx(all_)
    assert labels[0] in refused(capsys, given, "--holdings", path, "--account", "9999")


def test_the_sheet_is_chosen_by_name(
    tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    book = openpyxl.Workbook()
    for name, weights in (("Watch", (0.1, 0.9)), ("Mine", (0.6, 0.4))):
        sheet = book.create_sheet(name)
        for row in (("ticker", "weight"), ("NVDA", weights[0]), ("MSFT", weights[1])):
            sheet.append(row)
    path = str(tmp_path / "book.xlsx")
    book.save(path)
    assert "2 sheets: Watch, Mine" in refused(capsys, given, "--holdings", path)
    answer = nvda(capsys, given, "--holdings", f"{path}#Mine")
    assert answer["beta_before"]["AI"] == pytest.approx(0.6)
    assert "no sheet 'Other'" in refused(capsys, given, "--holdings", f"{path}#Other")


@pytest.mark.parametrize(
    "row",
    [
        "AAPL 01/16/2026 250.00 C,CALL APPLE INC,2,4.15,Option",
        "AAPL  260116C00250000,AAPL 16JAN26 250 C,2,4.15,OPT",
        "-AAPL260116C250,AAPL JAN 16 2026 $250 CALL,2,4.15,",
        "AAPL,AAPL 16JAN26 250 C,2,4.15,Option",
    ],
)
def test_an_option_is_named_and_valued_by_its_contract(
    row: str, tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    head = "Symbol,Description,Quantity,Price,Security Type\nNVDA,NVIDIA CORP,10,83,Equity\n"
    path = file(tmp_path, head + row + "\n")
    message = refused(capsys, given, "--holdings", path, code=4)
    assert "Options have no risk data of their own" in message
    assert "Refresh" not in message
    answer = nvda(capsys, given, "--holdings", path, "--on-missing", "drop")
    assert answer["beta_before"]["AI"] == pytest.approx(0.5)
    held = load_holdings(path)
    assert held.prices is not None
    assert held.prices.tolist() == pytest.approx([83.0, 415.0])


def test_an_activity_statement_has_its_ending_cash(
    tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "Statement,Header,Field Name,Field Value\n"
        'Statement,Data,Period,"November 18, 2025"\n'
        "Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Quantity,Mult,Cost Price,Close Price,Value\n"
        "Open Positions,Data,Summary,Stocks,USD,NVDA,10,1,1,60,600\n"
        "Open Positions,Data,Lot,Stocks,USD,NVDA,10,1,1,60,600\n"
        "Open Positions,Total,,Stocks,USD,,,,,,600\n"
        "Cash Report,Header,Currency Summary,Currency,Total,Securities\n"
        "Cash Report,Data,Starting Cash,Base Currency Summary,999,999\n"
        "Cash Report,Data,Ending Cash,Base Currency Summary,400,400\n"
    )
    answer = nvda(capsys, given, "--holdings", file(tmp_path, text))
    assert answer["beta_before"]["AI"] == pytest.approx(0.6)


def test_positions_without_a_ticker_are_named_by_their_isin(
    tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(capsys, given, "--holdings", file(tmp_path, "ISIN,weight\nUS67066G1040,0.6\nUS5949181045,0.4\n"))  # fmt: skip
    assert "no ticker for US67066G1040, US5949181045" in message


def test_weights_are_used_if_currencies_have_no_rate_with_a_warning(
    tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "book.csv"
    book.write_text(
        "ticker,shares,price,currency,weight\nNVDA,10,180,USD,60%\nSAP,10,210,EUR,40%\n", encoding="utf-8"
    )
    answer = nvda(capsys, given, "--holdings", str(book))
    assert answer["beta_before"]["AI"] == pytest.approx(0.6)
    assert any("currencies without a rate: its weights are used" in line for line in answer["warnings"])


def test_lots_below_their_summary_are_left_out_without_a_column_of_levels() -> None:
    text = (
        "Symbol,Date Acquired,Quantity,Price,Market Value\n"
        "NVDA,Multiple,10,100,1000\nNVDA,2024-01-02,4,100,400\nNVDA,2025-01-02,6,100,600\n"
        "MSFT,Multiple,20,100,2000\nMSFT,2024-05-01,20,100,2000\n"
    )
    found = parse_holdings_file(text.encode(), "lots.csv")
    assert found.weights.tolist() == pytest.approx([1 / 3, 2 / 3])
    assert "3 rows are lots of summary rows in the file and are left out." in found.warnings


def test_equal_rows_of_two_accounts_are_added() -> None:
    text = "Symbol,Quantity,Price\nNVDA,10,100\nNVDA,10,100\nMSFT,20,100\n"
    assert parse_holdings_file(text.encode(), "two.csv").weights.tolist() == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("header", ["Term", "Holding Period", "Gain Type", "Tax Lot", "ST/LT"])
def test_the_term_of_a_lot_is_no_side(header: str) -> None:
    text = f"Symbol,{header},Quantity,Price\nNVDA,Short,4,100\nNVDA,Long,6,100\nMSFT,Long,20,100\n"
    found = parse_holdings_file(text.encode(), "lots.csv")
    assert found.weights.tolist() == pytest.approx([1 / 3, 2 / 3])


def test_a_side_that_no_header_announces_is_told() -> None:
    text = "Symbol,Richtung,Quantity,Price\nNVDA,Short,1,100\nMSFT,Long,20,100\nCASH,,,1000\n"
    found = parse_holdings_file(text.encode(), "book.csv")
    assert 'Read as short, by the column "Richtung": NVDA.' in found.warnings


def test_days_of_lots_are_not_days_of_the_portfolio() -> None:
    text = (
        "Symbol,Date,Quantity,Price\nNVDA,2024-01-02,4,100\nNVDA,2025-01-02,6,100\nMSFT,2024-05-01,20,100\n"
    )
    with pytest.raises(UnreadableFile, match="half of the names or fewer on the last"):
        parse_holdings_file(text.encode(), "lots.csv")
    chosen = parse_holdings_file(text.encode(), "lots.csv", choice=Choice.parse(day=date(2025, 1, 2)))
    assert chosen.tickers == ("NVDA",)


@pytest.mark.parametrize(
    ("row", "symbol"),
    [
        ("NVDA,Nvidia,Stock,10,100,1000|NVDA,,Option,1,5,500", "NVDA OPTION"),
        ("AAPL,AAPL 3.85 05/04/43,Fixed Income,1000,90,900", "AAPL BOND"),
        ("AAPL,APPLE INC 3.85% 05/04/2043,,1000,90,900", "AAPL BOND"),
        ("NVDA,Nvidia,CFD,100,25,50", "NVDA DERIVATIVE"),
        ("NVDA,NVDA TOTAL RETURN SWAP,,100,25,50", "NVDA DERIVATIVE"),
    ],
)
def test_what_is_printed_under_a_stocks_ticker_is_not_the_stock(row: str, symbol: str) -> None:
    rows = row.replace("|", "\n")
    text = f"Symbol,Name,Asset Class,Quantity,Price,Market Value\n{rows}\nMSFT,Microsoft,Stock,20,100,2000\n"
    assert symbol in parse_holdings_file(text.encode(), "book.csv").tickers


def test_a_fund_of_bonds_keeps_its_ticker() -> None:
    text = (
        "Symbol,Name,Asset Class,Quantity,Price,Market Value\n"
        "TLT,iShares 20+ Year Treasury Bond ETF,Fixed Income,10,90,900\nMSFT,Microsoft,Equity,20,100,2000\n"
    )
    assert parse_holdings_file(text.encode(), "book.csv").tickers == ("TLT", "MSFT")


def test_options_of_one_underlying_are_told_apart_by_their_terms() -> None:
    text = (
        "Symbol,Type,Expiration Date,Strike,Put/Call,Quantity,Price,Market Value\n"
        "NVDA,Option,2026-12-18,100,C,1,5,500\nNVDA,Option,2026-12-18,100,P,1,5,500\nMSFT,Stock,,,,20,100,2000\n"
    )
    found = parse_holdings_file(text.encode(), "book.csv")
    assert found.tickers == ("NVDA 2026-12-18 100 C OPTION", "NVDA 2026-12-18 100 P OPTION", "MSFT")


def test_lots_under_their_dates_are_those_of_the_ticker_above() -> None:
    text = (
        "Symbol,Quantity,Last Price $,Value $\nNVDA,10,100,1000\n01/02/2024,4,100,400\n05/02/2025,6,100,600\n"
        "MSFT,20,100,2000\n01/02/2024,20,100,2000\nCASH,,,1000\nTOTAL,,,4000\n"
    )
    found = parse_holdings_file(text.encode(), "lots.csv")
    assert dict(zip(found.tickers, found.weights.tolist(), strict=True)) == {"NVDA": 0.25, "MSFT": 0.5}


def test_numbers_under_position_are_shares_also_without_values() -> None:
    text = "Financial Instrument,Position,Last\nNVDA,30,100\nMSFT,10,100\n"
    assert parse_holdings_file(text.encode(), "tws.csv").weights.tolist() == [0.75, 0.25]
    with pytest.raises(MissingValue, match="'C100', not a number"):
        parse_holdings_file(text.replace("30,100", "30,C100").encode(), "tws.csv")


def test_prices_under_a_header_of_pence_are_in_hundredths() -> None:
    text = "Code,Stock,Units held,Price (pence),Value\nVOD,Vodafone,1000,75.00,750.00\nBP,BP plc,50,500.00,250.00\n"
    found = parse_holdings_file(text.encode(), "isa.csv")
    assert not found.warnings
    assert found.prices is not None
    assert found.prices.tolist() == [0.75, 5.0]


def test_a_rate_is_a_number_and_given_once() -> None:
    assert dict(Choice.parse(rates="EUR=1.16,eur=1.16").rates) == {"EUR": 1.16}
    with pytest.raises(InputError, match=r"The rate of EUR is given as 1\.16 and as 1\.2"):
        Choice.parse(rates="EUR=1.16,eur=1.2")
    with pytest.raises(InputError, match="'EUR=116%' is not a rate of a currency"):
        Choice.parse(rates="EUR=116%")


@pytest.mark.parametrize(
    ("ticker", "name"),
    [
        ("VGSH", "VANGUARD SHORT TERM TREASURY BOND INDEX"),
        ("QYLD", "GLOBAL X NASDAQ 100 COVERED CALL ETF"),
        ("PUTW", "WISDOMTREE CBOE S&P 500 PUTWRITE STRATEGY"),
        ("VXX", "IPATH SERIES B S&P 500 VIX SHORT-TERM FUTURES ETN"),
        ("UPRO", "PROSHARES ULTRAPRO S&P500"),
        ("SQQQ", "PROSHARES ULTRAPRO SHORT QQQ"),
        ("SGOV", "ISHARES 0-3 MONTH TREASURY BOND ETF"),
        ("USFR", "WISDOMTREE FLOATING RATE TREASURY FUND"),
        ("TMF", "DIREXION DAILY 20+ YEAR TREASURY BULL 3X"),
    ],
)
def test_funds_of_bonds_and_contracts_keep_their_ticker(ticker: str, name: str) -> None:
    text = f"Symbol,Name,Quantity,Price,Market Value\n{ticker},{name},10,90,900\nMSFT,Microsoft,20,100,2000\n"
    assert ticker in {one.ticker for one in parse_holdings_file(text.encode(), "book.csv").positions}


def test_lots_that_add_to_another_by_chance_are_added() -> None:
    text = "Symbol,Quantity,Price\nNVDA,10,100\nNVDA,5,100\nNVDA,5,100\nMSFT,20,100\n"
    found = parse_holdings_file(text.encode(), "lots.csv")
    assert found.weights.tolist() == pytest.approx([0.5, 0.5])
    several = text + "MSFT,12,100\nMSFT,8,100\n"
    assert parse_holdings_file(several.encode(), "lots.csv").weights.tolist() == pytest.approx([1 / 3, 2 / 3])
