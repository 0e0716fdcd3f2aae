"""A vendor's factor model: exposures, factor covariance and specific risk, with their units checked."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError, MissingValue, listing
from betaneutral_xl.model.arrays import median
from betaneutral_xl.model.covariance_units import refuse_impossible, unusual_volatility
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance, Factors
from betaneutral_xl.model.tickers import normalise

if TYPE_CHECKING:
    import numpy.typing as npt

    from betaneutral_xl.model.arrays import FloatArray

PLAUSIBLE_VOLATILITY = (0.05, 3.0)
"""Range of the median annual volatility of an equity model, decimals."""

USUAL_RATIO = (0.05, 20.0)
"""Range of the median specific volatility over the median one of the factors: both are of one size."""

UNUSUAL_RATIO = 3.0
"""The same ratio from which the factors seem to be of a month or less: of shares it is 0.5 to 2."""

LOW_SPECIFIC = 0.08
"""Median specific volatility below which it may be a variance; that of shares is 15 % to 40 %."""


class Units(StrEnum):
    """Units of a vendor's factor model."""

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
    """Make a covariance from a factor model: ``V = X F X' + diag(specific_risk^2)``.

    Parameters
    ----------
    tickers
        N tickers in any spelling, the order of the result.
    exposures
        X, shape (N, k), dimensionless.
    factor_covariance
        F, shape (k, k), annual: decimals, or percent squared.
    specific_risk
        Shape (N,), annual *volatility* (not variance): decimals, or percent.
    units
        Units of F and of the specific risk. A model in percent has an F 10,000 times as large; read
        as decimals, its betas would be right and its volatilities 100 times too large.

    Raises
    ------
    InputError
        If the shapes do not match, or the volatilities can only be in the other unit.
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
    specific = median(risk) * unit if risk.size else 0.0
    _require_one_unit(form.variances(), specific)
    origin = provenance or Provenance.given(len(names))
    refuse_impossible(names, form.variances(), origin, "The exposures and the specific risk")
    warnings = (
        *unusual_volatility(names, form.variances(), origin),
        *_specific_warnings(specific),
        *_ratio_warnings(form.variances(), specific),
        *_zero_warnings(names, risk),
    )
    return Covariance(names, form, origin, warnings=warnings)


def plausible_units(exposures: FloatArray, factor_covariance: FloatArray, specific_risk: FloatArray) -> Units:
    """Return the units in which the median volatility of a model is possible; decimals if neither or both."""
    factors = np.einsum("ij,jk,ik->i", exposures, factor_covariance, exposures)
    usual = float(np.sqrt(median(factors + specific_risk**2))) if len(specific_risk) else 0.0
    low, high = PLAUSIBLE_VOLATILITY
    return Units.PERCENT if not low <= usual <= high and low <= usual / 100.0 <= high else Units.DECIMAL


def _by_factors(variances: FloatArray, specific: float) -> float:
    """Return the median volatility by the factors alone."""
    return float(np.sqrt(max(median(variances) - specific**2, 0.0))) if variances.size else 0.0


def _require_one_unit(variances: FloatArray, specific: float) -> None:
    """Refuse a specific risk that is in another unit than the factor covariance."""
    factors = _by_factors(variances, specific)
    low, high = USUAL_RATIO
    if not specific or not factors or low <= specific / factors <= high:
        return
    msg = (
        f"The median volatility of the factor model is {factors:.2%} by its factors and {specific:.2%} by "
        "its specific risk: one is in percent and the other in decimals. Give both in one unit."
    )
    raise InputError(msg)


def _specific_warnings(specific: float) -> tuple[str, ...]:
    if not 0.0 < specific < LOW_SPECIFIC:
        return ()
    text = (
        f"The specific risk has a median of {specific:.1%}, unusual for shares: check that it is annual "
        "volatilities, not variances."
    )
    return (Notice(text, Subject.RISK_MODEL, Severity.CHANGES),)


def _ratio_warnings(variances: FloatArray, specific: float) -> tuple[str, ...]:
    factors = _by_factors(variances, specific)
    if not factors or specific <= UNUSUAL_RATIO * factors:
        return ()
    text = (
        f"The median volatility of the factor model is {factors:.1%} by its factors and {specific:.1%} by "
        "its specific risk, unusual for shares: check that the factor covariance is annual."
    )
    return (Notice(text, Subject.RISK_MODEL, Severity.CHANGES),)


def _zero_warnings(names: Sequence[str], risk: FloatArray) -> tuple[str, ...]:
    zero = [names[i] for i in np.flatnonzero(risk == 0.0).tolist()]
    if not zero:
        return ()
    text = f"The specific risk is zero for {listing(zero)}, as of no share: check that it is not missing."
    return (Notice(text, Subject.RISK_MODEL, Severity.CHANGES),)


def _require_plausible(variances: FloatArray, units: Units) -> None:
    """Refuse a model whose median volatility shows that it is in the other unit."""
    usual = float(np.sqrt(median(variances))) if variances.size else 0.0
    low, high = PLAUSIBLE_VOLATILITY
    if low <= usual <= high or usual == 0.0:
        return
    other = Units.PERCENT if units is Units.DECIMAL else Units.DECIMAL
    scaled = usual / 100.0 if other is Units.PERCENT else usual * 100.0
    check = f"in {other} (percent squared for the factor covariance)"
    if not low <= scaled <= high:
        check = "annual: of daily figures multiply variances by 252, and volatilities by 15.87"
    msg = (
        f"Read as {units}, the median annual volatility of the factor model is {usual:.2%}. "
        f"Check whether it is {check}."
    )
    raise InputError(msg)
