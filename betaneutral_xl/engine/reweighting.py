"""Reweighting a posed problem by one of its methods: the proven solution, and what is to be said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation import cardinality, solvers
from betaneutral_xl.engine.optimisation.linear import fewest_trades
from betaneutral_xl.engine.optimisation.reachable import reachable
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.constraints import SMALLEST_TRADE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from betaneutral_xl.engine.optimisation.conditions import Posed
    from betaneutral_xl.engine.optimisation.quadratic import Problem, Solution
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.constraints import Constraints, Range


def reweight(
    posed: Posed, method: Method, betas: FloatArray, wanted: Sequence[Range]
) -> tuple[Solution, tuple[str, ...]]:
    """Return the proven solution, and what is to be said of it, one line each.

    Parameters
    ----------
    posed
        The problem of the method's objective.
    method
        ``reweight``, ``least_squares`` or ``fewest_trades``.
    betas, wanted
        What the problem was posed with; they explain it where it has no solution.

    Raises
    ------
    Infeasible
        If no weights keep all limits; its ``reachable`` says which betas could be reached.
    SolverFailed
        If there are such weights, but no answer could be proven.

    """
    limits = posed.constraints
    try:
        if method is Method.FEWEST_TRADES:
            return _few(posed.problem)
        if limits.max_trades is not None or limits.min_trade:
            return _sparse(posed.problem, limits)
        solution = solvers.solve(posed.problem)
    except Infeasible as error:
        found = reachable(posed, betas, wanted)
        if found.feasible:  # then it is the number or size of trades that cannot be kept
            raise
        raise Infeasible(found.sentence(), reachable=found) from error
    if solution.shortest:
        return solution, (
            "The covariance is singular: of the many answers of least tracking error the one with "
            "the smallest trades is given.",
        )
    return solution, ()


def _few(problem: Problem) -> tuple[Solution, tuple[str, ...]]:
    """Let only those names be traded that are needed for the least turnover."""
    trades = fewest_trades(problem)
    if trades is None:
        msg = "No weights keep all limits."
        raise Infeasible(msg)
    still = np.abs(trades) <= SMALLEST_TRADE
    lower, upper = (np.where(still, problem.weights, bound) for bound in (problem.lower, problem.upper))
    solution = solvers.solve(problem.restricted(lower, upper))
    note = (
        f"A turnover of {float(np.abs(trades).sum()) / 2.0:.4%} is the least that keeps all limits; it takes "
        f"{problem.size - int(still.sum())} names, on which tracking error is then least."
    )
    return solution, (note,)


def _sparse(problem: Problem, limits: Constraints) -> tuple[Solution, tuple[str, ...]]:
    """Limit the number and the size of trades."""
    most = problem.size if limits.max_trades is None else limits.max_trades
    found = cardinality.solve(problem, most, limits.min_trade)
    if found.optimal:
        note = f"No better choice of trades exists ({found.nodes} choices were compared)."
    else:
        note = (
            f"The best choice of trades found among {found.nodes}; a better one could lower the objective by "
            f"{found.gap:.2g} of itself at most."
        )
    return found.solution, (note,)
