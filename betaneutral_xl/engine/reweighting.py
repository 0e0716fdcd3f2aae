"""Reweighting: solve an optimisation problem by the chosen method and verify the solution."""

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
    posed: Posed, method: Method, betas: FloatArray, beta_ranges: Sequence[Range]
) -> tuple[Solution, tuple[str, ...]]:
    """Solve the problem and return the verified solution with notes for the user, one line each.

    Parameters
    ----------
    posed
        The problem with the method's objective.
    method
        ``reweight``, ``least_squares`` or ``fewest_trades``.
    betas, beta_ranges
        Betas, shape (n, K), and allowed range of each ETF's beta; used to explain infeasibility.

    Raises
    ------
    Infeasible
        If no weights satisfy all limits; its ``reachable`` gives the betas that can be reached.
    SolverFailed
        If feasible weights exist, but no solution could be verified.

    """
    limits = posed.constraints
    try:
        if method is Method.FEWEST_TRADES:
            return _fewest_trades(posed.problem)
        if limits.max_trades is not None or limits.min_trade:
            return _limit_trades(posed.problem, limits)
        solution = solvers.solve(posed.problem)
    except Infeasible as error:
        found = reachable(posed, betas, beta_ranges)
        if found.feasible:  # the limits on the number or size of trades are what is infeasible
            raise
        raise Infeasible(found.sentence(), reachable=found) from error
    if solution.shortest:
        return solution, (
            "The covariance is singular: several solutions have the least tracking error; the one with "
            "the smallest trades is returned.",
        )
    return solution, ()


def _fewest_trades(problem: Problem) -> tuple[Solution, tuple[str, ...]]:
    """Minimise turnover, then tracking error over the names that are traded."""
    trades = fewest_trades(problem)
    if trades is None:
        msg = "No weights keep all limits."
        raise Infeasible(msg)
    untraded = np.abs(trades) <= SMALLEST_TRADE
    lower, upper = (np.where(untraded, problem.weights, bound) for bound in (problem.lower, problem.upper))
    solution = solvers.solve(problem.restricted(lower, upper))
    note = (
        f"A turnover of {float(np.abs(trades).sum()) / 2.0:.4%} is the least that keeps all limits; it "
        f"trades {problem.size - int(untraded.sum())} names, over which tracking error is then minimised."
    )
    return solution, (note,)


def _limit_trades(problem: Problem, limits: Constraints) -> tuple[Solution, tuple[str, ...]]:
    """Minimise the objective with limits on the number and the size of trades."""
    most = problem.size if limits.max_trades is None else limits.max_trades
    found = cardinality.solve(problem, most, limits.min_trade)
    if found.optimal:
        note = f"No better choice of trades exists ({found.nodes} choices were compared)."
    else:
        note = (
            f"The best choice of trades found among {found.nodes}; a better one could lower the objective by "
            f"a fraction of {found.gap:.2g} at most."
        )
    return found.solution, (note,)
