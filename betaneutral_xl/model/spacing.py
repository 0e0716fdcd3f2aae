"""Spacing of the dates of a price table, and the number of returns per year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.arrays import median

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import BoolArray, DateArray

REGULAR = 0.85
"""Minimum share of gaps between dates that fit a spacing; the rest are holidays and missing days."""

FEW_GAPS = 10
"""Gaps between dates, below which none is told from the others."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """A spacing of prices: name, unit of a step, returns per year, shortest and longest gap in days."""

    name: str
    units: str
    per_year: int
    shortest: int
    longest: int

    @property
    def note(self) -> str:
        """The note for the user; empty for daily prices."""
        if self is DAILY:
            return ""
        return (
            f"The prices are {self.name}, by the median gap between their dates: variances are annualised by "
            f"{self.per_year}, and window, half-lives and effective days count {self.units}."
        )


DAILY = Spacing("daily", "days", 252, 1, 5)
WEEKLY = Spacing("weekly", "weeks", 52, 5, 9)
MONTHLY = Spacing("monthly", "months", 12, 26, 35)

MEDIANS = {DAILY: (1, 1), WEEKLY: (6, 8), MONTHLY: (28, 32)}
"""Range of the median gap in days."""


def spacing_of(dates: DateArray) -> Spacing:
    """Return the spacing of ascending days; daily where there are too few.

    Raises
    ------
    InputError
        If they are neither daily nor weekly nor monthly.

    """
    gaps = np.diff(dates).astype(int)
    if gaps.size < 2:  # noqa: PLR2004 - too few for a median
        return DAILY
    usual = median(gaps)
    for spacing, (low, high) in MEDIANS.items():
        fits = (gaps >= spacing.shortest) & (gaps <= spacing.longest)
        if low <= usual <= high and fits.mean() >= REGULAR:
            return spacing
    msg = (
        f"The prices are irregular: between {dates[0]} and {dates[-1]} the gaps between dates are "
        f"{usual:g} days in the median, from {gaps.min()} to {gaps.max()}. "
        "Give daily, weekly or monthly prices, so that variances can be annualised."
    )
    raise InputError(msg)


def after_gaps(dates: DateArray) -> BoolArray:
    """Return which of ascending days, from the second on, come after days that are missing, shape (T - 1,).

    A gap is longer than those of the spacing that is usual, such as 5 days of daily prices; none where no
    spacing is.
    """
    gaps = np.diff(dates).astype(int)
    usual = median(gaps) if gaps.size >= FEW_GAPS else 0.0
    spacing = next((one for one, (low, high) in MEDIANS.items() if low <= usual <= high), None)
    longest = np.inf if spacing is None else spacing.longest
    return np.asarray(gaps > longest)


def require_daily(dates: DateArray, what: str) -> None:
    """Refuse prices that are not daily for an option ``what`` that counts trading days.

    Raises
    ------
    InputError
        If they are not.

    """
    spacing = spacing_of(dates)
    if spacing is not DAILY:
        msg = f"The prices are {spacing.name}, and {what} counts trading days. Give daily prices."
        raise InputError(msg)
