"""Compare alternatives that bring a portfolio to the same target beta."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.hedging import EXACT
from betaneutral_xl.engine.intervals import portfolio_forecasts
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.engine.stable import Objective
from betaneutral_xl.errors import InputError, ModelError
from betaneutral_xl.model.constraints import UNLIMITED
from betaneutral_xl.model.market import Market, market_fund

if TYPE_CHECKING:
    from betaneutral_xl.engine.intervals import BetaForecast
    from betaneutral_xl.engine.result import Exposure

AS_IS, BY_ETF, BY_BASKET, REWEIGHTED, LONG_ONLY = (
    "as it is",
    "hedge by the ETF",
    "hedge by its basket",
    "reweight",
    "long only",
)

SHARES = (0.5, 1.0)
"""Shares of the market's leg that are compared with selling the ETF alone."""

_LEGS = {0.5: "half the market leg", 1.0: "the whole market leg"}


def with_market_leg(share: float) -> str:
    """Return the name of the alternative that sells the ETF and a share of the market's leg.

    >>> with_market_leg(0.5), with_market_leg(0.25)
    ('hedge by the ETF and half the market leg', 'hedge by the ETF and 25% of the market leg')
    """
    return f"{BY_ETF} and {_LEGS.get(share, f'{100.0 * share:.4g}% of the market leg')}"


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
    forecast
        Next month's beta to each ETF, with its interval; empty where there is no such portfolio.
    volatility, tracking_error
        Annual, decimals; the tracking error is relative to the current portfolio.
    turnover, cost
        One-way turnover and the cost of all trades; decimals of net asset value.
    gross, net
        Exposures, decimals of net asset value; an ETF sold counts as one position.
    trades
        Number of names traded.
    market_beta
        The market beta left; NaN where there is no market to compare with.
    note
        The reason where there is no such portfolio; its measures are then NaN.
    result
        The full result, for the alternatives that reweight or sell the basket.

    """

    name: str
    beta: Mapping[str, float]
    beta_error: Mapping[str, float]
    forecast: Mapping[str, BetaForecast] = field(default_factory=dict)
    volatility: float = math.nan
    tracking_error: float = math.nan
    turnover: float = math.nan
    cost: float = math.nan
    gross: float = math.nan
    net: float = math.nan
    trades: float = math.nan
    market_beta: float = math.nan
    note: str = ""
    result: Rebalance | None = None


def compare(question: Question, benchmark: str | None = None) -> tuple[Alternative, ...]:
    """Compare alternatives that bring a portfolio to a target beta.

    The portfolio as it is; hedged by selling the ETFs; by selling the ETFs and half of the market's leg,
    and all of it; hedged by selling the ETFs' baskets; reweighted under the constraints; and reweighted
    long only to the benchmark's own beta, which is what a long-only fund can reach. An infeasible
    alternative stays in the list with the reason.

    Parameters
    ----------
    question
        Its ``cost_bp`` is charged on every alternative's trades; its legs are those of the hedges, its
        objective that of the reweighted portfolios. The market is the one whose leg is compared: its share is
        one of those compared, and holds for the reweighted portfolio, not for the one that aims at a
        benchmark. By default a market fund of the risk model; there is no such alternative without one.
    benchmark
        The ticker whose beta is the long-only portfolio's target; by default the target, where that
        is a ticker, or a market fund of the risk model.

    Raises
    ------
    InputError, UncoveredRisk, UndefinedBeta
        If the inputs are inconsistent for every alternative.

    """
    target, constraints, market = question.target, question.constraints, question.market
    base = _default_market(question) if market is None else replace(market, share=0.0)
    selling = replace(
        question, method=Method.HEDGE, constraints=UNLIMITED, objective=Objective.STABLE, market=base
    )
    reweighting = replace(question, method=Method.REWEIGHT, legs=EXACT)
    hedge = neutralise(selling)
    cost = constraints.cost
    nothing = {"tracking_error": 0.0, "turnover": 0.0, "cost": 0.0, "trades": 0}
    as_it_is = _alternative(AS_IS, hedge.before, hedge.before_forecast, **nothing)
    alternatives = [as_it_is, _by_etf(BY_ETF, hedge, cost)]
    for share in sorted({*SHARES, *([market.share] if market is not None and market.share else [])}):
        if base is None:
            break
        name, beside = with_market_leg(share), replace(base, share=share, listed=True)
        try:
            found = neutralise(replace(selling, market=beside))
            alternatives.append(_by_etf(name, found, cost))
        except (ModelError, InputError) as error:
            alternatives.append(_without_result(name, hedge, str(error)))
    alternatives.append(_from_result(BY_BASKET, hedge, cost))
    fund = benchmark or (target if isinstance(target, str) else market_fund(question.covariance))
    long_only = f"{LONG_ONLY}, aiming at {fund}" if fund else LONG_ONLY
    # At the market's own beta the portfolio has the market's risk, so that no share of it is sold.
    for name, aim, limits, hedged in (
        (REWEIGHTED, target, constraints, base if market is None else market),
        (long_only, fund, replace(constraints.without_shorts(), beta={}), base),
    ):
        if aim is None:
            note = "The risk model has no market fund (such as IWV) to aim at. Name a benchmark."
            alternatives.append(_without_result(name, hedge, note))
            continue
        try:
            found = neutralise(replace(reweighting, target=aim, constraints=limits, market=hedged))
            alternatives.append(_from_result(name, found, cost))
        except (ModelError, InputError) as error:
            alternatives.append(_without_result(name, hedge, str(error)))
    return tuple(alternatives)


def hedge_of(alternatives: Sequence[Alternative]) -> Rebalance:
    """Return the hedge among the alternatives: unlike the others it always has a result."""
    return next(one.result for one in alternatives if one.name == BY_BASKET and one.result is not None)


def _default_market(question: Question) -> Market | None:
    """Return the first market fund of the risk model that is no ETF of these; it has no row of its own."""
    fund = market_fund(question.covariance)
    if fund is None or any(fund in {etf.name, etf.own_ticker} for etf in question.etfs):
        return None
    return Market.of(fund, 0.0, listed=False)


def drift_sentence(alternatives: Sequence[Alternative], etf: str) -> str:
    """Say where the drift of a hedge's beta to an ETF comes from; empty without a market to compare with."""
    by_name = {one.name: one for one in alternatives}
    alone, whole = by_name.get(BY_ETF), by_name.get(with_market_leg(1.0))
    if alone is None or whole is None or whole.note or math.isnan(alone.market_beta):
        return ""
    ends = [one.forecast[etf].half_width() for one in (alone, whole)]
    interval = "" if math.isnan(sum(ends)) else f", the interval ± {ends[0]:.2f} and ± {ends[1]:.2f}"
    return (
        f"Most of the drift of the beta to {etf} is the market beta that is left, as the market's own beta "
        f"to {etf} moves: {alone.market_beta:.2f} after selling the ETF alone, "
        f"{round(whole.market_beta, 2) + 0.0:.2f} with the whole market leg{interval}."
    )


