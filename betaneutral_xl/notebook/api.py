"""The computation as the Python API has it: values, pandas objects and files in, a ``Result`` out.

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
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import InputError
from betaneutral_xl.job import api, run, tables
from betaneutral_xl.job.mandate import Mandate
from betaneutral_xl.job.options import SAMPLE
from betaneutral_xl.job.request import Request, with_arguments
from betaneutral_xl.model.constraints import UNLIMITED, Constraints
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.notebook.result import Result

if TYPE_CHECKING:
    import pandas as pd

    from betaneutral_xl.engine.neutral import Target


def demo(
    target: Target = 0.0,
    method: str = Method.HEDGE,
    *,
    constraints: Constraints | Mapping[str, Any] = UNLIMITED,
) -> Result:
    """Make the embedded sample beta-neutral: 33 positions of a fund against an AI ETF.

    It needs no network, file or account. The name ``demo`` stands for the sample's part in every
    function too: ``bn.load_holdings("demo")``, ``bn.load_etf("demo")``.

    Parameters
    ----------
    target, method, constraints
        As of ``beta_neutral``.

    Returns
    -------
    Result
        As of ``beta_neutral``; ``.inputs`` has the sample's three parts.

    Raises
    ------
    InputError, ModelError
        As of ``beta_neutral``.

    Examples
    --------
    >>> import betaneutral_xl as bn
    >>> bn.demo().traded_names
    45

    """
    return beta_neutral(SAMPLE, SAMPLE, SAMPLE, target, method, constraints=constraints)


def beta_neutral(
    holdings: Holdings | Mapping[str, float] | pd.Series[float] | pd.DataFrame | Path | str,
    etf: Etf
    | Sequence[Etf | Path | str]
    | Mapping[str, float]
    | pd.Series[float]
    | pd.DataFrame
    | Path
    | str,
    cov: Covariance | pd.DataFrame | Path | str,
    target: Target | None = None,
    method: str | None = None,
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
    mandate: Mandate | Mapping[str, Any] | Path | str | None = None,
    tolerance: float | str | None = None,
) -> Result:
    """Make a portfolio beta-neutral to one or several ETFs.

    Parameters
    ----------
    holdings
        The portfolio; a mapping or Series of ticker to weight (decimals of net asset value, or percent);
        a DataFrame with the columns of a file of holdings; or a file, as of ``load_holdings``. ``CASH``,
        ``USD`` and the like are cash.
    etf
        One ETF or several; a mapping or Series of ticker to weight (decimals, or percent); a DataFrame
        with the columns of an issuer's file, or a column of weights for each ETF; or files, as of
        ``load_etf``.
    cov
        The risk model, annual, in decimals; a square DataFrame labelled with tickers; or a file, as of
        ``covariance``.
    target
        The target beta: a number, a ticker of the risk model, or either by ETF name; by default 0.
    method
        ``hedge`` (the default), ``reweight``, ``least_squares``, ``fewest_trades`` or ``scaled``; see
        ``neutralise``.
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
    mandate
        A fund's standing rules: a file, or the same as a mapping. They hold for what is not given here; what
        departs from them, and what breaks them, is in the result's ``notes``.
    tolerance
        How far from its target the beta may be before it is worth trading; a note says where it is within.

    Returns
    -------
    Result
        Its ``table`` is a DataFrame ``ticker, weight, etf_weight, predicted_beta, new_weight,
        trade`` with the cash line last; ``explain()``, ``plot()``, ``orders()``, ``report()`` and
        ``to_excel()`` say, draw and save it.

    Raises
    ------
    InputError
        If the arguments cannot be used or contradict each other.
    ModelError
        If the problem has no solution, such as limits that no weights satisfy.

    """
    portfolio, etfs = _holdings(holdings), _etfs(etf)
    risk = _risk(cov, portfolio, etfs)
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
        "tolerance": tolerance,
    }
    if mandate is not None:
        constraints = _under(mandate, constraints)
    named = {} if isinstance(constraints, Constraints) else constraints
    request = Request.parse(with_arguments(named, arguments), [one.name for one in etfs], portfolio.groups)
    if isinstance(constraints, Constraints):
        request = request.replace(constraints=constraints)
    fund = market if isinstance(market, Etf) else None
    inputs = run.Inputs(portfolio, etfs, risk, market=fund)
    return Result.of(run.solve(request, inputs), request, inputs)


def _under(
    mandate: Mandate | Mapping[str, Any] | Path | str, constraints: Constraints | Mapping[str, Any]
) -> dict[str, Any]:
    """Return constraints together with the mandate that they are under."""
    if isinstance(constraints, Constraints):
        if constraints.given:
            msg = "Under a mandate, give constraints as a mapping such as {'upper': 0.05}."
            raise InputError(msg)
        constraints = {}
    return {**constraints, "mandate": Mandate.of(mandate)}


def _holdings(given: Any) -> Holdings:
    if isinstance(given, Holdings):
        return given
    return api.load_holdings(given) if _is_file(given) else tables.holdings_of_object(given)


def _etfs(given: Any) -> tuple[Etf, ...]:
    if isinstance(given, Etf) or _is_file(given):
        return (_etf(given),)
    if isinstance(given, Sequence) and all(isinstance(one, Etf) or _is_file(one) for one in given):
        return tuple(map(_etf, given))
    return tables.etfs_of_object(given)


def _etf(given: Any) -> Etf:
    return given if isinstance(given, Etf) else api.load_etf(given)


def _risk(given: Any, holdings: Holdings, etfs: Sequence[Etf]) -> Covariance:
    if isinstance(given, Covariance):
        return given
    if not _is_file(given):
        return tables.covariance_of_object(given)
    return api.covariance([*holdings.tickers, *(name for one in etfs for name in one.tickers)], given)


def _is_file(given: Any) -> bool:
    return isinstance(given, (str, PathLike))
