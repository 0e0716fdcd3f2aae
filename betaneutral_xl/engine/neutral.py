"""From a portfolio, ETFs and a risk model to weights with the beta that was asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
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
from betaneutral_xl.engine.optimisation.conditions import Binding, formulate
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.errors import InputError, UnknownTicker
from betaneutral_xl.model.alignment import Aligned, OnMissing, align
from betaneutral_xl.model.constraints import ALL, LARGEST, UNLIMITED, Constraints, Range
from betaneutral_xl.model.percent import read_target, require_sign
from betaneutral_xl.model.tickers import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from betaneutral_xl.engine.optimisation.reachable import Reachable
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.portfolio import Etf, Holdings
    from betaneutral_xl.model.risk import Covariance

Target = float | str | Mapping[str, float | str]
"""A beta; or a ticker of the risk model, whose own beta is then the target; or one of these by ETF."""


def neutralise(
    holdings: Holdings,
    etfs: Sequence[Etf],
    covariance: Covariance,
    *,
    target: Target = 0.0,
    method: Method = Method.HEDGE,
    constraints: Constraints = UNLIMITED,
    legs: Legs = EXACT,
    on_missing: OnMissing = OnMissing.ERROR,
    etf_on_missing: OnMissing = OnMissing.DROP,
) -> Rebalance:
    """Give a portfolio the asked-for beta to one or several ETFs.

    ``hedge``
        ``x = w - F h`` with ``(B'F) h = B'w - t``: sell h of each ETF as its basket, or as the
        ETF itself. Of all portfolios with ``B'x = t`` the one of least tracking error; what is
        freed is a cash line. With ``legs`` that limit h, the nearest that they allow. Where part of
        an ETF has no risk data, h counts the whole ETF, and the covered names that have its beta
        are sold for it (``Aligned.equivalents``).
    ``reweight``
        ``min (x-w)'V(x-w)`` subject to ``B'x = t``, ``sum(x) = sum(w)`` and the constraints.
    ``least_squares``
        ``min sum((x-w)**2)`` subject to the same.
    ``fewest_trades``
        The trades of least turnover, which are few (a linear programme); then ``reweight`` with
        these names only.
    ``scaled``
        ``x = w * beta``, the notebook's formula, kept so that its numbers can be reproduced. It
        aims at no target and is not neutral.

    Parameters
    ----------
    holdings, etfs, covariance
        The portfolio, the K ETFs and the risk model; they need not have the same names.
    target
        The portfolio's beta to be reached: a number; a ticker of the risk model such as ``IWV``,
        so that the *active* beta is zero; or a mapping from ETF name to one of these.
    method
        How.
    constraints
        What the new weights must keep to, besides the target; for the methods that reweight.
    legs
        What is asked of the hedge ratios besides the beta; for ``hedge``.
    on_missing, etf_on_missing
        What to do with names that have no risk data.

    Returns
    -------
    Rebalance
        Which has passed its own checks.

    Raises
    ------
    InputError
        If the options contradict each other.
    UncoveredRisk, UndefinedBeta
        If the numbers admit no answer.
    Infeasible
        If no weights keep all limits; its ``reachable`` says which betas could be reached.

    """
    target = read_target(target)
    _refuse_contradictions(method, target, constraints, legs, [etf.name for etf in etfs])
    aligned = align(holdings, etfs, covariance, on_missing, etf_on_missing)
    betas = aligned.betas
    wanted = resolve_wanted(aligned, target, constraints)
    w = aligned.covered_weights
    present = betas.T @ w
    aims = np.array([min(max(beta, one.low), one.high) for beta, one in zip(present, wanted, strict=True)])
    system = HedgeSystem.of(aligned.etf_names, aligned.instruments, aligned.units, aligned.with_etfs(w), aims)
    ratios, said = _hedge_ratios(system, legs, method)

    targets = np.array([one.low if one.low == one.high else math.nan for one in wanted])
    notes = (*_dates_apart(aligned), *said)
    solution = None
    binding: tuple[Binding, ...] = ()
    if method is Method.HEDGE:
        new_weights = aligned.expand(w - aligned.equivalents @ ratios, aligned.weights)
    elif method is Method.SCALED:
        new_weights = aligned.expand(w * betas[:, 0], aligned.weights)
        targets = np.full(1, math.nan)
        notes += ("The method scaled (weight times beta) is not neutral; it aims at no beta.",)
    else:
        from betaneutral_xl.engine.reweighting import reweight

        formulation = formulate(aligned, constraints, betas, wanted, squares=method is Method.LEAST_SQUARES)
        solution, said = reweight(formulation, method, betas, wanted)
        notes += said
        binding = formulation.binding(solution)
        x = solution.problem.weights + solution.trades
        new_weights = formulation.expand(np.clip(x, formulation.problem.lower, formulation.problem.upper))
    return Rebalance(
        aligned=aligned,
        method=method,
        constraints=constraints,
        targets=targets,
        target_label=describe_wanted(target, constraints),
        new_weights=new_weights,
        hedge_ratios=ratios,
        condition_number=system.condition_number,
        legs=legs,
        notes=notes,
        solution=solution,
        binding=binding,
    ).check()


def unchanged(
    holdings: Holdings,
    etfs: Sequence[Etf],
    covariance: Covariance,
    *,
    target: Target = 0.0,
    method: Method = Method.REWEIGHT,
    constraints: Constraints = UNLIMITED,
    on_missing: OnMissing = OnMissing.ERROR,
    etf_on_missing: OnMissing = OnMissing.DROP,
) -> Rebalance:
    """Return the portfolio as it is, with what was asked of it: for what is not feasible.

    Parameters are those of ``neutralise``; the hedge ratios are those that would bring the portfolio to
    the target, and nothing is traded.
    """
    hedge = neutralise(
        holdings, etfs, covariance, target=target, on_missing=on_missing, etf_on_missing=etf_on_missing
    )
    return replace(hedge.unchanged(), method=method, constraints=constraints)


def reach(
    holdings: Holdings,
    etfs: Sequence[Etf],
    covariance: Covariance,
    *,
    target: Target = 0.0,
    constraints: Constraints = UNLIMITED,
    on_missing: OnMissing = OnMissing.ERROR,
    etf_on_missing: OnMissing = OnMissing.DROP,
) -> Reachable:
    """Find which betas reweighting can reach under the constraints, and what stands in the way.

    The limits on the number and size of trades are not among those that are looked at.

    Parameters
    ----------
    holdings, etfs, covariance, target, constraints, on_missing, etf_on_missing
        As of ``neutralise``.

    Returns
    -------
    Reachable
        With the lowest and highest beta, the weights nearest to the target, the limits that they
        are on, and where the target cannot be reached what would help.

    """
    from betaneutral_xl.engine.optimisation.reachable import reachable

    target = read_target(target)
    _refuse_contradictions(Method.REWEIGHT, target, constraints, EXACT, [etf.name for etf in etfs])
    aligned = align(holdings, etfs, covariance, on_missing, etf_on_missing)
    betas = aligned.betas
    wanted = resolve_wanted(aligned, target, constraints)
    return reachable(formulate(aligned, constraints, betas, wanted), betas, wanted)


def resolve_targets(aligned: Aligned, target: Target) -> FloatArray:
    """Return the target beta to each ETF, shape (K,).

    A ticker stands for that asset's own beta to the ETF, ``V_i u / (u'V u)`` with the ETF's unit u.

    Raises
    ------
    UnknownTicker
        If the risk model lacks the ticker, or no ETF has the name.
    InputError
        If the target is not a finite number.

    """
    names = aligned.etf_names
    if isinstance(target, Mapping):
        strangers = [name for name in target if name not in names]
        if strangers or len(target) != len(names):
            given, asked = ", ".join(target), ", ".join(names)
            msg = f"Targets are given for {given}, but the ETFs are {asked}. Name each once."
            raise UnknownTicker(msg, tickers=strangers)
        wanted = [target[name] for name in names]
    else:
        wanted = [target] * len(names)
    return np.array([_target_beta(aligned, k, one) for k, one in enumerate(wanted)])


def _target_beta(aligned: Aligned, k: int, target: float | str) -> float:
    if isinstance(target, str):
        benchmark = normalise(target)
        if benchmark not in aligned.risk_model:
            msg = f"The target {target} is neither a number nor a ticker of the risk model."
            raise UnknownTicker(msg, tickers=[target])
        return float(aligned.beta_of(benchmark)[k])
    if not math.isfinite(target):
        msg = f"The target beta is {target}. Give a number, or a ticker such as IWV."
        raise InputError(msg)
    require_sign("The target", target, LARGEST["beta"])
    return float(target)


def describe_target(target: Target) -> str:
    """Return the target as the user would write it."""
    if isinstance(target, Mapping):
        return ", ".join(f"{name}={describe_target(one)}" for name, one in target.items())
    return target if isinstance(target, str) else f"{target:g}"


def describe_wanted(target: Target, constraints: Constraints) -> str:
    """Return the target, or the ranges that were asked for in its place."""
    ranges = [str(one) if name == ALL else f"{name}={one}" for name, one in constraints.beta.items()]
    return ", ".join(ranges) or describe_target(target)


def resolve_wanted(aligned: Aligned, target: Target, constraints: Constraints) -> tuple[Range, ...]:
    """Return the range that the beta to each ETF must be in: the constraint's, or the target alone."""
    targets = resolve_targets(aligned, target).tolist()
    return tuple(
        constraints.beta_range(name) or Range(one, one)
        for name, one in zip(aligned.etf_names, targets, strict=True)
    )


