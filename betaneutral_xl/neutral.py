"""From a portfolio, ETFs and a risk model to weights with the beta that was asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl import closed_forms
from betaneutral_xl.alignment import Aligned, OnMissing, align
from betaneutral_xl.errors import InputError, UnknownTicker
from betaneutral_xl.rebalance import Method, Rebalance, Universe
from betaneutral_xl.tickers import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from betaneutral_xl.arrays import BoolArray, FloatArray
    from betaneutral_xl.portfolio import Etf, Holdings
    from betaneutral_xl.risk import Covariance

Target = float | str | Mapping[str, float | str]
"""A beta; or a ticker of the risk model, whose own beta is then the target; or one of these by ETF."""


def neutralise(
    holdings: Holdings,
    etfs: Sequence[Etf],
    covariance: Covariance,
    *,
    target: Target = 0.0,
    method: Method = Method.HEDGE,
    universe: Universe = Universe.UNION,
    on_missing: OnMissing = OnMissing.ERROR,
    etf_on_missing: OnMissing = OnMissing.DROP,
) -> Rebalance:
    """Give a portfolio the asked-for beta to one or several ETFs.

    ``hedge``
        ``x = w - F h`` with ``(B'F) h = B'w - t``: sell h of each ETF as its basket, or as the
        ETF itself. Of all portfolios with ``B'x = t`` the one of least tracking error; what is
        freed is a cash line.
    ``reweight``
        ``min (x-w)'V(x-w)`` subject to ``B'x = t`` and ``sum(x) = sum(w)``.
    ``least_squares``
        ``min sum((x-w)**2)`` subject to the same.
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
    method, universe
        How, and which names may be traded (for ``reweight`` and ``least_squares``).
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
    UncoveredRisk, UndefinedBeta, Infeasible
        If the numbers admit no answer.

    """
    _refuse_contradictions(method, target, universe, len(etfs))
    aligned = align(holdings, etfs, covariance, on_missing, etf_on_missing)
    betas = aligned.covariance.predicted_beta(aligned.covered_etf_weights)
    targets = resolve_targets(aligned, target)
    w, f = aligned.covered_weights, aligned.covered_etf_weights
    ratios, condition = closed_forms.hedge_ratios(betas, f, w, targets)

    notes: tuple[str, ...] = _dates_apart(aligned)
    if method is Method.HEDGE:
        x = w - f @ ratios
    elif method is Method.SCALED:
        x = w * betas[:, 0]
        targets = np.full(1, math.nan)
        notes += ("The method scaled (weight times beta) is not neutral; it aims at no beta.",)
    else:
        x, singular = _reweighted(aligned, betas, targets, method, universe)
        if singular:
            notes += (
                "The covariance is singular: of the many answers of least tracking error the one with "
                "the smallest trades is given.",
            )
    return Rebalance(
        aligned=aligned,
        method=method,
        universe=universe,
        targets=targets,
        target_label=describe_target(target),
        new_weights=aligned.spread(x, aligned.weights),
        hedge_ratios=ratios,
        condition_number=condition,
        notes=notes,
    ).check()


def resolve_targets(aligned: Aligned, target: Target) -> FloatArray:
    """Return the target beta to each ETF, shape (K,).

    A ticker stands for that asset's own beta to the ETF, ``V_i f / (f'V f)``.

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
        model = aligned.risk_model
        if benchmark not in model:
            msg = f"The target {target} is neither a number nor a ticker of the risk model."
            raise UnknownTicker(msg, tickers=[target])
        f = aligned.covered_etf_weights[:, k]
        return float(model.between(benchmark, aligned.covered_tickers) @ f) / aligned.covariance.variance(f)
    if not math.isfinite(target):
        msg = f"The target beta is {target}. Give a number, or a ticker such as IWV."
        raise InputError(msg)
    return float(target)


def describe_target(target: Target) -> str:
    """Return the target as the user would write it."""
    if isinstance(target, Mapping):
        return ", ".join(f"{name}={describe_target(one)}" for name, one in target.items())
    return target if isinstance(target, str) else f"{target:g}"


def _reweighted(
    aligned: Aligned, betas: FloatArray, targets: FloatArray, method: Method, universe: Universe
) -> tuple[FloatArray, bool]:
    w = aligned.covered_weights
    tradable = _tradable(aligned, universe)
    conditions = np.column_stack([np.ones(len(w)), betas])[tradable]
    required = np.concatenate([[0.0], targets - betas.T @ w])
    trades = np.zeros(len(w))
    singular = False
    if method is Method.LEAST_SQUARES:
        trades[tradable] = closed_forms.least_squares(conditions, required)
    else:
        form = aligned.covariance.form.take(np.flatnonzero(tradable))
        trades[tradable], singular = closed_forms.least_tracking_error(form, conditions, required)
    return w + trades, singular


def _tradable(aligned: Aligned, universe: Universe) -> BoolArray:
    if universe is Universe.UNION:
        return np.ones(len(aligned.covered_tickers), dtype=np.bool_)
    names = (
        set(aligned.holdings.tickers)
        if universe is Universe.HELD
        else {ticker for etf in aligned.etfs for ticker in etf.tickers}
    )
    return np.array([ticker in names for ticker in aligned.covered_tickers])


def _refuse_contradictions(method: Method, target: Target, universe: Universe, etfs: int) -> None:
    if universe is not Universe.UNION and method in {Method.HEDGE, Method.SCALED}:
        reason = "sells the whole basket" if method is Method.HEDGE else "trades what is held"
        msg = f"The method {method} {reason}, so universe {universe} has no meaning. Use reweight."
        raise InputError(msg)
    if method is Method.SCALED and (target != 0.0 or etfs != 1):
        msg = "The method scaled (weight times beta) takes one ETF and no target. Use hedge or reweight."
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
