"""The answer page of an outcome: assembled in one place, for every front end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine import limits
from betaneutral_xl.engine.compare import AS_IS, LONG_ONLY, REWEIGHTED
from betaneutral_xl.engine.exposures import contributions, shocks, variance_split
from betaneutral_xl.engine.realised import past_betas
from betaneutral_xl.engine.result import Method
from betaneutral_xl.job import standing, views
from betaneutral_xl.job.answer import words
from betaneutral_xl.job.answer.lines import (
    AlternativeLine,
    BetaLine,
    ContributionLine,
    Leg,
    LimitLine,
    Measure,
    SourceLine,
    TradeLine,
)
from betaneutral_xl.job.answer.page import LARGEST_TRADES, AnswerPage, Infeasibility, ReachableBeta, Status
from betaneutral_xl.job.views import Kind
from betaneutral_xl.model.constraints import SMALLEST_TRADE, Range
from betaneutral_xl.model.market import market_fund
from betaneutral_xl.model.notices import Severity, grouped

if TYPE_CHECKING:
    from betaneutral_xl.engine.compare import Alternative
    from betaneutral_xl.engine.exposures import VarianceSplit
    from betaneutral_xl.engine.frontier import Point
    from betaneutral_xl.engine.reachable import Reachable
    from betaneutral_xl.engine.realised import PastBetas
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.mandate import Mandate
    from betaneutral_xl.job.run import Outcome
    from betaneutral_xl.model.arrays import FloatArray

LARGEST_CONTRIBUTIONS = 10
"""Number of names whose contributions are on the page."""


def answer_page(
    outcome: Outcome,
    *,
    alternatives: Sequence[Alternative] = (),
    notices: Sequence[str] = (),
    nav: float | None = None,
) -> AnswerPage:
    """Return the answer page of an outcome; the other parameters are those of ``page_of``."""
    return page_of(
        outcome.result,
        outcome.reachable,
        mandate=outcome.request.mandate,
        alternatives=alternatives,
        notices=notices,
        nav=nav,
    )


def page_of(
    result: Rebalance,
    reachable: Reachable | None = None,
    *,
    mandate: Mandate | None = None,
    alternatives: Sequence[Alternative] = (),
    frontier: Sequence[Point] = (),
    notices: Sequence[str] = (),
    nav: float | None = None,
) -> AnswerPage:
    """Return the answer page of a result.

    Parameters
    ----------
    result, reachable
        The answer; of an infeasible request the portfolio unchanged, and what is reachable.
    mandate
        The one that the result was made under.
    alternatives, frontier
        As ``job.run.compare`` and ``job.run.frontier`` return them; the page has none where they were not
        computed, because they take longer than all the rest.
    notices
        Further warnings.
    nav
        Net asset value; by default that of the holdings.

    """
    aligned, market = result.aligned, _market(result)
    splits = _splits(result, market)
    groups = grouped((*result.warnings, *notices))
    changing = sum(len(one.lines) for one in groups if one.severity is Severity.CHANGES)
    limit_lines = tuple(_limits(result, mandate))
    status = Status.INFEASIBLE if reachable else Status.WARNED if changing else Status.FEASIBLE
    past = past_betas(aligned, result.new_weights[aligned.covered])
    trades = trade_lines(result)
    return AnswerPage(
        fund=aligned.holdings.fund,
        as_of=aligned.holdings.as_of,
        etfs=result.etf_names,
        status=status,
        verdict=f"{reachable.title()}." if reachable else words.verdict(result),
        advice=words.advice(result, status, limit_lines, changing),
        headline=views.headline(result),
        method=str(result.method).replace("_", " "),
        target=result.target_label,
        nav=nav or aligned.holdings.nav,
        uncertainty=views.uncertainty_note(result),
        betas=tuple(_betas(result, _targets(result, reachable), past)),
        measures=tuple(
            one for one in _measures(result, splits, market) if not reachable or one.before is not None
        ),
        limits=limit_lines,
        losses_before=shocks(result.before_forecast),
        losses_after=shocks(result.after_forecast),
        variance_before=splits[0],
        variance_after=splits[1],
        market=market,
        legs=_legs(result, hedged=result.method is Method.HEDGE and not reachable),
        trades=trades[:LARGEST_TRADES],
        trade_count=len(trades),
        contributions=_contributions(result),
        groups=_contributions(result, by_group=True),
        notices=groups,
        sources=tuple(_sources(result)),
        infeasibility=_infeasibility(reachable) if reachable else None,
        alternatives=tuple(_alternatives(alternatives, None if reachable else result)),
        frontier=tuple(frontier),
        past=past,
    )


def _market(result: Rebalance) -> str:
    """Return the market that risk is split by: the one that is hedged, or a fund of the risk model."""
    aligned = result.aligned
    if aligned.market is not None:
        return aligned.market.name
    fund = market_fund(aligned.risk_model) or ""
    own = {name for etf in aligned.etfs for name in (etf.name, etf.own_ticker)}
    return "" if fund in own else fund


def _splits(result: Rebalance, market: str) -> tuple[VarianceSplit, VarianceSplit]:
    aligned = result.aligned
    before, after = (
        variance_split(aligned, w[aligned.covered], market or None)
        for w in (result.weights, result.new_weights)
    )
    return before, after


def _betas(
    result: Rebalance, targets: Sequence[Range | None], past: Sequence[PastBetas]
) -> Iterator[BetaLine]:
    recent = {one.etf: one for one in past}
    for name, unit, target in zip(result.etf_names, result.coverage.units.values(), targets, strict=True):
        known = recent.get(name)
        yield BetaLine(
            etf=name,
            before=result.before_forecast[name],
            after=result.after_forecast[name],
            target=target,
            coverage=unit.covered,
            basis=unit.basis,
            realised_before=known.recent_before if known else None,
            realised_after=known.recent_after if known else None,
            meaning=views.MEANINGS[unit.basis],
        )


def _targets(result: Rebalance, reachable: Reachable | None) -> list[Range | None]:
    """Return what each beta is to be; None for a method without a target."""
    if reachable is not None:
        return list(reachable.targets)
    ranges = [result.constraints.beta_range(name) for name in result.etf_names]
    numbers = [None if math.isnan(one) else Range(one, one) for one in result.targets.tolist()]
    return [number or limit for number, limit in zip(numbers, ranges, strict=True)]


def _measures(
    result: Rebalance, splits: tuple[VarianceSplit, VarianceSplit], market: str
) -> Iterator[Measure]:
    before, after = result.before, result.after
    etfs = "the ETF" if len(result.etf_names) == 1 else "the ETFs"
    share = f"R squared of the portfolio on {', '.join(result.etf_names)}"
    percent, number = Kind.PERCENT, Kind.NUMBER
    yield Measure(
        "volatility", "Volatility", before.volatility, after.volatility, percent, "annual, sqrt(w'V w)"
    )
    label = f"Share of variance that is {etfs}"
    yield Measure("etf_variance_share", label, splits[0].etfs, splits[1].etfs, percent, share)
    if market:
        label, meaning = (
            f"Share of it that is the market besides ({market})",
            f"what {market} adds to that R squared",
        )
        yield Measure("market_variance_share", label, splits[0].market, splits[1].market, percent, meaning)
    if result.aligned.market is not None:
        label, meaning = f"Market beta ({market})", "predicted beta to the market"
        yield Measure("market_beta", label, before.market_beta, after.market_beta, number, meaning)
    for key, label, meaning in (
        ("gross", "Gross exposure", "sum of absolute weights"),
        ("net", "Net exposure", "sum of weights"),
        ("cash", "Cash", "weight not invested in any position"),
    ):
        yield Measure(key, label, getattr(before, key), getattr(after, key), percent, meaning, is_money=True)
    meaning = "annual, against the portfolio as it is"
    yield Measure("tracking_error", "Tracking error", None, result.tracking_error, percent, meaning)
    label, meaning = "Turnover (half of all trades)", "one-way, sum of absolute trades / 2"
    yield Measure("turnover", label, None, result.turnover, percent, meaning, is_money=True)
    if result.cost:
        label, meaning = "Cost of the trades", "in net asset value"
        yield Measure("cost", label, None, result.cost, percent, meaning, is_money=True)
    traded = float(result.traded_names)
    yield Measure("trades", "Names traded", None, traded, Kind.COUNT, "names with a trade")


def _limits(result: Rebalance, mandate: Mandate | None) -> Iterator[LimitLine]:
    """Yield the limits of the mandate and the request, with the numbers before and after.

    A limit of the request that the mandate has too is that of the mandate.
    """
    standing_lines = () if mandate is None else standing.lines(mandate, result)
    yield from standing_lines
    if result.method in {Method.HEDGE, Method.SCALED}:
        return
    own = [one for one in limits.limits_of(result.constraints) if mandate is None or tuple(one.sentences())]
    told = {(one.label, one.limit) for one in standing_lines}
    found = standing.limit_lines(own, result)
    yield from (one for one in found if (one.label, one.limit) not in told)


def _legs(result: Rebalance, *, hedged: bool) -> tuple[Leg, ...]:
    if not hedged:
        return ()
    legs = [Leg(*one) for one in zip(result.etf_names, result.hedge_ratios.tolist(), strict=True)]
    market = result.aligned.market
    if market is not None and result.market_ratio:
        legs.append(Leg(market.name, result.market_ratio))
    return tuple(legs)


def trade_lines(result: Rebalance) -> tuple[TradeLine, ...]:
    """Return all trades, largest first; of equal size in the order of names."""
    trades = result.trades
    order = np.argsort(-np.abs(trades), kind="stable").tolist()
    betas = result.predicted_beta
    return tuple(
        TradeLine(
            ticker=result.tickers[at],
            before=float(result.weights[at]),
            after=float(result.new_weights[at]),
            beta_change=tuple((betas[at] * trades[at]).tolist()),
        )
        for at in order
        if abs(trades[at]) > SMALLEST_TRADE
    )


def _contributions(result: Rebalance, *, by_group: bool = False) -> tuple[ContributionLine, ...]:
    """Return the largest contributions, or those of the groups that the limits name."""
    aligned, groups = result.aligned, result.constraints.groups
    before, after = (contributions(aligned, w[aligned.covered]) for w in (result.weights, result.new_weights))
    order: Sequence[int]
    if by_group:
        members = _disjoint(groups)
        if not members:
            return ()
        before, after = before.by_group(members), after.by_group(members)
        order = range(len(before.labels))
    else:
        order = _largest(before.beta, after.beta)
    return tuple(
        ContributionLine(
            label=before.labels[at],
            beta_before=tuple(before.beta[at].tolist()),
            beta_after=tuple(after.beta[at].tolist()),
            volatility_before=float(before.volatility[at]),
            volatility_after=float(after.volatility[at]),
        )
        for at in order
    )


def _largest(before: FloatArray, after: FloatArray) -> list[int]:
    """Return the places of the largest contributions to the first beta, before or after."""
    size = np.maximum(np.abs(before[:, 0]), np.abs(after[:, 0]))
    order: list[int] = np.argsort(-size, kind="stable")[:LARGEST_CONTRIBUTIONS].tolist()
    return order


def _disjoint(groups: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return groups without common names: the names of two groups are a group of their own."""
    of_name: dict[str, list[str]] = {}
    for group, tickers in groups.items():
        for ticker in dict.fromkeys(tickers):
            of_name.setdefault(ticker, []).append(group)
    found: dict[str, list[str]] = {}
    for ticker, names in of_name.items():
        found.setdefault(" and ".join(names), []).append(ticker)
    return found


