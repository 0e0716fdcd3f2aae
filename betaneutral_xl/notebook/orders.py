"""Orders as a notebook shows and saves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.job import order_formats, tables
from betaneutral_xl.job.order_formats import OrderFormat
from betaneutral_xl.job.sources import order_quotes
from betaneutral_xl.model.quotes import Quotes
from betaneutral_xl.model.values import choice
from betaneutral_xl.notebook import html
from betaneutral_xl.system.saving import save

if TYPE_CHECKING:
    import pandas as pd

    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.model.portfolio import Holdings


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OrderList:
    """Orders in shares.

    Attributes
    ----------
    orders
        The orders with their ticket, and the weights after them.
    quotes
        The prices, with day and source.

    """

    orders: Orders
    quotes: Quotes

    @property
    def table(self) -> pd.DataFrame:
        """One row per order: ticker, side, shares, price, notional (base currency), groups where known."""
        import pandas as pd

        return pd.DataFrame(order_formats.rows(self.orders), columns=list(order_formats.columns(self.orders)))

    @property
    def beta(self) -> Mapping[str, float]:
        """The portfolio's predicted beta to each ETF after the orders."""
        return self.orders.beta

    @property
    def cash(self) -> float:
        """Cash after the orders and their cost, in base currency."""
        return self.orders.cash

    def save(self, path: Path | str, format: str = OrderFormat.DESK) -> None:  # noqa: A002 - as of the command
        """Write the orders as CSV.

        Parameters
        ----------
        path
            The file.
        format
            ``desk``, ``ibkr`` (Interactive Brokers' BasketTrader) or ``trader``.

        Raises
        ------
        InputError
            If there is no such format, or the file cannot be written.

        """
        form = choice(OrderFormat, format, "format of orders")
        save(path, order_formats.as_file(self.orders, form).encode())

    def __len__(self) -> int:
        return len(self.orders.orders)

    def __repr__(self) -> str:
        return f"<OrderList: {self._summary()}>"

    def _repr_html_(self) -> str:
        rows = (
            (str(ticker), str(side), f"{shares:,}", f"{price:,.2f}", f"{notional:,.2f}", *map(str, groups))
            for ticker, side, shares, price, notional, *groups in order_formats.rows(self.orders)
        )
        return html.block(
            html.title(self._summary()),
            html.table([name.capitalize() for name in order_formats.columns(self.orders)], rows, texts=2),
            html.notes([self.quotes.sentence(one.ticker for one in self.orders.orders)]),
        )

    def _summary(self) -> str:
        orders = self.orders
        betas = ", ".join(f"{name} {round(beta, 4) + 0.0:.4f}" for name, beta in orders.beta.items())
        return f"{len(self)} orders for {orders.traded:,.0f}, beta after {betas}, cash {orders.cash:,.0f}"


def quotes_for(holdings: Holdings, prices: Any) -> Quotes:
    """Return the prices of orders: those that are given, then the holdings' own.

    They are given by ticker as a mapping or Series; or as a file of daily prices, or ``demo``; None for none.

    Raises
    ------
    InputError
        If prices of another kind are given, or one is not positive.

    """
    if prices is None or isinstance(prices, (str, PathLike)):
        return order_quotes(holdings, None if prices is None else str(prices))
    return tables.quotes_of_object(prices).with_fallback(Quotes.of_holdings(holdings))
