"""From returns to a covariance: one table of methods, and one function that runs them.

Every method gets a ``Window`` (the days up to a date, and nothing after it) and returns daily
variances; the holes of the window, the annual scale, and what to tell the reader are dealt with
here, once. How the default was chosen is told in docs/estimators.md.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.estimators import factor, historical, shrinkage
from betaneutral_xl.engine.estimators.window import Window
from betaneutral_xl.errors import InputError, MissingValue, listing
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.model.risk import Covariance, Dense, Factors
from betaneutral_xl.model.spacing import Spacing, spacing_of
from betaneutral_xl.system.words import yes_or_no

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from betaneutral_xl.engine.estimators.estimate import Estimate
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.returns import Returns
    from betaneutral_xl.model.risk import CovarianceOperator

__all__ = [
    "DEFAULT",
    "ESTIMATORS",
    "MissingData",
    "Observed",
    "Window",
    "estimate",
    "fit",
    "observe",
    "parameters",
    "read_parameters",
]

WINDOW = 504
"""Days that an estimator sees by default: two years."""

MIN_PERIODS = 21
"""Fewest returns that a name needs, and fewest days that a window needs."""

ESTIMATORS: Mapping[str, Callable[..., Estimate]] = MappingProxyType(
    {
        "sample": historical.sample,
        "exponential": historical.exponential,
        "volatility_scaled": historical.volatility_scaled,
        "two_speed": historical.two_speed,
        "pairwise": historical.pairwise,
        "ledoit_wolf": shrinkage.ledoit_wolf,
        "ledoit_wolf_single_factor": shrinkage.ledoit_wolf_single_factor,
        "nonlinear": shrinkage.nonlinear,
        "oas": shrinkage.oas,
        "statistical_factors": factor.statistical_factors,
        "single_index": factor.single_index,
    }
)
"""Every method by name; the keyword arguments of its function are its parameters."""

DEFAULT = "volatility_scaled"
"""Chosen by evidence: docs/estimators.md."""


class MissingData(StrEnum):
    """What to do where a name has no return on some days of the window."""

    MODEL = "model"
    DAYS = "days"
    ERROR = "error"


def parameters(method: str) -> dict[str, Any]:
    """Return a method's own parameters with their defaults.

    >>> parameters("exponential")
    {'half_life': 63.0}
    """
    signature = inspect.signature(ESTIMATORS[canonical(method)])
    return {p.name: p.default for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY}


def read_parameters(method: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Return a method's parameters from texts, each as the type of its default.

    Raises
    ------
    InputError
        If the method has no such parameter, or the value is not of its type.

    Examples
    --------
    >>> read_parameters("statistical_factors", {"components": "5", "scaled": "no"})
    {'components': 5, 'scaled': False}

    """
    known, name = parameters(method), canonical(method)
    _require_options(name, dict.fromkeys(given, 1.0))
    read = {key: _like(known[key], key, value) for key, value in given.items()}
    _require_options(name, read)
    return read


def _like(default: Any, name: str, value: str) -> Any:
    try:
        if isinstance(default, bool):
            return yes_or_no(value)
        return type(default)(value)
    except ValueError:
        kind = {bool: "yes or no", int: "a whole number", float: "a number"}[type(default)]
        msg = f"The parameter {name} is {value!r}, not {kind}."
        raise InputError(msg) from None


def canonical(method: str) -> str:
    """Return the registered name of a method, in whatever spelling; ``default`` is one.

    Raises
    ------
    InputError
        If there is no such method.

    """
    name = method.strip().lower().replace("-", "_")
    if name == "default":
        return DEFAULT
    if name not in ESTIMATORS:
        msg = f"There is no estimator {method!r}. Choose one of: {', '.join(ESTIMATORS)}."
        raise InputError(msg)
    return name


