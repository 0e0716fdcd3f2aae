"""The result of an estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from betaneutral_xl.model.arrays import FloatArray, read_only

if TYPE_CHECKING:
    from betaneutral_xl.model.risk import CovarianceOperator


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A daily covariance of N names, and the amount of data it is based on.

    Attributes
    ----------
    form
        V, daily, decimals.
    effective_days
        As ``Covariance.effective_days``.
    seen
        Shape (N,), as ``Covariance.seen``.
    notes
        Notes for the user, one line each.

    """

    form: CovarianceOperator
    effective_days: float
    seen: FloatArray
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "seen", read_only(self.seen))
