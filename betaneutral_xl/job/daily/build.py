"""Make ``Today`` of the inputs of today and the accepted proposal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.engine.attribution import Position, attribute, carry, through
from betaneutral_xl.engine.neutral import age_of
from betaneutral_xl.errors import ModelError, listing
from betaneutral_xl.job import etf_days, run, standing
from betaneutral_xl.job.answer.lines import Light
from betaneutral_xl.job.daily import forecast
from betaneutral_xl.job.daily.page import BetaToday, Rebalancing, Today, Verdict
from betaneutral_xl.job.daily.records import Reading, Records
from betaneutral_xl.job.mandate import UNNAMED
from betaneutral_xl.job.request import OrderTerms
from betaneutral_xl.job.sources import from_snapshot
from betaneutral_xl.model.constraints import BASIS_POINT
from betaneutral_xl.model.provenance import now
from betaneutral_xl.model.quotes import Quotes

if TYPE_CHECKING:
    from betaneutral_xl.engine.attribution import Change
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.answer.lines import LimitLine
    from betaneutral_xl.job.daily.records import Accepted
    from betaneutral_xl.job.request import Request
    from betaneutral_xl.job.run import Inputs
    from betaneutral_xl.system.settings import Settings

TOLERANCE = 0.05
"""How far from its target a beta may be where neither mandate nor request says so."""


def fund_of(request: Request, inputs: Inputs) -> str:
    """Return what a fund's records are kept under: its mandate's name, else that of the portfolio."""
    mandate = request.mandate
    if mandate is None or (mandate.name == UNNAMED and not mandate.location):
        return inputs.holdings.fund
    return mandate.name


def records_of(request: Request, inputs: Inputs, settings: Settings) -> Records:
    """Return the records of the fund of a run."""
    return Records(settings, fund_of(request, inputs))


def today(
    request: Request,
    inputs: Inputs,
    settings: Settings,
    *,
    quotes: Quotes | None = None,
    terms: OrderTerms | None = None,
    fetch_forecast: bool = False,
    keep: bool = True,
) -> Today:
    """Return what became of the accepted proposal; with ``keep`` the reading is added to the records.

    Parameters
    ----------
    request, inputs
        As for a rebalance of today.
    quotes
        Prices of names that may have been sold; with volumes they give the days to trade.
    terms
        How much of a day's volume may be traded, and the net asset value.
    fetch_forecast
        Whether to fetch the fund's own forecast, where its holdings are of its API.

    Raises
    ------
    BetaNeutralError
        If a beta is undefined, or the records cannot be read or written.

    """
    stamp = now()
    records = records_of(request, inputs, settings)
    accepted = records.latest(inputs.etf_names, inputs.holdings.as_of)
    seen = replace(
        inputs,
        holdings=through(inputs.holdings, inputs.etfs, inputs.covariance, request.etf_on_missing),
    )
    held = run.unchanged(request, seen)
    known = quotes or Quotes()
    changes, notes = _changes(request, inputs, held, accepted, known.prices)
    betas = _betas(request, held, accepted, changes)
    limits = _limits(request, held)
    verdict, reasons = _verdict(betas, limits)
    fund_forecast, unfetched = forecast.fetch(request, inputs, settings) if fetch_forecast else (None, ())
    found = Today(
        fund=records.fund,
        as_of=inputs.holdings.as_of,
        at=stamp,
        mandate=request.mandate.name if request.mandate else "",
        nav=inputs.holdings.nav,
        accepted_at=accepted.at if accepted else None,
        accepted_as_of=accepted.holdings.as_of if accepted else None,
        betas=betas,
        verdict=verdict,
        reasons=reasons,
        rebalancing=_rebalancing(request, seen, known, terms or OrderTerms()),
        limits=limits,
        etfs=tuple(
            etf_days.day_of(one, settings, inputs.holdings.as_of or stamp.date()) for one in inputs.etfs
        ),
        forecast=fund_forecast,
        notices=(*notes, *unfetched, *_notices(request, inputs, held, accepted is not None)),
    )
    new = readings(found)
    return replace(found, history=records.add(new) if keep else records.with_readings(new)[0])


def readings(found: Today) -> tuple[Reading, ...]:
    """Return the readings of a day, one for each ETF."""
    day = found.as_of or found.at.date()
    return tuple(
        Reading(
            day=day,
            etf=one.etf,
            beta=one.forecast.beta,
            low=one.forecast.low,
            high=one.forecast.high,
            target=(one.low + one.high) / 2.0 if math.isnan(one.target) else one.target,
            tolerance=(one.high - one.low) / 2.0,
            accepted=one.accepted,
            verdict=str(found.verdict),
            parts={} if one.change is None else one.change.parts,
        )
        for one in found.betas
    )


def _changes(
    request: Request,
    inputs: Inputs,
    held: Rebalance,
    accepted: Accepted | None,
    prices: Mapping[str, float],
) -> tuple[dict[str, Change], tuple[str, ...]]:
    """Return what moved the beta to each ETF since the accepted proposal, and notes on it."""
    if accepted is None:
        return {}, ("No proposal was accepted yet: betaneutral-xl accept keeps one to compare with.",)
    then, _ = from_snapshot(accepted.snapshot)
    order = {name: place for place, name in enumerate(inputs.etf_names)}
    old = Position(
        accepted.holdings,
        tuple(sorted(then.etfs, key=lambda one: order[one.name])),
        then.covariance,
        request.etf_on_missing,
    )
    new = Position(inputs.holdings, inputs.etfs, inputs.covariance, request.etf_on_missing)
    carried = carry(accepted.holdings, inputs.holdings, prices)
    changes = attribute(old, new, carried.holdings)
    notes = list(carried.notes)
    known_then = Position(new.holdings, old.etfs, old.covariance)
    only_new = [one for one in known_then.uncovered() if one in new.covariance]
    if only_new:
        notes.append(
            f"The accepted risk model has no row for {listing(only_new)}: their part is with the risk model."
        )
    from_row = [name for name, unit in held.coverage.units.items() if unit.own_row]
    if from_row:
        notes.append(
            f"Betas to {listing(from_row)} are from its own row of the risk model: what changed in the fund "
            "is with the risk model."
        )
    return {one.etf: one for one in changes}, tuple(notes)


def _betas(
    request: Request, held: Rebalance, accepted: Accepted | None, changes: Mapping[str, Change]
) -> tuple[BetaToday, ...]:
    width = TOLERANCE if request.tolerance is None else request.tolerance
    variances = held.aligned.etf_variances.tolist()
    found = []
    for name, target, variance in zip(held.etf_names, held.targets.tolist(), variances, strict=True):
        limit = request.constraints.beta_range(name)
        ranged = limit is not None and math.isnan(target)
        found.append(
            BetaToday(
                etf=name,
                forecast=held.before_forecast[name],
                target=target,
                low=limit.low if ranged and limit else target - width,
                high=limit.high if ranged and limit else target + width,
                accepted=accepted.betas.get(name, math.nan) if accepted else math.nan,
                change=changes.get(name),
                volatility=math.sqrt(variance),
            )
        )
    return tuple(found)


def _verdict(betas: tuple[BetaToday, ...], limits: tuple[LimitLine, ...]) -> tuple[Verdict, tuple[str, ...]]:
    reasons = []
    for one in betas:
        if one.off > 0.0:
            bound = one.high if one.forecast.beta > one.high else one.low
            side = "above" if one.forecast.beta > one.high else "below"
            reasons.append(f"beta to {one.etf} is {one.forecast.beta:.3f}, {side} {bound:.3f}")
    reasons += [
        f"the mandate is broken, {standing.sentence(one)}" for one in limits if one.light is Light.OVER
    ]
    if reasons:
        return Verdict.REBALANCE, tuple(reasons)
    inside = [
        f"beta to {one.etf} is {one.forecast.beta:.3f}, between {one.low:.3f} and {one.high:.3f}"
        for one in betas
    ]
    return Verdict.LEAVE, tuple(inside)


def _limits(request: Request, held: Rebalance) -> tuple[LimitLine, ...]:
    """Return the mandate's limits on weights, with the numbers of today; those on trades have none."""
    found = () if request.mandate is None else standing.lines(request.mandate, held)
    return tuple(one for one in found if not math.isnan(one.before))


