"""Shrinkage: the sample covariance S (divided by T, as in the papers) pulled toward order.

scikit-learn finds the intensity where it has the estimator. Shrinkage toward a constant
correlation is left out on purpose: it biases betas toward each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.estimators.estimate import Estimate
from betaneutral_xl.errors import InputError
from betaneutral_xl.model.risk import Dense, Factors

if TYPE_CHECKING:
    from betaneutral_xl.engine.estimators.window import Window
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import CovarianceOperator

FEWEST_DAYS = 12
"""The nonlinear formula's kernel needs as many, its authors say."""


FAR = 100.0
"""Bandwidths from which on the kernel's Hilbert transform is given by its series to 12 digits."""


def ledoit_wolf(window: Window) -> Estimate:
    """Shrink toward equal, uncorrelated variances; the intensity from the data.

    ``V = (1 - a) S + a (tr S / N) I``

    References
    ----------
    Ledoit and Wolf, A well-conditioned estimator for large-dimensional covariance matrices,
    Journal of Multivariate Analysis 88 (2004); intensity by scikit-learn.

    """
    centred = _centred(window)
    return _toward_identity(
        window, centred, float(_sklearn().ledoit_wolf_shrinkage(centred, assume_centered=True))
    )


def oas(window: Window) -> Estimate:
    """Shrink toward equal, uncorrelated variances; the intensity that is best for normal returns.

    ``V = (1 - a) S + a (tr S / N) I``

    References
    ----------
    Chen, Wiesel, Eldar and Hero, Shrinkage algorithms for MMSE covariance estimation, IEEE
    Transactions on Signal Processing 58 (2010); intensity by scikit-learn.

    """
    centred = _centred(window)
    return _toward_identity(window, centred, float(_sklearn().oas(centred, assume_centered=True)[1]))


def ledoit_wolf_single_factor(window: Window) -> Estimate:
    """Shrink toward what one market factor explains; the intensity from the data.

    ``V = (1 - a) S + a (c c' / v + diag(S - c c' / v))``, with c the names' covariances with their
    equally weighted mean, and v its variance.

    References
    ----------
    Ledoit and Wolf, Improved estimation of the covariance matrix of stock returns with an
    application to portfolio selection, Journal of Empirical Finance 10 (2003).

    """
    y = _centred(window)
    market = y.mean(axis=1)
    t = len(y)
    c, v = y.T @ market / t, float(market @ market) / t
    own = (y * y).mean(axis=0)
    a = _single_factor_intensity(y, market, c, v, own) if v > 0.0 else 0.0
    remainder = np.maximum(own - c * c / v, 0.0) if v > 0.0 else np.zeros_like(own)
    loadings = np.column_stack([np.sqrt((1.0 - a) / t) * y.T, np.sqrt(a / v) * c if v > 0.0 else c])
    return _equally_weighted(window, Factors(loadings, a * remainder + _lost(window)), a)


def _single_factor_intensity(
    y: FloatArray, market: FloatArray, c: FloatArray, v: float, own: FloatArray
) -> float:
    """Return the paper's (pi - rho) / (gamma T), between 0 and 1, from sums over days.

    The paper's sums over all pairs of names are sums over days of products of sums over names,
    so that no N x N matrix is made.
    """
    t = len(y)
    squares = y * y
    gram = y @ y.T / t
    sample_norm = float((gram * gram).sum())  # the squared Frobenius norm of S
    pi = float((squares.sum(axis=1) ** 2).mean()) - sample_norm
    pi_diagonal = float((squares**2).mean() - (own**2).mean()) * y.shape[1]
    along = y @ c
    explained = float((along * along).mean())  # c' S c

    first = float((squares.sum(axis=1) * market * along).mean()) - explained
    first_diagonal = float(((squares * y * market[:, None]).mean(axis=0) - c * own) @ c)
    third = float(((market * along) ** 2).mean()) - v * explained
    third_diagonal = float(((squares * (market**2)[:, None]).mean(axis=0) - v * own) @ (c * c))
    rho = pi_diagonal + 2.0 * (first - first_diagonal) / v - (third - third_diagonal) / v**2

    target_cross = explained / v + float(own @ own) - float(own @ (c * c)) / v
    target_norm = float(c @ c) ** 2 / v**2 + float(own @ own) - float(c**2 @ c**2) / v**2
    gamma = sample_norm - 2.0 * target_cross + target_norm
    return min(max((pi - rho) / gamma / t, 0.0), 1.0) if gamma > 0.0 else 0.0


