"""Residuals of quadratic penalties where each is left out of the problem in turn.

The weights x that minimise ``1/2 x'Hx + g'x``, with ``H = R + P P'``, are fitted to what P penalises: the
residuals ``r = P'x - c`` are smaller than those of a penalty that x was not fitted to. Without the columns
P_b of a group b the solution is another one, and the group's residuals of that one are

    (I - L_b)^-1 r_b,    L_b = P_b'G P_b,    G = S - S A (A'S A)^-1 A'S,    S = H_FF^-1

by the Sherman-Morrison-Woodbury identity, with F the names on no limit and A their coefficients in the
conditions that hold with equality: G is the inverse of H on the directions that these leave open. For one
column that is ``r / (1 - h)`` with its leverage h. It is exact as long as the same limits bind.

Absolute values are linear as long as no sign changes: names at their kink do not move.

References
----------
Allen, The relationship between variable selection and data augmentation and a method for prediction,
Technometrics 16 (1974), 125-127 (PRESS).
Golub, Heath and Wahba, Generalized cross-validation as a method for choosing a good ridge parameter,
Technometrics 21 (1979), 215-223.

"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.optimisation.quadratic import ON_LIMIT
from betaneutral_xl.model.risk import Dense, Factors, solved_once

if TYPE_CHECKING:
    from betaneutral_xl.engine.optimisation.penalties import PenalisedSolution
    from betaneutral_xl.model.arrays import BoolArray, FloatArray
    from betaneutral_xl.model.risk import CovarianceOperator

DETERMINED = 1e-9
"""Where ``1 - h`` is below it, nothing but the group itself determines the solution."""

DEPENDENT = 1e-10
"""Relative size of an eigenvalue below which conditions are dependent."""


def left_out(solution: PenalisedSolution, size: int, pull: float = 0.0) -> FloatArray:
    """Return how the residuals of penalties change where each group of them is left out.

    Parameters
    ----------
    solution
        The solution, with q penalties.
    size
        K, number of penalties of a group: consecutive columns of P.
    pull
        Part of H's diagonal that is left out as well, at whose minimum the solution is taken to be.

    Returns
    -------
    ndarray, shape (q / K, K)
        Residual without the group less that with it; NaN where only the group determines the solution.

    """
    residuals = solution.residuals.reshape(-1, size)
    if not residuals.size:
        return np.zeros(residuals.shape)
    groups, each = len(residuals), np.arange(len(residuals))
    leverage = _leverages(solution, pull).reshape(groups, size, groups, size)[each, :, each, :]
    left = np.eye(size) - leverage
    determined = np.linalg.eigvalsh((left + left.transpose(0, 2, 1)) / 2.0)[:, 0] > DETERMINED
    found = np.full(residuals.shape, math.nan)
    found[determined] = np.linalg.solve(left[determined], residuals[determined][:, :, None])[:, :, 0]
    return found - residuals


def _leverages(solution: PenalisedSolution, pull: float) -> FloatArray:
    """Return P'G P, shape (q, q)."""
    free = _free(solution)
    loadings, conditions = solution.penalised.loadings[free], _conditions(solution, free)
    form = _less(solution.problem.covariance.subset(np.flatnonzero(free)), pull)
    q = loadings.shape[1]
    try:
        solved = solved_once(form, np.hstack([loadings, conditions]))
    except np.linalg.LinAlgError:
        return loadings.T @ _least_moves(form, loadings, conditions)
    across, fixed = conditions.T @ solved[:, :q], conditions.T @ solved[:, q:]
    scale = np.sqrt(np.maximum(fixed.diagonal(), np.finfo(np.float64).tiny))
    across = across / scale[:, None]
    inverse = np.linalg.pinv(fixed / np.outer(scale, scale), rcond=DEPENDENT, hermitian=True)
    leverages: FloatArray = loadings.T @ solved[:, :q] - across.T @ inverse @ across
    return leverages


def _least_moves(form: CovarianceOperator, loadings: FloatArray, conditions: FloatArray) -> FloatArray:
    """Return G P where H is singular, of least norm: P is in the span of H, so that P'G P is unique."""
    m = conditions.shape[1]
    system = np.block([[form.dense(), conditions], [conditions.T, np.zeros((m, m))]])
    wanted = np.vstack([loadings, np.zeros((m, loadings.shape[1]))])
    moves: FloatArray = np.linalg.lstsq(system, wanted, rcond=None)[0][: len(loadings)]
    return moves


def _free(solution: PenalisedSolution) -> BoolArray:
    """Return which names are on no limit, and at no kink of an absolute value, shape (n,)."""
    problem, trades = solution.problem, solution.trades
    x = problem.weights + trades
    free: BoolArray = (x - problem.lower > ON_LIMIT) & (problem.upper - x > ON_LIMIT)
    if problem.cost or _turnover_binds(solution):
        free &= np.abs(trades) > ON_LIMIT
    if _gross_binds(solution):
        free &= np.abs(x) > ON_LIMIT
    return free


def _conditions(solution: PenalisedSolution, free: BoolArray) -> FloatArray:
    """Return the free names' coefficients in the conditions that hold with equality, shape (F, a)."""
    problem, trades = solution.problem, solution.trades
    x = problem.weights + trades
    rows = problem.conditions.T @ x
    binding = problem.equalities | (np.abs(rows - problem.row_lower) <= ON_LIMIT)
    binding |= np.abs(rows - problem.row_upper) <= ON_LIMIT
    parts = [problem.conditions[free][:, binding]]
    if _turnover_binds(solution):
        parts.append(np.sign(trades[free])[:, None])
    if _gross_binds(solution):
        parts.append(np.sign(x[free])[:, None])
    return np.hstack(parts)


def _turnover_binds(solution: PenalisedSolution) -> bool:
    traded = float(np.abs(solution.trades).sum()) / 2.0
    return solution.problem.turnover - traded <= ON_LIMIT


def _gross_binds(solution: PenalisedSolution) -> bool:
    gross = float(np.abs(solution.problem.weights + solution.trades).sum())
    return solution.problem.gross - gross <= ON_LIMIT


def _less(form: CovarianceOperator, pull: float) -> CovarianceOperator:
    """Return a covariance less a multiple of the identity."""
    if not pull:
        return form
    if isinstance(form, Factors):
        return Factors(form.loadings, form.specific_variance - pull)
    matrix = np.array(form.dense())
    matrix[np.diag_indices(len(matrix))] -= pull
    return Dense(matrix)
