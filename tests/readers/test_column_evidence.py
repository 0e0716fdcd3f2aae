"""Units, weight columns, funds and days by the numbers of a table, and what is told where they say nothing."""

# ruff: noqa: E501 - lines of files, as they are printed

from __future__ import annotations

import math
from datetime import date

import pytest

from betaneutral_xl.errors import UnknownFund, UnreadableFile
from betaneutral_xl.model.portfolio import AssetClass, Etf
from betaneutral_xl.readers.etf_files import parse_etf

TODAY = date(2026, 11, 30)


def etf(text: str, fund: str | None = None, file_name: str = "FUND.csv") -> Etf:
    return parse_etf(text.encode(), file_name, fund=fund, today=TODAY)


def weights(found: Etf) -> list[float]:
    return [row.weight for row in found.constituents]


# ------------------------------------------------------------------ the column of weights


def test_a_column_in_proportion_to_the_values_is_the_weight_whatever_its_header() -> None:
    found = etf("Ticker,Xyz,Market Value\nNVDA,9.00,900000\nMSFT,6.00,600000\nAVGO,5.00,500000\n")
    assert weights(found) == pytest.approx([0.09, 0.06, 0.05])
    assert any('column "Xyz" is read as weights' in one for one in found.warnings)


def test_a_known_header_that_the_values_contradict_is_not_the_weight() -> None:
    found = etf(
        "Ticker,Index Weight,Part,Market Value\nNVDA,50.0,70.0,700\nMSFT,30.0,20.0,200\nAVGO,20.0,10.0,100\n"
    )
    assert weights(found) == pytest.approx([0.7, 0.2, 0.1])
    assert any('read from "Part", not from "Index Weight"' in one for one in found.warnings)


def test_of_two_columns_of_values_that_in_the_currency_of_the_weights_is_used() -> None:
    found = etf(
        "Ticker,Weight %,Market Value,Base Market Value\n"
        "NVDA,60.00,600,600\n7203 JP,30.00,45000,300\nSAP GR,10.00,90,100\n"
    )
    assert [row.market_value for row in found.constituents] == [600.0, 300.0, 100.0]


def test_weights_that_are_computed_are_told_with_the_columns_that_were_not_understood() -> None:
    found = etf("Ticker,Score,Market Value\nNVDA,7.1,900\nMSFT,3.2,100\n")
    assert weights(found) == pytest.approx([0.9, 0.1])
    told = next(one for one in found.warnings if "no column of weights" in one)
    assert told.endswith("market values over their sum. Columns of numbers that are not understood: Score.")


def test_a_header_without_a_known_value_is_read_if_a_column_adds_to_a_whole() -> None:
    found = etf(
        "Ticker,Security,Portion\nNVDA,NVIDIA Corp,59.5\nMSFT,Microsoft Corp,39.5\nUSD,US Dollar,1.0\n"
    )
    assert weights(found) == pytest.approx([0.595, 0.395, 0.01])
    assert any('column "Portion" is read as weight' in one for one in found.warnings)
    with pytest.raises(UnreadableFile, match="no table of holdings"):
        etf("Ticker,Security,Rank\nNVDA,NVIDIA Corp,50\nMSFT,Microsoft Corp,50\n")  # counts, not weights


def test_shares_times_price_is_the_value_whatever_its_header() -> None:
    found = etf("Ticker,Shares,Price,Betrag X\nNVDA,10,180,1800\nMSFT,2,100,200\n")
    assert weights(found) == pytest.approx([0.9, 0.1])


def test_a_second_column_of_whole_weights_is_told() -> None:
    found = etf("Ticker,AAA Weight,BBB Weight\nNVDA,0.6,0.1\nMSFT,0.4,0.9\n")
    assert weights(found) == pytest.approx([0.6, 0.4])
    assert any('from "AAA Weight", not from BBB Weight' in one for one in found.warnings)


def test_a_column_beyond_the_header_is_not_read_as_weights() -> None:
    found = etf("Ticker,Market Value\nNVDA,600,6.0\nMSFT,400,4.0\n")
    assert weights(found) == pytest.approx([0.6, 0.4])


# ------------------------------------------------------------------ the unit


@pytest.mark.parametrize(
    ("header", "before", "cells", "expected"),
    [
        ("Weight %", "Net Assets,1000\n", ("2.0", "0.5"), (2.0, 0.5)),
        ("Weight", "Total Net Assets: USD 1000\n", ("20", "5"), (0.2, 0.05)),
        ("Weight", "Net assets,$0.001 million\n", ("200", "50"), (0.02, 0.005)),
    ],
)
def test_values_over_net_assets_decide_the_unit(
    header: str, before: str, cells: tuple[str, str], expected: tuple[float, float]
) -> None:
    values = [round(weight * 1000) for weight in expected]
    rows = "".join(
        f"T{i},{cell},{value}\n" for i, (cell, value) in enumerate(zip(cells, values, strict=True))
    )
    found = etf(f"{before}\nTicker,{header},Market Value\n{rows}")
    assert weights(found) == pytest.approx(list(expected))
    assert "market values over net assets" in found.provenance.note


