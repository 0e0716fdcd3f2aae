"""In which unit the numbers of a covariance are, and which numbers cannot be annual decimals.

The unit cancels in a beta and not in a volatility or a tracking error, so a wrong one is seen
late or never. Every matrix from outside is made by ``Covariance.from_source``, which asks here.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.provenance import Provenance

TRADING_DAYS = 252
"""Trading days a year, with which daily variances become annual."""

VARIANCE_RANGE = (0.0025, 4.0)
"""What the median annual variance of shares can be, decimals: volatilities of 5 % to 200 %."""

DOUBTFUL = 1.0
"""A median variance above this, a volatility of 100 %, has to be stated to be annual."""

USUAL_VOLATILITY = (0.12, 0.5)
"""Outside of these a median volatility is said to be unusual; shares' is 20 % to 45 %."""

LARGEST_VARIANCE = 100.0
"""Of any one name: a volatility of 1,000 %."""

TYPICAL_VARIANCE = 0.09
"""Of a share of 30 % volatility; of several units that are possible the nearest to it is advised."""

ONES = 1e-6
"""How far printed diagonals of a correlation matrix may be from 1."""


class CovarianceUnit(StrEnum):
    """What the numbers of a covariance are; inside the package they are annual decimals.

    A stock of 30 % annual volatility has 0.09 in ``annual``, 900 in ``percent_squared``, 0.000357
    in ``daily`` and 3.57 in ``daily_percent_squared``.
    """

    ANNUAL = "annual"
    PERCENT_SQUARED = "percent_squared"
    DAILY = "daily"
    DAILY_PERCENT_SQUARED = "daily_percent_squared"

    @property
    def factor(self) -> float:
        """What a printed number is multiplied with to be annual and a decimal."""
        return _FACTORS[self]

    @classmethod
    def of(cls, text: str) -> CovarianceUnit:
        """Return the unit of a name, with blanks, hyphens or underscores.

        Raises
        ------
        InputError
            With the list of what there is.

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
"""How a unit is stated, by the source of the matrix; of a file and of the API by an option."""


def refuse_correlations(variances: FloatArray, origin: Provenance, unit: CovarianceUnit) -> None:
    """Refuse a correlation matrix, in decimals or percent: its volatilities would all be 100 %.

    Parameters
    ----------
    variances
        The diagonal, shape (N,), annual decimals.
    origin
        Where they are from, for the message.
    unit
        As they were read.

    Raises
    ------
    InputError
        If every printed number of the diagonal is 1, or every one is 100.

    """
    for one in (1.0, 100.0):
        if variances.size > 1 and np.abs(variances / unit.factor / one - 1.0).max() <= ONES:
            msg = (
                f"{_what(origin)} is a correlation matrix: every number of its diagonal is {one:g}. "
                "Give covariances: each correlation times the two annual volatilities."
            )
            raise InputError(msg)


def objection(
    tickers: Sequence[str], variances: FloatArray, origin: Provenance, unit: CovarianceUnit | None
) -> str:
    """Say what is against variances being those of shares, annual and in decimals; nothing is empty.

    Parameters
    ----------
    tickers
        N names.
    variances
        Shape (N,), annual decimals if the unit is what it is taken for.
    origin
        Where they are from, for the message.
    unit
        As the user stated it; None if nobody did, and they were taken for annual decimals. Stated
        annual, a median volatility of 100 % to 200 % is taken as it stands.

    """
    if not variances.size:
        return ""
    read = unit or CovarianceUnit.ANNUAL
    low, high = VARIANCE_RANGE
    median = float(np.median(variances))
    if not low <= median <= high:
        return (
            f"{_what(origin)} has a median variance of {median / read.factor:.4g}, read as {_WORDS[read]}; "
            f"annual variances of shares lie between {low} and {high:g} in decimals. "
            f"{_advice(median / read.factor, read, origin)}"
        )
    if median > DOUBTFUL and unit is None:
        return (
            f"{_what(origin)} has a median variance of {median:.4g}, as annual decimals a volatility of "
            f"{math.sqrt(median):.0%}. {_advice(median, read, origin)} If it is right, {_how(origin, read)}."
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


def unusual(variances: FloatArray, origin: Provenance) -> tuple[str, ...]:
    """Return what is to be said of annual variances that can be right, but are not usual of shares."""
    if not variances.size:
        return ()
    volatility = math.sqrt(float(np.median(variances)))
    low, high = USUAL_VOLATILITY
    if low <= volatility <= high:
        return ()
    hint = "monthly or weekly" if volatility < low else "volatilities in place of variances"
    return (
        f"{_what(origin)} has a median volatility of {volatility:.1%}, unusual for shares: check that its "
        f"numbers are annual variances, not {hint}.",
    )


def _what(origin: Provenance) -> str:
    nameless = origin.location in {"covariance", "memory"}  # a worksheet's argument; a caller's matrix
    return "The covariance" if nameless else f"The covariance {origin.location}"


def _advice(printed: float, read: CovarianceUnit, origin: Provenance) -> str:
    low, high = VARIANCE_RANGE
    annual = {one: printed * one.factor for one in CovarianceUnit if one is not read}
    likely = [one for one, value in annual.items() if low <= value <= high]
    if not likely:
        return "Convert it to annual decimals."
    best = min(likely, key=lambda one: abs(math.log(annual[one] / TYPICAL_VARIANCE)))
    return f"It looks like {_WORDS[best]}: {_how(origin, best)}, or convert it."


def _how(origin: Provenance, unit: CovarianceUnit) -> str:
    return _HOW.get(origin.source, "choose --covariance-unit {}").format(unit)
