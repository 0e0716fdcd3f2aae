"""Each broker's export gives its positions: what each is, its value in base currency, and the cash."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from broker_exports import EXPORTS

from betaneutral_xl.errors import InputError
from betaneutral_xl.readers.holdings_files import parse_holdings_file

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Holdings

NVDA = ("equity", 18136.0)
MSFT = ("equity", 4900.0)
CALL = ("option", -710.0)

EXPECTED: dict[str, tuple[dict[str, tuple[str, float]], float]] = {
    "fidelity": (
        {
            "NVDA": NVDA,
            "NVDA260116C200": CALL,
            "TSLA": ("equity", -4000.0),
            "912797SA6": ("fixed_income", 4965.0),
            "FXAIX": ("fund", 2328.29),
            "SPAXX": ("money_market", 4000.0),
            "CASH": ("cash", -1201.0),
        },
        2799.0,
    ),
    "schwab": (
        {
            "NVDA": NVDA,
            "NVDA 01/16/2026 200.00 C": ("option", -1420.0),
            "SPY": ("fund", 6600.0),
            "SWVXX": ("money_market", 1000.0),
            "912828YY0": ("fixed_income", 9820.0),
            "CASH": ("cash", 5692.04),
        },
        6692.04,
    ),
    "interactive brokers tws": ({"NVDA": NVDA, "BRK.B": ("equity", 2000.0), "MSFT": MSFT}, 0.0),
    "etrade": (
        {"NVDA": NVDA, "MSFT": MSFT, "NVDA JAN 16 '26 $200 CALL": CALL, "CASH": ("cash", 5000.0)},
        5000.0,
    ),
    "vanguard": (
        {"NVDA": NVDA, "MSFT": MSFT, "VTSAX": ("fund", 1575.0), "VMFXX": ("money_market", 4000.0)},
        4000.0,
    ),
    "merrill": ({"NVDA": NVDA, "MSFT": MSFT}, 3162.0),
    "thinkorswim": (
        {"NVDA": NVDA, "MSFT": MSFT, "NVDA 100 (WEEKLYS) 16 JAN 26 200 CALL": CALL},
        5000.0,
    ),
    "thinkorswim by underlying": (
        {"NVDA": NVDA, "MSFT": MSFT, "NVDA 100 (WEEKLYS) 16 JAN 26 200 CALL": CALL},
        5000.0,
    ),
    "portfolio performance": (
        {"NVDA": ("equity", 15634.48), "SAP GR": ("equity", 2100.0), "BRK.B": ("equity", 1724.14)},
        7404.0,
    ),
    "interactive brokers flex": (
        {
            "NVDA": NVDA,
            "NVDA 260116C00200000": ("option", -1420.0),
            "ESZ5": ("future", 0.0),
            "SAP": ("equity", 2436.0),
            "T 4 1/8 01/31/27": ("fixed_income", 10020.0),
            "IWV": ("fund", 7500.0),
            "EUR": ("cash", 1160.0),
        },
        1160.0,
    ),
    "interactive brokers activity": (
        {"NVDA": NVDA, "SAP": ("equity", 2436.0), "NVDA 16JAN26 200 C": ("option", -1420.0)},
        8360.0,
    ),
    "degiro": ({"NVDA": ("equity", 15634.48), "SAP": ("equity", 2100.0)}, 500.0),
    "saxo": ({"NVDA": ("equity", 15634.48), "SAP GR": ("equity", 2100.0)}, 0.0),
    "hargreaves lansdown": ({"VOD": ("equity", 850.0), "AZN": ("equity", 1350.0)}, 0.0),
    "boursorama": ({"NVDA": NVDA, "MSFT": MSFT}, 0.0),
    "robinhood": ({"NVDA": NVDA, "NVDA 1/16/2026 CALL $200.00": CALL, "BTC": ("other", 900.0)}, 0.0),
}
"""Class and value of positions, and the cash, by export."""


def read(name: str, nav: float | None = None) -> Holdings:
    return parse_holdings_file(EXPORTS[name].encode(), f"{name}.csv", nav=nav)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_export_gives_class_and_value_of_each_position(name: str) -> None:
    positions, cash = EXPECTED[name]
    holdings = read(name)
    found = {one.ticker: one for one in holdings.positions}
    for ticker, (kind, value) in positions.items():
        assert found[ticker].position_class.value == kind, ticker
        assert found[ticker].value == pytest.approx(value), ticker
    assert holdings.nav is not None
    assert holdings.cash * holdings.nav == pytest.approx(cash)
    assert math.fsum(one.weight for one in holdings.positions) == pytest.approx(1.0)


def test_every_export_is_checked() -> None:
    assert EXPORTS.keys() == {*EXPECTED, "alpaca"}


def test_a_side_gives_the_sign_and_a_book_with_shorts_needs_its_cash_or_its_value() -> None:
    with pytest.raises(InputError, match="no cash, so that the net asset value is unknown"):
        read("alpaca")
    holdings = read("alpaca", nav=50_000.0)
    values = {one.ticker: one.value for one in holdings.positions}
    assert (values["TSLA"], values["AAPL"], values["BTCUSD"]) == (-4000.0, -1335.0, 9000.0)


def test_options_and_futures_have_their_notional_value_and_delta() -> None:
    positions = {one.ticker: one for one in read("interactive brokers flex").positions}
    option, future = positions["NVDA 260116C00200000"], positions["ESZ5"]
    assert option.notional == pytest.approx(-2 * 100 * 181.36)
    assert option.delta == 0.35
    assert (future.notional, future.weight) == (335012.5, 0.0)
    by_position = {one.ticker: one for one in read("thinkorswim").positions}
    assert by_position["NVDA 100 (WEEKLYS) 16 JAN 26 200 CALL"].delta == pytest.approx(0.352)


def test_the_day_of_a_period_is_its_last() -> None:
    assert str(read("interactive brokers activity").as_of) == "2025-11-18"
    assert str(read("etrade").as_of) == "2025-11-18"
