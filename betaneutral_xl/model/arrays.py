"""Array types of the package, read-only arrays, medians and positions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]
DateArray = npt.NDArray[np.datetime64]


def read_only(values: npt.ArrayLike) -> FloatArray:
    """Return the values as a read-only C-contiguous float64 array.

    A writable array is copied, so that the caller's own stays writable.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.flags.writeable or not array.flags.c_contiguous:
        array = np.array(array, order="C")
        array.flags.writeable = False
    return array


def make_read_only(owner: object, *names: str) -> None:
    """Make arrays among the attributes of a frozen dataclass read-only, as ``read_only`` does."""
    for name in names:
        object.__setattr__(owner, name, read_only(getattr(owner, name)))


def median(values: npt.ArrayLike) -> float:
    """Return the median of values, at least one; NaN where any is NaN.

    ``np.median`` imports ``numpy.ma``, which takes longer than solving a small problem.

    >>> median([3.0, 1.0, 2.0]), median([4.0, 1.0])
    (2.0, 2.5)
    """
    ordered = np.sort(values, axis=None)
    middle = len(ordered) // 2
    if np.isnan(ordered[-1]):  # the last of a sorted array
        return math.nan
    return float(ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2.0)


def positions_of(labels: Sequence[str], among: Sequence[str]) -> IntArray:
    """Return the index of each label in ``among``, which must have them all."""
    index_of = {label: index for index, label in enumerate(among)}
    return np.fromiter((index_of[label] for label in labels), dtype=np.intp, count=len(labels))
