# ruff: noqa: E501, RUF001 - lines of files, as they are printed

from __future__ import annotations

import contextlib
import io
import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.errors import DuplicateTicker, InputError, MissingValue, UnknownFund, UnreadableFile
from betaneutral_xl.model.notices import Severity
from betaneutral_xl.readers.holdings_files import load_holdings, parse_holdings_file
from betaneutral_xl.readers.holdings_sections import Choice

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Holdings


def read(text: str, fund: str | None = None) -> Holdings:
    return parse_holdings_file(text.encode(), "mine.csv", fund)


FIDELITY = (
    "Account Number,Account Name,Symbol,Description,Quantity,Last Price,Current Value,Percent Of Account\n"
    "X1,Individual,SPAXX**,HELD IN MONEY MARKET,,,$100.00,10%\n"
    "X1,Individual,AAPL,APPLE INC,3,$300.00,$900.00,90%\n"
    "X2,Roth IRA,MSFT,MICROSOFT CORP,1,$400.00,$400.00,100%\n\n"
    '"Date downloaded 01/02/2026 1:00 PM ET"\n'
)
SCHWAB = (
    '"Positions for account Individual ...123 as of 09:00 AM ET, 2026/01/02"\n\n'
    '"Symbol","Description","Qty (Quantity)","Price","Mkt Val (Market Value)","% of Acct (% of Account)"\n'
    '"AAPL","APPLE INC","10","250.00","$2,500.00","50%"\n'
    '"NVDA","NVIDIA CORP","-10","200.00","-$2,000.00","40%"\n'
    '"Cash & Cash Investments","--","--","--","$4,500.00","10%"\n'
    '"Account Total","--","--","--","$5,000.00","--"\n'
)


def test_weights_come_from_shares_prices_and_cash() -> None:
    held = read("ticker,shares,price\nAAPL,10,30\nBRK B,5,100\nCASH,,200\n")
    assert held.tickers == ("AAPL", "BRK.B")
    assert held.weights.tolist() == [0.3, 0.5]
    assert held.shares is not None
    assert held.shares.tolist() == [10.0, 5.0]
    assert (held.nav, held.cash) == (1000.0, 0.2)
    assert held.warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        "ticker,weight\nAAPL,0.605\nMSFT,0.395\n",
        "Symbol;Gewichtung\nAAPL;60,5\nMSFT;39,5\n",
        "Ticker\tWeight (%)\nAAPL\t60.5\nMSFT\t39.5\n",
        "AAPL,60.5%\nMSFT,39.5%\n",
        "AAPL;0,605\nMSFT;0,395\n",
        "My portfolio on 2026-01-02\n\nCompany,Ticker,Weight\nApple,AAPL US,60.5\nMicrosoft,MSFT US,39.5\nTotal,,100\n",
    ],
)
def test_weights_in_any_format_are_read(text: str) -> None:
    held = read(text)
    assert held.tickers == ("AAPL", "MSFT")
    assert held.weights.tolist() == pytest.approx([0.605, 0.395])
    assert held.cash == pytest.approx(0.0)


def test_a_currency_code_is_cash_unless_a_company_has_it() -> None:
    held = read("ticker,weight\nAAPL,0.6\nCOP,0.3\nUSD,0.1\n")
    assert held.tickers == ("AAPL", "COP")
    assert held.cash == pytest.approx(0.1)


def test_weights_below_one_leave_cash_with_a_warning() -> None:
    held = read("ticker,weight\nAAPL,0.5\nMSFT,0.4\n")
    assert held.cash == pytest.approx(0.1)
    assert "add to 0.9000, not 1: the other 0.1000 is taken as cash" in held.warnings[0]


def test_a_brokers_export_of_one_account_is_read() -> None:
    held = read(SCHWAB)
    assert held.tickers == ("AAPL", "NVDA")
    assert held.weights.tolist() == [0.5, -0.4]
    assert held.cash == 0.9
    assert held.as_of == date(2026, 1, 2)


def test_one_of_several_accounts_must_be_chosen() -> None:
    with pytest.raises(UnknownFund, match="lists 2 accounts or funds: X1, X2"):
        read(FIDELITY)
    held = read(FIDELITY, "Individual")
    assert (held.fund, held.tickers, held.cash) == ("X1", ("AAPL",), 0.1)
    assert held.as_of == date(2026, 1, 2)


