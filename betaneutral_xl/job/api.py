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
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from betaneutral_xl.engine.neutral import Target, neutralise
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.errors import InputError
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.constraints import UNLIMITED, Constraints
from betaneutral_xl.model.portfolio import AssetClass, Etf, Holdings
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from pathlib import Path

    import pandas as pd

E = TypeVar("E", bound=StrEnum)


def last_weekday(today: date) -> date:
    """Return the day, or the preceding Friday if the day is on a weekend."""
    return today - timedelta(days=max(0, today.weekday() - 4))


def fetch_holdings(
    fund: str, as_of: date | str, start: date | str | None = None, settings: Settings | None = None
) -> Holdings:
    """Fetch a fund's holdings from its web API.

    Parameters
    ----------
    fund
        The fund's name in the API, such as ``quant_paper``.
    as_of
        The date of the holdings, a ``date`` or an ISO date such as ``2025-11-18``.
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
    from betaneutral_xl.network.silverfund import SilverFund

    with SilverFund(settings or Settings.from_environment()) as api:
        return api.holdings(fund, as_of, start)


def load_etf(
    source: Path | str,
    fund: str | None = None,
    classes: Collection[str] = (AssetClass.EQUITY,),
    settings: Settings | None = None,
) -> Etf:
    """Load an ETF's constituents from its issuer's holdings file, as downloaded.

    Parameters
    ----------
    source
        A file; a fund's ticker, for its newest file in the download folders; or an https address.
    fund
        Which fund, if the file has several.
    classes
        The asset classes that make up the basket, values of ``AssetClass``.
    settings
        The download folders and allowed hosts; by default from the environment.

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
    from betaneutral_xl.job import inputs

    chosen = tuple(choice(AssetClass, one, "asset class") for one in classes)
    return inputs.load_etf(source, fund=fund, classes=chosen, settings=settings)


def covariance(
    tickers: Sequence[str], file: Path | str | None = None, settings: Settings | None = None
) -> Covariance:
    """Return the annual covariance of the returns of the given tickers, in decimals.

    Parameters
    ----------
    tickers
        Tickers in any spelling. Those that the source does not cover are left out, and listed when
        the result is aligned with a portfolio. A file is read whole.
    file
        A file in the format of the API's answer; by default the covariance is fetched from the API.
    settings
        Address, token and time limits; by default from the environment.

    Returns
    -------
    Covariance
        Shape (N, N), annual, in decimals.

    Raises
    ------
    InputError, ModelError
        If the file is not a covariance.
    SourceError
        If the API is unreachable, refuses the request, or returns an unexpected answer.

    """
    if file is not None:
        from betaneutral_xl.readers.covariance_csv import load_covariance

        return load_covariance(file)
    from betaneutral_xl.network.silverfund import SilverFund

    with SilverFund(settings or Settings.from_environment()) as api:
        return api.covariance(tickers)


def beta_neutral(
    holdings: Holdings | Mapping[str, float] | pd.Series[float],
    etf: Etf | Sequence[Etf] | Mapping[str, float] | pd.Series[float],
    cov: Covariance | pd.DataFrame,
    target: Target = 0.0,
    method: str = Method.HEDGE,
    *,
    constraints: Constraints | Mapping[str, Any] = UNLIMITED,
    on_missing: str = OnMissing.ERROR,
    etf_on_missing: str = OnMissing.DROP,
) -> Rebalance:
    """Make a portfolio beta-neutral to one or several ETFs.

    Parameters
    ----------
    holdings
        The portfolio, or a mapping or Series of ticker to weight (decimals of net asset value).
    etf
        One ETF or several; or, for one, a mapping or Series of ticker to weight (decimals).
    cov
        The risk model, annual, in decimals; or a square DataFrame labelled with tickers.
    target
        The target beta: a number, a ticker of the risk model, or either by ETF name.
    method
        ``hedge``, ``reweight``, ``least_squares``, ``fewest_trades`` or ``scaled``; see ``neutralise``.
    constraints
        Limits on the new weights, or a mapping such as ``{"long_only": True, "upper": 0.05}``.
    on_missing
        Policy for held names without risk data: ``error`` or ``drop``.
    etf_on_missing
        Policy for ETF names without risk data: ``drop``, ``rescale`` or ``error``.

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
    portfolio = holdings if isinstance(holdings, Holdings) else Holdings.from_weights(_weights(holdings))
    if isinstance(etf, Etf):
        etfs: Sequence[Etf] = (etf,)
    elif isinstance(etf, Sequence) and all(isinstance(one, Etf) for one in etf):
        etfs = etf
    else:
        etfs = (Etf.from_weights(_weights(etf)),)
    return neutralise(
        portfolio,
        etfs,
        _risk_model(cov),
        target=target,
        method=choice(Method, method, "method"),
        constraints=constraints
        if isinstance(constraints, Constraints)
        else Constraints.from_mapping(constraints),
        on_missing=choice(OnMissing, on_missing, "policy on_missing"),
        etf_on_missing=choice(OnMissing, etf_on_missing, "policy etf_on_missing"),
    )


def choice(kind: type[E], text: str, what: str) -> E:
    """Return the member of an enumeration by its name, reading blanks and hyphens as underscores.

    Raises
    ------
    InputError
        If there is no such member; the message lists those that there are.

    """
    try:
        return kind(text.strip().lower().replace("-", "_").replace(" ", "_"))
    except ValueError:
        msg = f"There is no {what} {text!r}. Choose one of {', '.join(kind)}."
        raise InputError(msg) from None


def _weights(table: Any) -> Mapping[str, float]:
    if isinstance(table, Mapping):
        return table
    if hasattr(table, "items"):
        pairs = list(table.items())
        weights = {str(ticker): float(weight) for ticker, weight in pairs}
        if len(weights) == len(pairs):
            return weights
        msg = "The weights have a ticker more than once. Merge its rows."
        raise InputError(msg)
    msg = f"Give weights as ticker to weight (a dict or a Series), not {type(table).__name__}."
    raise InputError(msg)


def _risk_model(cov: Any) -> Covariance:
    if isinstance(cov, Covariance):
        return cov
    if not (hasattr(cov, "columns") and hasattr(cov, "index")):
        msg = f"Give the covariance as a Covariance or a labelled DataFrame, not {type(cov).__name__}."
        raise InputError(msg)
    names = [str(name) for name in cov.columns]
    if sorted(names) != sorted(str(name) for name in cov.index):
        msg = "The covariance's rows and columns do not have the same tickers. Give both the same labels."
        raise InputError(msg)
    ordered = cov.loc[list(cov.columns)]
    return Covariance.from_source(names, np.asarray(ordered, dtype=np.float64))
