"""The contract of a limit, and a small market to try limits on."""

from __future__ import annotations

import math
from dataclasses import is_dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.limits import NewWeights, describe, limits_of
from betaneutral_xl.engine.limits.formulation import formulate
from betaneutral_xl.engine.limits.sums import BetaRanges
from betaneutral_xl.engine.optimisation import cardinality, solvers
from betaneutral_xl.engine.optimisation.linear import least_violation
from betaneutral_xl.errors import BetaNeutralError
from betaneutral_xl.model.alignment import align
from betaneutral_xl.model.constraints import ALL, UNLIMITED, Range
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance, Factors
from betaneutral_xl.testing.requirements import require

if TYPE_CHECKING:
    from betaneutral_xl.engine.checks import Check
    from betaneutral_xl.engine.limits import Limit
    from betaneutral_xl.engine.limits.formulation import Formulation
    from betaneutral_xl.engine.optimisation.quadratic import Solution
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.arrays import FloatArray

NAMES = tuple(f"N{i:02}" for i in range(12))
"""Names of the market: the first eight are held, the last eight are in the ETF."""

TARGETS = (0.0, 0.5, 1.0, 3.0)
"""Target betas: within reach of few limits, of many, of all, and of few again."""

TOLERANCE = 1e-9
"""Violation within which a problem is feasible."""


def market(seed: int) -> tuple[Holdings, Etf, Covariance]:
    """Return a portfolio of eight names, an ETF of eight, four of which are held, and their risk model."""
    rng = np.random.default_rng(seed)
    held = dict(zip(NAMES[:8], rng.dirichlet(np.full(8, 5.0)).tolist(), strict=True))
    basket = dict(zip(NAMES[4:], rng.dirichlet(np.full(8, 5.0)).tolist(), strict=True))
    loadings = np.column_stack([0.2 * rng.uniform(0.4, 1.6, 12), rng.normal(size=(12, 2)) * 0.05])
    risk = Covariance(NAMES, Factors(loadings, rng.uniform(0.02, 0.1, 12)), Provenance.given(12))
    return Holdings.from_weights(held), Etf.from_weights(basket, name="AI"), risk


def aligned_market(seed: int) -> Aligned:
    """Return the same on one list of names."""
    fund, etf, risk = market(seed)
    return align(fund, [etf], risk)


def posed(aligned: Aligned, limits: tuple[Limit, ...], target: float) -> Formulation:
    """Return the problem of limits and a target, which a range of betas replaces."""
    ranges = {
        name: one for limit in limits if isinstance(limit, BetaRanges) for name, one in limit.ranges.items()
    }
    aim = ranges.get("AI", ranges.get(ALL, Range(target, target)))
    return formulate(aligned, limits, aligned.betas, [aim])


def is_feasible(formulation: Formulation) -> bool:
    """Whether weights keep all limits, apart from those on the number and size of trades."""
    return least_violation(formulation.problem) <= TOLERANCE


def _solution(formulation: Formulation) -> Solution:
    problem, terms = formulation.problem, formulation.terms
    if terms.max_trades is None and not terms.min_trade:
        return solvers.solve(problem)
    return cardinality.solve(problem, terms.max_trades, terms.min_trade).solution


def checks_of(limit: Limit, aligned: Aligned, weights: FloatArray) -> tuple[Check, ...]:
    """Return the limit's checks of new weights."""
    beta = float(aligned.betas[:, 0] @ weights[aligned.covered])
    return tuple(limit.checks(NewWeights(aligned, weights, {"AI": beta}, 1e-10)))


def check_limit(limit: Limit, seed: int = 0) -> None:
    """Check what holds of every limit.

    It is a value; it says what it is in lines of text; its terms fit the names; a solution under it
    passes its checks, which other weights and weights that are no numbers do not; and where it alone
    makes a target infeasible, it offers a relaxation.

    Parameters
    ----------
    limit
        The limit, for the names ``NAMES`` and the ETF ``AI`` of ``aligned_market``. At least one of the
        target betas ``TARGETS`` must be within its reach.
    seed
        Seed of the market.

    Raises
    ------
    AssertionError
        With what does not hold.

    """
    aligned = aligned_market(seed)
    _is_a_value(limit)
    _has_words(limit)
    _has_terms_that_fit(limit, aligned)
    _checks_are_kept_and_can_fail(limit, aligned)
    _relaxes_what_it_alone_prevents(limit, aligned)


