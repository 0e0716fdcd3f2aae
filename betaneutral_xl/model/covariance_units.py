"""Units of a covariance, and detection of variances that cannot be annual decimals.

The unit cancels in a beta but not in a volatility or a tracking error, so a wrong one is noticed
late or never. ``Covariance.from_source`` makes every matrix from outside, with these checks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError, listing
from betaneutral_xl.model.arrays import median
from betaneutral_xl.model.notices import Notice, Severity, Subject

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray, IntArray
    from betaneutral_xl.model.provenance import Provenance

TRADING_DAYS = 252
"""Trading days a year: annual variances are this multiple of daily ones."""

VARIANCE_RANGE = (0.0025, 4.0)
"""Possible range of the median annual variance of shares, decimals: volatilities of 5 % to 200 %."""

LARGEST_UNSTATED = 1.0
"""A median variance above this, a volatility of 100 %, is accepted only if stated to be annual."""

USUAL_VOLATILITY = (0.12, 0.5)
"""Median volatilities outside this range get a warning; that of shares is 20 % to 45 %."""

LARGEST_VARIANCE = 25.0
"""Largest variance of a single name: a volatility of 500 %."""

FAR_FROM_MEDIAN = (0.1, 5.5)
"""Volatilities outside this range of the median one get a warning: other units, or prices that stay.