def test_a_printed_value_takes_precedence_over_shares_times_price() -> None:
    held = read("ticker,shares,price,value\n2330 TT,1000,600,20000\nMSFT,200,400,80000\n")
    assert held.weights.tolist() == [0.2, 0.8]
    assert held.prices is not None
    assert held.prices.tolist() == [20.0, 400.0]
    assert held.warnings == (
        "Holdings of mine: value is not shares times price for 2330 TT; weights are by value.",
    )


def test_a_table_without_header_is_read_only_if_unambiguous() -> None:
    assert read("AAPL,10,100\nMSFT,4,50\n").nav == 1200.0
    assert "taken as ticker, shares, price" in read("AAPL,10,100\n").warnings[-1]
    with pytest.raises(
        UnreadableFile, match="has no header, and its numbers can be weight or shares and price"
    ):
        read("AAPL,10\nMSFT,4\n")
    with pytest.raises(UnreadableFile, match="has no header"):
        read("AAPL,0.5,100\nMSFT,0.5,50\n")


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        (
            "ticker,weight\nA,0.5\nA,0.5\n",
            DuplicateTicker,
            "lists A more than once .mine.csv, row 2; mine.csv, row 3.",
        ),
        (
            "ticker,shares,price\nA,1,0\n",
            MissingValue,
            "neither a value nor shares with a positive price for A",
        ),
        ("ticker,shares\nA,1\n", MissingValue, "neither a value nor shares"),
        ("ticker,weight\nA,0.5\nB,--\n", MissingValue, "mine.csv, row 3 has no weight for B"),
        ("name,ticker,weight\nApple,,0.5\nMicrosoft,MSFT,0.5\n", MissingValue, "has no ticker for Apple"),
        ("ticker,shares,price\nA,1,10\nB,-1,10\n", MissingValue, r"worth 0\.00 in total"),
        ("ticker,weight\nUSD,1\n", InputError, "has no positions, only cash"),
        ("ticker,weight\n", UnreadableFile, "has a header but no holdings"),
        ("hello world\n", UnreadableFile, "has no table of holdings"),
    ],
)
def test_an_invalid_portfolio_is_refused(text: str, error: type[InputError], words: str) -> None:
    with pytest.raises(error, match=words):
        read(text)


def test_a_workbook_and_the_apis_json_are_read_too(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Ticker", "Shares", "Price"], ["AAPL", 10, 30.0], ["MSFT", 7, 100.0]):
        book.worksheets[0].append(row)
    stream = io.BytesIO()
    book.save(stream)
    (tmp_path / "mine.xlsx").write_bytes(stream.getvalue())
    assert load_holdings(tmp_path / "mine.xlsx").weights.tolist() == [0.3, 0.7]
    position = {"ticker": "AAPL", "active": True, "shares": 10.0, "price": 30.0, "value": 300.0}
    answer = {"fund": "quant", "start": "2025-11-18", "end": "2025-11-18", "holdings": [position]}
    (tmp_path / "mine.json").write_text(json.dumps(answer), encoding="utf-8")
    assert load_holdings(tmp_path / "mine.json").fund == "quant"


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[A-Z]{3}[0-9]{1,2}[A-Z]", fullmatch=True),
            st.integers(1, 10**6),
            st.decimals(min_value="0.01", max_value=9999, places=2),
        ),
        min_size=1,
        max_size=20,
        unique_by=lambda row: row[0],
    )
)
def test_typed_positions_are_read_back(rows: list[tuple[str, int, float]]) -> None:
    text = "ticker,shares,price\n" + "".join(f"{t},{s},{p}\n" for t, s, p in rows)
    held = read(text)
    nav = sum(s * p for _, s, p in rows)
    assert held.weights.tolist() == pytest.approx([float(s * p / nav) for _, s, p in rows])


@given(st.text(max_size=500))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        assert read(text).tickers


@pytest.mark.parametrize(
    "text", ["ticker,weight\nA,\nB,1\n", "ticker,weight\nB,1\nA,\n", "ticker,weight\nA\nB,1\n"]
)
def test_a_position_without_a_weight_is_an_error_and_never_dropped(text: str) -> None:
    with pytest.raises(MissingValue, match="for A") as caught:
        parse_holdings_file(text.encode(), "fund.csv")
    assert caught.value.tickers == ("A",)


