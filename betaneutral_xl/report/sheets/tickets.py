"""The sheet Orders: the proposal in shares, and the effect of rounding."""

from __future__ import annotations

import numpy as np

from betaneutral_xl.engine.orders import Orders, Side
from betaneutral_xl.model.arrays import FloatArray
from betaneutral_xl.model.constraints import BASIS_POINT
from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book
from betaneutral_xl.report.cells import Canvas
from betaneutral_xl.report.checked_tables import Column, looked_up, place, place_text
from betaneutral_xl.report.contents import Contents
from betaneutral_xl.report.measures import Measures
from betaneutral_xl.report.sheets.holdings import with_groups

NAME = "Orders"


def write(book: Book, canvas: Canvas, contents: Contents, orders: Orders) -> None:
    """Write one row per order, largest first."""
    result, ticket, made = orders.result, orders.ticket, orders.orders
    if not made:
        place_text(canvas, "No orders", ["Every trade is smaller than one lot or the minimum notional."])
        return
    tickers = [order.ticker for order in made]
    at = [result.tickers.index(ticker) for ticker in tickers]
    signed = np.array([order.signed_shares for order in made], dtype=np.float64)
    prices = np.array([order.price for order in made])
    shares, notional = [order.shares for order in made], [order.notional for order in made]
    change = signed * prices / ticket.nav
    exact = result.trades[at]
    percent = style.calculated(style.SIGNED_PERCENT)
    fine = style.calculated(style.SIGNED_PERCENT.replace("0.00%", "0.0000%"))
    traded = f'IF(B{{row}}="{Side.BUY}",1,-1)*E{{row}}/order_nav'
    columns = [
        Column("Ticker", tickers, style.LABEL),
        Column("Side", [str(order.side) for order in made], style.from_python("General")),
        Column("Shares", shares, style.from_python(style.shares(shares))),
        Column("Price", prices.tolist(), style.entered(style.PRICE)),
        Column("Notional", notional, style.calculated(style.MONEY), "C{row}*D{row}", "order_notional"),
        Column("Weight change", change.tolist(), percent, traded, "order_weight"),
        Column("Exact trade", exact.tolist(), percent, looked_up("trade", tickers)),
        Column("Rounding", (change - exact).tolist(), fine, "F{row}-G{row}"),
    ]
    betas = result.predicted_beta[at]
    for k in contents.etfs:
        heading = contents.per_etf("Beta change", k)
        columns.append(_beta_change(heading, k, tickers, betas[:, k - 1] * change))
    columns += _liquidity(orders, tickers)
    place(book, canvas, "tblOrders", with_groups(columns, result, tickers))


def _liquidity(orders: Orders, tickers: list[str]) -> list[Column]:
    """Return volume and days to trade of each order, where the price file has volumes."""
    days, ticket = orders.days_to_trade(), orders.ticket
    if not days:
        return []
    volumes, needed = ([of.get(name) for name in tickers] for of in (ticket.volumes, days))
    return [
        Column("Average daily volume", volumes, style.entered(style.WHOLE)),
        Column(f"Days to trade at {ticket.participation:.0%} of it", needed, style.from_python("0.00")),
    ]


def _beta_change(heading: str, k: int, tickers: list[str], values: FloatArray) -> Column:
    beta = looked_up(f"beta_{k}", tickers)
    return Column(
        heading,
        values.tolist(),
        style.calculated(style.SIGNED),
        lambda row, i: f"F{row}*{beta(row, i)}",
        f"order_beta_{k}",
    )


def measures(sheet: Measures, orders: Orders) -> None:
    """Write the measures of the portfolio after the orders."""
    result = orders.result
    some = bool(orders.orders)
    sheet.section("After the orders")
    for k, name in enumerate(result.etf_names, start=1):
        traded = f"SUM(order_beta_{k})" if some else "0"
        sheet.add(
            f"orders_residual_beta_{k}",
            f"beta to {name} from rounding",
            f"{traded}-SUMPRODUCT(trade,beta_{k})",
            orders.residual_beta[name],
            "beta of the orders minus beta of the exact trades",
        )
        sheet.add(
            f"orders_beta_{k}",
            f"beta to {name} after the orders",
            f"beta_before_{k}+{traded}",
            orders.beta[name],
            "beta before plus beta of the orders",
        )
    notional = "SUM(order_notional)" if some else "0"
    sheet.add("orders_traded", "traded value", notional, orders.traded, "base currency")
    sheet.add(
        "orders_turnover", "turnover of the orders", "orders_traded/order_nav/2", orders.turnover, "one-way"
    )
    sheet.add("orders_cost", "cost of the orders", "orders_traded*order_cost", orders.cost, "base currency")
    paid = "SUM(order_weight)*order_nav" if some else "0"
    sheet.add(
        "orders_cash",
        "cash after the orders",
        f"cash_before*order_nav-{paid}-orders_cost",
        orders.cash,
        "base currency",
    )
    sheet.add(
        "orders_tracking_error",
        "tracking error of rounding",
        None,
        orders.tracking_error,
        "annual, against the exact weights",
    )


def inputs(orders: Orders) -> list[tuple[str, float, str, str, str]]:
    """Return the constants of the orders: label, value, format, name, meaning."""
    ticket = orders.ticket
    rows = [
        ("net asset value of the orders", ticket.nav, style.PRICE, "order_nav", "in base currency"),
        ("cost of an order", ticket.cost_bp * BASIS_POINT, "0.0000%", "order_cost", "of the traded value"),
        ("minimum notional", ticket.min_notional, style.PRICE, "", "smaller orders are left out"),
    ]
    if np.isfinite(ticket.keep_cash):
        rows.append(("cash to keep", ticket.keep_cash, style.PERCENT, "", "of net asset value"))
    return rows
