"""A backtest as plain data: its heading, its record for JSON, its table for CSV, and its chart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from betaneutral_xl.engine.backtest import forward
from betaneutral_xl.engine.backtest.plan import LIMITED, WITHOUT_ESTIMATOR
from betaneutral_xl.engine.neutral import describe_target

if TYPE_CHECKING:
    from betaneutral_xl.engine.backtest import Backtest, Performance

COLUMNS = forward.COLUMNS
"""Columns of ``Backtest.rows``: a row for each date, method, estimator and ETF."""


def headline(result: Backtest) -> str:
    """Return one line with the portfolio, the ETFs, the dates and the horizon."""
    study = result.study
    return (
        f"{study.holdings.fund} against {', '.join(result.etf_names)}: {len(result.dates)} dates, "
        f"{result.dates[0]} to {result.dates[-1]}, betas over the next {study.schedule.horizon} days"
    )


def setting(result: Backtest) -> list[str]:
    """Return a line for the target, the market and the limits, each where there is one."""
    study, lines = result.study, []
    if any(study.targets):
        lines.append(f"target {describe_target(study.target)}: betas are active (realised less the target's)")
    if study.market:
        lines.append(f"{study.market.share:.4g} of the market leg: {study.market.name}")
    if study.constraints.given:
        limited = ", ".join(name for name in study.methods if name in LIMITED)
        lines.append(f"{limited}: {'; '.join(study.limits)}")
    return lines


def performances(result: Backtest) -> Iterator[tuple[tuple[str, str], Performance]]:
    """Yield the labels and measures of each method and estimator, once if the method uses none."""
    first = result.study.estimators[0].label
    for method, estimator in result.strategies:
        unestimated = method in WITHOUT_ESTIMATOR
        if not unestimated or estimator == first:
            yield (method, "-" if unestimated else estimator), result.performance((method, estimator))


def as_record(result: Backtest) -> dict[str, Any]:
    """Return the study and its measures as plain values, for JSON."""
    study = result.study
    results: dict[str, dict[str, Any]] = {}
    for method, estimator in result.strategies:
        measured = result.performance((method, estimator)).record(result.etf_names)
        results.setdefault(method, {})[estimator] = measured
    return {
        "fund": study.holdings.fund,
        "etfs": list(result.etf_names),
        "start": result.dates[0].astype(object),
        "end": result.dates[-1].astype(object),
        "every": study.schedule.every,
        "horizon": study.schedule.horizon,
        "holding": str(study.holding),
        "absent": str(study.absent),
        "target": describe_target(study.target),
        "limits": list(study.limits),
        "cost_bp": study.cost_bp,
        "market": study.market.name if study.market else None,
        "market_share": study.market.share if study.market else None,
        "estimators": {one.label: one.description for one in study.estimators},
        "results": results,
        "warnings": list(result.notes),
    }


def require_chart(kind: str) -> None:
    """Raise ``InputError`` if a chart cannot be drawn in a format, before a long backtest."""
    from betaneutral_xl.engine.backtest import charts

    charts.require(kind)


def chart(result: Backtest, kind: str) -> bytes:
    """Return the chart of rolling betas, ``png`` or ``svg``."""
    from betaneutral_xl.engine.backtest import charts

    return charts.draw(result, kind)