def test_a_heading_within_the_table_is_not_a_position() -> None:
    held = parse_holdings_file(b"ticker,weight\nEquity,\nA,0.5\nCash,\nB,0.5\n", "fund.csv")
    assert held.tickers == ("A", "B")


@pytest.mark.parametrize(
    "tickers",
    [
        ("NVDA", "7203.T"),
        ("NASDAQ:NVDA", "TYO:7203"),
        ("NVDA.OQ", "SAP.DE"),
        ("RY.TO", "AIR.PA"),
        ("2330 TT", "AMD"),
    ],
)
def test_prices_of_several_markets_are_not_added_as_one_currency(tickers: tuple[str, str]) -> None:
    rows = f"ticker,shares,price\n{tickers[0]},100,150\n{tickers[1]},100,2800\nCASH,,1000\n"
    with pytest.raises(MissingValue, match=r"in 2 currencies \([A-Z]{3}, [A-Z]{3}\) without a rate"):
        parse_holdings_file(rows.encode(), "mixed.csv")


@pytest.mark.parametrize(("ticker", "codes"), [("VOD.L", "GBP or GBX"), ("TEVA.TA", "ILS or ILA")])
def test_prices_that_may_be_in_pence_need_their_currency(ticker: str, codes: str) -> None:
    rows = f"ticker,shares,price\nNVDA,100,150\n{ticker},100,85\nCASH,,1000\n"
    choice = Choice(rates={"GBP": 1.3, "ILS": 0.3})
    with pytest.raises(MissingValue, match=f"Add a column currency with {codes}"):
        parse_holdings_file(rows.encode(), "mixed.csv", choice=choice)
    stated = f"ticker,shares,price,currency\nNVDA,100,150,USD\n{ticker},100,85,{codes[-3:]}\n"
    found = parse_holdings_file(stated.encode(), "mixed.csv", choice=choice)
    rate = choice.rates[codes[:3]]
    assert found.nav == pytest.approx(100 * 150 + 85 * rate)


def test_rates_convert_printed_values_of_several_markets() -> None:
    rows = "Financial Instrument,Position,Market Price,Market Value\nNVDA NASDAQ.NMS,100,150,15000\n"
    content = f"{rows}SAP IBIS,10,210,2100\n".encode()
    told = parse_holdings_file(content, "tws.csv")
    assert any("taken as being in one currency" in line for line in told.warnings)
    converted = parse_holdings_file(content, "tws.csv", choice=Choice(rates={"EUR": 1.16}))
    assert [one.value for one in converted.positions] == pytest.approx([15_000, 2436])
    assert not any("currency" in line for line in converted.warnings)


def test_currency_pairs_are_left_out_and_said() -> None:
    rows = "Financial Instrument,Position,Market Price,Market Value\nNVDA,100,150,15000\n"
    found = parse_holdings_file(f"{rows}EUR.USD,10000,1.16,11600\n".encode(), "tws.csv")
    assert (found.tickers, found.nav) == (("NVDA",), 15_000)
    assert any(line.startswith("Currency pairs are no positions") for line in found.warnings)


@pytest.mark.parametrize(("unit", "shown"), [(1_000, "1,000"), (1_000_000, "1,000,000")])
def test_values_in_thousands_are_told_by_shares_times_price(unit: int, shown: str) -> None:
    rows = "Ticker,Shares,Price,Market Value\n"
    rows += (
        f"NVDA,100000,150,{15_000_000 / unit}\nMSFT,1000,500,{500_000 / unit}\nCASH,,,{2_000_000 / unit}\n"
    )
    found = parse_holdings_file(rows.encode(), "book.csv")
    assert found.nav == pytest.approx(17_500_000)
    assert found.prices is not None
    assert found.prices.tolist() == pytest.approx([150, 500])
    assert any(f"Values are in units of {shown}" in line for line in found.warnings)


def test_bloomberg_tickers_under_a_header_of_names_are_tickers() -> None:
    rows = b"Security,Position,Px Close,Mkt Val\nNVDA US Equity,100,150,15000\nSAP GY Equity,10,200,2000\n"
    assert parse_holdings_file(rows, "port.csv").tickers == ("NVDA", "SAP GR")