def nonlinear(window: Window) -> Estimate:
    """Shrink every eigenvalue by what the density of all of them says about its error.

    ``V = U diag(d) U'`` with U the eigenvectors of S and d the authors' analytical formula.

    References
    ----------
    Ledoit and Wolf, Analytical nonlinear shrinkage of large-dimensional covariance matrices, Annals
    of Statistics 48 (2020).

    """
    y = _centred(window)
    t, n = y.shape
    if t <= FEWEST_DAYS:
        msg = f"Nonlinear shrinkage needs more than {FEWEST_DAYS} days, not {t}. Give a longer window."
        raise InputError(msg)
    rank = min(n, t - 1)  # the mean took one day
    values, u = _principal_axes(y / np.sqrt(t - 1), rank)
    shrunk, null = shrunk_eigenvalues(values, n, t - 1)
    least = float(min(shrunk.min(), null)) if n > rank else float(shrunk.min())
    form: CovarianceOperator
    if n == rank or null <= least:
        form = Factors(u * np.sqrt(shrunk - least), np.full(n, least) + _lost(window))
    else:
        matrix = (u * (shrunk - null)) @ u.T
        matrix[np.diag_indices(n)] += null + _lost(window)
        form = Dense((matrix + matrix.T) / 2.0)
    return _equally_weighted(window, form)


def _principal_axes(y: FloatArray, rank: int) -> tuple[FloatArray, FloatArray]:
    """Return the ``rank`` largest eigenvalues of Y'Y, all positive, and their vectors (N, rank)."""
    t, n = y.shape
    values, vectors = np.linalg.eigh(y.T @ y if n <= t else y @ y.T)
    values, vectors = values[-rank:], vectors[:, -rank:]
    values = np.maximum(values, values[-1] * np.finfo(np.float64).eps)
    return values, vectors if n <= t else (y.T @ vectors) / np.sqrt(values)


def shrunk_eigenvalues(values: FloatArray, n: int, days: int) -> tuple[FloatArray, float]:
    """Return the shrunk eigenvalues, and the one that all null directions share (0 without any).

    Parameters
    ----------
    values
        The positive eigenvalues of S, shape (min(n, days),).
    n, days
        Number of names, and of days less one for the mean.

    """
    h = days ** (-1.0 / 3.0)  # the kernel's bandwidth, relative to each eigenvalue
    root5 = np.sqrt(5.0)
    x = (values[:, None] - values) / (h * values)
    kernel = 3.0 / 4.0 / root5 * np.maximum(1.0 - x**2 / 5.0, 0.0)
    density = (kernel / (h * values)).mean(axis=1)
    hilbert = (_conjugate(x) / (h * values)).mean(axis=1)
    if n <= days:
        c = n / days
        shrunk = values / (
            (np.pi * c * values * density) ** 2 + (1.0 - c - np.pi * c * values * hilbert) ** 2
        )
        return shrunk, 0.0
    log = np.log((1.0 + root5 * h) / (1.0 - root5 * h))
    hilbert0 = (
        (1.0 / np.pi)
        * (3.0 / 10.0 / h**2 + 3.0 / 4.0 / root5 / h * (1.0 - 1.0 / 5.0 / h**2) * log)
        * (1.0 / values).mean()
    )
    null = 1.0 / (np.pi * (n - days) / days * hilbert0)
    return 1.0 / (np.pi**2 * values * (density**2 + hilbert**2)), float(null)


def _conjugate(x: FloatArray) -> FloatArray:
    """Return the Hilbert transform of the Epanechnikov kernel of variance 1.

    Far out the formula is a small difference of large numbers; there its series in 1/x is used,
    whose coefficients are the kernel's moments.
    """
    root5 = np.sqrt(5.0)
    far = np.abs(x) > FAR
    near = np.where(far, 0.0, x)
    with np.errstate(divide="ignore", invalid="ignore"):
        bulge = (1.0 - near**2 / 5.0) * np.log(np.abs((root5 - near) / (root5 + near)))
    bulge = np.where(np.abs(near) == root5, 0.0, bulge)
    inside = -3.0 / 10.0 / np.pi * near + 3.0 / 4.0 / root5 / np.pi * bulge
    inverse = 1.0 / np.where(far, x, 1.0)
    outside = -inverse / np.pi * (1.0 + inverse**2 + 15.0 / 7.0 * inverse**4)
    return np.where(far, outside, inside)


def _centred(window: Window) -> FloatArray:
    centred: FloatArray = window.complete - window.complete.mean(axis=0)
    return centred


def _toward_identity(window: Window, centred: FloatArray, a: float) -> Estimate:
    t, n = centred.shape
    mean_variance = float((centred * centred).sum()) / t / n
    loadings = np.sqrt((1.0 - a) / t) * centred.T
    form = Factors(loadings, np.full(n, a * mean_variance) + _lost(window))
    return _equally_weighted(window, form, a)


def _lost(window: Window) -> FloatArray:
    return window.lost_variance(np.full(window.days, 1.0 / window.days))


def _equally_weighted(window: Window, form: CovarianceOperator, intensity: float | None = None) -> Estimate:
    notes = () if intensity is None else (f"Shrinkage intensity {intensity:.4f}.",)
    return Estimate(form, float(window.days), window.seen(np.ones(window.days)), notes)


def _sklearn() -> Any:
    try:
        from sklearn import covariance
    except ImportError:
        msg = (
            "This estimator needs scikit-learn, which is not installed. "
            'Install it with pip install "betaneutral-xl[estimators]", or choose another method.'
        )
        raise InputError(msg) from None
    return covariance
