"""Hedge ratios: how much of each ETF to sell, also where the ETFs are nearly collinear.

The hedge ratios h solve ``(B'F) h = B'w - t``. With S the ETFs' variances and C their correlations
that is ``C u = c`` in ``u = sqrt(S) h``. It is solved in u, whose scale does not depend on the
ETFs' volatilities. Where the ETFs are nearly collinear the solution is a large long-short position
in them; a ridge, a limit, or sell-only legs keep it small, at the cost of a residual beta.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError, UndefinedBeta
from betaneutral_xl.model.arrays import read_only
from betaneutral_xl.model.constraints import LARGEST_LEG
from betaneutral_xl.model.values import require_sign

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import Covariance

LARGEST_CONDITION = 1.0 / float(np.finfo(np.float64).eps)
"""Above this a computed condition number is rounding error, and differs between processors."""

COLLINEAR = 1e12
"""Condition number from which the hedge ratios of several ETFs are treated as undefined."""

NEARLY_COLLINEAR = 1e3
"""Condition number from which a warning is issued: two ETFs of correlation 0.998."""


def condition_text(number: float) -> str:
    """Format a condition number; above 1/eps, where it is rounding error, as a lower bound.

    >>> condition_text(1234.5), condition_text(1.3e16), condition_text(math.inf)
    ('1.2e+03', 'above 4.5e+15', 'above 4.5e+15')
    """
    return f"{number:.1e}" if number < LARGEST_CONDITION else f"above {LARGEST_CONDITION:.1e}"


LARGEST_RIDGE = 1.0
"""The largest ridge that passes without a percent sign: 5 was meant as 5%."""

MIN_CURVATURE = 1e-9
"""Lower bound for the eigenvalues of the correlation matrix, so that duplicated ETFs can be solved for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """Ridge and limits on the hedge ratios.

    Attributes
    ----------
    ridge
        Added to the diagonal of the ETFs' correlation matrix, which shrinks the ratios; typically
        0.01 to 0.1.
    limit
        Largest position in any ETF, long or short, in units of net asset value.
    sell_only
        Whether buying ETFs is forbidden.

    """

    ridge: float = 0.0
    limit: float = math.inf
    sell_only: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.ridge < math.inf or not self.limit > 0.0:
            msg = (
                f"The ridge of the legs is {self.ridge:g}, their limit {self.limit:g} (inf: none). "
                "Give a ridge of zero or more and a positive limit."
            )
            raise InputError(msg)
        require_sign("The ridge of the legs", self.ridge, LARGEST_RIDGE)
        require_sign("The limit of the legs", self.limit, LARGEST_LEG)

    @property
    def exact(self) -> bool:
        """Whether the ratios reach the target exactly: no ridge and no limits."""
        return self == EXACT


EXACT = Legs()
"""No ridge and no limits: the ratios reach the target, whatever their size."""


