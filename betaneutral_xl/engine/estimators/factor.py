"""Factor models: V = L L' + diag(D), few factors and a variance of each name's own."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError, MissingValue, UnknownTicker, listing
from betaneutral_xl.estimators.estimate import Estimate
from betaneutral_xl.estimators.historical import LEVEL, SCALE, recent, scaled_days, weighted
from betaneutral_xl.provenance import Provenance
from betaneutral_xl.regression import betas, effective_days, vasicek
from betaneutral_xl.risk import Covariance, Factors
from betaneutral_xl.tickers import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from betaneutral_xl.arrays import FloatArray
    from betaneutral_xl.estimators.window import Window

PLAUSIBLE_VOLATILITY = (0.02, 3.0)
"""Annual volatility, decimal, between which the middle name of any equity model lies."""


def statistical_factors(
    window: Window, *, components: int = 10, half_life: float = 63.0, scaled: bool = True
) -> Estimate:
    """Keep the first principal components of correlation, and each name's remaining variance.

    ``V = diag(s) (P diag(l) P' + diag(1 - sum_k l_k P_ik^2)) diag(s)`` with P, l the largest
    ``components`` eigenvectors and eigenvalues of the correlation of the ``volatility_scaled``
    (or, without ``scaled``, of the ``exponential``) covariance, and s its volatilities.

    A component is what many names share. An ETF kept as one column of the prices is one name, so
    its beta to a few of its own constituents is understated: give its constituents instead, or
    choose another method.

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
    """Explain all names by one index, with betas shrunk toward their mean after Vasicek.

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
    if market:  # its beta to itself is known
        b = np.where(np.array(window.tickers) == normalise(market), 1.0, b)
    centred = index - q @ index
    variance = float(q @ (centred * centred))
    form = Factors((b * np.sqrt(variance))[:, None], fit.residual_variance)
    return Estimate(form, effective_days(q), window.seen(q))


def principal_loadings(z: FloatArray) -> FloatArray:
    """Return L with orthogonal columns, largest first, and L L' = Z Z', for Z of shape (N, T).

    From the smaller of Z Z' and Z' Z: half the digits of a singular value decomposition, which
    are enough for components that anybody keeps, at a fraction of its cost.
    """
    n, t = z.shape
    if n <= t:
        values, vectors = np.linalg.eigh(z @ z.T)
        loadings = vectors * np.sqrt(np.maximum(values, 0.0))
    else:
        loadings = z @ np.linalg.eigh(z.T @ z)[1]
    largest_first: FloatArray = loadings[:, ::-1]
    return largest_first


class Units(StrEnum):
    """In which units a factor model is written."""

    DECIMAL = "decimal"
    PERCENT = "percent"


def factor_model(
    tickers: Sequence[str],
    exposures: npt.ArrayLike,
    factor_covariance: npt.ArrayLike,
    specific_risk: npt.ArrayLike,
    *,
    units: Units = Units.DECIMAL,
    provenance: Provenance | None = None,
) -> Covariance:
    """Make a covariance from a given factor model: ``V = X F X' + diag(specific_risk^2)``.

    Parameters
    ----------
    tickers
        N tickers in any spelling.
    exposures
        X, shape (N, k), without unit.
    factor_covariance
        F, shape (k, k), annual: decimals, or percent squared.
    specific_risk
        Shape (N,), annual *volatility* (not variance): decimals, or percent.
    units
        In which of the two F and the specific risk are. A model in percent has F 10,000 times as
        large; betas would not show it, volatilities would be 100 times too large.
    provenance
        Where the model came from; by default, from the caller.

    Raises
    ------
    InputError
        If the shapes do not fit, or the volatilities can only be in the other unit.
    MissingValue
        If an entry is missing.
    NotPositiveSemidefinite
        If F is not a covariance.

    """
    names = tuple(normalise(ticker) for ticker in tickers)
    x, f, risk = (
        np.asarray(part, dtype=np.float64) for part in (exposures, factor_covariance, specific_risk)
    )
    if x.ndim != 2 or len(x) != len(names) or risk.shape != (len(names),):  # noqa: PLR2004 - a matrix
        msg = (
            f"{len(names)} tickers need as many rows of exposures and specific risks, "
            f"not {len(x)} and {risk.size}."
        )
        raise InputError(msg)
    bad = ~np.isfinite(x).all(axis=1) | ~np.isfinite(risk) | (risk < 0.0)
    if bad.any() or not np.isfinite(f).all():
        culprits = [names[i] for i in np.flatnonzero(bad)]
        what = f"for {listing(culprits)}" if culprits else "in the factor covariance"
        msg = f"The factor model has missing or negative entries {what}. Fill them in."
        raise MissingValue(msg, tickers=culprits)
    unit = 0.01 if units is Units.PERCENT else 1.0
    form = Factors.from_exposures(x, f * unit**2, (risk * unit) ** 2)
    _require_plausible(form.variances(), units)
    return Covariance(names, form, provenance or Provenance.given(len(names)))


def _require_plausible(variances: FloatArray, units: Units) -> None:
    """Refuse a model whose middle volatility shows that it is in the other unit."""
    middle = float(np.sqrt(np.median(variances))) if variances.size else 0.0
    low, high = PLAUSIBLE_VOLATILITY
    if low <= middle <= high or middle == 0.0:
        return
    other = Units.PERCENT if units is Units.DECIMAL else Units.DECIMAL
    msg = (
        f"Read as {units}, the middle annual volatility of the factor model is {middle:.2%}. "
        f"Check whether it is in {other} (percent squared for the factor covariance)."
    )
    raise InputError(msg)
