"""Compare alternatives that bring a portfolio to the same target beta."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.engine.hedging import EXACT, Legs
from betaneutral_xl.engine.neutral import Target, neutralise
from betaneutral_xl.engine.reachable import market_fund
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.engine.stable import Objective
from betaneutral_xl.errors import InputError, ModelError
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.constraints import UNLIMITED, Constraints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from betaneutral_xl.engine.result import Exposure
    from betaneutral_xl.model.portfolio import Etf, Holdings
    from betaneutral_xl.model.risk import Covariance

AS_IS, BY_ETF, BY_BASKET, REWEIGHTED, LONG_ONLY = (
    "as it is",
    "hedge by the ETF",
    "hedge by its basket",
    "reweight",
    "long only",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One alternative and the measures of the resulting portfolio.

    Attributes
    ----------
    name
        Name of the alternative.
    beta, beta_error
        Beta to each ETF, and its standard error (NaN where the risk model does not state the number of
        days behind it).
    volatility, tracking_error
        Annual, decimals; the tracking error is relative to the current portfolio.
    turnover, cost
        One-way turnover and the cost of all trades; decimals of net asset value.
    gross, net
        Exposures, decimals of net asset value; an ETF sold counts as one position.
    trades
        Number of names traded.
    note
        The reason where there is no such portfolio; its measures are then NaN.
    result
        The full result, for the alternatives that reweight or sell the basket.

    """

    name: str
    beta: Mapping[str, float]
    beta_error: Mapping[str, float]
    volatility: float = math.nan
    tracking_error: float = math.nan
    turnover: float = math.nan
    cost: float = math.nan
    gross: float = math.nan
    net: float = math.nan
    trades: float = math.nan
    note: str = ""
    result: Rebalance | None = None


def compare(
    holdings: Holdings,
    etfs: Sequence[Etf],
    covariance: Covariance,
    *,
    target: Target = 0.0,
    benchmark: str | None = None,
    constraints: Constraints = UNLIMITED,
    legs: Legs = EXACT,
    objective: Objective = Objective.STABLE,
    on_missing: OnMissing = OnMissing.ERROR,
    etf_on_missing: OnMissing = OnMissing.DROP,
) -> tuple[Alternative, ...]:
    """Compare alternatives that bring a portfolio to a target beta.

    The portfolio as it is; hedged by selling the ETFs; hedged by selling their baskets; reweighted
    under the constraints; and reweighted long only to the benchmark's own beta, which is what a
    long-only fund can reach. An infeasible alternative stays in the list with the reason.

    Parameters
    ----------
    holdings, etfs, covariance, target, legs, on_missing, etf_on_missing
        As for ``neutralise``.
    benchmark
        The ticker whose beta is the long-only portfolio's target; by default the target, where that
        is a ticker, or a market fund of the risk model.
    constraints
        Limits on the reweighted portfolios; their ``cost_bp`` is charged on every alternative's trades.
    objective
        What reweighting minimises.

    Returns
    -------
    tuple of Alternative
        In the order above.

    Raises
    ------
    InputError, UncoveredRisk, UndefinedBeta
        If the inputs are inconsistent for every alternative.

    """

    def solve(method: Method, aim: Target, limits: Constraints, how: Legs = EXACT) -> Rebalance:
        return neutralise(
            holdings,
            etfs,
            covariance,
            target=aim,
            method=method,
            constraints=limits,
            legs=how,
            objective=objective if method is Method.REWEIGHT else Objective.STABLE,
            on_missing=on_missing,
            etf_on_missing=etf_on_missing,
        )

    hedge = solve(Method.HEDGE, target, UNLIMITED, legs)
    cost = constraints.cost
    alternatives = [_as_it_is(hedge), _by_etf(hedge, cost), _from_result(BY_BASKET, hedge, cost)]
    fund = benchmark or (target if isinstance(target, str) else market_fund(covariance))
    long_only = f"{LONG_ONLY}, aiming at {fund}" if fund else LONG_ONLY
    for name, aim, limits in (
        (REWEIGHTED, target, constraints),
        (long_only, fund, replace(constraints.without_shorts(), beta={})),
    ):
        if aim is None:
            note = "The risk model has no market fund (such as IWV) to aim at. Name a benchmark."
            alternatives.append(_without_result(name, hedge, note))
            continue
        try:
            alternatives.append(_from_result(name, solve(Method.REWEIGHT, aim, limits), cost))
        except (ModelError, InputError) as error:
            alternatives.append(_without_result(name, hedge, str(error)))
    return tuple(alternatives)


def hedge_of(alternatives: Sequence[Alternative]) -> Rebalance:
    """Return the hedge among the alternatives: unlike the others it always has a result."""
    return next(one.result for one in alternatives if one.name == BY_BASKET and one.result is not None)


def _as_it_is(hedge: Rebalance) -> Alternative:
    return _alternative(AS_IS, hedge.before, tracking_error=0.0, turnover=0.0, cost=0.0, trades=0)


def _by_etf(hedge: Rebalance, cost: float) -> Alternative:
    """Return the hedge with the ETFs themselves: K trades, the stocks unchanged.

    Its risk is that of the baskets that represent the ETFs, or of the ETFs' own rows where the risk model
    has them.
    """
    sold, aligned = hedge.hedge_ratios, hedge.aligned
    traded = float(abs(sold).sum())
    after, tracking_error = hedge.after, hedge.tracking_error
    if any(unit.own_row for unit in hedge.coverage.units.values()):
        made = aligned.with_etfs(aligned.covered_weights, -sold)
        betas = aligned.betas.T @ aligned.covered_weights - aligned.etf_betas @ sold
        errors = aligned.portfolio_beta_error(aligned.covered_weights, -sold)
        after = replace(
            after,
            beta=MappingProxyType(dict(zip(aligned.etf_names, betas.tolist(), strict=True))),
            beta_error=MappingProxyType(dict(zip(aligned.etf_names, errors.tolist(), strict=True))),
            volatility=aligned.instruments.volatility(made),
        )
        tracking_error = aligned.instruments.volatility(aligned.units @ sold)
    return replace(
        _alternative(
            BY_ETF,
            after,
            tracking_error=tracking_error,
            turnover=traded / 2.0,
            cost=traded * cost,
            trades=int((sold != 0.0).sum()),
        ),
        gross=hedge.before.gross + traded,
        net=hedge.before.net - float(sold.sum()),
    )


def _from_result(name: str, result: Rebalance, cost: float) -> Alternative:
    return _alternative(
        name,
        result.after,
        tracking_error=result.tracking_error,
        turnover=result.turnover,
        cost=2.0 * result.turnover * cost,
        trades=result.traded_names,
        result=result,
    )


def _alternative(
    name: str,
    exposure: Exposure,
    *,
    tracking_error: float,
    turnover: float,
    cost: float,
    trades: int,
    result: Rebalance | None = None,
) -> Alternative:
    return Alternative(
        name=name,
        beta=exposure.beta,
        beta_error=exposure.beta_error,
        volatility=exposure.volatility,
        tracking_error=tracking_error,
        turnover=turnover,
        cost=cost,
        gross=exposure.gross,
        net=exposure.net,
        trades=trades,
        result=result,
    )


def _without_result(name: str, hedge: Rebalance, note: str) -> Alternative:
    unknown = MappingProxyType(dict.fromkeys(hedge.etf_names, math.nan))
    return Alternative(name=name, beta=unknown, beta_error=unknown, note=note)
