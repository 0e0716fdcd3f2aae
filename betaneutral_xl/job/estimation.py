"""Estimators of a covariance: their names, parameters and defaults, and an estimate of a table of returns."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.estimators import DEFAULT, MIN_PERIODS, WINDOW, MissingData, canonical, fitting
from betaneutral_xl.engine.estimators.fitting import read_parameters
from betaneutral_xl.model.covariance_units import refuse_impossible

if TYPE_CHECKING:
    from betaneutral_xl.job.tables import History
    from betaneutral_xl.model.risk import Covariance

__all__ = ["DEFAULT", "WINDOW", "MissingData", "read_parameters"]


@dataclass(frozen=True, slots=True)
class Described:
    """An estimator: its name, the first line of its description, and its parameters with their defaults."""

    name: str
    summary: str
    parameters: Mapping[str, Any]

    @property
    def is_default(self) -> bool:
        """Whether it is the one used where none is named."""
        return self.name == DEFAULT


def described() -> tuple[Described, ...]:
    """Return all estimators."""
    return tuple(
        Described(name, (inspect.getdoc(function) or "").partition("\n")[0], fitting.parameters(name))
        for name, function in fitting.ESTIMATORS.items()
    )


def options_of(method: str | None) -> dict[str, Any]:
    """Return the options of an estimate with a method, with their defaults; None is the default method."""
    name = canonical(method or "default")
    return {"window": WINDOW, "min_periods": MIN_PERIODS, **fitting.parameters(name)}


def of_table(table: History, method: str | None, options: Mapping[str, Any]) -> Covariance:
    """Return the covariance estimated from a table's returns; without dates where its rows have none.

    ``options`` are named as by ``options_of``, and ``as_of``. Without a method the default is used.

    Raises
    ------
    InputError
        If the method does not exist, or an option of it is not valid.

    """
    risk = fitting.estimate(table.returns, method or "default", **options)
    refuse_impossible(risk.tickers, risk.form.variances(), table.returns.provenance)
    if table.dated:
        return risk
    undated = "The prices or returns have no dates: their days are numbered from 1970-01-01."
    return replace(risk, provenance=replace(risk.provenance, as_of=None), warnings=(undated, *risk.warnings))
