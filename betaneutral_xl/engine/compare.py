"""The ways to the same beta, side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.engine.hedging import EXACT, Legs
from betaneutral_xl.engine.neutral import Target, neutralise
from betaneutral_xl.engine.optimisation.reachable import market_fund
from betaneutral_xl.engine.result import Method, Rebalance
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
    """One way, and what the portfolio is then.

    Attributes
    ----------
    name
        Which way.
    beta, beta_error
        To each ETF, and its standard error (NaN where the risk model does not say on how many days
        it rests).
    volatility, tracking_error
        Annual, decimals; the tracking error is against the portfolio as it is.
    turnover, cost
        One-way, and what all trades cost; decimals of net asset value.
    gross, net
        Exposures, decimals of net asset value; an ETF that is sold counts as one position.
    trades
        How many names are traded, a whole number.
    note
        Why there is no such portfolio; its numbers are NaN then.
    result
        The weights, where the way is one of reweighting or selling the basket.

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
    on_missing: OnMissing = OnMissing.ERROR,
    etf_on_missing: OnMissing = OnMissing.DROP,
) -> tuple[Alternative, ...]:
    """Put the ways to a beta side by side.

    The portfolio as it is; hedged by selling the ETFs; hedged by selling their baskets; reweighted
    under the constraints; and reweighted long only to the benchmark's own beta, which is what a
    long-only fund can reach. A way that leads nowhere stays in the list with the reason.

    Parameters
    ----------
    holdings, etfs, covariance, target, legs, on_missing, etf_on_missing
        As of ``neutralise``.
    benchmark
        The ticker whose beta the long-only portfolio aims at; by default the target, where that is
        a ticker, or a market fund of the risk model.
    constraints
        Of the reweighted portfolios; their ``cost_bp`` is charged on every way's trades.

    Raises
    ------
    InputError, UncoveredRisk, UndefinedBeta
        If the inputs do not fit together, whichever way is taken.

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
            on_missing=on_missing,
            etf_on_missing=etf_on_missing,
        )

    hedge = solve(Method.HEDGE, target, UNLIMITED, legs)
    ways = [_as_it_is(hedge), _by_etf(hedge, constraints.cost), _of(BY_BASKET, hedge, constraints.cost)]
    fund = benchmark or (target if isinstance(target, str) else market_fund(covariance))
    long_only = f"{LONG_ONLY}, aiming at {fund}" if fund else LONG_ONLY
    for name, aim, limits in (
        (REWEIGHTED, target, constraints),
        (long_only, fund, _long_only(constraints)),
    ):
        if aim is None:
            note = "The risk model has no market fund (such as IWV) to aim at. Name a benchmark."
            ways.append(_nowhere(name, hedge, note))
            continue
        try:
            ways.append(_of(name, solve(Method.REWEIGHT, aim, limits), constraints.cost))
        except (ModelError, InputError) as error:
            ways.append(_nowhere(name, hedge, str(error)))
    return tuple(ways)


def hedge_of(ways: Sequence[Alternative]) -> Rebalance:
    """Return the hedge among the ways: it always has weights, coverage and warnings."""
    return next(way.result for way in ways if way.name == BY_BASKET and way.result is not None)


def _long_only(constraints: Constraints) -> Constraints:
    """Return the same constraints, long only and on the target's beta."""
    lower = {name: max(bound, 0.0) for name, bound in constraints.lower.items()}
    return replace(constraints, long_only=True, lower=lower, beta={})


def _as_it_is(hedge: Rebalance) -> Alternative:
    return _seen(AS_IS, hedge.before, tracking_error=0.0, turnover=0.0, cost=0.0, trades=0)


def _by_etf(hedge: Rebalance, cost: float) -> Alternative:
    """Return the hedge with the ETFs themselves: K trades, the stocks untouched.

    Its risk is that of the baskets that stand for the ETFs, or where the risk model has the ETFs' own
    rows that of these.
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
        _seen(
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


def _of(name: str, result: Rebalance, cost: float) -> Alternative:
    return _seen(
        name,
        result.after,
        tracking_error=result.tracking_error,
        turnover=result.turnover,
        cost=2.0 * result.turnover * cost,
        trades=result.traded_names,
        result=result,
    )


def _seen(
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


def _nowhere(name: str, hedge: Rebalance, note: str) -> Alternative:
    unknown = MappingProxyType(dict.fromkeys(hedge.etf_names, math.nan))
    return Alternative(name=name, beta=unknown, beta_error=unknown, note=note)
