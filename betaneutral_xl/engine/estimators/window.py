"""What an estimator takes and gives: T days of returns of N names, with missing returns imputed; and V.

Missing returns of names with a late listing or gaps are replaced by their expected value, and the
variance that this omits is added back, so that imputation neither lowers a name's volatility nor
raises its correlations:

1. returns are divided by each name's volatility, and the first principal components are taken
   from the names with the most days (the complete ones, where these are half of all names);
2. an incomplete name is regressed on the components over the days that it has, with the
   distribution of the other names' loadings as conjugate normal prior, so that 21 days suffice;
3. a missing return is set to the fitted value, and the residual variance of the regression is
   added to the name's variance in proportion to the weight of its missing days.

The second moments are those of one step of the EM algorithm with independent residuals. The
result is positive semidefinite by construction, and uses every available return.

References
----------
Stambaugh, Analyzing investments whose histories differ in length, Journal of Financial Economics
45 (1997). Little and Rubin, Statistical Analysis with Missing Data, 3rd ed., section 11.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.model.arrays import BoolArray, FloatArray, make_read_only, median

if TYPE_CHECKING:
    from betaneutral_xl.model.risk import CovarianceOperator

COMPONENTS = 5
"""Maximum number of principal components on which an incomplete name is regressed."""

ITERATIONS = 2
"""Iterations between components and imputed returns; a third changes little."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Returns with missing values, and the same with these imputed.

    Attributes
    ----------
    tickers
        N canonical tickers.
    returns
        Shape (T, N), daily, NaN where missing.
    complete
        Shape (T, N), with expected returns in place of missing ones.
    unexplained
        Shape (N,), daily residual variance of an imputed return; 0 for complete names.

    """

    tickers: tuple[str, ...]
    returns: FloatArray
    complete: FloatArray
    unexplained: FloatArray

    def __post_init__(self) -> None:
        make_read_only(self, "returns", "complete", "unexplained")

    @classmethod
    def of(cls, tickers: tuple[str, ...], returns: FloatArray) -> Window:
        """Create a window, imputing the missing returns of names with at least two returns."""
        return cls(tickers, returns, *completed(returns))

    @property
    def days(self) -> int:
        """Number of days T."""
        return len(self.complete)

    @property
    def empty(self) -> BoolArray:
        """Mask of the imputed returns, shape (T, N)."""
        return np.isnan(self.returns)

    def lost_variance(self, weights: FloatArray) -> FloatArray:
        """Return the daily variance (N,) that imputation omits, for day weights (T,)."""
        if not self.unexplained.any():
            return np.zeros(len(self.tickers))
        lost: FloatArray = self.unexplained * (weights @ self.empty)
        return lost

    def seen(self, weights: FloatArray) -> FloatArray:
        """Return the share (N,) of the day weights on which a name has a return of its own."""
        share: FloatArray = 1.0 - (weights @ self.empty) / weights.sum()  # exactly 1 without missing returns
        return share


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A daily covariance of N names, and the amount of data it is based on.

    ``form`` is V in decimals; ``effective_days`` and ``seen`` (N,) are those of ``Covariance``; ``notes`` are
    for the user, one line each.
    """

    form: CovarianceOperator
    effective_days: float
    seen: FloatArray
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        make_read_only(self, "seen")


def completed(returns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the returns with missing ones imputed (T, N), and their residual variance (N,)."""
    empty = np.isnan(returns)
    incomplete = np.flatnonzero(empty.any(axis=0))
    unexplained = np.zeros(returns.shape[1])
    if not incomplete.size:
        return returns, unexplained
    own = np.sqrt(np.nanmean(returns**2, axis=0))
    size = np.where(own > 0.0, own, 1.0)
    z = returns / size
    market = np.nanmean(z, axis=1)
    z[empty] = np.broadcast_to(market[:, None], z.shape)[empty]
    reference = _most_complete(empty)
    iterations = ITERATIONS if empty[:, reference].any() else 1  # otherwise the components do not change
    for _ in range(iterations):
        scores = _components(z[:, reference])
        prior, variance, noise = _loadings(scores, z[:, reference])
        for column in incomplete:
            rows = ~empty[:, column]
            x, y = scores[rows], z[rows, column]
            precision = x.T @ x / noise + np.diag(1.0 / variance)
            loading = np.linalg.solve(precision, x.T @ y / noise + prior / variance)
            z[~rows, column] = scores[~rows] @ loading
            residual = y - x @ loading
            unexplained[column] = (residual @ residual) / max(len(y) - scores.shape[1], 1)
    return np.where(empty, z * size, returns), unexplained * size**2


def _most_complete(empty: BoolArray) -> BoolArray:
    """Return the mask of the names with the most days, which give the components and the prior."""
    holes = empty.sum(axis=0)
    chosen: BoolArray = holes <= median(holes)
    return chosen


def _components(z: FloatArray) -> FloatArray:
    """Return the first principal components' daily scores (T, k), each with mean square 1."""
    from scipy.linalg import eigh

    t, n = z.shape
    k = max(1, min(COMPONENTS, n // 8, t // 10))
    gram = z @ z.T if t <= n else z.T @ z
    last = len(gram) - 1
    vectors = eigh(gram, subset_by_index=(last - k + 1, last))[1]  # a third of the time of a full one
    scores = vectors if t <= n else z @ vectors
    length = np.sqrt((scores * scores).sum(axis=0) / t)
    scaled: FloatArray = scores / np.where(length > 0.0, length, 1.0)
    return scaled


def _loadings(scores: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Return the cross-sectional mean and variance (k,) of the loadings, and the residual variance."""
    loadings = scores.T @ z / len(z)
    noise = max(float(((z - scores @ loadings) ** 2).mean()), 1e-6)
    prior = loadings.mean(axis=1)
    variance = np.maximum(loadings.var(axis=1) - noise / len(z), 1e-3)
    return prior, variance, noise
