"""Compute weights with a target beta from a portfolio, ETFs and a risk model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.hedging import (
    COLLINEAR,
    EXACT,
    NEARLY_COLLINEAR,
    HedgeSystem,
    Legs,
    condition_text,
)
from betaneutral_xl.engine.limits import limits_of
from betaneutral_xl.engine.limits.formulation import formulate
from betaneutral_xl.engine.result import Answer, Method, Rebalance
from betaneutral_xl.engine.stable import Objective
from betaneutral_xl.errors import InputError, UnknownTicker
from betaneutral_xl.model.alignment import Aligned, OnMissing, align
from betaneutral_xl.model.constraints import ALL, LARGEST, UNLIMITED, Constraints, Range
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.model.values import require_sign
from betaneutral_xl.system.words import did_you_mean

if TYPE_CHECKING:
    from betaneutral_xl.engine.reachable import Reachable
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.market import Market
    from betaneutral_xl.model.portfolio import Etf, Holdings
    from betaneutral_xl.model.risk import Covariance

Target = float | str | Mapping[str, float | str]
"""A beta; a ticker of the risk model, whose own beta is the target; or a mapping from ETF name to either."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A portfolio, ETFs and a risk model, and what is required of the new weights.

    Attributes
    ----------
    holdings, etfs, covariance
        The portfolio, the K ETFs and the risk model; their tickers may differ.
    target
        The portfolio's target beta: a number; a ticker of the risk model such as ``IWV``, so that
        the *active* beta is zero; or a mapping from ETF name to one of these.
    method
        As of ``neutralise``.
    constraints
        Limits on the new weights, besides the target; for the methods that reweight.
    legs
        Ridge and limits on the hedge ratios; for ``hedge``.
    objective
        What ``reweight`` minimises. Where the risk model has no past forecast errors ``stable`` is
        ``tracking_error``, and a note says so.
    reference
        The portfolio w from which the methods that reweight measure tracking error, where that is not
        what is held: a model portfolio, held as last month's answer left it. Trades, turnover and the
        sum of weights count from what is held.
    on_missing, etf_on_missing
        What to do with names of the portfolio and of the ETFs that have no risk data.
    market
        The market that is hedged besides the ETFs, and the share of its leg.

    """

    holdings: Holdings
    etfs: Sequence[Etf]
    covariance: Covariance
    _: KW_ONLY
    target: Target = 0.0
    method: Method = Method.HEDGE
    constraints: Constraints = UNLIMITED
    legs: Legs = EXACT
    objective: Objective = Objective.STABLE
    reference: Holdings | None = None
    on_missing: OnMissing = OnMissing.ERROR
    etf_on_missing: OnMissing = OnMissing.DROP
    market: Market | None = None

    def align(self) -> Aligned:
        """Return the inputs on one list of names; raises what ``model.alignment.align`` raises."""
        held = self.holdings if self.reference is None else self.holdings.with_names(self.reference.tickers)
        policies = (self.on_missing, self.etf_on_missing)
        return align(held, self.etfs, self.covariance, *policies, market=self.market)


def neutralise(question: Question) -> Rebalance:
    """Change a portfolio so that its beta to one or several ETFs is the target.

    ``hedge``
        ``x = w - F h`` with ``(B'F) h = B'w - t``: sell h of each ETF, as its basket or as the
        ETF itself. It has the least tracking error of all portfolios with ``B'x = t``; the proceeds
        are a cash line. With ``legs`` that limit h, the nearest portfolio within these limits. Where
        part of an ETF has no risk data, h refers to the whole ETF, and covered names with the same
        beta are sold in its place (``Aligned.replacements``). With a market of share s, s times
        the leg that it has in the hedge of ETFs and market together (market beta 0) is sold too:
        ``x = w - F h - m h_m``, and h brings ``w - m h_m`` to the target.
    ``reweight``
        ``min (x-w)'V(x-w)`` subject to ``B'x = t``, ``sum(x) = sum(w)`` and the constraints; by the
        default objective with penalties that keep the betas predictable (``engine.stable``).
        With a market of share s and betas b_m to it, ``b_m'x = (1 - s) b_m'w`` too.
    ``least_squares``
        ``min sum((x-w)**2)`` subject to the same.
    ``fewest_trades``
        Minimise turnover (a linear programme, whose solutions have few trades); then least tracking
        error over these names only.
    ``scaled``
        ``x = w * beta``, the notebook's formula, kept so that its numbers can be reproduced. It
        has no target and is not neutral.

    Returns
    -------
    Rebalance
        The result, after it has passed its own checks.

    Raises
    ------
    InputError
        If the options contradict each other.
    UncoveredRisk, UndefinedBeta
        If risk data are missing, or the betas or hedge ratios are undefined.
    Infeasible
        If no weights satisfy all limits; its ``reachable`` gives the betas that can be reached.

    """
    _refuse_contradictions(question)
    method, target, constraints = question.method, question.target, question.constraints
    aligned = question.align()
    if question.reference is not None:
        aligned = _with_market_beta_of(aligned, question.reference)
    betas = aligned.betas
    ranges = resolve_beta_ranges(aligned, target, constraints)
    w = aligned.covered_weights
    current = betas.T @ w
    aims = np.array([min(max(beta, one.low), one.high) for beta, one in zip(current, ranges, strict=True)])
    market_ratio, market_notes = 0.0, tuple[str, ...]()
    if method is Method.HEDGE:
        market_ratio, market_notes = _market_ratio(aligned, aims, question.legs)
    left = aligned.with_etfs(w, market_ratio=-market_ratio)
    system = HedgeSystem.of(aligned.etf_names, aligned.instruments, aligned.units, left, aims)
    ratios, hedge_notes = _hedge_ratios(system, question.legs, method)

    targets = np.array([one.low if one.low == one.high else math.nan for one in ranges])
    notes = (*age_of(aligned.holdings), *_dates_apart(aligned), *market_notes, *hedge_notes)
    if method is Method.HEDGE:
        sold = aligned.replacements @ ratios + aligned.market_unit * market_ratio
        notes += _traded_both_ways(aligned, ratios, market_ratio, sold)
        answer = Answer(aligned.expand(w - sold, aligned.weights))
    elif method is Method.SCALED:
        answer = Answer(aligned.expand(w * betas[:, 0], aligned.weights))
        targets = np.full(1, math.nan)
        text = "The method scaled (weight times beta) is not neutral; it has no target beta."
        notes += (Notice(text, Subject.NOT_NEUTRAL),)
    else:
        from betaneutral_xl.engine.reweighting import answer_of

        squares = method is Method.LEAST_SQUARES
        answer = answer_of(
            formulate(aligned, limits_of(constraints), betas, ranges, squares=squares),
            method,
            ranges,
            objective=question.objective,
            benchmarks=_benchmarks(aligned, target, constraints),
            reference=question.reference,
        )
    return Rebalance(
        aligned=aligned,
        method=method,
        constraints=constraints,
        targets=targets,
        target_label=describe_beta_ranges(target, constraints),
        new_weights=answer.new_weights,
        hedge_ratios=ratios,
        market_ratio=market_ratio,
        condition_number=system.condition_number,
        legs=question.legs,
        notes=(*notes, *answer.notes),
        solution=answer.solution,
        binding=answer.binding,
        objective=answer.objective,
    ).check()


def reach(question: Question) -> Reachable:
    """Find the betas that reweighting can reach under the constraints, and the limits that bind.

    Its method is not used, and limits on the number and size of trades are ignored.
    """
    from betaneutral_xl.engine.reachable import reachable

    _refuse_contradictions(replace(question, method=Method.REWEIGHT))
    aligned = question.align()
    ranges = resolve_beta_ranges(aligned, question.target, question.constraints)
    return reachable(formulate(aligned, limits_of(question.constraints), aligned.betas, ranges))


def resolve_targets(aligned: Aligned, target: Target) -> FloatArray:
    """Return the target beta to each ETF, shape (K,).

    A ticker stands for that asset's own beta to the ETF, ``V_i u / (u'V u)`` with the ETF's unit u.

    Raises
    ------
    UnknownTicker
        If a ticker is not in the risk model, or an ETF name is unknown.
    InputError
        If the target is not a finite number.

    """
    names = aligned.etf_names
    if isinstance(target, Mapping):
        unknown = [name for name in target if name not in names]
        if unknown or len(target) != len(names):
            targets, etfs = ", ".join(target), ", ".join(names)
            msg = f"Targets are given for {targets}, but the ETFs are {etfs}. Name each once."
            raise UnknownTicker(msg, tickers=unknown)
        by_etf = [target[name] for name in names]
    else:
        by_etf = [target] * len(names)
    return np.array([_target_beta(aligned, k, one) for k, one in enumerate(by_etf)])


def _target_beta(aligned: Aligned, k: int, target: float | str) -> float:
    if isinstance(target, str):
        benchmark = normalise(target)
        if benchmark not in aligned.risk_model:
            hint = did_you_mean(benchmark, aligned.risk_model.tickers)
            msg = f"The target {target} is neither a number nor a ticker of the risk model.{hint}"
            raise UnknownTicker(msg, tickers=[target])
        return float(aligned.beta_of(benchmark)[k])
    if not math.isfinite(target):
        msg = f"The target beta is {target}. Give a number, or a ticker such as IWV."
        raise InputError(msg)
    require_sign("The target", target, LARGEST["beta"])
    return float(target)


def describe_target(target: Target) -> str:
    """Format the target as the user would write it."""
    if isinstance(target, Mapping):
        return ", ".join(f"{name}={describe_target(one)}" for name, one in target.items())
    return target if isinstance(target, str) else f"{target:g}"


def describe_beta_ranges(target: Target, constraints: Constraints) -> str:
    """Format the ranges of beta, or the target where there are none."""
    ranges = [str(one) if name == ALL else f"{name}={one}" for name, one in constraints.beta.items()]
    return ", ".join(ranges) or describe_target(target)


def resolve_beta_ranges(aligned: Aligned, target: Target, constraints: Constraints) -> tuple[Range, ...]:
    """Return the allowed range of the beta to each ETF: the constraint's range, or the target alone."""
    targets = resolve_targets(aligned, target).tolist()
    return tuple(
        constraints.beta_range(name) or Range(one, one)
        for name, one in zip(aligned.etf_names, targets, strict=True)
    )