def _is_a_value(limit: Limit) -> None:
    kind = type(limit).__name__
    require(is_dataclass(limit) and type(limit).__dataclass_params__.frozen, f"{kind} is a frozen dataclass")
    require(not hasattr(limit, "__dict__"), f"{kind} has slots")
    require(limit == replace(limit), f"{kind} equals its copy")  # type: ignore[type-var] # a dataclass, as just seen
    require((type(limit).__doc__ or "").strip(), f"{kind} has a docstring")


def _has_words(limit: Limit) -> None:
    lines = tuple(limit.sentences())
    require(lines or limit in limits_of(UNLIMITED), f"{limit} has a sentence")
    for line in (*lines, limit.phrase(), describe([limit])):
        plain = "\n" not in line and not line.endswith(".") and line == line.strip()
        require(plain, f"{line!r} is one line without a full stop")


def _has_terms_that_fit(limit: Limit, aligned: Aligned) -> None:
    terms, n = limit.terms(aligned), len(aligned.tickers)
    for one in (terms.lower, terms.upper, terms.tradable):
        require(np.broadcast_to(one, n).shape == (n,), f"{limit} has a bound for each of {n} names")
    require(np.all(np.less_equal(terms.lower, terms.upper)), f"{limit} has lower bounds below the upper ones")
    for row in terms.rows:
        fits = row.coefficients.shape == (n,) and np.isfinite(row.coefficients).all()
        require(fits, f"{limit} has a finite coefficient for each of {n} names")
    require(limit.excludes_names == (not np.all(terms.tradable)), f"{limit} says whether it excludes names")
    require(set(limit.named()) <= set(aligned.tickers), f"{limit} names names of the market")
    require(set(limit.named_etfs()) <= set(aligned.etf_names), f"{limit} names ETFs of the market")


def _checks_are_kept_and_can_fail(limit: Limit, aligned: Aligned) -> None:
    limits = tuple(one for one in limits_of(UNLIMITED) if type(one) is not type(limit))
    solved = 0
    for target in TARGETS:
        formulation = posed(aligned, (*limits, limit), target)
        try:
            found = _solution(formulation)
        except BetaNeutralError:
            continue
        solved += 1
        checks = checks_of(limit, aligned, formulation.expand(found.problem.weights + found.trades))
        require(all(one.passed for one in checks), f"a solution under {limit} passes {checks}")
        require(
            len({one.name for one in checks}) == len(checks), f"the checks of {limit} have names of their own"
        )
    require(solved, f"one of the targets {TARGETS} is within the reach of {limit}")
    if limit.terms(aligned).cost:
        return  # a cost promises nothing
    w, rng = aligned.weights, np.random.default_rng(1)
    noise = rng.normal(size=w.size)
    others = (w + 10.0 * noise, w - 10.0 * noise, w + 1e-6 * noise)
    failed = [not all(one.passed for one in checks_of(limit, aligned, other)) for other in others]
    require(any(failed), f"other weights fail the checks of {limit}")
    absent = checks_of(limit, aligned, np.full(w.size, math.nan))
    require(not all(one.passed for one in absent), f"weights that are no numbers fail the checks of {limit}")


def _relaxes_what_it_alone_prevents(limit: Limit, aligned: Aligned) -> None:
    others = tuple(one for one in limits_of(UNLIMITED) if type(one) is not type(limit))
    for target in TARGETS:
        without, with_it = posed(aligned, others, target), posed(aligned, (*others, limit), target)
        offered = tuple(limit.relaxations(without))
        require(all(one.amount >= -TOLERANCE for one in offered), f"{limit} is relaxed by amounts from 0 on")
        for one in offered:
            require(one.sentence and not one.sentence.endswith("."), f"{one.sentence!r} has no full stop")
        terms = limit.terms(aligned)
        limits_weights = not limit.excludes_names and (
            np.isfinite(terms.lower).any()
            or np.isfinite(terms.upper).any()
            or terms.rows
            or math.isfinite(min(terms.turnover, terms.gross))
        )
        if limits_weights and is_feasible(without) and not is_feasible(with_it):
            enough = any(one.amount > TOLERANCE for one in offered)
            require(enough, f"{limit}, which alone prevents the target {target}, offers a relaxation")
