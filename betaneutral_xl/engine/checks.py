"""Checks of a result, recomputed from the result itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from betaneutral_xl.engine.optimisation.quadratic import Solution
    from betaneutral_xl.model.alignment import Aligned
    from betaneutral_xl.model.arrays import FloatArray

LIMIT = 1e-8
"""Tolerance for an excess over a limit, for sums of size 1."""


def size_of(*terms: FloatArray) -> float:
    """Return the scale of sums to which their rounding errors are relative: at least 1.

    The error of a sum is a small multiple of the machine epsilon times the sum of the absolute values
    of its terms (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2), whatever the
    order in which a processor adds them. So a tolerance is a multiple of this size, not a constant.

    >>> size_of(np.array([0.5, -0.25])), size_of(np.array([2e9, -1.0]), np.array([3.0]))
    (1.0, 2000000001.0)
    """
    return max(1.0, *(float(np.abs(one).sum()) for one in terms))


@dataclass(frozen=True, slots=True)
class Check:
    """A statement about a result with its residual and the allowed limit."""

    name: str
    residual: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the residual is within the limit; False for NaN."""
        return self.residual <= self.limit


def check_solution(aligned: Aligned, new_weights: FloatArray, solution: Solution) -> Iterator[Check]:
    """Yield checks that the new weights are the solution's and that the solution is optimal.

    The proof is made anew from the covariance, the trades and the duals.
    """
    made = float(np.abs(new_weights - aligned.weights).sum())
    gap = abs(made - float(np.abs(solution.trades).sum()))
    yield Check("trades are the solution's", gap, LIMIT * size_of(new_weights, aligned.weights))
    yield Check(
        "no other weights on the names traded are better (gap of the objective)",
        solution.gap,
        solution.gap_tolerance,
    )