def test_net_assets_in_a_column_decide_the_unit() -> None:
    found = etf("Ticker,Weight %,Market Value,Net Assets\nNVDA,2.0,2000,1000\nMSFT,1.0,1000,1000\n")
    assert weights(found) == pytest.approx([2.0, 1.0])


def test_weights_that_hardly_add_to_anything_under_percent_are_doubted() -> None:
    found = etf("Ticker,Weight %\nNVDA,2.0\nMSFT,1.0\n")
    assert weights(found) == pytest.approx([0.02, 0.01])
    assert any("The header says percent, but the weights add to 3.00%" in one for one in found.warnings)


# ------------------------------------------------------------------ the fund

FUNDS = (
    "Vehicle,Ticker,Weight\nAlpha AI ETF,NVDA,0.6\nAlpha AI ETF,MSFT,0.4\n"
    "Beta Income ETF,XOM,0.7\nBeta Income ETF,CVX,0.3\n"
)


def test_funds_are_told_apart_by_their_sums() -> None:
    with pytest.raises(UnknownFund, match="lists 2 funds: Alpha AI ETF, Beta Income ETF"):
        etf(FUNDS)
    assert etf(FUNDS, "beta income etf").tickers == ("XOM", "CVX")
    with pytest.raises(UnknownFund, match="does not list the fund BETA; it lists Alpha AI ETF, Beta"):
        etf(FUNDS, "BETA")


def test_the_account_of_all_funds_does_not_hide_them() -> None:
    rows = FUNDS.splitlines()
    text = "\n".join([f"Account,{rows[0]}", *(f"CUSTODY1,{row}" for row in rows[1:])])
    with pytest.raises(UnknownFund, match="Alpha AI ETF, Beta Income ETF"):
        etf(text)
    assert etf(text, "Alpha AI ETF").tickers == ("NVDA", "MSFT")


def test_a_sector_is_no_fund() -> None:
    found = etf("Theme,Ticker,Weight\nChips,NVDA,0.3\nChips,AMD,0.2\nCloud,MSFT,0.4\nCloud,ORCL,0.1\n")
    assert len(found.constituents) == 4


def test_a_fund_that_the_file_does_not_name_is_refused() -> None:
    text = "Example AI Leaders ETF\nTicker Symbol:,AIXX\n\nTicker,Weight\nNVDA,100%\n"
    for other in ("QQQ", "Beta Income ETF"):
        with pytest.raises(UnknownFund, match=r"is of the fund AIXX \(Example AI Leaders ETF\)"):
            etf(text, other)
    assert etf(text, "AI Leaders").name == "AIXX"


def test_a_fund_on_each_sheet_is_chosen_by_the_sheet() -> None:
    import io

    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in {"AAA": ("NVDA", "MSFT", "AMD"), "BBB": ("XOM", "CVX")}.items():
        sheet = book.create_sheet(name)
        sheet.append(["Ticker", "Name", "Weight"])
        for ticker in rows:
            sheet.append([ticker, ticker, 1.0 / len(rows)])
    stream = io.BytesIO()
    book.save(stream)
    with pytest.raises(UnknownFund, match="on each of the sheets AAA, BBB"):
        parse_etf(stream.getvalue(), "all.xlsx", today=TODAY)
    chosen = parse_etf(stream.getvalue(), "all.xlsx", fund="bbb", today=TODAY)
    assert (chosen.name, chosen.tickers) == ("BBB", ("XOM", "CVX"))
    with pytest.raises(UnknownFund, match="does not list the fund CCC"):
        parse_etf(stream.getvalue(), "all.xlsx", fund="CCC", today=TODAY)


# ------------------------------------------------------------------ the day


@pytest.mark.parametrize(
    ("before", "day"),
    [
        ('Fondsposition per,"20.Juli2026"', date(2026, 7, 20)),
        ("Stand: 28.Mai2026", date(2026, 5, 28)),
        ('Positions au,"28/févr./2026"', date(2026, 2, 28)),
        ("Al 31août2026", date(2026, 8, 31)),
        ('Al,"30/giu/2026"', date(2026, 6, 30)),
        ("Data,10/set/2026", date(2026, 9, 10)),
    ],
)
def test_months_of_other_languages_are_read_without_separators(before: str, day: date) -> None:
    assert etf(f"{before}\n\nTicker,Weight\nNVDA,100%\n").as_of == day


def test_days_come_first_in_a_file_of_another_language() -> None:
    italian = 'Al,10/04/2026\n\nTicker dell\'emittente,Nome,Ponderazione (%)\nNVDA,NVIDIA CORP,"100,00"\n'
    assert etf(italian).as_of == date(2026, 4, 10)
    assert etf("As of 10/04/2026\nTicker,Weight\nNVDA,100%\n").as_of == date(2026, 10, 4)


def test_the_line_before_the_table_wins_over_a_column() -> None:
    text = 'As of,"Nov 20, 2026"\n\nTicker,Weight,Date\nNVDA,60%,11/18/2026\nMSFT,40%,11/18/2026\n'
    assert etf(text).as_of == date(2026, 11, 20)


