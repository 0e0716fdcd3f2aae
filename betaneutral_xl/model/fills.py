"""A trade that was executed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from betaneutral_xl.errors import InputError


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade: ``shares`` are negative for a sale; price per share and cost in base currency; its day."""

    ticker: str
    shares: float
    price: float
    cost: float = 0.0
    day: date | None = None

    def __post_init__(self) -> None:
        if not (self.shares and math.isfinite(self.shares) and 0.0 < self.price < math.inf):
            msg = (
                f"The trade in {self.ticker} is {self.shares:g} shares at {self.price:g}. Give a number of "
                "shares and a positive price."
            )
            raise InputError(msg, tickers=[self.ticker])
