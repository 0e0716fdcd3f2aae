"""The sequence of solvers for a quadratic program; the first proven solution is returned.

Every solution is certified from the program alone. Newton's method on the dual is the fastest wherever V
has enough specific variance; if its solution is not proven, a linear program decides feasibility, and
the interior point method is the fallback.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from betaneutral_xl.engine.optimisation import closed_forms
from betaneutral_xl.engine.optimisation.quadratic import VIOLATION, Duals, QuadraticProgram, Solution
from betaneutral_xl.errors import Infeasible, SolverFailed
from betaneutral_xl.model.risk import Factors
from betaneutral_xl.system import optional

FASTEST = "DAQP"
"""Name, on its solutions, of the solver for few names without absolute values."""

SMALL = 120
"""Largest number of names for which the dense active-set solver is the fastest."""

ROUGH_MODEL = 160
"""Number of names above which Newton's method on a dense V starts from that of a rough factor model."""

SHARE = 0.3
"""Share of the diagonal of a dense V that is its separable part."""

SPECIFIC = 1e-6
"""Smallest specific variance, relative to the mean variance, that can be the separable part."""

PROXIMAL = 1e-2
"""Weight of the proximal point method where there is no separable part, relative to the mean variance."""

STEPS, PATIENCE = 20, 9
"""Newton steps, and steps without progress, after which the share has proved too large."""


def solve(problem: QuadraticProgram) -> Solution:
    """Return a proven solution of a quadratic program: feasible and optimal within the tolerances.

    Raises
    ------
    Infeasible
        If no weights keep all limits, by a linear program.
    SolverFailed
        If there are such weights, but no solver's solution could be proven.

    """
    best = math.inf
    for candidate in _candidates(problem):
        if candidate is None:
            continue
        if candidate.proven:
            return candidate
        best = min(best, max(candidate.violation, candidate.gap))
    msg = (
        f"No solver's solution for {problem.size} names could be proven (smallest error {best:.2g}). "
        "Widen the tightest limit a little, or use a covariance with specific risk."
    )
    raise SolverFailed(msg)


def _candidates(problem: QuadraticProgram) -> Iterator[Solution | None]:
    """Yield solutions, from the fastest solver for such a program to the most robust; None of a failure."""
    if not problem.size:  # no name may be traded, and solvers take no program without variables
        _require_feasible(problem)
        yield Solution(problem, np.zeros(0), Duals(np.zeros(problem.row_lower.size)), "closed form")
        return
    if not problem.has_inequalities:
        yield closed_forms.solve(problem)
        _require_feasible(problem)
    if problem.size <= SMALL and not problem.cost:
        # It ignores limits of turnover and gross exposure: its solution is proven if neither binds.
        yield daqp(problem)
    yield from _for_many(problem)


def _for_many(problem: QuadraticProgram) -> Iterator[Solution | None]:
    """Yield solutions of the solvers for any number of names and all limits."""
    from betaneutral_xl.engine.optimisation import dual_newton, interior_point

    if isinstance(problem.covariance, Factors) and problem.covariance.loadings.shape[1] < problem.size:
        specific, mean = problem.covariance.specific_variance, float(problem.covariance.variances().mean())
        rho = 0.0 if specific.min() > SPECIFIC * mean else PROXIMAL * (mean or 1.0)
        found = dual_newton.solve(problem, specific, rho=rho, patience=PATIENCE)
        yield found
        _require_feasible(problem)
        yield dual_newton.solve(problem, specific, found, rho=rho)
    else:
        yield from _by_newton(problem)
    yield interior_point.solve(problem)


def _by_newton(problem: QuadraticProgram) -> Iterator[Solution | None]:
    """Yield solutions of Newton's method with a dense V, after a check of feasibility if in doubt."""
    from betaneutral_xl.engine.optimisation import dual_newton
    from betaneutral_xl.engine.optimisation.rough_model import rough_factors

    start = None
    if problem.size > ROUGH_MODEL:
        model = rough_factors(problem.covariance)
        rough = replace(problem, covariance=model)
        start = dual_newton.solve(rough, model.specific_variance)
        if start is None or start.violation > VIOLATION:
            _require_feasible(problem)
            start = None
        else:
            yield replace(start, problem=problem, known_gradient=None)
    variances = problem.covariance.variances()
    mean = float(variances.mean()) or 1.0
    separable = SHARE * np.maximum(variances, 1e-3 * mean)
    yield dual_newton.solve(problem, separable, start, steps=STEPS, patience=PATIENCE)
    if start is None:
        _require_feasible(problem)
    yield dual_newton.solve(problem, 0.0 * variances, start, rho=PROXIMAL * mean)


def _require_feasible(problem: QuadraticProgram) -> None:
    """Raise Infeasible if, by a linear program, no weights keep all limits."""
    from betaneutral_xl.engine.optimisation.linear import least_violation

    violation = least_violation(problem)
    if violation > VIOLATION:
        msg = (
            f"No weights keep all limits: the best miss by {violation:.2g}. "
            "Relax a limit, or change the target."
        )
        raise Infeasible(msg)


def daqp(problem: QuadraticProgram) -> Solution | None:
    """Solve with the dense dual active-set method of DAQP, ignoring all absolute values.

    None where it finds no solution, or its package cannot be imported.

    References
    ----------
    Arnstrom, Bemporad and Axehill, A dual active-set solver for embedded quadratic programming
    using recursive LDL' updates, IEEE Trans. Automatic Control 2022.

    """
    library = optional.find("daqp")
    if library is None:
        return None
    # In new weights x: the constraints are the program's own arrays.
    matrix = np.require(problem.covariance.dense(), requirements="W")
    senses = np.zeros(problem.size + problem.row_lower.size, dtype=np.int32)
    senses[problem.size :][problem.equalities] = 5  # an equality
    weights, _, status, report = library.solve(
        matrix,
        -(matrix @ problem.weights),
        np.require(problem.conditions.T, requirements=["C", "W"]),
        np.concatenate([problem.upper, problem.row_upper]),
        np.concatenate([problem.lower, problem.row_lower]),
        senses,
    )
    if status != 1:
        return None
    duals = -report["lam"][problem.size :]
    return Solution(problem, problem.polish(weights - problem.weights), Duals(duals), FASTEST)
