"""A cache of results, each computed once, also under concurrent requests."""

from __future__ import annotations

import time
from collections import OrderedDict
from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from betaneutral_xl.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")

MAX_RESULTS = 512
RETRY_AFTER = 60.0
"""Seconds for which a network failure is cached, so that a recalculation does not wait again."""


class ResultCache:
    """A least-recently-used cache that computes each value once, also under concurrent requests.

    Parameters
    ----------
    max_entries
        Number of values that are kept.

    """

    def __init__(self, max_entries: int = MAX_RESULTS) -> None:
        self._max_entries = max_entries
        self._entries: OrderedDict[Hashable, tuple[float, Future[Any]]] = OrderedDict()
        self._lock = Lock()

    def get_or_compute(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the cached value of a key, or compute and cache it.

        Errors are not cached, except a ``SourceError`` for ``RETRY_AFTER`` seconds.
        """
        with self._lock:
            made, future = self._entries.get(key, (0.0, None))
            if future is not None and self._stale(made, future):
                future = None
            mine = future is None
            if future is None:
                future = Future()
                self._entries[key] = (time.monotonic(), future)
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)
        if mine:
            try:
                future.set_result(compute())
            except BaseException as error:
                future.set_exception(error)
                raise
        return cast("T", future.result())

    def clear(self) -> None:
        """Remove all values."""
        with self._lock:
            self._entries.clear()

    @staticmethod
    def _stale(made: float, future: Future[Any]) -> bool:
        if not future.done() or future.exception() is None:
            return False
        return not isinstance(future.exception(), SourceError) or time.monotonic() - made > RETRY_AFTER
