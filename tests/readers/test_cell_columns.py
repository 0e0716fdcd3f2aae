"""Columns that their cells tell: sides, long and short numbers, signs of currencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from betaneutral_xl.errors import MissingValue, UnreadableFile
from betaneutral_xl.job.tables import etfs_of_object
from betaneutral_xl.readers.etf_files import parse_etf
from betaneutral_xl.readers.holdings_files import parse_holdings_file
from betaneutral_xl.readers.holdings_sections import Choice

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Holdings

BOOK = {"AMD": 10_000.0, "TSLA": -4_000.0}


def read(text: str, name: str = "book.csv", choice: Choice | None = None) -> Holdings:
    return parse_holdings_file(text.encode(), name, choice=choice)


def values(holdings: Holdings) -> dict[str, float | None]:
    return {one.ticker: one.value for one in holdings.positions if one.ticker != "CASH"}


@pytest.mark.parametrize(
    "text",
    [
        "Symbol,B/S,Quantity,Price\nAMD,B,50,200\nTSLA,S,10,400\nCASH,,9000,1\n",
        "Symbol,Position,Quantity,Price\nAMD,Long,50,200\nTSLA,Short,10,400\nCASH,,9000,1\n",
        "Symbol;Richtung;Menge;Kurs\nAMD;Kauf;50;200\nTSLA;Short;10;400\nCASH;;9000;1\n",
        "Symbol,Long Quantity,Short Quantity,Price\nAMD,50,0,200\nTSLA,0,10,400\nCASH,9000,0,1\n",
        "Symbol,Long Market Value,Short Market Value\nAMD,10000,\nTSLA,,-4000\nCASH,9000,\n",
        "Symbol;Long Quantity;Short Quantity;Price\nAMD;50,0;;200\nTSLA;;(10,0);400\nCASH;9000;;1\n",
        "Symbol,Long Quantity,Short Quantity,Price\nAMD,60,10,200\nTSLA,0,10,400\nCASH,9000,0,1\n",
    ],
    ids=["B and S", "names", "an unknown word", "two columns", "two values", "decimal commas", "net of both"],
)
def test_short_positions_have_their_sign_in_any_layout(text: str) -> None:
    holdings = read(text)
    assert values(holdings) == pytest.approx(BOOK)
    assert holdings.nav == 15_000.0


@pytest.mark.parametrize(
    "column",
    ["Sign,+,-,", "Side,1,-1,", "Short,No,Yes,No", "is_short,False,True,False", "Is Long,TRUE,FALSE,TRUE",
     "Side,Bull,Bear,", "Position Type,Long,Short,",
     "Account Type,Margin,Short,Cash", "Long/Short,+,\u2212,+"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["Value", "Weight"])
def test_any_usual_answer_tells_the_side(column: str, name: str) -> None:
    header, long, short, cash = column.split(",")
    rows = f"Symbol,{header},{name}\nAMD,{long},100%\nTSLA,{short},40%\nCASH,{cash},40%\n"
    holdings = read(rows if name == "Weight" else rows.replace("%", ""))
    assert dict(zip(holdings.tickers, holdings.weights.tolist(), strict=True)) == {"AMD": 1.0, "TSLA": -0.4}


@pytest.mark.parametrize("amounts", ["-10,400,4000", "10,400,-4000", "-10,400,-4000"])
def test_shares_and_value_of_a_stock_have_one_sign(amounts: str) -> None:
    text = f"Symbol,Quantity,Price,Value\nAMD,50,200,10000\nTSLA,{amounts}\nCASH,,,9000\n"
    holdings = read(text)
    assert values(holdings) == pytest.approx(BOOK)
    assert holdings.shares is not None
    assert holdings.shares.tolist() == [50.0, -10.0]
    etf = parse_etf(text.encode(), "LS.csv")
    assert next(row.weight for row in etf.constituents if row.ticker == "TSLA") < 0.0


@pytest.mark.parametrize("heading", ["Short", "SHORT POSITIONS", "Short equity:"])
@pytest.mark.parametrize("ending", ["CASH,,,9000", "Cash\nCASH,,,9000"])
def test_what_is_below_a_heading_of_short_positions_is_short(heading: str, ending: str) -> None:
    text = f"Symbol,Quantity,Price,Value\nLong\nAMD,50,200,10000\n{heading}\nTSLA,10,400,4000\n{ending}\n"
    holdings = read(text)
    assert values(holdings) == pytest.approx(BOOK)
    assert holdings.nav == 15_000.0


def test_sides_that_are_neither_long_nor_short_are_told() -> None:
    text = "Symbol,Dr/Cr,Quantity,Price\nAMD,DR,50,200\nTSLA,CR,10,400\nCASH,DR,9000,1\n"
    line = 'DR, CR in "Dr/Cr" of book.csv is neither long nor short: the signs are those of the numbers.'
    assert line in read(text).warnings


def test_a_column_of_other_words_is_no_side() -> None:
    text = "Symbol,Rating,Quantity,Price\nAMD,Buy,50,200\nTSLA,Hold,10,400\n"
    assert values(read(text)) == {"AMD": 10_000.0, "TSLA": 4_000.0}
    assert values(read(text.replace("Hold", "Buy"))) == {"AMD": 10_000.0, "TSLA": 4_000.0}


@pytest.mark.parametrize("column", ["Long/Short", "B/S", "Exposure side"])
def test_a_side_gives_the_sign_of_the_weights_of_an_etf(column: str) -> None:
    text = f"Ticker,Name,Weight (%),{column}\nAMD,Advanced Micro,100,Long\nTSLA,Tesla Inc,30,Short\n"
    etf = parse_etf(text.encode(), "LS.csv")
    assert {row.ticker: row.weight for row in etf.constituents} == {"AMD": 1.0, "TSLA": -0.3}


def test_a_range_of_an_etf_takes_its_sides_and_its_own_weights() -> None:
    frame = pd.DataFrame(
        {
            "Ticker": ["AMD", "TSLA"],
            "Long/Short": ["L", "S"],
            "Target Weight": [0.5, 0.5],
            "Actual Weight": [1.3, 0.3],
        }
    )
    (etf,) = etfs_of_object(frame)
    assert {row.ticker: row.weight for row in etf.constituents} == {"AMD": 1.3, "TSLA": -0.3}


@pytest.mark.parametrize(
    "text",
    [
        'Ticker,Market Value\nAMD,"$10,000"\nSAP,"€2,100"\n',
        "Ticker,Shares,Price\nAMD,50,$200\nSAP,10,210.00 €\n",
    ],
)
def test_amounts_with_the_signs_of_two_currencies_need_a_rate(text: str) -> None:
    with pytest.raises(MissingValue, match=r"2 currencies \(USD, EUR\) without a rate.*--fx EUR=RATE"):
        read(text)
    rated = read(text, choice=Choice.parse(rates="EUR=1.16"))
    assert values(rated) == pytest.approx({"AMD": 10_000.0, "SAP": 2_436.0})


def test_values_with_one_sign_are_in_one_currency_whatever_the_prices_are_in() -> None:
    text = "Symbol,Qty,Price,Market Value £\nVOD,1000,85.00p,£850.00\nAMD,50,$200.00,£7600.00\n"
    assert values(read(text)) == {"VOD": 850.0, "AMD": 7_600.0}


def test_a_code_of_a_currency_at_the_end_of_a_header_is_that_of_its_values() -> None:
    text = "Ticker,Currency,Quantity,Current price,Value (GBP)\nAMD,USD,50,200,7600\nVOD,GBX,1000,85,850\n"
    assert values(read(text)) == {"AMD": 7_600.0, "VOD": 850.0}


MARKED = """Symbol,Description,Quantity,Price
AMD,Advanced Micro Devices,50,200
TSLA,Tesla Inc,10,400
CASH,,9000,1
"""


@pytest.mark.parametrize(
    "ticker",
    ["TSLA (SHORT)", "SHORT TSLA", "TSLA - Short", "TSLA_SHORT", "tsla short", "Short: TSLA", "[S] TSLA",
     "TSLA (S)", "TSLA (Short position)", "Sold short TSLA", "-TSLA"],
)  # fmt: skip
@pytest.mark.parametrize("sign", ["", "-"])
def test_a_ticker_that_says_short_is_short(ticker: str, sign: str) -> None:
    holdings = read(
        MARKED.replace("TSLA,Tesla Inc,", f"{ticker},Tesla Inc,{sign}").replace("AMD,", "AMD (L),")
    )
    assert {name.upper(): value for name, value in values(holdings).items()} == pytest.approx(BOOK)
    assert any(
        line.startswith("Read as short, by the word") and "TSLA" in line.upper() for line in holdings.warnings
    )


@pytest.mark.parametrize(
    "name",
    ["Tesla Inc (SHORT)", "Short Position Tesla", "Tesla - Short", "Short: Tesla", "Tesla sold short",
     "Short TSLA", "TSLA short", "TESLA INC SHORT", "Short - Tesla"],
)  # fmt: skip
def test_a_name_that_says_short_is_short(name: str) -> None:
    holdings = read(MARKED.replace("Tesla Inc", name))
    assert values(holdings) == pytest.approx(BOOK)
    assert "Read as short, by the word or sign beside their ticker or name: TSLA." in holdings.warnings


@pytest.mark.parametrize(
    "name",
    ["Short Duration ETF", "ProShares Short QQQ", "Shortwave Inc", "Vanguard Short-Term Bond ETF",
     "JPMorgan Ultra-Short Income", "SHORT TERM TREASURY", "GraniteShares 2x Short NVDA Daily ETF",
     "Short Dated Credit (USD)", "PIMCO Enhanced Short", "Shortage Solutions - Class A"],
)  # fmt: skip
def test_a_name_with_the_word_short_is_none(name: str) -> None:
    holdings = read(MARKED.replace("Tesla Inc", name))
    assert values(holdings) == pytest.approx({"AMD": 10_000.0, "TSLA": 4_000.0})
    assert not any("Read as short" in line for line in holdings.warnings)


def test_an_etf_whose_names_say_short_has_negative_weights() -> None:
    etf = parse_etf(b"Ticker,Name,Weight\nAMD,AMD Inc,120\nTSLA,Tesla Inc (Short),20\n", "LS.csv")
    assert [one.weight for one in etf.constituents] == pytest.approx([1.2, -0.2])
    assert "Read as short, by the word or sign beside their ticker or name: TSLA." in etf.warnings


@pytest.mark.parametrize(
    "heading",
    ["Securities Sold Short", "Short Sales", "Less: Securities sold short", "Sold Short:", "Equity - Short",
     "Stocks Short", "Short Book", "Short side"],
)  # fmt: skip
@pytest.mark.parametrize("total", ["", "4000"])
def test_what_is_below_any_heading_of_short_positions_is_short(heading: str, total: str) -> None:
    rows = f"AMD,50,200,10000\n{heading},,,{total}\nTSLA,10,400,4000\nCash,,,9000\n"
    holdings = read(f"Symbol,Quantity,Price,Value\nLong positions,,,\n{rows}")
    assert {one.ticker: one.value for one in holdings.positions if one.value != 9_000.0} == pytest.approx(
        BOOK
    )


def test_tables_under_headings_of_a_side_have_that_side() -> None:
    header = "Symbol,Shares,Price"
    text = f"Long Book\n{header}\nAMD,50,200\nCASH,,9000\n\nShort Book\n{header}\nTSLA,10,400\n"
    holdings = read(text, choice=Choice(account="all"))
    assert values(holdings) == pytest.approx(BOOK)
    assert holdings.nav == 15_000.0


@pytest.mark.parametrize("word", ["SHRT", "Sell Short", "SS", "Sold short"])
def test_more_words_of_a_short_side(word: str) -> None:
    text = f"Symbol,P/T,Quantity,Price\nAMD,LONG,50,200\nTSLA,{word},10,400\nCASH,,9000,1\n"
    assert values(read(text)) == pytest.approx(BOOK)


def test_the_sign_of_a_weight_is_that_of_its_shares() -> None:
    text = "Symbol,Quantity,Price,Weight\nAMD,50,200,67%\nTSLA,10,400,-27%\nCASH,9000,1,60%\n"
    assert values(read(text)) == pytest.approx(BOOK)


@pytest.mark.parametrize("blank", [",", ",,"])
def test_two_tables_side_by_side_are_refused(blank: str) -> None:
    header = f"Symbol,Shares,Price{blank}Symbol,Shares,Price"
    with pytest.raises(UnreadableFile, match=r"two tables side by side \(two columns"):
        read(f"{header}\nAMD,50,200{blank}TSLA,10,400\nIBM,50,200{blank}XOM,10,400\n")


@pytest.mark.parametrize("symbol", ["ESZ6 Index", "ES1 Index", "CLF27 Comdty"])
def test_bloombergs_futures_are_futures(symbol: str) -> None:
    text = (
        f"Symbol,Quantity,Price,Market Value\n{symbol},-1,6000,-300000\nAMD,1000,100,100000\nCASH,,,100000\n"
    )
    holdings = read(text)
    assert holdings.weights.tolist() == [0.5]
    assert any("Futures and other derivatives count with their gains" in line for line in holdings.warnings)


def test_a_total_below_short_positions_is_no_heading_of_what_follows() -> None:
    text = (
        "Symbol,Quantity,Price,Value\nTSLA,-10,400,-4000\nShort,,,-4000\nAMD,50,200,10000\nLong,,,10000\n"
        "Cash,,,9000\n"
    )
    assert values(read(text))["AMD"] == 10_000.0


def test_a_currency_with_a_dash_is_not_short() -> None:
    etf = parse_etf(
        b"Ticker,Name,Weight\nAMD,AMD Inc,108\n-USD,US Dollar,12\nTSLA,Tesla (Short),20\n", "LS.csv"
    )
    assert [one.weight for one in etf.constituents] == pytest.approx([1.08, 0.12, -0.2])


def test_negative_shares_are_short_also_beside_names_that_say_so() -> None:
    text = b"Ticker,Name,Shares,Weight\nAMD,AMD Inc,50,130\nTSLA,Tesla (Short),9,20\nXOM,Exxon,-9,10\n"
    assert [one.weight for one in parse_etf(text, "LS.csv").constituents] == pytest.approx([1.3, -0.2, -0.1])


@pytest.mark.parametrize(
    "column",
    ["Asset Class,Long Equity,Short Equity,Cash", "Type,Long Stock,Short Stock,",
     "Strategy,Long book,Short book,", "Sector,Longs,Shorts,Cash"],
)  # fmt: skip
def test_sides_among_other_words_of_a_column_are_read(column: str) -> None:
    header, long, short, cash = column.split(",")
    text = f"Symbol,{header},Quantity,Price\nAMD,{long},50,200\nTSLA,{short},10,400\nCASH,{cash},9000,1\n"
    holdings = read(text)
    assert values(holdings) == pytest.approx(BOOK)
    assert any(line == f'Read as short, by the column "{header}": TSLA.' for line in holdings.warnings)


def test_a_fund_that_is_short_by_its_name_keeps_its_ticker() -> None:
    text = "Symbol,Name,Shares,Price\nSH,ProShares Short S&P500,10,100\nPSQ,ProShares Short QQQ,30,100\n"
    assert read(text).tickers == ("SH", "PSQ")