def test_a_cryptocurrency_is_no_equity() -> None:
    found = parse_holdings_file(
        b"Symbol,Quantity,Price,Value\nNVDA,1,150,150\nBTC-USD,0.1,90000,9000\n", "a.csv"
    )
    assert [one.position_class.value for one in found.positions] == ["equity", "other"]


def test_a_printed_total_that_is_not_that_of_the_rows_is_told() -> None:
    rows = "Symbol,Description,Quantity,Price,Value\nNVDA,NVIDIA,100,150,15000\nMSFT,MICROSOFT,10,500,5000\n"
    right = parse_holdings_file(f"{rows}Total,,,,20000\n".encode(), "book.csv")
    wrong = parse_holdings_file(f"{rows}Total,,,,26000\n".encode(), "book.csv")
    assert not any("total value" in line for line in right.warnings)
    assert any(
        "total value of 26,000.00, but the rows that are read add to 20,000.00" in w for w in wrong.warnings
    )


def test_names_in_place_of_tickers_are_refused_or_mapped_by_their_identifiers() -> None:
    rows = b"Product,ISIN,Amount,Closing,Value in EUR\nNVIDIA CORP,US67066G1040,100,150,13000\nSAP SE,DE0007164600,1,2,2\n"
    with pytest.raises(MissingValue, match=r"names and no tickers \(NVIDIA CORP\).*--tickers"):
        parse_holdings_file(rows, "book.csv")
    choice = Choice(tickers={"US67066G1040": "NVDA", "DE0007164600": "SAP GR"})
    found = parse_holdings_file(rows, "book.csv", choice=choice)
    assert (found.tickers, found.nav) == (("NVDA", "SAP GR"), 13_002)
    assert "2 of 2 rows have their ticker from the table of tickers by identifier." in found.warnings


def test_a_statement_in_another_language_is_named_as_that() -> None:
    rows = b"Statement,Header,Feld,Wert\nOffene Positionen,Header,Symbol,Menge,Wert\nOffene Positionen,Data,NVDA,1,2\n"
    with pytest.raises(UnreadableFile, match="Export it in English"):
        parse_holdings_file(rows, "statement.csv")


def test_a_rate_is_for_the_prices_of_its_market() -> None:
    rows = "ticker,shares,price\nNVDA,100,150\n7203.T,100,2800\nCASH,,1000\n"
    choice = Choice(rates={"JPY": 0.0065})
    found = parse_holdings_file(rows.encode(), "mixed.csv", choice=choice)
    assert found.nav == pytest.approx(100 * 150 + 100 * 2800 * 0.0065 + 1000)


def test_prices_of_one_market_need_no_rate() -> None:
    rows = "ticker,shares,price\nSAP.DE,100,150\nAIR.PA,100,140\nCASH,,1000\n"
    assert parse_holdings_file(rows.encode(), "euro.csv").nav == pytest.approx(30_000)


def test_printed_values_of_several_markets_are_taken_as_one_currency_and_it_is_said() -> None:
    rows = "ticker,shares,price,market value\nNVDA,100,150,15000\n7203.T,100,{price},1820\nCASH,,,1000\n"
    for price, told in ((18.2, True), (2800, False)):  # 2800 is yen, so that the value is in base currency
        found = parse_holdings_file(rows.format(price=price).encode(), "values.csv")
        assert found.nav == pytest.approx(17_820)
        assert any("markets in USD, JPY and no currency" in note for note in found.warnings) == told


def test_weights_that_add_to_one_with_a_large_gross_exposure_are_ambiguous() -> None:
    with pytest.raises(InputError, match="add to 1, and to 18 without their signs"):
        parse_holdings_file(b"ticker,weight\nA,9\nB,-8.5\nCASH,0.5\n", "book.csv")


@pytest.mark.parametrize(
    "total",
    ["Positions Total,,--,--,15000,0%,No", "Account Total,,,,15000,,", "Total,My Pie,7,,15000,,"],
)
def test_a_total_is_no_position_whatever_else_its_row_prints(total: str) -> None:
    text = "Symbol,Description,Qty,Price,Mkt Val,Chg %,Reinvest?\nAMD,AMD INC,50,200,10000,1%,No\n"
    holdings = read(f"{text}IBM,IBM CORP,20,250,5000,1%,No\n{total}\n")
    assert holdings.tickers == ("AMD", "IBM")
    assert holdings.nav == 15_000.0


