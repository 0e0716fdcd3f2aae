"""A time limit for a whole network request, with its retries.

Every wait is bounded by the remaining time: each read and write of a socket, pauses before retries,
waiting for a lock. So the limit holds however slowly the server sends.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from betaneutral_xl.system.optional import has_threads

P = ParamSpec("P")
T = TypeVar("T")

_DEADLINE: ContextVar[float] = ContextVar("deadline", default=math.inf)
"""In seconds of ``time.monotonic``."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Limit the waiting time in a block; of nested limits the earlier deadline holds.

    >>> with time_limit(60.0), time_limit(3600.0):
    ...     0.0 < seconds_left() <= 60.0
    True
    """
    token = _DEADLINE.set(min(_DEADLINE.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def seconds_left() -> float:
    """Return the seconds until the deadline: infinite without one, negative after it.

    >>> seconds_left()
    inf
    """
    return _DEADLINE.get() - time.monotonic()


def bounded(seconds: float | None) -> float | None:
    """Return how long the next step may wait: ``seconds`` (None: unlimited), or less if less is left.

    Raises ``TimeoutError`` after the deadline.
    """
    left = seconds_left()
    if left <= 0.0:
        msg = "the time is up"
        raise TimeoutError(msg)
    if math.isinf(left):
        return seconds
    return left if seconds is None else min(seconds, left)


def call_bounded(seconds: float | None, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that cannot be interrupted, and wait at most ``seconds`` and the remaining time.

    It runs in a daemon thread, which is abandoned when the time is up and ends by itself: a name
    resolution after the resolver's own time-out (some ten seconds). Where there are no threads, it is
    waited for. Raises ``TimeoutError`` if it takes longer; otherwise what the function raises.
    """
    wait = bounded(seconds)
    if not has_threads():
        return function(*args, **kwargs)
    done = threading.Event()
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.extend((function(*args, **kwargs), None))
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            outcome.extend((None, error))
        done.set()

    threading.Thread(target=run, daemon=True, name=f"betaneutral-{function.__name__}").start()
    if not done.wait(wait):
        msg = f"{function.__name__} did not end in time"
        raise TimeoutError(msg)
    result, error = outcome
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return] # the function's result
