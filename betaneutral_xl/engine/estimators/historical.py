"""Covariances as weighted sums over days: V = sum_t g_t r_t r_t' with day weights g.

They are kept in factor form with T columns, L_t = sqrt(g_t) r_t, so that a beta costs O(N T) and no
N x N matrix is formed. The methods differ in the day weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.estimators.window import Estimate, Window
from betaneutral_xl.engine.regression import decaying_weights, effective_days
from betaneutral_xl.errors import InputError
from betaneutral_xl.model.arrays import median
from betaneutral_xl.model.risk import Dense, Factors

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray

SCALE = 5.0
"""Default half-life of the smoothing of day scales, in days."""

LEVEL = 21.0
"""Default half-life of the level of volatility, in days."""

MIN_EFFECTIVE_DAYS = 2.0
"""Minimum effective number of days."""

MIN_SCALE = 0.25
"""Minimum day scale, relative to the window's median: guards against days with hardly any trading."""


def sample(window: Window) -> Estimate:
    """Compute the sample covariance, with equal day weights.

    ``V = sum_t (r_t - m)(r_t - m)' / (T - 1)``
    """
    q = np.full(window.days, 1.0 / window.days)
    return _estimate(window, weighted(window, window.complete, q), q)


def exponential(window: Window, *, half_life: float = 63.0) -> Estimate:
    """Weight days exponentially: a weight halves every ``half_life`` days.

    ``V = sum_t q_t (r_t - m)(r_t - m)' / (1 - sum q^2)``, ``q_t`` proportional to
    ``2^(-age / half_life)``.

    References
    ----------
    J.P. Morgan and Reuters, RiskMetrics Technical Document, 4th ed., 1996, section 5.2.

    """
    q = recent(window, half_life)
    return _estimate(window, weighted(window, window.complete, q), q)


def volatility_scaled(
    window: Window, *, half_life: float = 63.0, scale_half_life: float = SCALE, level_half_life: float = LEVEL
) -> Estimate:
    """Scale each day by the market's volatility at the time, then weight days exponentially.

    With s_t the day's scale (the median over names of ``|r_ti| / |r_i|``, where ``|r_i|`` is the
    name's median over the window, squared and smoothed over the days up to t with
    ``scale_half_life``),

    ``V = c sum_t q_t z_t z_t' / (1 - sum q^2)``, ``z_t = r_t / s_t - mean``

    and c sets the names' mean variance to that of the last days (``level_half_life``). Least squares
    on raw returns is dominated by the few most volatile days; if returns are a common scale times a
    stable pattern, the scaled returns are identically distributed and equal weights are efficient.

    The scale includes the day itself, so that a day on which only the market moved is weighted
    slightly too little: with constant volatility, betas are understated by 0.02 to 0.04 at a
    half-life of 5, and by less at a longer ``scale_half_life``.

    References
    ----------
    Hull and White, Incorporating volatility updating into the historical simulation method for
    value-at-risk, Journal of Risk 1 (1998), with one scale for all names. Tyler, A
    distribution-free M-estimator of multivariate scatter, Annals of Statistics 15 (1987), for the
    day's own scale.

    """
    q = recent(window, half_life)
    form = scaled_days(window, q, scale_half_life, level_half_life)
    return _estimate(window, form, q)


def two_speed(
    window: Window, *, correlation_half_life: float = 126.0, volatility_half_life: float = 21.0
) -> Estimate:
    """Combine correlations of a long half-life with volatilities of a short one.

    ``V_ij = s_i s_j C_ij`` with C weighted by ``correlation_half_life`` and s by
    ``volatility_half_life``. The effective days are those of the volatilities.

    References
    ----------
    Menchero, Orr and Wang, The Barra US Equity Model (USE4), MSCI, 2011, section 4.

    """
    slow = recent(window, correlation_half_life)
    fast = recent(window, volatility_half_life)
    long = weighted(window, window.complete, slow)
    short = weighted(window, window.complete, fast)
    before = long.variances()
    ratio = np.sqrt(np.divide(short.variances(), before, out=np.ones_like(before), where=before > 0.0))
    return _estimate(window, Factors(long.loadings * ratio[:, None], long.specific_variance * ratio**2), fast)


def pairwise(window: Window, *, half_life: float = float("inf")) -> Estimate:
    """Estimate each covariance from the days that both names have, then repair the matrix.

    ``V_ij = sum_t q_t r_ti r_tj / sum_t q_t`` over the days with both, each name less its own mean.
    The matrix need not be positive semidefinite: negative eigenvalues are set to zero, the
    variances restored, and the size of the change reported.

    References
    ----------
    Higham, Computing the nearest correlation matrix, IMA Journal of Numerical Analysis 22 (2002).

    """
    days = window.days
    q = np.full(days, 1.0 / days) if np.isinf(half_life) else recent(window, half_life)
    both = (~window.empty).astype(np.float64)
    mean = (q @ np.nan_to_num(window.returns)) / (q @ both)
    r = np.where(window.empty, 0.0, window.returns - mean) * np.sqrt(q)[:, None]
    weight = (both * q[:, None]).T @ both
    square = (both * (q**2)[:, None]).T @ both
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = (r.T @ r) / (weight - square / weight)
    matrix = np.where(np.isfinite(matrix), matrix, 0.0)  # no two days in common: zero
    disjoint = int((np.triu(weight - square / np.where(weight > 0.0, weight, 1.0), 1) <= 0.0).sum())
    disjoint -= len(weight) * (len(weight) + 1) // 2  # the lower triangle that triu left at zero
    repaired, note = nearest_semidefinite(matrix)
    if disjoint > 0:
        note += (f"{disjoint} pairs of names have no two days in common: their covariance is taken as 0.",)
    return Estimate(Dense(repaired), effective_days(q), window.seen(q), note)