def _by_etf(name: str, hedge: Rebalance, cost: float) -> Alternative:
    """Return the hedge with the ETFs and the market themselves: K trades or one more, the stocks unchanged.

    Its risk is that of the baskets that represent the ETFs, or of the ETFs' own rows where the risk model
    has them.
    """
    sold, ratio, aligned = hedge.hedge_ratios, hedge.market_ratio, hedge.aligned
    traded = float(abs(sold).sum()) + abs(ratio)
    after, tracking_error, forecast = hedge.after, hedge.tracking_error, hedge.after_forecast
    if any(unit.own_row for unit in hedge.coverage.units.values()):
        made = aligned.with_etfs(aligned.covered_weights, -sold, -ratio)
        betas = aligned.instrument_betas.T @ made
        errors = aligned.portfolio_beta_error(made)
        after = replace(
            after,
            beta=MappingProxyType(dict(zip(aligned.etf_names, betas.tolist(), strict=True))),
            beta_error=MappingProxyType(dict(zip(aligned.etf_names, errors.tolist(), strict=True))),
            volatility=aligned.instruments.volatility(made),
            market_beta=aligned.market_beta(made),
        )
        forecast = portfolio_forecasts(aligned, made)
        nothing = np.zeros(len(aligned.covered_tickers))
        tracking_error = aligned.instruments.volatility(aligned.with_etfs(nothing, sold, ratio))
    return _alternative(
        name,
        after,
        forecast,
        tracking_error=tracking_error,
        turnover=traded / 2.0,
        cost=traded * cost,
        trades=int((sold != 0.0).sum()) + (ratio != 0.0),
        gross=hedge.before.gross + traded,
        net=hedge.before.net - float(sold.sum()) - ratio,
    )


def _from_result(name: str, result: Rebalance, cost: float) -> Alternative:
    return _alternative(
        name,
        result.after,
        result.after_forecast,
        tracking_error=result.tracking_error,
        turnover=result.turnover,
        cost=2.0 * result.turnover * cost,
        trades=result.traded_names,
        result=result,
    )


def _alternative(
    name: str, exposure: Exposure, forecast: Mapping[str, BetaForecast], **measures: Any
) -> Alternative:
    """Return an alternative with the measures of an exposure, and others in addition or in place of these."""
    known = {one.name: getattr(exposure, one.name) for one in fields(exposure) if one.name != "cash"}
    return Alternative(name=name, forecast=forecast, **{**known, **measures})


def _without_result(name: str, hedge: Rebalance, note: str) -> Alternative:
    unknown = MappingProxyType(dict.fromkeys(hedge.etf_names, math.nan))
    return Alternative(name=name, beta=unknown, beta_error=unknown, note=note)
