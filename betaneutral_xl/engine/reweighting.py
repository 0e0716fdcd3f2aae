"""Reweighting by one of its methods: the proven solution of a quadratic program, with notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation import cardinality, solvers
from betaneutral_xl.engine.optimisation.linear import least_turnover
from betaneutral_xl.engine.optimisation.reachable import reachable
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.constraints import SMALLEST_TRADE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from betaneutral_xl.engine.optimisation.conditions import Formulation
    from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram, Solution
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.constraints import Constraints, Range


def reweight(
    formulation: Formulation, method: Method, betas: FloatArray, targets: Sequence[Range]
) -> tuple[Solution, tuple[str, ...]]:
    """Solve a formulated problem by one of the methods of reweighting.

    Parameters
    ----------
    formulation
        The quadratic program of the method's objective.
    method
        ``reweight``, ``least_squares`` or ``fewest_trades``.
    betas, targets
        The arguments of ``formulate``; they explain why there is no solution.

    Returns
    -------
    tuple
        The solution, and notes on it, one line each.

    Raises
    ------
    Infeasible
        If no weights keep all limits; its ``reachable`` gives the betas within the limits.
    SolverFailed
        If there are such weights, but no solution could be proven.

    """
    limits = formulation.constraints
    try:
        if method is Method.FEWEST_TRADES:
            return _few(formulation.problem)
        if limits.max_trades is not None or limits.min_trade:
            return _sparse(formulation.problem, limits)
        solution = solvers.solve(formulation.problem)
    except Infeasible as error:
        found = reachable(formulation, betas, targets)
        if found.feasible:  # then the limits on the number or size of trades are infeasible
            raise
        raise Infeasible(found.sentence(), reachable=found) from error
    if solution.minimum_norm:
        return solution, (
            "The covariance is singular: of the many solutions of least tracking error this is the one with "
            "the smallest trades.",
        )
    return solution, ()


def _few(problem: QuadraticProgram) -> tuple[Solution, tuple[str, ...]]:
    """Minimise tracking error over the names that the least turnover needs."""
    trades = least_turnover(problem)
    if trades is None:
        msg = "No weights keep all limits. Relax a limit, or change the target."
        raise Infeasible(msg)
    fixed = np.abs(trades) <= SMALLEST_TRADE
    lower, upper = (np.where(fixed, problem.weights, bound) for bound in (problem.lower, problem.upper))
    solution = solvers.solve(problem.with_bounds(lower, upper))
    note = (
        f"A turnover of {float(np.abs(trades).sum()) / 2.0:.4%} is the least that keeps all limits; it takes "
        f"{problem.size - int(fixed.sum())} names, on which tracking error is then least."
    )
    return solution, (note,)


def _sparse(problem: QuadraticProgram, limits: Constraints) -> tuple[Solution, tuple[str, ...]]:
    """Solve with limits on the number and size of trades."""
    found = cardinality.solve(problem, limits.max_trades, limits.min_trade)
    if found.optimal:
        note = f"No better choice of trades exists ({found.nodes} choices were compared)."
    else:
        note = (
            f"The best choice of trades found among {found.nodes}; a better one could lower the objective by "
            f"a fraction of {found.gap:.2g} at most."
        )
    return found.solution, (note,)
