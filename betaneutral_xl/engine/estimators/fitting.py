"""Estimate a covariance from returns by any method.

Every method takes a ``Window`` (the days up to a date, none after it) and returns a daily
covariance. Missing returns, annualisation, and notes for the user are handled here for all methods.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine.estimators import MIN_PERIODS, MODULES, WINDOW, MissingData, canonical
from betaneutral_xl.engine.estimators.window import Estimate, Window
from betaneutral_xl.errors import InputError, MissingValue, listing
from betaneutral_xl.model.covariance_units import low_volatility
from betaneutral_xl.model.history import EstimateHistory
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.model.risk import Covariance, Dense, Factors
from betaneutral_xl.model.spacing import DAILY, Spacing, spacing_of
from betaneutral_xl.system.words import yes_or_no

if TYPE_CHECKING:
    from betaneutral_xl.model.arrays import BoolArray
    from betaneutral_xl.model.returns import Returns
    from betaneutral_xl.model.risk import CovarianceOperator

ESTIMATORS: Mapping[str, Callable[..., Estimate]] = MappingProxyType(
    {
        name: getattr(import_module(f"{__package__}.{module}"), name)
        for module, names in MODULES.items()
        for name in names
    }
)
"""The function of each method; its keyword arguments are the method's parameters."""


def parameters(method: str) -> dict[str, Any]:
    """Return a method's parameters with their defaults.

    >>> parameters("exponential")
    {'half_life': 63.0}
    """
    signature = inspect.signature(ESTIMATORS[canonical(method)])
    return {p.name: p.default for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY}


