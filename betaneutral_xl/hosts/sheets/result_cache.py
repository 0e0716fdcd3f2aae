"""A cache of results, each computed once, also under concurrent requests."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar, cast

from betaneutral_xl.errors import SourceError

T = TypeVar("T")

MAX_RESULTS = 512
RETRY_AFTER = 60.0
"""Seconds for which a network failure is cached, so that a recalculation does not wait again."""


class ResultCache:
    """A least-recently-used cache that computes each value once, also under concurrent requests."""

    def __init__(self, max_entries: int = MAX_RESULTS) -> None:
        self._max_entries = max_entries
        self._entries: OrderedDict[Hashable, tuple[float, Future[Any]]] = OrderedDict()
        self._lock = Lock()

    def get_or_compute(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the cached value of a key, or compute and cache it.

        Errors are not cached, except a ``SourceError`` for ``RETRY_AFTER`` seconds.
        """
        with self._lock:
            expires, future = self._entries.get(key, (0.0, None))
            mine = future is None or expires < time.monotonic()
            if future is None or mine:
                future = Future()
                self._entries[key] = (math.inf, future)
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)
        if mine:
            try:
                future.set_result(compute())
            except BaseException as error:
                self._expire(key, future, error)
                future.set_exception(error)
                raise
        return cast("T", future.result())

    def _expire(self, key: Hashable, future: Future[Any], error: BaseException) -> None:
        after = time.monotonic() + RETRY_AFTER if isinstance(error, SourceError) else 0.0
        with self._lock:
            if self._entries.get(key, (0.0, None))[1] is future:
                self._entries[key] = (after, future)

    def clear(self) -> None:
        """Remove all values."""
        with self._lock:
            self._entries.clear()
