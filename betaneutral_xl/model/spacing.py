"""How far apart the days of a table of prices are, and so how many of its returns make a year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import InputError

if TYPE_CHECKING:
    from betaneutral_xl.model.returns import DateArray

REGULAR = 0.85
"""The share of gaps that must fit a spacing; the rest are holidays and holes."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """A spacing of prices: its name, what one step is called, returns a year, its gaps in days."""

    name: str
    units: str
    per_year: int
    shortest: int
    longest: int

    @property
    def note(self) -> str:
        """What is to be said of it; nothing of daily prices."""
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
"""What the median gap may be."""


def spacing_of(dates: DateArray) -> Spacing:
    """Return the spacing of ascending days; daily where there are too few to tell.

    Raises
    ------
    InputError
        If they are neither daily nor weekly nor monthly.

    """
    gaps = np.diff(dates).astype(int)
    if gaps.size < 2:  # noqa: PLR2004 - no median to speak of
        return DAILY
    median = float(np.median(gaps))
    for spacing, (low, high) in MEDIANS.items():
        fits = (gaps >= spacing.shortest) & (gaps <= spacing.longest)
        if low <= median <= high and fits.mean() >= REGULAR:
            return spacing
    msg = (
        f"The prices are irregular: between {dates[0]} and {dates[-1]} the gaps between dates are "
        f"{median:g} days in the median, from {gaps.min()} to {gaps.max()}. "
        "Give daily, weekly or monthly prices, so that their variance a year is known."
    )
    raise InputError(msg)


def require_daily(dates: DateArray, what: str) -> None:
    """Refuse what counts in trading days where the prices are not daily.

    Raises
    ------
    InputError
        If they are not.

    """
    spacing = spacing_of(dates)
    if spacing is not DAILY:
        msg = f"The prices are {spacing.name}, and {what} counts in days of trading. Give daily prices."
        raise InputError(msg)