def read_parameters(method: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Parse a method's parameters from texts, each to the type of its default.

    Raises
    ------
    InputError
        If the method has no such parameter, or the value is not of its type.

    Examples
    --------
    >>> read_parameters("statistical_factors", {"components": "5", "scaled": "no"})
    {'components': 5, 'scaled': False}

    """
    defaults, name = parameters(method), canonical(method)
    _require_options(name, dict.fromkeys(texts, 1.0))
    read = {key: _parse_value(defaults[key], key, value) for key, value in texts.items()}
    _require_options(name, read)
    return read


def _parse_value(default: Any, name: str, value: str) -> Any:
    try:
        if isinstance(default, bool):
            return yes_or_no(value)
        return type(default)(value)
    except ValueError:
        kind = {bool: "yes or no", int: "a whole number", float: "a number"}[type(default)]
        msg = f"The parameter {name} is {value!r}, not {kind}."
        raise InputError(msg) from None


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

    The method is a name of ``ESTIMATORS``, or ``default``, and the options are its parameters. ``provenance``
    and ``warnings`` of the result state the settings and the data left out.

    Parameters
    ----------
    as_of
        Last day of the window; by default the last day of the returns.
    window
        Length of the window, in days; shorter where there are fewer.
    gaps
        Policy for missing returns: ``model`` imputes them from the other names and adds the
        variance that the imputation omits (``estimators.window``); ``days`` drops the days on which
        any name has none; ``error`` raises. The method ``pairwise`` handles missing returns itself
        and accepts ``model`` only.
    min_periods
        Names with fewer returns in the window are left out, and reported.

    Raises
    ------
    InputError
        If the method or an option is unknown, or the window has too few days.
    MissingValue
        If returns are missing and the policy is ``error``, or no name has enough returns.

    """
    name = canonical(method)
    _require_options(name, options)
    if MissingData(gaps) is not MissingData.MODEL and name == "pairwise":
        msg = f"The estimator pairwise handles missing returns itself; gaps is {gaps}. Use model."
        raise InputError(msg)
    observed = observe(returns, as_of=as_of, window=window, gaps=gaps, min_periods=min_periods)
    return fit(observed, name, **options)


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Input of the estimators: a window of returns, and how it was obtained.

    Attributes
    ----------
    seen
        Returns up to a date, of the names that have enough of them.
    window
        The same returns on the days that are used, with missing ones imputed.
    notes
        Data left out, one line each.
    completed
        Note on the imputed returns, for the methods that use them; empty where there are none.
    spacing
        Spacing of the days.
    days
        The days of the window.

    """

    seen: Returns
    window: Window
    notes: tuple[str, ...]
    completed: str
    spacing: Spacing
    days: tuple[date, ...]


def observe(
    returns: Returns,
    *,
    as_of: date | None = None,
    window: int = WINDOW,
    gaps: MissingData = MissingData.MODEL,
    min_periods: int = MIN_PERIODS,
) -> Observed:
    """Prepare the window up to a date and impute missing returns, once for any number of methods.

    Parameters and errors are those of ``estimate``.
    """
    if window < MIN_PERIODS:
        msg = f"A window of {window} days is too short for a covariance. Give {MIN_PERIODS} days at least."
        raise InputError(msg)
    seen = returns.until(as_of, window)
    spacing = spacing_of(seen.dates)
    kept, notes = _enough(seen, min_periods)
    seen = seen.select(kept)
    usable, more, completed = _usable_days(seen, MissingData(gaps))
    spacing_note = [spacing.note] if spacing.note else []
    notes = [*spacing_note, *notes, *seen.warnings, *more]
    days: tuple[date, ...] = tuple(seen.dates[usable].astype(object).tolist())
    return Observed(seen, Window.of(kept, seen.matrix[usable]), tuple(notes), completed, spacing, days)


def fit(observed: Observed, method: str = "default", **options: Any) -> Covariance:
    """Estimate the annual covariance from a prepared window.

    Parameters and errors are those of ``estimate``.
    """
    name = canonical(method)
    _require_options(name, options)
    result = ESTIMATORS[name](observed.window, **options)
    completed = (observed.completed,) if observed.completed and name != "pairwise" else ()
    form = _annual(result.form, observed.spacing.per_year)
    return Covariance(
        tickers=observed.seen.tickers,
        form=form,
        provenance=_provenance(observed, name, result.effective_days, options),
        effective_days=result.effective_days,
        warnings=(*observed.notes, *completed, *result.notes, *low_volatility(form.variances())),
        seen=None if (result.seen == 1.0).all() else result.seen,
        history=_history_of(observed, name, options),
    )


def _history_of(observed: Observed, method: str, options: Mapping[str, Any]) -> EstimateHistory | None:
    """Return the returns behind an estimate, for next month's betas; None where they are not daily."""
    if observed.spacing is not DAILY:
        return None
    return EstimateHistory(observed.seen.tickers, observed.window.returns, method, options, observed.days)


def _require_options(name: str, options: Mapping[str, Any]) -> None:
    defaults = parameters(name)
    unknown = [option for option in options if option not in defaults]
    if unknown:
        takes = ", ".join(defaults) or "none of its own"
        msg = f"The estimator {name} has no parameter {listing(unknown)}; its parameters are: {takes}."
        raise InputError(msg)
    for option, value in options.items():
        default = defaults[option]
        if isinstance(default, float) and not (isinstance(value, (int, float)) and value > 0.0):
            msg = f"The parameter {option} of the estimator {name} is {value!r}. Give a positive number."
            raise InputError(msg)


def _enough(seen: Returns, min_periods: int) -> tuple[tuple[str, ...], list[str]]:
    """Return the names with enough returns, and a note on the others."""
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


def _usable_days(seen: Returns, gaps: MissingData) -> tuple[BoolArray, list[str], str]:
    """Return the mask of the days that are used, notes on the others, and a note on the missing returns."""
    present = np.isfinite(seen.matrix)
    whole = np.asarray(present[present.any(axis=1)].all(axis=0))
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
        notes += _unobserved(seen.tickers, present)
    return days, notes, completed


def _unobserved(tickers: Sequence[str], present: BoolArray) -> list[str]:
    """Return a warning on pairs of names without common days, of which no other name tells either.

    ``present`` (T, N) are the returns there are. A name that has all days tells of every pair.
    """
    if present[present.any(axis=1)].all(axis=0).any():
        return []
    days = present.astype(np.float64)
    known = (days.T @ days >= MIN_PERIODS).astype(np.float64)
    pairs = np.argwhere(np.triu(known @ known == 0.0, 1))
    if not len(pairs):
        return []
    named = listing([f"{tickers[i]} and {tickers[j]}" for i, j in pairs.tolist()])
    text = (
        f"Names with returns on fewer than {MIN_PERIODS} common days, as all others have with one of them: "
        f"{named}. Their covariances are a guess. Give prices of the same days."
    )
    return [Notice(text, Subject.PRICES, Severity.CHANGES)]


def _annual(form: CovarianceOperator, per_year: int) -> CovarianceOperator:
    if isinstance(form, Factors):
        return Factors(form.loadings * np.sqrt(per_year), form.specific_variance * per_year)
    return Dense(form.dense() * per_year)


def _provenance(observed: Observed, name: str, effective: float, options: Mapping[str, Any]) -> Provenance:
    seen, days = observed.seen, observed.window.days
    settings = {**parameters(name), **options}
    described = ", ".join(
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
            f"{described + '; ' if described else ''}{days} {observed.spacing.units} from {seen.dates[0]} "
            f"to {seen.dates[-1]}, {effective:.0f} effective"
        ),
    )