def estimate(
    returns: Returns,
    method: str = "default",
    *,
    as_of: date | None = None,
    window: int = WINDOW,
    gaps: MissingData = MissingData.MODEL,
    min_periods: int = MIN_PERIODS,
    **options: Any,
) -> Covariance:
    """Estimate the annual covariance of returns from the last days up to a date.

    Parameters
    ----------
    returns
        Daily returns of N names.
    method
        A name of ``ESTIMATORS``, or ``default``.
    as_of
        The last day that may be seen; by default the last there is.
    window
        How many days are seen, at most.
    gaps
        For names that lack a return on some days: ``model`` completes them from the other names,
        with the variance this leaves out added (``estimators.window``); ``days`` leaves out
        the days on which any name lacks one; ``error`` refuses. The method ``pairwise`` has its
        own way and takes ``model`` only.
    min_periods
        Names with fewer returns in the window are left out, and named.
    options
        The method's own parameters.

    Returns
    -------
    Covariance
        In factor form, unless the method knows only the dense matrix. Its ``provenance`` and
        ``warnings`` say what was done.

    Raises
    ------
    InputError
        If the method or an option is unknown, or the window holds too few days.
    MissingValue
        If there are gaps and the policy is ``error``, or no name has enough returns.

    """
    name = canonical(method)
    _require_options(name, options)
    if MissingData(gaps) is not MissingData.MODEL and name == "pairwise":
        msg = f"The estimator pairwise deals with gaps itself, so gaps {gaps} has no meaning."
        raise InputError(msg)
    observed = observe(returns, as_of=as_of, window=window, gaps=gaps, min_periods=min_periods)
    return fit(observed, name, **options)


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """What estimators are handed: a window of returns, and what was done to get it.

    Attributes
    ----------
    seen
        The days up to a date, of the names that have enough of them.
    window
        The same on the days that are used, completed.
    notes
        What was left out, one line each.
    completed
        What was put into holes, for the methods that use it; empty where there are none.
    spacing
        How far apart the days are.

    """

    seen: Returns
    window: Window
    notes: tuple[str, ...]
    completed: str
    spacing: Spacing


def observe(
    returns: Returns,
    *,
    as_of: date | None = None,
    window: int = WINDOW,
    gaps: MissingData = MissingData.MODEL,
    min_periods: int = MIN_PERIODS,
) -> Observed:
    """Take the last days up to a date and deal with their holes, once for any number of methods.

    Parameters and errors are those of ``estimate``.
    """
    if window < MIN_PERIODS:
        msg = f"A window of {window} days is too short for a covariance. Give {MIN_PERIODS} days at least."
        raise InputError(msg)
    seen = returns.until(as_of, window)
    spacing = spacing_of(seen.dates)
    kept, notes = _enough(seen, min_periods)
    seen = seen.select(kept)
    matrix, more, completed = _usable_days(seen, MissingData(gaps))
    told = [spacing.note] if spacing.note else []
    window_of = Window.of(kept, matrix)
    return Observed(seen, window_of, (*told, *notes, *seen.warnings, *more), completed, spacing)


def fit(observed: Observed, method: str = "default", **options: Any) -> Covariance:
    """Estimate the annual covariance from what was observed.

    Parameters and errors are those of ``estimate``.
    """
    name = canonical(method)
    _require_options(name, options)
    result = ESTIMATORS[name](observed.window, **options)
    completed = (observed.completed,) if observed.completed and name != "pairwise" else ()
    return Covariance(
        tickers=observed.seen.tickers,
        form=_annual(result.form, observed.spacing.per_year),
        provenance=_provenance(observed, name, result.effective_days, options),
        effective_days=result.effective_days,
        warnings=(*observed.notes, *completed, *result.notes),
        seen=None if (result.seen == 1.0).all() else result.seen,
    )


