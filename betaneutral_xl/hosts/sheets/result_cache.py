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
    most
        Number of values that are kept.

    """

    def __init__(self, most: int = MAX_RESULTS) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[float, Future[Any]]] = OrderedDict()
        self._lock = Lock()

    def get_or_compute(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the cached value of a key, or compute and cache it.

        Errors are not cached, except a ``SourceError`` for ``RETRY_AFTER`` seconds.
        """
        with self._lock:
            made, future = self._kept.get(key, (0.0, None))
            if future is not None and self._stale(made, future):
                future = None
            mine = future is None
            if future is None:
                future = Future()
                self._kept[key] = (time.monotonic(), future)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
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
            self._kept.clear()

    @staticmethod
    def _stale(made: float, future: Future[Any]) -> bool:
        if not future.done() or future.exception() is None:
            return False
        return not isinstance(future.exception(), SourceError) or time.monotonic() - made > RETRY_AFTER
