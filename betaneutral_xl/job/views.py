"""A result as plain data, for the command line, the report and scripts."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.engine import intervals
from betaneutral_xl.engine.result import Method
from betaneutral_xl.model.alignment import BASKET, OWN_ROW, SCALED
from betaneutral_xl.model.values import beta_or_ticker

if TYPE_CHECKING:
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.model.alignment import Aligned, Coverage, Uncovered
    from betaneutral_xl.model.arrays import FloatArray

BetaForecast = intervals.BetaForecast

MEANINGS = {
    BASKET: "predicted beta of the portfolio, beta'w with beta = V f / (f'V f)",
    SCALED: "predicted beta, beta'w with f the covered basket scaled to all of the ETF's exposure",
    OWN_ROW: "predicted beta, beta'w with betas from the ETF's own row of the risk model",
}
"""Definition of a beta by ``Unit.basis``."""


class Kind(StrEnum):
    """How a number is formatted."""

    NUMBER = "number"
    PERCENT = "percent"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Line:
    """One measure of the portfolio before and after, or of the change alone (``before`` is None).

    Of a beta to an ETF, the forecasts are the two numbers with their uncertainty, and ``coverage`` is the
    share of the ETF's exposure that has risk data.
    """

    label: str
    before: float | None
    after: float
    kind: Kind
    meaning: str
    before_forecast: BetaForecast | None = None
    after_forecast: BetaForecast | None = None
    coverage: float = math.nan

    def texts(self) -> tuple[str, str]:
        """Return the numbers before and after as text, betas with their uncertainty."""
        before = "" if self.before is None else self._text(self.before, self.before_forecast)
        return before, self._text(self.after, self.after_forecast)

    def _text(self, value: float, forecast: BetaForecast | None) -> str:
        if forecast is not None:
            return beta_text(forecast)
        if math.isnan(value):
            return "-"
        if self.kind is Kind.PERCENT:
            return f"{round(value, 4) + 0.0:.2%}"
        return f"{round(value, 4) + 0.0:.4f}"


def beta_text(forecast: BetaForecast, digits: int = 4, sign: str = "±") -> str:
    """Return a beta with its uncertainty, the same in every host.

    The sign is of next month's beta: 95 times in 100 it is no further away. Where the drift is unknown, the
    standard error is named as what it is.

    >>> beta_text(BetaForecast(0.5, 0.05, 0.1, 18), 2), beta_text(BetaForecast(-0.001, 0.05), 2)
    ('0.50 ± 0.23', '0.00 (s.e. 0.05, drift unknown)')
    """
    shown = f"{round(forecast.beta, digits) + 0.0:.{digits}f}" if math.isfinite(forecast.beta) else "-"
    uncertainty = uncertainty_text(forecast, digits, sign)
    if not uncertainty:
        return shown
    return f"{shown} {uncertainty}" if uncertainty.startswith(sign) else f"{shown} ({uncertainty})"


def uncertainty_text(forecast: BetaForecast, digits: int = 4, sign: str = "±") -> str:
    """Return the interval of a beta, or its standard error alone; empty where neither is known.

    >>> uncertainty_text(BetaForecast(0.5, 0.05, 0.1, 18), 2), uncertainty_text(BetaForecast(0.5, 0.05), 2)
    ('± 0.23', 's.e. 0.05, drift unknown')
    """
    width = forecast.half_width()
    if math.isfinite(width):
        return f"{sign} {width:.{digits}f}"
    return f"s.e. {forecast.se:.{digits}f}, drift unknown" if math.isfinite(forecast.se) else ""


def uncertainty_note(result: Rebalance) -> str:
    """Return one line on what stands behind the uncertainty of the betas."""
    days = result.aligned.covariance.effective_days
    known = [one for one in result.after_forecast.values() if math.isfinite(one.half_width())]
    if days is None:
        return "uncertainty of betas: unknown, as the risk model does not state its number of days"
    sampling = f"sampling error from {days:.0f} effective days"
    if not known:
        return f"s.e. is the {sampling}; the drift is unknown: the risk model has no history (--drift-prices)"
    past = f"the drift from {known[0].blocks} past months"
    return f"± is next month's beta, 95 times in 100: {sampling}, and {past}"


def current_forecasts(aligned: Aligned) -> dict[str, BetaForecast]:
    """Return next month's beta of the portfolio as it is to each ETF, with its interval."""
    return intervals.portfolio_forecasts(aligned, aligned.with_etfs(aligned.covered_weights))


