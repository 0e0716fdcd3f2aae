from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.session import Rows

HELD: list[list[Any]] = [["ticker", "shares", "price"], ["A", 3000.0, 10.0], ["B", 2000.0, 20.0]]
ETF: list[list[Any]] = [["ticker", "AI"], ["A", 0.4], ["B", 0.3], ["C", 0.3]]
RISK: list[list[Any]] = [
    ["", "A", "B", "C"],
    ["A", 0.04, 0.02, 0.01],
    ["B", 0.02, 0.03, 0.015],
    ["C", 0.01, 0.015, 0.05],
]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Settings(cache=tmp_path / "cache"))


@pytest.fixture
def closes(tmp_path: Path) -> Path:
    path = tmp_path / "closes.csv"
    path.write_text("date,A,C,AI\n2025-11-10,8,29,50\n2025-11-18,9,30,\n", encoding="utf-8")
    return path


def call(session: Session, name: str, *values: Any) -> Rows:
    return session.call(BY_NAME[name], *values)


def test_prices_come_from_the_user_then_the_holdings_then_the_file(session: Session, closes: Path) -> None:
    assert call(session, "BN_PRICES", HELD, ETF, str(closes), [["B", 21.0]]) == (
        ("ticker", "price", "as_of", "source"),
        ("A", 10.0, None, "holdings"),
        ("B", 21.0, None, "own"),
        ("C", 30.0, date(2025, 11, 18), "closes.csv"),
        ("AI", None, date(2025, 11, 10), "too old: 7 days or more (closes.csv)"),
    )


def test_prices_are_those_of_the_requested_date(session: Session, closes: Path) -> None:
    table = call(session, "BN_PRICES", HELD, ETF, str(closes), None, date(2025, 11, 14))
    assert table[3] == ("C", 29.0, date(2025, 11, 10), "closes.csv")
    assert table[4] == ("AI", 50.0, date(2025, 11, 10), "closes.csv")


def test_a_name_without_a_price_is_marked(session: Session) -> None:
    assert call(session, "BN_PRICES", HELD, ETF)[3] == ("C", None, None, "no price")


def test_a_price_file_that_changes_is_read_again(session: Session, closes: Path) -> None:
    assert call(session, "BN_PRICES", HELD, ETF, str(closes))[3][1] == 30.0
    closes.write_text("date,A,C,AI\n2025-11-18,9,31.25,50\n", encoding="utf-8")
    assert call(session, "BN_PRICES", HELD, ETF, str(closes))[3][1] == 31.25


def test_a_repeated_price_is_refused(session: Session) -> None:
    ((line,),) = call(session, "BN_PRICES", HELD, ETF, None, [["B", 21.0], ["b", 22.0]])
    assert line == "#BETA! own has two prices of B (the second: row 2, column 1 of own). Keep one."


def test_orders_take_the_table_of_prices(session: Session, closes: Path) -> None:
    weights = call(session, "BETA_NEUTRAL", HELD, ETF, RISK, 0.5)
    prices = call(session, "BN_PRICES", HELD, ETF, str(closes))
    table = call(session, "BN_ORDERS", weights, prices)
    assert {row[0]: (row[1], row[3]) for row in table[1:-2]} == {
        "A": ("sell", 10.0),
        "B": ("sell", 20.0),
        "C": ("sell short", 30.0),
    }
    edited = [list(row) for row in prices]
    edited[3][1] = 31.0  # no longer the answer of a function: read as a table
    again = call(session, "BN_ORDERS", weights, edited)
    assert {row[0]: row[3] for row in again[1:-2]}["C"] == 31.0
    ((line,),) = call(session, "BN_ORDERS", weights)
    assert line == "#BETA! No price for 1 of 3 trades: C. Give their prices."


def test_orders_respect_the_lot_and_the_smallest_size(session: Session) -> None:
    weights = call(session, "BETA_NEUTRAL", HELD, ETF, RISK, 0.5)
    table = call(session, "BN_ORDERS", weights, [["C", 30.0]], None, None, 10.0)
    assert {float(str(row[2])) % 10.0 for row in table[1:-2]} == {0.0}
    large = call(session, "BN_ORDERS", weights, [["C", 30.0]], None, 11_000.0)
    assert all(float(str(row[4])) >= 11_000.0 for row in large[1:-2])
    ((line,),) = call(session, "BN_ORDERS", weights, [["C", 30.0]], None, None, 1.5)
    assert str(line).startswith("#BETA! The lot is 1.5. Give a whole number of shares, a fraction of one")
    fractions = call(session, "BN_ORDERS", weights, [["C", 30.0]], None, None, "fractional")
    assert any(float(str(row[2])) % 1.0 for row in fractions[1:-2])


