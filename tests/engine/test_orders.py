from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.orders import Order, Orders, Side, Ticket, etf_orders, make_orders
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.errors import CheckFailed, InputError, MissingValue
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance, Factors

NAV = 1_000_000.0


def reweighted(seed: int, n: int = 12, method: Method = Method.REWEIGHT) -> Rebalance:
    rng = np.random.default_rng(seed)
    names = [f"N{i:02}" for i in range(n)]
    book = Holdings.from_weights(dict(zip(names, rng.dirichlet(np.ones(n)).tolist(), strict=True)))
    etf = Etf.from_weights(dict(zip(names, rng.dirichlet(np.ones(n)).tolist(), strict=True)), name="AI")
    form = Factors(rng.normal(0.2, 0.1, (n, 2)), rng.uniform(0.02, 0.1, n))
    return neutralise(
        Question(book, [etf], Covariance(tuple(names), form, Provenance.given(n)), target=0.5, method=method)
    )


def priced(result: Rebalance, seed: int, **options: Any) -> Orders:
    rng = np.random.default_rng(seed)
    prices = dict(zip(result.tickers, rng.uniform(20.0, 900.0, len(result.tickers)).tolist(), strict=True))
    return make_orders(result, Ticket(prices=prices, nav=NAV, **options))


@given(seed=st.integers(0, 10_000))
def test_orders_are_whole_add_up_and_leave_little_beta(seed: int) -> None:
    orders = priced(reweighted(seed), seed)
    assert all(check.passed for check in orders.checks())
    assert all(isinstance(order.shares, int) for order in orders.orders)
    result, ticket = orders.result, orders.ticket
    nearest = 0.0
    for i, ticker in enumerate(result.tickers):
        lot = ticket.prices[ticker] / NAV
        error = orders.weights[i] - result.new_weights[i]
        assert abs(error) <= lot * (1 + 1e-9)
        nearest += (round(result.trades[i] / lot) * lot - result.trades[i]) * result.predicted_beta[i, 0]
    residual = abs(orders.residual_beta["AI"])
    assert residual <= abs(nearest) + 1e-12
    assert residual < 1e-4
    assert orders.beta["AI"] == pytest.approx(0.5 + orders.residual_beta["AI"], abs=1e-12)


@given(seed=st.integers(0, 300))
def test_the_search_comes_close_to_the_best_of_all_roundings(seed: int) -> None:
    result = reweighted(seed, n=8)
    orders = priced(result, seed)
    betas = result.predicted_beta[:, 0]
    lots = np.array([orders.ticket.prices[t] for t in result.tickers]) / NAV
    exact = result.trades / lots
    down = (np.floor(exact) - exact) * lots * betas
    up = (np.ceil(exact) - exact) * lots * betas
    best = min(abs(sum(choice)) for choice in itertools.product(*zip(down, up, strict=True)))
    assert abs(orders.residual_beta["AI"]) <= best + 1e-4


def test_lots_are_kept_and_small_trades_left_out() -> None:
    result = reweighted(1)
    lots = {result.tickers[0]: 100, result.tickers[1]: 10}
    orders = priced(result, 1, lots=lots, min_notional=20_000.0)
    assert orders.left_out
    by_name = {order.ticker: order for order in orders.orders}
    assert not set(orders.left_out) & set(by_name)
    for ticker, lot in lots.items():
        if ticker in by_name:
            assert by_name[ticker].shares % lot == 0
    assert min(order.notional for order in orders.orders) >= 20_000.0


@pytest.mark.parametrize("lot", [0.0001, 0.01, 0.5])
def test_fractions_of_a_share_are_whole_lots_and_leave_less_beta(lot: float) -> None:
    result = reweighted(1)
    orders = priced(result, 1, lots=dict.fromkeys(result.tickers, lot))
    assert all(check.passed for check in orders.checks())
    assert any(not float(order.shares).is_integer() for order in orders.orders)
    for order in orders.orders:
        assert order.shares == round(order.shares, 4)
        assert order.shares / lot == pytest.approx(round(order.shares / lot), abs=1e-6)
    exact = {t: w * NAV / orders.ticket.prices[t] for t, w in zip(result.tickers, result.trades, strict=True)}
    assert all(abs(order.signed_shares - exact[order.ticker]) <= lot for order in orders.orders)
    assert abs(orders.residual_beta["AI"]) <= 1e-5


def test_a_sale_of_a_fraction_held_is_split_at_it() -> None:
    held = Holdings.from_positions(["A", "B"], [5.5, 50.0], [10.0, 20.0])
    etf = Etf.from_weights({"A": 1.0}, name="AI")
    form = Factors(np.full((2, 1), 0.3), np.full(2, 0.01))
    result = neutralise(Question(held, [etf], Covariance(("A", "B"), form, Provenance.given(2))))
    prices = {"A": 10.0, "B": 20.0}

    def legs(lot: float) -> dict[Side, float]:
        ticket = Ticket(prices=prices, nav=float(held.nav or 0), lots={"A": lot})
        return {leg.side: leg.shares for leg in make_orders(result, ticket).for_broker() if leg.ticker == "A"}

    sold = sum(legs(0.01).values())
    assert legs(0.01) == {Side.SELL: 5.5, Side.SELL_SHORT: pytest.approx(sold - 5.5)}
    assert legs(1) == {Side.SELL: 5, Side.SELL_SHORT: round(sold) - 5}


