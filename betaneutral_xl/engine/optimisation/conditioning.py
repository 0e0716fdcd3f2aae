"""Replace nearly dependent equalities of a quadratic program by orthonormal ones.

Betas to two ETFs that are near copies of each other are nearly the same condition. With the equalities'
columns ``A = Q R`` (Householder), ``A'x = b`` is ``Q'x = R^-T b``: the same weights, but the rounding errors
of every solver, and of the certificate, are then relative to the condition number of Q, which is 1, instead
of the square of A's.

References
----------
Golub and Van Loan, Matrix Computations, 4th ed., section 5.3.

"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from betaneutral_xl.engine.optimisation.quadratic import QuadraticProgram

NEARLY_DEPENDENT, DEPENDENT = 1e4, 1e13
"""Condition numbers of the equalities from which on they are replaced, and from which on they are dependent
to rounding: no orthonormal ones have the same solutions then."""


def well_conditioned(problem: QuadraticProgram) -> QuadraticProgram:
    """Return an equivalent program whose equalities are not nearly dependent.

    Its duals of equalities are those of the orthonormal conditions, so it is certified as it is. A program
    whose equalities are well conditioned is returned itself.
    """
    equal = problem.equalities
    if not 1 < equal.sum() <= problem.size:
        return problem
    basis, triangle = np.linalg.qr(problem.conditions[:, equal])
    if not NEARLY_DEPENDENT <= np.linalg.cond(triangle) < DEPENDENT:
        return problem
    conditions = problem.conditions.copy()
    lower, upper = problem.row_lower.copy(), problem.row_upper.copy()
    conditions[:, equal] = basis
    lower[equal] = upper[equal] = np.linalg.solve(triangle.T, problem.row_lower[equal])
    return replace(problem, conditions=conditions, row_lower=lower, row_upper=upper)
