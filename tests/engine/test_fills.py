"""Orders against trades: filled, partly, not, surplus, and what is left."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaneutral_xl.engine.fills import FillLine, State, of_holdings, reconcile
from betaneutral_xl.engine.orders import Order, Side
from betaneutral_xl.errors import InputError
from betaneutral_xl.model.fills import Fill

ORDERS = (
    Order("A", Side.BUY, 100, 10.0),
    Order("B", Side.SELL, 50, 20.0),
    Order("C", Side.BUY, 30, 5.0),
    Order("D", Side.SELL, 10, 8.0),
    Order("E", Side.BUY, 10, 8.0),
)
FILLS = (
    Fill("A", 60.0, 10.0, 1.0),
    Fill("A", 40.0, 11.0, 0.5),
    Fill("B", -20.0, 19.0),
    Fill("D", -12.0, 8.0),
    Fill("E", -1.0, 8.0),
    Fill("F", 5.0, 3.0),
)


def test_every_order_has_its_state_and_what_is_left() -> None:
    found = {one.ticker: one for one in reconcile(ORDERS, FILLS)}
    assert {name: (one.state, one.left) for name, one in found.items()} == {
        "A": (State.FILLED, 0.0),
        "B": (State.PARTLY, -30.0),
        "C": (State.NOT, 30.0),
        "D": (State.SURPLUS, 2.0),
        "E": (State.SURPLUS, 11.0),
        "F": (State.NOT_ORDERED, -5.0),
    }
    assert found["A"].price == pytest.approx(10.4)
    assert found["A"].slippage == pytest.approx(40.0)
    assert found["A"].cost == 1.5
    assert found["B"].slippage == pytest.approx(20.0)  # sold for less
    assert math.isnan(found["C"].price)
    assert math.isnan(found["F"].slippage)


def test_what_is_left_are_orders_at_known_prices() -> None:
    left = [one.order() for one in reconcile(ORDERS, FILLS)]
    assert left == [
        None,
        Order("B", Side.SELL, 30, 20.0),
        Order("C", Side.BUY, 30, 5.0),
        Order("D", Side.BUY, 2, 8.0),
        Order("E", Side.BUY, 11, 8.0),
        Order("F", Side.SELL, 5, 3.0),
    ]
    assert FillLine(ticker="X", ordered=0.0, filled=1.0).order() is None


def test_new_holdings_tell_the_same_without_prices_of_trades() -> None:
    before = {"B": 50.0, "D": 20.0, "G": 7.0}
    now = {"A": 100.0, "B": 30.0, "D": 8.0, "E": -1.0, "F": 5.0, "G": 7.0}
    found = of_holdings(ORDERS, before, now, {"F": 3.0})
    told = reconcile(ORDERS, FILLS)
    assert [(one.ticker, one.state, one.left, one.order()) for one in found] == [
        (one.ticker, one.state, one.left, one.order()) for one in told
    ]


@settings(max_examples=60)
@given(
    ordered=st.dictionaries(st.sampled_from("ABCDE"), st.integers(-500, 500).filter(bool)),
    traded=st.lists(st.tuples(st.sampled_from("ABCDEF"), st.integers(-300, 300).filter(bool)), max_size=12),
)
def test_doing_what_is_left_fills_every_order(ordered: dict[str, int], traded: list[tuple[str, int]]) -> None:
    orders = [Order(n, Side.BUY if s > 0 else Side.SELL, abs(s), 10.0) for n, s in ordered.items()]
    fills = [Fill(name, float(shares), 9.0) for name, shares in traded]
    found = reconcile(orders, fills)
    left = [order for one in found if (order := one.order()) is not None]
    done = reconcile(orders, [*fills, *(Fill(o.ticker, float(o.signed_shares), 10.0) for o in left)])
    assert all(one.state is State.FILLED for one in done)
    assert sum(one.filled for one in found) == pytest.approx(sum(shares for _, shares in traded))


@pytest.mark.parametrize(
    ("shares", "price"), [(0.0, 1.0), (1.0, 0.0), (1.0, -1.0), (math.inf, 1.0), (1.0, math.nan)]
)
def test_a_trade_of_nothing_is_none(shares: float, price: float) -> None:
    with pytest.raises(InputError, match="The trade in A"):
        Fill("A", shares, price)
