"""Betas from returns by weighted least squares, with standard errors, without an N x N matrix.

The slope of an asset's returns y on an ETF's returns x, with day weights q, is

    beta = cov_q(x, y) / var_q(x),    se^2 = (var_q(y) - beta^2 var_q(x)) / (var_q(x) (T - 2))

where T = (sum q)^2 / sum q^2 is the effective number of days. With equal weights T is the number of
days, and both formulas are those of ordinary least squares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from betaneutral_xl.errors import InputError, UndefinedBeta
from betaneutral_xl.model.arrays import FloatArray, make_read_only

FITTED_PARAMETERS = 2
"""Number of fitted parameters of a regression on one ETF: intercept and slope."""


def decaying_weights(days: int, half_life: float) -> FloatArray:
    """Return exponentially decaying weights of T days, latest last, that sum to 1.

    A weight halves every ``half_life`` days into the past.

    >>> decaying_weights(3, half_life=1).round(4).tolist()
    [0.1429, 0.2857, 0.5714]
    """
    if not half_life > 0.0:
        msg = f"The half-life is {half_life:g} days. Give a positive number."
        raise InputError(msg)
    weights = np.exp2(np.arange(1 - days, 1) / half_life)
    scaled: FloatArray = weights / weights.sum()
    return scaled


def effective_days(weights: FloatArray) -> float:
    """Return the effective number of days of day weights q: (sum q)^2 / sum q^2.

    References
    ----------
    Kish, Survey Sampling, 1965, section 11.7.

    Examples
    --------
    >>> effective_days(np.ones(21))
    21.0

    """
    return float(weights.sum() ** 2 / (weights @ weights))


def standard_error(
    variance: FloatArray, beta: FloatArray, etf_variance: FloatArray | float, days: FloatArray | float
) -> FloatArray:
    """Return the standard error of a beta from moments, by the formula in the module docstring.

    NaN where there are no more days than fitted parameters.
    """
    left = np.maximum(variance - beta**2 * etf_variance, 0.0)
    freedom = np.where(np.asarray(days) > FITTED_PARAMETERS, np.asarray(days) - FITTED_PARAMETERS, np.nan)
    error: FloatArray = np.sqrt(left / etf_variance / freedom)
    return error


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Slopes of N assets on one ETF.

    Attributes
    ----------
    beta, standard_error, residual_variance
        Shape (N,); the variance is daily, with day weights that sum to 1, without bias correction.
    days
        Shape (N,), the effective number of days on which both have a return.

    """

    beta: FloatArray
    standard_error: FloatArray
    residual_variance: FloatArray
    days: FloatArray

    def __post_init__(self) -> None:
        make_read_only(self, "beta", "standard_error", "residual_variance", "days")


def betas(returns: FloatArray, etf: FloatArray, weights: FloatArray | None = None) -> Regression:
    """Regress the returns of N assets on those of an ETF, each over the days on which both have one.

    ``returns`` (T, N) and ``etf`` (T,) are daily, NaN where missing; ``weights`` (T,) are day weights, equal
    by default. The result is NaN for an asset with fewer than three days in common.

    Raises
    ------
    UndefinedBeta
        If the ETF's returns do not vary.

    Examples
    --------
    >>> etf = np.array([0.01, -0.01, 0.02, 0.0])
    >>> betas(np.column_stack([2 * etf, -etf]), etf).beta.round(12).tolist()
    [2.0, -1.0]

    """
    q = np.ones(len(etf)) if weights is None else weights
    both = np.isfinite(returns) & np.isfinite(etf)[:, None]
    share = q[:, None] * both
    total = share.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = share / total
        y, x = np.where(both, returns, 0.0), np.where(both, etf[:, None], 0.0)
        y = (y - (share * y).sum(axis=0)) * both
        x = (x - (share * x).sum(axis=0)) * both
        variance = (share * x * x).sum(axis=0)
        days = 1.0 / (share * share).sum(axis=0)
        usable = (both.sum(axis=0) > FITTED_PARAMETERS) & (variance > 0.0)
        if not usable.any() and np.isfinite(etf).sum() > FITTED_PARAMETERS and not np.nanvar(etf) > 0.0:
            msg = "Beta is undefined: the ETF's returns do not vary. Check its prices."
            raise UndefinedBeta(msg)
        beta = np.where(usable, (share * x * y).sum(axis=0) / variance, np.nan)
        own = (share * y * y).sum(axis=0)
        residual = np.where(usable, np.maximum(own - beta**2 * variance, 0.0), np.nan)
        error = standard_error(own, beta, variance, np.where(usable, days, np.nan))
    return Regression(beta, error, residual, np.where(total > 0.0, days, 0.0))


def slopes(portfolios: FloatArray, etfs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the slopes of P series on each of K ETFs, and their standard errors, each (P, K).

    Ordinary least squares for every pair; ``portfolios`` (T, P) and ``etfs`` (T, K) have no missing values.

    Raises
    ------
    UndefinedBeta
        If an ETF's returns do not vary, or there are fewer than three days.

    """
    y, x = portfolios - portfolios.mean(axis=0), etfs - etfs.mean(axis=0)
    square = (x * x).sum(axis=0)
    if len(y) <= FITTED_PARAMETERS or not (square > 0.0).all():
        msg = f"Beta is undefined: {len(y)} days, or an ETF's returns do not vary. Check its prices."
        raise UndefinedBeta(msg)
    beta = y.T @ x / square
    left = np.maximum((y * y).sum(axis=0)[:, None] - beta**2 * square, 0.0)
    error: FloatArray = np.sqrt(left / square / (len(y) - FITTED_PARAMETERS))
    return beta, error


def vasicek(beta: FloatArray, error: FloatArray, prior: float | None = None) -> FloatArray:
    """Shrink betas (N,) toward a prior, by default their mean, in proportion to their standard errors (N,).

    ``b_i = (tau^2 beta_i + se_i^2 prior) / (tau^2 + se_i^2)``, with tau^2 the cross-sectional variance of the
    true betas: the variance of the estimates less their mean squared standard error.

    References
    ----------
    Vasicek, A note on using cross-sectional information in Bayesian estimation of security betas,
    Journal of Finance 28 (1973).

    Examples
    --------
    >>> vasicek(np.array([0.5, 1.5]), np.array([0.1, 0.5]), prior=1.0).round(3).tolist()
    [0.538, 1.162]

    """
    centre = float(beta.mean()) if prior is None else prior
    noise = error**2
    tau2 = max(float(((beta - centre) ** 2).mean() - noise.mean()), 0.0)
    weight = np.divide(tau2, tau2 + noise, out=np.ones_like(beta), where=tau2 + noise > 0.0)
    shrunk: FloatArray = weight * beta + (1.0 - weight) * centre
    return shrunk