@pytest.mark.parametrize(("nav", "shown"), [(-5e6, "-5,000,000"), (0.0, "0"), (-0.25, "-0.25")])
def test_a_net_asset_value_that_is_not_positive_is_refused(session: Session, nav: float, shown: str) -> None:
    weights = call(session, "BETA_NEUTRAL", HELD, ETF, RISK, 0.5)
    ((line,),) = call(session, "BN_ORDERS", weights, [["C", 30.0]], nav)
    assert line == f"#BETA! The net asset value is {shown}. Give a positive amount, or leave it out."


def test_a_hedge_in_the_etf_is_one_order(session: Session) -> None:
    weights = call(session, "BETA_NEUTRAL", HELD, ETF, RISK)
    order, cash, beta = call(session, "BN_ORDERS", weights, [["AI", 25.0]], None, None, None, "etfs")[1:]
    assert order[:2] == ("AI", "sell short")
    assert cash[4] == order[4]
    assert float(str(beta[4])) == pytest.approx(0.0, abs=25.0 / 70_000.0)
    ((line,),) = call(session, "BN_ORDERS", weights, None, None, None, None, "etfs")
    assert line == "#BETA! No price for 1 of 1 trades: AI. Give their prices."
    reweighted = call(session, "BETA_NEUTRAL", HELD, ETF, RISK, 0.97, "reweight")
    ((line,),) = call(session, "BN_ORDERS", reweighted, [["AI", 25.0]], None, None, None, "etfs")
    assert str(line).startswith("#BETA! These trades are not a combination of the baskets of AI")
    ((line,),) = call(session, "BN_ORDERS", weights, None, None, None, None, "options")
    assert str(line).startswith("#BETA! There is no kind of orders 'options'")


def test_the_sample_has_the_prices_for_its_hedge(session: Session) -> None:
    holdings, etf = call(session, "FETCH_HOLDINGS", "demo"), call(session, "LOAD_ETF", "demo")
    names = call(session, "BN_NAMES", holdings, etf)
    weights = call(session, "BETA_NEUTRAL", holdings, etf, call(session, "COVARIANCE", names, "demo"))
    prices = call(session, "BN_PRICES", holdings, etf, "demo")
    assert [row[0] for row in prices[1:] if row[1] is None] == ["NTSK", "VIA"]  # as sample.json says
    assert {str(row[2]) for row in prices[1:] if row[1]} == {"2025-11-18"}
    for trade, count in (("names", 45), ("etfs", 1)):
        table = call(session, "BN_ORDERS", weights, prices, None, None, None, trade)
        assert len(table) - 3 == count
        assert float(str(table[-1][4])) == pytest.approx(0.0, abs=1e-5)
    assert call(session, "BN_ORDERS", weights) == call(
        session, "BN_ORDERS", weights, prices
    )  # as the command


def test_the_status_of_prices_and_of_orders_has_the_provenance_of_each_price(
    session: Session, closes: Path
) -> None:
    prices = call(session, "BN_PRICES", HELD, ETF, str(closes), [["B", 21.0]])
    status = call(session, "BN_STATUS", prices)
    assert [row[:4] for row in status[1:]] == [
        ("prices", "prices", "closes.csv", date(2025, 11, 18)),
        ("prices", "worksheet", "holdings", None),
        ("prices", "worksheet", "own", None),
    ]
    orders = call(session, "BN_ORDERS", call(session, "BETA_NEUTRAL", HELD, ETF, RISK, 0.5), prices)
    parts = [row[0] for row in call(session, "BN_STATUS", orders)[1:]]
    assert parts == ["holdings", "ETF AI", "risk model", "prices", "prices", "prices"]


def test_prices_of_the_sample_have_its_provenance(session: Session) -> None:
    holdings, etf = call(session, "FETCH_HOLDINGS", "demo"), call(session, "LOAD_ETF", "demo")
    status = call(session, "BN_STATUS", call(session, "BN_PRICES", holdings, etf, "demo"))
    assert {(row[0], row[-1]) for row in status[1:]} == {("prices", "sample")}
