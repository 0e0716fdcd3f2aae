"""Closed-form solutions under equalities alone.

Symbols as in the documentation: V the covariance, x (n,) new weights, d = x - w the trades.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation.quadratic import Duals, QuadraticProgram, Solution
from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.risk import Dense, Factors, solved_once

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import CovarianceOperator

RESIDUAL = 1e-10
"""Largest residual of a condition that counts as met."""


def solve(problem: QuadraticProgram) -> Solution:
    """Return the solution under the equalities alone."""
    equal = problem.equalities
    conditions = problem.conditions[:, equal]
    required = problem.row_lower[equal] - conditions.T @ problem.weights
    trades, singular = least_tracking_error(problem.covariance, conditions, required)
    gradient = problem.covariance.matvec(trades)
    duals = np.zeros(equal.size)
    duals[equal] = np.linalg.lstsq(conditions.T @ conditions, conditions.T @ gradient, rcond=None)[0]
    return Solution(problem, trades, Duals(duals), "closed form", singular)


def least_tracking_error(
    covariance: CovarianceOperator, conditions: FloatArray, required: FloatArray
) -> tuple[FloatArray, bool]:
    """Return the trades of least tracking error under linear equalities, and whether V was singular.

    ``min d'V d`` subject to ``A'd = b``, A of shape (n, m): ``d = V^-1 A (A'V^-1 A)^-1 b``. Where V is
    singular there are many such trades, and those of least sum of squares are returned.

    Raises
    ------
    Infeasible
        If no trades meet the conditions.

    """
    try:
        solved = solved_once(covariance, conditions)
        duals, *_ = np.linalg.lstsq(conditions.T @ solved, required, rcond=None)
        trades: FloatArray = solved @ duals
        singular = False
    except np.linalg.LinAlgError:
        trades, singular = _minimum_norm(covariance, conditions, required), True
    # One step of refinement: the equalities hold to rounding, however ill-conditioned V is.
    trades = trades + np.linalg.lstsq(conditions.T, required - conditions.T @ trades, rcond=None)[0]
    gap = float(np.abs(conditions.T @ trades - required).max(initial=0.0))
    if not gap <= RESIDUAL * max(1.0, float(np.abs(required).max(initial=0.0))):
        msg = (
            f"No weights meet all conditions: the best miss by {gap:.2g}. "
            "Let more names be traded (universe union), or change the target."
        )
        raise Infeasible(msg)
    return trades, singular


def _minimum_norm(covariance: CovarianceOperator, conditions: FloatArray, required: FloatArray) -> FloatArray:
    """Solve [V A; A' 0] [d; -l] = [0; b] for the d of least norm, where V is singular.

    That d lies in the span of the columns of V and A. With V = L L' of few columns that is a
    subspace of few dimensions, and V need not be formed.
    """
    if isinstance(covariance, Factors) and not covariance.specific_variance.any():
        basis = np.linalg.qr(np.hstack([covariance.loadings, conditions]))[0]
        reduced = basis.T @ covariance.loadings
        return basis @ _minimum_norm(Dense(reduced @ reduced.T), basis.T @ conditions, required)
    n, m = conditions.shape
    system = np.block([[covariance.dense(), conditions], [conditions.T, np.zeros((m, m))]])
    solution, *_ = np.linalg.lstsq(system, np.concatenate([np.zeros(n), required]), rcond=None)
    trades: FloatArray = solution[:n]
    return trades