def _benchmarks(aligned: Aligned, target: Target, constraints: Constraints) -> list[str | None]:
    """Return for each ETF the ticker whose own beta is the target; None for a number or a range."""
    each = target if isinstance(target, Mapping) else dict.fromkeys(aligned.etf_names, target)
    return [
        normalise(one)
        if isinstance(one := each[name], str) and constraints.beta_range(name) is None
        else None
        for name in aligned.etf_names
    ]


def _with_market_beta_of(aligned: Aligned, reference: Holdings) -> Aligned:
    """Let the market's share refer to a reference portfolio: of what is held, it would be applied again."""
    if aligned.market is None:
        return aligned
    beta = aligned.market_beta(aligned.with_etfs(aligned.covered_weights_of(reference)))
    return replace(aligned, market=replace(aligned.market, portfolio_beta=beta))


def _market_ratio(aligned: Aligned, aims: FloatArray, legs: Legs) -> tuple[float, tuple[str, ...]]:
    """Return how much of the market to sell, in units of net asset value, and notes for the user."""
    market = aligned.market
    if market is None or not market.share:
        return 0.0, ()
    units = np.column_stack([aligned.units, market.unit])
    weights = aligned.with_etfs(aligned.covered_weights)
    names = (*aligned.etf_names, market.name)
    system = HedgeSystem.of(names, aligned.instruments, units, weights, np.append(aims, 0.0))
    return market.share * float(system.solve(legs)[-1]), _collinear_notes(system)


