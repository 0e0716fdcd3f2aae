"""The array types of the package, and the one way to make an array that nobody can change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]


def read_only(values: npt.ArrayLike) -> FloatArray:
    """Return the values as a contiguous float64 array that refuses assignment.

    The caller's own array stays writable: it is copied unless it is read-only already.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.flags.writeable or not array.flags.c_contiguous:
        array = np.array(array, order="C")
        array.flags.writeable = False
    return array


def positions_of(wanted: Sequence[str], among: Sequence[str]) -> IntArray:
    """Return where each wanted label stands among the others (all must be there)."""
    place = {label: index for index, label in enumerate(among)}
    return np.fromiter((place[label] for label in wanted), dtype=np.intp, count=len(wanted))
