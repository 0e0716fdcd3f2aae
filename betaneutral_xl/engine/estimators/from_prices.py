"""From prices to the covariance of some names, with others beside them to tell how the market moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.estimators import WINDOW, MissingData, estimate
from betaneutral_xl.errors import UnknownTicker, listing
from betaneutral_xl.model.tickers import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from betaneutral_xl.model.returns import Prices
    from betaneutral_xl.model.risk import Covariance


def covariance_of(
    prices: Prices,
    tickers: Iterable[str] | None = None,
    method: str = "default",
    *,
    as_of: date | None = None,
    window: int = WINDOW,
    gaps: MissingData = MissingData.MODEL,
    if_there: Iterable[str] = (),
    **options: Any,
) -> Covariance:
    """Estimate a covariance from prices; see ``covariance_from_prices``.

    Of ``if_there``, such as the ETFs themselves, those are estimated too that have prices.
    """
    wanted: Sequence[str] = prices.tickers
    beside: tuple[str, ...] = ()
    absent: list[str] = []
    if tickers is not None:
        wanted = list(dict.fromkeys(normalise(ticker) for ticker in tickers))
        known = set(prices.tickers)
        absent = [ticker for ticker in wanted if ticker not in known]
        if len(absent) == len(wanted):
            msg = f"{prices.provenance.location} has no prices of {listing(absent) or 'no tickers'}."
            raise UnknownTicker(msg, tickers=absent)
        also = (normalise(ticker) for ticker in if_there)
        wanted = list(dict.fromkeys(ticker for ticker in (*wanted, *also) if ticker in known))
        beside = prices.returns().until(as_of, window).market_sample(wanted)
    seen = prices.select([*wanted, *beside]).returns()
    whole = estimate(seen, method, as_of=as_of, window=window, gaps=gaps, **options)
    covariance = whole.select([ticker for ticker in whole.tickers if ticker not in set(beside)])
    told = (*prices.select(wanted).warnings, *([f"No prices of {listing(absent)}."] if absent else []))
    return covariance.with_warnings(told)
