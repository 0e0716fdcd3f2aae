"""How a result stands to the mandate that it was made under: each limit with its number, pass or fail."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine import limits
from betaneutral_xl.engine.estimators import canonical
from betaneutral_xl.engine.result import TOLERANCE
from betaneutral_xl.errors import listing
from betaneutral_xl.job.answer.lines import REQUEST, Light, LimitLine, shown
from betaneutral_xl.job.options import Section, is_sample
from betaneutral_xl.job.views import Kind
from betaneutral_xl.model.constraints import ALL, Range
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.readers.etf_files import NAME
from betaneutral_xl.readers.raw_input import Reader
from betaneutral_xl.system.files import shown_name

if TYPE_CHECKING:
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.mandate import Mandate
    from betaneutral_xl.job.outcome import Inputs
    from betaneutral_xl.job.request import Request
    from betaneutral_xl.model.arrays import FloatArray

KINDS = {limits.Unit.WEIGHT: Kind.PERCENT, limits.Unit.BETA: Kind.NUMBER, limits.Unit.COUNT: Kind.COUNT}
"""How the number of a limit is formatted, by its unit."""


def lines(mandate: Mandate, result: Rebalance) -> tuple[LimitLine, ...]:
    """Return every limit of a mandate, with its number for the portfolio and for the new weights."""
    betas = {k: one for k, one in mandate.constraints.beta.items() if k == ALL or k in result.etf_names}
    known = replace(mandate.constraints.among(set(result.tickers)), beta=betas)
    set_limits = [one for one in limits.limits_of(known) if tuple(one.sentences())]
    return (*limit_lines(set_limits, result, mandate.name), *_borrow(mandate, result))


def limit_lines(
    some: Sequence[limits.Limit], result: Rebalance, source: str = REQUEST
) -> Iterator[LimitLine]:
    """Yield limits with their numbers before and after; one of trades has none before."""
    old, new = (
        limits.readings(some, limits.NewWeights(result.aligned, w, exposure.beta, TOLERANCE))
        for w, exposure in ((result.weights, result.before), (result.new_weights, result.after))
    )
    earlier = {one.label: one.value for one in old if not one.of_trades}
    for one in new:
        yield LimitLine(
            label=one.label,
            before=earlier.get(one.label, math.nan),
            after=one.value,
            limit=one.limit,
            kind=KINDS[one.unit],
            ticker=one.ticker,
            source=source,
        )


def kept(found: tuple[LimitLine, ...]) -> bool:
    """Whether no number after is beyond its limit."""
    return all(one.light is not Light.OVER for one in found)


def sentence(line: LimitLine) -> str:
    """Return a limit with its number in one line: ``largest weight 8.99% (MSFT), at most 5%``."""
    of = f" ({line.ticker})" if line.ticker else ""
    return f"{line.label} {shown(line.after, line.kind)}{of}, {line.text}"


def record(request: Request, inputs: Inputs, result: Rebalance) -> dict[str, Any] | None:
    """Return the mandate of a request with its limits as plain values; None without one."""
    mandate = request.mandate
    if mandate is None:
        return None
    found = lines(mandate, result)
    return {
        "name": mandate.name,
        "file": mandate.location or None,
        "benchmark": mandate.benchmark or None,
        "tolerance": request.tolerance,
        "departures": [*request.departures, *other_sources(mandate, inputs)],
        "kept": kept(found),
        "limits": [
            {
                "limit": one.label,
                "low": one.limit.low,
                "high": one.limit.high,
                "before": one.before,
                "after": one.after,
                "ticker": one.ticker or None,
                "light": str(one.light),
            }
            for one in found
        ],
    }


def notes(request: Request, inputs: Inputs, result: Rebalance) -> tuple[Notice, ...]:
    """Return what departs from the mandate of a request, what breaks it, and whether trading can wait."""
    mandate = request.mandate
    if mandate is None:
        return _tolerance(request, result)
    broken = [
        Notice(f"Breaks the mandate {mandate.name}: {sentence(one)}.", Subject.MANDATE, Severity.CHANGES)
        for one in lines(mandate, result)
        if one.light is Light.OVER
    ]
    departures = (
        Notice(one, Subject.MANDATE) for one in (*request.departures, *other_sources(mandate, inputs))
    )
    return (*broken, *departures, *_tolerance(request, result))


def other_sources(mandate: Mandate, inputs: Inputs) -> tuple[str, ...]:
    """Return in which inputs a run departs from its mandate, one line each."""
    return tuple(
        f"Departs from the mandate {mandate.name}: {line}." for line in _other_sources(mandate, inputs)
    )


def _other_sources(mandate: Mandate, inputs: Inputs) -> Iterator[str]:
    rules = mandate.section(Section.PORTFOLIO, Section.ETFS, Section.RISK)
    fund = rules.get("fund")
    if fund and not is_sample(fund) and inputs.holdings.fund != fund:
        yield f"the portfolio is {inputs.holdings.fund}, where the mandate has the fund {fund}"
    etfs = rules.get("etf") or ()
    named = [etfs] if isinstance(etfs, str) else list(etfs)
    tickers = {one.upper() for one in named if NAME.fullmatch(one)}
    if named and len(tickers) == len(named) and tickers != {one.upper() for one in inputs.etf_names}:
        yield f"the ETFs are {', '.join(inputs.etf_names)}, where the mandate has {', '.join(named)}"
    risk = rules.get("covariance") or rules.get("prices")
    origin = inputs.covariance.provenance
    if risk and not is_sample(risk) and shown_name(risk) != origin.location:
        yield f"the risk model is {origin.location}, where the mandate has {shown_name(risk)}"
    for raw in inputs.raw_inputs:
        if raw.reader is Reader.PRICES and "role" not in raw.options and "estimator" in rules:
            mine, theirs = canonical(raw.options["method"]), canonical(str(rules["estimator"]))
            if mine != theirs:
                yield f"the estimator is {mine}, where the mandate has {theirs}"


def _tolerance(request: Request, result: Rebalance) -> tuple[Notice, ...]:
    """Return a line where the portfolio is near enough to its target, and within its mandate, already."""
    width, mandate = request.tolerance, request.mandate
    if width is None or np.isnan(result.targets).any():
        return ()
    off = [
        abs(result.before.beta[name] - float(target))
        for name, target in zip(result.etf_names, result.targets, strict=True)
    ]
    if max(off) > width or (mandate is not None and not kept(lines(mandate, result.unchanged()))):
        return ()
    line = f"The portfolio is within the tolerance of {width:g} of its target already: trading can wait."
    return (Notice(line, Subject.METHOD),)


def _borrow(mandate: Mandate, result: Rebalance) -> Iterator[LimitLine]:
    """Yield the limit on names that are hard to borrow: no more of them may be short than is."""
    names = [one for one in mandate.hard_to_borrow if one in result.tickers]
    if not mandate.hard_to_borrow:
        return
    places = [result.tickers.index(one) for one in names]
    short: FloatArray = np.minimum(result.weights, 0.0) - np.minimum(result.new_weights, 0.0)
    worst = max(places, key=lambda place: float(short[place]), default=None)
    amount = 0.0 if worst is None else max(float(short[worst]), 0.0)
    yield LimitLine(
        label="short sale of a name that is hard to borrow",
        after=amount,
        limit=Range(high=0.0),
        ticker=listing(names) if worst is None or not amount else result.tickers[worst],
        source=mandate.name,
    )
