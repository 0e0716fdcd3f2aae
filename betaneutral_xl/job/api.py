"""The Python API: four functions named after the worksheet functions.

>>> import betaneutral_xl as bn
>>> etf = {"A": 0.4, "B": 0.3, "C": 0.3}
>>> risk = bn.Covariance.from_matrix(
...     ["A", "B", "C"], [[0.04, 0.02, 0.01], [0.02, 0.03, 0.015], [0.01, 0.015, 0.05]]
... )
>>> result = bn.beta_neutral({"A": 0.3, "B": 0.4, "C": 0.3}, etf, risk)
>>> result.new_weights.round(6).tolist()
[-0.094043, 0.104468, 0.004468]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.estimators import WINDOW
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.errors import InputError
from betaneutral_xl.job import inputs, run, sample, tables
from betaneutral_xl.job.options import is_sample
from betaneutral_xl.job.request import Request, with_arguments
from betaneutral_xl.job.sources import last_weekday, load_holdings, require_day_of_sample
from betaneutral_xl.model.constraints import UNLIMITED, Constraints
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.portfolio import AssetClass, Etf, Holdings
from betaneutral_xl.model.provenance import now
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.model.values import choice
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from pathlib import Path

    import pandas as pd

    from betaneutral_xl.engine.neutral import Target

__all__ = ["beta_neutral", "covariance", "fetch_holdings", "load_etf", "load_holdings"]


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
        The fund's name there, such as ``quant_paper``; ``demo`` for the embedded sample.
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
        A file in the shape of the API's answer; ``demo`` for the embedded sample; by default the API itself.
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
        from betaneutral_xl.readers.covariance_csv import load_covariance

        return load_covariance(file, stated)
    from betaneutral_xl.network.silverfund import SilverFund

    with SilverFund(settings or Settings.from_environment()) as api:
        return api.covariance(tickers, stated)


def beta_neutral(
    holdings: Holdings | Mapping[str, float] | pd.Series[float],
    etf: Etf | Sequence[Etf] | Mapping[str, float] | pd.Series[float],
    cov: Covariance | pd.DataFrame,
    target: Target = 0.0,
    method: str = Method.HEDGE,
    *,
    constraints: Constraints | Mapping[str, Any] = UNLIMITED,
    objective: str | None = None,
    on_missing: str | None = None,
    etf_on_missing: str | None = None,
    ridge: float | str | None = None,
    leg_limit: float | str | None = None,
    sell_only: bool | None = None,
    market: Etf | str | None = None,
    market_share: float | str | None = None,
) -> Rebalance:
    """Make a portfolio beta-neutral to one or several ETFs.

    Parameters
    ----------
    holdings
        The portfolio; a mapping or Series of ticker to weight (decimals of net asset value, or percent); or
        a DataFrame with the columns of a file of holdings. ``CASH``, ``USD`` and the like are cash.
    etf
        One ETF or several; a mapping or Series of ticker to weight (decimals, or percent); or a DataFrame
        with the columns of an issuer's file, or a column of weights for each ETF.
    cov
        The risk model, annual, in decimals; or a square DataFrame labelled with tickers.
    target
        The target beta: a number, a ticker of the risk model, or either by ETF name.
    method
        ``hedge``, ``reweight``, ``least_squares``, ``fewest_trades`` or ``scaled``; see ``neutralise``.
    constraints
        Limits on the new weights; ``{"long_only": True, "upper": 0.05}`` will do, and may have the options
        below too.
    objective
        What ``reweight`` minimises: ``stable`` (the default) or ``tracking_error``.
    on_missing
        ``error`` (the default) or ``drop``: held names without risk data.
    etf_on_missing
        ``drop`` (the default), ``rescale`` or ``error``: ETF names without risk data.
    ridge, leg_limit, sell_only
        Limits on the hedge ratios: what is added to the ETFs' correlation matrix, the most of any ETF in
        units of net asset value, and whether no ETF may be bought.
    market
        The market to hedge besides the ETFs: a ticker of the risk model, or a fund.
    market_share
        The share of the market's leg that is sold, 0 to 1; by default all of it.

    Returns
    -------
    Rebalance
        Its ``table`` is a DataFrame ``ticker, weight, etf_weight, predicted_beta, new_weight,
        trade`` with the cash line last.

    Raises
    ------
    InputError
        If the arguments cannot be used or contradict each other.
    ModelError
        If the problem has no solution, such as limits that no weights satisfy.

    """
    portfolio = holdings if isinstance(holdings, Holdings) else tables.holdings_of_object(holdings)
    if isinstance(etf, Etf):
        etfs: Sequence[Etf] = (etf,)
    elif isinstance(etf, Sequence) and all(isinstance(one, Etf) for one in etf):
        etfs = etf
    else:
        etfs = tables.etfs_of_object(etf)
    risk = cov if isinstance(cov, Covariance) else tables.covariance_of_object(cov)
    arguments = {
        "target": target,
        "method": method,
        "objective": objective,
        "on_missing": on_missing,
        "etf_on_missing": etf_on_missing,
        "ridge": ridge,
        "leg_limit": leg_limit,
        "sell_only": sell_only,
        "market": market.name if isinstance(market, Etf) else market,
        "market_share": market_share,
    }
    named = {} if isinstance(constraints, Constraints) else constraints
    request = Request.parse(with_arguments(named, arguments), [one.name for one in etfs], portfolio.groups)
    if isinstance(constraints, Constraints):
        request = request.replace(constraints=constraints)
    fund = market if isinstance(market, Etf) else None
    return run.solve(request, run.Inputs(portfolio, tuple(etfs), risk, market=fund))
