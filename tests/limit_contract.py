"""What every limit must keep to, whichever it is: ``check_limit``, and a small market to try limits on."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.limits import NewWeights, describe, limits_of
from betaneutral_xl.engine.limits.formulation import formulate
from betaneutral_xl.engine.limits.sums import BetaRanges
from betaneutral_xl.engine.optimisation import cardinality, solvers
from betaneutral_xl.engine.optimisation.linear import least_violation
from betaneutral_xl.errors import BetaNeutralError
from betaneutral_xl.model.alignment import align
from betaneutral_xl.model.constraints import ALL, UNLIMITED, Constraints, Range, Universe
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance, Factors
from betaneutral_xl.model.values import Percent

if TYPE_CHECKING:
    from collections.abc import Callable

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
    """Assert what holds of every limit.

    It is a value; it says what it is in lines of text; its terms fit the names; a solution under it
    passes its checks, which other weights and weights that are no numbers do not; and where it alone
    makes a target infeasible, it offers a relaxation.
    """
    aligned = aligned_market(seed)
    _is_a_value(limit)
    _has_words(limit)
    _has_terms_that_fit(limit, aligned)
    _checks_are_kept_and_can_fail(limit, aligned)
    _reads_what_it_checks(limit, aligned)
    _relaxes_what_it_alone_prevents(limit, aligned)


def _is_a_value(limit: Limit) -> None:
    assert is_dataclass(limit)
    assert type(limit).__dataclass_params__.frozen
    assert not hasattr(limit, "__dict__")
    assert limit == replace(limit)
    assert (type(limit).__doc__ or "").strip()
    assert fields(limit) is not None


def _has_words(limit: Limit) -> None:
    lines = tuple(limit.sentences())
    assert lines or limit in limits_of(UNLIMITED)
    for line in (*lines, limit.phrase(), describe([limit])):
        assert "\n" not in line
        assert not line.endswith(".")
        assert line == line.strip()


def _has_terms_that_fit(limit: Limit, aligned: Aligned) -> None:
    terms, n = limit.terms(aligned), len(aligned.tickers)
    for one in (terms.lower, terms.upper, terms.tradable):
        assert np.broadcast_to(one, n).shape == (n,)
    assert np.all(np.less_equal(terms.lower, terms.upper))
    for row in terms.rows:
        assert row.coefficients.shape == (n,)
        assert np.isfinite(row.coefficients).all()
    assert limit.excludes_names == (not np.all(terms.tradable))
    assert set(limit.named()) <= set(aligned.tickers)
    assert set(limit.named_etfs()) <= set(aligned.etf_names)


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
        assert all(one.passed for one in checks), checks
        assert len({one.name for one in checks}) == len(checks)
    assert solved
    if limit.terms(aligned).cost:
        return  # a cost promises nothing
    w, rng = aligned.weights, np.random.default_rng(1)
    noise = rng.normal(size=w.size)
    for other in (w + 10.0 * noise, w - 10.0 * noise, w + 1e-6 * noise):
        if not all(one.passed for one in checks_of(limit, aligned, other)):
            break
    else:
        msg = f"no weights break {limit}"
        raise AssertionError(msg)
    assert not all(one.passed for one in checks_of(limit, aligned, np.full(w.size, math.nan)))


def _reads_what_it_checks(limit: Limit, aligned: Aligned) -> None:
    """Assert that the numbers that a limit bounds are beyond it exactly where its checks fail."""
    if limit.terms(aligned).cost:
        return  # a cost promises nothing
    w, rng = aligned.weights, np.random.default_rng(2)
    noise = rng.normal(size=w.size)
    for other in (w, w + 0.01 * noise, w - 10.0 * noise, w + 10.0 * noise):
        beta = float(aligned.betas[:, 0] @ other[aligned.covered])
        readings = tuple(limit.readings(NewWeights(aligned, other, {"AI": beta}, 1e-10)))
        within = all(one.limit.low - 1e-7 <= one.value <= one.limit.high + 1e-7 for one in readings)
        assert within == all(one.passed for one in checks_of(limit, aligned, other)), (limit, readings)
        assert all(one.label and (not one.ticker or one.ticker in aligned.tickers) for one in readings)
    assert readings


def _relaxes_what_it_alone_prevents(limit: Limit, aligned: Aligned) -> None:
    others = tuple(one for one in limits_of(UNLIMITED) if type(one) is not type(limit))
    for target in TARGETS:
        without, with_it = posed(aligned, others, target), posed(aligned, (*others, limit), target)
        offered = tuple(limit.relaxations(without))
        assert all(one.amount >= -TOLERANCE for one in offered)
        assert all(one.sentence and not one.sentence.endswith(".") for one in offered)
        terms = limit.terms(aligned)
        limits_weights = not limit.excludes_names and (
            np.isfinite(terms.lower).any()
            or np.isfinite(terms.upper).any()
            or terms.rows
            or math.isfinite(min(terms.turnover, terms.gross))
        )
        if limits_weights and is_feasible(without) and not is_feasible(with_it):
            assert offered, target
            assert any(one.amount > TOLERANCE for one in offered)


def eased(constraints: Constraints, name: str, amount: float, aligned: Aligned) -> Constraints:
    """Return constraints with one limit relaxed by what a ``Relaxation`` says."""
    ease = EASED[name.partition(" of group ")[0]]
    return ease(constraints, amount * (1.0 + 1e-6) + 1e-9, name.rpartition(" of group ")[2], aligned)


def _wider(one: Range, amount: float) -> Range:
    return Range(Percent(one.low - amount), Percent(one.high + amount))


def _more_cash(c: Constraints, amount: float, _: str, aligned: Aligned) -> Constraints:
    kept = float(aligned.weights.sum())
    net = c.net or Range(kept, kept)
    return replace(c, net=Range(Percent(net.low - amount), net.high))


EASED: dict[str, Callable[[Constraints, float, str, Aligned], Constraints]] = {
    "long_only": lambda c, by, _, __: replace(c, long_only=False, lower={ALL: Percent(-by)}),
    "lower": lambda c, by, _, __: replace(c, lower={n: Percent(v - by) for n, v in c.lower.items()}),
    "upper": lambda c, by, _, __: replace(c, upper={n: Percent(v + by) for n, v in c.upper.items()}),
    "upper_outside_etf": lambda c, by, _, __: replace(c, upper_outside_etf=Percent(c.upper_outside_etf + by)),
    "cap": lambda c, by, group, __: replace(
        c, group_upper={**c.group_upper, group: Percent(c.group_upper[group] + by)}
    ),
    "net": _more_cash,
    "turnover": lambda c, by, _, __: replace(c, turnover=Percent(by)),
    "gross": lambda c, by, _, __: replace(c, gross=Percent(by)),
    "weight": lambda c, by, group, __: replace(
        c, group_limits={**c.group_limits, group: _wider(c.group_limits[group], by)}
    ),
    "universe": lambda c, _, __, ___: replace(c, universe=Universe.UNION, frozen=()),
}
"""How each limit is relaxed by an amount, by the name that its ``Relaxation`` has."""
