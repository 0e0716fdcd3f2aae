"""The contract of an estimator of a covariance."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.estimators.window import Estimate, Window
from betaneutral_xl.testing.requirements import require

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray

DAYS, NAMES = 120, 12

CLOSE = 1e-6
"""Relative difference within which two estimates of the same are equal: they sum in different orders."""


def simulated(seed: int = 0, days: int = DAYS, names: int = NAMES, *, holes: bool = False) -> Window:
    """Return a window of daily returns of a market, its names and clustered volatility.

    With ``holes``, one name is listed late and another lacks its last days.
    """
    rng = np.random.default_rng(seed)
    calm = np.exp(0.5 * np.cumsum(rng.normal(0.0, 0.15, days)))[:, None]
    market = rng.normal(0.0, 0.01, (days, 1)) * rng.uniform(0.3, 2.0, names)
    returns = calm * (market + rng.normal(0.0, 0.01, (days, names)))
    if holes:
        returns[: days // 2, 0] = np.nan
        returns[-10:, 1] = np.nan
    return Window.of(tuple(f"N{i:02}" for i in range(names)), returns)


def check_estimator(
    estimator: Callable[..., Estimate], *, days: int = DAYS, seed: int = 0, **options: Any
) -> None:
    """Check what holds of every estimator.

    Its parameters are keyword arguments with defaults. Its covariance is finite, symmetric and positive
    semidefinite, with a variance for every name, also of incomplete names and of more names than days;
    it does not depend on the order of the names, grows with the square of the returns, is 0 for a name
    that never moves, and is the same when it is estimated again from a window that is left as it was.

    Parameters
    ----------
    estimator
        A function from a ``Window`` to a daily ``Estimate``.
    days
        Number of days of the simulated windows.
    seed
        Seed of the simulated returns.
    options
        Keyword arguments of the estimator.

    Raises
    ------
    AssertionError
        With what does not hold.

    """
    name = getattr(estimator, "__name__", str(estimator))
    _has_parameters_with_defaults(estimator, name)

    def covariance(window: Window) -> FloatArray:
        return _estimated(estimator(window, **options), window, name)

    for window in (simulated(seed, days), simulated(seed, days, holes=True), simulated(seed, 30, 40)):
        covariance(window)
    _can_be_repeated(covariance, simulated(seed, days, holes=True), name)
    _ignores_the_order(covariance, simulated(seed, days), name)
    _grows_with_the_square(covariance, simulated(seed, days), name)
    _is_zero_without_moves(covariance, simulated(seed, days), name)


def _has_parameters_with_defaults(estimator: Callable[..., Estimate], name: str) -> None:
    require((estimator.__doc__ or "").strip(), f"{name} has a docstring")
    _, *others = inspect.signature(estimator).parameters.values()
    for one in others:
        keyword = one.kind is one.KEYWORD_ONLY and isinstance(one.default, (bool, int, float, str))
        require(keyword, f"the parameter {one.name} of {name} is a keyword argument with a default")


def _estimated(estimate: Estimate, window: Window, name: str) -> FloatArray:
    """Return the covariance of an estimate that is complete."""
    count = len(window.tickers)
    require(isinstance(estimate, Estimate), f"{name} returns an Estimate")
    dense = estimate.form.dense()
    require(dense.shape == (count, count), f"{name} returns a covariance of {count} x {count}")
    require(np.isfinite(dense).all(), f"the covariance of {name} is finite")
    size = float(np.abs(dense).max())
    require(np.abs(dense - dense.T).max() <= CLOSE * size, f"the covariance of {name} is symmetric")
    least = float(np.linalg.eigvalsh(dense)[0])
    require(least >= -CLOSE * size, f"the covariance of {name} is positive semidefinite, not {least:.2e}")
    variances = np.asarray(estimate.form.variances())
    agree = np.allclose(variances, dense.diagonal(), rtol=CLOSE, atol=CLOSE * size)
    require(agree, f"the variances of {name} are the diagonal of its covariance")
    effective = estimate.effective_days
    require(0.0 < effective <= window.days * (1.0 + CLOSE), f"{name} rests on 0 to {window.days} days")
    seen = np.asarray(estimate.seen)
    require(seen.shape == (count,), f"{name} says of {count} names what share of its days they have")
    require(((seen >= 0.0) & (seen <= 1.0 + CLOSE)).all(), f"the shares of {name} are from 0 to 1")
    for note in estimate.notes:
        require("\n" not in note and note.strip(), f"the note {note!r} of {name} is one line")
    return dense


def _can_be_repeated(covariance: Callable[[Window], FloatArray], window: Window, name: str) -> None:
    before = window.returns.copy(), window.complete.copy()
    first, second = covariance(window), covariance(window)
    require(np.array_equal(first, second), f"{name} gives the same covariance again")
    after = window.returns, window.complete
    same = all(np.array_equal(*pair, equal_nan=True) for pair in zip(before, after, strict=True))
    require(same, f"{name} leaves the window as it was")


def _ignores_the_order(covariance: Callable[[Window], FloatArray], window: Window, name: str) -> None:
    order = np.random.default_rng(0).permutation(len(window.tickers))
    shuffled = Window.of(tuple(window.tickers[i] for i in order), window.returns[:, order])
    _require_close(
        covariance(shuffled),
        covariance(window)[np.ix_(order, order)],
        f"{name} does not depend on the order of the names",
    )


def _grows_with_the_square(covariance: Callable[[Window], FloatArray], window: Window, name: str) -> None:
    larger = Window.of(window.tickers, 2.0 * window.returns)
    _require_close(
        covariance(larger), 4.0 * covariance(window), f"{name} of twice the returns is four times as large"
    )


def _is_zero_without_moves(covariance: Callable[[Window], FloatArray], window: Window, name: str) -> None:
    returns = window.returns.copy()
    returns[:, 0] = 0.0
    still = covariance(Window.of(window.tickers, returns))[0, 1:]
    size = float(covariance(window).diagonal().max())
    small = np.abs(still).max() <= CLOSE * size
    require(small, f"{name} gives a name that never moves no covariance with others")


def _require_close(one: FloatArray, other: FloatArray, promise: str) -> None:
    size = float(np.abs(other).max())
    require(np.allclose(one, other, rtol=CLOSE, atol=CLOSE * size), promise)
