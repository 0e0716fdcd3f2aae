"""Prices for orders: one per name, with its date and source.

Orders need prices of names that the portfolio does not hold. By priority they are typed by the
user, from the holdings, or the last close of a price file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import MissingPrice, MissingValue, listing
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.provenance import Provenance, Retrieval

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Holdings
    from betaneutral_xl.model.returns import Prices

STALE_DAYS = 7
"""Age in days from which a closing price is too old for orders."""

FAR_MOVE = 0.4
"""Move of the last price from the one before, from which it is doubtful."""
NEAR_DAYS = 3
"""Days between two prices of a name that can be compared closely."""
DIFFERENT, FAR_DIFFERENT = 0.15, 0.5
"""Relative difference from which two prices of a name are doubtful, of near days and of others or unknown
ones: another currency, a split, pence, or another share."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A price in base currency per share; ``as_of`` is None where the day is unknown."""

    price: float
    as_of: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Quotes:
    """Prices by ticker.

    Attributes
    ----------
    usable
        Prices that orders may use.
    stale
        Prices of names whose last price is ``STALE_DAYS`` or more days old.
    origins
        Provenance of each ``source`` of a quote, where known.
    volumes
        Average daily volume in shares, by ticker, of the names whose price file has volumes.
    doubts
        Why a price may be wrong, by ticker: it is far from the day before, or from another source's.

    """

    usable: Mapping[str, Quote] = field(default_factory=dict)
    stale: Mapping[str, Quote] = field(default_factory=dict)
    origins: Mapping[str, Provenance] = field(default_factory=dict)
    volumes: Mapping[str, float] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the mappings read-only; refuse prices that are not positive."""
        for name in ("usable", "stale", "origins", "volumes", "doubts"):
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
    def from_mapping(
        cls,
        prices: Mapping[str, float],
        source: str,
        as_of: date | None = None,
        origin: Provenance | None = None,
    ) -> Quotes:
        """Return prices from one source, all of one day."""
        quotes = {ticker: Quote(price, as_of, source) for ticker, price in prices.items()}
        return cls(quotes, origins={source: origin} if origin else {})

    @classmethod
    def of_holdings(cls, holdings: Holdings) -> Quotes:
        """Return the prices of the holdings; none if they have weights only."""
        if holdings.prices is None:
            return cls()
        return cls.from_mapping(holdings.price_of, "holdings", holdings.as_of, holdings.provenance)

    @classmethod
    def last_closes(cls, prices: Prices, as_of: date | None = None) -> Quotes:
        """Return the last price of every name on or before a day, by default the file's last one.

        Prices that are older by ``STALE_DAYS`` are in ``stale``.
        """
        origin = prices.provenance
        last = np.datetime64(as_of, "D") if as_of else prices.dates[-1]
        present = np.isfinite(prices.matrix[prices.dates <= last])
        usable: dict[str, Quote] = {}
        stale: dict[str, Quote] = {}
        doubts: dict[str, str] = {}
        for column in np.flatnonzero(present.any(axis=0)):
            *before, row = np.flatnonzero(present[:, column])[-2:].tolist()
            day = prices.dates[row]
            quote = Quote(float(prices.matrix[row, column]), day.astype(date), origin.location)
            kept = usable if (last - day).astype(int) < STALE_DAYS else stale
            kept[prices.tickers[column]] = quote
            move = quote.price / prices.matrix[before[0], column] - 1.0 if before else 0.0
            if abs(move) > FAR_MOVE:
                was = f"{prices.matrix[before[0], column]:g} on {prices.dates[before[0]]}"
                doubts[prices.tickers[column]] = f"{quote.price:g} on {day}, {move:+.0%} from {was}"
        return cls(usable, stale, {origin.location: origin}, doubts=doubts)

    @property
    def prices(self) -> dict[str, float]:
        """Base currency per share, by ticker."""
        return {ticker: quote.price for ticker, quote in self.usable.items()}

    def with_fallback(self, other: Quotes) -> Quotes:
        """Return these quotes, with those of another for the names these lack."""
        usable = {**other.usable, **self.usable}
        stale = {**other.stale, **self.stale}
        stale = {ticker: quote for ticker, quote in stale.items() if ticker not in usable}
        of_other = {ticker: doubt for ticker, doubt in other.doubts.items() if ticker not in self.usable}
        apart = {
            ticker: f"{_stated(quote)}, but {_stated(other.usable[ticker])}"
            for ticker, quote in self.usable.items()
            if ticker in other.usable and _is_far_from(quote, other.usable[ticker])
        }
        return Quotes(
            usable,
            stale,
            {**other.origins, **self.origins},
            {**other.volumes, **self.volumes},
            {**of_other, **apart, **self.doubts},
        )

    def select(self, tickers: Iterable[str]) -> Quotes:
        """Return the usable prices of some names; those without one are left out."""
        return Quotes(
            {ticker: self.usable[ticker] for ticker in tickers if ticker in self.usable}, origins=self.origins
        )

    def require(self, tickers: Iterable[str]) -> None:
        """Raise if some names have no usable price.

        Raises
        ------
        MissingPrice
            If so, with their names and the dates of stale prices.

        """
        names = list(tickers)
        missing = [ticker for ticker in names if ticker not in self.usable]
        if missing:
            shown = [
                f"{one} (the last is of {self.stale[one].as_of})" if one in self.stale else one
                for one in missing
            ]
            msg = f"No price for {len(missing)} of {len(names)} trades: {listing(shown)}. Give their prices."
            raise MissingPrice(msg, tickers=missing)

    def doubtful(self, tickers: Iterable[str]) -> tuple[Notice, ...]:
        """Return a warning on the prices of some names that may be wrong; nothing where none is."""
        found = [f"{ticker} {self.doubts[ticker]}" for ticker in tickers if ticker in self.doubts]
        if not found:
            return ()
        text = f"Prices of orders that may be wrong: {'; '.join(found)}. Check them, and their currency."
        return (Notice(text, Subject.PRICES, Severity.CHANGES),)

    def sentence(self, tickers: Iterable[str]) -> str:
        """Summarise the sources and dates of some names' prices, with the age of old ones when read.

        >>> Quotes.from_mapping({"A": 1.0, "B": 2.0}, "prices.csv", date(2025, 11, 18)).sentence("AB")
        'Prices: 2 of prices.csv (2025-11-18).'
        """
        found = _by_source(self.select(tickers))
        counted = sorted(found.items(), key=lambda pair: -len(pair[1]))
        parts = [
            f"{len(quotes)} of {source} ({_span(quotes)}{self._age(source, quotes)})"
            for source, quotes in counted
        ]
        return f"Prices: {', '.join(parts) or 'none'}."

    def _age(self, source: str, quotes: Iterable[Quote]) -> str:
        """Return how old a source's newest price was when it was read; the sample's always are."""
        origin, days = self.origins.get(source), [one.as_of for one in quotes if one.as_of is not None]
        if origin is None or not days or origin.retrieval in {Retrieval.SAMPLE, Retrieval.GIVEN}:
            return ""
        age = (origin.fetched_at.date() - max(days)).days
        return f", {age} days old: load newer ones" if age >= STALE_DAYS else ""

    def sources(self) -> tuple[Provenance, ...]:
        """Return the provenance of each source of usable prices, with their count and latest date."""
        return tuple(
            replace(
                self.origins.get(source) or Provenance.given(len(quotes), note=source),
                as_of=max((quote.as_of for quote in quotes if quote.as_of), default=None),
                rows=len(quotes),
            )
            for source, quotes in sorted(_by_source(self).items())
        )


def _stated(quote: Quote) -> str:
    day = "" if quote.as_of is None else f" on {quote.as_of}"
    return f"{quote.price:g} in {quote.source}{day}"


def _is_far_from(quote: Quote, other: Quote) -> bool:
    """Whether two prices of a name differ by more than its moves between their days explain."""
    near = quote.as_of and other.as_of and abs((quote.as_of - other.as_of).days) <= NEAR_DAYS
    return abs(math.log(quote.price / other.price)) > math.log1p(DIFFERENT if near else FAR_DIFFERENT)


def _by_source(quotes: Quotes) -> dict[str, list[Quote]]:
    found: dict[str, list[Quote]] = {}
    for quote in quotes.usable.values():
        found.setdefault(quote.source, []).append(quote)
    return found


def _span(quotes: Iterable[Quote]) -> str:
    days = [quote.as_of for quote in quotes if quote.as_of]
    if not days:
        return "of an unknown day"
    first, last = min(days), max(days)
    return f"{last}" if first == last else f"{first} to {last}"