@pytest.mark.parametrize(
    ("text", "tickers"),
    [
        ("ticker,shares,price\nAMD,50,200\nSUM,20,300\n", ("AMD", "SUM")),
        ("ticker,weight\nAMD,0.6\nSUM,0.4\n", ("AMD", "SUM")),
        ("ticker,market value\nAMD,5000\nIBM,3000\nSUM,8000\n", ("AMD", "IBM")),
    ],
)
def test_a_ticker_that_is_the_word_of_a_total_is_one_where_it_is_not_the_sum(
    text: str, tickers: tuple[str, ...]
) -> None:
    assert read(text).tickers == tickers


@pytest.mark.parametrize(
    "header",
    [
        "BOD Market Value,EOD Market Value",
        "Original Market Value,Current Market Value",
        "Target Weight,Weight",
    ],
)
def test_what_is_held_now_is_preferred_to_a_target_and_to_another_day(header: str) -> None:
    assert read(f"Ticker,{header}\nAMD,0.9,0.6\nIBM,0.1,0.4\n").weights.tolist() == pytest.approx([0.6, 0.4])


def test_a_number_that_may_have_thousands_or_decimals_is_told() -> None:
    ambiguous = "ticker;shares;price\nAMD;1,500;200\nIBM;20;300\n"
    (line,) = read(ambiguous).warnings
    assert "row 2: 1,500 is read as 1.5 (shares)" in line
    assert read(ambiguous.replace("300", "300,5")).warnings == ()


def test_positions_in_an_object_of_json_are_read_unless_its_cash_would_be_lost() -> None:
    rows = [{"symbol": "AMD", "qty": "50", "current_price": "200", "market_value": "10000"}]
    text = json.dumps({"positions": rows})
    assert parse_holdings_file(text.encode(), "a.json").tickers == ("AMD",)
    with pytest.raises(UnreadableFile, match="no fund with a list of holdings"):
        parse_holdings_file(json.dumps({"account": {"cash": "5"}, "positions": rows}).encode(), "a.json")


@pytest.mark.parametrize("label", ["Portfolio", "All stocks", "Net Liquidating Value", "Account Value"])
def test_the_sum_of_the_rows_above_is_no_position_by_its_value(label: str) -> None:
    text = f"Symbol,Quantity,Price,Value\nAMD,50,200,10000\nIBM,20,250,5000\n{label},,,15000\nCASH,,,5000\n"
    holdings = read(text)
    assert holdings.tickers == ("AMD", "IBM")
    assert holdings.nav == 20_000.0
    known = label in {"Net Liquidating Value", "Account Value"}
    assert any("is the sum of the rows above" in line for line in holdings.warnings) is not known


def test_cash_that_is_as_much_as_the_rows_above_is_cash() -> None:
    text = "Symbol,Quantity,Price,Value\nAMD,50,200,10000\nIBM,20,250,5000\nCASH,,,15000\n"
    assert read(text).cash == 0.5


def test_two_columns_of_values_with_other_numbers_are_told() -> None:
    text = "Ticker,Market Value 31/10/2025,Market Value 28/11/2025\nAMD,5000,10000\nIBM,9000,5000\n"
    found = read(text)
    assert any('read from "Market Value 28/11/2025", not from' in line for line in found.warnings)
    assert found.nav == 15_000.0


def test_a_rate_the_wrong_way_round_is_refused() -> None:
    text = "Ticker,Currency,Shares,Price\nAMD,USD,50,200\n7203 JP,JPY,100,3000\n"
    with pytest.raises(InputError, match=r"makes one JPY 155 USD\. Give .* as JPY=0\.006452"):
        parse_holdings_file(text.encode(), "mine.csv", choice=Choice.parse(rates="JPY=155"))


def test_holdings_of_a_day_to_come_are_told() -> None:
    (line,) = read("Date,Ticker,Weight\n2099-05-01,AMD,60%\n2099-05-01,IBM,40%\n").warnings
    assert "dated 2099-05-01, which is in the future" in line


@pytest.mark.parametrize("label", ["CASH,", ",Cash and equivalents"])
def test_cash_under_a_header_that_is_not_known_is_refused_with_its_place(label: str) -> None:
    text = f"Ticker,Name,Shares,Price,Gross Value\nAMD,AMD INC,50,100,5000\n{label},,,2000\n"
    with pytest.raises(
        MissingValue, match=r'row 3 has no value.*Its 2000 is under "Gross Value", which is not'
    ):
        read(text)


