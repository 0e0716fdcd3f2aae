"""What an estimator sees: T days of returns of N names up to a day, and nothing after it.

Where names were listed late or have gaps, the empty cells are given their expected value, and
what that expectation does not know is kept as extra variance, so that no name becomes calmer or
more like the others than its own days say:

1. returns are divided by each name's own volatility, and the common movement is taken from the
   first principal components of the names with the most days (of the complete ones, where half
   of all names are);
2. a name with holes is regressed on the components over the days that it has, with the other
   names' loadings as prior (the conjugate normal one), so that 21 days suffice for a start;
3. an empty cell is what the regression says; the regression's residual variance is added to the
   name's own variance for as much of the weight as was empty.

The second moments are those of one step of the EM algorithm with independent residuals. The
result is positive semidefinite by construction, and uses every return that there is.

References
----------
Stambaugh, Analyzing investments whose histories differ in length, Journal of Financial Economics
45 (1997). Little and Rubin, Statistical Analysis with Missing Data, 3rd ed., section 11.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from betaneutral_xl.model.arrays import BoolArray, FloatArray, read_only

COMPONENTS = 5
"""Principal components on which a name with holes is regressed."""

ROUNDS = 2
"""Times that components and filled cells are recomputed from each other; a third changes little."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Returns with their holes, and the same completed.

    Attributes
    ----------
    tickers
        N canonical tickers.
    returns
        Shape (T, N), daily, NaN where there is none.
    complete
        Shape (T, N), with expected returns in the holes.
    unexplained
        Shape (N,), daily variance of a return about the expectation that stands in for it; 0 for
        names without holes.

    """

    tickers: tuple[str, ...]
    returns: FloatArray
    complete: FloatArray
    unexplained: FloatArray

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for name in ("returns", "complete", "unexplained"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @classmethod
    def of(cls, tickers: tuple[str, ...], returns: FloatArray) -> Window:
        """Complete the returns of every name that has two at least."""
        return cls(tickers, returns, *completed(returns))

    @property
    def days(self) -> int:
        """T."""
        return len(self.complete)

    @property
    def empty(self) -> BoolArray:
        """Which cells hold an expectation, shape (T, N)."""
        return np.isnan(self.returns)

    def lost_variance(self, weights: FloatArray) -> FloatArray:
        """Return the daily variance (N,) that completed cells lack, for day weights (T,)."""
        if not self.unexplained.any():
            return np.zeros(len(self.tickers))
        lost: FloatArray = self.unexplained * (weights @ self.empty)
        return lost

    def seen(self, weights: FloatArray) -> FloatArray:
        """Return the share (N,) of the day weights on which a name has a return of its own."""
        share: FloatArray = 1.0 - (weights @ self.empty) / weights.sum()  # exactly 1 without holes
        return share


def completed(returns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the returns with expectations in the holes (T, N), and what they leave out (N,)."""
    empty = np.isnan(returns)
    holed = np.flatnonzero(empty.any(axis=0))
    unexplained = np.zeros(returns.shape[1])
    if not holed.size:
        return returns, unexplained
    own = np.sqrt(np.nanmean(returns**2, axis=0))
    size = np.where(own > 0.0, own, 1.0)
    z = returns / size
    market = np.nanmean(z, axis=1)
    z[empty] = np.broadcast_to(market[:, None], z.shape)[empty]
    trusted = _longest(empty)
    rounds = ROUNDS if empty[:, trusted].any() else 1  # else the components stay what they are
    for _ in range(rounds):
        scores = _components(z[:, trusted])
        prior, spread, noise = _loadings(scores, z[:, trusted])
        for column in holed:
            rows = ~empty[:, column]
            x, y = scores[rows], z[rows, column]
            precision = x.T @ x / noise + np.diag(1.0 / spread)
            loading = np.linalg.solve(precision, x.T @ y / noise + prior / spread)
            z[~rows, column] = scores[~rows] @ loading
            left = y - x @ loading
            unexplained[column] = (left @ left) / max(len(y) - scores.shape[1], 1)
    return np.where(empty, z * size, returns), unexplained * size**2


def _longest(empty: BoolArray) -> BoolArray:
    """Choose the names that say what is common, and what a loading is like: those with the most days."""
    holes = empty.sum(axis=0)
    chosen: BoolArray = holes <= np.median(holes)
    return chosen


def _components(z: FloatArray) -> FloatArray:
    """Return the first principal components' daily scores (T, k), each with mean square 1."""
    from scipy.linalg import eigh

    t, n = z.shape
    k = max(1, min(COMPONENTS, n // 8, t // 10))
    gram = z @ z.T if t <= n else z.T @ z
    last = len(gram) - 1
    vectors = eigh(gram, subset_by_index=(last - k + 1, last))[1]  # a third of the time of all of them
    scores = vectors if t <= n else z @ vectors
    length = np.sqrt((scores * scores).sum(axis=0) / t)
    scaled: FloatArray = scores / np.where(length > 0.0, length, 1.0)
    return scaled


def _loadings(scores: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Return the mean and variance (k,) of loadings between names, and their residual variance."""
    loadings = scores.T @ z / len(z)
    noise = max(float(((z - scores @ loadings) ** 2).mean()), 1e-6)
    prior = loadings.mean(axis=1)
    spread = np.maximum(loadings.var(axis=1) - noise / len(z), 1e-3)
    return prior, spread, noise
