"""A cache of results converted for a host, so that a repeated result is not converted again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from betaneutral_xl.hosts.sheets.result_cache import ResultCache
from betaneutral_xl.hosts.sheets.session import Rows

T = TypeVar("T")

MAX_ENTRIES = 16
"""Number of conversions that are kept."""

MIN_CELLS = 1_000
"""Cells from which a conversion is kept; a smaller one is fast, and would evict others."""


class ConversionCache(Generic[T]):
    """A cache of the last large conversions.

    The session returns the identical rows object for a repeated call; its identity is the key.
    """

    def __init__(self) -> None:
        self._kept = ResultCache(MAX_ENTRIES)

    def convert(self, rows: Rows, make: Callable[[Rows], T]) -> T:
        """Return ``make(rows)``, cached for large rows."""
        if sum(map(len, rows)) < MIN_CELLS:
            return make(rows)
        # With the rows, so that no others get their identity while they are kept.
        return self._kept.get_or_compute(id(rows), lambda: (rows, make(rows)))[1]
