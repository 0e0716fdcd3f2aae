"""Orders as the files that desks, brokers and scripts take."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.orders import Side
from betaneutral_xl.errors import listing
from betaneutral_xl.system.saving import to_csv

if TYPE_CHECKING:
    from betaneutral_xl.engine.orders import Order, Orders


class OrderFormat(StrEnum):
    """What a file of orders looks like."""

    DESK = "desk"
    IBKR = "ibkr"
    TRADER = "trader"


COLUMNS = ("ticker", "side", "shares", "price", "notional")
"""Of the desk's table; the side of a sale of what is not held is SELL SHORT."""

DAYS = "days_to_trade"
"""The column of the days that an order takes, of both rows where it is split into a sale and a short sale."""

IBKR_COLUMNS = (
    *("Action", "Quantity", "Symbol", "SecType", "Exchange", "Currency", "TimeInForce", "OrderType"),
    *("LmtPrice", "BasketTag"),
)
"""Of Interactive Brokers' BasketTrader: market orders for the day in US shares."""

IBKR_ACTIONS = {Side.BUY: "BUY", Side.SELL: "SELL", Side.SELL_SHORT: "SSHORT"}


def columns(orders: Orders) -> tuple[str, ...]:
    """Return the columns of the desk's table: ``COLUMNS``, days to trade and each kind of group if known."""
    days = (DAYS,) if orders.days_to_trade() else ()
    return (*COLUMNS, *days, *orders.result.aligned.holdings.kinds_of_groups)


def rows(orders: Orders) -> list[tuple[str | float, ...]]:
    """Return the orders as rows of ``columns``, largest first; a short sale has a row of its own."""
    days = orders.days_to_trade()
    return [
        (
            *(one.ticker, str(one.side).upper(), one.shares, one.price, round(one.notional, 2)),
            *([days.get(one.ticker, math.nan)] if days else []),
            *groups(orders, one.ticker),
        )
        for one in orders.for_broker()
    ]


def liquidity_sentence(orders: Orders) -> str:
    """Return how long the orders take at the share of the volume, in words; empty where that is not known."""
    days = orders.days_to_trade()
    if not days:
        return ""
    slowest = max(days, key=lambda name: days[name])
    share = f"{orders.ticket.participation:.0%} of the average daily volume"
    unknown = [one.ticker for one in orders.orders if one.ticker not in days]
    rest = f"; no volume of {listing(unknown)}" if unknown else ""
    return f"At {share} the longest order is {slowest}, {days[slowest]:.2g} days{rest}."


def groups(orders: Orders, ticker: str) -> tuple[str, ...]:
    """Return the group of a ticker of each known kind; empty where it has none."""
    holdings = orders.result.aligned.holdings
    own = holdings.groups_of.get(ticker, {})
    return tuple(own.get(kind, "") for kind in holdings.kinds_of_groups)


def as_file(orders: Orders, form: OrderFormat) -> str:
    """Return the orders as CSV in one of the formats."""
    return _WRITERS[form](orders)


def as_record(orders: Orders) -> dict[str, Any]:
    """Return the orders and what the portfolio is after them as plain values for JSON.

    Amounts are in the base currency, weights and turnover decimals of net asset value.
    """
    result, ticket = orders.result, orders.ticket
    return {
        "fund": result.aligned.holdings.fund,
        "as_of": result.aligned.holdings.as_of,
        "nav": ticket.nav,
        "orders": [dict(zip(columns(orders), row, strict=True)) for row in rows(orders)],
        "left_out": list(orders.left_out),
        "cash_before": result.aligned.holdings.cash * ticket.nav,
        "cash_after": orders.cash,
        "cost": orders.cost,
        "turnover": orders.turnover,
        "tracking_error_of_rounding": orders.tracking_error,
        "beta_before": dict(result.before.beta),
        "beta_of_weights": dict(result.after.beta),
        "beta_after": dict(orders.beta),
        "checks": [
            {"name": one.name, "residual": one.residual, "limit": one.limit, "passed": one.passed}
            for one in orders.checks()
        ],
        "warnings": list(result.warnings),
    }


def _desk(orders: Orders) -> str:
    return to_csv(columns(orders), rows(orders))


def _ibkr(orders: Orders) -> str:
    return to_csv(IBKR_COLUMNS, [_ibkr_row(one, orders) for one in orders.for_broker()])


def _ibkr_row(one: Order, orders: Orders) -> tuple[str | float, ...]:
    symbol = one.ticker.replace(".", " ")  # BRK.B is BRK B there
    tag = f"beta neutral {orders.result.aligned.holdings.as_of or ''}".strip()
    action = IBKR_ACTIONS[one.side]
    return (action, one.shares, symbol, "STK", "SMART", "USD", "DAY", "MKT", "", tag)


def _trader(orders: Orders) -> str:
    """Return the frame of the fund's trading script: ticker, price, shares, action (BUY or SELL)."""
    made = [
        (one.ticker, one.price, one.shares, "BUY" if one.side is Side.BUY else "SELL")
        for one in orders.for_broker()
    ]
    return to_csv(("ticker", "price", "shares", "action"), made)


_WRITERS: Mapping[OrderFormat, Callable[[Orders], str]] = {
    OrderFormat.DESK: _desk,
    OrderFormat.IBKR: _ibkr,
    OrderFormat.TRADER: _trader,
}