def intervals_by_name(aligned: Aligned) -> FloatArray:
    """Return each name's 95 % intervals of next month's betas, shape (N, 2 K); NaN where unknown.

    Of each ETF the lower and the upper end.
    """
    return aligned.expand(intervals.name_ends(aligned), math.nan)


def betas_by_name(aligned: Aligned, held: Collection[str]) -> list[list[Any]]:
    """Return a row of each held name, NaN where it has no risk data; the largest contributions come first.

    Ticker, weight, volatility; then by ETF the betas, their standard errors, what they add to the portfolio's
    beta; and for each ETF the lower and the upper end of the interval of next month's beta. The order is by
    the contribution to the first ETF's beta.
    """
    beta, error = (aligned.expand(of, math.nan) for of in (aligned.betas, aligned.beta_errors))
    volatility = aligned.expand(aligned.covariance.volatilities, math.nan)
    added = aligned.weights[:, None] * beta
    columns = (aligned.weights, volatility, beta, error, added, intervals_by_name(aligned))
    table = np.column_stack(columns).tolist()
    rows = [[name, *row] for name, row in zip(aligned.tickers, table, strict=True) if name in held]
    first = 3 + 2 * len(aligned.etf_names)
    return sorted(rows, key=lambda row: (math.isnan(row[first]), -abs(row[first]), row[0]))


def forecast_record(forecasts: Mapping[str, BetaForecast], tail: str = "") -> dict[str, dict[str, Any]]:
    """Return standard errors and 95 % intervals by ETF, as plain values for JSON; None where unknown."""
    parts = {
        "beta_se": {name: _known(one.se) for name, one in forecasts.items()},
        "beta_drift": {name: _known(one.drift) for name, one in forecasts.items()},
        "beta_low_95": {name: _known(one.low) for name, one in forecasts.items()},
        "beta_high_95": {name: _known(one.high) for name, one in forecasts.items()},
    }
    return {f"{key}{tail}": values for key, values in parts.items()}


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def headline(result: Rebalance) -> str:
    """Return one line with the portfolio, the ETFs, the target and the method."""
    etfs = ", ".join(result.etf_names)
    if result.method is Method.SCALED:
        return f"{result.aligned.holdings.fund} scaled by its beta to {etfs} (not neutral)"
    label = result.target_label
    is_number = isinstance(beta_or_ticker(label), float)
    of_a_ticker = not (is_number or "=" in label or result.constraints.beta)
    goal = f"the beta of {label}" if of_a_ticker else f"beta {label}"
    market = result.aligned.market
    beside = f", and {market.share:.4g} of the market leg in {market.name}" if market and market.share else ""
    return f"{result.aligned.holdings.fund} to {etfs}: {goal} by {result.method.replace('_', ' ')}{beside}"


def lines(result: Rebalance) -> list[Line]:
    """Return the measures before and after a rebalance, most important first."""
    before, after = result.before, result.after
    betas = [
        Line(
            f"beta to {name}",
            before.beta[name],
            after.beta[name],
            Kind.NUMBER,
            f"{unit.covered:.2%} of the ETF's exposure has risk data; {MEANINGS[unit.basis]}",
            result.before_forecast[name],
            result.after_forecast[name],
            unit.covered,
        )
        for name, unit in result.coverage.units.items()
    ]
    market = result.aligned.market
    if market is not None:
        label = f"market beta ({market.name})"
        meaning = f"predicted beta to the market; {market.share:.4g} of its leg is hedged"
        numbers = before.market_beta, after.market_beta
        betas.append(Line(label, *numbers, Kind.NUMBER, meaning, coverage=market.covered))
    levels = [
        ("volatility", before.volatility, after.volatility, "annual, sqrt(w'V w)"),
        ("gross exposure", before.gross, after.gross, "sum of absolute weights"),
        ("net exposure", before.net, after.net, "sum of weights"),
        ("cash", before.cash, after.cash, "weight not invested in any position"),
    ]
    changes = [
        ("tracking error", None, result.tracking_error, "annual, sqrt((x-w)'V(x-w))"),
        ("turnover", None, result.turnover, "one-way, sum of absolute trades / 2"),
    ]
    meaning = "ETF to sell against the original portfolio, in its net asset value"
    ratios = [
        Line(f"hedge ratio {name}", None, ratio, Kind.NUMBER, meaning)
        for name, ratio in zip(result.etf_names, result.hedge_ratios.tolist(), strict=True)
    ]
    if market is not None and result.method is Method.HEDGE:
        meaning = "market to sell besides the ETFs, in net asset value of the portfolio"
        ratios.append(Line(f"hedge ratio {market.name}", None, result.market_ratio, Kind.NUMBER, meaning))
    if len(result.etf_names) > 1:
        meaning = "of the ETFs' hedge system B'F"
        ratios.append(Line("condition number", None, result.condition_number, Kind.NUMBER, meaning))
    percents = [
        Line(label, old, new, Kind.PERCENT, meaning) for label, old, new, meaning in (*levels, *changes)
    ]
    return [*betas, *percents, *ratios]


