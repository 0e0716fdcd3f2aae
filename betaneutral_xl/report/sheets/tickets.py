"""The sheet Orders: the proposal in shares, and the effect of rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.orders import Side
from betaneutral_xl.model.constraints import BASIS_POINT
from betaneutral_xl.report import style
from betaneutral_xl.report.cells import lookup_key
from betaneutral_xl.report.checked_tables import FIRST_ROW, CheckedColumn, finish_sheet, place, write_headings
from betaneutral_xl.report.sheets.groups import with_groups

if TYPE_CHECKING:
    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.report.builder import Book
    from betaneutral_xl.report.cells import Canvas
    from betaneutral_xl.report.contents import Contents
    from betaneutral_xl.report.measures import Measures

NAME = "Orders"


def write(book: Book, canvas: Canvas, contents: Contents, orders: Orders) -> None:
    """Write one row per order, largest first."""
    result, ticket = orders.result, orders.ticket
    if not orders.orders:
        write_headings(canvas, ["No orders"], [style.TEXT])
        canvas.put(
            FIRST_ROW, 1, "Every trade is smaller than one lot or the minimum notional.", style.PARAGRAPH
        )
        canvas.widths([60])
        finish_sheet(canvas, 1, FIRST_ROW)
        return
    tickers = [order.ticker for order in orders.orders]
    at = [result.tickers.index(ticker) for ticker in tickers]
    signed = np.array([order.signed_shares for order in orders.orders], dtype=np.float64)
    prices = np.array([order.price for order in orders.orders])
    change = signed * prices / ticket.nav
    exact = result.trades[at]

    columns = [
        CheckedColumn(heading="Ticker", values=tickers, look=style.LABEL),
        CheckedColumn(
            heading="Side",
            values=[str(order.side) for order in orders.orders],
            look=style.from_python("General"),
        ),
        CheckedColumn(
            heading="Shares",
            values=[order.shares for order in orders.orders],
            look=style.from_python(style.shares([order.shares for order in orders.orders])),
        ),
        CheckedColumn(heading="Price", values=prices.tolist(), look=style.entered(style.PRICE)),
        CheckedColumn(
            heading="Notional",
            values=[order.notional for order in orders.orders],
            look=style.calculated(style.MONEY),
            formula=lambda row, _: f"C{row}*D{row}",
            name="order_notional",
        ),
        CheckedColumn(
            heading="Weight change",
            values=change.tolist(),
            look=style.calculated(style.SIGNED_PERCENT),
            formula=lambda row, _: f'IF(B{row}="{Side.BUY}",1,-1)*E{row}/order_nav',
            name="order_weight",
        ),
        CheckedColumn(
            heading="Exact trade",
            values=exact.tolist(),
            look=style.calculated(style.SIGNED_PERCENT),
            formula=lambda row, i: _look_up("trade", row, tickers[i]),
        ),
        CheckedColumn(
            heading="Rounding",
            values=(change - exact).tolist(),
            look=style.calculated(style.SIGNED_PERCENT.replace("0.00%", "0.0000%")),
            formula=lambda row, _: f"F{row}-G{row}",
        ),
    ]
    betas = result.predicted_beta[at]
    for k in contents.etfs:
        heading = contents.per_etf("Beta change", k)
        columns.append(_beta_change(heading, k, tickers, betas[:, k - 1] * change))
    columns += _liquidity(orders, tickers)
    place(book, canvas, "tblOrders", with_groups(columns, result, tickers))


def _liquidity(orders: Orders, tickers: list[str]) -> list[CheckedColumn]:
    """Return volume and days to trade of each order, where the price file has volumes."""
    days, ticket = orders.days_to_trade(), orders.ticket
    if not days:
        return []
    return [
        CheckedColumn(
            heading="Average daily volume",
            values=[ticket.volumes.get(name) for name in tickers],
            look=style.entered(style.WHOLE),
        ),
        CheckedColumn(
            heading=f"Days to trade at {ticket.participation:.0%} of it",
            values=[days.get(name) for name in tickers],
            look=style.from_python("0.00"),
        ),
    ]


def _beta_change(heading: str, k: int, tickers: list[str], values: FloatArray) -> CheckedColumn:
    return CheckedColumn(
        heading=heading,
        values=values.tolist(),
        look=style.calculated(style.SIGNED),
        formula=lambda row, i: f"F{row}*{_look_up(f'beta_{k}', row, tickers[i])}",
        name=f"order_beta_{k}",
    )


def _look_up(name: str, row: int, ticker: str) -> str:
    return f"INDEX({name},MATCH({lookup_key(f'$A{row}', ticker)},ticker,0))"


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
