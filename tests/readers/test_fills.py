"""Trades of brokers and desks are read as signed shares, and what cannot be read is named with its row."""

from __future__ import annotations

import pytest

from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.readers.fills import parse_fills

FLEX = """\
"ClientAccountID","CurrencyPrimary","FXRateToBase","AssetClass","Symbol","TradeID","TradeDate","Quantity",\
"TradePrice","IBCommission","Buy/Sell","LevelOfDetail"
"U1","USD","1","STK","NVDA","11","20251118","60","181","-0.5","BUY","EXECUTION"
"U1","USD","1","STK","NVDA","12","20251118","40","182","-0.4","BUY","EXECUTION"
"U1","USD","1","STK","NVDA","","20251118","100","181.4","-0.9","BUY","ORDER"
"U1","USD","1","STK","BRK B","13","20251118","-8","500","-1","SELL","EXECUTION"
"U1","EUR","1.16","STK","SAP","14","20251118","10","200","-2","BUY","EXECUTION"
"U1","USD","1","CASH","EUR.USD","15","20251118","-900","1.16","0","SELL","EXECUTION"
"U1","USD","1","STK","NVDA","12","20251118","40","182","-0.4","BUY","EXECUTION"
"U1","USD","1","STK","AMD","16","20251118","-5","150","0","BUY (Ca.)","EXECUTION"
"""


def test_executions_of_a_flex_file_count_once_in_base_currency() -> None:
    found = parse_fills(FLEX.encode(), "trades.csv")
    assert [(one.ticker, one.shares, one.price, one.cost) for one in found.fills] == [
        ("NVDA", 60.0, 181.0, 0.5),
        ("NVDA", 40.0, 182.0, 0.4),
        ("BRK.B", -8.0, 500.0, 1.0),
        ("SAP", 10.0, pytest.approx(232.0), pytest.approx(2.32)),
        ("AMD", -5.0, 150.0, 0.0),
    ]
    assert found.warnings == (
        "Not shares, and left out: EUR.USD.",
        "1 trades are in the file twice, by their ids, and count once.",
    )


@pytest.mark.parametrize(
    ("text", "fills"),
    [
        (
            "ticker,side,shares,price,notional\nA,BUY,10,5,50\nB,SELL SHORT,3,7,21\n",
            [("A", 10.0), ("B", -3.0)],
        ),
        ("ticker,price,shares,action\nA,5,10,BUY\nB,7,3,SELL\n", [("A", 10.0), ("B", -3.0)]),
        ("Symbol;Side;Filled;Avg Price;Status\nA;Buy;4;5,25;Filled\nB;Sell;;7;Cancelled\n", [("A", 4.0)]),
        (
            'Blotter of 2025-11-18\n\nSymbol,B/S,Qty,Exec Price\nA,B,"1,000",5\nB,SLD,2,7\n',
            [("A", 1000.0), ("B", -2.0)],
        ),
        ("symbol,quantity,filled quantity,avg price,side\nA,10,4,5,buy\nB,3,0,7,sell\n", [("A", 4.0)]),
        ("symbol,trade price,quantity\nA,5,10\nB,7,-3\n", [("A", 10.0), ("B", -3.0)]),
        ("symbol,side,qty,filled,price,remaining\nA,Buy,10,6,5,4\n", [("A", 6.0)]),
        ("symbol,side,qty,price\nA,Buy to cover,6,5\nB,Sell to close,4,5\n", [("A", 6.0), ("B", -4.0)]),
    ],
)
def test_tables_of_desks_are_read(text: str, fills: list[tuple[str, float]]) -> None:
    assert [(one.ticker, one.shares) for one in parse_fills(text.encode(), "desk.csv").fills] == fills


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ticker,side,shares,price\nA,HOLD,10,5\n", r"desk.csv, row 2: the side is 'HOLD'"),
        ("ticker,side,shares,price\nA,BUY,ten,5\n", r"desk.csv, row 2: the shares is 'ten', not a number"),
        ("ticker,side,shares,price\nA,BUY,10,\n", r"desk.csv, row 2: the price is blank"),
        ("ticker,side,shares,price\nA,BUY,10,0\n", r"desk.csv, row 2: the price is 0"),
        ("ticker,side,shares,price\nA,BUY,10,-5\n", r"desk.csv, row 2: the price is -5"),
        ("ticker,side,shares,price,commission\nA,BUY,10,5,free\n", r"the commission is 'free'"),
        ("ticker,side,qty,price,remaining\nA,BUY,10,5,4\n", r"row 2: the shares are 10 and 4 shares remain"),
        (
            "ticker,side,qty,price,status\nA,BUY,10,5,Partially Filled\n",
            r"and the status is Partially Filled",
        ),
        (
            "ticker,side,qty,price,currency\nA,BUY,10,5,EUR\nB,BUY,1,5,USD\n",
            r"desk.csv has trades in EUR, USD without rates",
        ),
    ],
)
def test_a_row_that_cannot_be_read_is_named(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_fills(text.encode(), "desk.csv")


@pytest.mark.parametrize(
    "text",
    [
        "ticker,weight\nA,0.5\n",
        "ticker,shares,price\nA,10,5\n",
        "nothing here\n",
        "<FlexQueryResponse></FlexQueryResponse>",
    ],
)
def test_a_file_without_trades_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFile, match=r"has no table of trades|without open positions or trades"):
        parse_fills(text.encode(), "desk.csv")


def test_trades_of_several_accounts_are_told_and_their_days_kept() -> None:
    text = "account,date,ticker,side,shares,price\nU1,2025-11-18,A,BUY,10,5\nU2,2025-11-19,A,BUY,4,5\n"
    found = parse_fills(text.encode(), "desk.csv")
    assert found.warnings == ("The trades of 2 accounts (U1, U2) count together.",)
    assert [str(one.day) for one in found.fills] == ["2025-11-18", "2025-11-19"]


def test_a_table_without_a_row_is_no_trade_at_all() -> None:
    assert parse_fills(b"ticker,side,shares,price\n", "desk.csv").fills == ()