A daily one among annual ones is a sixteenth of itself, so that of a share is below a tenth of the median.
"""

FAR_APART = 6.0
"""Ratio of successive volatilities, in their order, from which those below and above are in other units."""

MANY_ZEROS = 0.5
"""Share of the other names with which a name has no covariance, from which it changes betas."""

LONGER_PERIODS = {"weekly": 52.0, "monthly": 12.0}
"""Periods of a year for which there is no unit to choose; the multipliers to annual variances."""

TYPICAL_VARIANCE = 0.09
"""Variance of a share of 30 % volatility; of several possible units the nearest to it is suggested."""

MIN_SANE = 3
"""Names from which a median says what is usual."""

CLOSER = 0.5
"""By how much a longer period must fit better, as a logarithm, to be suggested before a unit to choose."""

ONE_TOLERANCE = 1e-6
"""Tolerance of the diagonal of a correlation matrix, from rounding in files."""


class CovarianceUnit(StrEnum):
    """The unit of a covariance's numbers; inside the package they are annual decimals.

    A stock of 30 % annual volatility has 0.09 in ``annual``, 900 in ``percent_squared``, 0.000357
    in ``daily`` and 3.57 in ``daily_percent_squared``.
    """

    ANNUAL = "annual"
    PERCENT_SQUARED = "percent_squared"
    DAILY = "daily"
    DAILY_PERCENT_SQUARED = "daily_percent_squared"

    @property
    def factor(self) -> float:
        """The multiplier from this unit to annual decimals."""
        return _FACTORS[self]

    @classmethod
    def of(cls, text: str) -> CovarianceUnit:
        """Return the unit of a name, with blanks, hyphens or underscores.

        Raises
        ------
        InputError
            If there is no such unit; the message lists those there are.

        """
        try:
            return cls(text.strip().lower().replace("-", "_").replace(" ", "_"))
        except ValueError:
            msg = f"There is no covariance unit {text!r:.40}. Choose one of {', '.join(cls)}."
            raise InputError(msg) from None


_FACTORS = {
    CovarianceUnit.ANNUAL: 1.0,
    CovarianceUnit.PERCENT_SQUARED: 1e-4,
    CovarianceUnit.DAILY: float(TRADING_DAYS),
    CovarianceUnit.DAILY_PERCENT_SQUARED: TRADING_DAYS * 1e-4,
}

_WORDS = {
    CovarianceUnit.ANNUAL: "annual decimals",
    CovarianceUnit.PERCENT_SQUARED: "percent squared",
    CovarianceUnit.DAILY: "daily decimals",
    CovarianceUnit.DAILY_PERCENT_SQUARED: "daily percent squared",
}

_HOW = {
    "worksheet": 'give COVARIANCE the option "unit={}"',
    "caller": 'use Covariance.from_matrix(..., unit="{}")',
}
"""How the user states a unit, by source of the matrix; for files and the API by an option."""


def refuse_correlations(variances: FloatArray, origin: Provenance, unit: CovarianceUnit) -> None:
    """Refuse a correlation matrix, in decimals or percent: its volatilities would all be 100 %.

    ``variances`` (N,) is the diagonal in annual decimals, read in ``unit``.

    Raises
    ------
    InputError
        If every printed number of the diagonal is 1, or every one is 100.

    """
    for one in (1.0, 100.0):
        if variances.size > 1 and np.abs(variances / unit.factor / one - 1.0).max() <= ONE_TOLERANCE:
            msg = (
                f"{_what(origin)} is a correlation matrix: every number of its diagonal is {one:g}. "
                "Give covariances: each correlation times the two annual volatilities."
            )
            raise InputError(msg)


def implausible_variances(
    tickers: Sequence[str], variances: FloatArray, origin: Provenance, unit: CovarianceUnit | None
) -> str:
    """Return why variances (N,) cannot be annual variances of shares in decimals; empty if they can.

    ``unit`` is the one stated by the user; None if annual decimals were assumed. If it is stated to be
    annual, a median volatility of 100 % to 200 % is accepted.
    """
    if not variances.size:
        return ""
    read = unit or CovarianceUnit.ANNUAL
    low, high = VARIANCE_RANGE
    usual = median(variances)
    if not low <= usual <= high:
        return (
            f"{_what(origin)} has a median variance of {usual / read.factor:.4g}, read as {_WORDS[read]}; "
            f"annual variances of shares lie between {low} and {high:g} in decimals. "
            f"{_advice(usual / read.factor, read, origin)}"
        )
    if usual > LARGEST_UNSTATED and unit is None:
        return (
            f"{_what(origin)} has a median variance of {usual:.4g}, as annual decimals a volatility of "
            f"{math.sqrt(usual):.0%}. {_advice(usual, read, origin)} If it is right, {_how(origin, read)}."
        )
    largest = int(np.argmax(variances))
    if variances[largest] > LARGEST_VARIANCE:
        return (
            f"{_what(origin)} has a variance of {variances[largest] / read.factor:.4g} for "
            f"{tickers[largest]}, read as {_WORDS[read]}: a volatility of "
            f"{math.sqrt(variances[largest]) * 100.0:.4g}%. "
            "Correct it, or remove the ticker."
        )
    return ""


def unusual_volatility(tickers: Sequence[str], variances: FloatArray, origin: Provenance) -> tuple[str, ...]:
    """Return warnings on annual variances that are possible but unusual for shares."""
    if not variances.size:
        return ()
    volatility = math.sqrt(median(variances))
    far = _far_from_median(tickers, variances, volatility, origin)
    low, high = USUAL_VOLATILITY
    if low <= volatility <= high:
        return far
    hint = "monthly or weekly" if volatility < low else "volatilities in place of variances"
    text = (
        f"{_what(origin)} has a median volatility of {volatility:.1%}, unusual for shares: check that its "
        f"numbers are annual variances, not {hint}."
    )
    return (Notice(text, Subject.RISK_MODEL, Severity.CHANGES), *far)


def low_volatility(variances: FloatArray) -> tuple[str, ...]:
    """Return a warning on estimates, annual variances (N,), whose median volatility is too low for shares."""
    volatility = math.sqrt(max(median(variances), 0.0)) if variances.size else math.inf
    if volatility >= USUAL_VOLATILITY[0]:
        return ()
    text = (
        f"The median volatility of the estimates is {volatility:.1%}, unusual for shares: check that the "
        "numbers are daily prices, and not their logarithms or smoothed values."
    )
    return (Notice(text, Subject.RISK_MODEL, Severity.CHANGES),)


def refuse_impossible(
    tickers: Sequence[str], variances: FloatArray, origin: Provenance, what: str = "The prices"
) -> None:
    """Refuse annual variances (N,) of a volatility that no share has: a number of their source is wrong.

    ``what`` in the source they are from.

    Raises
    ------
    InputError
        With the name and its volatility.

    """
    if not variances.size or variances.max() <= LARGEST_VARIANCE:
        return
    largest = int(np.argmax(variances))
    msg = (
        f"{what} of {tickers[largest]} in {origin.location} have a volatility of "
        f"{math.sqrt(variances[largest]):,.0%} a year, which no share has: some are wrong. Correct them, or "
        "remove the ticker."
    )
    raise InputError(msg, tickers=[tickers[largest]])


def _far_from_median(
    tickers: Sequence[str], variances: FloatArray, usual: float, origin: Provenance
) -> tuple[str, ...]:
    volatilities = np.sqrt(np.maximum(variances, 0.0))
    low, high = FAR_FROM_MEDIAN
    far = np.flatnonzero((volatilities < low * usual) | (volatilities > high * usual))
    apart = _far_apart(volatilities)
    if len(variances) < MIN_SANE or not (far.size or apart.size):
        return ()
    of_whom = f"the median of {usual:.1%}" if apart.size <= far.size else "those of the others"
    far = far if apart.size <= far.size else apart
    if 2 * far.size > len(variances):
        return ()
    named = listing([f"{tickers[i]} {volatilities[i]:.2%}" for i in far.tolist()])
    text = (
        f"{_what(origin)} has volatilities far from {of_whom}: {named}. Check their "
        "unit and their prices: their betas are as far off."
    )
    return (Notice(text, Subject.RISK_MODEL, Severity.CHANGES),)


def _far_apart(volatilities: FloatArray) -> IntArray:
    """Return the names of the smaller of two groups of volatilities, if they are far apart."""
    order = np.argsort(volatilities, kind="stable")
    order = order[volatilities[order] > 0.0]
    if len(order) < MIN_SANE:
        return order[:0]
    ratios = volatilities[order[1:]] / volatilities[order[:-1]]
    below = int(np.argmax(ratios)) + 1
    if ratios[below - 1] < FAR_APART:
        return order[:0]
    return np.sort(order[:below] if 2 * below <= len(order) else order[below:])


def missing_covariances(tickers: Sequence[str], matrix: FloatArray, origin: Provenance) -> tuple[str, ...]:
    """Return a warning on covariances (N, N) that are exactly zero, as estimated ones never are."""
    moving = matrix.diagonal() > 0.0
    # by row, as masks of the whole matrix would take three eighths of its memory
    count = np.array([np.count_nonzero((row == 0.0) & moving) for row in matrix]) * moving
    if not count.any():
        return ()
    others = int(moving.sum()) - 1
    many = count >= MANY_ZEROS * others
    found = np.flatnonzero(many if many.any() else count > 0)
    named = listing([f"{tickers[i]} with {count[i]} of {others} others" for i in found.tolist()])
    text = (
        f"{_what(origin)} has covariances of exactly zero: {named}. They seem to be missing or rounded away, "
        "and make betas wrong. Fill them in."
    )
    severity = Severity.CHANGES if many.any() else None
    return (Notice(text, Subject.RISK_MODEL, severity),)


def _what(origin: Provenance) -> str:
    nameless = origin.location in {"covariance", "memory"}  # a worksheet's argument; a caller's matrix
    return "The covariance" if nameless else f"The covariance {origin.location}"


def _advice(printed: float, read: CovarianceUnit, origin: Provenance) -> str:
    low, high = VARIANCE_RANGE
    annual = {one: printed * one.factor for one in CovarianceUnit if one is not read}
    likely = [one for one, value in annual.items() if low <= value <= high]
    if not likely:
        return "Convert it to annual decimals."
    best = min(likely, key=lambda one: _distance(annual[one]))
    longer = {
        f"{period} {words}": periods * factor
        for period, periods in LONGER_PERIODS.items()
        for words, factor in (("decimals", 1.0), ("percent squared", 1e-4))
    }
    unit = min(longer, key=lambda one: _distance(printed * longer[one]))
    if _distance(printed * longer[unit]) < _distance(annual[best]) - CLOSER:
        return (
            f"It looks like {unit}: multiply by {longer[unit]:g}. If it is {_WORDS[best]}, "
            f"{_how(origin, best)}."
        )
    return f"It looks like {_WORDS[best]}: {_how(origin, best)}, or convert it."


def _distance(variance: float) -> float:
    """Return how far an annual variance is from that of a usual share, as a logarithm."""
    return abs(math.log(variance / TYPICAL_VARIANCE))


def _how(origin: Provenance, unit: CovarianceUnit) -> str:
    return _HOW.get(origin.source, "choose --covariance-unit {}").format(unit)