def test_dates_that_differ_by_row_are_not_the_day() -> None:
    text = "Ticker,Weight,Effective Date\nNVDA,60%,01/22/1999\nMSFT,40%,05/27/2025\n"
    found = etf(text)
    assert found.as_of is None
    assert any("has no date" in one for one in found.warnings)


def test_a_column_of_one_date_is_the_day_whatever_its_header() -> None:
    assert etf("Ticker,Weight,Xyz\nNVDA,60%,2026-11-20\nMSFT,40%,2026-11-20\n").as_of == date(2026, 11, 20)


def test_of_several_days_the_last_is_read_with_a_word() -> None:
    text = "Date,Ticker,Weight\n11/19/2026,NVDA,55%\n11/19/2026,MSFT,45%\n11/20/2026,NVDA,60%\n11/20/2026,MSFT,40%\n"
    found = etf(text)
    assert weights(found) == pytest.approx([0.6, 0.4])
    assert found.as_of == date(2026, 11, 20)
    assert any("has the holdings of 2 days; those of the last, 2026-11-20" in one for one in found.warnings)


# ------------------------------------------------------------------ rows


def test_a_row_that_is_classed_and_weighed_is_a_holding_without_a_name() -> None:
    found = etf("ISIN;Name;Asset Class;Weight\nUS67066G1040;NVIDIA CORP;Equity;0,97\n;;Cash;0,03\n")
    assert [row.asset_class.value for row in found.constituents] == ["equity", "cash"]


def test_a_subtotal_of_a_class_is_no_holding() -> None:
    found = etf(
        "Ticker,Name,Asset Class,Weight\nNVDA,NVIDIA,Equity,60%\nMSFT,Microsoft,Equity,39%\n,,Equity,99%\n"
        "USD,US Dollar,Cash,1%\n"
    )
    assert math.fsum(weights(found)) == pytest.approx(1.0)


def test_rows_that_nothing_tells_to_be_equities_are_of_unknown_class() -> None:
    found = etf("Ticker,Name,CUSIP,Weight\nNVDA,NVIDIA Corp,67066G104,90%\n,Something else,,10%\n")
    assert [row.asset_class for row in found.constituents] == [AssetClass.EQUITY, AssetClass.UNKNOWN]
    assert any("1 (weight 10.00%): Something else 10.00%." in one for one in found.warnings)
    assert found.unnamed_weights.tolist() == pytest.approx([0.1])  # the coverage counts it as not covered


def test_names_without_a_ticker_are_listed_with_their_weights() -> None:
    found = etf("ISIN,Name,Weight\nUS67066G1040,NVIDIA Corp,60%\nUS5949181045,Microsoft Corp,40%\n")
    assert any(one.endswith(": NVIDIA Corp 60.00%, Microsoft Corp 40.00%.") for one in found.warnings)


def test_another_table_under_the_same_header_is_told_as_that() -> None:
    table = "Ticker,Name,Weight\n{},{},100%\n"
    found = etf(table.format("AIXX", "Example ETF") + "\n" + table.format("NVDA", "NVIDIA"))
    assert (
        "Another table with the same columns follows and is not read (1 row, NVDA first)." in found.warnings
    )


def test_only_a_closed_fund_is_called_closed() -> None:
    with pytest.raises(UnreadableFile, match="the file says that the fund is closed"):
        etf("The fund was liquidated on 5 May 2026.\n\nTicker,Name,Weight\n")
    with pytest.raises(UnreadableFile) as caught:
        etf("Ticker,Name,Weight\nno,thing,here\n")
    assert "closed" not in str(caught.value)
    assert 'the first is "no | thing | here"' in str(caught.value)


def test_rows_of_one_ticker_that_offset_each_other_are_the_legs_of_a_swap() -> None:
    found = etf(
        "Ticker,Name,Shares,Price,Weight\nNVDA,NVIDIA Corp,10,180,97%\nEXB,EX AI A,10,91,30%\nEXB,EX AI B,-10,100,-30%\n"
        "USD,US DOLLAR,3,1,3%\n"
    )
    assert [row.asset_class.value for row in found.constituents] == [
        "equity",
        "derivative",
        "derivative",
        "cash",
    ]


@pytest.mark.parametrize("labels", [("1001", "1001", "1002", "1002"), ("A", "", "B", "")])
def test_a_fund_is_also_a_number_or_stands_only_in_its_first_row(labels: tuple[str, ...]) -> None:
    rows = zip(labels, ("NVDA", "MSFT", "XOM", "CVX"), (0.6, 0.4, 0.7, 0.3), strict=True)
    text = "Vehicle,Ticker,Weight\n" + "".join(
        f"{label},{ticker},{weight}\n" for label, ticker, weight in rows
    )
    with pytest.raises(UnknownFund, match=f"lists 2 funds: {labels[0]}, {labels[2]}"):
        etf(text)
    assert etf(text, labels[2]).tickers == ("XOM", "CVX")
