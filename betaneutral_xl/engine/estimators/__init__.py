"""Estimators of a covariance from returns: the table of methods, and their defaults.

What runs the methods, such as ``estimate``, is found here, too: ``fitting`` has it, and imports them all.
docs/estimators.md explains the choice of the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from importlib import import_module
from types import MappingProxyType

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.values import option_name

MODULES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "historical": ("sample", "exponential", "volatility_scaled", "two_speed", "pairwise"),
        "shrinkage": ("ledoit_wolf", "ledoit_wolf_single_factor", "nonlinear", "oas"),
        "factor": ("statistical_factors", "single_index"),
    }
)
"""The names of the methods by their module, which has a function of each name."""

METHODS = tuple(name for names in MODULES.values() for name in names)
"""The names of all methods."""

DEFAULT = "volatility_scaled"
"""Default method; docs/estimators.md gives the evidence."""

WINDOW = 504
"""Default length of the window, in days: two years."""

MIN_PERIODS = 21
"""Minimum number of returns of a name, and of days of a window."""


class MissingData(StrEnum):
    """Policy for names without a return on some days of the window."""

    MODEL = "model"
    DAYS = "days"
    ERROR = "error"


def canonical(method: str) -> str:
    """Return the registered name of a method, ignoring case, hyphens and blanks; ``default`` is accepted.

    >>> canonical("Volatility scaled"), canonical("ledoit-wolf")
    ('volatility_scaled', 'ledoit_wolf')

    Raises
    ------
    InputError
        If there is no such method.

    """
    name = option_name(method)
    if name == "default":
        return DEFAULT
    if name not in METHODS:
        msg = f"There is no estimator {method!r}. Choose one of: {', '.join(METHODS)}."
        raise InputError(msg)
    return name


FITTING = frozenset({"ESTIMATORS", "Observed", "estimate", "fit", "observe", "parameters", "read_parameters"})
"""The names that ``fitting`` has."""


def __getattr__(name: str) -> object:
    """Import what runs the methods when it is first used: most commands need their names alone."""
    if name not in FITTING:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.fitting"), name)
