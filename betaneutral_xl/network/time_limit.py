"""A limit on the time of everything that one answer of the network takes.

Whoever waits asks here how long it may: each read and write of a socket, a pause before a retry,
the wait for a lock. So the limit holds however slowly the other side sends.
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
T = TypeVar("T")

_END: ContextVar[float] = ContextVar("end", default=math.inf)
"""The end of the time, as ``time.monotonic`` counts."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Limit the time of what waits in the block; of two limits, the sooner end holds.

    >>> with time_limit(60.0), time_limit(3600.0):
    ...     0.0 < seconds_left() <= 60.0
    True
    """
    token = _END.set(min(_END.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _END.reset(token)


def seconds_left() -> float:
    """Return the seconds until the end, infinite without a limit, negative after it.

    >>> seconds_left()
    inf
    """
    return _END.get() - time.monotonic()


def bounded(seconds: float | None) -> float | None:
    """Return how long the next step may wait: ``seconds`` (``None``: for ever), or what is left.

    Raises
    ------
    TimeoutError
        If nothing is left.

    """
    left = seconds_left()
    if left <= 0.0:
        msg = "the time is up"
        raise TimeoutError(msg)
    if math.isinf(left):
        return seconds
    return left if seconds is None else min(seconds, left)


def call_bounded(seconds: float | None, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that cannot be interrupted, and wait for it no longer than allowed.

    It runs in a thread of its own. When the time is up the thread is left behind, and ends when the
    operating system lets it: a look-up of a name after the resolver's own time-out (some ten
    seconds). It never keeps the process from ending.

    Raises
    ------
    TimeoutError
        If it takes longer; otherwise what the function raises.

    """
    wait = bounded(seconds)
    done = threading.Event()
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.extend((function(*args, **kwargs), None))
        except BaseException as error:  # noqa: BLE001 - raised again where the call waits
            outcome.extend((None, error))
        done.set()

    threading.Thread(target=run, daemon=True, name=f"betaneutral-{function.__name__}").start()
    if not done.wait(wait):
        msg = f"{function.__name__} did not end in time"
        raise TimeoutError(msg)
    result, error = outcome
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return] # what the function returned