def _rebalancing(request: Request, inputs: Inputs, quotes: Quotes, terms: OrderTerms) -> Rebalancing:
    """Return what rebalancing today takes, or why there is no such portfolio."""
    try:
        outcome = run.run(request, inputs)
    except ModelError as error:
        return Rebalancing(reason=str(error))
    if outcome.infeasible is not None:
        return Rebalancing(reason=str(outcome.infeasible))
    result = outcome.result
    standing_cost = request.mandate.constraints.cost_bp if request.mandate else 0.0
    cost = request.constraints.cost_bp or standing_cost
    traded = float(np.abs(result.trades).sum())
    slowest, days = _slowest(result, quotes, terms)
    return Rebalancing(
        betas=dict(result.after.beta),
        trades=result.traded_names,
        turnover=result.turnover,
        cost=cost * BASIS_POINT * traded if cost else math.nan,
        tracking_error=result.tracking_error,
        slowest=slowest,
        days=days,
    )


def _slowest(result: Rebalance, quotes: Quotes, terms: OrderTerms) -> tuple[str, float]:
    """Return which trade takes longest at the share of its volume, and how many days."""
    nav, prices = terms.nav or result.aligned.holdings.nav, quotes.prices
    if nav is None:
        return "", math.nan
    days = {
        name: abs(trade) * nav / prices[name] / (terms.participation * quotes.volumes[name])
        for name, trade in zip(result.tickers, result.trades.tolist(), strict=True)
        if trade and name in prices and name in quotes.volumes
    }
    slowest = max(days, key=lambda name: days[name], default="")
    return slowest, days.get(slowest, math.nan)


def _notices(request: Request, inputs: Inputs, held: Rebalance, compared: bool) -> tuple[str, ...]:  # noqa: FBT001 - one caller
    lines = [] if request.tolerance is not None else [f"No tolerance is set: {TOLERANCE:g} is assumed."]
    if compared and request.mandate is None:
        lines.append("No mandate: the request of this run stands for it.")
    return (
        *age_of(inputs.holdings),
        *lines,
        *request.departures,
        *inputs.warnings,
        *held.coverage.sentences(),
    )
