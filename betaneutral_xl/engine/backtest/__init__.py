"""Walk-forward backtest of hedges: decide on each date from the past, measure the realised betas.

``walk`` tests one portfolio; ``sweep`` many, on all cores or on a cluster.
"""

from __future__ import annotations

from betaneutral_xl.engine.backtest.forward import Backtest, Performance, walk
from betaneutral_xl.engine.backtest.plan import (
    BY_DEFAULT,
    COMPARISONS,
    METHODS,
    Absent,
    Estimator,
    Holding,
    Schedule,
    Study,
)

__all__ = [
    "BY_DEFAULT",
    "COMPARISONS",
    "METHODS",
    "Absent",
    "Backtest",
    "Estimator",
    "Holding",
    "Performance",
    "Schedule",
    "Study",
    "walk",
]