def _traded_both_ways(
    aligned: Aligned, ratios: FloatArray, market_ratio: float, sold: FloatArray
) -> tuple[str, ...]:
    """Return a note where the names sold are not the ETFs' shares name by name, so that the amounts differ.

    Where betas come from an ETF's own row, its covered names have another beta to it, and to the market.
    """
    if not any(unit.own_row for unit in aligned.coverage.units.values()):
        return ()
    shares = [
        f"{ratio:.2%} of net assets in shares of {name}"
        for name, ratio in zip(aligned.etf_names, ratios, strict=True)
    ]
    leg = 0.0
    if aligned.market is not None and aligned.market.name in aligned.covered_tickers:
        leg = float(sold[aligned.covered_tickers.index(aligned.market.name)])
    names = float(sold.sum()) - leg
    if max(abs(names - ratios.sum()), abs(leg - market_ratio)) < SHOWN_APART:
        return ()
    parts = [f"{names:.2%} in names"]
    if aligned.market is not None and market_ratio:
        shares.append(f"{market_ratio:.2%} in {aligned.market.name}")
        parts.append(f"{leg:.2%} in {aligned.market.name}")
    text = (
        f"The hedge can be sold in two ways, each neutral by itself: {' and '.join(shares)} (the hedge "
        f"ratios), or {' and '.join(parts)}, as in the new weights."
    )
    return (text,)


