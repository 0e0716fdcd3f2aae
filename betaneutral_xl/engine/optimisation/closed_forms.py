"""The exact answers where no limit binds: arrays in, arrays out, no labels.

Symbols as in the documentation: V the covariance, x (n,) new weights, d = x - w the trades.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.arrays import read_only
from betaneutral_xl.model.risk import Factors

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import CovarianceOperator

MET = 1e-10
"""Largest residual of a condition that counts as met."""


def least_squares(conditions: FloatArray, required: FloatArray) -> FloatArray:
    """Return the trades of least sum of squares that meet linear conditions.

    ``min d'd`` subject to ``A'd = b``, that is ``d = A (A'A)^-1 b``.

    Parameters
    ----------
    conditions
        A, shape (n, m).
    required
        b, shape (m,).

    Raises
    ------
    Infeasible
        If no trades meet the conditions.

    """
    trades = read_only(np.linalg.lstsq(conditions.T, required)[0])
    _require_met(conditions, trades, required)
    return trades


def least_tracking_error(
    form: CovarianceOperator, conditions: FloatArray, required: FloatArray
) -> tuple[FloatArray, bool]:
    """Return the trades of least tracking error that meet linear conditions.

    ``min d'V d`` subject to ``A'd = b``, that is ``d = V^-1 A (A'V^-1 A)^-1 b``. Where V is
    singular there are many such trades, and those of least sum of squares are returned.

    Parameters
    ----------
    form
        V of the n names that may be traded.
    conditions
        A, shape (n, m).
    required
        b, shape (m,).

    Returns
    -------
    tuple
        d, shape (n,), and whether V was singular.

    Raises
    ------
    Infeasible
        If no trades meet the conditions.

    """
    try:
        pulled = form.solver()(conditions)
        multipliers, *_ = np.linalg.lstsq(conditions.T @ pulled, required)
        trades: FloatArray = pulled @ multipliers
        singular = False
    except np.linalg.LinAlgError:
        trades, singular = _shortest(form, conditions, required), True
    # One step of refinement: the conditions hold to rounding, whatever the condition of V.
    trades = trades + least_squares(conditions, required - conditions.T @ trades)
    return trades, singular


def _shortest(form: CovarianceOperator, conditions: FloatArray, required: FloatArray) -> FloatArray:
    """Solve [V A; A' 0] [d; -l] = [0; b] for the shortest d, which exists where V^-1 does not.

    The shortest d lies in the span of the columns of V and A. With V = L L' of few columns that
    is a space of few dimensions, and V itself is not needed.
    """
    if isinstance(form, Factors) and not form.specific_variance.any():
        basis = np.linalg.qr(np.hstack([form.loadings, conditions]))[0]
        seen = basis.T @ form.loadings
        return basis @ _by_optimality_system(seen @ seen.T, basis.T @ conditions, required)
    return _by_optimality_system(form.dense(), conditions, required)


def _by_optimality_system(matrix: FloatArray, conditions: FloatArray, required: FloatArray) -> FloatArray:
    n, m = conditions.shape
    system = np.block([[matrix, conditions], [conditions.T, np.zeros((m, m))]])
    answer, *_ = np.linalg.lstsq(system, np.concatenate([np.zeros(n), required]))
    trades: FloatArray = answer[:n]
    return trades


def _require_met(conditions: FloatArray, trades: FloatArray, required: FloatArray) -> None:
    gap = float(np.abs(conditions.T @ trades - required).max(initial=0.0))
    if not gap <= MET * max(1.0, float(np.abs(required).max(initial=0.0))):
        msg = (
            f"No weights meet all conditions: the best miss by {gap:.2g}. "
            "Let more names be traded (universe union), or change the target."
        )
        raise Infeasible(msg)
