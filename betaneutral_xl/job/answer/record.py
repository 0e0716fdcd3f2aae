"""The answer page as plain values, for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.intervals import BetaForecast
from betaneutral_xl.job.answer.lines import BetaLine, Leg, LimitLine, TradeLine
from betaneutral_xl.model.notices import Severity

if TYPE_CHECKING:
    from betaneutral_xl.job.answer.page import AnswerPage

DERIVED: dict[type, tuple[str, ...]] = {
    BetaForecast: ("low", "high"),
    BetaLine: ("light",),
    LimitLine: ("light", "light_before", "text"),
    Leg: ("action",),
    TradeLine: ("trade", "side"),
}
"""Properties that are part of the record, by type."""


def record(page: AnswerPage) -> dict[str, Any]:
    """Return the answer page as plain values; a number that is unknown or infinite is None."""
    made = _plain(page)
    made["limits_hold"] = page.limits_hold
    for past, plain in zip(page.past, made["past"], strict=True):
        plain["low"], plain["high"] = _plain(page.measured_interval(past))
    return dict(made)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        names = (*(one.name for one in fields(value)), *DERIVED.get(type(value), ()))
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (tuple, list, np.ndarray)):
        return [_plain(one) for one in value]
    if isinstance(value, Enum):
        return value.label if isinstance(value, Severity) else value.value
    return None if isinstance(value, float) and not math.isfinite(value) else value
