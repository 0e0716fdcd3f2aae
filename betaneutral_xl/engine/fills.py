"""What was traded against what was ordered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from betaneutral_xl.engine.order_terms import DECIMALS
from betaneutral_xl.engine.orders import Order, Side

if TYPE_CHECKING:
    from betaneutral_xl.model.fills import Fill

WHOLE = 1e-6
"""Shares within which two numbers are equal."""


class State(StrEnum):
    """What became of an order."""

    FILLED = "filled"
    PARTLY = "partly"
    NOT = "not"
    SURPLUS = "surplus"
    NOT_ORDERED = "not ordered"


@dataclass(frozen=True, slots=True, kw_only=True)
class FillLine:
    """One name: ordered and traded shares, negative for sales.

    Attributes
    ----------
    ticker
        The name.
    ordered, filled
        Shares.
    order_price, price
        Base currency per share: of the order (NaN where there is none), and the average of the trades (NaN
        where there are none, or their prices are not known).
    cost
        Commissions, base currency.

    """

    ticker: str
    ordered: float
    filled: float
    order_price: float = math.nan
    price: float = math.nan
    cost: float = 0.0

    @property
    def left(self) -> float:
        """Shares still to be traded; of a surplus, to be traded back."""
        return self.ordered - self.filled

    @property
    def state(self) -> State:
        """What became of the order; one that was traded the other way is a surplus."""
        if abs(self.left) < WHOLE:
            return State.FILLED
        if abs(self.filled) < WHOLE:
            return State.NOT
        if abs(self.ordered) < WHOLE:
            return State.NOT_ORDERED
        same_side = (self.filled > 0.0) == (self.ordered > 0.0)
        return State.PARTLY if same_side and abs(self.filled) < abs(self.ordered) else State.SURPLUS

    @property
    def slippage(self) -> float:
        """What the trades cost more than at the order's price, base currency; NaN where that is not known."""
        return self.filled * (self.price - self.order_price)

    def order(self) -> Order | None:
        """Return the order that is left, in whole shares unless a fraction was ordered; None for none."""
        is_whole = float(self.ordered).is_integer()
        shares = math.floor(abs(self.left) + WHOLE) if is_whole else round(abs(self.left), DECIMALS)
        price = self.order_price if math.isfinite(self.order_price) else self.price
        if not shares or not math.isfinite(price):
            return None
        return Order(self.ticker, Side.BUY if self.left > 0.0 else Side.SELL, shares, price)


def reconcile(orders: Sequence[Order], fills: Iterable[Fill]) -> tuple[FillLine, ...]:
    """Return the orders, each name once, with what was traded of each; then the trades that nobody ordered.

    A name has several trades where it was traded in parts.
    """
    traded: dict[str, list[Fill]] = {}
    for one in fills:
        traded.setdefault(one.ticker, []).append(one)
    ordered = {one.ticker: one for one in orders}
    return tuple(
        _line(name, ordered.get(name), traded.get(name, []))
        for name in (*ordered, *(name for name in traded if name not in ordered))
    )


def of_holdings(
    orders: Sequence[Order],
    before: Mapping[str, float],
    now: Mapping[str, float],
    prices: Mapping[str, float],
) -> tuple[FillLine, ...]:
    """Return the same from the shares by ticker before and now, where the trades themselves are not known.

    ``prices`` are of names that nobody ordered, base currency per share.
    """
    ordered = {one.ticker: one for one in orders}
    moved = {
        name: now.get(name, 0.0) - before.get(name, 0.0) for name in dict.fromkeys((*ordered, *before, *now))
    }
    return tuple(
        FillLine(
            ticker=name,
            ordered=float(ordered[name].signed_shares) if name in ordered else 0.0,
            filled=shares,
            order_price=ordered[name].price if name in ordered else prices.get(name, math.nan),
        )
        for name, shares in moved.items()
        if name in ordered or abs(shares) > WHOLE
    )


def _line(name: str, order: Order | None, trades: Sequence[Fill]) -> FillLine:
    shares = math.fsum(one.shares for one in trades)
    size = math.fsum(abs(one.shares) for one in trades)
    paid = math.fsum(abs(one.shares) * one.price for one in trades)
    return FillLine(
        ticker=name,
        ordered=float(order.signed_shares) if order else 0.0,
        filled=shares,
        order_price=order.price if order else math.nan,
        price=paid / size if size else math.nan,
        cost=math.fsum(one.cost for one in trades),
    )