@pytest.mark.parametrize("bad", ["5000 CR", "#REF!"])
def test_a_value_that_is_no_number_is_refused_beside_shares_and_price(bad: str) -> None:
    with pytest.raises(MissingValue, match=f"row 3 is '{bad}', not a number .market value of IBM"):
        read(f"Ticker,Quantity,Price,Value\nAMD,50,200,10000\nIBM,20,250,{bad}\nCASH,,,5000\n")


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("Market Value (USD k)", 1e3),
        ("Market Value (000)", 1e3),
        ("Mkt Val ($mm)", 1e6),
        ("Fair Value (Rs. Lakhs)", 1e5),
        ("MV", 1.0),
    ],
)
def test_the_unit_of_values_is_that_of_their_header(header: str, unit: float) -> None:
    found = read(f"Ticker,{header}\nAMD,5000\nIBM,3000\nCASH,2000\n")
    assert found.nav == 10_000 * unit
    assert any("Values are in units of" in line for line in found.warnings) == (unit > 1.0)


def test_shares_times_price_prove_the_unit_whatever_the_header_says() -> None:
    found = read("Ticker,Shares,Price,Value (k)\nAMD,50,200,10000\nIBM,20,250,5000\n")
    assert found.nav == 15_000.0


def test_the_only_weights_are_told_if_they_are_a_target() -> None:
    (line,) = read("Ticker,Target Weight\nAMD,60\nIBM,40\n").warnings
    assert line == 'The weights are read from "Target Weight": check that they are what is held.'


@pytest.mark.parametrize("header", ["% of ADV", "% of Risk", "Max Weight", "% of shares outstanding"])
def test_shares_of_something_else_are_no_weights(header: str) -> None:
    with pytest.raises(UnreadableFile, match="none has a weight or market value"):
        read(f"Ticker,Name,{header}\nAMD,AMD INC,60\nIBM,IBM CORP,40\n")


@pytest.mark.parametrize("name", ["Market Value", "Weight"])
def test_net_amounts_are_preferred_to_gross_ones(name: str) -> None:
    text = f"Ticker,Gross {name},Net {name}\nAMD,90,90\nIBM,30,-30\nCASH,40,40\n"
    assert read(text).weights.tolist() == [0.9, -0.3]


def test_excels_apostrophe_is_no_part_of_a_ticker() -> None:
    assert read("Ticker,Weight\n'AMD,'0.6\n'CASH,'0.4\n").tickers == ("AMD",)


@pytest.mark.parametrize(
    ("nav", "severity"), [(10.0, Severity.CHANGES), (1e9, Severity.CHANGES), (2e4, Severity.CHECK)]
)
def test_a_stated_net_asset_value_far_from_the_positions_changes_the_answer(
    nav: float, severity: Severity
) -> None:
    text = b"Ticker,Shares,Price\nAMD,50,200\nIBM,20,250\n"
    (line,) = parse_holdings_file(text, "book.csv", nav=nav).warnings
    assert "positions and cash come to 15,000.00" in line
    assert getattr(line, "severity", None) is severity


def test_a_printed_rate_the_wrong_way_round_is_refused() -> None:
    text = "Ticker,Currency,Shares,Price,FXRateToBase\n7203 JP,JPY,100,3000,155\nAMD,USD,50,100,1\n"
    with pytest.raises(InputError, match="makes one JPY 155 USD"):
        read(text)


def test_foreign_cash_without_a_rate_is_told() -> None:
    rows = "Ticker,Currency,Shares,Price,Value\nAMD,USD,50,100,5000\nEUR CASH,EUR,,,1000\n"
    line = "EUR CASH has no rate: its value is taken as being in USD. If it is not, give the rate."
    assert line in read(rows).warnings
    assert line not in read(rows.replace("Value", "Value (USD)")).warnings


