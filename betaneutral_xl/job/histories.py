"""Past forecast errors and what drift is measured with as plain data, to keep them beside a covariance."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.estimators import Window, history_of
from betaneutral_xl.engine.estimators.history import WindowHistory
from betaneutral_xl.model.drift import DriftErrors, DriftReturns
from betaneutral_xl.model.history import RecordedErrors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


def drift_to_plain(
    drift: DriftReturns | Sequence[DriftErrors] | None,
) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    """Return what drift is measured with as JSON values and arrays by name; both empty where unknown."""
    if isinstance(drift, DriftReturns):
        about = {"tickers": drift.tickers, "method": drift.method, "options": dict(drift.options)}
        about["dates"] = [day.isoformat() for day in drift.dates]
        return about, {"drift_returns": drift.returns}
    arrays: dict[str, FloatArray] = {}
    for k, one in enumerate(drift or ()):
        own = one.own.astype(np.float64)
        parts = {"unit": one.unit, "errors": one.errors, "own": own, "sampling": one.sampling}
        arrays |= {f"drift_{name}_{k}": part for name, part in parts.items()}
    return {"etfs": [one.tickers for one in drift]} if drift else {}, arrays


def drift_from_plain(
    about: Mapping[str, Any], arrays: Mapping[str, FloatArray]
) -> DriftReturns | tuple[DriftErrors, ...] | None:
    """Return what ``drift_to_plain`` wrote.

    Raises
    ------
    KeyError
        If a part of it is missing.

    """
    if not about:
        return None
    if "etfs" not in about:
        days = tuple(date.fromisoformat(day) for day in about["dates"])
        return DriftReturns(
            tuple(about["tickers"]), arrays["drift_returns"], about["method"], about["options"], days
        )
    return tuple(
        DriftErrors(
            tuple(tickers),
            arrays[f"drift_unit_{k}"],
            arrays[f"drift_errors_{k}"],
            arrays[f"drift_own_{k}"] > 0.0,
            arrays[f"drift_sampling_{k}"],
        )
        for k, tickers in enumerate(about["etfs"])
    )
