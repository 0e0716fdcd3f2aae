"""A cache of results converted for a host, so that a repeated result is not converted again."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from betaneutral_xl.hosts.sheets.session import Rows

T = TypeVar("T")


class ConversionCache(Generic[T]):
    """A cache of the last large conversions.

    The session returns the identical rows object for a repeated call; its identity is the key.
    """

    MAX_ENTRIES = 16
    """Number of conversions that are kept."""

    MIN_CELLS = 1_000
    """Cells from which a conversion is kept; a smaller one is fast, and would evict others."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[Rows, T]] = OrderedDict()
        self._lock = Lock()

    def convert(self, rows: Rows, make: Callable[[Rows], T]) -> T:
        """Return ``make(rows)``, cached for large rows."""
        with self._lock:
            cached = self._kept.get(id(rows))
            if cached is not None:
                return cached[1]
        made = make(rows)
        if sum(map(len, rows)) < self.MIN_CELLS:
            return made
        with self._lock:
            self._kept[id(rows)] = rows, made  # the reference to rows prevents reuse of its id
            while len(self._kept) > self.MAX_ENTRIES:
                self._kept.popitem(last=False)
        return made
