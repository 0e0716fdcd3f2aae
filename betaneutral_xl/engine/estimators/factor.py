"""Factor models: V = L L' + diag(D), with few factors and specific variances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.estimators.historical import LEVEL, SCALE, recent, scaled_days, weighted
from betaneutral_xl.engine.estimators.window import Estimate, Window
from betaneutral_xl.engine.regression import betas, effective_days, vasicek
from betaneutral_xl.errors import InputError, UnknownTicker
from betaneutral_xl.model.risk import Factors
from betaneutral_xl.model.tickers import normalise

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray


def statistical_factors(
    window: Window, *, components: int = 10, half_life: float = 63.0, scaled: bool = True
) -> Estimate:
    """Keep the first principal components of the correlation matrix, and specific variances.

    ``V = diag(s) (P diag(l) P' + diag(1 - sum_k l_k P_ik^2)) diag(s)`` with P, l the largest
    ``components`` eigenvectors and eigenvalues of the correlation of the ``volatility_scaled``
    (or, without ``scaled``, of the ``exponential``) covariance, and s its volatilities.

    The components capture what many names have in common. Betas between an ETF that is one column
    of the prices and a few of its own constituents are therefore understated: use the ETF's
    constituents instead, or another method.

    References
    ----------
    Connor and Korajczyk, Risk and return in an equilibrium APT: application of a new test
    methodology, Journal of Financial Economics 21 (1988).

    """
    n = len(window.tickers)
    if not 1 <= components < n:
        msg = f"{components} components of {n} names: give between 1 and {n - 1}."
        raise InputError(msg)
    q = recent(window, half_life)
    whole = scaled_days(window, q, SCALE, LEVEL) if scaled else weighted(window, window.complete, q)
    variances = whole.variances()
    size = np.sqrt(np.where(variances > 0.0, variances, 1.0))
    z = whole.loadings / size[:, None]
    loadings = principal_loadings(z)[:, :components] * size[:, None]
    specific = np.maximum(variances - (loadings * loadings).sum(axis=1), 0.0)
    return Estimate(Factors(loadings, specific), effective_days(q), window.seen(q))


def single_index(
    window: Window, *, half_life: float = 126.0, market: str = "", shrink: bool = True
) -> Estimate:
    """Fit a single-index model, with betas shrunk toward their mean (Vasicek).

    ``V = v b b' + diag(D)`` with v the index's variance, b the shrunk betas, and D the residual
    variances. The index is the equally weighted mean of all names, or the name ``market`` (such
    as ``IWV``), which must be among them.

    References
    ----------
    Sharpe, A simplified model for portfolio analysis, Management Science 9 (1963). Vasicek,
    Journal of Finance 28 (1973).

    """
    index = window.complete.mean(axis=1)
    if market:
        name = normalise(market)
        if name not in window.tickers:
            msg = f"The market {name} is not among the names. Add its prices, or leave it out."
            raise UnknownTicker(msg, tickers=[name])
        index = window.complete[:, window.tickers.index(name)]
    q = recent(window, half_life)
    fit = betas(window.returns, index, q)
    b = vasicek(fit.beta, fit.standard_error) if shrink else fit.beta
    if market:  # its beta to itself is 1
        b = np.where(np.array(window.tickers) == normalise(market), 1.0, b)
    centred = index - q @ index
    variance = float(q @ (centred * centred))
    form = Factors((b * np.sqrt(variance))[:, None], fit.residual_variance)
    return Estimate(form, effective_days(q), window.seen(q))


def principal_loadings(z: FloatArray) -> FloatArray:
    """Return L with orthogonal columns, largest first, and L L' = Z Z', for Z of shape (N, T).

    It is computed from the smaller of Z Z' and Z' Z: half the digits of a singular value decomposition,
    enough for the leading components, at a fraction of its cost.
    """
    n, t = z.shape
    if n <= t:
        values, vectors = np.linalg.eigh(z @ z.T)
        loadings = vectors * np.sqrt(np.maximum(values, 0.0))
    else:
        loadings = z @ np.linalg.eigh(z.T @ z)[1]
    largest_first: FloatArray = loadings[:, ::-1]
    return largest_first
