"""The fund's own forecast of its risk beside ours, with the difference in parts.

Beta and tracking error are against the benchmark. Ours for the weights of the fund's forecast tells the parts
apart: other names and weights, and another risk model or another day of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import BetaNeutralError, listing
from betaneutral_xl.job.daily.page import ForecastLine, FundForecast
from betaneutral_xl.job.views import Kind
from betaneutral_xl.model.provenance import Retrieval

if TYPE_CHECKING:
    from betaneutral_xl.job.request import Request
    from betaneutral_xl.job.run import Inputs
    from betaneutral_xl.model.risk import Covariance
    from betaneutral_xl.network.silverfund import RiskForecast
    from betaneutral_xl.system.settings import Settings

API = "Silver Fund API"
"""The source of holdings that are of the fund's API."""

BENCHMARK = "IWV"
"""What the fund's API forecasts against."""

KINDS = (Kind.NUMBER, Kind.PERCENT, Kind.PERCENT)
"""How beta, volatility and tracking error are formatted."""

SMALL = 5e-4
"""Weights that differ by less are the same."""


def fetch(
    request: Request, inputs: Inputs, settings: Settings
) -> tuple[FundForecast | None, tuple[str, ...]]:
    """Fetch the forecast of a fund whose holdings are of its API; a failure is a notice, not an error."""
    origin = inputs.holdings.provenance
    if origin.source != API or origin.retrieval not in {Retrieval.LIVE, Retrieval.CACHED}:
        return None, ()
    from betaneutral_xl.network.silverfund import SilverFund

    try:
        with SilverFund(settings) as api:
            theirs = api.risk_forecast(inputs.holdings.fund)
    except BetaNeutralError as error:
        return None, (f"The fund's own forecast is not shown: {error}",)
    benchmark = request.mandate.benchmark if request.mandate else ""
    return beside(inputs, theirs, benchmark or BENCHMARK), ()


def beside(inputs: Inputs, theirs: RiskForecast, benchmark: str = BENCHMARK) -> FundForecast:
    """Return a fund's own forecast beside ours.

    Beta and tracking error are against the benchmark; NaN where our risk model has no row for it.
    """
    held = inputs.holdings.weight_of
    ours = _measures(held, inputs.covariance, benchmark)
    of_theirs = _measures(theirs.weights, inputs.covariance, benchmark)
    published = (theirs.beta, theirs.volatility, theirs.tracking_error)
    labels = (f"beta to {benchmark}", "volatility", f"tracking error to {benchmark}")
    lines = tuple(
        ForecastLine(label=label, ours=mine, theirs=one, of_their_names=mixed, kind=kind)
        for label, kind, mine, one, mixed in zip(labels, KINDS, ours, published, of_theirs, strict=True)
    )
    return FundForecast(
        lines=lines,
        benchmark=benchmark,
        only_ours=tuple(sorted(set(held) - set(theirs.weights))),
        only_theirs=tuple(sorted(set(theirs.weights) - set(held))),
        notes=tuple(_notes(inputs, theirs, held, benchmark)),
    )


def _measures(weights: Mapping[str, float], risk: Covariance, benchmark: str) -> tuple[float, float, float]:
    """Return beta to the benchmark, volatility and tracking error of weights, by our risk model."""
    names = [one for one in weights if one in risk and one != benchmark]
    if not names:
        return math.nan, math.nan, math.nan
    w = np.array([weights[one] for one in names])
    volatility = risk.select(names).volatility(w)
    if benchmark not in risk:
        return math.nan, volatility, math.nan
    every = risk.select([*names, benchmark])
    full = np.append(w, weights.get(benchmark, 0.0))
    row = risk.between(benchmark, [*names, benchmark])
    active = full.copy()
    active[-1] -= 1.0
    return float(row @ full) / float(row[-1]), volatility, every.volatility(active)


def _notes(inputs: Inputs, theirs: RiskForecast, held: Mapping[str, float], benchmark: str) -> list[str]:
    risk = inputs.covariance.provenance
    notes = [
        f"Fetched {theirs.fetched_at:%Y-%m-%d %H:%M} UTC, of a day that it does not state; holdings of "
        f"{inputs.holdings.as_of or 'an unknown day'}, our risk model of {risk.as_of or 'an unknown day'} "
        f"({risk.location})."
    ]
    if benchmark not in inputs.covariance:
        notes.append(
            f"Our risk model has no row for {benchmark}: beta and tracking error have no counterpart."
        )
    gone, new = sorted(set(theirs.weights) - set(held)), sorted(set(held) - set(theirs.weights))
    moved = [one for one in held if one in theirs.weights and abs(held[one] - theirs.weights[one]) > SMALL]
    for what, names in (("only in theirs", gone), ("only in ours", new), ("with another weight", moved)):
        if names:
            notes.append(f"Names {what}: {listing(names)}.")
    if theirs.note:
        notes.append(f"Of the fund's forecast {theirs.note}.")
    return notes