@pytest.mark.parametrize(
    "header",
    [
        "銘柄コード,銘柄名,保有数量,現在値,時価評価額,取得単価,評価損益",
        "证券代码,证券名称,持仓数量,最新价,市值,成本价,盈亏",
        "代號,名稱,股數,現價,市值,成本,盈虧",
        "종목코드,종목명,보유수량,현재가,평가금액,매입가,평가손익",
        "Ｔｉｃｋｅｒ,Name,Shares,Price,Value,Cost,Gain",
    ],
    ids=["Japanese", "Chinese", "traditional Chinese", "Korean", "full width"],
)
def test_headers_of_east_asian_brokers_are_known(header: str) -> None:
    held = read(f"{header}\nNVDA,Nvidia,10,100,1000,5,50\nMSFT,Microsoft,50,100,5000,9,10\n")
    assert dict(zip(held.tickers, held.weights.tolist(), strict=True)) == pytest.approx(
        {"NVDA": 1 / 6, "MSFT": 5 / 6}
    )


def test_headers_in_an_unknown_script_are_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnreadableFile, match="Name its columns ticker, name, shares, price"):
        read("Тикер,Название,Количество,Цена\nNVDA,Nvidia,10,100\n")


def test_full_width_characters_are_ordinary_ones() -> None:
    held = read("ticker,shares,price\nＮＶＤＡ,１０,１００．５\nMSFT,５０,100\nCASH,,1000\n")
    assert held.nav == 1_005.0 + 5_000.0 + 1_000.0
    assert held.tickers == ("NVDA", "MSFT")


@pytest.mark.parametrize("minus", "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d\u2796")
def test_any_minus_makes_a_position_short(minus: str) -> None:
    held = read(f"ticker,weight\nNVDA,{minus}20％\nMSFT,120％\n")
    assert held.weights.tolist() == pytest.approx([-0.2, 1.2])


def test_days_that_are_not_understood_are_named() -> None:
    rows = "".join(f"{day},{one},0.5\n" for day in (1763942400, 1764028800) for one in ("NVDA", "MSFT"))
    with pytest.raises(
        UnreadableFile, match=r"several days, which are not understood .1763942400, 1764028800"
    ):
        read(f"date,ticker,weight\n{rows}")


@pytest.mark.parametrize(
    ("header", "first"),
    [
        ("Shares 2026-11-20,Shares 2026-11-27", "20,10"),
        ("Settled Quantity,Quantity", "20,10"),
        ("Quantity,Pending Quantity", "10,20"),
        ("Weight 10/31/2026,Weight 11/27/2026", "70%,20%"),
        ("Weight T-1,Weight T", "70%,20%"),
    ],
)
def test_of_two_columns_that_of_what_is_held_last_is_read(header: str, first: str) -> None:
    other = ",".join("80%" if "%" in one else "40" for one in first.split(","))
    found = read(f"Ticker,{header},Price\nAMD,{first},100\nIBM,{other},100\n")
    assert found.weights.tolist() == pytest.approx([0.2, 0.8])


def test_two_columns_of_shares_with_other_numbers_are_told() -> None:
    found = read("Ticker,Trade Date Quantity,Quantity B,Price\nAMD,10,20,100\nIBM,40,10,100\n")
    assert any(line.startswith('The shares are read from "') for line in found.warnings)


def test_a_cash_row_whose_amount_is_no_number_is_refused() -> None:
    with pytest.raises(MissingValue, match="row 3 is '2000 DR', not a number"):
        read("Ticker,Shares,Price,Value\nAMD,10,100,1000\nCash,,,2000 DR\n")


def test_a_name_whose_amount_is_no_number_is_refused() -> None:
    with pytest.raises(MissingValue, match=r"row 3 is '1\.2M', not a number"):
        read("Name,Value\nAMD,1000\nIBM,1.2M\n")


def test_a_positive_debt_is_told() -> None:
    found = read("Ticker,Shares,Price,Value\nAMD,60,100,6000\nMargin Loan,,,2000\n")
    [line] = [one for one in found.warnings if "owed" in one]
    assert "Margin Loan" in line
    assert line.severity is Severity.CHANGES  # type: ignore[attr-defined] # a notice
    assert read("Ticker,Shares,Price,Value\nAMD,60,100,6000\nBorrowings,,,-2000\n").cash == -0.5


def test_values_before_their_currency_are_in_base_currency() -> None:
    text = (
        "Symbol,Ccy,Qty,Local Price,Local MV,USD MV\nNVDA,USD,10,100,1000,1000\nSAP GR,EUR,10,100,1000,1160\n"
    )
    assert read(text).nav == 2160.0


