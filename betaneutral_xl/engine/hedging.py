"""How much of each ETF to sell, also where the ETFs are near copies of each other.

The hedge ratios h solve ``(B'F) h = B'w - t``. With S the ETFs' variances and C their correlations
that is ``C u = c`` in ``u = sqrt(S) h``, which is how it is solved: of the same size whatever the
ETFs' volatilities. Where the ETFs repeat each other the solution is a large position in their
difference; a ridge, a limit, or legs that only sell keep it small, at the price of some beta.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.errors import InputError, UndefinedBeta
from betaneutral_xl.model.arrays import read_only
from betaneutral_xl.model.constraints import LARGEST_LEG
from betaneutral_xl.model.values import number, require_sign
from betaneutral_xl.system.words import yes_or_no

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import Covariance

LARGEST_CONDITION = 1.0 / float(np.finfo(np.float64).eps)
"""Beyond this a computed condition number is rounding noise, another one on every processor."""

COLLINEAR = 1e12
"""Condition number from which on the hedge ratios of several ETFs are noise, not numbers."""

NEARLY_COLLINEAR = 1e3
"""Condition number from which on it is said: two ETFs of correlation 0.998."""


def condition_text(number: float) -> str:
    """Return a condition number as text, and beyond 1/eps only that it is.

    >>> condition_text(1234.5), condition_text(1.3e16), condition_text(math.inf)
    ('1.2e+03', 'above 4.5e+15', 'above 4.5e+15')
    """
    return f"{number:.1e}" if number < LARGEST_CONDITION else f"above {LARGEST_CONDITION:.1e}"


LARGEST_RIDGE = 1.0
"""The largest ridge that passes without a percent sign: 5 was meant as 5%."""

INDIFFERENT = 1e-9
"""Least curvature given to a combination of ETFs that makes no difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """What is asked of the hedge ratios besides the beta.

    Attributes
    ----------
    ridge
        Added to the ETFs' correlation matrix, which shrinks the ratios; 0.01 to 0.1 are usual.
    limit
        Most of any ETF, bought or sold, in units of net asset value.
    sell_only
        Whether no ETF may be bought.

    """

    ridge: float = 0.0
    limit: float = math.inf
    sell_only: bool = False

    def __post_init__(self) -> None:
        """Validate that the numbers have a meaning."""
        if not 0.0 <= self.ridge < math.inf or not self.limit > 0.0:
            msg = f"The legs have a ridge of {self.ridge:g} and a limit of {self.limit:g}. Both are positive."
            raise InputError(msg)
        require_sign("The ridge of the legs", self.ridge, LARGEST_RIDGE)
        require_sign("The limit of the legs", self.limit, LARGEST_LEG)

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Legs:
        """Make legs from plain values: numbers, or text such as ``50%``.

        Raises
        ------
        InputError
            If there is nothing of that name, or its value cannot be read.

        """
        readers = {"ridge": number, "limit": number, "sell_only": yes_or_no}
        read: dict[str, Any] = {}
        for name, value in given.items():
            if name not in readers:
                msg = f"The legs have no {name!r:.60}. Choose among {', '.join(readers)}."
                raise InputError(msg)
            try:
                read[name] = readers[name](value)
            except (TypeError, ValueError) as error:
                msg = f"The limit {name} of the legs is {value!r:.60}: {error}."
                raise InputError(msg) from None
        return cls(**read)

    @property
    def exact(self) -> bool:
        """Whether nothing stands between the ratios and the target."""
        return self == EXACT


EXACT = Legs()
"""The ratios that reach the target, whatever their size."""


