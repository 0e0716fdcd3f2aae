"""The positions of a portfolio, one by one: what each is, its value, and its groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

CASH = "CASH"
"""The ticker of a cash row, and the label of cash in tables of weights."""


class PositionClass(StrEnum):
    """What a position is."""

    EQUITY = "equity"
    FUND = "fund"
    FIXED_INCOME = "fixed_income"
    MONEY_MARKET = "money_market"
    CASH = "cash"
    OPTION = "option"
    FUTURE = "future"
    DERIVATIVE = "derivative"
    OTHER = "other"
    UNKNOWN = "unknown"


CASH_CLASSES = frozenset({PositionClass.CASH, PositionClass.MONEY_MARKET})
"""Classes that have no risk and count as cash."""

CONTRACTS = frozenset({PositionClass.OPTION, PositionClass.FUTURE, PositionClass.DERIVATIVE})
"""Classes whose value is not their exposure; a risk model has no row of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A position as its source states it.

    Attributes
    ----------
    ticker
        Canonical; of cash, the printed symbol, or CASH.
    position_class
        What it is.
    weight
        Decimal of the net asset value; zero for a future, which is settled in cash every day.
    name
        As printed.
    shares
        Number of shares or contracts, negative for a short position.
    price
        Base currency per share or contract: ``shares * price`` is the value.
    value
        Base currency.
    currency
        In which it is quoted, an ISO code; empty if the source does not say.
    notional
        Of an option or a future: contracts times multiplier times the price of the underlying (of an option,
        the strike where the source has no price of it), base currency.
    delta
        Of an option, per share of the underlying, where the source has it.
    groups
        Its group by the kind of group: sector, country.

    """

    ticker: str
    position_class: PositionClass
    weight: float
    name: str = ""
    shares: float | None = None
    price: float | None = None
    value: float | None = None
    currency: str = ""
    notional: float | None = None
    delta: float | None = None
    groups: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def cash(cls, weight: float, nav: float | None) -> Position:
        """Return the cash of a portfolio as a position."""
        value = None if nav is None else weight * nav
        return cls(ticker=CASH, position_class=PositionClass.CASH, weight=weight, value=value)

    @property
    def is_cash(self) -> bool:
        """Whether it counts as cash."""
        return self.position_class in CASH_CLASSES

    @property
    def is_contract(self) -> bool:
        """Whether it is an option, a future or another derivative."""
        return self.position_class in CONTRACTS


def members(groups: Iterable[tuple[str, Mapping[str, str]]]) -> dict[str, tuple[str, ...]]:
    """Return the tickers of each group, of every kind, from the groups of each ticker.

    >>> members([("NVDA", {"sector": "Tech", "country": "US"}), ("MSFT", {"sector": "Tech"})])
    {'Tech': ('NVDA', 'MSFT'), 'US': ('NVDA',)}
    """
    found: dict[str, dict[str, None]] = {}
    for ticker, labels in groups:
        for label in labels.values():
            found.setdefault(label, {})[ticker] = None
    return {label: tuple(tickers) for label, tickers in found.items()}