def test_an_exchange_rate_is_no_price() -> None:
    text = "Symbol;Stück;Wechselkurs;Kurs;Kurswert\nNVDA;10;1,16;100,00;862,07\nSAP;10;1,00;100,00;1000,00\n"
    assert read(text).columns["price"] == "Kurs"


def test_values_in_pounds_beside_prices_in_pence_are_local() -> None:
    text = "Symbol,Quantity,Price,Value\nVOD LN,1000,75,750\nBP LN,100,500,500\nNVDA,10,100,1000\n"
    assert any("tickers of markets in GBP, USD and no currency" in line for line in read(text).warnings)


@pytest.mark.parametrize(
    "header",
    [
        "Bench. Ending Weight,Port. Ending Weight",
        "% Wgt (B),% Wgt (P)",
        "Bmk Wgt,Port Wgt",
        "Avg % Wgt,% Wgt",
        "% Wgt (+/-),% Wgt",
        "Act. Wgt,Wgt",
    ],
)
def test_the_weights_of_a_benchmark_are_not_those_of_the_portfolio(header: str) -> None:
    found = read(f"Ticker,{header}\nAMD,55,20\nIBM,45,80\n")
    assert found.weights.tolist() == pytest.approx([0.2, 0.8])


def test_values_that_are_those_of_no_position_are_told_first() -> None:
    found = read("Symbol,Shares,Price,Fair Value\nAMD,10,100,150\nIBM,10,400,300\n")
    [line] = [one for one in found.warnings if "is not shares times price" in one]
    assert line.severity is Severity.CHANGES  # type: ignore[attr-defined] # a notice
    estimate = read("Symbol,Shares,Fair Value Estimate,Price\nAMD,10,999,100\nIBM,10,399,400\n")
    assert estimate.weights.tolist() == pytest.approx([0.2, 0.8])


BOOK = "Ticker,Shares,Price\nNVDA,60,100\nMSFT,20,100\n"


@pytest.mark.parametrize(
    "line",
    [
        'Net Asset Value,"10,000"',
        '"Account value: $10,000.00"',
        "Total Portfolio Value,10000",
        "NAV,10000",
        'Cash,"2,000"',
        "Available cash: 2000",
    ],
)
@pytest.mark.parametrize("above", [True, False])
def test_what_lines_beside_the_table_state_otherwise_is_told(line: str, above: bool) -> None:  # noqa: FBT001
    if not above and ("ash" in line or line.startswith("NAV")):
        return  # a row of cash, and one of a ticker
    found = read(f"{line}\n\n{BOOK}" if above else f"{BOOK}\n{line}\n")
    [notice] = [one for one in found.warnings if " states " in one]
    assert "add a row CASH with its value, or state the net asset value (--nav)" in notice
    assert notice.severity is Severity.CHANGES  # type: ignore[attr-defined] # a notice
    assert not any(
        " states " in one
        for one in parse_holdings_file(f"{line}\n\n{BOOK}".encode(), "mine.csv", nav=10_000.0).warnings
    )


@pytest.mark.parametrize(
    "line", ["Net Asset Value,8000", "NAV per share,25.1", "NAV,25.13", "Total equity,6000"]
)
def test_what_lines_beside_the_table_state_alike_is_not_told(line: str) -> None:
    assert not read(f"{line}\n\n{BOOK}").warnings


@pytest.mark.parametrize("row", ["Buying Power,,8000", "Unrealized P&L,,500", "Maintenance Margin,,7"])
def test_figures_of_an_account_are_no_positions(row: str) -> None:
    found = read(f"Ticker,Shares,Value\nNVDA,60,6000\nCash,,4000\n{row}\n")
    assert found.nav == 10_000.0
    assert found.tickers == ("NVDA",)


def test_accruals_and_proceeds_of_short_sales_are_cash() -> None:
    found = read("Ticker,Value\nNVDA,6000\nDividend Accruals,100\nShort sale proceeds,2900\nCash,1000\n")
    assert found.cash == 0.4


@pytest.mark.parametrize(
    "line", ["Data as of,11/27/2026", "Exported,2026-11-27 10:30", "Page,1 of 3: positions"]
)
def test_a_line_with_a_day_below_a_table_is_no_position(line: str) -> None:
    assert read(f"Name,Value\nAMD,1000\nIBM,1000\n{line}\n").tickers == ("AMD", "IBM")
