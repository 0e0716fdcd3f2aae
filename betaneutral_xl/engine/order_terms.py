"""What can be required of orders: their instruments and lots. ``engine.orders`` makes them."""

from __future__ import annotations

import math
from enum import StrEnum

DECIMALS = 9
"""Decimals of a fraction of a share: what the broker with the finest fractions takes."""

FRACTIONAL_LOT = 1e-4
"""The lot of fractional shares where none is stated: what most brokers take."""

PARTICIPATION = 0.10
"""Share of a day's volume that may be traded unless something else is said."""


class Tradable(StrEnum):
    """Instruments of the orders: the names themselves, or for a hedge the ETFs.

    ``ETFS`` requires that enough of each ETF has risk data, or that the risk model has its own row;
    ``ETFS_ANY_COVERAGE`` does not.
    """

    NAMES = "names"
    ETFS = "etfs"
    ETFS_ANY_COVERAGE = "etfs_any_coverage"


def is_lot(size: float) -> bool:
    """Whether a number of shares may be a lot: whole, or a fraction of one with ``DECIMALS`` at most.

    >>> [is_lot(size) for size in (1, 100, 0.001, 2.5, 0, 1e-12, 1 / 3)]
    [True, True, True, False, False, False, False]
    """
    if size >= 1:
        return math.isfinite(size) and size == int(size)
    return 0 < size == round(size, DECIMALS)


def shares_of(lots: float, size: float) -> float:
    """Return the shares of a whole number of lots, an int if the lot is whole.

    >>> shares_of(3.0, 100), shares_of(3.0, 0.1)
    (300, 0.3)
    """
    return int(round(lots) * size) if size >= 1 else round(round(lots) * size, DECIMALS)
