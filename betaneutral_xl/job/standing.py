"""How a result stands to the mandate that it was made under: each rule with pass or fail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine import limits
from betaneutral_xl.engine.estimators import canonical
from betaneutral_xl.errors import listing
from betaneutral_xl.job.options import Section, is_sample
from betaneutral_xl.model.constraints import ALL, SMALLEST_TRADE
from betaneutral_xl.readers.etf_files import NAME
from betaneutral_xl.readers.raw_input import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.mandate import Mandate
    from betaneutral_xl.job.request import Request
    from betaneutral_xl.job.run import Inputs
    from betaneutral_xl.model.constraints import Range

TOLERANCE = 1e-10
"""Largest residual of sums of weights of size 1, as of a result's own checks."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of a mandate, and whether weights keep it.

    ``excess`` is by how much they do not, in the unit of the rule; ``names`` are those that break it.
    """

    rule: str
    kept: bool
    excess: float
    names: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The rule, and what breaks it."""
        by = f" ({listing(self.names)})" if self.names else ""
        return f"{self.rule}: {'kept' if self.kept else f'broken by {self.excess:.4g}{by}'}"


def rows(mandate: Mandate, result: Rebalance) -> tuple[Row, ...]:
    """Return every limit of a mandate with pass or fail for a result's new weights."""
    known = set(result.tickers)
    constraints = mandate.constraints.among(known)
    constraints = replace(constraints, beta=_known_betas(mandate, result))
    new = limits.NewWeights(result.aligned, result.new_weights, result.after.beta, TOLERANCE)
    found = []
    for limit in limits.limits_of(constraints):
        sentences = tuple(limit.sentences())
        checks = tuple(limit.checks(new)) if sentences else ()
        if not checks:
            continue  # a price of trading, or a net exposure that is not set
        failed = [one for one in checks if not one.passed]
        found.append(
            Row(
                "; ".join(sentences),
                not failed,
                max((one.residual for one in failed), default=0.0),
                _culprits(type(limit).__name__, mandate, result) if failed else (),
            )
        )
    return (*found, *_borrow(mandate, result))


def record(request: Request, inputs: Inputs, result: Rebalance) -> dict[str, Any] | None:
    """Return the mandate of a request with its rules and their standing as plain values; None without one."""
    mandate = request.mandate
    if mandate is None:
        return None
    return {
        "name": mandate.name,
        "file": mandate.location or None,
        "benchmark": mandate.benchmark or None,
        "tolerance": request.tolerance,
        "departures": [*request.departures, *other_sources(mandate, inputs)],
        "rules": [
            {"rule": one.rule, "kept": one.kept, "excess": one.excess, "names": list(one.names)}
            for one in rows(mandate, result)
        ],
    }


def violations(mandate: Mandate, result: Rebalance) -> tuple[str, ...]:
    """Return the rules that new weights break, one line each."""
    return tuple(
        f"Breaks the mandate {mandate.name}: {one.sentence}." for one in rows(mandate, result) if not one.kept
    )


def other_sources(mandate: Mandate, inputs: Inputs) -> tuple[str, ...]:
    """Return in which inputs a run departs from its mandate, one line each."""
    return tuple(
        f"Departs from the mandate {mandate.name}: {line}." for line in _other_sources(mandate, inputs)
    )


def tolerance_note(request: Request, result: Rebalance) -> tuple[str, ...]:
    """Return a line where the portfolio is within the tolerance of its target already."""
    width = request.tolerance
    if width is None or np.isnan(result.targets).any():
        return ()
    off = [
        abs(result.before.beta[name] - float(target))
        for name, target in zip(result.etf_names, result.targets, strict=True)
    ]
    mandate = request.mandate
    if max(off) > width or (mandate and not all(one.kept for one in rows(mandate, result.unchanged()))):
        return ()
    return (f"The portfolio is within the tolerance of {width:g} of its target already: trading can wait.",)


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
    for raw in inputs.raw_inputs:
        if raw.reader is Reader.PRICES and "role" not in raw.options and "estimator" in rules:
            mine, theirs = canonical(raw.options["method"]), canonical(str(rules["estimator"]))
            if mine != theirs:
                yield f"the estimator is {mine}, where the mandate has {theirs}"


def _known_betas(mandate: Mandate, result: Rebalance) -> dict[str, Range]:
    return {k: one for k, one in mandate.constraints.beta.items() if k == ALL or k in result.etf_names}


def _culprits(kind: str, mandate: Mandate, result: Rebalance) -> tuple[str, ...]:
    """Return the names that break a limit on single names, the worst first."""
    weights = dict(zip(result.tickers, result.new_weights.tolist(), strict=True))
    limit = mandate.constraints
    by_kind: dict[str, Callable[[str, float], float]] = {
        "LongOnly": lambda _, w: -w,
        "LowerBounds": lambda t, w: limit.bounds(t)[0] - w,
        "UpperBounds": lambda t, w: w - limit.bounds(t)[1],
    }
    over = by_kind.get(kind)
    if over is None:
        return ()
    found = {ticker: over(ticker, weight) for ticker, weight in weights.items()}
    return tuple(sorted((one for one in found if found[one] > SMALLEST_TRADE), key=lambda one: -found[one]))


def _borrow(mandate: Mandate, result: Rebalance) -> Iterator[Row]:
    """Yield the rule on names that are hard to borrow: no more of them may be short than is."""
    if not mandate.hard_to_borrow:
        return
    found: dict[str, float] = {}
    for ticker, old, new in zip(
        result.tickers, result.weights.tolist(), result.new_weights.tolist(), strict=True
    ):
        if ticker in mandate.hard_to_borrow and new < min(old, 0.0) - SMALLEST_TRADE:
            found[ticker] = min(old, 0.0) - new
    rule = f"no short sale of names that are hard to borrow ({listing(mandate.hard_to_borrow)})"
    yield Row(rule, not found, max(found.values(), default=0.0), tuple(found))
