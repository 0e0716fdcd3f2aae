"""The sheet Compare: alternatives that reach the same beta."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from betaneutral_xl.engine.compare import AS_IS, BY_BASKET, BY_ETF, Alternative
from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book
from betaneutral_xl.report.cells import Canvas
from betaneutral_xl.report.checked_tables import FIRST_ROW, Column, place_grid
from betaneutral_xl.report.contents import BEYOND_LIMITS, Contents
from betaneutral_xl.report.pages.layout import rounded
from betaneutral_xl.report.sheets.risk_model import Model
from betaneutral_xl.report.sheets.workings import entry

NAME = "Compare"

MEASURES = {
    "volatility": "Volatility",
    "tracking_error": "Tracking error",
    "turnover": "Turnover",
    "cost": "Cost",
    "gross": "Gross exposure",
    "net": "Net exposure",
    "trades": "Trades",
}
"""Headings of the measures of an ``Alternative``."""

Formulas = dict[str, str | None]


def cost_of_trade(alternatives: Sequence[Alternative]) -> float:
    """Return the cost per unit of traded weight, from the first alternative with turnover."""
    costs = (
        one.cost / one.turnover / 2.0 for one in alternatives if one.turnover and math.isfinite(one.turnover)
    )
    return next(costs, 0.0)


def write(book: Book, canvas: Canvas, contents: Contents, model: Model) -> None:
    """Write one row per alternative, and below the reasons of those without a solution."""
    alternatives, names = contents.alternatives, contents.result.etf_names
    formulas = _formulas(contents, model)
    forecasts = [one for each in alternatives for one in each.forecast.values()]
    has_errors = any(math.isfinite(one.se) for one in forecasts)
    intervals = any(math.isfinite(one.half_width()) for one in forecasts)
    shown_errors = "± 95 %" if intervals else "s.e., drift unknown"

    def column(heading: str, key: str, values: list[float], number_format: str) -> Column:
        return Column(
            heading,
            [rounded(value, 12) for value in values],
            style.calculated(number_format),
            lambda _, i: f"ROUND({text},12)" if (text := formulas[i][key]) else None,
            squared=key in {"volatility", "tracking_error"},
        )

    columns = [Column("Alternative", [one.name for one in alternatives], style.LABEL)]
    for k, name in enumerate(names, start=1):
        values = [one.beta[name] for one in alternatives]
        columns.append(column(contents.per_etf("Beta", k), f"beta_{k}", values, style.NUMBER))
        if has_errors:
            ends = [one.forecast[name] if one.forecast else None for one in alternatives]
            values = [math.nan if one is None else one.half_width() if intervals else one.se for one in ends]
            look = style.from_python(style.PLUS_MINUS if intervals else style.NUMBER)
            columns.append(Column(contents.per_etf(shown_errors, k), values, look))
    if contents.has_market:
        values = [rounded(one.market_beta, 12) for one in alternatives]
        columns.append(Column("Market beta", values, style.from_python(style.NUMBER)))
    for key, heading in MEASURES.items():
        values = [math.nan if one.note else float(getattr(one, key)) for one in alternatives]
        columns.append(column(heading, key, values, style.WHOLE if key == "trades" else style.PERCENT))
    notes = [f"{one.name}: {one.note}" for one in alternatives if one.note]
    notes += contents.drift
    if contents.infeasible is not None:
        notes.append(BEYOND_LIMITS)
    place_grid(book, canvas, columns, printed_below=1 + len(notes))
    for row, note in enumerate(notes, start=FIRST_ROW + len(alternatives) + 1):
        canvas.put(row, 1, note, style.NOTE)


def _formulas(contents: Contents, model: Model) -> list[Formulas]:
    """Return the formulas of each alternative by measure; None if there is only Python's value."""
    number = iter(range(1, len(contents.alternatives) + 1))
    found: list[Formulas] = []
    for one in contents.alternatives:
        if one.result is not None:
            found.append(_of_weights(contents, model, next(number)))
        elif one.name == AS_IS:
            found.append(_unchanged(contents))
        elif one.name == BY_ETF:
            found.append(_by_etf(contents, model))
        else:
            found.append(_no_formulas(contents))
    return found


def _no_formulas(contents: Contents) -> Formulas:
    return dict.fromkeys((*(f"beta_{k}" for k in contents.etfs), *MEASURES))


def _unchanged(contents: Contents) -> Formulas:
    return {
        **_no_formulas(contents),
        **{f"beta_{k}": f"beta_before_{k}" for k in contents.etfs},
        "volatility": "volatility_before",
        "gross": "gross_before",
        "net": "net_before",
    }


def _of_weights(contents: Contents, model: Model, j: int) -> Formulas:
    volatility, tracking = model.variance(f"alternative_{j}"), model.variance(f"alternative_{j}", "weight")
    traded = f"SUMPRODUCT(ABS(alternative_{j}-weight))"
    return {
        **{f"beta_{k}": f"SUMPRODUCT(alternative_{j},beta_{k})" for k in contents.etfs},
        "volatility": volatility and f"SQRT(MAX(0,{volatility}))",
        "tracking_error": tracking and f"SQRT(MAX(0,{tracking}))",
        "turnover": f"{traded}/2",
        "cost": f"{traded}*cost_of_trade",
        "gross": f"SUMPRODUCT(ABS(alternative_{j}))",
        "net": f"SUM(alternative_{j})",
        "trades": f"SUMPRODUCT(--(ABS(alternative_{j}-weight)>smallest_trade))",
    }


def _by_etf(contents: Contents, model: Model) -> Formulas:
    """Return the formulas of the hedge by the ETFs: risk of their baskets, trades of the ETFs."""
    ratios = contents.result.hedge_ratios
    with_weights = [name for name, _ in contents.weighted_alternatives]
    if BY_BASKET not in with_weights:
        return _no_formulas(contents)
    j = with_weights.index(BY_BASKET)
    if not np.allclose(contents.weighted_alternatives[j][1].hedge_ratios, ratios, rtol=1e-12, atol=1e-15):
        return _no_formulas(contents)
    traded = "+".join(f"ABS(hedge_ratio_{k})" for k in contents.etfs)
    return {
        **_of_weights(contents, model, j + 1),
        **(_risk_of_own_rows(contents) if contents.has_own_rows else {}),
        "turnover": f"({traded})/2",
        "cost": f"({traded})*cost_of_trade",
        "gross": f"gross_before+{traded}",
        "net": "net_before-" + "-".join(f"hedge_ratio_{k}" for k in contents.etfs),
        "trades": "+".join(f"IF(hedge_ratio_{k}=0,0,1)" for k in contents.etfs),
    }


def _risk_of_own_rows(contents: Contents) -> Formulas:
    """Return the formulas of beta and risk for ETFs that are rows of the risk model."""
    etfs = contents.etfs
    betas = {k: [entry("hedge_system", k, j, len(etfs)) for j in etfs] for k in etfs}
    sold = {
        k: "+".join(f"{beta}*hedge_ratio_{j}" for j, beta in zip(etfs, betas[k], strict=True)) for k in etfs
    }
    own = "+".join(f"hedge_ratio_{k}*etf_variance_{k}*({sold[k]})" for k in etfs)
    shared = "+".join(f"hedge_ratio_{k}*SUMPRODUCT(risk_weight,etf_covariance_{k})" for k in etfs)
    return {
        **{f"beta_{k}": f"beta_before_{k}-({sold[k]})" for k in etfs},
        "volatility": f"SQRT(MAX(0,volatility_before^2-2*({shared})+{own}))",
        "tracking_error": f"SQRT(MAX(0,{own}))",
    }
