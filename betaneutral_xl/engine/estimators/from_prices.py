"""Estimate the covariance of some names from prices, with other names as context for the market."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.estimators import WINDOW, MissingData
from betaneutral_xl.engine.estimators.fitting import estimate
from betaneutral_xl.errors import UnknownTicker, listing
from betaneutral_xl.model.covariance_units import refuse_impossible
from betaneutral_xl.model.notices import Notice, Subject
from betaneutral_xl.model.tickers import normalise

if TYPE_CHECKING:
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

    Tickers of ``if_there``, such as the ETFs themselves, are included where they have prices.
    """
    estimated: Sequence[str] = prices.tickers
    context: tuple[str, ...] = ()
    absent: list[str] = []
    if tickers is not None:
        estimated = list(dict.fromkeys(normalise(ticker) for ticker in tickers))
        available = set(prices.tickers)
        absent = [ticker for ticker in estimated if ticker not in available]
        if len(absent) == len(estimated):
            msg = f"{prices.provenance.location} has no prices of {listing(absent) or 'no tickers'}."
            raise UnknownTicker(msg, tickers=absent)
        also = (normalise(ticker) for ticker in if_there)
        estimated = list(dict.fromkeys(ticker for ticker in (*estimated, *also) if ticker in available))
        context = prices.returns().until(as_of, window).market_sample(estimated)
    seen = prices.select([*estimated, *context]).returns()
    whole = estimate(seen, method, as_of=as_of, window=window, gaps=gaps, **options)
    covariance = whole.select([ticker for ticker in whole.tickers if ticker not in set(context)])
    refuse_impossible(covariance.tickers, covariance.form.variances(), prices.provenance)
    missing = [Notice(f"No prices of {listing(absent)}.", Subject.PRICES)] if absent else []
    warnings = (*prices.select(estimated).warnings, *missing)
    return covariance.with_warnings(warnings)
