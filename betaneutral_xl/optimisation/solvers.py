"""The solvers that stand in line for a quadratic problem; the first proven answer is taken.

Each is a function ``Problem -> Solution | None``. None means that it has nothing to say about a
problem of this kind, or gave up. No solver's word is taken for its answer: a solution proves itself.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import Infeasible, SolverFailed
from betaneutral_xl.optimisation import closed_forms
from betaneutral_xl.optimisation import dual_newton as newton
from betaneutral_xl.optimisation.linear import Limits, least_violation
from betaneutral_xl.optimisation.quadratic import VIOLATION, Multipliers, Problem, Solution
from betaneutral_xl.risk import Factors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from betaneutral_xl.arrays import FloatArray
    from betaneutral_xl.risk import Form

FASTEST = "DAQP"
"""The name of the solver for few names and no absolute values, on the solutions that it finds."""

SMALL = 120
"""Up to so many names the dense active-set solver is the fastest."""

EXACT = 1e-13
"""Residual of an equality that is rounding."""

DENSE_AS_FACTORS = 400
"""Up to so many names a dense matrix is taken apart by its eigenvalues (n^3), as n factors."""

PRECISION = 1e-10
"""Residual asked of the interior-point solver."""

SCALE = 1e3
"""Mean variance that it is given, so that the objectives of small trades are not lost in its residual."""


def solve(problem: Problem) -> Solution:
    """Return the proven solution of a problem.

    Raises
    ------
    Infeasible
        If no weights keep all limits (a linear programme is the judge).
    SolverFailed
        If there are such weights, but no solver's answer could be proven.

    """
    guess = _without_kinks(problem)
    if guess is not None and guess.proven:
        return guess
    best = math.inf
    feasible = False
    for solver in _solvers(problem):
        candidate = solver(problem)
        if candidate is not None:
            if candidate.proven:
                return candidate
            best = min(best, max(candidate.violation, candidate.gap))
        if not feasible:
            _require_feasible(problem)
            feasible = True
    msg = (
        f"No solver's answer for {problem.size} names could be proven (the best is off by {best:.2g}). "
        "Widen the tightest limit a little, or use a covariance with specific risk."
    )
    raise SolverFailed(msg)


def _require_feasible(problem: Problem) -> None:
    """Ask a linear programme why the fastest solver has no proven answer."""
    missed = least_violation(problem)
    if missed > VIOLATION:
        msg = (
            f"No weights keep all limits: the best miss by {missed:.2g}. Relax a limit, or change the target."
        )
        raise Infeasible(msg)


def _solvers(problem: Problem) -> Iterator[Callable[[Problem], Solution | None]]:
    """Name the solvers for this kind of problem, the fastest first and the most robust last."""
    if not problem.bounded:
        yield closed_form
    else:
        if problem.size <= SMALL and not problem.kinked:
            yield daqp
        # Its first step is the closed form, with which it ends where no limit binds.
        yield dual_newton
        yield piqp


def _without_kinks(problem: Problem) -> Solution | None:
    """Leave out turnover and gross exposure: where neither binds, the fastest solver has the answer."""
    if not problem.kinked or problem.cost or problem.size > SMALL:
        return None
    found = daqp(replace(problem, turnover=math.inf, gross=math.inf))
    return None if found is None else replace(found, problem=problem)


def closed_form(problem: Problem) -> Solution | None:
    """Solve as if there were no limits but the equalities; proven where none of the others binds."""
    equal = problem.equalities
    conditions = problem.conditions[:, equal]
    required = problem.least[equal] - conditions.T @ problem.weights
    trades, singular = closed_forms.least_tracking_error(problem.form, conditions, required)
    pull = problem.form.times(trades)
    prices = np.zeros(equal.size)
    prices[equal] = np.linalg.lstsq(conditions.T @ conditions, conditions.T @ pull)[0]
    return Solution(problem, trades, Multipliers(prices), "closed form", singular)


def dual_newton(problem: Problem) -> Solution | None:
    """Solve by Newton's method on the dual; a dense matrix of moderate size is taken apart first."""
    form = _taken_apart(problem.form)
    return newton.solve(problem, form) if isinstance(form, Factors) else None


def daqp(problem: Problem) -> Solution | None:
    """Solve with the dense dual active-set method of DAQP; for few names and no absolute values.

    References
    ----------
    Arnstrom, Bemporad and Axehill, A dual active-set solver for embedded quadratic programming
    using recursive LDL' updates, IEEE Trans. Automatic Control 2022.

    """
    import daqp as library  # noqa: PLC0415 - only where a bound binds

    if problem.kinked:
        return None
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
    return Solution(problem, _within(problem, weights - problem.weights), Multipliers(prices), FASTEST)


