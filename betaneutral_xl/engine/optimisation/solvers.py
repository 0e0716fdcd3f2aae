"""The solvers that stand in line for a quadratic problem; the first proven answer is taken.

No solver's word is taken for its answer: a solution proves itself. Newton's method on the dual is the
fastest wherever V has enough of a diagonal; where it has no proof a linear programme says whether there
is an answer at all, and then the interior point has the last word.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation import closed_forms, dual_newton, interior_point
from betaneutral_xl.engine.optimisation.linear import least_violation
from betaneutral_xl.engine.optimisation.quadratic import VIOLATION, Multipliers, Problem, Solution
from betaneutral_xl.engine.optimisation.rough_model import rough_factors
from betaneutral_xl.errors import Infeasible, SolverFailed
from betaneutral_xl.model.risk import Factors

if TYPE_CHECKING:
    from collections.abc import Iterator

FASTEST = "DAQP"
"""The name of the solver for few names and no absolute values, on the solutions that it finds."""

SMALL = 120
"""Up to so many names the dense active-set solver is the fastest."""

MODELLED = 160
"""From so many names on Newton's method on a dense V sets out from the answer of a rough factor model."""

SHARES = (0.3, 0.1)
"""Shares of the diagonal of a dense V that are tried as the separable part of it."""

SPECIFIC = 1e-6
"""Specific variance, relative to the mean variance, from which on it can be the separable part."""

STEPS, PATIENCE = 20, 9
"""Newton steps, and such without progress, after which another share is tried."""


def solve(problem: Problem) -> Solution:
    """Return the proven solution of a problem.

    Raises
    ------
    Infeasible
        If no weights keep all limits (a linear programme is the judge).
    SolverFailed
        If there are such weights, but no solver's answer could be proven.

    """
    best = math.inf
    for candidate in _candidates(problem):
        if candidate.proven:
            return candidate
        best = min(best, max(candidate.violation, candidate.gap))
    msg = (
        f"No solver's answer for {problem.size} names could be proven (the best is off by {best:.2g}). "
        "Widen the tightest limit a little, or use a covariance with specific risk."
    )
    raise SolverFailed(msg)


def _candidates(problem: Problem) -> Iterator[Solution]:
    """Yield answers, of the fastest solver for such a problem first and of the most robust last."""
    if not problem.bounded:
        yield from _some(closed_form(problem))
        _require_feasible(problem)
    if problem.size <= SMALL and not problem.cost:
        # Without turnover and gross exposure: where neither binds, that is the answer.
        yield from _some(daqp(problem))
    if isinstance(problem.form, Factors) and problem.form.loadings.shape[1] < problem.size:
        specific, variances = problem.form.specific_variance, problem.form.variances()
        if specific.min() > SPECIFIC * variances.mean():
            yield from _some(dual_newton.solve(problem, specific))
        _require_feasible(problem)
    else:
        yield from _by_newton(problem)
    answer = interior_point.solve(problem)
    if answer is not None:
        yield answer
        yield from _some(_newton(problem, SHARES[-1], answer))


def _some(candidate: Solution | None) -> Iterator[Solution]:
    if candidate is not None:
        yield candidate


def _by_newton(problem: Problem) -> Iterator[Solution]:
    """Yield what Newton's method finds with V alone; no effort is spent on what is infeasible."""
    start = None
    if problem.size > MODELLED:
        model = rough_factors(problem.form)
        rough = replace(problem, form=model)
        start = dual_newton.solve(rough, model.specific_variance)
        if start is None or start.violation > VIOLATION:
            _require_feasible(problem)
        else:
            yield replace(start, problem=problem, known_pull=None)
    for share in SHARES:
        yield from _some(_newton(problem, share, start))
    _require_feasible(problem)


def _newton(problem: Problem, share: float, start: Solution | None) -> Solution | None:
    variances = problem.form.variances()
    separable = share * np.maximum(variances, 1e-3 * variances.mean())
    return dual_newton.solve(problem, separable, start, steps=STEPS, patience=PATIENCE)


def _require_feasible(problem: Problem) -> None:
    """Ask a linear programme why the fastest solver has no proven answer."""
    missed = least_violation(problem)
    if missed > VIOLATION:
        msg = (
            f"No weights keep all limits: the best miss by {missed:.2g}. Relax a limit, or change the target."
        )
        raise Infeasible(msg)


def closed_form(problem: Problem) -> Solution | None:
    """Solve as if there were no limits but the equalities; proven where none of the others binds."""
    equal = problem.equalities
    conditions = problem.conditions[:, equal]
    required = problem.least[equal] - conditions.T @ problem.weights
    trades, singular = closed_forms.least_tracking_error(problem.form, conditions, required)
    pull = problem.form.matvec(trades)
    prices = np.zeros(equal.size)
    prices[equal] = np.linalg.lstsq(conditions.T @ conditions, conditions.T @ pull)[0]
    return Solution(problem, trades, Multipliers(prices), "closed form", singular)


def daqp(problem: Problem) -> Solution | None:
    """Solve with the dense dual active-set method of DAQP, leaving out all absolute values.

    References
    ----------
    Arnstrom, Bemporad and Axehill, A dual active-set solver for embedded quadratic programming
    using recursive LDL' updates, IEEE Trans. Automatic Control 2022.

    """
    import daqp as library

    # In new weights x: the constraints are the problem's own arrays.
    matrix = np.require(problem.form.dense(), requirements="W")
    kinds = np.zeros(problem.size + problem.least.size, dtype=np.int32)
    kinds[problem.size :][problem.equalities] = 5  # marks an equality
    weights, _, status, report = library.solve(
        matrix,
        -(matrix @ problem.weights),
        np.require(problem.conditions.T, requirements="C"),
        np.concatenate([problem.upper, problem.most]),
        np.concatenate([problem.lower, problem.least]),
        kinds,
    )
    if status != 1:
        return None
    prices = -report["lam"][problem.size :]
    return Solution(problem, problem.within(weights - problem.weights), Multipliers(prices), FASTEST)