def as_record(result: Rebalance) -> dict[str, Any]:
    """Return a result as plain values for JSON.

    Weights, volatilities and exposures are decimals; ``hedge_ratio`` is by ETF, in units of
    net asset value. Measures without ``before`` in their name are of the new
    portfolio.
    """
    holdings, coverage = result.aligned.holdings, result.coverage
    before, after = result.before, result.after
    ratios = dict(zip(result.etf_names, result.hedge_ratios.tolist(), strict=True))
    return {
        "fund": holdings.fund,
        "as_of": holdings.as_of,
        "method": str(result.method),
        "objective": None if result.objective is None else str(result.objective),
        "target": result.target_label,
        "universe": str(result.universe),
        "beta_before": dict(before.beta),
        "beta_after": dict(after.beta),
        "beta_error_before": dict(before.beta_error),
        "beta_error_after": dict(after.beta_error),
        **forecast_record(result.after_forecast),
        **forecast_record(result.before_forecast, "_before"),
        "effective_days": result.aligned.covariance.effective_days,
        "volatility_before": before.volatility,
        "volatility_after": after.volatility,
        "tracking_error": result.tracking_error,
        "turnover": result.turnover,
        "gross_exposure_before": before.gross,
        "gross_exposure": after.gross,
        "net_exposure_before": before.net,
        "net_exposure": after.net,
        "cash_before": before.cash,
        "cash": after.cash,
        "hedge_ratio": ratios,
        "condition_number": result.condition_number,
        "market": _market(result),
        "coverage": {
            "names": coverage.names,
            "covered": coverage.covered,
            "on_missing": str(coverage.on_missing),
            "etf_on_missing": str(coverage.etf_on_missing),
            "held_missing": _gap(coverage.held),
            "etf_missing": {name: _gap(gap) for name, gap in coverage.etfs.items()},
            "etfs": coverage_record(coverage),
        },
        "constraints": list(result.limits),
        "binding": [{"limit": one.limit, "price": one.price} for one in result.binding],
        "warnings": list(result.warnings),
        "checks": [
            {"name": one.name, "residual": one.residual, "limit": one.limit, "passed": one.passed}
            for one in result.checks()
        ],
        "sources": [
            {
                "source": one.source,
                "location": one.location,
                "as_of": one.as_of,
                "retrieval": str(one.retrieval),
                "fetched_at": one.fetched_at,
                "rows": one.rows,
                "sha256": one.sha256,
                "note": one.note,
            }
            for one in result.sources
        ],
        "weights": [dict(zip(result.columns, row, strict=True)) for row in result.rows()],
    }


def _market(result: Rebalance) -> dict[str, Any] | None:
    """Return the market's leg as plain values; None without a market."""
    market = result.aligned.market
    if market is None:
        return None
    return {
        "name": market.name,
        "share": float(market.share),
        "ratio": result.market_ratio,
        "beta_before": result.before.market_beta,
        "beta_after": result.after.market_beta,
        "covered": market.covered,
    }


def coverage_record(coverage: Coverage) -> dict[str, dict[str, Any]]:
    """Return the coverage behind the betas to each ETF as plain values for JSON, in decimals.

    ``own_row_beta_to_basket`` is None if the risk model has no row for the ETF itself.
    """
    return {
        name: {
            "covered": unit.covered,
            "basis": unit.basis,
            "exposure": unit.exposure,
            "derivative_exposure": unit.derivatives,
            "scale": unit.scale,
            "own_row": unit.own_row or None,
            "own_row_beta_to_basket": None if math.isnan(unit.own_beta) else unit.own_beta,
        }
        for name, unit in coverage.units.items()
    }


def _gap(gap: Uncovered) -> dict[str, Any]:
    return {"tickers": list(gap.tickers), "weight": gap.weight}