@dataclass(frozen=True, slots=True, eq=False)
class HedgeSystem:
    """The K equations of the hedge ratios.

    Attributes
    ----------
    names
        K ETFs.
    correlation
        C, shape (K, K), of the ETFs in the risk model.
    volatilities
        Shape (K,), annual.
    excess
        B'w - t, shape (K,): the betas that are to go.

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
        """Take the system from the ETFs' units (n, K), portfolio weights (n,) and targets (K,)."""
        between = etf_weights.T @ covariance.form.matvec(etf_weights)
        volatilities = np.sqrt(between.diagonal())
        excess = covariance.predicted_beta(etf_weights).T @ weights - targets
        correlation = between / np.outer(volatilities, volatilities)
        return cls(tuple(names), correlation, volatilities, excess)

    @property
    def condition_number(self) -> float:
        """Of B'F; 1 for one ETF, large where ETFs are near copies of each other."""
        system = self.correlation * self.volatilities / self.volatilities[:, None]
        return float(np.linalg.cond(system))

    def redundant(self) -> tuple[str, float]:
        """Return the ETF that the others explain best, and R squared of that explanation."""
        values, vectors = np.linalg.eigh(self.correlation)
        inflation = (vectors**2 / np.maximum(values, 1e-15)).sum(axis=1)
        # Of two copies the one named later.
        worst = len(self.names) - 1 - int(np.argmax(np.round(inflation[::-1] / inflation.max(), 6)))
        return self.names[worst], float(max(1.0 - 1.0 / inflation[worst], 0.0))

    def solve(self, legs: Legs = EXACT) -> FloatArray:
        """Return the hedge ratios h, shape (K,), in units of net asset value; positive to sell.

        Without legs' limits those that reach the target; with them those that leave the least
        variance, ``min u'(C + ridge I)u / 2 - c'u`` within the limits.

        Raises
        ------
        UndefinedBeta
            If the ETFs cannot be told apart, and nothing keeps their ratios small.

        Examples
        --------
        >>> system = HedgeSystem(("AI",), np.ones((1, 1)), np.array([0.2]), np.array([0.985106]))
        >>> system.solve().tolist(), system.solve(Legs(limit=0.5)).tolist()
        ([0.985106], [0.5])

        """
        wanted = self.volatilities * self.excess
        if not self.condition_number < COLLINEAR and not legs.ridge and math.isinf(legs.limit):
            name, explained = self.redundant()
            msg = (
                f"The {len(self.names)} ETFs cannot be told apart (condition number "
                f"{condition_text(self.condition_number)}): {name} repeats the others "
                f"(R squared {explained:.6f}). Leave it out, or give the legs a ridge or a limit."
            )
            raise UndefinedBeta(msg, tickers=[name])
        if legs.exact:
            return read_only(np.linalg.solve(self.correlation, wanted) / self.volatilities)
        return read_only(self._within(legs, wanted) / self.volatilities)

    def shortest(self) -> FloatArray:
        """Return of all ratios that reach the target the smallest, for ETFs that cannot be told apart."""
        u = np.linalg.lstsq(self.correlation, self.volatilities * self.excess, rcond=None)[0]
        return read_only(u / self.volatilities)

    def left_over(self, ratios: FloatArray) -> FloatArray:
        """Return the betas above target that are left with these ratios, shape (K,)."""
        left: FloatArray = self.excess - self.correlation @ (self.volatilities * ratios) / self.volatilities
        return left

    def shortfall(self, ratios: FloatArray, legs: Legs) -> float:
        """Return how far ratios are from the best within the limits, in beta; 0 for the best.

        The gradient of the objective, but where it presses against a limit that the ratio is on.
        """
        u = self.volatilities * ratios
        pressure = self.volatilities * self.excess - self.correlation @ u - legs.ridge * u
        low, high = self._limits(legs)
        free = np.where(u <= low + 1e-12, np.maximum(pressure, 0.0), pressure)
        free = np.where(u >= high - 1e-12, np.minimum(free, 0.0), free)
        outside = np.maximum(np.maximum(low - u, u - high), 0.0)
        return float(((np.abs(free) + outside) / self.volatilities).max())

    def _limits(self, legs: Legs) -> tuple[FloatArray, FloatArray]:
        high = legs.limit * self.volatilities
        return (np.zeros_like(high) if legs.sell_only else -high), high

    def _within(self, legs: Legs, wanted: FloatArray) -> FloatArray:
        """Solve the bounded least squares problem whose normal equations these are."""
        from scipy.optimize import lsq_linear

        values, vectors = np.linalg.eigh(self.correlation + legs.ridge * np.eye(len(wanted)))
        # Of two copies, which have no curvature between them, each gets half.
        roots = np.sqrt(np.maximum(values, INDIFFERENT))
        bounds = self._limits(legs)
        u: FloatArray = lsq_linear(
            roots[:, None] * vectors.T, vectors.T @ wanted / roots, bounds, method="bvls", tol=1e-15
        ).x
        return np.clip(u, *bounds)