def test_cash_and_cost_follow_from_the_orders() -> None:
    orders = priced(reweighted(2), 2, cost_bp=10.0)
    bought = sum(o.shares * o.price for o in orders.orders if o.side is Side.BUY)
    sold = sum(o.shares * o.price for o in orders.orders if o.side is Side.SELL)
    assert orders.cost == pytest.approx((bought + sold) * 0.001)
    assert orders.cash == pytest.approx(sold - bought - orders.cost)
    assert orders.turnover == pytest.approx((bought + sold) / NAV / 2.0)
    assert orders.tracking_error < 1e-3


def test_the_minimum_cash_is_kept_by_rounding_purchases_down() -> None:
    free = priced(reweighted(3), 3)
    floor = max(free.cash / NAV, 0.0) + 1e-4
    kept = priced(reweighted(3), 3, keep_cash=floor)
    assert kept.cash >= floor * NAV - 1e-6
    assert abs(kept.residual_beta["AI"]) < 1e-3


def test_the_hedge_in_the_etf_itself_is_one_order() -> None:
    result = reweighted(4, method=Method.HEDGE)
    made = etf_orders(result, Ticket(prices={"AI": 41.5}, nav=NAV))
    (order,) = made.orders
    ratio = float(result.hedge_ratios[0])
    assert order.side is (Side.SELL if ratio > 0 else Side.BUY)
    assert order.shares == round(abs(ratio) * NAV / 41.5)
    assert made.beta["AI"] == pytest.approx(0.5 + (ratio - order.shares * 41.5 / NAV), abs=1e-12)
    assert made.cash == pytest.approx(order.notional)
    with pytest.raises(MissingValue, match="No price for the ETF AI"):
        etf_orders(result, Ticket(prices={}, nav=NAV))


def test_an_etf_that_is_not_all_basket_is_paid_for_in_full() -> None:
    book = Holdings.from_weights({"A": 0.6, "B": 0.4})
    etf = Etf.from_weights({"A": 0.5, "B": 0.4}, name="AI")  # a tenth of it is cash
    risk = Covariance(
        ("A", "B"), Factors(np.array([[0.3], [0.2]]), np.array([0.04, 0.09])), Provenance.given(2)
    )
    made = etf_orders(neutralise(Question(book, [etf], risk)), Ticket(prices={"AI": 10.0}, nav=NAV))
    (order,) = made.orders
    assert made.cash == pytest.approx(order.notional)
    assert made.beta["AI"] == pytest.approx(0.0, abs=10.0 / NAV)
    assert all(check.passed for check in made.checks())


def test_trades_that_are_no_hedge_cannot_be_replaced_by_etf_orders() -> None:
    with pytest.raises(InputError, match="These trades are not a combination of the baskets of AI"):
        etf_orders(reweighted(4), Ticket(prices={"AI": 41.5}, nav=NAV))


def test_a_sale_beyond_what_is_held_is_split_into_a_sale_and_a_short_sale() -> None:
    held = Holdings.from_positions(["A", "B", "C"], [100.0, 50.0, -20.0], [10.0, 20.0, 5.0])
    etf = Etf.from_weights({"A": 0.5, "B": 0.2, "C": 0.2, "D": 0.1}, name="AI")
    form = Factors(np.full((4, 1), 0.3), np.full(4, 0.01))
    result = neutralise(Question(held, [etf], Covariance(tuple("ABCD"), form, Provenance.given(4))))
    made = make_orders(
        result, Ticket(prices={"A": 10.0, "B": 20.0, "C": 5.0, "D": 1.0}, nav=float(held.nav or 0))
    )
    sold = {order.ticker: order.shares for order in made.orders if order.side is Side.SELL}
    legs = {(leg.ticker, leg.side): leg.shares for leg in made.for_broker()}
    own = {"A": 100, "B": 50, "C": 0, "D": 0}
    for ticker, shares in sold.items():
        assert legs.get((ticker, Side.SELL), 0) == min(shares, own[ticker])
        assert legs.get((ticker, Side.SELL_SHORT), 0) == max(shares - own[ticker], 0)
    assert {ticker for ticker, side in legs if side is Side.SELL_SHORT} >= {"C", "D"}
    assert sum(leg.notional for leg in made.for_broker()) == pytest.approx(made.traded)


def test_a_wrong_order_fails_the_checks() -> None:
    orders = priced(reweighted(5), 5)
    first = orders.orders[0]
    more = (replace(first, shares=first.shares + 1), *orders.orders[1:])
    with pytest.raises(CheckFailed, match="the orders make the weights"):
        replace(orders, orders=more).check()


def test_invalid_orders_are_refused_with_a_reason() -> None:
    result = reweighted(6)
    with pytest.raises(MissingValue, match=r"No price for 12 of 12 trades: N00"):
        make_orders(result, Ticket(prices={}, nav=NAV))
    for options, message in (
        ({"nav": 0.0}, "net asset value is 0"),
        ({"lots": {"A": 0}}, "lot of A"),
        ({"lots": {"A": 2.5}}, "lot of A"),
        ({"cost_bp": -1.0}, "zero or more"),
    ):
        with pytest.raises(InputError, match=message):
            Ticket(**{"prices": {}, "nav": NAV, **options})  # type: ignore[arg-type] # one wrong each
    with pytest.raises(InputError, match="Give a positive number of shares"):
        Order("A", Side.BUY, 0, 10.0)