def _require_options(name: str, options: Mapping[str, Any]) -> None:
    known = parameters(name)
    unknown = [option for option in options if option not in known]
    if unknown:
        takes = ", ".join(known) or "none of its own"
        msg = f"The estimator {name} has no parameter {listing(unknown)}; its parameters are: {takes}."
        raise InputError(msg)
    for option, value in options.items():
        default = known[option]
        if isinstance(default, float) and not (isinstance(value, (int, float)) and value > 0.0):
            msg = f"The parameter {option} of the estimator {name} is {value!r}. Give a positive number."
            raise InputError(msg)


def _enough(seen: Returns, min_periods: int) -> tuple[tuple[str, ...], list[str]]:
    """Split off the names with too few returns, and say which."""
    enough = (seen.observed >= max(min_periods, 2)).tolist()
    kept = tuple(t for t, usable in zip(seen.tickers, enough, strict=True) if usable)
    short = [
        f"{ticker} ({count})"
        for ticker, count, usable in zip(seen.tickers, seen.observed.tolist(), enough, strict=True)
        if not usable
    ]
    if not kept:
        msg = (
            f"No name has {min_periods} returns in the {len(seen.dates)} days up to {seen.as_of}. "
            "Give more prices, or a later day."
        )
        raise MissingValue(msg, tickers=seen.tickers)
    note = f"Left out, with fewer than {min_periods} returns in the window: {listing(short)}."
    return kept, [note] if short else []


def _usable_days(seen: Returns, gaps: MissingData) -> tuple[FloatArray, list[str], str]:
    """Return the days that are used, why not the others, and what is to become of the holes."""
    present = np.isfinite(seen.matrix)
    whole = np.asarray(present.all(axis=0))
    holed = [t for t, complete in zip(seen.tickers, whole, strict=True) if not complete]
    if holed and gaps is MissingData.ERROR:
        msg = f"Days lack a return of {listing(holed)}. Complete the prices, or let gaps be modelled."
        raise MissingValue(msg, tickers=holed)
    days = np.asarray(present.all(axis=1) if gaps is MissingData.DAYS else present.any(axis=1))
    notes = []
    if not days.all():
        why = "all names have a return" if gaps is MissingData.DAYS else "any name has a return"
        notes.append(f"Of {len(days)} days in the window, the {int(days.sum())} on which {why} are used.")
    if days.sum() < MIN_PERIODS:
        msg = (
            f"The window up to {seen.as_of} holds {int(days.sum())} days with returns, fewer than "
            f"{MIN_PERIODS}. Give more prices, or let gaps be modelled."
        )
        raise InputError(msg)
    completed = ""
    if holed and gaps is MissingData.MODEL:
        share = 1.0 - present[days].mean()
        completed = (
            f"{len(holed)} of {len(seen.tickers)} names lack some of the window's returns ({share:.1%} of "
            "all cells): their covariances rest on their own days and the other names' common factors."
        )
    return seen.matrix[days], notes, completed


def _annual(form: CovarianceOperator, per_year: int) -> CovarianceOperator:
    if isinstance(form, Factors):
        return Factors(form.loadings * np.sqrt(per_year), form.specific_variance * per_year)
    return Dense(form.dense() * per_year)


def _provenance(observed: Observed, name: str, effective: float, options: Mapping[str, Any]) -> Provenance:
    seen, days = observed.seen, observed.window.days
    settings = {**parameters(name), **options}
    said = ", ".join(
        f"{key.replace('_', ' ')} {value:g}"
        if isinstance(value, float)
        else f"{key.replace('_', ' ')} {value}"
        for key, value in settings.items()
        if value != ""
    )
    return Provenance(
        source=f"estimate ({name})",
        location=seen.provenance.location,
        retrieval=Retrieval.COMPUTED,
        as_of=seen.as_of,
        rows=len(seen.tickers),
        sha256=seen.provenance.sha256,
        note=(
            f"{said + '; ' if said else ''}{days} {observed.spacing.units} from {seen.dates[0]} "
            f"to {seen.dates[-1]}, {effective:.0f} effective"
        ),
    )