@dataclass(frozen=True, slots=True, eq=False)
class HedgeSystem:
    """The system of K linear equations for the hedge ratios.

    Attributes
    ----------
    names
        K ETFs.
    correlation
        C, shape (K, K), of the ETFs in the risk model.
    volatilities
        Shape (K,), annual.
    excess
        B'w - t, shape (K,): the betas to be hedged.

    """

    names: tuple[str, ...]
    correlation: FloatArray
    volatilities: FloatArray
    excess: FloatArray

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        covariance: Covariance,
        etf_weights: FloatArray,
        weights: FloatArray,
        targets: FloatArray,
    ) -> HedgeSystem:
        """Build the system from ETF weights (n, K), portfolio weights (n,) and target betas (K,)."""
        between = etf_weights.T @ covariance.form.matvec(etf_weights)
        volatilities = np.sqrt(between.diagonal())
        excess = covariance.predicted_beta(etf_weights).T @ weights - targets
        correlation = between / np.outer(volatilities, volatilities)
        return cls(tuple(names), correlation, volatilities, excess)

    @property
    def condition_number(self) -> float:
        """Condition number of B'F; 1 for one ETF, large where ETFs are nearly collinear."""
        system = self.correlation * self.volatilities / self.volatilities[:, None]
        return float(np.linalg.cond(system))

    def redundant(self) -> tuple[str, float]:
        """Return the ETF that the others explain best, and the R squared of that regression."""
        values, vectors = np.linalg.eigh(self.correlation)
        inflation = (vectors**2 / np.maximum(values, 1e-15)).sum(axis=1)
        # Of two duplicates, the later one.
        worst = len(self.names) - 1 - int(np.argmax(np.round(inflation[::-1] / inflation.max(), 6)))
        return self.names[worst], float(max(1.0 - 1.0 / inflation[worst], 0.0))

    def solve(self, legs: Legs = EXACT) -> FloatArray:
        """Return the hedge ratios h, shape (K,), in units of net asset value; positive to sell.

        Without ridge and limits the ratios reach the target; otherwise they minimise
        ``u'(C + ridge I)u / 2 - c'u`` within the limits.

        Raises
        ------
        UndefinedBeta
            If the ETFs are collinear and neither a ridge nor a limit is set.

        Examples
        --------
        >>> system = HedgeSystem(("AI",), np.ones((1, 1)), np.array([0.2]), np.array([0.985106]))
        >>> system.solve().tolist(), system.solve(Legs(limit=0.5)).tolist()
        ([0.985106], [0.5])

        """
        rhs = self.volatilities * self.excess
        if not self.condition_number < COLLINEAR and not legs.ridge and math.isinf(legs.limit):
            name, explained = self.redundant()
            msg = (
                f"The {len(self.names)} ETFs are collinear (condition number "
                f"{condition_text(self.condition_number)}): {name} repeats the others "
                f"(R squared {explained:.6f}). Leave it out, or give the legs a ridge or a limit."
            )
            raise UndefinedBeta(msg, tickers=[name])
        if legs.exact:
            return read_only(np.linalg.solve(self.correlation, rhs) / self.volatilities)
        return read_only(self._solve_bounded(legs, rhs) / self.volatilities)

    def minimum_norm(self) -> FloatArray:
        """Return the minimum-norm ratios, shape (K,), that reach the target; for collinear ETFs."""
        u = np.linalg.lstsq(self.correlation, self.volatilities * self.excess, rcond=None)[0]
        return read_only(u / self.volatilities)

    def residual_betas(self, ratios: FloatArray) -> FloatArray:
        """Return the residual betas, after hedging less target, shape (K,)."""
        hedged = self.correlation @ (self.volatilities * ratios) / self.volatilities
        residual: FloatArray = self.excess - hedged
        return residual

    def shortfall(self, ratios: FloatArray, legs: Legs) -> float:
        """Return the optimality residual of ratios within the limits, in beta; 0 for the optimum.

        It is the largest component of the projected gradient of the objective, plus any excess over a limit.
        """
        u = self.volatilities * ratios
        descent = self.volatilities * self.excess - self.correlation @ u - legs.ridge * u
        low, high = self._bounds(legs)
        projected = np.where(u <= low + 1e-12, np.maximum(descent, 0.0), descent)
        projected = np.where(u >= high - 1e-12, np.minimum(projected, 0.0), projected)
        outside = np.maximum(np.maximum(low - u, u - high), 0.0)
        return float(((np.abs(projected) + outside) / self.volatilities).max())

    def _bounds(self, legs: Legs) -> tuple[FloatArray, FloatArray]:
        high = legs.limit * self.volatilities
        return (np.zeros_like(high) if legs.sell_only else -high), high

    def _solve_bounded(self, legs: Legs, rhs: FloatArray) -> FloatArray:
        """Solve the bounded least squares problem whose normal equations have this right-hand side."""
        from scipy.optimize import lsq_linear

        values, vectors = np.linalg.eigh(self.correlation + legs.ridge * np.eye(len(rhs)))
        # Duplicated ETFs have zero curvature between them and share the position equally.
        roots = np.sqrt(np.maximum(values, MIN_CURVATURE))
        bounds = self._bounds(legs)
        u: FloatArray = lsq_linear(
            roots[:, None] * vectors.T, vectors.T @ rhs / roots, bounds, method="bvls", tol=1e-15
        ).x
        return np.clip(u, *bounds)
