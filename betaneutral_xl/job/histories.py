"""The history of a risk model as plain data, to keep it beside a covariance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.model.history import EstimateHistory, RecordedErrors

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.history import History


def to_plain(history: History | None) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    """Return a history as JSON values and arrays by name; both empty where there is none."""
    if isinstance(history, EstimateHistory):
        about = {"tickers": history.tickers, "method": history.method, "options": dict(history.options)}
        about["dates"] = [day.isoformat() for day in history.dates]
        return about, {"history_returns": history.returns}
    arrays: dict[str, FloatArray] = {}
    for k, one in enumerate(history or ()):
        own = one.own.astype(np.float64)
        parts = {"unit": one.unit, "errors": one.errors, "own": own, "sampling": one.sampling}
        arrays |= {f"history_{name}_{k}": part for name, part in parts.items()}
    return {"recorded": [one.tickers for one in history]} if history else {}, arrays


def from_plain(about: Mapping[str, Any], arrays: Mapping[str, FloatArray]) -> History | None:
    """Return the history that ``to_plain`` wrote.

    Raises
    ------
    KeyError
        If a part of it is missing.

    """
    if not about:
        return None
    if "recorded" not in about:
        days = tuple(date.fromisoformat(day) for day in about["dates"])
        return EstimateHistory(
            tuple(about["tickers"]), arrays["history_returns"], about["method"], about["options"], days
        )
    return tuple(
        RecordedErrors(
            tuple(tickers),
            arrays[f"history_unit_{k}"],
            arrays[f"history_errors_{k}"],
            arrays[f"history_own_{k}"] > 0.0,
            arrays[f"history_sampling_{k}"],
        )
        for k, tickers in enumerate(about["recorded"])
    )