def _hedge_ratios(system: HedgeSystem, legs: Legs, method: Method) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the hedge ratios, and notes for the user."""
    notes = list(_collinear_notes(system))
    if method is not Method.HEDGE and system.condition_number >= COLLINEAR:
        return system.minimum_norm(), tuple(notes)  # for display only, beside the new weights
    ratios = system.solve(legs)
    residual = system.residual_betas(ratios)
    if not legs.exact:
        off = ", ".join(
            f"{round(beta, 4) + 0.0:.4f} to {name}" for name, beta in zip(system.names, residual, strict=True)
        )
        severity = None if max(map(abs, residual)) > SHOWN_OFF else Severity.NOTE
        text = f"With these legs the beta is off its target by {off}."
        notes.append(Notice(text, Subject.NOT_NEUTRAL, severity))
    return ratios, tuple(notes)


def _collinear_notes(system: HedgeSystem) -> tuple[str, ...]:
    if system.condition_number < NEARLY_COLLINEAR:
        return ()
    name, explained = system.redundant()
    condition = condition_text(system.condition_number)
    text = (
        f"The ETFs are nearly collinear (condition number {condition}): the others "
        f"explain {name} with an R squared of {explained:.6f}, and the hedge ratios are uncertain. "
        "Leave it out, or give the legs of the hedge a ridge or a limit."
    )
    return (Notice(text, Subject.COLLINEAR),)


def _refuse_contradictions(question: Question) -> None:
    """Refuse what excludes each other, and what the method has no use for."""
    method, target, constraints = question.method, question.target, question.constraints
    etfs = [etf.name for etf in question.etfs]
    if constraints.given and method in {Method.HEDGE, Method.SCALED}:
        reason = "sells the whole basket" if method is Method.HEDGE else "multiplies what is held"
        limits = ", ".join(constraints.given)
        msg = f"The method {method} {reason}, so {limits} can have no effect. Use reweight, or leave it out."
        raise InputError(msg)
    if not question.legs.exact and method is not Method.HEDGE:
        msg = f"Ridge, limit and sell-only apply to the legs of a hedge; {method} has none. Use hedge."
        raise InputError(msg)
    if method is Method.SCALED and (target != 0.0 or len(etfs) != 1):
        msg = "The method scaled (weight times beta) takes one ETF and no target. Use hedge or reweight."
        raise InputError(msg)
    if constraints.cost_bp and method is not Method.REWEIGHT:
        msg = f"A cost is weighed against tracking variance, which {method} does not minimise. Use reweight."
        raise InputError(msg)
    if method is Method.FEWEST_TRADES and (constraints.max_trades is not None or constraints.min_trade):
        msg = "The method fewest_trades chooses the names itself. Use reweight with max_trades or min_trade."
        raise InputError(msg)
    ranged = [name for name in etfs if constraints.beta_range(name) is not None]
    aimed = (
        ranged
        and target != 0.0
        and (
            any(name in target for name in ranged)
            if isinstance(target, Mapping)
            else len(ranged) == len(etfs)
        )
    )
    if aimed:
        msg = f"Both a target and a range are given for the beta to {', '.join(ranged)}. Choose one."
        raise InputError(msg)
    if question.objective is not Objective.STABLE and method is not Method.REWEIGHT:
        own = f"the method {method} has its own"
        msg = f"The objective {question.objective} is for reweight; {own}. Leave it out."
        raise InputError(msg)
    if question.reference is not None and method in {Method.HEDGE, Method.SCALED}:
        msg = f"The method {method} trades from what is held: a reference portfolio is for reweight."
        raise InputError(msg)
    if method is Method.SCALED and question.market is not None and question.market.share:
        msg = "The method scaled (weight times beta) sells no market leg. Use hedge or reweight."
        raise InputError(msg)


SHOWN_APART = 0.01
"""Difference between a hedge in shares of the ETFs and in names from which on both are stated."""

SHOWN_OFF = 5e-5
"""Distance of a beta from its target that shows in four digits, and so changes the answer."""

FAR_APART = 92
"""Days between holdings and other inputs from which on the answer is of another portfolio, or another ETF."""


OLD = 7
"""Age in days above which a portfolio is old: trading is decided on the positions of the day."""


def age_of(holdings: Holdings) -> tuple[str, ...]:
    """Return a warning where holdings were old when they were read; those of the sample always are.

    The age is to the day of reading, which a snapshot keeps: so its run can be repeated.
    """
    origin = holdings.provenance
    if origin.as_of is None or origin.retrieval in {Retrieval.SAMPLE, Retrieval.GIVEN}:
        return ()
    days = (origin.fetched_at.date() - origin.as_of).days
    if days <= OLD:
        return ()
    line = f"Holdings of {holdings.fund} are {days} days old (as of {origin.as_of}): load newer ones."
    return (Notice(line, Subject.HOLDINGS, Severity.CHANGES if days > FAR_APART else None),)


def _old_risk_model(aligned: Aligned) -> tuple[str, ...]:
    """Return a warning where the risk model was old when holdings without a day were read."""
    origin, day = aligned.holdings.provenance, aligned.risk_model.as_of
    if day is None or origin.retrieval in {Retrieval.SAMPLE, Retrieval.GIVEN}:
        return ()
    age = (origin.fetched_at.date() - day).days
    if age <= FAR_APART:
        return ()
    line = f"The covariance is {age} days old (as of {day}), and the holdings have no date: load a newer one."
    return (Notice(line, Subject.DATES, Severity.CHANGES),)


def _dates_apart(aligned: Aligned, days: int = 5) -> tuple[str, ...]:
    holdings = aligned.holdings
    if holdings.as_of is None:
        return _old_risk_model(aligned)
    dated = [(f"ETF {etf.name}", etf.as_of) for etf in aligned.etfs]
    dated.append(("the covariance", aligned.risk_model.as_of))
    apart = [(what, day, abs((day - holdings.as_of).days)) for what, day in dated if day is not None]
    return tuple(
        Notice(
            f"Holdings are as of {holdings.as_of}, {what} as of {day}: {gap} days apart.",
            Subject.DATES,
            Severity.CHANGES if gap > FAR_APART else None,
        )
        for what, day, gap in apart
        if gap > days
    )
