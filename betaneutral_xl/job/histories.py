"""Past forecast errors as plain data, to keep them beside a covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.estimators import Window, history_of
from betaneutral_xl.engine.estimators.history import WindowHistory
from betaneutral_xl.model.history import RecordedErrors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.history import History


def to_plain(history: History | None) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    """Return a history as JSON values and arrays by name; both empty where there is none."""
    if isinstance(history, WindowHistory):
        about = {"tickers": history.tickers, "method": history.method, "options": dict(history.options)}
        return about, {"history_returns": history.window.returns}
    if isinstance(history, RecordedErrors):
        about = {"tickers": history.tickers, "etfs": history.etf_names}
        return about, {"history_units": history.units, "history_errors": history.errors}
    return {}, {}


def from_plain(about: Mapping[str, Any], arrays: Mapping[str, FloatArray]) -> History | None:
    """Return the history that ``to_plain`` wrote.

    Raises
    ------
    KeyError
        If a part of it is missing.

    """
    if not about:
        return None
    tickers = tuple(about["tickers"])
    if "etfs" in about:
        return RecordedErrors(
            tickers, tuple(about["etfs"]), arrays["history_units"], arrays["history_errors"]
        )
    window = Window.of(tickers, arrays["history_returns"])
    return history_of(window, about["method"], about["options"])