def _sources(result: Rebalance) -> Iterator[SourceLine]:
    parts = ("portfolio", *(f"ETF {name}" for name in result.etf_names), "risk model")
    for part, one in zip(parts, result.sources, strict=True):
        yield SourceLine(part, one.source, one.location, one.as_of, str(one.retrieval), one.fetched_at)


def _infeasibility(found: Reachable) -> Infeasibility:
    other = f"the beta of {found.benchmark[0]}, {found.benchmark[1]:.2f}" if found.benchmark else ""
    return Infeasibility(
        reachable=tuple(
            ReachableBeta(name, low, high, nearest) for name, _, low, high, nearest, _ in found.lines()
        ),
        binding=found.binding,
        changes=tuple(one.sentence for one in found.relaxations),
        hedge=tuple(Leg(name, ratio) for name, ratio in found.hedge_legs.items()),
        other_target=other,
    )


def _alternatives(
    alternatives: Sequence[Alternative], proposal: Rebalance | None
) -> Iterator[AlternativeLine]:
    """Yield the alternatives that reach the target; the portfolio as it is stands beside every measure.

    Without a proposal, also what a long-only fund can reach.
    """
    for one in alternatives:
        if one.name == AS_IS or (one.name.startswith(LONG_ONLY) and proposal is not None):
            continue
        yield AlternativeLine(
            name=one.name,
            chosen=_is_chosen(one, proposal),
            keeps_limits=one.name.startswith((REWEIGHTED, LONG_ONLY)),
            beta=dict(one.forecast),
            volatility=one.volatility,
            tracking_error=one.tracking_error,
            turnover=one.turnover,
            cost=one.cost,
            gross=one.gross,
            net=one.net,
            trades=one.trades,
            market_beta=one.market_beta,
            note=one.note,
        )


def _is_chosen(one: Alternative, proposal: Rebalance | None) -> bool:
    """Whether an alternative is the proposal: the same weights, to rounding."""
    if proposal is None or one.result is None or one.result.tickers != proposal.tickers:
        return False
    return bool(np.allclose(one.result.new_weights, proposal.new_weights, rtol=0.0, atol=SMALLEST_TRADE))
