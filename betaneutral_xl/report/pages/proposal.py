"""The sheet Proposal: the trades, their orders, and a place for comment and approval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from betaneutral_xl.engine.orders import Order, Orders, Side
from betaneutral_xl.job.answer import trade_lines
from betaneutral_xl.report import style
from betaneutral_xl.report.cells import Canvas, Formula
from betaneutral_xl.report.contents import Contents
from betaneutral_xl.report.pages.answer import remedies
from betaneutral_xl.report.pages.layout import BLANK, Cell, Page, heading_of, rounded, trade_cells

NAME = "Proposal"

WIDTHS = (14, 22, 11, 11, 11, 14, 12, 12, 14, 10)

POSITION_WIDTHS = (30, *[15] * 4, 20)
"""The same where nothing is proposed."""

MOST = 40
"""Number of trades on the page; all are on the sheet Trades."""

MOST_POSITIONS = 20
"""Number of positions on the page where nothing is proposed."""

APPROVAL = ("Comment", "Approved or rejected", "Name", "Date and signature")


def write(canvas: Canvas, contents: Contents) -> None:
    """Write the trades, largest first, with orders where there are prices."""
    answer, page = contents.page, Page(canvas, POSITION_WIDTHS if contents.no_proposal else WIDTHS)
    heading_of(page, "No proposal" if contents.no_proposal else "Proposal and orders", answer.verdict)
    if contents.no_proposal:
        page.paragraph(contents.no_proposal, style.WARNING)
        remedies(page, answer)
        _positions(page, contents)
    elif answer.trade_count:
        _trades(page, contents)
        _after(page, contents)
    else:
        page.paragraph("Nothing to trade: the target is met.", style.WARNING)
        _after(page, contents)
    _approval(page)
    page.finish()


def _positions(page: Page, contents: Contents) -> None:
    """Write the largest positions as they are, with what each adds to the beta: what could be changed."""
    answer, result = contents.page, contents.result
    weights, betas = result.weights, result.predicted_beta[:, 0]
    order = np.argsort(-np.abs(weights), kind="stable")[:MOST_POSITIONS].tolist()
    page.section("The largest positions as they are")
    percent, number = style.from_python(style.PERCENT), style.from_python(style.BETA)
    rows: list[list[Cell]] = [
        [
            (result.tickers[at], style.LABEL),
            (float(weights[at]), percent),
            (answer.money(float(weights[at])), style.from_python(style.MONEY)),
            (rounded(float(betas[at])), number),
            (rounded(float(betas[at] * weights[at]), 3), style.from_python(style.SIGNED_BETA)),
        ]
        for at in order
        if weights[at]
    ]
    name = answer.etfs[0]
    page.table(("Ticker", "Weight", "Value", f"Beta to {name}", "Adds to beta"), rows)


def _trades(page: Page, contents: Contents) -> None:
    answer = contents.page
    legs = _legs(contents.orders)
    lines = trade_lines(contents.result)[:MOST]
    headings = ["Ticker", "Side", "Before", "After", "Trade", "Value"]
    headings += ["Shares", "Price", "Order value", "Beta"]
    page.gap()
    rows: list[list[Cell]] = []
    counts = style.shares([leg.shares for parts in legs.values() for leg in parts])
    for at, one in enumerate(lines, start=page.row + 1):
        orders = legs.get(one.ticker, ())
        shares = sum(leg.shares for leg in orders)
        rows.append(
            [
                (one.ticker, style.LABEL),
                (_side(one.side, orders), style.side(one.side)),
                *trade_cells(answer, one, at),
                (shares or None, style.from_python(counts)),
                (orders[0].price if orders else None, style.entered(style.PRICE)),
                (sum(leg.notional for leg in orders) or None, style.from_python(style.MONEY)),
                (rounded(one.beta_change[0], 3), style.from_python(style.SIGNED_BETA)),
            ]
        )
    if not legs:
        headings, rows = [*headings[:6], headings[9]], [[*row[:6], row[9]] for row in rows]
    page.table(headings, rows, texts=2)
    left = answer.trade_count - len(lines)
    if left:
        page.note(f"And {left} smaller trades, on the sheet Trades.")


def _side(side: str, legs: Sequence[Order]) -> str:
    """Return the side, with the number of shares of each part of a sale that is partly short."""
    if len(legs) == 1 and legs[0].side is Side.SELL_SHORT:
        return "sell short"
    if len(legs) < 2:  # noqa: PLR2004 - a sale and a short sale
        return side
    return f"sell {legs[0].shares:,}, short {legs[1].shares:,}"


def _legs(orders: Orders | None) -> Mapping[str, tuple[Order, ...]]:
    found: dict[str, tuple[Order, ...]] = {}
    for leg in () if orders is None else orders.for_broker():
        found[leg.ticker] = (*found.get(leg.ticker, ()), leg)
    return found


def _after(page: Page, contents: Contents) -> None:
    """Write what the orders leave: beta, cash, cost; and the ETFs to trade instead."""
    answer, orders = contents.page, contents.orders
    if orders is not None:
        page.section("After the orders")
        for k, (name, beta) in enumerate(orders.beta.items(), start=1):
            left = Formula(f"ROUND(orders_beta_{k},4)", rounded(beta, 4))
            page.line([(f"Beta to {name}", style.LABEL), BLANK, (left, style.calculated(style.NUMBER))])
        for label, formula, total in (
            ("Traded value", "orders_traded", orders.traded),
            ("Cost", "orders_cost", orders.cost),
            ("Cash", "orders_cash", orders.cash),
        ):
            page.line([(label, style.LABEL), BLANK, (Formula(formula, total), style.calculated(style.MONEY))])
        if orders.left_out:
            names = ", ".join(orders.left_out[:12])
            page.note(f"Too small for an order: {names}.")
    elif answer.trade_count:
        page.section("Orders")
        reason = contents.no_orders or "prices or the net asset value are not known."
        page.paragraph(f"None: {reason}", style.NOTE)
    if answer.legs:
        page.section("In place of the baskets")
        for leg in answer.legs:
            amount = answer.money(abs(leg.ratio))
            value = f", {amount:,.0f} in base currency" if amount else ""
            text = f"{leg.text(digits=2)}{value}"
            page.paragraph(f"{text[:1].upper()}{text[1:]}.", style.CELL)


def _approval(page: Page) -> None:
    page.section("Comment and approval")
    height = min(max(page.rest() / len(APPROVAL), 30.0), 90.0)
    for label in APPROVAL:
        empty = [("", style.entered())] * (page.columns - 1)
        page.line([(label, style.LABEL.replace(wrap=True)), *empty], height)