def piqp(problem: Problem) -> Solution | None:
    """Solve with the proximal interior-point method of PIQP, in sparse form.

    Variables are the trades d, in factor form u = L'd, and where absolute values enter a >= abs(d)
    and b >= abs(w + d).

    References
    ----------
    Schwan, Jiang, Kuhn and Jones, PIQP: A proximal interior-point quadratic programming solver,
    IEEE CDC 2023.

    """
    import piqp as library  # noqa: PLC0415 - only where the faster ones have not found an answer
    from scipy import sparse  # noqa: PLC0415 - 0.1 s to import

    n, form = problem.size, _taken_apart(problem.form)
    limits = Limits.of(problem)
    blank = sparse.csc_array((limits.count - n, limits.count - n))
    if isinstance(form, Factors):
        factors = form.loadings.shape[1]
        blocks = [sparse.diags_array(form.specific_variance), blank, sparse.eye_array(factors)]
        definition = sparse.csc_array(np.hstack([form.loadings.T, np.zeros((factors, limits.count - n))]))
        rows = sparse.block_array(
            [[limits.rows, None], [definition, -sparse.eye_array(factors)]], format="csr"
        )
    else:
        factors = 0
        blocks = [sparse.csc_array(form.dense()), blank]
        rows = sparse.csr_array(limits.rows)
    least = np.concatenate([limits.least, np.zeros(factors)])
    most = np.concatenate([limits.most, np.zeros(factors)])
    equal = least == most
    loose = ~equal & (np.isfinite(least) | np.isfinite(most))
    scale = SCALE / float(form.variances().mean())
    linear = np.zeros(limits.count + factors)
    linear[limits.trade_sizes] = scale * problem.cost
    endless = np.full(factors, np.inf)

    solver = library.SparseSolver()
    settings = solver.settings
    settings.eps_abs = settings.eps_rel = settings.eps_duality_gap_abs = settings.eps_duality_gap_rel = (
        PRECISION
    )
    settings.max_iter = 200
    solver.setup(
        sparse.csc_matrix(scale * sparse.block_diag(blocks)),
        linear,
        sparse.csc_matrix(rows[equal]),
        most[equal],
        sparse.csc_matrix(rows[loose]),
        least[loose],
        most[loose],
        np.concatenate([limits.lower, -endless]),
        np.concatenate([limits.upper, endless]),
    )
    solver.solve()
    found = solver.result
    trades = np.asarray(found.x)[:n]
    prices = np.zeros(equal.size)
    prices[equal] = -np.asarray(found.y) / scale
    prices[loose] = (np.asarray(found.z_l) - np.asarray(found.z_u)) / scale
    if not (np.isfinite(trades).all() and np.isfinite(prices).all()):
        return None
    caps = [max(-float(price), 0.0) for price in prices[limits.caps]]
    turnover = caps.pop(0) if math.isfinite(problem.turnover) else 0.0
    gross = caps.pop(0) if math.isfinite(problem.gross) else 0.0
    multipliers = Multipliers(prices[: problem.least.size], turnover, gross)
    found = Solution(problem, _within(problem, trades), multipliers, "PIQP")
    if not found.proven and isinstance(form, Factors):
        polished = newton.solve(problem, form, found)
        return polished if polished is not None and polished.proven else found
    return found


def _taken_apart(form: Form) -> Form:
    """Return a matrix of moderate size as factors, V = Q (values - floor) Q' + floor I.

    So too a sample of more days than names, of which that is the smaller form.
    """
    small = isinstance(form, Factors) and form.loadings.shape[1] <= form.size
    if small or form.size > DENSE_AS_FACTORS:
        return form
    return _eigenfactors(form)  # type: ignore[arg-type] # a form is hashed by its identity


@lru_cache(maxsize=4)  # a search solves many problems of one matrix
def _eigenfactors(form: Form) -> Factors:
    values, vectors = np.linalg.eigh(form.dense())
    floor = max(float(values[0]) / 2.0, 0.0)
    return Factors(vectors * np.sqrt(np.maximum(values - floor, 0.0)), np.full(form.size, floor))


def _within(problem: Problem, trades: FloatArray) -> FloatArray:
    """Put trades that are right but for rounding exactly on the bounds and equalities."""
    low, high = problem.lower - problem.weights, problem.upper - problem.weights
    trades = np.minimum(np.maximum(trades, low), high)
    off = (problem.least - problem.conditions.T @ (problem.weights + trades))[problem.equalities]
    if not np.abs(off).max(initial=0.0) > EXACT:
        return trades
    free = (trades > low) & (trades < high)
    conditions = problem.conditions[:, problem.equalities]
    trades[free] += np.linalg.lstsq(conditions[free].T, off)[0]
    return np.minimum(np.maximum(trades, low), high)