def recent(window: Window, half_life: float) -> FloatArray:
    """Return exponentially decaying day weights (T,) that sum to 1.

    Raises
    ------
    InputError
        If the effective number of days is less than two.

    """
    q = decaying_weights(window.days, half_life)
    if effective_days(q) < MIN_EFFECTIVE_DAYS:
        msg = (
            f"A half-life of {half_life:g} days leaves {effective_days(q):.2f} effective days, too few for a "
            "covariance. Give a longer one."
        )
        raise InputError(msg)
    return q


def weighted(window: Window, days: FloatArray, q: FloatArray, lost: FloatArray | None = None) -> Factors:
    """Return the weighted covariance of days (T, N) about their weighted mean, where sum(q) = 1."""
    unbiased = 1.0 - float(q @ q)
    loadings = ((days - q @ days) * np.sqrt(q / unbiased)[:, None]).T
    return Factors(loadings, window.lost_variance(q) if lost is None else lost)


def scaled_days(window: Window, q: FloatArray, scale_half_life: float, level_half_life: float) -> Factors:
    """Return the weighted covariance of scaled days, at the volatility level of the last days."""
    r = window.complete
    scale = day_scale(r, scale_half_life)
    z = r / scale[:, None]
    unit = np.sqrt(np.maximum((r * r).mean(axis=0), np.finfo(np.float64).tiny))
    recent = float(decaying_weights(window.days, level_half_life) @ ((r / unit) ** 2).mean(axis=1))
    usual = float(q @ ((z / unit) ** 2).mean(axis=1))
    level = recent / usual if usual > 0.0 else 1.0
    return weighted(window, z * np.sqrt(level), q, window.lost_variance(q / scale**2) * level)


def day_scale(returns: FloatArray, half_life: float) -> FloatArray:
    """Return the market's volatility scale on each day, shape (T,), with a median of about 1.

    Each name's move is divided by its own median move, and the median over names is robust to
    news on single names. The smoothing uses past days only.
    """
    moves = np.abs(returns)
    own = row_medians(moves.T)
    moving = own > 0.0
    if not moving.any():
        return np.ones(len(returns))
    squared = row_medians(moves[:, moving] / own[moving]) ** 2
    decay = 2.0 ** (-1.0 / half_life)
    total = weight = 0.0
    smooth = np.empty(len(squared))
    for t, one in enumerate(squared.tolist()):
        total, weight = decay * total + one, decay * weight + 1.0
        smooth[t] = total / weight
    scale = np.sqrt(smooth)
    floored: FloatArray = np.maximum(scale, MIN_SCALE * median(scale))
    return floored


def row_medians(values: FloatArray) -> FloatArray:
    """Return the median of each row of a table without NaN, as ``np.median`` in a fifth of its time."""
    middle = values.shape[1] // 2
    parts = np.partition(values, middle, axis=1)  # a second pivot is what takes the time
    upper: FloatArray = parts[:, middle]
    return upper if values.shape[1] % 2 else (parts[:, :middle].max(axis=1) + upper) / 2.0


def nearest_semidefinite(matrix: FloatArray) -> tuple[FloatArray, tuple[str, ...]]:
    """Set negative eigenvalues to zero, restore the diagonal, and return a note on the change."""
    values, vectors = np.linalg.eigh(matrix)
    rounding = len(values) * np.finfo(np.float64).eps * max(float(values[-1]), 0.0)
    if values[0] >= -rounding:
        return matrix, ()
    clipped = (vectors * np.maximum(values, 0.0)) @ vectors.T
    diagonal = np.sqrt(np.maximum(clipped.diagonal(), np.finfo(np.float64).tiny))
    ratio = np.sqrt(np.maximum(matrix.diagonal(), 0.0)) / diagonal
    repaired: FloatArray = clipped * ratio[:, None] * ratio
    repaired = (repaired + repaired.T) / 2.0
    change = float(np.linalg.norm(repaired - matrix) / np.linalg.norm(matrix))
    negative = int((values < -rounding).sum())
    note = (
        f"The pairwise covariance was not positive semidefinite: {negative} of {len(values)} eigenvalues "
        f"were negative, the smallest {values[0] / values[-1]:.2%} of the largest. Setting them to zero "
        f"changed the matrix by {change:.2%} (Frobenius norm).",
    )
    return repaired, note


def _estimate(window: Window, form: Factors, q: FloatArray) -> Estimate:
    return Estimate(form, effective_days(q), window.seen(q))
