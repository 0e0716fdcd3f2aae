"""Shrinkage of the sample covariance S (divided by T, as in the papers) toward a structured target.

scikit-learn computes the intensity where it has the estimator. Shrinkage toward a constant
correlation is omitted on purpose: it biases betas toward each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.estimators.window import Estimate, Window
from betaneutral_xl.errors import InputError, MissingPackage
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.risk import Dense, Factors

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.risk import CovarianceOperator

MIN_DAYS = 12
"""Minimum number of days for the kernel of the nonlinear formula, according to its authors."""

SERIES_FROM = 100.0
"""Distance, in bandwidths, from which the series of the kernel's Hilbert transform has 12 digits."""


def ledoit_wolf(window: Window) -> Estimate:
    """Shrink toward a multiple of the identity, with the Ledoit-Wolf intensity.

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
    """Shrink toward a multiple of the identity, with the intensity that is optimal for normal returns.

    ``V = (1 - a) S + a (tr S / N) I``

    References
    ----------
    Chen, Wiesel, Eldar and Hero, Shrinkage algorithms for MMSE covariance estimation, IEEE
    Transactions on Signal Processing 58 (2010); intensity by scikit-learn.

    """
    centred = _centred(window)
    return _toward_identity(window, centred, float(_sklearn().oas(centred, assume_centered=True)[1]))


def ledoit_wolf_single_factor(window: Window) -> Estimate:
    """Shrink toward a single-factor model, with the Ledoit-Wolf intensity.

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
    return _equally_weighted(window, Factors(loadings, a * remainder + _omitted_variance(window)), a)


def _single_factor_intensity(
    y: FloatArray, market: FloatArray, c: FloatArray, v: float, own: FloatArray
) -> float:
    """Return the paper's (pi - rho) / (gamma T), between 0 and 1, from sums over days.

    The paper's sums over all pairs of names are sums over days of products of sums over names,
    so that no N x N matrix is formed.
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
    """Shrink each eigenvalue nonlinearly, from the density of the sample eigenvalues.

    ``V = U diag(d) U'`` with U the eigenvectors of S and d the authors' analytical formula.

    References
    ----------
    Ledoit and Wolf, Analytical nonlinear shrinkage of large-dimensional covariance matrices, Annals
    of Statistics 48 (2020).

    """
    y = _centred(window)
    t, n = y.shape
    if t <= MIN_DAYS:
        msg = f"Nonlinear shrinkage needs more than {MIN_DAYS} days, not {t}. Give a longer window."
        raise InputError(msg)
    rank = min(n, t - 1)  # one degree of freedom for the mean
    values, u = _principal_axes(y / np.sqrt(t - 1), rank)
    shrunk, null = shrunk_eigenvalues(values, n, t - 1)
    smallest = float(min(shrunk.min(), null)) if n > rank else float(shrunk.min())
    form: CovarianceOperator
    if n == rank or null <= smallest:
        form = Factors(u * np.sqrt(shrunk - smallest), np.full(n, smallest) + _omitted_variance(window))
    else:
        matrix = (u * (shrunk - null)) @ u.T
        matrix[np.diag_indices(n)] += null + _omitted_variance(window)
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
    """Return the shrunk eigenvalues, and that of the null space (0 where there is none).

    ``values`` are the positive eigenvalues of S, shape (min(n, days),), of n names and the days less one for
    the mean.
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

    For large x the formula cancels; there its series in 1/x is used, whose coefficients are the
    kernel's moments.
    """
    root5 = np.sqrt(5.0)
    far = np.abs(x) > SERIES_FROM
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
    form = Factors(loadings, np.full(n, a * mean_variance) + _omitted_variance(window))
    return _equally_weighted(window, form, a)


def _omitted_variance(window: Window) -> FloatArray:
    return window.lost_variance(np.full(window.days, 1.0 / window.days))


def _equally_weighted(window: Window, form: CovarianceOperator, intensity: float | None = None) -> Estimate:
    notes = (
        ()
        if intensity is None
        else (Notice(f"Shrinkage intensity {intensity:.4f}.", Subject.RISK_MODEL, Severity.NOTE),)
    )
    return Estimate(form, float(window.days), window.seen(np.ones(window.days)), notes)


def _sklearn() -> Any:
    try:
        from sklearn import covariance
    except ImportError:
        msg = (
            "This estimator needs scikit-learn, which is not installed. "
            'Install it with pip install "betaneutral-xl[estimators]", or choose another method.'
        )
        raise MissingPackage(msg) from None
    return covariance
