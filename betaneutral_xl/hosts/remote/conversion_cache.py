"""Answers in the form in which a host takes them, so that one that is given again is not walked again."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from betaneutral_xl.hosts.sheets.session import Rows

T = TypeVar("T")


class ConversionCache(Generic[T]):
    """What was made of the last large answers.

    The session answers what is asked again with the very same rows; by these they are known.
    """

    MOST = 16
    """Answers that are kept."""

    LARGE = 1_000
    """Cells from which an answer is kept; a smaller one is walked in no time, and would push others out."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[Rows, T]] = OrderedDict()
        self._lock = Lock()

    def convert(self, rows: Rows, make: Callable[[Rows], T]) -> T:
        """Return what is made of rows."""
        with self._lock:
            known = self._kept.get(id(rows))
            if known is not None:
                return known[1]
        made = make(rows)
        if sum(map(len, rows)) < self.LARGE:
            return made
        with self._lock:
            self._kept[id(rows)] = rows, made  # keeps the rows alive, and so their id theirs
            while len(self._kept) > self.MOST:
                self._kept.popitem(last=False)
        return made