def _hedge_ratios(system: HedgeSystem, legs: Legs, method: Method) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the hedge ratios, and what is to be said about them."""
    notes = []
    if system.condition_number >= NEARLY_COLLINEAR:
        name, explained = system.redundant()
        said = condition_text(system.condition_number)
        notes.append(
            f"The ETFs nearly repeat each other (condition number {said}): the others "
            f"explain {name} with an R squared of {explained:.6f}, and the hedge ratios are uncertain. "
            "Leave it out, or give the legs of the hedge a ridge or a limit."
        )
    if method is not Method.HEDGE and system.condition_number >= COLLINEAR:
        return system.shortest(), tuple(notes)  # only shown, beside the new weights
    ratios = system.solve(legs)
    left = system.left_over(ratios)
    if not legs.exact:
        said = ", ".join(f"{beta:.4f} to {name}" for name, beta in zip(system.names, left, strict=True))
        notes.append(f"With these legs the beta is off its target by {said}.")
    return ratios, tuple(notes)


def _refuse_contradictions(
    method: Method, target: Target, constraints: Constraints, legs: Legs, etfs: Sequence[str]
) -> None:
    if constraints.given and method in {Method.HEDGE, Method.SCALED}:
        reason = "sells the whole basket" if method is Method.HEDGE else "multiplies what is held"
        said = ", ".join(constraints.given)
        msg = f"The method {method} {reason}, so {said} can have no effect. Use reweight, or leave it out."
        raise InputError(msg)
    if not legs.exact and method is not Method.HEDGE:
        msg = f"Ridge, limit and sell-only are of the hedge's legs; {method} has none. Use hedge."
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


def _dates_apart(aligned: Aligned, days: int = 5) -> tuple[str, ...]:
    holdings = aligned.holdings
    if holdings.as_of is None:
        return ()
    dated = [(f"ETF {etf.name}", etf.as_of) for etf in aligned.etfs]
    dated.append(("the covariance", aligned.risk_model.as_of))
    return tuple(
        f"Holdings are as of {holdings.as_of}, {what} as of {as_of}: "
        f"{abs((as_of - holdings.as_of).days)} days apart."
        for what, as_of in dated
        if as_of is not None and abs((as_of - holdings.as_of).days) > days
    )
