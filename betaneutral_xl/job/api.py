"""Loaders of the Python API, which the worksheet functions share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from betaneutral_xl.engine.estimators import WINDOW
from betaneutral_xl.errors import InputError
from betaneutral_xl.job import inputs, sample
from betaneutral_xl.job.options import is_sample
from betaneutral_xl.job.sources import flex_holdings, last_weekday, load_holdings, require_day_of_sample
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.portfolio import AssetClass, Etf, Holdings
from betaneutral_xl.model.provenance import now
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.model.values import choice
from betaneutral_xl.readers.flex_query import is_query
from betaneutral_xl.system.settings import Settings

__all__ = ["covariance", "fetch_holdings", "load_etf", "load_holdings"]


def fetch_holdings(
    fund: str,
    as_of: date | str | None = None,
    start: date | str | None = None,
    settings: Settings | None = None,
) -> Holdings:
    """Fetch a fund's holdings from its web API.

    Parameters
    ----------
    fund
        The fund's name there, such as ``quant_paper``; ``demo`` for the embedded sample; ``ibkr:123456`` for
        a Flex query of Interactive Brokers.
    as_of
        The day, a date or ``2025-11-18``; by default the last weekday.
    start
        First date of the range requested from the API; by default ``as_of``.
    settings
        Address, token and time limits; by default from the environment.

    Returns
    -------
    Holdings
        Weights are market value over total value (decimals); closed positions are left out.

    Raises
    ------
    InputError
        If there is no such fund, or it has no holdings on that day.
    SourceError
        If the API is unreachable, refuses the request, or returns an unexpected answer.

    """
    if is_sample(fund):
        found = sample.load_holdings()
        require_day_of_sample(as_of, found)
        return found
    if is_query(fund):
        if as_of is not None or start is not None:
            msg = "A Flex query has the days that it was set up for. Leave the day out."
            raise InputError(msg)
        return flex_holdings(fund, settings or Settings.from_environment()).value
    from betaneutral_xl.network.silverfund import SilverFund

    with SilverFund(settings or Settings.from_environment()) as api:
        return api.holdings(fund, as_of or last_weekday(now().astimezone().date()), start)


def load_etf(
    source: Path | str,
    fund: str | None = None,
    classes: Collection[str] = (AssetClass.EQUITY,),
    settings: Settings | None = None,
    tickers: Path | str | None = None,
) -> Etf:
    """Load an ETF's constituents from its issuer's holdings file, as downloaded.

    Parameters
    ----------
    source
        The file; or a fund's ticker, for its newest file in the download folders; or an address; ``demo``
        for the embedded sample.
    fund
        Which fund, if the file has several.
    classes
        The asset classes that make up the basket, values of ``AssetClass``.
    settings
        The download folders and allowed hosts; by default from the environment.
    tickers
        A table of ISIN (or CUSIP, SEDOL, FIGI) and ticker, for a file that prints no tickers.

    Returns
    -------
    Etf
        Weights in decimals of the ETF's net assets.

    Raises
    ------
    InputError
        If there is no such file, or it cannot be read as an ETF's holdings.
    SourceError
        If an address cannot be fetched.

    """
    chosen = tuple(choice(AssetClass, one, "asset class") for one in classes)
    if is_sample(str(source)):
        return replace(sample.load_etf(), classes=chosen)
    return inputs.load_etf(source, fund=fund, classes=chosen, tickers=tickers, settings=settings)


def covariance(
    tickers: Sequence[str],
    file: Path | str | None = None,
    settings: Settings | None = None,
    *,
    unit: str | None = None,
    prices: Path | str | None = None,
    estimator: str | None = None,
    window: int = WINDOW,
    as_of: date | None = None,
    drift_prices: Path | str | None = None,
) -> Covariance:
    """Return the annual covariance of the returns of the given tickers, in decimals.

    Parameters
    ----------
    tickers
        In any spelling. Those that the source does not cover are left out; aligning the result
        with a portfolio names them.
    file
        A file in the shape of the API's answer, or the folder or ZIP archive of a factor model (exposures,
        factor covariance, specific risk); ``demo`` for the embedded sample; by default the API itself.
    settings
        By default, from the environment.
    unit
        The unit of the file's numbers; by default annual decimals, which is checked.
    prices
        A file of daily prices, from which the covariance is estimated instead.
    estimator, window, as_of
        How, from how many days at most, and up to which day; by default the last of the prices.
    drift_prices
        A file of daily prices to measure the drift of betas with, beside a covariance of another source.

    Raises
    ------
    InputError, ModelError
        If the file is not a covariance, or two sources are given.
    SourceError
        If the API is unreachable, refuses the request, or returns an unexpected answer.

    """
    if file is not None and prices is not None:
        msg = "Both a covariance file and prices are given. Choose one risk model."
        raise InputError(msg)
    if drift_prices is not None:
        if prices is not None:
            msg = "Prices for the drift are for a covariance; one estimated from prices has its history."
            raise InputError(msg)
        found = covariance(tickers, file, settings, unit=unit)
        return inputs.with_drift(found, inputs.drift_file(drift_prices, found.tickers, as_of))
    if prices is not None:
        how = estimator or "default"
        return inputs.covariance_from_prices(prices, tickers, how, as_of=as_of, window=window)
    stated = None if unit is None else CovarianceUnit.of(unit)
    if file is not None and is_sample(str(file)):
        known = sample.load_covariance()
        asked = {*map(normalise, tickers), "IWV"}
        return known.select([name for name in known.tickers if name in asked])
    if file is not None:
        return inputs.read(inputs.covariance_file(file, stated), Covariance).value
    from betaneutral_xl.network.silverfund import SilverFund

    with SilverFund(settings or Settings.from_environment()) as api:
        return api.covariance(tickers, stated)
