"""What a share costs: one price a name, the day it is of and where it is from.

Orders need prices of names that the portfolio does not hold. They come in layers: what the user
typed goes before what the holdings say, and that before a price file's last close.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import MissingPrice, MissingValue, listing
from betaneutral_xl.model.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from betaneutral_xl.model.portfolio import Holdings
    from betaneutral_xl.model.returns import Prices

STALE_DAYS = 7
"""Age in days from which a closing price is not traded on."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A price in base currency a share; ``as_of`` is None where the day is not known."""

    price: float
    as_of: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Quotes:
    """Prices by ticker.

    Attributes
    ----------
    usable
        What orders may be made with.
    stale
        Names that have nothing but a price of ``STALE_DAYS`` or more ago.
    origins
        Where each ``source`` of a quote came from, as far as that is known.

    """

    usable: Mapping[str, Quote] = field(default_factory=dict)
    stale: Mapping[str, Quote] = field(default_factory=dict)
    origins: Mapping[str, Provenance] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the mappings read-only; refuse what is no price."""
        for name in ("usable", "stale", "origins"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        bad = [ticker for ticker, quote in self.usable.items() if not 0.0 < quote.price < np.inf]
        if bad:
            quote = self.usable[bad[0]]
            msg = (
                f"The price of {listing(bad)} is not a positive number "
                f"({quote.source}: {quote.price:g}). Correct it, or leave it out."
            )
            raise MissingValue(msg, tickers=bad)

    @classmethod
    def given(
        cls,
        prices: Mapping[str, float],
        source: str,
        as_of: date | None = None,
        origin: Provenance | None = None,
    ) -> Quotes:
        """Return prices as somebody gave them."""
        quotes = {ticker: Quote(price, as_of, source) for ticker, price in prices.items()}
        return cls(quotes, origins={source: origin} if origin else {})

    @classmethod
    def of_holdings(cls, holdings: Holdings) -> Quotes:
        """Return the prices by which the holdings are weighed; none if they come as weights."""
        if holdings.prices is None:
            return cls()
        prices = dict(zip(holdings.tickers, holdings.prices.tolist(), strict=True))
        return cls.given(prices, "holdings", holdings.as_of, holdings.provenance)

    @classmethod
    def last_closes(cls, prices: Prices, as_of: date | None = None) -> Quotes:
        """Return the last price of every name on a day or before it.

        Parameters
        ----------
        prices
            Of a file.
        as_of
            By default, the last day that the file has.

        """
        origin = prices.provenance
        last = np.datetime64(as_of, "D") if as_of else prices.dates[-1]
        known = np.isfinite(prices.matrix[prices.dates <= last])
        usable: dict[str, Quote] = {}
        stale: dict[str, Quote] = {}
        for column in np.flatnonzero(known.any(axis=0)):
            row = np.flatnonzero(known[:, column])[-1]
            day = prices.dates[row]
            quote = Quote(float(prices.matrix[row, column]), day.astype(date), origin.location)
            kept = usable if (last - day).astype(int) < STALE_DAYS else stale
            kept[prices.tickers[column]] = quote
        return cls(usable, stale, {origin.location: origin})

    @property
    def prices(self) -> dict[str, float]:
        """Base currency a share, by ticker."""
        return {ticker: quote.price for ticker, quote in self.usable.items()}

    def over(self, other: Quotes) -> Quotes:
        """Return these, and of another what these lack."""
        usable = {**other.usable, **self.usable}
        stale = {**other.stale, **self.stale}
        stale = {ticker: quote for ticker, quote in stale.items() if ticker not in usable}
        return Quotes(usable, stale, {**other.origins, **self.origins})

    def select(self, tickers: Iterable[str]) -> Quotes:
        """Return the usable prices of some names, as far as there are any."""
        return Quotes(
            {ticker: self.usable[ticker] for ticker in tickers if ticker in self.usable}, origins=self.origins
        )

    def require(self, tickers: Iterable[str]) -> None:
        """Raise if some names have no price to trade on.

        Raises
        ------
        MissingPrice
            With their names, and the days of those whose last price is too old.

        """
        wanted = list(tickers)
        missing = [ticker for ticker in wanted if ticker not in self.usable]
        if missing:
            named = [
                f"{one} (the last is of {self.stale[one].as_of})" if one in self.stale else one
                for one in missing
            ]
            msg = f"No price for {len(missing)} of {len(wanted)} trades: {listing(named)}. Give their prices."
            raise MissingPrice(msg, tickers=missing)

    def sentence(self, tickers: Iterable[str]) -> str:
        """Say where the prices of some names are from, and of which days.

        >>> Quotes.given({"A": 1.0, "B": 2.0}, "prices.csv", date(2025, 11, 18)).sentence("AB")
        'Prices: 2 of prices.csv (2025-11-18).'
        """
        found = _by_source(self.select(tickers))
        counted = sorted(found.items(), key=lambda pair: -len(pair[1]))
        parts = [f"{len(quotes)} of {source} ({_span(quotes)})" for source, quotes in counted]
        return f"Prices: {', '.join(parts) or 'none'}."

    def sources(self) -> tuple[Provenance, ...]:
        """Return where the usable prices came from: each source with its count and the last day of them."""
        return tuple(
            replace(
                self.origins.get(source) or Provenance.given(len(quotes), note=source),
                as_of=max((quote.as_of for quote in quotes if quote.as_of), default=None),
                rows=len(quotes),
            )
            for source, quotes in sorted(_by_source(self).items())
        )


def _by_source(given: Quotes) -> dict[str, list[Quote]]:
    found: dict[str, list[Quote]] = {}
    for quote in given.usable.values():
        found.setdefault(quote.source, []).append(quote)
    return found


def _span(quotes: Iterable[Quote]) -> str:
    days = [quote.as_of for quote in quotes if quote.as_of]
    if not days:
        return "of an unknown day"
    first, last = min(days), max(days)
    return f"{last}" if first == last else f"{first} to {last}"
